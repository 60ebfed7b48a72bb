"""A bounded folder of files that are stored elsewhere, for programs that need them on this machine."""

import contextlib
from collections import Counter, OrderedDict
from collections.abc import Iterator
from pathlib import Path


class LocalCache:
    """Copies of blobs by their address. The longest unused goes when there are too many bytes.

    Args:
        folder: Where they are; what an earlier process left there is used again.
        limit_bytes: What all of them may have, but for those in use at the moment.
    """

    def __init__(self, folder: Path, limit_bytes: int) -> None:
        self._folder = folder
        self._limit_bytes = limit_bytes
        self._used: Counter[str] = Counter()
        folder.mkdir(parents=True, exist_ok=True)
        known = sorted((path.stat().st_mtime, path.name, path.stat().st_size) for path in folder.iterdir())
        self._sizes: OrderedDict[str, int] = OrderedDict((name, size) for _, name, size in known)
        self._total_bytes = sum(self._sizes.values())
        self._trim()

    def find(self, sha256: str) -> Path | None:
        """The copy, or None."""
        path = self._folder / sha256
        if sha256 not in self._sizes or not path.is_file():
            return None
        self._sizes.move_to_end(sha256)
        return path

    def put(self, file: Path, sha256: str) -> Path:
        """Move a file of this file system into the cache."""
        target = self._folder / sha256
        size = file.stat().st_size
        file.replace(target)
        self._total_bytes += size - self._sizes.pop(sha256, 0)
        self._sizes[sha256] = size
        self._trim()
        return target

    def remove(self, sha256: str) -> None:
        """Drop a copy, if there is one."""
        self._total_bytes -= self._sizes.pop(sha256, 0)
        (self._folder / sha256).unlink(missing_ok=True)

    @contextlib.contextmanager
    def in_use(self, sha256: str) -> Iterator[None]:
        """Do not let a copy go meanwhile."""
        self._used[sha256] += 1
        try:
            yield
        finally:
            self._used[sha256] -= 1
            self._used += Counter()  # forgets what nobody uses
            self._trim()

    def _trim(self) -> None:
        while self._total_bytes > self._limit_bytes:
            unused = next((one for one in self._sizes if one not in self._used), None)
            if unused is None:
                return
            self.remove(unused)
