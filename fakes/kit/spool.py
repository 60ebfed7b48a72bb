"""Uploaded files that arrive in pieces: on disk, never whole in memory."""

import hashlib
import shutil
import tempfile
from pathlib import Path


class Spool:
    """A folder of files that grow at their end.

    Args:
        folder: Where they lie, made when first needed; None for a temporary folder that `close` removes.
    """

    def __init__(self, folder: Path | None) -> None:
        self._is_temporary = folder is None
        self._folder = folder

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

    def append(self, name: str, piece: bytes) -> None:
        """Add bytes at the end."""
        with self.path(name).open("ab") as file:
            file.write(piece)

    def truncate(self, name: str, size_bytes: int) -> None:
        """Forget everything behind the first `size_bytes`."""
        with self.path(name).open("ab") as file:
            file.truncate(size_bytes)

    def tail(self, name: str, count_bytes: int) -> bytes:
        """The last bytes, at most `count_bytes` of them."""
        with self.path(name).open("rb") as file:
            file.seek(max(0, self.size(name) - count_bytes))
            return file.read()

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
        """Remove all files."""
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)
            if self._is_temporary:
                self._folder = None

    def close(self) -> None:
        """Remove what is temporary."""
        if self._is_temporary:
            self.clear()
