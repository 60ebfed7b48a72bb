"""Tells speech that nobody knows from silence, noise and tones, by its energy alone. Pure.

Speech rises and falls, and its pitches do so one against the other all the time: a tone or a chord keeps its
shape while it lasts, noise has much the same everywhere.
"""

from collections.abc import Iterable, Iterator

import numpy as np
from numpy.typing import NDArray

from fakes.runpod.models.bands import FLOOR_FRAMES, FRAME_S, FULL_DB, Bands

_LEAST_SPEECH_S = 0.25
_NEAR_S = 0.15
"""Sound so near to known speech belongs to it: its echo, or its quiet ends under noise."""
_STEP_FRAMES = 5
_STEP_S = _STEP_FRAMES * FRAME_S
_QUIET_DB = -50.0
_RANGE_DB = 30.0
_OVER_FLOOR_DB = 6.0
_TOP_REACH_STEPS = 200
_PAUSE_STEPS = 8
_LEAST_RISE_DB = 6.0
_RISE_REACH_STEPS = 4
_LAG_FRAMES = 4
_FIRST_BAND = 4
_LOUD_DB = 10.0
_BESIDE_DB = 25.0
_LEAST_BANDS = 3
_SURE_CHANGE_DB = 2.6
"""Chords stay below 1.5 dB, noise that swells below 2.2 dB; speech has 4 dB, in noise at least at times."""
_NEAR_CHANGE_DB = 1.8
"""So much is enough near to a sure place."""
_CHANGE_REACH_STEPS = 20
_SURE_REACH_STEPS = 60
_LEAST_SWING_DB = 4.0
_SWING_REACH_STEPS = 5
_BLOCK_STEPS = 10_000
_LONGEST_STEPS = round(30 / _STEP_S)


def voiced(bands: Bands, floors: Bands, known: Iterable[tuple[float, float]]) -> list[tuple[float, float]]:
    """Stretches of speech, in seconds; pauses of a breath are part of them, and none is too long.

    Args:
        known: From when to when known speech is heard; it is left out, and all that is near to it.
    """
    count = len(bands) // _STEP_FRAMES
    if count == 0:
        return []
    level_db = _levels(bands, count)
    floor_db = 10 * np.log10((10 ** (floors / 10)).sum(axis=1)) - FULL_DB
    floor_db = np.repeat(floor_db, FLOOR_FRAMES // _STEP_FRAMES)[:count]
    top_db = np.concatenate([np.nanmax(part, axis=1) for part in _around(level_db, _TOP_REACH_STEPS)])
    is_loud = level_db > np.maximum(np.maximum(top_db - _RANGE_DB, floor_db + _OVER_FLOOR_DB), _QUIET_DB)
    changes = _changes(bands, floors, count)
    for start_s, end_s in known:
        near = slice(max(int((start_s - _NEAR_S) / _STEP_S), 0), int(np.ceil((end_s + _NEAR_S) / _STEP_S)))
        is_loud[near], changes[near] = False, np.nan
    change_db = np.concatenate([_medians(part) for part in _around(changes, _CHANGE_REACH_STEPS)])
    nearby_db = np.concatenate([np.nanmax(part, axis=1) for part in _around(change_db, _SURE_REACH_STEPS)])
    swing_db = np.concatenate(
        [np.nanmax(part, 1) - np.nanmin(part, 1) for part in _around(level_db, _SWING_REACH_STEPS)]
    )
    is_lively = (
        (change_db >= _NEAR_CHANGE_DB) & (nearby_db >= _SURE_CHANGE_DB) & (swing_db >= _LEAST_SWING_DB)
    )
    stretches = []
    for first, last in _joined(np.flatnonzero(is_loud & is_lively)):
        around = level_db[max(0, first - _RISE_REACH_STEPS) : last + _RISE_REACH_STEPS]
        rise_db = float(np.percentile(around, 90) - np.percentile(around, 10))
        if (last - first) * _STEP_S >= _LEAST_SPEECH_S and rise_db >= _LEAST_RISE_DB:
            stretches += _parts(first, last, level_db)
    return [(first * _STEP_S, last * _STEP_S) for first, last in stretches]


def _levels(bands: Bands, count: int) -> NDArray[np.float32]:
    """Loudness of each step, in dB of full scale."""
    blocks = []
    for first in range(0, count, _BLOCK_STEPS):
        steps = min(_BLOCK_STEPS, count - first)
        block = bands[first * _STEP_FRAMES : (first + steps) * _STEP_FRAMES]
        power = (10 ** (block / 10)).sum(axis=1).reshape(steps, _STEP_FRAMES).mean(axis=1)
        blocks.append((10 * np.log10(power) - FULL_DB).astype(np.float32))
    return np.concatenate(blocks)


def _changes(bands: Bands, floors: Bands, count: int) -> NDArray[np.float32]:
    """For each step how much the loud bands change against each other; NaN where nothing is loud."""
    blocks = []
    for first in range(0, count, _BLOCK_STEPS):
        steps = min(_BLOCK_STEPS, count - first)
        frames = np.arange(first * _STEP_FRAMES, (first + steps) * _STEP_FRAMES + _LAG_FRAMES)
        block = bands[np.minimum(frames, len(bands) - 1), _FIRST_BAND:]
        floor = floors[np.minimum(frames // FLOOR_FRAMES, len(floors) - 1), _FIRST_BAND:]
        is_loud = (block > floor + _LOUD_DB) & (block > block.max(axis=1, keepdims=True) - _BESIDE_DB)
        is_both = is_loud[_LAG_FRAMES:] & is_loud[:-_LAG_FRAMES]
        bands_of = np.maximum(is_both.sum(axis=1), 1)
        moved = np.where(is_both, block[_LAG_FRAMES:] - block[:-_LAG_FRAMES], 0)
        moved -= (moved.sum(axis=1) / bands_of)[:, None]
        change = np.where(is_both, np.abs(moved), 0).sum(axis=1) / bands_of
        change[bands_of < _LEAST_BANDS] = np.nan
        blocks.append(_means(change.reshape(steps, _STEP_FRAMES)))
    return np.concatenate(blocks)


def _means(values: NDArray[np.floating]) -> NDArray[np.float32]:
    """The mean of each row's numbers; NaN where there are none."""
    is_number = ~np.isnan(values)
    count = is_number.sum(axis=1)
    mean = np.where(is_number, values, 0).sum(axis=1) / np.maximum(count, 1)
    return np.where(count > 0, mean, np.nan).astype(np.float32)


def _medians(values: NDArray[np.floating]) -> NDArray[np.float32]:
    """The lower median of each row's numbers; 0 where there are none."""
    ordered = np.sort(values, axis=1)  # NaN come last
    count = (~np.isnan(values)).sum(axis=1)
    middle = ordered[np.arange(len(values)), np.maximum(count - 1, 0) // 2]
    return np.where(count > 0, middle, 0).astype(np.float32)


def _around(values: NDArray[np.float32], reach: int) -> Iterator[NDArray[np.float32]]:
    """For each value a row of itself and its neighbours on both sides, block by block."""
    padded = np.pad(values, reach, constant_values=values.dtype.type(np.nan))
    rows = np.lib.stride_tricks.sliding_window_view(padded, 2 * reach + 1)
    for first in range(0, len(rows), _BLOCK_STEPS):
        yield rows[first : first + _BLOCK_STEPS]


def _joined(steps: NDArray[np.intp]) -> list[tuple[int, int]]:
    """First and last + 1 of each group of steps between which there is only a short pause."""
    if not len(steps):
        return []
    ends = np.flatnonzero(np.diff(steps) > _PAUSE_STEPS)
    firsts, lasts = steps[np.concatenate([[0], ends + 1])], steps[np.concatenate([ends, [len(steps) - 1]])]
    return [(int(first), int(last) + 1) for first, last in zip(firsts, lasts, strict=True)]


def _parts(first: int, last: int, level_db: NDArray[np.float32]) -> list[tuple[int, int]]:
    """A stretch, cut at its quietest moments into pieces that are not too long."""
    parts = []
    while last - first > _LONGEST_STEPS:
        half = first + _LONGEST_STEPS // 2
        cut = half + int(np.argmin(level_db[half : first + _LONGEST_STEPS]))
        parts.append((first, cut))
        first = cut
    return [*parts, (first, last)]
