"""Cuts in a running series of frames, told from flashes, fades and wild pictures.

It remembers as many frames as a decision needs, made small, however long the series is.
"""

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fakes.runpod.models.media import Frame, Gray

VISIBLE = 20
"""Change of a pixel (of 255) that is seen."""
CUT_MEAN = 0.12
"""Mean difference (of 1) that a cut has at least: two similar pictures are no cut."""
CUT_SHARE = 0.4
"""Share of pixels that a cut changes at least: a bar or a title that appears is no cut."""
_QUIET_RATIO = 4.0
"""How many times the difference of its quieter side a cut has at least."""
_WILD_RATIO = 1.5
"""How many times the difference of its wilder side: a cut into action is one, action alone is none."""
_NEAR_FRAMES = 3
_NEAR_S = 0.3
"""A picture that comes back so soon was a flash, a change that goes on so soon a fade."""
_SAME = 0.3
_STRAIGHT = 0.85
_SMALL_PX = 16

_Small = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class _Seen:
    """A frame made small, and how it differs from the one before (the first from none)."""

    small: _Small
    share: float = 0.0
    mean: float | None = None


class CutFinder:
    """Takes the frames of a series one by one and tells which of them begin another picture.

    Args:
        fps: Frames per second.
    """

    def __init__(self, fps: float) -> None:
        self._near = int(_NEAR_S * fps + 1e-6)
        self._reach = max(_NEAR_FRAMES, self._near)
        self._seen: deque[_Seen] = deque(maxlen=2 * self._reach + 2)
        self._last: Frame | None = None
        self._count = 0

    def take(self, frame: Frame) -> list[int]:
        """Add a frame; the numbers of earlier ones that are now known to begin a picture."""
        small = _made_small(frame)
        self._seen.append(_Seen(small) if self._last is None else _Seen(small, *changed(self._last, frame)))
        self._last = frame
        self._count += 1
        number = self._count - 1 - self._reach
        return [number] if self._is_cut(number) else []

    def rest(self) -> list[int]:
        """The numbers of the last frames that begin a picture; no frame follows any more."""
        waiting = range(max(0, self._count - self._reach), self._count)
        return [number for number in waiting if self._is_cut(number)]

    def _is_cut(self, number: int) -> bool:
        at = len(self._seen) - self._count + number
        if number < 1 or at < 1:
            return False
        seen = self._seen[at]
        if seen.mean is None or seen.mean < CUT_MEAN or seen.share < CUT_SHARE:
            return False
        before = self._means(range(at - self._reach, at))
        after = self._means(range(at + 1, at + 1 + self._reach))
        return _stands_out(seen.mean, before, after) and not self._returns(at) and not self._goes_on(at)

    def _means(self, places: Iterable[int]) -> list[float]:
        found = (self._seen[at].mean for at in places if 0 <= at < len(self._seen))
        return [mean for mean in found if mean is not None]

    def _returns(self, at: int) -> bool:
        """Whether the picture before soon comes back, or the picture after was there just before."""
        old, new = self._seen[at - 1].small, self._seen[at].small
        alike = _SAME * _distance(old, new)
        return any(_distance(old, small) <= alike for small in self._later(at)) or any(
            _distance(new, small) <= alike for small in self._earlier(at)
        )

    def _goes_on(self, at: int) -> bool:
        """Whether the change soon leads on the same way, or came so: one of several steps of a fade."""
        old, new = self._seen[at - 1].small, self._seen[at].small
        return any(_is_between(old, new, small) for small in self._later(at)) or any(
            _is_between(small, old, new) for small in self._earlier(at)
        )

    def _later(self, at: int) -> list[_Small]:
        return [self._seen[index].small for index in range(at + 1, min(len(self._seen), at + 1 + self._near))]

    def _earlier(self, at: int) -> list[_Small]:
        return [self._seen[index].small for index in range(max(0, at - 1 - self._near), at - 1)]


def moved(before: Gray, after: Gray) -> float:
    """Share of the pixels whose brightness changes visibly between two frames of one size."""
    return float((_change(before, after) > VISIBLE).mean())


def changed(before: Frame, after: Frame) -> tuple[float, float]:
    """Share of the pixels that change visibly, in brightness or in colour, and the mean change in 0..1."""
    change = _change(before.luma, after.luma)
    tint = _change(before.chroma, after.chroma).max(axis=2)
    if tint.max() > VISIBLE:
        rows, columns = change.shape
        change = np.maximum(change, tint.repeat(2, axis=0)[:rows].repeat(2, axis=1)[:, :columns])
    return float((change > VISIBLE).mean()), float(change.mean() / 255)


def _change(before: Gray, after: Gray) -> Gray:
    return np.maximum(before, after) - np.minimum(before, after)


def _stands_out(mean: float, before: list[float], after: list[float]) -> bool:
    """Whether a change is large against those around it; another cut on each side does no harm."""
    sides = sorted(_second(side) for side in (before, after) if side)
    if not sides:
        return True
    wilder_ratio = _WILD_RATIO if len(sides) == 2 else _QUIET_RATIO
    return mean >= _QUIET_RATIO * sides[0] and mean >= wilder_ratio * sides[-1]


def _second(values: list[float]) -> float:
    return sorted(values)[-2] if len(values) > 1 else 0.0


def _is_between(start: _Small, way: _Small, end: _Small) -> bool:
    """Whether a frame lies straight on the way from one to another, and not just at one of them."""
    to, onward = _distance(start, way), _distance(way, end)
    is_apart = min(to, onward) * _QUIET_RATIO >= max(to, onward)
    return is_apart and _distance(start, end) >= _STRAIGHT * (to + onward)


def _made_small(frame: Frame) -> _Small:
    """Brightness and both parts of colour, each in at most `_SMALL_PX` x `_SMALL_PX` blocks, in 0..1."""
    planes = (frame.luma, frame.chroma[..., 0], frame.chroma[..., 1])
    return np.concatenate([_blocks(plane).ravel() for plane in planes])


def _blocks(plane: Gray) -> _Small:
    means = plane.astype(np.float64) / 255
    for axis in (0, 1):
        length = means.shape[axis]
        starts = np.arange(min(length, _SMALL_PX)) * length // min(length, _SMALL_PX)
        sizes = np.diff([*starts, length])
        means = np.add.reduceat(means, starts, axis=axis) / np.expand_dims(sizes, 1 - axis)
    return means


def _distance(one: _Small, other: _Small) -> float:
    return float(np.abs(one - other).mean())
