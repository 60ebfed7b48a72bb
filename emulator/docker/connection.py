"""A connection to the Docker engine for a program that must not block: every call is made in a thread."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, Self, TypeVar

from emulator.docker.engine import Engine, find, look

if TYPE_CHECKING:
    from docker.api import APIClient

T = TypeVar("T")

_CALLS_AT_ONCE = 16


class Connection:
    """The engine, its SDK and the threads in which it is called."""

    def __init__(self, engine: Engine, pool: ThreadPoolExecutor) -> None:
        self.engine = engine
        self._pool = pool
        self._api: asyncio.Future[APIClient] | None = None

    @classmethod
    async def open(cls, env: Mapping[str, str]) -> Self:
        """Find the engine that this environment names.

        Raises:
            PrerequisiteMissing: Docker or Compose is not there.
        """
        pool = ThreadPoolExecutor(_CALLS_AT_ONCE, thread_name_prefix="docker")
        return cls(await asyncio.get_running_loop().run_in_executor(pool, find, env), pool)

    async def look(self, resource: str) -> Any:
        """Return what the engine answers to one GET, within milliseconds; None if it has no such thing."""
        return await asyncio.get_running_loop().run_in_executor(
            self._pool, look, self.engine.socket, resource
        )

    async def api(self) -> APIClient:
        """Return the SDK: importing it takes a third of a second, the first time."""
        if self._api is None:
            loop = asyncio.get_running_loop()
            self._api = loop.run_in_executor(self._pool, lambda: self.engine.client().api)
        return await asyncio.shield(self._api)

    async def call(self, doing: str, function: Callable[[APIClient], T]) -> T:
        """Return what the function returns; it goes on to its end if the wait for it is cancelled.

        Raises:
            EmulatorError: The engine refused; `doing` says what.
        """
        from emulator.docker.errors import speaking_to

        api = await self.api()

        def work() -> T:
            with speaking_to(self.engine.address, doing):
                return function(api)

        return await asyncio.get_running_loop().run_in_executor(self._pool, work)

    async def close(self) -> None:
        """Let the threads and the engine go."""
        if self._api is not None:
            (await self._api).close()
        self._pool.shutdown(wait=False, cancel_futures=True)
