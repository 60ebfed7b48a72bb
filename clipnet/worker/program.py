"""Puts the worker together and runs it until it is told to stop, loses its lease, or breaks."""

from __future__ import annotations

import asyncio
import logging
import signal
from collections.abc import Coroutine, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from typing import Any, Final

from sqlalchemy.ext.asyncio import AsyncEngine

from clipnet import jobs, outbox
from clipnet.clock import RandomIds, SystemClock
from clipnet.db.engine import create_engine
from clipnet.db.migrate import migrate
from clipnet.queue import JobQueue, Redis, connect
from clipnet.settings import Settings
from clipnet.worker import reconcile, standby
from clipnet.worker.batcher import Batcher
from clipnet.worker.calls import Calls, new_client
from clipnet.worker.cloudinary import Storage
from clipnet.worker.lease import TAKEN_OVER, Holder, Lease, LeaseHeld, this_process
from clipnet.worker.options import Options
from clipnet.worker.pipeline import Pipeline, Tools
from clipnet.worker.posting.desk import Desk
from clipnet.worker.posting.discord import Discord
from clipnet.worker.posting.order import Poster
from clipnet.worker.posting.tiktok import Tiktok
from clipnet.worker.posting.twitch import Twitch
from clipnet.worker.posting.x import X
from clipnet.worker.posting.youtube import Youtube
from clipnet.worker.queue import ClipWorker, Run
from clipnet.worker.records import Records
from clipnet.worker.runpod import Runpod
from clipnet.worker.traffic import Traffic
from clipnet.worker.vision import Eyes
from clipnet.worker.workplace import Workplace

log = logging.getLogger("clipnet")

OK: Final = 0
BROKEN: Final = 1
NOT_READY: Final = 3
LEASE_HELD: Final = 4
LEASE_LOST: Final = 5
_ASK_EVERY_S: Final = 0.05


class Start(Enum):
    """What to do about a worker that is there already: be refused, end it, or wait until it ends."""

    ALONE = "alone"
    TAKE_OVER = "take over"
    STANDBY = "standby"


@dataclass(slots=True)
class Ending:
    """Whether the worker is to end, and why, if nobody asked for it."""

    asked: asyncio.Event = field(default_factory=asyncio.Event)
    lost: str | None = None

    def lose(self, words: str) -> None:
        """End because the lease is another worker's."""
        self.lost = words
        self.asked.set()


@dataclass(frozen=True, slots=True)
class Parts:
    """What the worker is made of before it has the lease."""

    settings: Settings
    options: Options
    redis: Redis
    engine: AsyncEngine
    lease: Lease
    ending: Ending

    def patient_client(self) -> Redis:
        """Return a client of Redis that may wait for ever."""
        return connect(self.settings.redis_url.reveal(), socket_timeout=None)


@dataclass(frozen=True, slots=True)
class Crew:
    """What the worker does its jobs with; made without touching any."""

    worker: ClipWorker
    workplace: Workplace
    records: Records
    sender: JobQueue


class NotReady(Exception):
    """The database's schema or Redis did not come in time."""


class Handlers:
    """Sends each job to whom it concerns."""

    def __init__(self, pipeline: Pipeline, desk: Desk) -> None:
        self._pipeline = pipeline
        self._desk = desk

    async def handle(self, run: Run) -> Any:
        """Do a job."""
        match run.name:
            case "clip:process":
                return await self._pipeline.process(run)
            case "ffmpeg:polish":
                return await self._pipeline.polish(run)
            case "whisper:batch":
                return await self._pipeline.transcribe(run)
            case "ml:score":
                return await self._pipeline.score(run)
            case _:
                return await self._desk.handle(run)

    async def failed(self, run: Run, error: BaseException) -> None:
        """Tell of a job that will not be tried again."""
        if run.name in ("clip:process", "ffmpeg:polish", "whisper:batch", "ml:score"):
            await self._pipeline.failed(run, error)
        else:
            await self._desk.failed(run, error)

    async def is_open(self, run: Run) -> bool:
        """Tell whether a job's clip is neither ready nor failed."""
        return run.name == "clip:process" and await self._pipeline.is_open(run)


class Others:
    """Tells the batcher who else is on the way to Whisper."""

    def __init__(self, traffic: Traffic) -> None:
        self._traffic = traffic
        self.worker: ClipWorker | None = None

    async def may_join(self) -> bool:
        """Tell whether a clip is worked on, or waits, that has not been heard yet."""
        if self._traffic.any_ahead():
            return True
        if self.worker is None:
            return False
        if await self.worker.waiting_ids(jobs.WHISPER_QUEUE, most=1):
            return True
        begun = "-" + "clip:process".replace(":", "_")
        waiting = await self.worker.waiting_ids(jobs.MAIN_QUEUE)
        return any(begun in job_id and self._traffic.is_new(job_id.partition(begun)[0]) for job_id in waiting)

    async def are_near(self) -> bool:
        """Tell whether a clip's sound is ready and it only has to be handed in."""
        return self._traffic.any_near()


async def run(settings: Settings, options: Options, start: Start = Start.ALONE) -> int:
    """Run the one worker; return the process's exit code."""
    ending = Ending()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, ending.asked.set)

    async with AsyncExitStack() as stack:
        redis = connect(settings.redis_url.reveal())
        stack.push_async_callback(redis.aclose)
        holder = this_process(str(RandomIds().uuid()), settings.version, settings.commit)
        lease = Lease(redis, holder, ending.lose)
        stack.push_async_callback(lease.release)  # the last thing that others see of us
        engine = create_engine(settings.database_url.reveal(), application="clipnet-worker", pool_size=5)
        stack.push_async_callback(engine.dispose)
        try:
            await _wait_until_ready(redis, engine, options.start_deadline_s, ending.asked)
            if ending.asked.is_set():
                return OK
            parts = Parts(settings, options, redis, engine, lease, ending)
            crew = None
            if start is Start.STANDBY:
                crew = await _stand_by(stack, parts, holder)
            else:
                await lease.take(take_over=start is Start.TAKE_OVER)
        except NotReady as error:
            log.error("worker not started", extra={"reason": str(error)})
            return NOT_READY
        except LeaseHeld as error:
            log.error("worker refused", extra={"reason": str(error)})
            return LEASE_HELD
        return OK if ending.asked.is_set() else await _work(parts, crew or await _assemble(stack, parts))


async def _stand_by(stack: AsyncExitStack, parts: Parts, holder: Holder) -> Crew:
    """Get ready for everything, then wait until the lease is ours, or we are to end."""
    crew = await _assemble(stack, parts)
    await crew.worker.prepare()
    stack.push_async_callback(crew.worker.stop, 0.0)
    waiting = standby.Standby(parts.redis, parts.patient_client, holder, parts.lease)
    tasks = {asyncio.create_task(waiting.wait()), asyncio.create_task(parts.ending.asked.wait())}
    done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    for task in done:
        task.result()
    return crew


async def _work(parts: Parts, crew: Crew) -> int:
    ending, worker, workplace, sender = parts.ending, crew.worker, crew.workplace, crew.sender
    sessions = crew.records.sessions
    workplace.clear_posts()
    await reconcile.tidy(sessions, workplace)
    await worker.start()
    holding = _in_background(parts.lease.keep(), _listen(parts, worker))
    sweeping = _in_background(
        outbox.sweep_forever(sessions, sender),
        reconcile.tidy_forever(sessions, workplace),
        reconcile.send_again(sessions, parts.redis, sender),
    )
    broke = asyncio.create_task(worker.ended())
    log.info("worker ready", extra={"queues": list(jobs.QUEUES), "version": parts.settings.version})

    asked = asyncio.create_task(ending.asked.wait())
    await asyncio.wait({asked, broke}, return_when=asyncio.FIRST_COMPLETED)
    await _cancelled(*sweeping, asked, broke)
    await _drain(parts, worker)
    await _cancelled(*holding)
    if ending.lost is not None:
        log.error("worker stopped", extra={"reason": ending.lost})
        return LEASE_LOST
    if not ending.asked.is_set():
        log.error("worker stopped", extra={"reason": "its queue loop ended by itself"})
        return BROKEN
    log.info("worker stopped")
    return OK


async def _drain(parts: Parts, worker: ClipWorker) -> None:
    """Take no more jobs and let active ones end: for long only where another worker waits for our lease."""
    handover = await standby.is_awaited(parts.redis)
    grace_s = parts.options.handover_grace_s if handover else parts.options.stop_grace_s
    log.info("worker stopping", extra={"grace_s": grace_s, "handover": handover})
    stopping = asyncio.create_task(worker.stop(grace_s))
    while not stopping.done():
        if parts.ending.lost is not None:
            worker.hurry()
        await asyncio.wait({stopping}, timeout=_ASK_EVERY_S)
    stopping.result()


def _in_background(*works: Coroutine[Any, Any, None]) -> tuple[asyncio.Task[None], ...]:
    tasks = tuple(asyncio.create_task(work) for work in works)
    for task in tasks:
        task.add_done_callback(_tell_of_failure)
    return tasks


async def _cancelled(*tasks: asyncio.Task[Any]) -> None:
    """Cancel tasks and wait until they have ended."""
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


def _tell_of_failure(task: asyncio.Task[None]) -> None:
    """Say that a task in the background broke; the worker goes on without it."""
    if not task.cancelled() and (error := task.exception()) is not None:
        log.error("background task broke", extra={"error": f"{type(error).__name__}: {error}"[:500]})


async def _assemble(stack: AsyncExitStack, parts: Parts) -> Crew:
    from clipnet.oauth import OAuthClient

    settings = parts.settings
    records, sender = Records(parts.engine), JobQueue(parts.redis)
    calls = Calls(await stack.enter_async_context(new_client()))
    traffic, workplace = Traffic(), Workplace(settings.media_dir)
    storage = Storage(settings.cloudinary)
    runpod = Runpod(settings.runpod, calls)
    ids, clock = RandomIds(), SystemClock()
    tools = Tools(
        settings=settings,
        options=parts.options,
        records=records,
        sender=sender,
        calls=calls,
        runpod=runpod,
        eyes=Eyes(runpod, settings.runpod),
        storage=storage,
        workplace=workplace,
        traffic=traffic,
        ids=ids,
    )
    posters: dict[str, Poster] = {
        "youtube": Youtube(settings.google.youtube_url, settings.google.youtube_web_url, calls),
        "tiktok": Tiktok(settings.tiktok.url, settings.tiktok.web_url, calls),
        "twitch": Twitch(settings.twitch, calls, clock),
        "discord": Discord(settings.discord, calls, clock),
        "x": X(settings.x, calls, clock),
    }
    oauth = OAuthClient(settings, calls.client, clock)
    pipeline = Pipeline(tools)
    desk = Desk(records, posters, lambda: oauth, calls, storage, workplace)
    worker = ClipWorker(
        parts.redis, lambda: _worker_client(settings.redis_url.reveal()), records, Handlers(pipeline, desk)
    )
    others = Others(traffic)
    others.worker = worker
    pipeline.batcher = Batcher(pipeline.call_whisper, worker.lane, others)
    return Crew(worker, workplace, records, sender)


def _worker_client(redis_url: str) -> Redis:
    """Return a client for a BullMQ worker: it may wait for ever, and is patient while Redis restarts."""
    from redis.asyncio.retry import Retry
    from redis.backoff import ExponentialBackoff

    patient = Retry(ExponentialBackoff(cap=0.5, base=0.02), 40)
    return connect(redis_url, socket_timeout=None, socket_keepalive=True, retry=patient)


async def _listen(parts: Parts, worker: ClipWorker) -> None:
    """Pass on what is said on the cancel channel; after a lost connection, listen again."""
    from redis.exceptions import RedisError

    while True:
        client = parts.patient_client()
        try:
            async with client.pubsub() as channel:
                await channel.subscribe(jobs.CANCEL_CHANNEL)
                async for message in channel.listen():
                    if message["type"] == "message":
                        _hear(str(message["data"]), worker, parts.lease)
        except (RedisError, OSError) as error:
            log.warning("not listening", extra={"error": f"{type(error).__name__}: {error}"[:200]})
            await asyncio.sleep(0.2)
        finally:
            await client.aclose()


def _hear(message: str, worker: ClipWorker, lease: Lease) -> None:
    if message.startswith(TAKEN_OVER):
        lease.look_now()
    else:
        worker.abort(message)


async def _wait_until_ready(
    redis: Redis, engine: AsyncEngine, deadline_s: float, stop: asyncio.Event
) -> None:
    """Wait for Redis and the database, and bring its schema to the newest: the API may be somebody else's.

    Raises:
        NotReady: They did not come within the deadline; the text says what was last seen.
    """
    ends = asyncio.get_running_loop().time() + deadline_s
    while (missing := await _missing(redis, engine)) is not None and not stop.is_set():
        if asyncio.get_running_loop().time() > ends:
            raise NotReady(f"waited {deadline_s:g} s: {missing}")
        await asyncio.sleep(_ASK_EVERY_S)


async def _missing(redis: Redis, engine: AsyncEngine) -> str | None:
    from redis.exceptions import RedisError
    from sqlalchemy.exc import SQLAlchemyError

    try:
        await redis.ping()
    except (RedisError, OSError) as error:
        return f"Redis does not answer ({type(error).__name__}: {error})"
    try:
        await migrate(engine)
    except (SQLAlchemyError, OSError) as error:
        return f"the database does not answer ({type(error).__name__}: {str(error)[:200]})"
    return None


def environment(env: Mapping[str, str]) -> tuple[Settings, Options]:
    """Read everything the worker is told and make its folder.

    Raises:
        SettingsError: Something in it cannot be used.
    """
    from clipnet import settings as app_settings
    from clipnet.worker import options as worker_options

    settings, options = app_settings.load(env), worker_options.load(env)
    Path(settings.media_dir).mkdir(parents=True, exist_ok=True)
    return settings, options
