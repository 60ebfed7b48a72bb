"""Active jobs that nobody runs: finds them, and puts them back into their queue."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from clipnet import jobs
from clipnet.queue import Redis

if TYPE_CHECKING:
    from bullmq import Worker

MOST_STALLED: Final = 3
"""How often a job may lose its worker before it is given up."""
STALLED_INTERVAL_MS: Final = 5_000


async def active_ids(redis: Redis, queue: str) -> list[str]:
    """Return the ids of a queue's active jobs."""
    return [str(job_id) for job_id in await redis.lrange(f"{jobs.PREFIX}:{queue}:active", 0, -1)]


async def reclaim(worker: Worker, redis: Redis, job_ids: Sequence[str]) -> list[str]:
    """Put active jobs that nobody runs back into the queue with BullMQ's own script; return which.

    The script moves what is marked as stalled and has no lock, and looks only once per interval: so the locks
    and the mark of its last look are removed first.
    """
    if not job_ids:
        return []
    key = f"{jobs.PREFIX}:{worker.name}:"
    async with redis.pipeline(transaction=True) as pipe:
        pipe.delete(*(f"{key}{job_id}:lock" for job_id in job_ids), f"{key}stalled-check")
        pipe.sadd(f"{key}stalled", *job_ids)
        await pipe.execute()
    moved = await worker.backend.moveStalledJobsToWait(MOST_STALLED, STALLED_INTERVAL_MS)
    return [str(job_id) for job_id in moved or ()]
