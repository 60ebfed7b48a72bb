"""Where the bytes of assets are kept: content-addressed, so that equal files are stored once."""

import contextlib
import hashlib
import itertools
import shutil
from collections.abc import Iterable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

_BLOCK_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class Blob:
    """Stored bytes: hexadecimal SHA-256 (the address) and MD5 (the ETag), and their number."""

    sha256: str
    md5: str
    bytes: int


class Incoming:
    """A file on its way in: a temporary file that is hashed while it is written.

    Args:
        path: Where it is written; it does not exist yet.
        limit_bytes: What comes beyond is counted but not written.
    """

    def __init__(self, path: Path, limit_bytes: int | None = None) -> None:
        self.path = path
        self.size_bytes = 0
        self._limit_bytes = limit_bytes
        self._file = path.open("wb")
        self._sha256 = hashlib.sha256()
        self._md5 = hashlib.md5(usedforsecurity=False)

    def write(self, data: bytes | memoryview) -> None:
        """Add bytes."""
        self.size_bytes += len(data)
        if self._limit_bytes is not None and self.size_bytes > self._limit_bytes:
            return
        self._file.write(data)
        self._sha256.update(data)
        self._md5.update(data)

    def finish(self) -> Blob:
        """Close the file and say what it is."""
        self._file.close()
        return Blob(self._sha256.hexdigest(), self._md5.hexdigest(), self.size_bytes)

    def read_back(self) -> Blob:
        """Hash what another program wrote to `path`; blocks, so call it in a thread for large files."""
        self._file.close()
        self.size_bytes = 0
        with self.path.open("rb") as written:
            while block := written.read(_BLOCK_BYTES):
                self.size_bytes += len(block)
                self._sha256.update(block)
                self._md5.update(block)
        return self.finish()

    def drop(self) -> None:
        """Remove it, unless it was kept; what could not be written to a full disk is not wanted any more."""
        with contextlib.suppress(OSError):
            self._file.close()
        self.path.unlink(missing_ok=True)


class Inbox:
    """The folder of temporary files, beside the stored ones.

    Args:
        root: Where bytes are kept. What an earlier process left in the inbox is removed.
    """

    def __init__(self, root: Path) -> None:
        self._folder = root / "incoming"
        self._numbers = itertools.count()
        shutil.rmtree(self._folder, ignore_errors=True)
        self._folder.mkdir(parents=True)

    def unused(self, kind: str) -> Path:
        """The path of a file or folder that does not exist yet."""
        return self._folder / f"{kind}-{next(self._numbers)}"

    def file(self, limit_bytes: int | None = None) -> Incoming:
        """A new temporary file."""
        return Incoming(self.unused("file"), limit_bytes)


def place(root: Path, sha256: str) -> Path:
    """Where the file of these bytes is in a folder of them; it may not exist."""
    return root / sha256[:2] / sha256


@dataclass(frozen=True, slots=True)
class Span:
    """Bytes from the `first` to the `last` of `whole_bytes`."""

    first: int
    last: int
    whole_bytes: int

    @property
    def bytes(self) -> int:
        """How many they are."""
        return self.last - self.first + 1


class Reader(Protocol):
    """Bytes that are read block by block."""

    async def read(self) -> bytes:
        """The next block; nothing at the end."""
        ...

    def close(self) -> None:
        """End it, wherever it is."""
        ...


class Readable(Protocol):
    """Stored bytes by their SHA-256, for those who only read."""

    def local(self, sha256: str) -> AbstractAsyncContextManager[Path]:
        """A file on this machine with these bytes, which stays while the context is entered.

        Raises:
            FileNotFoundError: They are not stored.
        """
        ...

    async def open(self, sha256: str, span: Span) -> Reader:
        """A part of these bytes, without bringing more of them here than need be.

        Raises:
            FileNotFoundError: They are not stored.
        """
        ...


class Blobs(Readable, Protocol):
    """A store of bytes by their SHA-256."""

    def incoming(self, limit_bytes: int | None = None) -> Incoming:
        """A new temporary file, always on this machine."""
        ...

    async def keep(self, incoming: Incoming, blob: Blob) -> None:
        """Store a finished file under its address; at once or not at all."""
        ...

    async def missing(self, addresses: Iterable[str]) -> list[str]:
        """Those of the addresses whose bytes are not stored."""
        ...

    def discard(self, addresses: Iterable[str]) -> None:
        """Remove stored bytes; those that do not exist are passed over."""
        ...

    def close(self) -> None:
        """End what it has open."""
        ...
