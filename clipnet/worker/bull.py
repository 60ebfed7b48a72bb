"""BullMQ's worker with an end that can be waited for: it takes no more, and says when nothing is under way.

Its own `close` stops renewing locks and forgets whom to abort as soon as one of its idle fetches ends, with
jobs still active; and it may close its connection under a job that came while it was asked to (bullmq 3.4.4).
Imported late: importing BullMQ takes a quarter of a second.
"""

from __future__ import annotations

import asyncio
import time
from typing import Any

from bullmq import Job, Worker


class DrainableWorker(Worker):  # type: ignore[misc]  # - BullMQ comes without types
    """Takes jobs until `take_no_more`."""

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self._draining = asyncio.Event()
        self._under_way = 0
        self._idle = asyncio.Event()
        self._idle.set()

    async def take_no_more(self) -> None:
        """Fetch nothing from now on; what arrives all the same is put back. Jobs that are active go on."""
        self._draining.set()
        await self.pause(do_not_wait_active=True)

    async def until_idle(self) -> None:
        """Return when no job is active and none can arrive."""
        await self._idle.wait()

    async def getNextJob(self, token: str) -> Job | None:
        """Fetch a job as the base class does, unless we are draining."""
        if self._draining.is_set():
            return None
        self._begin()
        is_taken = False
        try:
            job = await super().getNextJob(token)
            if job is None:
                return None
            if self._draining.is_set():
                await put_back(job, token)
                return None
            is_taken = True
            return job
        finally:
            if not is_taken:
                self._end()

    async def processJob(self, job: Job, token: str) -> None:
        """Run a job as the base class does."""
        try:
            await super().processJob(job, token)
        finally:
            self._end()

    def _begin(self) -> None:
        self._under_way += 1  # not by token: fetches that begin together share one
        self._idle.clear()

    def _end(self) -> None:
        self._under_way -= 1
        if self._under_way == 0:
            self._idle.set()


async def put_back(job: Job, token: str, after_s: float = 0.0) -> None:
    """Have an active job run again, at once or later; that costs it no attempt."""
    await job.moveToDelayed(round((time.time() + after_s) * 1000), token)
