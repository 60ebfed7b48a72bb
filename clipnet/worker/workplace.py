"""Folders for what is in the making, below MEDIA_DIR: one per clip and post, gone when it is done."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from clipnet.worker.polish import Polished


class Workplace:
    """Knows where things lie; paths of clips survive the worker, so that a killed one's successor goes on."""

    def __init__(self, media_dir: Path) -> None:
        self._root = media_dir / "work"

    def source(self, clip: str) -> Path:
        """Return where a clip's fetched source lies."""
        return self._root / clip / "source"

    def polished(self, clip: str) -> Polished:
        """Return where a clip's finished files lie."""
        return Polished(self._root / clip / "polished")

    def clear(self, clip: str) -> None:
        """Remove all files of a clip. Idempotent."""
        shutil.rmtree(self._root / clip, ignore_errors=True)

    def clips(self) -> tuple[str, ...]:
        """Return the clips that have files here."""
        try:
            return tuple(sorted(path.name for path in self._root.iterdir() if path.name != "posts"))
        except FileNotFoundError:
            return ()

    def clear_posts(self) -> None:
        """Remove what posts of a former worker left behind."""
        shutil.rmtree(self._root / "posts", ignore_errors=True)

    @contextmanager
    def for_post(self, post: str) -> Iterator[Path]:
        """Lend a folder for as long as a post is made."""
        folder = self._root / "posts" / post
        folder.mkdir(parents=True, exist_ok=True)
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)
