"""How loud a part of a source is, and by how much to turn it up. Pure; EBU R 128 and ITU-R BS.1770-4."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import log10
from typing import Final

TARGET_LUFS: Final = -14.0
PEAK_LIMIT: Final = 0.89
"""Highest sample of the result, linear: one decibel below full scale."""
_ABSOLUTE_GATE_LUFS: Final = -70.0
_RELATIVE_GATE_LU: Final = 10.0
_MOST_GAIN_DB: Final = 40.0


@dataclass(frozen=True, slots=True)
class Gain:
    """What to do to the sound; `limited` where peaks would otherwise be cut off."""

    db: float
    limited: bool


def integrated(momentary: Sequence[float]) -> float | None:
    """Return the gated loudness in LUFS of momentary values (400 ms blocks), or None for silence.

    Source: ITU-R BS.1770-4, annex 1, section "gating".
    """
    audible = [level for level in momentary if level > _ABSOLUTE_GATE_LUFS]
    if not audible:
        return None
    gate = _mean(audible) - _RELATIVE_GATE_LU
    return _mean([level for level in audible if level > gate])


def gain_for(loudness_lufs: float | None, peak: float) -> Gain:
    """Return the gain that brings this loudness to `TARGET_LUFS`; silence stays silence.

    Args:
        loudness_lufs: Integrated loudness of what is to be heard.
        peak: Its highest sample, linear; 1 is full scale.
    """
    if loudness_lufs is None:
        return Gain(0.0, limited=False)
    gain_db = min(TARGET_LUFS - loudness_lufs, _MOST_GAIN_DB)
    return Gain(gain_db, limited=peak * 10 ** (gain_db / 20) > PEAK_LIMIT)


def _mean(levels: Sequence[float]) -> float:
    return 10 * log10(sum(10 ** (level / 10) for level in levels) / len(levels))
