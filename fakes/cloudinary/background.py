"""Work that goes on after its request was answered: asynchronous uploads, eager transformations, archives."""

import asyncio
import logging
from collections.abc import Coroutine
from typing import Any

from fakes.cloudinary import errors
from fakes.kit.errors import ProviderError

log = logging.getLogger(__name__)
MOST = 1000


class Background:
    """Tasks of this fake, ended when its state is reset or the process stops."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[None]] = set()

    def start(self, work: Coroutine[Any, Any, None]) -> None:
        """Begin some work; what it raises is logged.

        Raises:
            ProviderError: There is so much to do that nothing more is taken on (420).
        """
        if len(self._tasks) >= MOST:
            work.close()
            raise errors.busy()
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
