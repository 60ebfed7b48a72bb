"""Uploaded files that arrive in pieces: on disk, never whole in memory."""

import hashlib
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class Overtaken(Exception):
    """Another request writes to the file now."""


class Writer:
    """Adds the body of one request to a file. Made by `Spool.writing`.

    Attributes:
        begin_bytes: How long the file was before.
    """

    def __init__(self, spool: "Spool", name: str, unit_bytes: int | None) -> None:
        self.begin_bytes = spool.size(name)
        self._spool = spool
        self._name = name
        self._unit_bytes = unit_bytes
        self._is_over = False

    def append(self, piece: bytes) -> None:
        """Add bytes at the end.

        Raises:
            Overtaken: Another writer has begun.
        """
        if self._is_over:
            raise Overtaken(self._name)
        self._spool.append(self._name, piece)

    def break_off(self) -> None:
        """Take no more bytes, and forget those that came, but for whole units."""
        if self._is_over:
            return
        self.end()
        kept_bytes = self.begin_bytes
        if self._unit_bytes is not None:
            size_bytes = self._spool.size(self._name)
            kept_bytes = max(kept_bytes, size_bytes - size_bytes % self._unit_bytes)
        self._spool.truncate(self._name, kept_bytes)

    def end(self) -> None:
        """Take no more bytes."""
        self._is_over = True


class Spool:
    """A folder of files that grow at their end.

    Args:
        folder: Where they lie, made when first needed; None for a temporary folder that `close` removes.
    """

    def __init__(self, folder: Path | None) -> None:
        self._is_temporary = folder is None
        self._folder = folder
        self._writers: dict[str, Writer] = {}

    def path(self, name: str) -> Path:
        """Where a file lies, whether or not it is there yet.

        Raises:
            ValueError: The name leads out of the folder.
        """
        if Path(name).name != name or name in ("", ".."):
            raise ValueError(f"'{name}' is not the name of a file")
        if self._folder is None:
            self._folder = Path(tempfile.mkdtemp(prefix="fakes-spool-"))
        self._folder.mkdir(parents=True, exist_ok=True)
        return self._folder / name

    def size(self, name: str) -> int:
        """Bytes that are there; 0 for a file that has not begun."""
        path = self.path(name)
        return path.stat().st_size if path.exists() else 0

    def settled_size(self, name: str) -> int:
        """Bytes that are there without the body that is just being written."""
        writer = self._writers.get(name)
        return self.size(name) if writer is None else writer.begin_bytes

    @contextmanager
    def writing(self, name: str, unit_bytes: int | None = None) -> Iterator[Writer]:
        """Lend the one writer of a file; a former one is broken off.

        Args:
            name: Of the file.
            unit_bytes: What is kept of a body that breaks off: whole units of the file of this size; nothing
                where there are none.
        """
        self.settle(name)
        writer = self._writers[name] = Writer(self, name, unit_bytes)
        try:
            yield writer
        except BaseException:
            writer.break_off()
            raise
        finally:
            if self._writers.get(name) is writer:
                del self._writers[name]

    def settle(self, name: str) -> None:
        """Break off what is being written to a file, because its sender has given up unheard."""
        if (writer := self._writers.pop(name, None)) is not None:
            writer.break_off()

    def append(self, name: str, piece: bytes) -> None:
        """Add bytes at the end."""
        with self.path(name).open("ab") as file:
            file.write(piece)

    def truncate(self, name: str, size_bytes: int) -> None:
        """Forget everything behind the first `size_bytes`."""
        with self.path(name).open("ab") as file:
            file.truncate(size_bytes)

    def head(self, name: str, count_bytes: int) -> bytes:
        """The first bytes, at most `count_bytes` of them; none of a file that has not begun."""
        path = self.path(name)
        if not path.exists():
            return b""
        with path.open("rb") as file:
            return file.read(count_bytes)

    def sha256(self, name: str) -> str:
        """Digest of the whole file as lower-case hex; takes time, call it in a thread."""
        path = self.path(name)
        path.touch()
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()

    def delete(self, name: str) -> None:
        """Remove a file, if it is there."""
        self.path(name).unlink(missing_ok=True)

    def clear(self) -> None:
        """Remove all files; what is being written comes to nothing."""
        for writer in self._writers.values():
            writer.end()
        self._writers.clear()
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)
            if self._is_temporary:
                self._folder = None

    def close(self) -> None:
        """Remove what is temporary."""
        if self._is_temporary:
            self.clear()
