"""A connection to the Docker engine for a program that must not block: every call is made in a thread."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Self, TypeVar

from emulator.dockerengine import Engine, find

if TYPE_CHECKING:
    from docker.api import APIClient

T = TypeVar("T")

_CALLS_AT_ONCE = 16


class Connection:
    """The engine, its SDK and the threads in which it is called."""

    def __init__(self, engine: Engine, api: APIClient, pool: ThreadPoolExecutor) -> None:
        self.engine = engine
        self.api = api
        self._pool = pool

    @classmethod
    async def open(cls, env: Mapping[str, str]) -> Self:
        """Find the engine that this environment names.

        Raises:
            PrerequisiteMissing: Docker or Compose is not there.
        """
        pool = ThreadPoolExecutor(_CALLS_AT_ONCE, thread_name_prefix="docker")
        loop = asyncio.get_running_loop()
        engine, _ = await asyncio.gather(
            loop.run_in_executor(pool, find, env), loop.run_in_executor(pool, _import_sdk)
        )
        return cls(engine, engine.client().api, pool)

    async def call(self, doing: str, function: Callable[[APIClient], T]) -> T:
        """Return what the function returns; it goes on to its end if the wait for it is cancelled.

        Raises:
            EmulatorError: The engine refused; `doing` says what.
        """
        from emulator.dockererrors import speaking_to

        def work() -> T:
            with speaking_to(self.engine.address, doing):
                return function(self.api)

        return await asyncio.get_running_loop().run_in_executor(self._pool, work)

    def close(self) -> None:
        """Let the threads and the engine go."""
        self._pool.shutdown(wait=False, cancel_futures=True)
        self.api.close()


def _import_sdk() -> None:
    import docker.api  # noqa: F401 - a third of a second, beside the search for the engine
