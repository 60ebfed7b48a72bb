"""Old files: uploads of clips that go or are gone, logs that were put aside and those of old deployments."""

from __future__ import annotations

import os
import shutil
from collections.abc import Collection, Iterator
from itertools import chain
from pathlib import Path
from stat import S_ISDIR
from uuid import UUID

from emulator.pruning.item import Item

_OLD_LOGS = ("*.log.1", "deploy-*.log")
_UPLOADS = "uploads"


def upload_folders(media_dir: Path) -> dict[str, Path]:
    """Return the folders of uploads by the clip that each belongs to."""
    try:
        found = sorted((media_dir / _UPLOADS).iterdir())
    except (FileNotFoundError, NotADirectoryError):
        return {}
    return {path.name: path for path in found if is_id(path.name)}


def uploads(
    folders: dict[str, Path], clips: Collection[str], known: Collection[str], before_s: float
) -> Iterator[Item]:
    """Yield the uploads of these clips, and old ones of clips that the database does not know any more."""
    for clip, folder in folders.items():
        at_s, size = touched(folder)
        if clip in clips:
            yield Item("upload", clip, at_s, size, f"{_UPLOADS}/{clip}", of=clip)
        elif clip not in known and at_s < before_s:
            yield Item("upload", clip, at_s, size, f"{_UPLOADS}/{clip} (its clip is gone)")


def logs(logs_dir: Path, before_s: float) -> Iterator[Item]:
    """Yield logs that nothing is written to any more."""
    for path in sorted(path for pattern in _OLD_LOGS for path in logs_dir.glob(pattern)):
        at_s, size = touched(path)
        if at_s < before_s:
            yield Item("log", path.name, at_s, size)


def remove_upload(media_dir: Path, item: Item) -> bool:
    """Remove a folder of uploads; tell whether it is gone: one that was used meanwhile stays."""
    folder = media_dir / _UPLOADS / item.id
    if touched(folder)[0] > item.at_s:
        return False
    shutil.rmtree(folder, ignore_errors=True)
    return not folder.exists()


def remove_log(logs_dir: Path, item: Item) -> bool:
    """Remove a log; tell whether it is gone: another one that was put aside meanwhile stays."""
    path = logs_dir / item.id
    if touched(path)[0] > item.at_s:
        return False
    path.unlink(missing_ok=True)
    return True


def is_id(text: str) -> bool:
    """Tell whether a text is the id of a clip, as it is spelled in names."""
    try:
        return str(UUID(text)) == text
    except ValueError:
        return False


def touched(path: Path) -> tuple[float, int]:
    """Return when something in a folder, or a file, last changed, and its bytes; zeros for what is gone."""
    inner = (Path(folder, name) for folder, *names in os.walk(path) for name in chain(*names))
    facts = [found for one in (path, *inner) if (found := _facts(one)) is not None]
    size = sum(one.st_size for one in facts if not S_ISDIR(one.st_mode))
    return max((one.st_mtime for one in facts), default=0.0), size


def _facts(path: Path) -> os.stat_result | None:
    try:
        return path.lstat()
    except FileNotFoundError:
        return None
