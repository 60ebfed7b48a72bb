"""Jobs that would wait for ever are found and put back; what a worker is at, and what will come, is left."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
import redis.asyncio
from bullmq import Queue, Worker

from clipnet.jobs import ClipPayload, job
from emulator import jobs, stuckjobs
from emulator.errors import CheckFailed
from tests.servers import DEADLINE_S
from tests.servers import redis as redis_server

CONNECTION = {"prefix": "bull"}


@pytest.fixture(scope="module")
def redis_url() -> Iterator[str]:
    with redis_server() as url:
        yield url


@pytest.fixture
async def client(redis_url: str) -> AsyncIterator[Any]:
    async with redis.asyncio.from_url(redis_url, decode_responses=True) as client:
        await client.flushall()
        yield client


async def add(client: Any, clip: str, **options: Any) -> str:
    """Add a `clip:process` job."""
    one = job("clip:process", ClipPayload(clip), subject=clip)
    queue = Queue(one.queue, {"connection": client, **CONNECTION})
    added = await queue.add(one.name, dict(one.payload), {**one.opts, **options})
    return str(added.id)


async def taken(client: Any, redis_url: str, clip: str) -> str:
    """Add a job and have a worker take it that dies at once: its lock is gone, the job is active."""
    job_id = await add(client, clip)
    worker = Worker("clipnet", None, {"connection": redis_url, "autorun": False, **CONNECTION})
    await worker.getNextJob("somebody")
    await client.delete(f"bull:clipnet:{job_id}:lock")
    await worker.close(True)
    return job_id


async def run_one(redis_url: str) -> list[str]:
    """Let a worker run what waits, until one job has completed; return which it ran."""
    done, ran = asyncio.Event(), []

    async def process(one: Any, _token: str) -> str:
        ran.append(one.id)
        return "ok"

    worker = Worker("clipnet", process, {"connection": redis_url, **CONNECTION})
    worker.on("completed", lambda *_: done.set())
    async with asyncio.timeout(DEADLINE_S):
        await done.wait()
    await worker.close()
    return ran


async def test_an_active_job_that_no_worker_holds_goes_back_and_is_run(client: Any, redis_url: str) -> None:
    job_id = await taken(client, redis_url, "c1")

    found = await stuckjobs.find(client, time.time())
    back = await stuckjobs.put_back(client, found)

    assert [(one.job.id, one.job.state, one.why) for one in found] == [
        (job_id, "active", "no worker holds it")
    ]
    assert back == found
    assert (await jobs.find(client, job_id, time.time())).state == "wait"
    assert await run_one(redis_url) == [job_id]


async def test_a_dry_look_moves_nothing(client: Any, redis_url: str) -> None:
    job_id = await taken(client, redis_url, "c1")

    await stuckjobs.find(client, time.time())

    assert (await jobs.find(client, job_id, time.time())).state == "active"


async def test_a_job_that_a_worker_holds_is_left_alone(client: Any, redis_url: str) -> None:
    job_id = await taken(client, redis_url, "c1")
    stuck = await stuckjobs.find(client, time.time())
    await client.set(f"bull:clipnet:{job_id}:lock", "held")

    assert await stuckjobs.find(client, time.time()) == []
    assert await stuckjobs.put_back(client, stuck) == []
    assert (await jobs.find(client, job_id, time.time())).state == "active"


async def test_a_job_that_was_begun_lately_is_not_old_enough(client: Any, redis_url: str) -> None:
    await taken(client, redis_url, "c1")

    assert await stuckjobs.find(client, time.time(), older_than_s=60) == []
    assert len(await stuckjobs.find(client, time.time() + 61, older_than_s=60)) == 1


async def test_delayed_jobs_that_nobody_wakes_go_back_and_others_wait_on(client: Any, redis_url: str) -> None:
    now_s = time.time()
    overdue = await add(client, "c1", delay=1_000)
    never = await add(client, "c2", delay=30 * 86_400_000)
    soon = await add(client, "c3", delay=3_600_000)

    found = await stuckjobs.find(client, now_s + 60)
    await stuckjobs.put_back(client, found)

    assert {one.job.id: one.why for one in found} == {
        overdue: "its time came 59 s ago",
        never: "its time comes in 30 days",
    }
    assert (await jobs.find(client, soon, now_s)).state == "delayed"
    assert (await run_one(redis_url))[:1] == [overdue]


async def test_a_job_that_got_another_time_meanwhile_is_left_alone(client: Any, redis_url: str) -> None:
    job_id = await add(client, "c1", delay=1_000)
    stuck = await stuckjobs.find(client, time.time() + 60)
    await client.zincrby("bull:clipnet:delayed", 3_600_000 * 0x1000, job_id)

    assert [one.job.id for one in stuck] == [job_id]
    assert await stuckjobs.put_back(client, stuck) == []
    assert (await jobs.find(client, job_id, time.time())).state == "delayed"


async def waiting_for_child(client: Any, redis_url: str) -> tuple[str, str]:
    """Have a job wait for another one; return both ids."""
    parent = await add(client, "p1")
    worker = Worker("clipnet", None, {"connection": redis_url, "autorun": False, **CONNECTION})
    active = await worker.getNextJob("token")
    assert active is not None
    child = job("whisper:batch", ClipPayload("p1"), subject="p1")
    options = {**child.opts, "parent": {"id": parent, "queue": "bull:clipnet"}}
    await Queue(child.queue, {"connection": client, **CONNECTION}).add(
        child.name, dict(child.payload), options
    )
    assert await active.moveToWaitingChildren("token", {})
    await worker.close(True)
    return parent, child.id


async def test_a_job_that_waits_for_one_that_is_gone_goes_back(client: Any, redis_url: str) -> None:
    parent, child = await waiting_for_child(client, redis_url)
    assert await stuckjobs.find(client, time.time()) == []
    await client.delete(f"bull:clipnet-whisper:{child}")
    await client.zrem("bull:clipnet-whisper:prioritized", child)

    found = await stuckjobs.find(client, time.time())
    await stuckjobs.put_back(client, found)

    assert [(one.job.id, one.why) for one in found] == [(parent, "what it waits for has ended")]
    assert await run_one(redis_url) == [parent]


async def test_a_job_whose_child_came_back_meanwhile_waits_on(client: Any, redis_url: str) -> None:
    parent, child = await waiting_for_child(client, redis_url)
    await client.hset(f"bull:clipnet-whisper:{child}", "finishedOn", "1")
    found = await stuckjobs.find(client, time.time())
    await client.hdel(f"bull:clipnet-whisper:{child}", "finishedOn")

    back = await stuckjobs.put_back(client, found)

    assert ([one.job.id for one in found], back) == ([parent], [])
    assert (await jobs.find(client, parent, time.time())).state == "waiting-children"


async def test_all_failed_jobs_of_a_type_are_put_back(client: Any) -> None:
    for name, kind in (("j1", "post:youtube"), ("j2", "clip:process"), ("j3", "post:youtube")):
        await client.hset(f"bull:clipnet:{name}", mapping={"name": kind, "data": "{}", "timestamp": name[1]})
        await client.zadd("bull:clipnet:failed", {name: 1})

    back = await jobs.retry_all(client, "failed", "post:youtube", time.time())

    assert [one.id for one in back] == ["j1", "j3"]
    assert {one.id: one.state for one in await jobs.listed(client, time.time())} == {
        "j1": "wait",
        "j2": "failed",
        "j3": "wait",
    }


async def test_jobs_that_wait_are_not_put_back_in_bulk(client: Any) -> None:
    with pytest.raises(CheckFailed, match="jobs that are active are not retried"):
        await jobs.retry_all(client, "active", None, time.time())
