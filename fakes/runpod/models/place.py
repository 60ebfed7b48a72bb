"""Proposes where known files may lie in a sound: by fingerprint, and by the movement of its bands. Pure."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from fakes.runpod.models.alignment import Place
from fakes.runpod.models.bands import BANDS, FLOOR_FRAMES, FRAME_S, Bands, movement
from fakes.runpod.models.catalogue import Known
from fakes.runpod.models.sound import Prints, Sound

PRINT_HOP_S = 1365 / 11025
"""Distance of two fingerprint items: a third of a window at 11025 Hz (Chromaprint's algorithm 1)."""
PRINT_SURE_S = 1.4
"""Half of the sound that one item looks at; the second half may be something else without many wrong bits."""
_BIT_ERROR = 0.24
"""Share of wrong bits below which an item speaks for a place; unrelated speech has 0.35 and more."""
_LEAST_ITEMS = 3
_MOST_CELLS = 2_000_000
_MOST_STRETCHES = 1000
_NEAR_FRAMES = 30
_LEAST_LIKENESS = 0.4
_LIKE = 0.5
"""Likeness of movement at which a place is tried; unrelated speech rarely reaches it."""
_PIECE_FRAMES = 160
_PIECE_STEP_FRAMES = 80
_LEAST_PIECE_FRAMES = 80
_SIZE = 2048
_STEP = _SIZE - _PIECE_FRAMES
_MOST_PIECES = 128
_MOST_PLACES = 3
_APART_FRAMES = 20
_MARGIN_FRAMES = 250
_SOUND_DB = 10.0
_BESIDE_DB = 25.0
_RANGE_DB = 45.0
_EXPLAINED_DB = 4.0
_UNEXPLAINED_SHARE = 0.4
_SMOOTH_FRAMES = 31
_GAP_FRAMES = 100
_LEAST_UNEXPLAINED_FRAMES = 25


def by_prints(sound: Sound, known: Sequence[Known]) -> list[Place]:
    """Places at which a stretch of fingerprint items agrees with a known file's."""
    return [
        place
        for one in known
        for stretch in _best(_agreeing(sound.prints, one))
        if (place := _refined(sound.bands, one, stretch)) is not None
    ]


@dataclass(frozen=True, slots=True)
class _Stretch:
    """Fingerprint items of a known file (first, last + 1) that agree when it begins at one of a sound's."""

    points: float
    shift: int
    first: int
    last: int


def _best(stretches: Iterable[_Stretch]) -> Iterator[_Stretch]:
    """The best ones, each better than its neighbours."""
    taken: set[int] = set()
    for one in islice(sorted(stretches, key=lambda one: -one.points), _MOST_STRETCHES):
        if one.shift not in taken:
            taken.update((one.shift - 1, one.shift, one.shift + 1))
            yield one


def _agreeing(prints: Prints, known: Known) -> Iterator[_Stretch]:
    """For each place of a known file the longest stretch that agrees; silence speaks for nothing."""
    count = len(known.prints)
    if min(len(prints), count) < _LEAST_ITEMS:
        return
    padding = count - _LEAST_ITEMS
    padded = np.pad(prints, (padding, count + padding))
    is_there = np.pad(np.ones(len(prints), bool), (padding, count + padding))
    windows, there = (np.lib.stride_tricks.sliding_window_view(one, count) for one in (padded, is_there))
    is_audible = _audible_items(known)
    rows = max(_MOST_CELLS // count, 1)
    for begin in range(0, len(prints) + padding - _LEAST_ITEMS + 1, rows):
        block, inside = windows[begin : begin + rows], there[begin : begin + rows] & is_audible
        wrong = np.bitwise_count(block ^ known.prints).astype(np.float32) / 32
        points = np.where(inside, _BIT_ERROR - wrong, -1.0).astype(np.float32)
        first, last, best = _best_stretches(points)
        for row in np.flatnonzero(last - first >= _LEAST_ITEMS):
            yield _Stretch(float(best[row]), begin + int(row) - padding, int(first[row]), int(last[row]))


def _audible_items(known: Known) -> NDArray[np.bool_]:
    """Which fingerprint items of a known file look at anything that can be heard."""
    starts = np.round(np.arange(len(known.prints)) * PRINT_HOP_S / FRAME_S).astype(int)
    audible = np.cumsum(np.pad(known.audible.any(axis=1), (1, round(PRINT_SURE_S / FRAME_S))))
    ends = np.minimum(starts + round(PRINT_SURE_S / FRAME_S), len(audible) - 1)
    return np.asarray(audible[ends] > audible[np.minimum(starts, len(audible) - 1)])


def _best_stretches(
    points: NDArray[np.float32],
) -> tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.float32]]:
    """For each row the first and last + 1 of the neighbouring values with the largest sum, and that sum."""
    sums = np.cumsum(np.pad(points, ((0, 0), (1, 0))), axis=1)
    lowest = np.minimum.accumulate(sums, axis=1)
    gains = sums - lowest
    last = np.argmax(gains, axis=1)
    reached = np.take_along_axis(lowest, last[:, None], axis=1)
    return np.argmax(sums == reached, axis=1), last, gains.max(axis=1)


def _refined(bands: Bands, known: Known, stretch: _Stretch) -> Place | None:
    """The place nearby at which the movement of a stretch is most alike; None when it is not alike at all."""
    rough = round(stretch.shift * PRINT_HOP_S / FRAME_S)
    first = round(stretch.first * PRINT_HOP_S / FRAME_S)
    last = min(round((stretch.last * PRINT_HOP_S + PRINT_SURE_S) / FRAME_S), len(known.bands))
    begin = max(first + rough - _NEAR_FRAMES - _MARGIN_FRAMES, 0)
    around = movement(bands[begin : max(last + rough + _NEAR_FRAMES + _MARGIN_FRAMES, 0)])
    likeness = {
        shift: _likeness(known.movement[first:last], around, first + shift - begin)
        for shift in range(rough - _NEAR_FRAMES, rough + _NEAR_FRAMES + 1)
    }
    best = max(likeness, key=lambda shift: likeness[shift])
    return Place(known, best, first, last, likeness[best]) if likeness[best] >= _LEAST_LIKENESS else None


def _likeness(theirs: Bands, around: Bands, at: int) -> float:
    """Correlation of two movements when the first begins at a frame of the second, -1 to 1."""
    first, last = max(0, at), min(len(around), at + len(theirs))
    if last - first < _LEAST_PIECE_FRAMES:
        return 0.0
    one, two = theirs[first - at : last - at], around[first:last]
    norm = float(np.sqrt((one**2).sum() * (two**2).sum()))
    return float((one * two).sum()) / norm if norm > 0 else 0.0


def unexplained(bands: Bands, floors: Bands, heard: Bands) -> list[tuple[int, int]]:
    """Stretches of sound (first, last + 1 frame) that the known speech found so far does not account for."""
    step = 60 * FLOOR_FRAMES
    least = bands.max() - _RANGE_DB
    shares = np.concatenate(
        [
            _unexplained(
                bands[at : at + step],
                np.repeat(floors[at // FLOOR_FRAMES : (at + step) // FLOOR_FRAMES], FLOOR_FRAMES, axis=0),
                heard[at : at + step],
                least,
            )
            for at in range(0, len(bands), step)
        ]
    )
    smooth = np.convolve(shares, np.full(_SMOOTH_FRAMES, 1 / _SMOOTH_FRAMES), "same")
    return _stretches(np.flatnonzero(smooth > _UNEXPLAINED_SHARE))


def _unexplained(bands: Bands, floors: Bands, heard: Bands, least: float) -> NDArray[np.float32]:
    """For each frame the share of its loud bands with more energy than known speech has."""
    loudest = bands.max(axis=1, keepdims=True)
    is_loud = (bands > floors[: len(bands)] + _SOUND_DB) & (bands > loudest - _BESIDE_DB) & (loudest > least)
    share: NDArray[np.float32] = (is_loud & (bands > heard + _EXPLAINED_DB)).sum(axis=1) / np.maximum(
        is_loud.sum(axis=1), 3
    )
    return share


def _stretches(frames: NDArray[np.intp]) -> list[tuple[int, int]]:
    """Frames as stretches; short gaps are filled, what is too short is left out."""
    if not len(frames):
        return []
    ends = np.flatnonzero(np.diff(frames) > _GAP_FRAMES)
    firsts = frames[np.concatenate([[0], ends + 1])]
    lasts = frames[np.concatenate([ends, [len(frames) - 1]])]
    counts = np.diff(np.concatenate([[0], ends + 1, [len(frames)]]))
    return [
        (int(first), int(last) + 1)
        for first, last, count in zip(firsts, lasts, counts, strict=True)
        if count >= _LEAST_UNEXPLAINED_FRAMES
    ]


def by_movement(
    bands: Bands, stretches: Sequence[tuple[int, int]], known: Sequence[Known], is_over: Callable[[], bool]
) -> Iterator[Place]:
    """Places within stretches of a sound at which the movement of a piece of a known file is alike."""
    if not stretches:
        return
    pieces = iter(
        [
            (one, at)
            for one in known
            for at in range(0, max(len(one.movement) - _LEAST_PIECE_FRAMES, 1), _PIECE_STEP_FRAMES)
        ]
    )
    while group := list(islice(pieces, _MOST_PIECES)):
        compared = _Pieces(group)
        for first, last in stretches:
            for begin in range(first - _PIECE_FRAMES, last, _STEP):
                if is_over():
                    return
                yield from compared.places(bands, begin, min(begin + _STEP, last))


class _Pieces:
    """Short pieces of known files, ready to be compared with any part of a sound."""

    def __init__(self, pieces: Sequence[tuple[Known, int]]) -> None:
        self._pieces = pieces
        moves = [one.movement[at : at + _PIECE_FRAMES] for one, at in pieces]
        self._lengths = np.array([len(move) for move in moves])
        self._norms = np.sqrt([float((move**2).sum()) for move in moves]) + 1e-6
        self._spectra = np.empty((_SIZE // 2 + 1, len(pieces), BANDS), np.complex64)
        for index, move in enumerate(moves):
            self._spectra[:, index] = np.fft.rfft(move, _SIZE, axis=0).conj()

    def places(self, bands: Bands, begin: int, end: int) -> Iterator[Place]:
        """Where the pieces lie that begin between two frames, which are at most `_STEP` apart."""
        low, high = max(begin - _MARGIN_FRAMES, 0), min(begin + _SIZE + _MARGIN_FRAMES, len(bands))
        sound = np.zeros((_SIZE, BANDS), np.float32)
        first, last = max(begin, 0), min(begin + _SIZE, len(bands))
        sound[first - begin : last - begin] = movement(bands[low:high])[first - low : last - low]
        spectrum = np.fft.rfft(sound, axis=0).astype(np.complex64)
        products = np.matmul(self._spectra, spectrum[:, :, None])[:, :, 0]
        fits = np.fft.irfft(products, _SIZE, axis=0)[: end - begin]
        power = np.concatenate([[0.0], np.cumsum((sound**2).sum(axis=1, dtype=np.float64))])
        starts = np.arange(end - begin)
        for index, (one, at) in enumerate(self._pieces):
            norm = np.sqrt(np.maximum(power[starts + self._lengths[index]] - power[starts], 0))
            likeness = fits[:, index] / (self._norms[index] * np.maximum(norm, 0.5 * self._norms[index]))
            for frame in _peaks(likeness):
                yield Place(
                    one, begin + frame - at, at, at + int(self._lengths[index]), float(likeness[frame])
                )


def _peaks(likeness: NDArray[np.float64]) -> Iterator[int]:
    rest = likeness.copy()
    for _ in range(_MOST_PLACES):
        frame = int(np.argmax(rest))
        if rest[frame] < _LIKE:
            return
        yield frame
        rest[max(frame - _APART_FRAMES, 0) : frame + _APART_FRAMES + 1] = 0
