"""Trees that people upload: unpacked below the state folder, one folder for each deployment."""

import shutil
import tarfile
import tempfile
import zlib
from pathlib import Path
from typing import IO

MOST_BYTES = 512_000_000
MOST_ENTRIES = 50_000


class BadArchive(Exception):
    """What was uploaded is no archive of files that may be unpacked."""


class Files:
    """Folders of uploaded trees; they stay until the state folder goes.

    Args:
        state_dir: The fakes' state folder; None keeps them in a temporary one until `close`.
    """

    def __init__(self, state_dir: Path | None) -> None:
        self._state_dir = state_dir
        self._temporary: tempfile.TemporaryDirectory[str] | None = None

    def unpack(self, archive: IO[bytes], deployment_id: str) -> Path:
        """Unpack a gzipped archive into the folder of a deployment; returns its absolute path.

        Raises:
            BadArchive: It is damaged, too large, or has entries that lie elsewhere.
        """
        folder = self._root() / deployment_id
        shutil.rmtree(folder, ignore_errors=True)  # ids repeat after a reset
        folder.mkdir(parents=True)
        try:
            _extract(archive, folder)
        except (tarfile.TarError, zlib.error, OSError, EOFError, ValueError) as error:
            shutil.rmtree(folder, ignore_errors=True)
            raise BadArchive(f"the archive cannot be unpacked: {error}") from error
        return folder.resolve()

    def close(self) -> None:
        """Remove the temporary folder, if there is one."""
        if self._temporary is not None:
            self._temporary.cleanup()

    def _root(self) -> Path:
        if self._state_dir is not None:
            return self._state_dir / "railway-files"
        if self._temporary is None:
            self._temporary = tempfile.TemporaryDirectory(prefix="railway-files-")
        return Path(self._temporary.name)


def _extract(archive: IO[bytes], folder: Path) -> None:
    total_bytes = 0
    with tarfile.open(fileobj=archive, mode="r:gz") as tar:
        for number, entry in enumerate(tar):
            total_bytes += entry.size
            if number >= MOST_ENTRIES or total_bytes > MOST_BYTES:
                limits = f"{MOST_BYTES // 1_000_000} MB and {MOST_ENTRIES} files"
                raise ValueError(f"it holds more than {limits}")
            tar.extract(entry, folder, filter="data")
