"""The folder `.clipnet/<stack>/`: its paths, its lock, and how files in it are replaced."""

from __future__ import annotations

import errno
import fcntl
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from emulator.errors import StateFolderUnusable
from emulator.processes import is_alive

_FULL = (errno.ENOSPC, errno.EDQUOT)
_FOLDERS = ("logs", "fakes", "blobs", "media", "tmp")


@dataclass(frozen=True, slots=True)
class StateFolder:
    """Where everything of one stack lies."""

    path: Path

    @property
    def lock(self) -> Path:
        """Held (flock) by the supervisor as long as it lives."""
        return self.path / "lock"

    @property
    def state(self) -> Path:
        """The stack's record, replaced on each change."""
        return self.path / "state.json"

    @property
    def ports(self) -> Path:
        """The stack's ports; kept when it is down."""
        return self.path / "ports.json"

    @property
    def addition(self) -> Path:
        """What is added to the compose file where Docker runs it. While it is here, Docker keeps data."""
        return self.path / "compose.docker.yaml"

    @property
    def control(self) -> Path:
        """The socket at which the supervisor takes requests."""
        return self.path / "control"

    @property
    def unseeded(self) -> Path:
        """There while a new database waits for its first seed, also over starts that were interrupted."""
        return self.path / "unseeded"

    @property
    def routes(self) -> Path:
        """Where the edge keeps its routes if it runs in a container; gone with all of `tmp`."""
        return self.tmp / "edge"

    @property
    def logs(self) -> Path:
        """One log file per service."""
        return self.path / "logs"

    @property
    def tmp(self) -> Path:
        """TMPDIR of the services; emptied at each start and stop."""
        return self.path / "tmp"

    def log(self, service: str) -> Path:
        """Return the log file of a service."""
        return self.logs / f"{service}.log"

    def data(self, name: str) -> Path:
        """Return a folder of data: postgres, redis, fakes, blobs, media."""
        return self.path / name

    def create(self) -> None:
        """Make the folder and those in it.

        Raises:
            StateFolderUnusable: It cannot be written.
        """
        with writing(self.path):
            for name in _FOLDERS:
                (self.path / name).mkdir(parents=True, exist_ok=True)
            self.path.chmod(0o700)
            ignore = self.path.parent / ".gitignore"
            if not ignore.exists():
                ignore.write_text("*\n")

    def read(self, path: Path) -> dict[str, Any] | None:
        """Return a JSON file of this folder, or None if there is none."""
        return read_json(path)


def read_json(path: Path) -> dict[str, Any] | None:
    """Return a JSON file of ours, or None if there is none.

    Raises:
        StateFolderUnusable: It is damaged, or cannot be read.
    """
    try:
        found = json.loads(path.read_bytes())
    except (FileNotFoundError, NotADirectoryError):
        return None
    except ValueError as error:
        raise damaged(path, str(error)) from error
    except OSError as error:
        raise StateFolderUnusable(f"'{path}' cannot be read: {error.strerror}") from error
    if not isinstance(found, dict):
        raise damaged(path, "it holds no map")
    return found


def damaged(path: Path, why: str) -> StateFolderUnusable:
    """Return the error that says that a file of ours does not hold what we write."""
    return StateFolderUnusable(
        f"'{path}' is damaged: {why}", f"stop the stack with: clipnet-emulate down; then: rm '{path}'"
    )


@contextmanager
def writing(path: Path, setting: str = "CLIPNET_STATE_DIR") -> Iterator[None]:
    """Say in words why something under `path` cannot be written, and which setting moves it."""
    try:
        yield
    except OSError as error:
        if error.errno in _FULL:
            raise StateFolderUnusable(
                f"there is no space left on the disk that holds '{path}'",
                f"make room, or name another disk with {setting}",
            ) from error
        raise StateFolderUnusable(
            f"'{path}' cannot be written: {error.strerror}", f"choose a folder of yours with {setting}"
        ) from error


def replace_json(path: Path, value: Mapping[str, Any]) -> None:
    """Write a JSON file so that a reader sees the old one or the new one, never a part."""
    fresh = path.with_name(f"{path.name}.{os.getpid()}")
    try:
        fresh.write_text(json.dumps(value))
        fresh.rename(path)
    except OSError:
        fresh.unlink(missing_ok=True)
        raise


def try_lock(path: Path) -> int | None:
    """Take the lock and return its descriptor, or None if another process holds it."""
    with writing(path):
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return None
    return descriptor


def is_locked(path: Path) -> bool:
    """Tell whether a supervisor holds the lock."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False


def holder(folder: StateFolder) -> int | None:
    """Return the pid of the supervisor that wrote itself into the lock, if it lives."""
    try:
        pid, started = (int(word) for word in folder.lock.read_text().split())
    except (OSError, ValueError):
        return None
    return pid if is_alive(pid, started) else None
