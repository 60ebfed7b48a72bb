"""The one physical GPU: gives queued jobs of all endpoints to its workers, and tells when they end.

Models run in threads, so that the event loop stays free; all times are the fake's clock's.
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
from fakes.runpod.models import Call, HandlerError, Stop, Tools, answer
from fakes.runpod.state import MAX_WORKERS, Hosted, State, Work
from fakes.runpod.wire import FINAL, Job, Mock, Submission

log = logging.getLogger(__name__)
WEBHOOK_RETRIES_S = (10.0, 10.0)
_UNWATCHED_S = 0.1
"""Wall time that an attempt gets before its limit is watched; nearly all end within it."""


class WorkerLost(Exception):
    """The worker is gone, or has dropped the job, without an answer."""


@dataclass(slots=True)
class _Attempt:
    task: asyncio.Task[Any]
    stop: Stop = field(default_factory=Stop)


class Gpu:
    """Runs jobs, as many at once as there are workers.

    Args:
        state: Where the jobs are.
        kit: Clock, settings and webhooks.
    """

    def __init__(self, state: State, kit: Kit) -> None:
        self._state = state
        self._clock = kit.clock
        self._webhooks = kit.webhooks
        settings = kit.settings
        self._tools = Tools(
            speech_dir=settings.speech_dir,
            cache_dir=settings.state_dir,
            allowed_hosts=settings.media_hosts,
        )
        self._threads = ThreadPoolExecutor(MAX_WORKERS, thread_name_prefix="gpu")
        self._slots: dict[str, asyncio.Task[None]] = {}
        self._attempts: dict[str, _Attempt] = {}
        self._ends: defaultdict[str, list[asyncio.Event]] = defaultdict(list)
        self._is_closed = False

    def start(self) -> None:
        """Take up what an earlier process left; needs no running event loop."""
        self._state.requeue_interrupted()
        with contextlib.suppress(RuntimeError):
            asyncio.get_running_loop().call_soon(self.kick)

    def kick(self) -> None:
        """Give queued jobs to free workers."""
        if self._is_closed:
            return
        for worker_id in self._state.workers():
            if worker_id in self._slots:
                continue
            work = self._state.take(worker_id)
            if work is None:
                return
            self._slots[worker_id] = asyncio.get_running_loop().create_task(self._serve(worker_id, work))

    def submit(
        self, hosted: Hosted, asked: Submission, *, is_sync: bool = False, traceparent: str | None = None
    ) -> Job:
        """Queue a job and start it when a worker is free.

        Raises:
            ProviderError: The input names another namespace (403).
            CallbackRefused: The webhook's address is outside of this stack.
        """
        if asked.webhook is not None:
            self._webhooks.check(asked.webhook)
        job = self._state.submit(hosted, asked, is_sync=is_sync, traceparent=traceparent)
        asyncio.get_running_loop().call_soon(self.kick)
        return job

    def cancel(self, hosted: Hosted, job_id: str) -> Job:
        """End a job now; what runs for it is stopped.

        Raises:
            ProviderError: No such job (404).
        """
        job = self._state.cancel(hosted, job_id)
        if job_id in self._attempts:
            self._attempts[job_id].task.cancel()
        self._announce(job_id)
        return job

    def retry(self, hosted: Hosted, job_id: str) -> Job:
        """Queue a failed job again.

        Raises:
            ProviderError: No such job (404), or it has not failed (400).
        """
        job = self._state.retry(hosted, job_id)
        asyncio.get_running_loop().call_soon(self.kick)
        return job

    def purge(self, hosted: Hosted) -> int:
        """Empty an endpoint's queue; how many jobs that removed."""
        removed = self._state.purge(hosted)
        for job_id in removed:
            self._announce(job_id)
        return len(removed)

    def load(self) -> tuple[int, int]:
        """Idle and running workers."""
        workers = self._state.workers()
        running = sum(worker_id in self._slots for worker_id in workers)
        return len(workers) - running, running

    async def wait(self, hosted: Hosted, job_id: str, wait_s: float) -> Job:
        """The job at its end, or as it is after `wait_s` on the fake's clock.

        Raises:
            ProviderError: No such job, or it was removed meanwhile (404).
        """
        job = self._state.job(hosted, job_id)
        if job.status in FINAL:
            return job
        ended = asyncio.Event()
        self._ends[job_id].append(ended)
        waits = [asyncio.ensure_future(ended.wait()), asyncio.ensure_future(self._clock.sleep(wait_s))]
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for one in waits:
                one.cancel()
            if ended in self._ends.get(job_id, ()):
                self._ends[job_id].remove(ended)
        return self._state.job(hosted, job_id)

    def reset(self) -> None:
        """Stop everything that runs; nobody is told."""
        for task in self._slots.values():
            task.cancel()
        for attempt in self._attempts.values():
            attempt.stop.set()
        for job_id in tuple(self._ends):
            self._announce(job_id)

    def close(self) -> None:
        """Stop for good."""
        self._is_closed = True
        self.reset()
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def _serve(self, worker_id: str, work: Work) -> None:
        """One job on one worker, which is free again after it."""
        try:
            await self._run(work, worker_id)
        finally:
            del self._slots[worker_id]
            self.kick()

    async def _run(self, work: Work, worker_id: str) -> None:
        job = work.job
        stop = Stop()
        task = asyncio.get_running_loop().create_task(self._attempt(work, worker_id, stop))
        self._attempts[job.id] = _Attempt(task, stop)
        try:
            is_in_time = await self._ends_within(task, work.limit_s)
        finally:
            task.cancel()
            await asyncio.wait({task})
            _ = task.cancelled() or task.exception()  # looked at, so that asyncio does not complain
            del self._attempts[job.id]
        if not is_in_time:
            self._over_limit(work)
        elif not task.cancelled():
            self._report(job, task, worker_id)

    async def _attempt(self, work: Work, worker_id: str, stop: Stop) -> Any:
        """What the handler returns for a job."""
        if not work.input:
            # the worker library refuses it and never answers ("Job has missing field(s): id or input.")
            raise WorkerLost
        mock = Mock.of(work.input)
        for value in mock.progress:
            self._state.progress(work.job, value)
        if mock.delay_s > 0:
            await self._clock.sleep(mock.delay_s)
        if mock.is_crash:
            raise WorkerLost
        if mock.is_error:
            raise RuntimeError("Mock error")
        if mock.is_answer:
            for item in mock.output if isinstance(mock.output, list) else ():
                self._state.add_chunk(work.job, item)
            return mock.output
        return await self._model(work, stop)

    async def _model(self, work: Work, stop: Stop) -> Any:
        """Run a model in a thread; the worker is busy until that thread has ended."""
        loop = asyncio.get_running_loop()

        def emit(item: Any) -> None:
            with contextlib.suppress(RuntimeError):  # the loop is closed: nobody listens any more
                loop.call_soon_threadsafe(self._state.add_chunk, work.job, item)

        call = Call(tools=self._tools, stop=stop, emit=emit)
        running = loop.run_in_executor(self._threads, partial(answer, work.model, work.input, call))
        try:
            return await asyncio.shield(running)
        except asyncio.CancelledError:
            stop.set()
            await asyncio.wait({running})
            running.exception()
            raise

    async def _ends_within(self, task: asyncio.Task[Any], limit_s: float) -> bool:
        """Whether a task ends before its limit on the fake's clock."""
        deadline_s = self._clock.now() + limit_s
        await asyncio.wait({task}, timeout=_UNWATCHED_S)
        if task.done():
            return True
        limit = asyncio.ensure_future(self._clock.sleep(deadline_s - self._clock.now()))
        try:
            await asyncio.wait({task, limit}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            limit.cancel()
        return task.done()

    def _report(self, job: Job, task: asyncio.Task[Any], worker_id: str) -> None:
        """Write down how an attempt ended."""
        error = task.exception()
        match error:
            case None:
                self._tell(self._state.finish(job, "COMPLETED", output=task.result()))
            case HandlerError():
                self._tell(self._state.finish(job, "FAILED", error=error.text))
            case WorkerLost():
                self._tell(self._state.lose(job))
            case _:
                trace = "".join(traceback.format_exception(error))
                log.warning("handler raised", extra={"job": job.id, "error": repr(error)})
                text = wire.exception_text(error, trace, worker_id)
                self._tell(self._state.finish(job, "FAILED", error=text))

    def _over_limit(self, work: Work) -> None:
        """The execution timeout has passed: the worker is stopped, the job given to another one, once."""
        if work.is_own_limit:
            # guess: TIMED_OUT is documented; captured answers show FAILED for the endpoint's own limit
            self._tell(self._state.finish(work.job, "TIMED_OUT"))
        else:
            self._tell(self._state.lose(work.job))

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
                body=wire.webhook_body(ended, self._state.input(ended.id)),
                headers=_always(headers),
                retry_after_s=WEBHOOK_RETRIES_S,
                is_accepted=lambda status, _body: status == 200,
            )
        )

    def _announce(self, job_id: str) -> None:
        for ended in self._ends.pop(job_id, ()):
            ended.set()


def _always(headers: Mapping[str, str]) -> Callable[[int], Mapping[str, str]]:
    return lambda _attempt: headers
