"""Which clips are on their way to Whisper: tells the batcher whether waiting is of any use. Pure state."""

from __future__ import annotations


class Traffic:
    """Clips by how far they are, as seen by this process."""

    def __init__(self) -> None:
        self._ahead: set[str] = set()
        self._near: set[str] = set()
        self._past: set[str] = set()

    def started(self, clip: str) -> None:
        """A clip is worked on and has not been heard yet."""
        if clip not in self._past:
            self._ahead.add(clip)

    def polished(self, clip: str) -> None:
        """A clip's sound is ready: it is about to be submitted."""
        if clip in self._ahead:
            self._near.add(clip)

    def submitted(self, clip: str) -> None:
        """A clip was handed to the batcher."""
        self._ahead.discard(clip)
        self._near.discard(clip)
        self._past.add(clip)

    def ended(self, clip: str) -> None:
        """A clip is ready, failed or gone."""
        for clips in (self._ahead, self._near, self._past):
            clips.discard(clip)

    def any_ahead(self) -> bool:
        """Tell whether a clip is worked on that will be submitted."""
        return bool(self._ahead)

    def any_near(self) -> bool:
        """Tell whether a clip will be submitted within moments."""
        return bool(self._near)

    def is_new(self, clip: str) -> bool:
        """Tell whether a clip that waits in the queue has yet to be heard."""
        return clip not in self._past
