"""The files of a release: made read-only, compared by a digest, removed again."""

from __future__ import annotations

import hashlib
import os
import shutil
import stat
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

_BLOCK_BYTES = 1 << 20
_CACHES = "__pycache__"
"""Compiled code is no part of what a release is: an interpreter may write it whenever it likes."""


def seal(tree: Path) -> None:
    """Take the right to write from every file; folders keep it, so that whoever owns them can remove them."""
    for path, status in _entries(tree):
        if stat.S_ISREG(status.st_mode):
            path.chmod(stat.S_IMODE(status.st_mode) & ~0o222)


def remove(folder: Path) -> None:
    """Remove a folder and what is in it, also folders that a build made read-only; none there is fine."""
    for current, names, _ in os.walk(folder):
        for path in (Path(current, name) for name in names):
            if not path.is_symlink() and not os.access(path, os.R_OK | os.W_OK | os.X_OK):
                path.chmod(0o700)
    with suppress(FileNotFoundError):
        shutil.rmtree(folder)


def digest(tree: Path) -> str:
    """Return what tells two trees apart: names, contents, links, and what may be executed."""
    whole = hashlib.sha256()
    for path, status in _entries(tree):
        kind, content = _content(path, status)
        name = os.fsencode(path.relative_to(tree))
        whole.update(b"%s %d %s\0%s" % (kind, len(name), name, content))
    return whole.hexdigest()


def _content(path: Path, status: os.stat_result) -> tuple[bytes, bytes]:
    if stat.S_ISLNK(status.st_mode):
        return b"link", hashlib.sha256(os.fsencode(path.readlink())).digest()
    if not stat.S_ISREG(status.st_mode):
        return b"folder" if stat.S_ISDIR(status.st_mode) else b"other", b""
    content = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(_BLOCK_BYTES):
            content.update(block)
    return b"program" if status.st_mode & 0o100 else b"file", content.digest()


def _entries(folder: Path) -> Iterator[tuple[Path, os.stat_result]]:
    """Yield what is in a folder by name, a folder after what is in it; no link is followed."""
    for entry in sorted(os.scandir(folder), key=lambda entry: entry.name):
        if entry.name == _CACHES:
            continue
        path, status = Path(entry.path), entry.stat(follow_symlinks=False)
        if stat.S_ISDIR(status.st_mode):
            yield from _entries(path)
        yield path, status
