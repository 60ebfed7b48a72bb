"""Writes archives: files under names that no other file has, as zip or tar.gz. Blocks; use it in threads."""

from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import Protocol

FORMATS = ("zip", "tgz")


class Writer(Protocol):
    """An archive that is being written."""

    def add(self, path: Path, name: str) -> None:
        """Add a file."""
        ...

    def close(self) -> None:
        """Write the end."""
        ...


def writer(target: Path, format_name: str, at_s: float) -> Writer:
    """A new archive.

    Args:
        target: The file to write.
        format_name: One of `FORMATS`.
        at_s: Unix time of all that is in it.
    """
    return _Zip(target, at_s) if format_name == "zip" else _Tar(target, at_s)


class Names:
    """Gives each file of an archive a name of its own: the second `a.png` is `a_1.png`."""

    def __init__(self) -> None:
        self._taken: set[str] = set()
        self._next: dict[str, int] = {}

    def take(self, name: str) -> str:
        """The name, or the next one like it."""
        path = PurePosixPath(name)
        chosen = name
        while chosen in self._taken:
            number = self._next.get(name, 1)
            self._next[name] = number + 1
            chosen = str(path.with_name(f"{path.stem}_{number}{path.suffix}"))
        self._taken.add(chosen)
        return chosen


class _Zip:
    def __init__(self, target: Path, at_s: float) -> None:
        import zipfile

        at = datetime.fromtimestamp(max(at_s, 315_532_800), UTC)  # zip knows no time before 1980
        self._time = (at.year, at.month, at.day, at.hour, at.minute, at.second)
        self._file = zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=1)

    def add(self, path: Path, name: str) -> None:
        import zipfile

        info = zipfile.ZipInfo(name, self._time)
        info.compress_type = zipfile.ZIP_DEFLATED
        info.external_attr = 0o644 << 16
        info.file_size = path.stat().st_size
        with path.open("rb") as source, self._file.open(info, "w") as written:
            while block := source.read(1 << 20):
                written.write(block)

    def close(self) -> None:
        self._file.close()


class _Tar:
    def __init__(self, target: Path, at_s: float) -> None:
        import tarfile

        self._at_s = int(at_s)
        self._file = tarfile.open(target, "w:gz", compresslevel=1)  # noqa: SIM115 - closed by `close`

    def add(self, path: Path, name: str) -> None:
        import tarfile

        info = tarfile.TarInfo(name)
        info.size, info.mtime = path.stat().st_size, self._at_s
        with path.open("rb") as source:
            self._file.addfile(info, source)

    def close(self) -> None:
        self._file.close()
