from __future__ import annotations

import asyncio
import os
import subprocess
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from clipnet.jobs import WORKER_LEASE_KEY
from clipnet.queue import Redis, connect
from clipnet.worker.lease import Holder, Lease, LeaseHeld, decode, is_dead, this_process
from tests.clipnet.worker.world import until

ELSEWHERE = Holder("other", "another-host", 1, 1, "pid:[1]")


@pytest.fixture
async def redis(redis_url: str) -> AsyncIterator[Redis]:
    client = connect(redis_url)
    await client.flushall()
    yield client
    await client.aclose()


def lease(redis: Redis, holder: Holder, lost: list[str] | None = None) -> Lease:
    return Lease(redis, holder, (lost if lost is not None else []).append)


def dead() -> Holder:
    """A process of this host that has ended."""
    child = subprocess.Popen(["sleep", "60"])
    holder = replace(this_process("dead"), pid=child.pid)
    child.kill()
    child.wait()
    return holder


async def test_a_free_lease_is_taken_and_given_back(redis: Redis) -> None:
    mine = lease(redis, this_process("a"))

    await mine.take()
    held = decode(str(await redis.get(WORKER_LEASE_KEY)))
    await mine.release()

    assert held == this_process("a")
    assert await redis.get(WORKER_LEASE_KEY) is None


async def test_a_lease_of_a_living_process_is_refused(redis: Redis) -> None:
    await lease(redis, this_process("a")).take()

    with pytest.raises(LeaseHeld, match=rf"pid {os.getpid()} on .* exactly one may: stop it, or start with"):
        await lease(redis, this_process("b")).take()


async def test_a_lease_of_a_dead_process_is_taken_over(redis: Redis) -> None:
    await redis.set(WORKER_LEASE_KEY, dead().encode(), px=10_000)

    await lease(redis, this_process("b")).take()

    assert decode(str(await redis.get(WORKER_LEASE_KEY))) == this_process("b")


async def test_a_pid_that_is_used_again_is_not_the_holder(redis: Redis) -> None:
    here = this_process("a")

    assert is_dead(replace(here, started=here.started - 1), here)
    assert not is_dead(here, here)
    assert not is_dead(ELSEWHERE, here)


async def test_a_lease_from_elsewhere_that_runs_out_is_taken(redis: Redis) -> None:
    await redis.set(WORKER_LEASE_KEY, ELSEWHERE.encode(), px=300)

    await lease(redis, this_process("b")).take()

    assert decode(str(await redis.get(WORKER_LEASE_KEY))) == this_process("b")


async def test_a_lease_from_elsewhere_that_is_renewed_is_refused(redis: Redis) -> None:
    await redis.set(WORKER_LEASE_KEY, ELSEWHERE.encode(), px=5_000)

    async def renew() -> None:
        while True:
            await redis.pexpire(WORKER_LEASE_KEY, 10_000)
            await asyncio.sleep(0.1)

    renewing = asyncio.create_task(renew())
    try:
        with pytest.raises(LeaseHeld, match="pid 1 on another-host"):
            await lease(redis, this_process("b")).take()
    finally:
        renewing.cancel()


async def test_a_lease_is_taken_over_on_demand_and_its_holder_notices(redis: Redis) -> None:
    lost: list[str] = []
    first = lease(redis, this_process("a"), lost)
    await first.take()
    keeping = asyncio.create_task(first.keep())

    await lease(redis, this_process("b")).take(take_over=True)
    first.look_now()
    await asyncio.wait_for(keeping, 5)

    assert len(lost) == 1
    await first.release()
    assert decode(str(await redis.get(WORKER_LEASE_KEY))) == this_process("b")


async def test_a_lease_that_vanished_is_taken_again(redis: Redis) -> None:
    mine = lease(redis, this_process("a"))
    await mine.take()
    keeping = asyncio.create_task(mine.keep())
    await redis.flushall()

    async def look() -> bool | None:
        return await redis.get(WORKER_LEASE_KEY) is not None or None

    await until(look, "the lease", 5)
    keeping.cancel()


async def test_words_that_are_no_holder_still_hold(redis: Redis) -> None:
    await redis.set(WORKER_LEASE_KEY, "a Node worker", px=60_000)

    async def renew() -> None:
        while True:
            await redis.pexpire(WORKER_LEASE_KEY, 90_000)
            await asyncio.sleep(0.1)

    renewing = asyncio.create_task(renew())
    try:
        with pytest.raises(LeaseHeld, match="somebody who does not say who"):
            await lease(redis, this_process("b")).take()
    finally:
        renewing.cancel()
