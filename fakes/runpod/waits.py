"""Who waits for a job: told as soon as something has happened to it."""

import asyncio

from fakes.kit.clock import Clock


class Waits:
    """Those who wait, by the job's id.

    Args:
        clock: Waits end by it.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._waiting: dict[str, set[asyncio.Future[None]]] = {}

    async def news(self, job_id: str, within_s: float) -> None:
        """Return when something has happened to a job, or so many seconds have passed."""
        told: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(job_id, set()).add(told)
        timer = asyncio.ensure_future(self._clock.sleep(within_s))
        try:
            await asyncio.wait((told, timer), return_when=asyncio.FIRST_COMPLETED)
        finally:
            timer.cancel()
            self._waiting[job_id].discard(told)
            if not self._waiting[job_id]:
                del self._waiting[job_id]

    def tell(self, job_id: str) -> None:
        """Something has happened to a job: let those look who wait for it."""
        for told in self._waiting.get(job_id, ()):
            if not told.done():
                told.set_result(None)

    def tell_all(self) -> None:
        """Something has happened to many jobs."""
        for job_id in self._waiting:
            self.tell(job_id)
