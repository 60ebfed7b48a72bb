"""The GPU at work: runs what the fleet gives out, watches limits on the clock, and tells how jobs end.

Built-in models run in threads, so that the event loop stays free; attached workers are processes outside,
whose calls `attached` takes. All times are the fake's clock's.
"""

import asyncio
import contextlib
import logging
import traceback
from collections.abc import Callable
from functools import partial
from typing import Any

from fakes.kit.kit import Kit
from fakes.kit.webhooks import CallbackRefused
from fakes.runpod import errors, wire
from fakes.runpod.attempt import Attempt
from fakes.runpod.conditions import COLD_START
from fakes.runpod.fleet import Assignment, Fleet
from fakes.runpod.handler import Handler, JobDropped, WorkerCrashed
from fakes.runpod.impairment import Impairments
from fakes.runpod.models import HandlerError
from fakes.runpod.state import Hosted, State
from fakes.runpod.waits import Waits
from fakes.runpod.webhook import delivery, is_reported
from fakes.runpod.wire import FINAL, Job, Submission

log = logging.getLogger(__name__)
_AT_ONCE = 16
"""Rounds of jobs that take no time before others get their turn."""


class Gpu:
    """Runs jobs, as many at once as the fleet has workers for.

    Args:
        state: Where the jobs are.
        kit: Clock, settings and webhooks.
    """

    def __init__(self, state: State, kit: Kit) -> None:
        self._state = state
        self._jobs = state.jobs
        self._streams = state.streams
        self._clock = kit.clock
        self._webhooks = kit.webhooks
        self.impairments = Impairments(self._impaired)
        self.fleet = Fleet(state, kit.clock, kit.ids, self.impairments)
        self._handler = Handler(state, kit, self.impairments, lambda: self.fleet.timing, self._add_chunk)
        self._attempts: dict[str, Attempt] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._waits = Waits(kit.clock)
        self.on_attached: Callable[[Attempt], None] = lambda _attempt: None
        self._alarm: asyncio.Task[None] | None = None
        self._alarm_s = float("inf")
        self._is_closed = False

    def start(self) -> None:
        """Take up what an earlier process left; needs no running event loop."""
        self._jobs.requeue_interrupted()
        self.fleet.clear()
        self._kick_soon()

    def kick(self) -> None:
        """Give out the jobs that can begin now, and come back when the next thing is due."""
        if self._is_closed:
            return
        self._jobs.expire()
        self.fleet.step()
        self._give_out()
        self.fleet.retire()
        self._set_alarm()

    def submit(
        self, hosted: Hosted, asked: Submission, *, is_sync: bool = False, traceparent: str | None = None
    ) -> Job:
        """Queue a job and start it when a worker is free; returns it as it was queued.

        Raises:
            CallbackRefused: The webhook's address is outside of this stack.
            ProviderError: The endpoint was deleted while the request was read (404).
        """
        if self._state.endpoints.find(hosted.id) is None:
            raise errors.endpoint_not_found()
        if asked.webhook is not None:
            self._webhooks.check(asked.webhook)
        job = self._jobs.submit(hosted, asked, is_sync=is_sync, traceparent=traceparent)
        self.fleet.note_queued(hosted.id)
        self.kick()
        return job

    def queued(self, endpoint: str) -> None:
        """Jobs were put into an endpoint's queue: look at it soon."""
        self.fleet.note_queued(endpoint)
        self._kick_soon()

    def cancel(self, hosted: Hosted, job_id: str) -> Job:
        """End a job now; what runs for it is stopped.

        Raises:
            ProviderError: No such job (404).
        """
        job = self._jobs.cancel(hosted, job_id)
        if job_id in self._attempts:
            self._attempts[job_id].halt()
        self._waits.tell(job_id)
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
            self._waits.tell(job_id)
        return len(removed)

    def release(self, endpoint: str) -> None:
        """An endpoint runs something else from now on: its workers make room for new ones."""
        self.fleet.release(endpoint)

    def remove(self, endpoint: str) -> None:
        """Delete an endpoint with its workers and its jobs, in the queue, under way or ended."""
        for attempt in [one for one in self._attempts.values() if one.hosted.id == endpoint]:
            self._leave(attempt)
            attempt.halt()
        self.fleet.remove(endpoint)
        self._jobs.remove(endpoint)
        self._state.endpoints.remove(endpoint)
        self._waits.tell_all()
        self._kick_soon()

    def set_ttl(self, hosted: Hosted, job_id: str, ttl_s: float) -> Job:
        """Let a job be known for so long from now on, and run no longer than that.

        Raises:
            ProviderError: No such job (404).
        """
        job = self._jobs.set_ttl(hosted, job_id, ttl_s)
        attempt = self._attempts.get(job_id)
        if attempt is not None:
            attempt.ttl_ends_s = self._clock.passed() + ttl_s
            self._set_alarm()
        self._waits.tell(job_id)
        return job

    async def wait(self, hosted: Hosted, job_id: str, wait_s: float) -> Job:
        """The job at its end, or as it is after `wait_s` on the fake's clock.

        Raises:
            ProviderError: No such job, or it was removed meanwhile (404).
        """
        job = self._jobs.get(hosted, job_id)
        until_s = self._jobs.now_s() + wait_s
        while job.status not in FINAL:
            left_s = min(until_s, job.expires_s) - self._jobs.now_s()
            if left_s <= 0:
                break
            await self._waits.news(job_id, left_s)
            if self._is_closed:
                break
            job = self._jobs.get(hosted, job_id)
        return job

    def reset(self) -> None:
        """Stop everything that runs; nobody is told."""
        for attempt in tuple(self._attempts.values()):
            self._leave(attempt)
            attempt.halt()
        self.fleet.clear()
        self._waits.tell_all()
        self._kick_soon()

    def close(self) -> None:
        """Stop for good."""
        self._is_closed = True
        self.reset()
        if self._alarm is not None:
            self._alarm.cancel()
        self._handler.close()

    def attempt(self, job_id: str, worker_id: str) -> Attempt | None:
        """What a worker does for a job at this moment; None when it is not its job (any more)."""
        attempt = self._attempts.get(job_id)
        return attempt if attempt is not None and attempt.worker_id == worker_id else None

    def end(self, attempt: Attempt, *, output: Any = None, error: str | None = None) -> None:
        """A worker has answered: the job is done, or has failed with `error`."""
        if self._leave(attempt):
            self.fleet.free(attempt.worker_id, attempt.work.job.id)
            status: wire.Status = "COMPLETED" if error is None else "FAILED"
            self._tell(self._jobs.finish(attempt.work.job, status, output=output, error=error))

    def lose(self, attempt: Attempt) -> None:
        """The worker is gone, or has dropped the job, without an answer: it is given out again, once."""
        if self._leave(attempt):
            self.fleet.free(attempt.worker_id, attempt.work.job.id)
            self._requeue(attempt)

    def crash(self, attempt: Attempt) -> None:
        """A worker has died with its job, which is given out again, once."""
        if self._leave(attempt):
            self.fleet.crash(attempt.worker_id)
            self._requeue(attempt)

    def abandon(self, attempt: Attempt) -> None:
        """Nobody waits any more for what a worker does, and may go on to do, for a job."""
        if self._leave(attempt) and attempt.is_over_limit:
            self._requeue(attempt)

    def _impaired(self, kind: str) -> None:
        """Something is wrong with the GPU from now on, or no longer."""
        if kind == COLD_START.name:
            self.fleet.stop_idle()
        self._kick_soon()

    def _kick_soon(self) -> None:
        """Look what there is to do once those are through who act at this moment."""
        with contextlib.suppress(RuntimeError):  # no loop runs yet: the first request brings one
            asyncio.get_running_loop().call_soon(self.kick)

    def _give_out(self) -> None:
        """Let jobs begin; those that are over at once make room for more, but not without a pause."""
        for _ in range(_AT_ONCE):
            are_over = [self._begin(assignment) for assignment in self.fleet.assignments()]
            if not any(are_over):
                return
        self._kick_soon()

    def _begin(self, assignment: Assignment) -> bool:
        """Let a worker begin with a job; whether it is over already."""
        work, hosted, worker = assignment.work, assignment.hosted, assignment.worker
        now_s, left_s = self._clock.passed(), work.job.expires_s - self._jobs.now_s()
        attempt = Attempt(work, hosted, worker.id, now_s + work.limit_s, now_s + left_s)
        self._attempts[work.job.id] = attempt
        if worker.is_attached:
            self.on_attached(attempt)
            return False
        if self._handler.is_instant(attempt):
            self.end(attempt, output=self._handler.answer_now(attempt))
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
            output = await self._handler.answer(attempt)
        except HandlerError as error:
            self.end(attempt, error=error.text)
        except WorkerCrashed:
            self.crash(attempt)
        except JobDropped:
            self.lose(attempt)
        except Exception as error:  # noqa: BLE001 - what a handler raises is the job's error
            trace = "".join(traceback.format_exception(error))
            log.warning("handler raised", extra={"job": attempt.work.job.id, "error": repr(error)})
            self.end(attempt, error=wire.exception_text(error, trace, attempt.worker_id))
        else:
            self.end(attempt, output=output)

    def _add_chunk(self, attempt: Attempt, item: Any) -> None:
        if self._attempts.get(attempt.work.job.id) is attempt:
            self._streams.add(attempt.work.job, item)

    def _stopped(self, attempt: Attempt) -> None:
        """A worker has ended because it was told to: the job was cancelled, or has taken too long."""
        if self._attempts.get(attempt.work.job.id) is attempt:
            self.fleet.free(attempt.worker_id, attempt.work.job.id)
            self.abandon(attempt)

    def _requeue(self, attempt: Attempt) -> None:
        """A job without an answer, or one that has taken too long, ends or is given out again, once."""
        job = attempt.work.job
        if attempt.is_over_limit and attempt.work.is_own_limit:
            # guess: TIMED_OUT is documented; captured answers show FAILED for the endpoint's own limit
            self._tell(self._jobs.finish(job, "TIMED_OUT"))
        else:
            self._tell(self._jobs.lose(job))
            self.fleet.note_queued(job.endpoint)

    def _leave(self, attempt: Attempt) -> bool:
        """The attempt counts no longer; False when that is so already."""
        if self._attempts.get(attempt.work.job.id) is not attempt:
            return False
        del self._attempts[attempt.work.job.id]
        return True

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
        await asyncio.sleep(0)  # what ends at this very moment has not taken too long
        self._alarm, self._alarm_s = None, float("inf")
        self._jobs.expire()
        now_s = self._clock.passed()
        for attempt in [one for one in self._attempts.values() if one.deadline_s <= now_s]:
            attempt.is_over_limit = True  # what becomes of the job once the worker has stopped: `_stopped`
            attempt.halt()
        self.kick()

    def _tell(self, ended: Job | None) -> None:
        """Wake who waits for a job, and call its webhook."""
        if ended is None:
            return
        self._waits.tell(ended.id)
        if not is_reported(ended):
            return
        try:
            self._webhooks.send(delivery(ended, self._jobs.input(ended.id)))
        except CallbackRefused as refused:  # it was allowed when the job was submitted, before a restart
            log.warning("webhook refused", extra={"job": ended.id, "reason": str(refused)})
