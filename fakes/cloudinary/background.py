"""Work that goes on after its request was answered: asynchronous uploads, eager transformations, archives."""

import asyncio
import logging
from collections.abc import Coroutine
from typing import Any

from fakes.kit.errors import ProviderError

log = logging.getLogger(__name__)
_MOST = 1000


class Background:
    """Tasks of this fake, ended when its state is reset or the process stops."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def is_full(self) -> bool:
        """Whether there is so much to do that nothing more is taken on."""
        return len(self._tasks) >= _MOST

    def start(self, work: Coroutine[Any, Any, None]) -> None:
        """Begin some work; what it raises is logged."""
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._done)

    def clear(self) -> None:
        """End all of it."""
        for task in self._tasks:
            task.cancel()

    def _done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if task.cancelled():
            return
        error = task.exception()
        if error is None:
            return
        if isinstance(error, ProviderError):
            log.warning("background work refused", extra={"error": error.message})
        else:
            log.error("background work failed", exc_info=error)
