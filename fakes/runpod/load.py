"""Production at work on the same GPU: its jobs arrive evenly by the fake's clock while the load lasts."""

import asyncio
import contextlib
import math
from collections import deque
from dataclasses import dataclass

from fakes.kit.clock import Clock
from fakes.kit.errors import ProviderError
from fakes.kit.faults import Condition
from fakes.runpod.gpu import Gpu
from fakes.runpod.state import MAX_WORKERS, PRODUCTION, Hosted, State
from fakes.runpod.wire import Submission

QUEUE_LIMIT = 100
"""Jobs that wait at most; what arrives beyond is dropped."""
_ROUNDING = 1e-6


@dataclass(frozen=True, slots=True)
class Rate:
    """How jobs arrive and how long each takes."""

    every_s: float
    job_s: float

    def due(self, late_s: float) -> int:
        """How many jobs have arrived when one was due `late_s` ago."""
        return 1 + math.floor(late_s / self.every_s + _ROUNDING)

    def left(self, arrived: int, queued: int, workers: int) -> int:
        """How many of these wait now, if the GPU has worked through the jump in time that brought them.

        The last one does in any case, so that one at a time is exact. The queue has room for so many only.
        """
        done = math.floor((arrived - 1) * self.every_s * workers / self.job_s) - queued
        return min(max(arrived - max(done, 0), 1), max(QUEUE_LIMIT - queued, 0))


class Load:
    """The condition `production-load`.

    Args:
        state: Where production's endpoints and the queues are.
        gpu: Gets the jobs.
        clock: They arrive by it.
    """

    def __init__(self, state: State, gpu: Gpu, clock: Clock) -> None:
        self._state = state
        self._gpu = gpu
        self._clock = clock
        self._task: asyncio.Task[None] | None = None
        self._sent: deque[tuple[Hosted, str]] = deque(maxlen=QUEUE_LIMIT + MAX_WORKERS)
        self._turn = 0

    def begin(self, condition: Condition) -> None:
        """Let the first job arrive, and go on.

        Raises:
            ValueError: A load is on already.
        """
        if self._task is not None:
            raise ValueError("there is a load of production already; clear it first")
        options = condition.options
        rate = Rate(60 / options["jobs_per_minute"], options["seconds_per_job"])
        self._task = asyncio.get_running_loop().create_task(self._arrive(rate))

    def end(self, _condition: Condition) -> None:
        """Let no more jobs arrive, and take away those that there are."""
        if self._task is not None:
            self._task.cancel()
            self._task = None
        for hosted, job_id in self._sent:
            with contextlib.suppress(ProviderError):  # it ended so long ago that it is no longer kept
                self._gpu.cancel(hosted, job_id)
        self._sent.clear()

    def forget(self) -> None:
        """Take away what a load in an earlier process has left in the queues."""
        for hosted in self._endpoints():
            self._state.jobs.purge(hosted.id)

    async def _arrive(self, rate: Rate) -> None:
        next_s = self._clock.passed()
        while True:
            now_s = self._clock.passed()
            arrived = rate.due(max(now_s - next_s, 0.0))
            self._submit(rate.left(arrived, self._queued(), self._state.gpu.workers), rate.job_s)
            next_s += arrived * rate.every_s
            await self._clock.sleep(next_s - now_s)

    def _submit(self, count: int, job_s: float) -> None:
        endpoints = self._endpoints()
        for _ in range(count if endpoints else 0):
            hosted = endpoints[self._turn % len(endpoints)]
            self._turn += 1
            asked = Submission(input={"mock_delay": job_s, "mock_return": PRODUCTION})
            # as of runsync, whose results are kept for a minute only
            self._sent.append((hosted, self._gpu.submit(hosted, asked, is_sync=True).id))

    def _queued(self) -> int:
        return sum(self._state.jobs.waiting(hosted.id, QUEUE_LIMIT) for hosted in self._endpoints())

    def _endpoints(self) -> list[Hosted]:
        """Production's endpoints that have a built-in model."""
        return [
            hosted
            for hosted in self._state.endpoints.all()
            if hosted.namespace == PRODUCTION and hosted.model is not None and not hosted.is_attached
        ]
