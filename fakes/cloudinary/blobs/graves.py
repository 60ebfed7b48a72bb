"""Objects that are to be deleted: noted as empty files, so that an end of the process loses none."""

import contextlib
import logging
import os
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from fakes.kit.errors import ProviderError

log = logging.getLogger(__name__)


class Graves:
    """Deletes objects behind, in a thread of its own; what fails is tried again later.

    Args:
        folder: Where they are noted; what an earlier process left there is deleted, too.
        delete: Deletes one; blocks. Raises ProviderError when it cannot.
    """

    def __init__(self, folder: Path, delete: Callable[[str], None]) -> None:
        self._folder = folder
        self._delete = delete
        self._turn = threading.Condition()
        self._spared: Counter[str] = Counter()
        self._at_work: str | None = None
        self._worker: threading.Thread | None = None
        folder.mkdir(exist_ok=True)
        self.dig([])

    def dig(self, addresses: Iterable[str]) -> None:
        """Note more, and begin to delete."""
        with self._turn:
            for address in addresses:
                (self._folder / address).touch()
            is_idle = self._worker is None or not self._worker.is_alive()
            if is_idle and self._first() is not None:
                self._worker = threading.Thread(target=self._work, name="graves", daemon=True)
                self._worker.start()

    def has(self, sha256: str) -> bool:
        """Whether an object is to be deleted."""
        return (self._folder / sha256).exists()

    @contextlib.contextmanager
    def spared(self, sha256: str) -> Iterator[None]:
        """Do not delete an object, even if that was noted; what is noted meanwhile is done then. Blocks."""
        with self._turn:
            self._turn.wait_for(lambda: self._at_work != sha256)
            self._spared[sha256] += 1
            (self._folder / sha256).unlink(missing_ok=True)
        try:
            yield
        finally:
            with self._turn:
                self._spared -= Counter([sha256])
            self.dig([])

    def _work(self) -> None:
        while grave := self._next():
            try:
                self._delete(grave.name)
                grave.unlink(missing_ok=True)
            except (ProviderError, OSError) as error:
                log.warning("blob not deleted", extra={"sha256": grave.name, "error": str(error)})
                return  # the next that is stored or deleted, or the next start, tries again
            finally:
                with self._turn:
                    self._at_work = None
                    self._turn.notify_all()

    def _next(self) -> Path | None:
        with self._turn:
            grave = self._first()
            self._at_work = grave.name if grave else None
            self._worker = self._worker if grave else None
            return grave

    def _first(self) -> Path | None:
        """One that may be deleted; does not read the whole folder, which may hold thousands."""
        with os.scandir(self._folder) as noted:
            return next((Path(entry) for entry in noted if entry.name not in self._spared), None)
