"""BullMQ's workers, made to behave: two queues in one loop and one lane, nothing lost, nothing stuck.

What is set differently from BullMQ's defaults, and why (bullmq 3.4.4):

- no read timeout on the connection: redis-py's 5 s equal the worker's own wait, and jobs start seconds late;
- the server's version is asked before the start: otherwise waits are rounded up to whole seconds;
- `drainDelay` and `runRetryDelay` 1 s: a queue that was limited or lost its connection wakes soon;
- `maxStalledCount` 3, and orphans are put back at the start with BullMQ's own script: this is the only
  worker, so what is active when it starts is nobody's; again later, when a lost connection left some behind;
- stopping drains first (bull.py), so that locks are renewed and jobs can be aborted to the end;
- the client's name is base64, as Node's boards expect it;
- a listener for errors, the tasks owned here (`autorun` off), and CancelledError never leaves a processor.
"""

from __future__ import annotations

import asyncio
import base64
import logging
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final, Protocol, cast

from clipnet import jobs
from clipnet.log import Span, span, traceparent
from clipnet.queue import Redis
from clipnet.worker.errors import Aborted, Gone, Permanent, Postponed, Transient, words_of
from clipnet.worker.orphans import MOST_STALLED, STALLED_INTERVAL_MS, active_ids, reclaim
from clipnet.worker.records import Records

if TYPE_CHECKING:
    from bullmq import Job, Queue, Worker

    from clipnet.worker.bull import DrainableWorker

log = logging.getLogger("clipnet")

WHISPER_CONCURRENCY: Final = 16
RESUMED_PRIORITY: Final = 30
"""Of a clip that was begun: it goes on before another one starts."""
SHUTDOWN: Final = "the worker is stopping"
RESET: Final = "everything was reset"
CANCELLED: Final = "on request"
_LOOK_EVERY_S: Final = 2.0
_CHILD_FAILED: Final = re.compile(r"\bchild\b.*\bfailed\b", re.IGNORECASE)
_STOP_S: Final = 5.0
_OPTIONS: Final[Mapping[str, Any]] = {
    "autorun": False,
    "prefix": jobs.PREFIX,
    "drainDelay": 1,
    "lockDuration": 30_000,
    "stalledInterval": STALLED_INTERVAL_MS,
    "maxStalledCount": MOST_STALLED,
    "runRetryDelay": 1_000,
}


@dataclass(frozen=True, slots=True)
class Run:
    """One run of one job, as a handler sees it."""

    job_id: str
    name: jobs.JobName
    payload: jobs.Payload
    attempt: int
    is_last: bool
    trace_id: str
    asking: int
    flow: Flow

    async def after(self, name: jobs.JobName, payload: jobs.Payload, subject: str) -> None:
        """Have a child job done first; returns when it is done already, else this run ends here."""
        child = jobs.job(name, payload, subject=subject, attempt=self.asking, traceparent=traceparent())
        await self.flow.after(child)


class Flow(Protocol):
    """Lets a run wait for another job."""

    async def after(self, child: jobs.Job) -> None:
        """Have this job done first.

        Raises:
            bullmq.WaitingChildrenError: It is not done; the run is over and will be repeated then.
        """
        ...


class Handlers(Protocol):
    """Does the work of jobs."""

    async def handle(self, run: Run) -> Any:
        """Do a job; the result is kept in Redis and must be JSON."""
        ...

    async def failed(self, run: Run, error: BaseException) -> None:
        """A job will not be tried again: tell whoever it concerns. Idempotent."""
        ...

    async def is_open(self, run: Run) -> bool:
        """Tell whether what the job is about is neither done nor failed."""
        ...


class ClipWorker:
    """Runs jobs until it is stopped."""

    def __init__(self, redis: Redis, connect: Any, records: Records, handlers: Handlers) -> None:
        """Nothing is sent before `start`.

        Args:
            redis: For commands of our own.
            connect: Makes a client for each BullMQ worker; without a read timeout, see the module's text.
            records: Where runs are written down.
            handlers: Who does the work.
        """
        self.lane = asyncio.Lock()
        self._redis = redis
        self._connect = connect
        self._records = records
        self._handlers = handlers
        self._hurried = asyncio.Event()
        self._is_stopped = False
        self._workers: list[DrainableWorker] = []
        self._queues: dict[str, Queue] = {}
        self._loops: set[asyncio.Task[None]] = set()
        self._others: set[asyncio.Task[None]] = set()
        self._active: dict[str, tuple[Worker, jobs.Payload | None]] = {}
        self._orphans: dict[str, frozenset[tuple[str, str]]] = {}

    async def prepare(self) -> None:
        """Do all that has to be done before `start` and touches no job. Idempotent."""
        from bullmq import Queue

        if self._workers:
            return
        for name, concurrency in ((jobs.MAIN_QUEUE, 1), (jobs.WHISPER_QUEUE, WHISPER_CONCURRENCY)):
            self._queues[name] = Queue(name, {"connection": self._redis, "prefix": jobs.PREFIX})
            worker = self._worker(name, concurrency)
            self._workers.append(worker)
            await worker.blockingRedisConnection.getRedisVersion()

    async def start(self) -> None:
        """Put back what a former worker left active, then take jobs."""
        await self.prepare()
        for worker in self._workers:
            stalled = await reclaim(worker, self._redis, await active_ids(self._redis, worker.name))
            if stalled:
                log.info("jobs put back", extra={"queue": worker.name, "jobs": stalled})
        self._loops = {asyncio.create_task(worker.run()) for worker in self._workers}
        self._others.add(asyncio.create_task(self._look_after_orphans()))

    def abort(self, message: str) -> None:
        """Stop an active job: by its id, by its clip's `clip:process` id, or all of them (`*`)."""
        for job_id, (worker, payload) in list(self._active.items()):
            clip = getattr(payload, "clip", None)
            if message == "*":
                worker.cancelJob(job_id, RESET)
            elif message == job_id or (clip and message.startswith(jobs.job_id(clip, "clip:process"))):
                worker.cancelJob(job_id, CANCELLED)

    async def stop(self, grace_s: float) -> None:
        """Take no more jobs, let active ones end within the grace, put back the others. Once."""
        if self._is_stopped:
            return
        self._is_stopped = True
        for worker in self._workers:
            await worker.take_no_more()
        drained = asyncio.create_task(self._drained())
        hurried = asyncio.create_task(self._hurried.wait())
        await asyncio.wait({drained, hurried}, timeout=grace_s, return_when=asyncio.FIRST_COMPLETED)
        if not drained.done():
            for worker in self._workers:
                worker.cancelAllJobs(SHUTDOWN)
            await asyncio.wait({drained}, timeout=_STOP_S)
        if drained.done():
            drained.result()
        closing = {asyncio.create_task(worker.close()) for worker in self._workers}
        if closing:
            await asyncio.wait(closing, timeout=_STOP_S)
        ending = {drained, hurried, *closing, *self._loops, *self._others}
        for task in ending:
            task.cancel()
        ended, _ = await asyncio.wait(ending, timeout=_STOP_S)
        await asyncio.gather(*ended, return_exceptions=True)

    def hurry(self) -> None:
        """End the grace of a `stop` that waits, or that is to come."""
        self._hurried.set()

    async def _drained(self) -> None:
        for worker in self._workers:
            await worker.until_idle()

    async def ended(self) -> None:
        """Return when a worker's loop has ended by itself, which is an error."""
        await asyncio.wait(self._loops, return_when=asyncio.FIRST_COMPLETED)

    async def waiting_ids(self, queue: str, most: int = 50) -> list[str]:
        """Return the ids of jobs that wait in a queue."""
        key = f"{jobs.PREFIX}:{queue}:"
        async with self._redis.pipeline(transaction=False) as pipe:
            pipe.lrange(key + "wait", 0, most - 1)
            pipe.zrange(key + "prioritized", 0, most - 1)
            first, second = await pipe.execute()
        return [*first, *second]

    def _worker(self, name: str, concurrency: int) -> DrainableWorker:
        from clipnet.worker.bull import DrainableWorker

        options = {**_OPTIONS, "concurrency": concurrency, "connection": self._connect()}
        worker = DrainableWorker(name, self._process, options)
        worker.clientName = f"{jobs.PREFIX}:{base64.b64encode(name.encode()).decode()}"
        worker.on("error", lambda error, *_: _log_error(name, error))
        worker.on("failed", lambda job, error: self._after_failure(job, error))
        return worker

    async def _process(self, job: Job, token: str, signal: Any) -> Any:
        """Run one job; what it raises is what BullMQ acts upon."""
        from bullmq import WaitingChildrenError
        from bullmq.custom_errors import DelayedError, UnrecoverableError

        if job.name not in jobs.POLICIES:
            raise UnrecoverableError(f"no such job: {job.name!r}")
        name = cast(jobs.JobName, job.name)
        again: WaitingChildrenError | DelayedError | None = None
        with span(name, parent=traceparent_for(job.opts, job.data), job=job.id) as work:
            try:
                return await self._attempt(job, name, token, signal, work)
            except Gone as gone:
                work.fields["gone"] = str(gone)
                return {"gone": str(gone)}
            except (WaitingChildrenError, DelayedError) as error:
                again = error
            except Permanent as error:
                raise UnrecoverableError(str(error)) from error
        raise again

    async def _attempt(self, job: Job, name: jobs.JobName, token: str, signal: Any, work: Span) -> Any:
        """Carry the job out; put it back where it only has to wait."""
        from bullmq.custom_errors import DelayedError, UnrecoverableError

        from clipnet.worker.bull import put_back

        try:
            payload = jobs.parse_payload(name, job.data)
        except ValueError as error:
            raise UnrecoverableError(str(error)) from error
        self._active[job.id] = (self._worker_of(name), payload)
        try:
            result = await self._carry_out(self._run(job, name, payload, token, work), signal)
            await self._revive_parent(job)
            return result
        except Postponed as later:
            work.fields["postponed_s"] = later.after_s
            await put_back(job, token, later.after_s)
            raise DelayedError from later
        except Aborted as aborted:
            work.fields["aborted"] = aborted.reason
            if aborted.reason == SHUTDOWN:
                await put_back(job, token)
                raise DelayedError from aborted
            raise UnrecoverableError(str(aborted)) from aborted
        finally:
            self._active.pop(job.id, None)

    async def _carry_out(self, run: Run, signal: Any) -> Any:
        """Run the handler and write down how that ended."""
        from bullmq import WaitingChildrenError

        clip = run.payload.clip
        run_id: int | None = None
        state, words = "completed", None
        try:
            run_id = await self._records.begin_run(run.job_id, run.name, clip, run.attempt, run.trace_id)
            return await self._until_aborted(run, signal)
        except WaitingChildrenError:
            state = "waiting"
            raise
        except Gone:
            raise
        except Postponed as error:
            state, words = "delayed", words_of(error)
            raise
        except Exception as error:
            if (lost := database_lost(error)) is not None:
                state, words, run_id = "delayed", str(lost), None
                raise lost from error
            final = run.is_last or isinstance(error, Permanent | Aborted)
            state, words = ("failed" if final else "retrying"), words_of(error)
            if isinstance(error, Aborted):
                state = "stopped"
            if final and not (isinstance(error, Aborted) and error.reason in (SHUTDOWN, RESET)):
                await self._handlers.failed(run, error)
            raise
        finally:
            if run_id is not None:
                await self._write_end(run_id, state, words)

    async def _write_end(self, run_id: int, state: str, words: str | None) -> None:
        """Write how a run ended; the job's own outcome does not hang on this."""
        from sqlalchemy.exc import SQLAlchemyError

        try:
            await self._records.end_run(run_id, state, words)
        except (SQLAlchemyError, OSError) as error:
            log.warning(
                "run not written", extra={"run": run_id, "error": f"{type(error).__name__}: {error}"[:200]}
            )

    async def _until_aborted(self, run: Run, signal: Any) -> Any:
        """Run the handler in the lane and within its time; whisper jobs take the lane together."""
        work = asyncio.create_task(self._in_lane(run))
        aborted = asyncio.create_task(signal.wait())
        try:
            await asyncio.wait({work, aborted}, return_when=asyncio.FIRST_COMPLETED)
            if work.cancelled():
                raise Transient("interrupted", "a part of this was cancelled")
            if work.done():
                return work.result()
            raise Aborted(str(signal.reason or CANCELLED))
        finally:
            for task in (work, aborted):
                task.cancel()
            await asyncio.gather(work, aborted, return_exceptions=True)

    async def _in_lane(self, run: Run) -> Any:
        policy = jobs.POLICIES[run.name]
        if policy.queue != jobs.MAIN_QUEUE:
            return await self._handlers.handle(run)
        async with self.lane:
            try:
                async with asyncio.timeout(policy.timeout_s):
                    return await self._handlers.handle(run)
            except TimeoutError as error:
                raise timed_out(run) from error

    def _run(self, job: Job, name: jobs.JobName, payload: jobs.Payload, token: str, work: Span) -> Run:
        policy = jobs.POLICIES[name]
        if not job.opts.get("attempts"):
            # whoever added it left the policy to us
            backoff = {"type": "exponential", "delay": policy.backoff_ms}
            job.opts |= {"attempts": policy.attempts, "backoff": backoff}
        attempts = int(job.opts["attempts"])
        return Run(
            job_id=job.id,
            name=name,
            payload=payload,
            attempt=job.attemptsMade + 1,
            is_last=job.attemptsMade + 1 >= attempts,
            trace_id=work.trace_id,
            asking=asking_of(job.id, name),
            flow=_BullFlow(self._redis, self._queues, job, token),
        )

    def _worker_of(self, name: jobs.JobName) -> DrainableWorker:
        return self._workers[jobs.QUEUES.index(jobs.POLICIES[name].queue)]

    def _after_failure(self, job: Job, error: Exception) -> None:
        """Tell of a job that BullMQ failed by itself: stalled too often, or by a child's failure."""
        if job.deferredFailure and job.name in jobs.POLICIES:
            task = asyncio.create_task(self._tell_of_deferred(job, error))
            self._others.add(task)
            task.add_done_callback(self._others.discard)

    async def _tell_of_deferred(self, job: Job, error: Exception) -> None:
        name = cast(jobs.JobName, job.name)
        with span(f"{name} failed", parent=traceparent_for(job.opts, job.data), job=job.id) as work:
            run = self._run(job, name, jobs.parse_payload(name, job.data), "", work)
            if _CHILD_FAILED.search(str(error)):
                if await self._handlers.is_open(run):
                    await self._retry_failed(job.id)
                return
            reason = Permanent("worker_stopped", f"the worker was stopped too often during this: {error}")
            await self._handlers.failed(replace(run, is_last=True), reason)

    async def _revive_parent(self, job: Job) -> None:
        """Take a flow up again whose parent had failed with this child, which somebody has since retried."""
        if job.parent and job.parent.get("queueKey") == f"{jobs.PREFIX}:{jobs.MAIN_QUEUE}":
            # BullMQ may have noted, but not yet acted upon, that this child failed before
            await self._redis.hdel(f"{jobs.PREFIX}:{jobs.MAIN_QUEUE}:{job.parent['id']}", "defa")
            await self._retry_failed(job.parent["id"])

    async def _retry_failed(self, job_id: str) -> None:
        from bullmq import Job

        queue = self._queues[jobs.MAIN_QUEUE]
        if await queue.getJobState(job_id) != "failed":
            return
        known = await Job.fromId(queue, job_id)
        if known is not None:
            await known.retry("failed", {"resetAttemptsMade": True, "resetAttemptsStarted": True})

    async def _look_after_orphans(self) -> None:
        """Put back active jobs that nobody runs: finishing them failed while Redis was away."""
        from redis.exceptions import RedisError

        while True:
            await asyncio.sleep(_LOOK_EVERY_S)
            for worker in self._workers:
                try:
                    await self._put_back_orphans(worker)
                except (RedisError, OSError) as error:
                    _log_error(worker.name, error)

    async def _put_back_orphans(self, worker: Worker) -> None:
        """Put back what was nobody's already at the last look, with the same lock."""
        running = {job.id for job, _ in worker.jobs}
        idle = [job_id for job_id in await active_ids(self._redis, worker.name) if job_id not in running]
        locks = [f"{jobs.PREFIX}:{worker.name}:{job_id}:lock" for job_id in idle]
        held = await self._redis.mget(locks) if locks else []
        seen = frozenset((job_id, str(lock or "")) for job_id, lock in zip(idle, held, strict=True))
        orphans = [job_id for job_id, _ in seen & self._orphans.get(worker.name, frozenset())]
        self._orphans[worker.name] = seen
        if orphans and (back := await reclaim(worker, self._redis, orphans)):
            log.warning("jobs put back", extra={"queue": worker.name, "jobs": back})


class _BullFlow:
    """Adds children to a running job."""

    def __init__(self, redis: Redis, queues: Mapping[str, Queue], job: Job, token: str) -> None:
        self._redis = redis
        self._queues = queues
        self._job = job
        self._token = token

    async def after(self, child: jobs.Job) -> None:
        """See `Flow.after`. A child that failed or was done before is run again: its result was not found."""
        from bullmq import WaitingChildrenError

        if self._job.priority != RESUMED_PRIORITY:
            await self._job.changePriority({"priority": RESUMED_PRIORITY})
        queue = self._queues[child.queue]
        state = await queue.getJobState(child.id)
        if state in ("failed", "completed"):
            from bullmq import Job

            known = await Job.fromId(queue, child.id)
            if known is not None:
                await known.retry(state, {"resetAttemptsMade": True, "resetAttemptsStarted": True})
        elif state == "unknown":
            parent = {"id": self._job.id, "queue": f"{jobs.PREFIX}:{jobs.MAIN_QUEUE}"}
            options = {**child.opts, "parent": parent, "failParentOnFailure": True}
            await queue.add(child.name, dict(child.payload), options)
        # what failed earlier was just run again, by us or by somebody's retry; BullMQ would refuse to wait
        await self._redis.delete(f"{jobs.PREFIX}:{jobs.MAIN_QUEUE}:{self._job.id}:unsuccessful")
        if await self._job.moveToWaitingChildren(self._token, {}):
            raise WaitingChildrenError


def asking_of(job_id: str, name: jobs.JobName) -> int:
    """Return how often the subject was asked for, as the job's id says: its number at the end, else 1."""
    _, known, number = job_id.rpartition(f"-{name.replace(':', '_')}-")
    return int(number) if known and number.isdigit() else 1


def traceparent_for(opts: Mapping[str, Any], payload: Mapping[str, Any]) -> str | None:
    """Return the trace that a job belongs to: the one it carries, else one made of its clip's id.

    A producer that knows nothing of traces gets one for all jobs of a clip in this way.
    """
    carried = jobs.traceparent_of(opts)
    clip = str(payload.get("clip") or "").replace("-", "").lower()
    if carried or not re.fullmatch(r"[0-9a-f]{32}", clip) or set(clip) == {"0"}:
        return carried
    return f"00-{clip}-{clip[:15]}1-01"


def database_lost(error: BaseException) -> Postponed | None:
    """Return an error that costs no attempt if this one says that PostgreSQL is not there."""
    from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError

    lost = isinstance(error, OperationalError | InterfaceError | ConnectionError) or (
        isinstance(error, DBAPIError) and error.connection_invalidated
    )
    return (
        Postponed("database_unavailable", "the database is not available now", after_s=1.0) if lost else None
    )


def timed_out(run: Run) -> Transient:
    """Return the error of a job that took longer than its policy allows."""
    limit_s = jobs.POLICIES[run.name].timeout_s
    return Transient("timed_out", f"{run.name} took longer than the {limit_s} s that are allowed")


def _log_error(queue: str, error: Exception) -> None:
    log.warning("queue error", extra={"queue": queue, "error": f"{type(error).__name__}: {error}"[:500]})
