"""A known file laid over a sound: at which times it is really heard there. Pure.

Each frame is judged by its bands. Where the known file is loud and nothing else is expected to be louder, the
sound must have the same energy, but for a gain of each band (filters, codecs) and of each moment (limiters).
Less energy speaks strongly against it: what is said can be covered up, but not taken away.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from fakes.runpod.models.bands import BANDS, FLOOR_FRAMES, FRAME_S, MIDDLE_S, Bands
from fakes.runpod.models.catalogue import Known, SpokenWord

SILENT_DB = -200.0
_SAME_DB = 3.0
_COVERED_DB = 3.0
_OVER_FLOOR_DB = 4.0
_MOST_BAND_GAIN_DB = 8.0
_MOST_MOMENT_GAIN_DB = 9.0
_MOMENT_SPREAD_DB = 2.0
_MOMENT_SHARE = 0.6
_SAME, _MORE, _LESS = 1.0, -0.5, -1.0
_ODD = -0.05
"""Points of a frame in which the known file is silent and the sound is loud."""
_LOUDER_DB = 10.0
_CHANCE = 0.2
"""Share of bands that have the same energy in unrelated speech."""
_LEAST_BANDS = 3
_LEAST_CELLS = 10
_LEAST_FRAMES = 30
_ENTRY_POINTS = 8.0
_LEAST_POINTS = 50.0
_LEAST_SURENESS = 0.33
_FILLED = -0.4
_UNJUDGED_FRAMES = 3
"""The last frames of a sound reach beyond its end."""
_WHOLE_S = 0.05
"""A word that is cut by less is whole."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a known file may lie in a sound, in frames.

    Attributes:
        shift: Where its start is, before the sound's start if negative.
        first: From this frame of the known file on it is heard nearly surely.
        last: Before this frame it is.
        likeness: How sure that is; only its order means something.
    """

    known: Known
    shift: int
    first: int
    last: int
    likeness: float

    def within(self, frames: int) -> slice:
        """The frames of a sound of some length over which the known file lies."""
        return slice(max(self.shift, 0), max(min(self.shift + len(self.known.bands), frames), 0))


@dataclass(frozen=True, slots=True, eq=False)
class Alignment:
    """A known file that is heard in a sound.

    Attributes:
        first: The first frame of the known file that lies within the sound.
        level: Its bands as they are in the sound, from that frame.
        runs: Frames of the known file (first, last + 1) that are really there.
        points: How much speaks for it.
        sureness: Share of what should be there and is, 0 to 1.
    """

    place: Place
    first: int
    level: Bands
    runs: tuple[tuple[int, int], ...]
    points: float
    sureness: float

    def spans(self) -> Iterable[tuple[slice, Bands]]:
        """The parts of the sound in which it is heard, with its bands in them."""
        shift = self.place.shift
        for start, end in self.runs:
            yield slice(start + shift, end + shift), self.level[start - self.first : end - self.first]

    def surest(self) -> Place:
        """Its place, by the longest part that is really there."""
        first, last = max(self.runs, key=lambda run: run[1] - run[0])
        return replace(self.place, first=first, last=last)

    def times(self, duration_s: float) -> tuple[tuple[float, float], ...]:
        """From when to when in a sound of some length it is heard."""
        last = duration_s / FRAME_S - _UNJUDGED_FRAMES
        return tuple(
            (
                span.start * FRAME_S + MIDDLE_S if span.start > 0 else 0.0,
                span.stop * FRAME_S + MIDDLE_S if span.stop < last else duration_s,
            )
            for span, _ in self.spans()
        )

    def words(self, duration_s: float) -> tuple[SpokenWord, ...]:
        """The words of which half at least is there, with their times in the sound."""
        heard = self.times(duration_s)
        found = []
        for written in self.place.known.words:
            word = written.later(self.place.shift * FRAME_S)
            parts = [(max(start, word.start), min(end, word.end)) for start, end in heard]
            parts = [part for part in parts if part[0] < part[1]]
            inside_s, whole_s = sum(end - start for start, end in parts), word.end - word.start
            if inside_s < 0.5 * whole_s:
                continue
            is_whole = inside_s >= whole_s - _WHOLE_S
            start, end = (word.start, word.end) if is_whole else (parts[0][0], parts[-1][1])
            found.append(replace(word, start=max(start, 0.0), end=min(end, duration_s)))
        return tuple(found)


def align(place: Place, bands: Bands, floors: Bands, covered: Bands) -> Alignment | None:
    """Lay a known file over a sound; None when it is not heard there.

    Args:
        floors: What is in the sound nearly always (`bands.floors`).
        covered: Other speech that was found where the file lies, `SILENT_DB` where there is none.
    """
    here = place.within(len(bands))
    first, last = here.start - place.shift, here.stop - place.shift
    if last - first < _LEAST_FRAMES:
        return None
    theirs, ours, loud = place.known.bands[first:last], bands[here], place.known.audible[first:last]
    gains = _gains(ours - theirs, loud & (ours > covered + _COVERED_DB), place, first)
    if gains is None:
        return None
    level, weights = theirs + gains[0], gains[1]
    floor = floors[np.arange(here.start, here.stop) // FLOOR_FRAMES]
    telling = loud & (level > floor + _OVER_FLOOR_DB) & (level > covered + _COVERED_DB) & (weights > 0)
    level += _moments(ours - level, telling)[:, None]
    frames = _judged(ours, level, telling, weights)
    unjudged = max(len(bands) - _UNJUDGED_FRAMES - here.start, 0)
    frames.points[unjudged:] = np.maximum(frames.points[unjudged:], 0)
    runs, total = _runs(frames.points)
    if total < _LEAST_POINTS:
        return None
    is_hidden = ~frames.is_told & (covered.max(axis=1) > level.max(axis=1))
    runs = _widened(runs, frames, is_hidden)
    sureness = frames.sureness(runs)
    if sureness < _LEAST_SURENESS:
        return None
    shifted = tuple((start + first, end + first) for start, end in runs)
    return Alignment(place, first, np.asarray(level, np.float32), shifted, total, sureness)


def _gains(
    difference: Bands, cells: NDArray[np.bool_], place: Place, first: int
) -> tuple[NDArray[np.float32], NDArray[np.float32]] | None:
    """For each band its gain, and how far it can be relied on; from what is nearly surely there."""
    sure = slice(max(place.first - first, 0), max(place.last - first, 0))
    difference, cells = difference[sure], cells[sure]
    gain = _commonest(difference[cells])
    if gain is None:
        return None
    gains, weights = np.full(BANDS, gain, np.float32), np.zeros(BANDS, np.float32)
    for band in range(BANDS):
        values = difference[:, band][cells[:, band]] - gain
        own = _commonest(np.clip(values, -_MOST_BAND_GAIN_DB, _MOST_BAND_GAIN_DB))
        if own is not None:
            gains[band] += own
            weights[band] = max(float((np.abs(values - own) <= _SAME_DB).mean()) - _CHANCE, 0.0)
    return (gains, weights) if weights.any() else None


def _commonest(values: NDArray[np.float32]) -> float | None:
    """The value that most are near to: other sound on top moves a mean, but not this."""
    if len(values) < _LEAST_CELLS:
        return None
    counts, edges = np.histogram(values, bins=np.arange(-60.0, 61.0))
    at = edges[int(np.argmax(np.convolve(counts, [1, 2, 3, 2, 1], "same")))] + 0.5
    near = values[np.abs(values - at) <= _SAME_DB]
    return float(near.mean()) if len(near) else float(at)


def _moments(difference: Bands, telling: NDArray[np.bool_]) -> NDArray[np.float32]:
    """The gain of each frame that all bands agree on: loudness that is levelled or limited."""
    count = telling.sum(axis=1)
    ordered = np.sort(np.where(telling, difference, np.inf), axis=1)
    gain = ordered[np.arange(len(count)), np.maximum(count - 1, 0) // 2]
    is_near = telling & (np.abs(difference - gain[:, None]) < _MOMENT_SPREAD_DB)
    agree = (count > _LEAST_BANDS) & (is_near.sum(axis=1) >= _MOMENT_SHARE * count)
    return np.where(agree & (np.abs(gain) <= _MOST_MOMENT_GAIN_DB), gain, 0).astype(np.float32)


@dataclass(frozen=True, slots=True, eq=False)
class _Judged:
    """For each frame: whether enough bands tell, what speaks for it, and the same if more is no objection."""

    is_told: NDArray[np.bool_]
    points: NDArray[np.float32]
    presence: NDArray[np.float32]

    def sureness(self, runs: Iterable[tuple[int, int]]) -> float:
        """Share of what should be there in some runs and is."""
        told = [self.presence[start:end][self.is_told[start:end]] for start, end in runs]
        return float(np.clip(np.concatenate(told).mean(), 0, 1))


def _judged(ours: Bands, level: Bands, telling: NDArray[np.bool_], weights: NDArray[np.float32]) -> _Judged:
    is_told = telling.sum(axis=1) >= _LEAST_BANDS
    shares = telling * weights
    shares /= np.maximum(shares.sum(axis=1, keepdims=True), 1e-9)
    is_same, is_less = np.abs(ours - level) <= _SAME_DB, ours < level - _SAME_DB
    points = (np.where(is_same, _SAME, np.where(is_less, _LESS, _MORE)) * shares).sum(axis=1)
    presence = (np.where(is_same, _SAME, np.where(is_less, _LESS, 0.0)) * shares).sum(axis=1)
    odd = np.where(ours.max(axis=1) > level.max(axis=1) + _LOUDER_DB, _ODD, 0.0)
    return _Judged(
        is_told,
        np.where(is_told, points, odd).astype(np.float32),
        np.where(is_told, presence, 0).astype(np.float32),
    )


def _runs(points: NDArray[np.float32]) -> tuple[list[tuple[int, int]], float]:
    """The runs of frames with the most points, when each run costs some; and those points.

    Two states are weighed against each other at each frame, being in a run and not; then the better way is
    followed back.
    """
    inside, outside = -_ENTRY_POINTS, 0.0
    stays: list[bool] = []
    leaves: list[bool] = []
    for value in points.tolist():
        stays.append(inside >= outside - _ENTRY_POINTS)
        leaves.append(inside > outside)
        inside, outside = max(inside, outside - _ENTRY_POINTS) + value, max(inside, outside)
    total = max(inside, outside)
    is_inside = inside >= outside
    runs: list[tuple[int, int]] = []
    end = len(points)
    for frame in range(len(points) - 1, -1, -1):
        if is_inside and not stays[frame]:
            runs.append((frame, end))
            is_inside = False
        elif not is_inside and leaves[frame]:
            is_inside, end = True, frame
    if is_inside:
        runs.append((0, end))
    return runs[::-1], total + _ENTRY_POINTS * len(runs)


def _widened(
    runs: Iterable[tuple[int, int]], frames: _Judged, is_hidden: NDArray[np.bool_]
) -> list[tuple[int, int]]:
    """Runs as far as nothing speaks against them; gaps between two are filled where nothing is missing."""
    nearby = np.lib.stride_tricks.sliding_window_view(np.pad(frames.points, 1, "edge"), 3)
    is_fine = nearby.mean(axis=1) >= _ODD - 0.01
    is_passable = np.median(nearby, axis=1) >= _ODD - 0.01
    wide: list[tuple[int, int]] = []
    for start, end in runs:
        start -= _reach(is_fine[:start][::-1], is_passable[:start], is_hidden[:start][::-1])
        end += _reach(is_fine[end:], is_passable[end:], is_hidden[end:])
        if wide and (start <= wide[-1][1] or frames.presence[wide[-1][1] : start].mean() > _FILLED):
            start = wide.pop()[0]
        wide.append((start, end))
    return wide


def _reach(is_fine: NDArray[np.bool_], is_passable: NDArray[np.bool_], is_hidden: NDArray[np.bool_]) -> int:
    """How many frames more a run may take: all to the file's very end, or until something speaks against it.

    On the way to the end single bad frames are passed over, and what other speech hides.
    """
    if is_passable.all():
        return len(is_passable)
    reach = len(is_fine) if is_fine.all() else int(np.argmin(is_fine))
    return int(np.argmax(is_hidden[:reach])) if is_hidden[:reach].any() else reach
