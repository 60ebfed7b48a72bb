"""The handover of the lease, first with leases alone, then between two real workers with clips to make."""

from __future__ import annotations

import asyncio
import json
import signal
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest

from clipnet import jobs
from clipnet.queue import Redis, connect
from clipnet.worker.lease import RENEW_EVERY_S, Holder, Lease, decode, this_process
from clipnet.worker.standby import Standby, is_awaited
from tests.clipnet.worker.conftest import Videos
from tests.clipnet.worker.control import requests
from tests.clipnet.worker.test_lease import ELSEWHERE, dead
from tests.clipnet.worker.world import Program, World, started, until

OLD = {"APP_VERSION": "0.1.0+aaaaaaa", "APP_COMMIT": "a" * 40}
NEW = {"APP_VERSION": "0.2.0+bbbbbbb", "APP_COMMIT": "b" * 40}


@pytest.fixture
async def redis(redis_url: str) -> AsyncIterator[Redis]:
    client = connect(redis_url)
    await client.flushall()
    yield client
    await client.aclose()


async def named(redis: Redis, key: str) -> Holder | None:
    """Who a key names."""
    value = await redis.get(key)
    return None if value is None else decode(str(value))


async def announced(redis: Redis, holder: Holder) -> None:
    """Wait until this one stands by, in Redis's eyes."""

    async def look() -> bool | None:
        return await named(redis, jobs.WORKER_STANDBY_KEY) == holder or None

    await until(look, f"{holder.id} to stand by", 5)


@asynccontextmanager
async def standing_by(
    redis: Redis, redis_url: str, identity: str
) -> AsyncIterator[tuple[asyncio.Task[None], Lease]]:
    """Someone who waits for the lease, in a task."""
    holder = this_process(identity)
    lease = Lease(redis, holder, lambda _: None)
    waiting = Standby(redis, lambda: connect(redis_url, socket_timeout=None), holder, lease)
    task = asyncio.create_task(waiting.wait())
    yield task, lease
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_a_lease_that_is_given_back_is_taken_at_once(redis: Redis, redis_url: str) -> None:
    waits = []
    for _ in range(5):
        holder = Lease(redis, this_process("a"), lambda _: None)
        await holder.take()
        async with standing_by(redis, redis_url, "b") as (waiting, lease):
            await announced(redis, this_process("b"))
            await holder.release()
            began = time.monotonic()
            await asyncio.wait_for(waiting, 5)
            waits.append(time.monotonic() - began)

            assert await named(redis, jobs.WORKER_LEASE_KEY) == this_process("b")
            assert await named(redis, jobs.WORKER_STANDBY_KEY) is None
            await lease.release()

    assert sorted(waits)[2] < RENEW_EVERY_S / 5  # a look now and then would take half of that time on average


async def test_a_free_lease_is_not_waited_for(redis: Redis, redis_url: str) -> None:
    async with standing_by(redis, redis_url, "b") as (waiting, _):
        await asyncio.wait_for(waiting, 5)

    assert await named(redis, jobs.WORKER_LEASE_KEY) == this_process("b")


async def test_a_lease_that_its_holder_let_run_out_is_taken(redis: Redis, redis_url: str) -> None:
    await redis.set(jobs.WORKER_LEASE_KEY, ELSEWHERE.encode(), px=300)

    async with standing_by(redis, redis_url, "b") as (waiting, _):
        await asyncio.wait_for(waiting, 5)

    assert await named(redis, jobs.WORKER_LEASE_KEY) == this_process("b")


async def test_of_two_that_stand_by_one_waits_on(redis: Redis, redis_url: str) -> None:
    holder = Lease(redis, this_process("a"), lambda _: None)
    await holder.take()
    async with standing_by(redis, redis_url, "b") as (first, _):
        await announced(redis, this_process("b"))
        async with standing_by(redis, redis_url, "c") as (second, _):
            await holder.release()
            await asyncio.wait_for(first, 5)
            await announced(redis, this_process("c"))

            assert not second.done()
            assert await named(redis, jobs.WORKER_LEASE_KEY) == this_process("b")
    assert not await is_awaited(redis)


async def test_who_stood_by_and_died_is_followed_at_once(redis: Redis, redis_url: str) -> None:
    await redis.set(jobs.WORKER_STANDBY_KEY, dead().encode(), px=60_000)

    async with standing_by(redis, redis_url, "b") as (waiting, _):
        await asyncio.wait_for(waiting, 5)

    assert await named(redis, jobs.WORKER_LEASE_KEY) == this_process("b")


async def test_a_standby_lives_through_a_flushed_redis(redis: Redis, redis_url: str) -> None:
    await redis.set(jobs.WORKER_LEASE_KEY, ELSEWHERE.encode(), px=60_000)
    async with standing_by(redis, redis_url, "b") as (waiting, _):
        await announced(redis, this_process("b"))
        await redis.flushall()

        await asyncio.wait_for(waiting, 5)


def test_a_value_of_another_release_is_understood() -> None:
    ours = this_process("a", "0.2.0", "b" * 40)
    older = {name: value for name, value in json.loads(ours.encode()).items() if name != "version"}

    assert decode(json.dumps(older)) == replace(ours, version="")
    assert decode(json.dumps({**json.loads(ours.encode()), "colour": "blue"})) == ours
    assert decode('"a Node worker"') is None


async def stands_by(world: World, version: str) -> None:
    async def look() -> bool | None:
        found = await named(world.redis, jobs.WORKER_STANDBY_KEY)
        return (found is not None and found.version == version) or None

    await until(look, f"{version} to stand by")


async def works(program: Program) -> None:
    async def look() -> bool | None:
        return "worker ready" in program.events() or None

    await until(look, "the worker")


def said_at(program: Program, event: str) -> float:
    """When a worker logged an event."""
    (line,) = [line for line in program.lines() if line["event"] == event]
    return datetime.fromisoformat(line["ts"]).timestamp()


@pytest.mark.slow
async def test_a_handover_under_load_loses_nothing_and_does_nothing_twice(
    world: World, tmp_path: Path, videos: Videos
) -> None:
    video = videos.silent()
    with started({**world.env, **OLD}, tmp_path) as old:
        await works(old)
        clips = [await world.submit(video) for _ in range(3)]
        with started({**world.env, **NEW}, tmp_path, "--standby") as new:
            await stands_by(world, NEW["APP_VERSION"])

            async def busy() -> bool | None:
                return (await world.waiting())["clipnet"]["active"] == 1 or None

            await until(busy, "a job to be active")
            old.process.send_signal(signal.SIGTERM)
            clips += [await world.submit(video) for _ in range(3)]
            assert await asyncio.to_thread(old.process.wait, 30) == 0
            await works(new)
            states = [(await world.settled(clip)).state for clip in clips]
            holder = await named(world.redis, jobs.WORKER_LEASE_KEY)

            assert states == ["ready"] * 6
            assert holder is not None
            assert (holder.pid, holder.version, holder.commit) == (
                new.process.pid,
                NEW["APP_VERSION"],
                NEW["APP_COMMIT"],
            )
            done = Counter((run.job_id, run.state) for run in await world.runs() if run.state != "waiting")
            assert set(done.values()) == {1}
            assert {state for _, state in done} == {"completed"}
            assert len(requests(world.fakes, "cloudinary", "video/upload")) == 6
            gap_s = said_at(new, "worker ready") - said_at(old, "worker stopped")
            assert 0 < gap_s < 5.0  # less than 0.2 s on an idle machine
            both = [line for line in old.lines() if line["event"] == "span" and line.get("job")]
            assert {line["job"] for line in both}  # the old one did do a part
        assert await named(world.redis, jobs.WORKER_LEASE_KEY) is None


@pytest.mark.slow
async def test_a_job_that_does_not_end_in_time_is_handed_over_without_an_attempt(
    world: World, tmp_path: Path, videos: Videos
) -> None:
    with started({**world.env, **OLD, "HANDOVER_GRACE_S": "0"}, tmp_path) as old:
        await works(old)
        with started({**world.env, **NEW}, tmp_path, "--standby") as new:
            await stands_by(world, NEW["APP_VERSION"])
            name = await world.submit(videos.spoken())

            async def polishing() -> bool | None:
                return (world.media / "work" / name / "polished.part" / "clip.mp4").exists() or None

            await until(polishing, "FFmpeg")
            assert await asyncio.to_thread(old.stop) == 0
            clip = await world.settled(name)

            assert clip.state == "ready"
            runs = await world.runs(name="ffmpeg:polish")
            assert [(run.attempt, run.state) for run in runs] == [(1, "stopped"), (1, "completed")]
            assert new.process.poll() is None


@pytest.mark.slow
async def test_a_standby_takes_over_from_a_worker_that_is_killed(world: World, tmp_path: Path) -> None:
    with started({**world.env, **OLD}, tmp_path) as old:
        await works(old)
        with started({**world.env, **NEW}, tmp_path, "--standby") as new:
            await stands_by(world, NEW["APP_VERSION"])
            old.kill()

            await works(new)


@pytest.mark.slow
async def test_a_standby_that_ends_leaves_nothing(world: World, tmp_path: Path) -> None:
    with started({**world.env, **OLD}, tmp_path) as old:
        await works(old)
        for politely in (True, False):
            with started({**world.env, **NEW}, tmp_path, "--standby") as new:
                await stands_by(world, NEW["APP_VERSION"])
                if politely:
                    assert await asyncio.to_thread(new.stop) == 0
                    assert not await is_awaited(world.redis)
                else:
                    new.kill()

        async def gone() -> bool | None:
            return None if await is_awaited(world.redis) else True

        await until(gone, "what the killed one left", 10)
        holder = await named(world.redis, jobs.WORKER_LEASE_KEY)
        assert holder is not None
        assert holder.pid == old.process.pid


@pytest.mark.slow
@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (("--standby", "--take-over"), "--take-over and --standby exclude each other: give one"),
        (("--wait",), "unknown argument '--wait'; there is --take-over and --standby"),
    ],
)
async def test_flags_that_cannot_be_are_refused(
    world: World, tmp_path: Path, arguments: tuple[str, ...], reason: str
) -> None:
    with started(world.env, tmp_path, *arguments) as program:
        assert await asyncio.to_thread(program.process.wait, 20) == 2
        assert program.lines()[-1]["reason"] == reason
