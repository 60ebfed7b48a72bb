"""Attached workers: processes outside that take an endpoint's jobs in the place of its built-in model.

Whether they live is judged in real time, the only one that they know; what a job may take stays on the fake's
clock (`gpu`). Source: the runpod package 1.12.0, runpod/serverless/modules.
"""

import asyncio
import logging
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

from fakes.kit.clock import Clock
from fakes.kit.ids import Ids
from fakes.kit.peer import Peer
from fakes.runpod import errors
from fakes.runpod.attempt import Attempt
from fakes.runpod.gpu import Gpu
from fakes.runpod.process import Held, Poll, Process
from fakes.runpod.state import Hosted, State, Work
from fakes.runpod.wire import worker as wire

log = logging.getLogger(__name__)

HOLD_S = 10.0
"""How long a poll is held open. The package gives up after 90 s, and only ends when polls are answered."""
STOPPING_HOLD_S = 1.0
"""The same while a job is being stopped: with each poll the worker says whether it is at any."""
MAX_PROCESSES = 64
STREAM_LIMIT_BYTES = 200_000_000
"""What one attempt may stream in all. Both limits are the fake's own, against runaway handlers."""
_LOOK_S = 0.5


class Attached:
    """All attached workers.

    Args:
        state: Where their jobs are.
        gpu: Gives out jobs and is told of their ends.
        real: The time in which they live.
        ids: Where ids for new ones come from.
    """

    def __init__(self, state: State, gpu: Gpu, real: Clock, ids: Ids) -> None:
        self._jobs = state.jobs
        self._streams = state.streams
        self._gpu = gpu
        self._real = real
        self._ids = ids
        self._processes: dict[str, Process] = {}
        self._watch: asyncio.Task[None] | None = None
        gpu.on_attached = self._give

    def new_id(self) -> str:
        """An id for a worker that is about to be started; it looks like one and says what it is."""
        return f"local{self._ids.text(9)}"

    def summary(self) -> list[dict[str, Any]]:
        """The workers that live, and what they do."""
        return [process.summary() for process in self._processes.values()]

    async def take(self, hosted: Hosted, worker_id: str, asked: wire.Asked, peer: Peer) -> list[Work]:
        """Wait for jobs; none when the poll has been held long enough.

        Raises:
            ProviderError: No more workers can be attached, or it is another endpoint's (429).
        """
        process = None if peer.has_left else self._attach(hosted, worker_id, peer)
        if process is None:
            return []
        if asked.is_idle:
            self._drop_unnamed(process, (), peer)
        poll = Poll(asked.count, peer)
        process.polls.append(poll)
        process.count_asks()
        self._gpu.kick()
        close = partial(self._close, process, poll)
        try:
            hold_s = STOPPING_HOLD_S if process.stopped() else HOLD_S
            await self._hold(hold_s, poll.ended, peer, close)
        finally:
            close()
        delivered = [attempt.work for attempt in poll.attempts if self._is_delivered(process, attempt, peer)]
        if len(delivered) < len(poll.attempts):
            self._gpu.kick()
        return delivered

    async def stop_signals(self, hosted: Hosted, worker_id: str, peer: Peer) -> list[str]:
        """Wait for jobs that are to be stopped, and name them; those again that did not stop.

        Raises:
            ProviderError: No more workers can be attached, or it is another endpoint's (429).
        """
        process = None if peer.has_left else self._attach(hosted, worker_id, peer)
        if process is None:
            return []
        process.has_stop_channel = True
        signal = asyncio.Event()
        process.stop_polls.append(signal)
        if any(held.attempt.is_stopped and not held.is_told for held in process.held.values()):
            signal.set()
        try:
            await self._hold(HOLD_S, signal, peer, signal.set)
        finally:
            process.stop_polls.remove(signal)
        if peer.has_left:
            return []
        for job_id in (stopped := process.stopped()):
            process.held[job_id].is_told = True
        return stopped

    def done(self, hosted: Hosted, worker_id: str, job_id: str, said: wire.Said, peer: Peer) -> None:
        """Take a worker's answer, or its progress. One that no longer counts changes nothing."""
        process = self._called(hosted, worker_id, peer)
        if process is None:
            return
        attempt = self._current(process, job_id)
        if said.is_progress:
            if attempt is not None:
                self._jobs.progress(attempt.work.job, said.output)
            return
        process.held.pop(job_id, None)
        if attempt is not None:
            self._gpu.end(attempt, output=said.output, error=said.error)
        self._gpu.fleet.free(worker_id, job_id)
        if said.is_last:
            self._remove(process)
        self._gpu.kick()

    def stream(self, hosted: Hosted, worker_id: str, job_id: str, chunk: wire.Chunk, peer: Peer) -> None:
        """Add one item to a job's stream, if the attempt still counts.

        Raises:
            ProviderError: The job has streamed too much (400).
        """
        process = self._called(hosted, worker_id, peer)
        attempt = self._current(process, job_id) if process else None
        if process is None or attempt is None:
            return
        held = process.held[job_id]
        held.streamed_bytes += chunk.size_bytes
        if held.streamed_bytes > STREAM_LIMIT_BYTES:
            raise errors.bad_body(f"a job streams {STREAM_LIMIT_BYTES // 1_000_000} MB at most")
        self._streams.add(attempt.work.job, chunk.output)

    def ping(self, hosted: Hosted, worker_id: str, job_ids: frozenset[str] | None) -> None:
        """Hear a heartbeat; `job_ids` are all jobs that the worker is at, if it says so."""
        process = self._find(hosted, worker_id)
        if process is None or self._gpu.impairments.hears_no_pings:
            return
        process.ping(self._real.passed())
        if job_ids is not None:
            self._drop_unnamed(process, job_ids)

    def report(self, hosted: Hosted, worker_id: str, check: str, reason: str) -> None:
        """Hear that a worker fails one of its own checks; it ends after that."""
        extra = {"endpoint": hosted.id, "worker": worker_id, "check": check, "reason": reason}
        log.warning("worker unhealthy", extra=extra)
        process = self._find(hosted, worker_id)
        if process is not None:
            self._remove(process)

    def reset(self) -> None:
        """Forget them; they stop what they do and come back with their next poll."""
        processes = tuple(self._processes.values())
        self._processes.clear()
        for process in processes:
            self._end_polls(process)

    def close(self) -> None:
        """Stop for good."""
        self.reset()
        if self._watch is not None:
            self._watch.cancel()

    def _find(self, hosted: Hosted, worker_id: str) -> Process | None:
        process = self._processes.get(worker_id)
        return process if process is not None and process.worker.endpoint == hosted.id else None

    def _called(self, hosted: Hosted, worker_id: str, peer: Peer) -> Process | None:
        """The process that makes this call, if it is known."""
        process = self._find(hosted, worker_id)
        if process is not None:
            process.call(peer, self._real.passed())
        return process

    def _attach(self, hosted: Hosted, worker_id: str, peer: Peer) -> Process:
        """The process that makes this call; from now on it serves the endpoint."""
        process = self._called(hosted, worker_id, peer)
        if process is not None:
            return process
        if worker_id in self._processes or self._gpu.fleet.has(worker_id):
            raise errors.worker_elsewhere(worker_id)
        if len(self._processes) >= MAX_PROCESSES:
            raise errors.too_many_workers(MAX_PROCESSES)
        process = Process(self._gpu.fleet.attach(worker_id, hosted.id), self._real.passed(), peers={peer})
        self._processes[worker_id] = process
        log.info("worker attached", extra={"endpoint": hosted.id, "worker": worker_id})
        if self._watch is None or self._watch.done():
            self._watch = asyncio.get_running_loop().create_task(self._watching())
        return process

    def _give(self, attempt: Attempt) -> None:
        """Hand a job to the worker that asks for it."""
        process = self._processes[attempt.worker_id]
        poll = next(poll for poll in process.polls if poll.left > 0)
        poll.attempts.append(attempt)
        poll.ended.set()
        process.held[attempt.work.job.id] = Held(attempt, poll.peer)
        attempt.stop = partial(self._stop, process, attempt)

    def _stop(self, process: Process, attempt: Attempt) -> None:
        """Tell a process to stop a job, and do not wait until it does; hear from it soon how far it is."""
        self._end_polls(process)
        self._gpu.abandon(attempt)

    def _is_delivered(self, process: Process, attempt: Attempt, peer: Peer) -> bool:
        """Whether an answered poll carries a job: not if that was stopped meanwhile, or nobody is there."""
        held = process.held.get(attempt.work.job.id)
        if held is None or held.attempt is not attempt:
            return False
        if peer.has_left or attempt.is_stopped:
            self._lose(process, attempt.work.job.id)
            return False
        return True

    def _current(self, process: Process, job_id: str) -> Attempt | None:
        """What a process is at with a job, if that still counts."""
        held = process.held.get(job_id)
        attempt = self._gpu.attempt(job_id, process.worker.id)
        return attempt if held is not None and held.attempt is attempt else None

    def _drop_unnamed(self, process: Process, named: Iterable[str], peer: Peer | None = None) -> None:
        """Give jobs to others that a worker says it is not at.

        Not while another connection that took one is open: the answer may be under way, or there are two
        processes of one id. Jobs that were stopped have been under way for long.
        """
        for job_id, held in tuple(process.held.items()):
            is_past = held.attempt.is_stopped or held.peer is peer or not held.peer.is_connected
            if is_past and job_id not in named:
                self._lose(process, job_id)
        self._gpu.kick()

    def _lose(self, process: Process, job_id: str) -> None:
        """A process will not answer for a job any more."""
        attempt = self._current(process, job_id)
        del process.held[job_id]
        if attempt is not None:
            self._gpu.lose(attempt)
        self._gpu.fleet.free(process.worker.id, job_id)

    def _remove(self, process: Process) -> None:
        """A process is gone: others get its jobs."""
        del self._processes[process.worker.id]
        self._end_polls(process)
        for job_id in tuple(process.held):
            self._lose(process, job_id)
        self._gpu.fleet.drop(process.worker.id)
        self._gpu.kick()

    def _end_polls(self, process: Process) -> None:
        for poll in tuple(process.polls):
            self._close(process, poll)
        for signal in process.stop_polls:
            signal.set()

    def _close(self, process: Process, poll: Poll) -> None:
        """Let a poll take no more jobs; once is enough."""
        if poll in process.polls:
            process.polls.remove(poll)
            process.count_asks()
            poll.ended.set()

    async def _hold(
        self, hold_s: float, ended: asyncio.Event, peer: Peer, on_leave: Callable[[], None]
    ) -> None:
        """Wait until a poll is to be answered."""
        forget = peer.on_leave(on_leave)
        waits = [asyncio.ensure_future(ended.wait()), asyncio.ensure_future(self._real.sleep(hold_s))]
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            forget()
            for one in waits:
                one.cancel()

    async def _watching(self) -> None:
        """Look after the processes while there are any."""
        while self._processes:
            await self._real.sleep(_LOOK_S)
            now_s = self._real.passed()
            for process in self._processes.values():
                process.look(now_s)
            for process in [one for one in self._processes.values() if one.is_gone(now_s)]:
                extra = {"endpoint": process.worker.endpoint, "worker": process.worker.id}
                log.warning("worker gone", extra=extra | {"jobs": list(process.held)})
                self._remove(process)
