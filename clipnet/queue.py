"""The producers' side of the queue: BullMQ behind one small class."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import redis.asyncio

from clipnet import jobs

if TYPE_CHECKING:
    from bullmq import Queue

Redis = redis.asyncio.Redis
STATES = ("wait", "prioritized", "active", "delayed", "waiting-children", "completed", "failed")


def connect(redis_url: str, **options: Any) -> Redis:
    """Return a client with a pool of connections; nothing is sent before first use.

    A connection that Redis has dropped (it was restarted) is opened again without an error.
    """
    from redis.asyncio.retry import Retry
    from redis.backoff import ExponentialBackoff
    from redis.exceptions import ConnectionError as RedisConnectionError
    from redis.exceptions import TimeoutError as RedisTimeoutError

    settings: dict[str, Any] = {
        "decode_responses": True,
        "socket_connect_timeout": 5,
        "socket_timeout": 5,
        "retry": Retry(ExponentialBackoff(cap=0.2, base=0.02), 3),
        "retry_on_error": [RedisConnectionError, RedisTimeoutError],
    }
    client: Redis = redis.asyncio.from_url(redis_url, **{**settings, **options})
    return client


class JobQueue:
    """Adds jobs to the queues and counts them. BullMQ is imported at the first job, not before."""

    def __init__(self, client: Redis) -> None:
        self._client = client
        self._queues: dict[str, Queue] = {}

    async def add(self, job: jobs.Job) -> str:
        """Enqueue a job and return its id; an id that BullMQ still remembers is not added again."""
        added = await self._queue(job.queue).add(job.name, dict(job.payload), dict(job.opts))
        return str(added.id)

    async def counts(self) -> dict[str, dict[str, int]]:
        """Return how many jobs each queue holds in each state (`STATES`), in one round trip."""
        pairs = [(queue, state) for queue in jobs.QUEUES for state in STATES]
        async with self._client.pipeline(transaction=False) as pipe:
            for queue, state in pairs:
                key = f"{jobs.PREFIX}:{queue}:{state}"
                (pipe.llen if state in ("wait", "active") else pipe.zcard)(key)
            numbers = await pipe.execute()
        found: dict[str, dict[str, int]] = {queue: {} for queue in jobs.QUEUES}
        for (queue, state), number in zip(pairs, numbers, strict=True):
            found[queue][state] = int(number)
        return found

    async def cancel(self, job_id: str) -> None:
        """Ask the worker to abort a job that may be active."""
        await self._client.publish(jobs.CANCEL_CHANNEL, job_id)

    async def remove(self, queue: str, job_id: str) -> bool:
        """Remove a job that is not active, with its children; return whether it is gone."""
        return bool(await self._queue(queue).remove(job_id, {"removeChildren": True}))

    def _queue(self, name: str) -> Queue:
        if name not in self._queues:
            from bullmq import Queue

            self._queues[name] = Queue(name, {"connection": self._client, "prefix": jobs.PREFIX})
        return self._queues[name]
