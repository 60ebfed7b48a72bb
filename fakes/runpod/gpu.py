"""The GPU at work: runs what the fleet gives out, watches limits on the clock, and tells how jobs end.

Built-in models run in threads, so that the event loop stays free; attached workers are processes outside,
whose calls `attached` takes. All times are the fake's clock's.
"""

import asyncio
import contextlib
import logging
import traceback
from collections import defaultdict
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from fakes.kit.kit import Kit
from fakes.kit.webhooks import Delivery
from fakes.runpod import wire
from fakes.runpod.conditions import COLD_START
from fakes.runpod.fleet import Assignment, Fleet
from fakes.runpod.impairment import Impairments
from fakes.runpod.models import Call, HandlerError, Stop, Tools, answer
from fakes.runpod.state import MAX_WORKERS, NAMESPACE, Hosted, State, Work
from fakes.runpod.wire import FINAL, Job, Mock, Submission

log = logging.getLogger(__name__)
WEBHOOK_RETRIES_S = (5.0, 15.0)
"""As captured from the service; its documentation says 10 s each time."""
_AT_ONCE = 16
"""Rounds of jobs that take no time before others get their turn."""


class WorkerLost(Exception):
    """The worker is gone, or has dropped the job, without an answer."""


@dataclass(slots=True)
class Attempt:
    """One worker's try at a job.

    Attributes:
        deadline_s: When it has taken too long (`Clock.passed`).
        stop: Makes the worker stop; it may take a while to do so.
        is_stopped: Whether that was done.
        is_over_limit: Whether the deadline has passed.
        input_s: Seconds of sound or video that were sent, once the model has said so.
    """

    work: Work
    hosted: Hosted
    worker_id: str
    deadline_s: float
    stop: Callable[[], object] = lambda: None
    is_stopped: bool = False
    is_over_limit: bool = False
    input_s: float = 0.0
    model: Stop = field(default_factory=Stop)


class Gpu:
    """Runs jobs, as many at once as the fleet has workers for.

    Args:
        state: Where the jobs are.
        kit: Clock, settings and webhooks.
    """

    def __init__(self, state: State, kit: Kit) -> None:
        self._state = state
        self._jobs = state.jobs
        self._clock = kit.clock
        self._webhooks = kit.webhooks
        self.impairments = Impairments(self._impaired)
        self.fleet = Fleet(state, kit.clock, kit.ids, self.impairments)
        settings = kit.settings
        self._tools = Tools(
            speech_dir=settings.speech_dir,
            cache_dir=settings.state_dir,
            allowed_hosts=settings.media_hosts,
        )
        self._threads = ThreadPoolExecutor(MAX_WORKERS, thread_name_prefix="gpu")
        self._attempts: dict[str, Attempt] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._ends: defaultdict[str, list[asyncio.Event]] = defaultdict(list)
        self.on_attached: Callable[[Attempt], None] = lambda _attempt: None
        self._alarm: asyncio.Task[None] | None = None
        self._alarm_s = float("inf")
        self._is_closed = False

    def start(self) -> None:
        """Take up what an earlier process left; needs no running event loop."""
        self._jobs.requeue_interrupted()
        self.fleet.clear()
        with contextlib.suppress(RuntimeError):
            asyncio.get_running_loop().call_soon(self.kick)

    def kick(self) -> None:
        """Bring everything up to the clock: end what has taken too long, and give out jobs."""
        if self._is_closed:
            return
        now_s = self._clock.passed()
        for attempt in [one for one in self._attempts.values() if one.deadline_s <= now_s]:
            attempt.is_over_limit = True  # what becomes of the job once the worker has stopped: `_stopped`
            _stop(attempt)
        self.fleet.step()
        self._give_out()
        self._set_alarm()

    def submit(
        self, hosted: Hosted, asked: Submission, *, is_sync: bool = False, traceparent: str | None = None
    ) -> Job:
        """Queue a job and start it when a worker is free; returns it as it was queued.

        Raises:
            CallbackRefused: The webhook's address is outside of this stack.
        """
        if asked.webhook is not None:
            self._webhooks.check(asked.webhook)
        job = self._jobs.submit(hosted, asked, is_sync=is_sync, traceparent=traceparent)
        self.fleet.note_queued(hosted.id)
        self.kick()
        return job

    def queued(self, endpoint: str) -> None:
        """Jobs were put into an endpoint's queue: look at it soon."""
        self.fleet.note_queued(endpoint)
        asyncio.get_running_loop().call_soon(self.kick)

    def cancel(self, hosted: Hosted, job_id: str) -> Job:
        """End a job now; what runs for it is stopped.

        Raises:
            ProviderError: No such job (404).
        """
        job = self._jobs.cancel(hosted, job_id)
        if job_id in self._attempts:
            _stop(self._attempts[job_id])
        self._announce(job_id)
        return job

    def retry(self, hosted: Hosted, job_id: str) -> Job:
        """Queue a failed job again.

        Raises:
            ProviderError: No such job (404), or it has not failed (400).
        """
        job = self._jobs.retry(hosted, job_id)
        self.queued(hosted.id)
        return job

    def purge(self, hosted: Hosted) -> int:
        """Empty an endpoint's queue; how many jobs that removed."""
        removed = self._jobs.purge(hosted.id)
        for job_id in removed:
            self._announce(job_id)
        return len(removed)

    def release(self, endpoint: str) -> None:
        """An endpoint runs something else from now on: its workers make room for new ones."""
        self.fleet.release(endpoint)

    def remove(self, endpoint: str) -> None:
        """An endpoint goes, with its workers and all its jobs."""
        for attempt in [one for one in self._attempts.values() if one.hosted.id == endpoint]:
            _stop(attempt)
        self.fleet.remove(endpoint)
        for job_id in self._jobs.remove_all(endpoint):
            self._announce(job_id)

    def set_ttl(self, hosted: Hosted, job_id: str, ttl_s: float) -> Job:
        """Let a job be known for so long from now on, and run no longer than that.

        Raises:
            ProviderError: No such job (404).
        """
        job = self._jobs.set_ttl(hosted, job_id, ttl_s)
        attempt = self._attempts.get(job_id)
        if attempt is not None:
            left_s = job.expires_s - self._clock.now()
            attempt.deadline_s = min(attempt.deadline_s, self._clock.passed() + left_s)
            self._set_alarm()
        return job

    async def wait(self, hosted: Hosted, job_id: str, wait_s: float) -> Job:
        """The job at its end, or as it is after `wait_s` on the fake's clock.

        Raises:
            ProviderError: No such job, or it was removed meanwhile (404).
        """
        job = self._jobs.get(hosted, job_id)
        if job.status in FINAL:
            return job
        ended = asyncio.Event()
        self._ends[job_id].append(ended)
        wait_s = min(wait_s, job.expires_s - self._clock.now())
        waits = [asyncio.ensure_future(ended.wait()), asyncio.ensure_future(self._clock.sleep(wait_s))]
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for one in waits:
                one.cancel()
            if ended in self._ends.get(job_id, ()):
                self._ends[job_id].remove(ended)
        return self._jobs.get(hosted, job_id)

    def reset(self) -> None:
        """Stop everything that runs; nobody is told."""
        for attempt in tuple(self._attempts.values()):
            attempt.model.set()
            _stop(attempt)
        self._attempts.clear()
        self.fleet.clear()
        for job_id in tuple(self._ends):
            self._announce(job_id)

    def close(self) -> None:
        """Stop for good."""
        self._is_closed = True
        self.reset()
        if self._alarm is not None:
            self._alarm.cancel()
        self._threads.shutdown(wait=False, cancel_futures=True)

    def attempt(self, job_id: str, worker_id: str) -> Attempt | None:
        """What a worker does for a job at this moment; None when it is not its job (any more)."""
        attempt = self._attempts.get(job_id)
        return attempt if attempt is not None and attempt.worker_id == worker_id else None

    def end(self, attempt: Attempt, *, output: Any = None, error: str | None = None) -> None:
        """A worker has answered: the job is done, or has failed with `error`."""
        self._leave(attempt)
        status: wire.Status = "COMPLETED" if error is None else "FAILED"
        self._tell(self._jobs.finish(attempt.work.job, status, output=output, error=error))

    def lose(self, attempt: Attempt) -> None:
        """The worker is gone, or has dropped the job, without an answer: another one gets it, once."""
        self._leave(attempt)
        self._requeue(attempt)

    def abandon(self, attempt: Attempt) -> None:
        """Nobody waits any more for what a worker does, and may go on to do, for a job."""
        is_current = self._attempts.get(attempt.work.job.id) is attempt
        if is_current:
            del self._attempts[attempt.work.job.id]
        if is_current and attempt.is_over_limit:
            self._requeue(attempt)

    def _impaired(self, kind: str) -> None:
        """Something is wrong with the GPU from now on, or no longer."""
        if kind == COLD_START.name:
            self.fleet.stop_idle()
        asyncio.get_running_loop().call_soon(self.kick)

    def _give_out(self) -> None:
        """Let jobs begin; those that are over at once make room for more, but not without a pause."""
        for _ in range(_AT_ONCE):
            are_over = [self._begin(assignment) for assignment in self.fleet.assignments()]
            if not any(are_over):
                return
        asyncio.get_running_loop().call_soon(self.kick)

    def _begin(self, assignment: Assignment) -> bool:
        """Let a worker begin with a job; whether it is over already."""
        work, hosted, worker = assignment.work, assignment.hosted, assignment.worker
        attempt = Attempt(work, hosted, worker.id, self._clock.passed() + work.limit_s)
        self._attempts[work.job.id] = attempt
        if worker.is_attached:
            self.on_attached(attempt)
            return False
        mock = Mock.of(work.input)
        if mock.is_instant and self.fleet.timing.execution_ms == 0 and not self.impairments:
            self.end(attempt, output=self._returned(work, mock))
            return True
        task = asyncio.get_running_loop().create_task(self._run(attempt))
        attempt.stop = task.cancel
        self._tasks.add(task)
        task.add_done_callback(partial(self._ran, attempt))
        return False

    def _ran(self, attempt: Attempt, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if task.cancelled():
            self._stopped(attempt)
        self.kick()

    async def _run(self, attempt: Attempt) -> None:
        """One attempt of a built-in model, to its end."""
        try:
            output = await self._answer(attempt)
        except HandlerError as error:
            self.end(attempt, error=error.text)
        except WorkerLost:
            self.fleet.drop(attempt.worker_id)
            self.lose(attempt)
        except Exception as error:  # noqa: BLE001 - what a handler raises is the job's error
            trace = "".join(traceback.format_exception(error))
            log.warning("handler raised", extra={"job": attempt.work.job.id, "error": repr(error)})
            self.end(attempt, error=wire.exception_text(error, trace, attempt.worker_id))
        else:
            self.end(attempt, output=output)

    async def _answer(self, attempt: Attempt) -> Any:
        """What the handler returns for a job."""
        work = attempt.work
        if not work.input:
            # the worker library refuses it and never answers ("Job has missing field(s): id or input.")
            raise WorkerLost
        if attempt.hosted.namespace == NAMESPACE and self.impairments.take_crash():
            raise WorkerLost
        mock = Mock.of(work.input)
        for value in mock.progress:
            self._jobs.progress(work.job, value)
        began_s = self._clock.passed()
        if mock.delay_s > 0:
            await self._clock.sleep(mock.delay_s)
        if mock.is_crash:
            raise WorkerLost
        if mock.is_error:
            raise RuntimeError("Mock error")
        output = self._returned(work, mock) if mock.is_answer else await self._model(attempt)
        await self._take_the_time(attempt, began_s)
        return output

    def _returned(self, work: Work, mock: Mock) -> Any:
        """What the mock worker returns; the items of a list are streamed as well."""
        for item in mock.output if isinstance(mock.output, list) else ():
            self._jobs.add_chunk(work.job, item)
        return mock.output

    async def _take_the_time(self, attempt: Attempt, began_s: float) -> None:
        """Let a job last as long as the GPU's timing says, and longer on a slow one."""
        timing = self.fleet.timing
        least_ms = timing.execution_ms + timing.execution_ms_per_input_s * attempt.input_s
        left_s = max(began_s + least_ms / 1000 - self._clock.passed(), 0.0)
        left_s += self.impairments.longer_s(attempt.input_s)
        if left_s > 0:
            await self._clock.sleep(left_s)

    async def _model(self, attempt: Attempt) -> Any:
        """Run a model in a thread; the worker is busy until that thread has ended."""
        loop = asyncio.get_running_loop()
        work, stop = attempt.work, attempt.model
        assert attempt.hosted.model is not None

        def emit(item: Any) -> None:
            with contextlib.suppress(RuntimeError):  # the loop is closed: nobody listens any more
                loop.call_soon_threadsafe(self._jobs.add_chunk, work.job, item)

        def lasts(seconds: float) -> None:
            attempt.input_s += seconds

        call = Call(tools=self._tools, stop=stop, emit=emit, lasts=lasts)
        running = loop.run_in_executor(self._threads, partial(answer, attempt.hosted.model, work.input, call))
        try:
            return await asyncio.shield(running)
        except asyncio.CancelledError:
            stop.set()
            await asyncio.wait({running})
            running.exception()
            raise

    def _stopped(self, attempt: Attempt) -> None:
        """A worker has ended because it was told to: the job was cancelled, or has taken too long."""
        self.fleet.free(attempt.worker_id, attempt.work.job.id)
        self.abandon(attempt)

    def _requeue(self, attempt: Attempt) -> None:
        """A job that has no worker any more, or has taken too long, ends or is given to another one, once."""
        job = attempt.work.job
        if attempt.is_over_limit and attempt.work.is_own_limit:
            # guess: TIMED_OUT is documented; captured answers show FAILED for the endpoint's own limit
            self._tell(self._jobs.finish(job, "TIMED_OUT"))
        else:
            self._tell(self._jobs.lose(job))
            self.fleet.note_queued(job.endpoint)

    def _leave(self, attempt: Attempt) -> None:
        """The worker has nothing to do with the job any more."""
        if self._attempts.get(attempt.work.job.id) is attempt:
            del self._attempts[attempt.work.job.id]
        self.fleet.free(attempt.worker_id, attempt.work.job.id)

    def _set_alarm(self) -> None:
        """Come back when the next thing is due; a later alarm that is set already comes first anyway."""
        times = [one.deadline_s for one in self._attempts.values() if not one.is_over_limit]
        due_s = min([*times, self.fleet.next_due_s() or float("inf")])
        if due_s >= self._alarm_s:
            return
        if self._alarm is not None:
            self._alarm.cancel()
        self._alarm_s = due_s
        self._alarm = asyncio.get_running_loop().create_task(self._ring(due_s))

    async def _ring(self, due_s: float) -> None:
        await self._clock.sleep(due_s - self._clock.passed())
        self._alarm, self._alarm_s = None, float("inf")
        self.kick()

    def _tell(self, ended: Job | None) -> None:
        """Wake who waits for a job, and call its webhook."""
        if ended is None:
            return
        self._announce(ended.id)
        if ended.webhook is None or ended.status not in ("COMPLETED", "FAILED"):
            return
        headers = {"Content-Type": "application/json", "User-Agent": "Go-http-client/2.0"}
        if ended.traceparent is not None:
            headers["traceparent"] = ended.traceparent
        self._webhooks.send(
            Delivery(
                url=ended.webhook,
                body=wire.webhook_body(ended, self._jobs.input(ended.id)),
                headers=_always(headers),
                retry_after_s=WEBHOOK_RETRIES_S,
            )
        )

    def _announce(self, job_id: str) -> None:
        for ended in self._ends.pop(job_id, ()):
            ended.set()


def _stop(attempt: Attempt) -> None:
    """Tell a worker to stop, once: it is left alone while it does."""
    if not attempt.is_stopped:
        attempt.is_stopped = True
        attempt.stop()


def _always(headers: Mapping[str, str]) -> Callable[[int], Mapping[str, str]]:
    return lambda _attempt: headers
