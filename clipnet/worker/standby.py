"""Waits for the lease for as long as another worker has it, and says in Redis who waits."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING

from clipnet.jobs import WORKER_LEASE_CHANNEL, WORKER_STANDBY_KEY, WORKER_STANDBY_MS
from clipnet.worker.lease import RENEW_EVERY_S, Claim, Holder, Lease

if TYPE_CHECKING:
    from clipnet.queue import Redis

log = logging.getLogger("clipnet")


class Standby:
    """Of several that stand by, the one that Redis names takes the lease; the others wait to be named."""

    def __init__(self, redis: Redis, listener: Callable[[], Redis], holder: Holder, lease: Lease) -> None:
        """Nothing is sent before `wait`.

        Args:
            redis: For commands.
            listener: Makes a client that may wait for ever.
            holder: Who waits.
            lease: What for.
        """
        self._claim = Claim(redis, holder, WORKER_STANDBY_KEY, WORKER_STANDBY_MS)
        self._listener = listener
        self._lease = lease
        self._wake = asyncio.Event()
        self._is_named = False

    async def wait(self) -> None:
        """Return once the lease is ours; nobody stands by here any more then, nor after a cancellation."""
        listening = asyncio.create_task(self._listen())
        try:
            while not await self._have_lease():
                with suppress(TimeoutError):
                    async with asyncio.timeout(RENEW_EVERY_S):  # wait_for may lose a cancellation
                        await self._wake.wait()
                self._wake.clear()
        finally:
            listening.cancel()
            await asyncio.gather(listening, return_exceptions=True)
            await self._claim.give_back()

    async def _have_lease(self) -> bool:
        from redis.exceptions import RedisError

        try:
            is_named = await self._claim.take() is None
            if is_named and not self._is_named:
                log.info("worker stands by")
            self._is_named = is_named
            return is_named and await self._lease.take_if_free()
        except (RedisError, OSError) as error:
            log.warning("lease not seen", extra={"error": f"{type(error).__name__}: {error}"[:200]})
            return False

    async def _listen(self) -> None:
        """Wake whenever the lease is given back; after a lost connection, listen again."""
        from redis.exceptions import RedisError

        while True:
            client = self._listener()
            try:
                async with client.pubsub() as channel:
                    await channel.subscribe(WORKER_LEASE_CHANNEL)
                    async for _ in channel.listen():  # the first says that we listen: look once more then
                        self._wake.set()
            except (RedisError, OSError):
                await asyncio.sleep(RENEW_EVERY_S)
            finally:
                await client.aclose()


async def is_awaited(redis: Redis) -> bool:
    """Tell whether a worker stands by; if Redis does not answer, nobody can be waited for."""
    from redis.exceptions import RedisError

    try:
        return bool(await redis.exists(WORKER_STANDBY_KEY))
    except (RedisError, OSError):
        return False
