"""Blobs in a folder of this machine."""

import contextlib
import shutil
import threading
from collections.abc import AsyncIterator, Iterable
from pathlib import Path

from fakes.cloudinary.blobs import Blob, Inbox, Incoming, Reader, Span, place
from fakes.cloudinary.blobs.readers import FileReader


class FolderBlobs:
    """Blobs in a folder as `<first two digits>/<sha256>`; temporary files are in `incoming/` beside them.

    Args:
        root: The folder. Temporary files that an earlier process left there are removed.
    """

    def __init__(self, root: Path) -> None:
        self._root = root
        self._inbox = Inbox(root)

    def incoming(self, limit_bytes: int | None = None) -> Incoming:
        """A new temporary file."""
        return self._inbox.file(limit_bytes)

    async def keep(self, incoming: Incoming, blob: Blob) -> None:
        """Store a finished file under its address; at once or not at all."""
        self.take(incoming.path, blob.sha256)

    @contextlib.asynccontextmanager
    async def local(self, sha256: str) -> AsyncIterator[Path]:
        """The file of these bytes.

        Raises:
            FileNotFoundError: They are not stored.
        """
        path = self.path(sha256)
        if not path.is_file():
            raise FileNotFoundError(path)
        yield path

    async def open(self, sha256: str, span: Span) -> Reader:
        """A part of these bytes.

        Raises:
            FileNotFoundError: They are not stored.
        """
        return FileReader(self.path(sha256), span)

    async def missing(self, addresses: Iterable[str]) -> list[str]:
        """Those of the addresses whose bytes are not stored."""
        return [address for address in addresses if not self.path(address).is_file()]

    def discard(self, addresses: Iterable[str]) -> None:
        """Take files out at once and delete them behind."""
        dead = [path for path in map(self.path, addresses) if path.exists()]
        if not dead:
            return
        grave = self._inbox.unused("dead")
        grave.mkdir()
        for path in dead:
            with contextlib.suppress(FileNotFoundError):
                path.rename(grave / path.name)
        threading.Thread(target=shutil.rmtree, args=(grave, True), daemon=True).start()

    def close(self) -> None:
        """Nothing is open."""

    def path(self, sha256: str) -> Path:
        """Where the file of these bytes is; it may not exist."""
        return place(self._root, sha256)

    def take(self, file: Path, sha256: str) -> None:
        """Make a file of this file system the one of these bytes."""
        target = self.path(sha256)
        try:
            file.replace(target)
        except FileNotFoundError:
            target.parent.mkdir(exist_ok=True)
            file.replace(target)
