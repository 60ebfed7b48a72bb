"""How BullMQ is used: orphans, retries, flows, cancelling; and what we use that is not its public face."""

from __future__ import annotations

import asyncio
import base64
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
from bullmq import Job, Queue, Worker

from clipnet import jobs
from clipnet.queue import JobQueue, Redis
from clipnet.worker.errors import Gone, Permanent, Postponed, Transient
from clipnet.worker.orphans import reclaim
from clipnet.worker.program import _worker_client
from clipnet.worker.queue import (
    RESUMED_PRIORITY,
    ClipWorker,
    Run,
    asking_of,
    database_lost,
    traceparent_for,
)
from clipnet.worker.records import Records
from tests.clipnet.worker.world import World, until

CLIP = "0199a3f0-0000-7000-8000-000000000001"
Handler = Callable[[Run], Any]


@dataclass(slots=True)
class Scripted:
    """Handlers as the test says; remembers what ran and what failed."""

    handlers: dict[str, Handler]
    ran: list[tuple[str, int]] = field(default_factory=list)
    failures: list[tuple[str, str]] = field(default_factory=list)
    open: bool = False

    async def handle(self, run: Run) -> Any:
        self.ran.append((run.name, run.attempt))
        return await self.handlers[run.name](run)

    async def failed(self, run: Run, error: BaseException) -> None:
        self.failures.append((run.name, str(error)))

    async def is_open(self, run: Run) -> bool:
        return self.open


@asynccontextmanager
async def working(world: World, **handlers: Handler) -> AsyncIterator[tuple[ClipWorker, Scripted]]:
    scripted = Scripted({name.replace("_", ":", 1): handler for name, handler in handlers.items()})
    url = world.env["REDIS_URL"]
    worker = ClipWorker(world.redis, lambda: _worker_client(url), Records(world.engine), scripted)
    await worker.start()
    try:
        yield worker, scripted
    finally:
        await worker.stop(0.05)


def job(name: jobs.JobName, **opts: Any) -> jobs.Job:
    payload: jobs.Payload = jobs.ClipPayload(CLIP)
    if name.startswith("clipbot"):
        payload = jobs.BotPayload(text="hello")
    made = jobs.job(name, payload, subject=CLIP)
    return jobs.Job(made.id, made.queue, made.name, made.payload, {**made.opts, **opts})


async def state(world: World, name: jobs.JobName) -> str:
    queue = Queue(jobs.POLICIES[name].queue, {"connection": world.redis})
    return str(await queue.getJobState(jobs.job_id(CLIP, name)))


async def reaches(world: World, name: jobs.JobName, *wanted: str) -> str:
    async def look() -> str | None:
        found = await state(world, name)
        return found if found in wanted else None

    return await until(look, f"{name} to be {wanted}")


async def done(_: Run) -> dict[str, bool]:
    return {"done": True}


async def test_a_transient_error_is_tried_again_as_the_policy_says(world: World) -> None:
    async def fails(_: Run) -> None:
        raise Transient("busy", "not now")

    quick = {"backoff": {"type": "exponential", "delay": 10}}
    async with working(world, clipbot_notify=fails) as (_, scripted):
        await JobQueue(world.redis).add(job("clipbot:notify", **quick))
        await reaches(world, "clipbot:notify", "failed")

    attempts = jobs.POLICIES["clipbot:notify"].attempts
    assert scripted.ran == [("clipbot:notify", number + 1) for number in range(attempts)]
    assert scripted.failures == [("clipbot:notify", "not now")]
    runs = await world.runs(name="clipbot:notify")
    assert [run.state for run in runs] == ["retrying"] * (attempts - 1) + ["failed"]
    assert {run.error for run in runs} == {"not now"}


async def test_a_permanent_error_is_not_tried_again(world: World) -> None:
    async def fails(_: Run) -> None:
        raise Permanent("never", "not ever")

    async with working(world, clipbot_notify=fails) as (_, scripted):
        await JobQueue(world.redis).add(job("clipbot:notify"))
        await reaches(world, "clipbot:notify", "failed")

    assert scripted.ran == [("clipbot:notify", 1)]
    assert scripted.failures == [("clipbot:notify", "not ever")]
    queue = Queue(jobs.MAIN_QUEUE, {"connection": world.redis})
    found = await Job.fromId(queue, jobs.job_id(CLIP, "clipbot:notify"))
    assert found is not None
    assert found.failedReason == "not ever"


async def test_what_is_gone_ends_without_a_failure(world: World) -> None:
    async def gone(_: Run) -> None:
        raise Gone("clip x")

    async with working(world, clip_process=gone) as (_, scripted):
        await JobQueue(world.redis).add(job("clip:process"))
        await reaches(world, "clip:process", "completed")

    assert scripted.failures == []


async def test_what_is_postponed_costs_no_attempt(world: World) -> None:
    async def later(run: Run) -> dict[str, bool]:
        if len(scripted.ran) < 3:
            raise Postponed("quota", "tomorrow", after_s=0.01)
        return await done(run)

    async with working(world, clip_process=later) as (_, scripted):
        await JobQueue(world.redis).add(job("clip:process", attempts=1))
        await reaches(world, "clip:process", "completed")

    assert scripted.ran == [("clip:process", 1)] * 3


async def test_a_delay_is_kept_to_within_a_fraction_of_a_second(world: World) -> None:
    began: list[float] = []

    async def note(_: Run) -> None:
        began.append(time.monotonic())

    async with working(world, clipbot_notify=note):
        asked = time.monotonic()
        await JobQueue(world.redis).add(job("clipbot:notify", delay=400))
        await reaches(world, "clipbot:notify", "completed")

    assert 0.39 <= began[0] - asked < 1.2


async def test_a_job_of_an_unknown_name_fails_in_words(world: World) -> None:
    async with working(world):
        queue = Queue(jobs.MAIN_QUEUE, {"connection": world.redis})
        await queue.add("clip:dance", {"clip": CLIP}, {"jobId": "a", "attempts": 3})

        async def look() -> Job | None:
            found = await Job.fromId(queue, "a")
            return found if found and found.failedReason else None

        found = await until(look, "the failure")

    assert found.failedReason == "no such job: 'clip:dance'"


async def test_a_producer_may_leave_options_and_id_to_us(world: World) -> None:
    async def fails_once(run: Run) -> dict[str, bool]:
        if run.attempt == 1:
            raise Transient("busy", "not now")
        return await done(run)

    async with working(world, clipbot_notify=fails_once) as (_, scripted):
        queue = Queue(jobs.MAIN_QUEUE, {"connection": world.redis})
        added = await queue.add("clipbot:notify", {"event": CLIP, "text": "hello", "colour": "red"}, {})

        async def look() -> bool | None:
            return await queue.getJobState(added.id) == "completed" or None

        await until(look, "the job")

    assert scripted.ran == [("clipbot:notify", 1), ("clipbot:notify", 2)]


async def test_a_parent_waits_for_its_child_and_goes_first_afterwards(world: World) -> None:
    async def parent(run: Run) -> dict[str, bool]:
        if ("ffmpeg:polish", 1) not in scripted.ran:
            await run.after("ffmpeg:polish", jobs.ClipPayload(CLIP), CLIP)
        return await done(run)

    async with working(world, clip_process=parent, ffmpeg_polish=done) as (_, scripted):
        await JobQueue(world.redis).add(job("clip:process"))
        await reaches(world, "clip:process", "completed")

    assert [name for name, _ in scripted.ran] == ["clip:process", "ffmpeg:polish", "clip:process"]
    key = f"bull:clipnet:{jobs.job_id(CLIP, 'clip:process')}"
    assert await world.redis.hget(key, "priority") == str(RESUMED_PRIORITY)


async def test_a_child_that_fails_for_good_fails_its_parent_with_it(world: World) -> None:
    async def parent(run: Run) -> None:
        await run.after("ffmpeg:polish", jobs.ClipPayload(CLIP), CLIP)

    async def fails(_: Run) -> None:
        raise Permanent("never", "not ever")

    async with working(world, clip_process=parent, ffmpeg_polish=fails) as (_, scripted):
        await JobQueue(world.redis).add(job("clip:process"))
        await reaches(world, "clip:process", "failed")

    assert scripted.ran == [("clip:process", 1), ("ffmpeg:polish", 1)]
    assert scripted.failures == [("ffmpeg:polish", "not ever")]


async def test_a_child_that_is_retried_by_hand_brings_its_parent_back(world: World) -> None:
    broken = True

    async def parent(run: Run) -> dict[str, bool]:
        if broken or scripted.ran.count(("ffmpeg:polish", 1)) < 2:
            await run.after("ffmpeg:polish", jobs.ClipPayload(CLIP), CLIP)
        return await done(run)

    async def fails_once(run: Run) -> dict[str, bool]:
        if broken:
            raise Permanent("never", "not ever")
        return await done(run)

    async with working(world, clip_process=parent, ffmpeg_polish=fails_once) as (_, scripted):
        await JobQueue(world.redis).add(job("clip:process"))
        await reaches(world, "clip:process", "failed")
        broken = False
        queue = Queue(jobs.MAIN_QUEUE, {"connection": world.redis})
        child = await Job.fromId(queue, jobs.job_id(CLIP, "ffmpeg:polish"))
        assert child is not None
        await child.retry("failed", {"resetAttemptsMade": True})

        await reaches(world, "clip:process", "completed")


async def test_a_job_that_is_cancelled_fails_at_once(world: World) -> None:
    running = asyncio.Event()

    async def endless(_: Run) -> None:
        running.set()
        await asyncio.Event().wait()

    async with working(world, ffmpeg_polish=endless) as (worker, scripted):
        await JobQueue(world.redis).add(job("ffmpeg:polish"))
        await asyncio.wait_for(running.wait(), 10)

        worker.abort(jobs.job_id(CLIP, "clip:process"))

        await reaches(world, "ffmpeg:polish", "failed")
    assert scripted.failures == [("ffmpeg:polish", "stopped: on request")]


async def test_a_reset_stops_everything_and_tells_nobody(world: World) -> None:
    running = asyncio.Event()

    async def endless(_: Run) -> None:
        running.set()
        await asyncio.Event().wait()

    async with working(world, ffmpeg_polish=endless, clipbot_notify=done) as (worker, scripted):
        await JobQueue(world.redis).add(job("ffmpeg:polish"))
        await asyncio.wait_for(running.wait(), 10)

        worker.abort("*")
        await world.redis.flushall()
        await JobQueue(world.redis).add(job("clipbot:notify"))

        await reaches(world, "clipbot:notify", "completed")
    assert scripted.failures == []


async def test_a_job_that_ends_within_the_grace_is_done_when_the_worker_stops(world: World) -> None:
    running, release = asyncio.Event(), asyncio.Event()

    async def hold(run: Run) -> dict[str, bool]:
        running.set()
        await release.wait()
        return await done(run)

    async with working(world, whisper_batch=hold, clipbot_notify=done) as (worker, scripted):
        await JobQueue(world.redis).add(job("whisper:batch"))
        await asyncio.wait_for(running.wait(), 10)
        stopping = asyncio.create_task(worker.stop(20))
        await asyncio.wait_for(worker._workers[0].until_idle(), 10)
        await JobQueue(world.redis).add(job("clipbot:notify"))
        release.set()
        await asyncio.wait_for(stopping, 10)

        assert await state(world, "whisper:batch") == "completed"
        assert await state(world, "clipbot:notify") == "prioritized"
    assert scripted.ran == [("whisper:batch", 1)]


async def test_a_job_that_outlasts_the_grace_is_put_back_though_its_queue_was_idle_but_for_it(
    world: World,
) -> None:
    running = asyncio.Event()

    async def endless(_: Run) -> None:
        running.set()
        await asyncio.Event().wait()

    async with working(world, whisper_batch=endless) as (worker, scripted):
        await JobQueue(world.redis).add(job("whisper:batch"))
        await asyncio.wait_for(running.wait(), 10)

        await worker.stop(0.3)

        assert await state(world, "whisper:batch") in ("delayed", "prioritized")
    assert scripted.failures == []
    async with working(world, whisper_batch=done) as (_, next_one):
        await reaches(world, "whisper:batch", "completed")
    assert next_one.ran == [("whisper:batch", 1)]


async def test_a_stop_that_is_hurried_does_not_wait(world: World) -> None:
    running = asyncio.Event()

    async def endless(_: Run) -> None:
        running.set()
        await asyncio.Event().wait()

    async with working(world, clipbot_notify=endless) as (worker, _):
        await JobQueue(world.redis).add(job("clipbot:notify"))
        await asyncio.wait_for(running.wait(), 10)
        stopping = asyncio.create_task(worker.stop(60))
        worker.hurry()

        await asyncio.wait_for(stopping, 10)


async def test_a_part_that_is_cancelled_within_a_job_does_not_leave_it_stuck(world: World) -> None:
    async def cancelled(run: Run) -> dict[str, bool]:
        if run.attempt == 1:
            raise asyncio.CancelledError
        return await done(run)

    async with working(world, clipbot_notify=cancelled) as (_, scripted):
        await JobQueue(world.redis).add(job("clipbot:notify"))
        await reaches(world, "clipbot:notify", "completed")

    assert scripted.ran == [("clipbot:notify", 1), ("clipbot:notify", 2)]


async def test_main_and_whisper_jobs_share_one_lane(world: World) -> None:
    holding, release = asyncio.Event(), asyncio.Event()

    async def hold(_: Run) -> None:
        holding.set()
        await release.wait()

    async with working(world, ffmpeg_polish=hold) as (worker, _):
        await JobQueue(world.redis).add(job("ffmpeg:polish"))
        await asyncio.wait_for(holding.wait(), 10)
        assert worker.lane.locked()
        release.set()
        await reaches(world, "ffmpeg:polish", "completed")
        assert not worker.lane.locked()


async def test_jobs_that_a_dead_worker_left_are_put_back_at_the_start(world: World) -> None:
    await JobQueue(world.redis).add(job("clipbot:notify"))
    dead = bull(world, "clipnet")
    assert await dead.getNextJob("token") is not None
    await dead.close(force=True)
    assert await state(world, "clipbot:notify") == "active"

    async with working(world, clipbot_notify=done):
        await reaches(world, "clipbot:notify", "completed")


async def test_a_job_that_kills_its_worker_again_and_again_is_given_up(world: World) -> None:
    await JobQueue(world.redis).add(job("clipbot:notify"))
    for number in range(4):
        dead = bull(world, "clipnet")
        found = await dead.getNextJob(f"token-{number}")
        assert found is not None
        await reclaim(dead, world.redis, [found.id])
        await dead.close(force=True)

    async with working(world, clipbot_notify=done) as (_, scripted):
        await reaches(world, "clipbot:notify", "failed")

        async def look() -> bool | None:
            return bool(scripted.failures) or None

        await until(look, "the failure")

    assert scripted.ran == []
    assert scripted.failures[0][1].startswith("the worker was stopped too often during this")


async def test_an_active_job_that_nobody_runs_is_put_back_while_we_run(world: World) -> None:
    async with working(world, clipbot_notify=done):
        lost = job("clipbot:notify", delay=3_600_000)
        await JobQueue(world.redis).add(lost)
        await world.redis.zrem("bull:clipnet:delayed", lost.id)
        await world.redis.lpush("bull:clipnet:active", lost.id)

        await reaches(world, "clipbot:notify", "completed")


def bull(world: World, name: str) -> Worker:
    return Worker(name, None, {"autorun": False, "connection": _worker_client(world.env["REDIS_URL"])})


async def test_bullmq_lets_a_worker_be_named_as_nodes_boards_expect(world: World) -> None:
    async with working(world) as (worker, _):
        assert all(hasattr(one, "clientName") for one in worker._workers)

        async def look() -> list[str] | None:
            names = [str(row["name"]) for row in await world.redis.client_list()]
            wanted = [f"bull:{base64.b64encode(name.encode()).decode()}" for name in jobs.QUEUES]
            return wanted if set(wanted) <= set(names) else None

        assert await until(look, "the names") == ["bull:Y2xpcG5ldA==", "bull:Y2xpcG5ldC13aGlzcGVy"]


async def test_bullmq_tells_waits_in_fractions_once_it_knows_the_servers_version(world: World) -> None:
    worker = bull(world, "clipnet")

    version = await worker.blockingRedisConnection.getRedisVersion()

    assert version
    assert worker.backend.capabilities["canDoubleTimeout"] is True
    assert worker.minimumBlockTimeout <= 0.002
    await worker.close(force=True)


async def test_bullmq_moves_stalled_jobs_with_the_script_that_we_call(world: World, redis: Redis) -> None:
    await JobQueue(redis).add(job("clipbot:notify"))
    worker = bull(world, "clipnet")
    found = await worker.getNextJob("token")
    assert found is not None

    assert await reclaim(worker, redis, [found.id]) == [found.id]
    assert await reclaim(worker, redis, []) == []
    assert await state(world, "clipbot:notify") == "waiting"
    await worker.close(force=True)


async def test_bullmq_knows_which_jobs_a_worker_runs(world: World) -> None:
    running, release = asyncio.Event(), asyncio.Event()

    async def hold(_: Run) -> None:
        running.set()
        await release.wait()

    async with working(world, clipbot_notify=hold) as (worker, _):
        await JobQueue(world.redis).add(job("clipbot:notify"))
        await asyncio.wait_for(running.wait(), 10)

        ids = [found.id for found, _ in worker._workers[0].jobs]
        release.set()

    assert ids == [jobs.job_id(CLIP, "clipbot:notify")]


@pytest.fixture
def redis(world: World) -> Redis:
    return world.redis


@pytest.mark.parametrize(
    ("identity", "number"),
    [("a-clip_process", 1), ("a-clip_process-2", 2), ("17", 1), ("a-clip_process-x", 1)],
)
def test_a_jobs_id_says_how_often_it_was_asked_for(identity: str, number: int) -> None:
    assert asking_of(identity, "clip:process") == number


def test_jobs_of_a_clip_share_a_trace_even_when_nobody_began_one() -> None:
    clip = CLIP.replace("-", "")

    assert traceparent_for({}, {"clip": CLIP}) == f"00-{clip}-{clip[:15]}1-01"
    assert traceparent_for({}, {}) is None
    carried = '{"traceparent":"00-1-2-01"}'
    assert traceparent_for({"tm": carried}, {"clip": CLIP}) == "00-1-2-01"


def test_a_database_that_is_away_costs_no_attempt() -> None:
    assert database_lost(ConnectionRefusedError()) is not None
    assert database_lost(ValueError()) is None
