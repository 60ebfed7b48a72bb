"""Tells speech that nobody knows from silence and steady sounds, by its energy alone."""

import numpy as np
from numpy.typing import NDArray

from fakes.runpod.models.bands import FULL_DB, Bands

LEAST_SPEECH_S = 0.25
_QUIET_DB = -45.0
_VOICED_RANGE_DB = 9.0


def voiced(bands: Bands) -> list[tuple[float, float]]:
    """Stretches of sound, in seconds, whose loudness rises and falls as speech does."""
    count = len(bands) // 5
    if count == 0:
        return []
    power = (10 ** (bands[: count * 5] / 10)).sum(axis=1).reshape(count, 5).mean(axis=1)
    level_db = 10 * np.log10(power) - FULL_DB
    loud = level_db > max(_QUIET_DB, float(np.percentile(level_db, 95)) - 25)
    stretches = []
    for first, last in _joined(np.flatnonzero(loud), gap=8):
        around = level_db[max(0, first - 4) : last + 5]
        moves_db = float(np.percentile(around, 90) - np.percentile(around, 10))
        if (last - first + 1) * 0.05 >= LEAST_SPEECH_S and moves_db >= _VOICED_RANGE_DB:
            stretches.append((first * 0.05, (last + 1) * 0.05))
    return stretches


def _joined(frames: NDArray[np.intp], gap: int) -> list[tuple[int, int]]:
    """First and last of each group of frames that are at most `gap` apart."""
    groups: list[tuple[int, int]] = []
    for frame in frames:
        if groups and frame - groups[-1][1] <= gap:
            groups[-1] = (groups[-1][0], int(frame))
        else:
            groups.append((int(frame), int(frame)))
    return groups
