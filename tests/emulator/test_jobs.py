"""The queue is shown as it is, and what ended can be brought back."""

import time
from collections.abc import AsyncIterator
from typing import Any

import pytest
import redis.asyncio
from bullmq import Queue, Worker

from clipnet.jobs import ClipPayload, job
from emulator import jobs
from emulator.errors import CheckFailed
from emulator.parts import Parts
from tests.servers import DEADLINE_S

TRACE = "0af7651916cd43dd8448eb211c80319c"


@pytest.fixture
async def queue(parts: Parts) -> AsyncIterator[Any]:
    client = redis.asyncio.from_url(parts.redis_url, decode_responses=True)
    async with client:
        await client.flushall()
        yield client


async def enqueue(client: Any, clip: str, name: Any = "clip:process") -> str:
    one = job(name, ClipPayload(clip), subject=clip, traceparent=f"00-{TRACE}-b7ad6b7169203331-01")
    options = {**one.opts, "attempts": 1}
    added = await Queue(one.queue, {"connection": client, "prefix": "bull"}).add(
        one.name, dict(one.payload), options
    )
    return str(added.id)


async def run_all(parts: Parts, client: Any, *, fail: bool) -> None:
    """Let a worker take what waits in the main queue."""
    import asyncio

    done = asyncio.Event()

    async def process(_job: Any, _token: str) -> str:
        if fail:
            raise ValueError("no picture in it")
        return "ok"

    worker = Worker("clipnet", process, {"connection": parts.redis_url, "prefix": "bull"})
    worker.on("completed", lambda *_: done.set())
    worker.on("failed", lambda *_: done.set())
    async with asyncio.timeout(DEADLINE_S):
        await done.wait()
    await worker.close()


async def test_waiting_jobs_of_both_queues_are_listed(parts: Parts, queue: Any) -> None:
    first = await enqueue(queue, "c1")
    second = await enqueue(queue, "c2", "whisper:batch")

    found = {one.id: one for one in await jobs.listed(queue, time.time())}

    assert set(found) == {first, second}
    assert (found[first].name, found[first].state, found[first].payload) == (
        "clip:process",
        "prioritized",
        {"clip": "c1"},
    )
    assert found[second].queue == "clipnet-whisper"
    assert found[first].trace_id == TRACE
    assert 0 <= found[first].age_s < 60


async def test_a_failed_job_says_why_and_is_brought_back(parts: Parts, queue: Any) -> None:
    job_id = await enqueue(queue, "c3")
    await run_all(parts, queue, fail=True)
    failed = await jobs.find(queue, job_id, time.time())

    again = await jobs.retry(queue, job_id, time.time())

    assert (failed.state, failed.error, failed.attempts) == ("failed", "no picture in it", 1)
    assert again.state in ("wait", "prioritized")
    assert again.error is None


async def test_a_delayed_job_waits_no_longer(queue: Any) -> None:
    one = job("clip:process", ClipPayload("c7"), subject="c7", traceparent=f"00-{TRACE}-b7ad6b7169203331-01")
    main = Queue(one.queue, {"connection": queue, "prefix": "bull"})
    added = await main.add(one.name, dict(one.payload), {**one.opts, "delay": 3_600_000})
    before = await jobs.find(queue, str(added.id), time.time())

    after = await jobs.retry(queue, str(added.id), time.time())

    assert (before.state, after.state) == ("delayed", "prioritized")


async def test_a_job_that_has_not_ended_is_not_retried(queue: Any) -> None:
    job_id = await enqueue(queue, "c4")

    with pytest.raises(CheckFailed, match="is prioritized, not failed, completed or delayed"):
        await jobs.retry(queue, job_id, time.time())


async def test_an_unknown_job_is_refused_in_words(queue: Any) -> None:
    with pytest.raises(CheckFailed, match="there is no job 'nobody'"):
        await jobs.find(queue, "nobody", time.time())


async def test_clearing_forgets_what_ended_and_nothing_else(parts: Parts, queue: Any) -> None:
    ended = await enqueue(queue, "c5")
    await run_all(parts, queue, fail=False)
    waiting = await enqueue(queue, "c6")

    removed = await jobs.clear(queue)

    assert removed == 1
    assert [one.id for one in await jobs.listed(queue, time.time())] == [waiting]
    assert not await queue.keys(f"bull:clipnet:{ended}*")
