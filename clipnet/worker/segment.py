"""Which part of a source becomes the clip: what was asked for, else its liveliest part. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from statistics import median
from typing import Final

from clipnet.worker.errors import Permanent

BEST_S: Final = 20.0
"""Length of a part that we choose."""
LONGEST_S: Final = 60.0
"""Longest part that may be asked for."""
SHORTEST_S: Final = 0.1
LOUDNESS_STEP_S: Final = 0.1
_STRIDE_S: Final = 0.5
_QUIET_LUFS: Final = -60.0
_CUT_BONUS_LU: Final = 1.5
_BUSY_CUTS: Final = 4


@dataclass(frozen=True, slots=True)
class Segment:
    """A part of a source."""

    start_s: float
    end_s: float

    @property
    def length_s(self) -> float:
        """How long it is."""
        return self.end_s - self.start_s


def asked(duration_s: float, start_s: float | None, end_s: float | None) -> Segment | None:
    """Return what was asked for, held within the source and `LONGEST_S`; None leaves the choice to us.

    Raises:
        Permanent: Nothing of it lies within the source, or the source is too short for anything.
    """
    if duration_s < SHORTEST_S:
        raise Permanent(
            "too_short", f"the video lasts {duration_s:.2f} s; at least {SHORTEST_S} s are needed"
        )
    if start_s is None and end_s is None:
        return Segment(0.0, duration_s) if duration_s <= BEST_S else None

    start = max(0.0, start_s if start_s is not None else min(end_s or 0.0, duration_s) - BEST_S)
    end = min(duration_s, end_s if end_s is not None else start + BEST_S, start + LONGEST_S)
    if end_s is not None and start < end_s < min(start + SHORTEST_S, duration_s):
        raise Permanent(
            "too_short", f"the part asked for lasts {end_s - start:.2f} s; at least {SHORTEST_S} s are needed"
        )
    if end - start < SHORTEST_S:
        raise Permanent(
            "segment_outside",
            f"the part asked for ({start:.1f} s to {end_s if end_s is not None else start + BEST_S:.1f} s) "
            f"is not within the video, which lasts {duration_s:.1f} s",
        )
    return Segment(start, end)


def best(duration_s: float, loudness: Sequence[float], cuts_s: Sequence[float]) -> Segment:
    """Return the `BEST_S` long part with the most going on; the earliest of equals.

    A part's worth is its mean loudness above the source's median, plus `_CUT_BONUS_LU` for each scene change
    in it up to `_BUSY_CUTS`. Without sound the scene changes alone decide.

    Args:
        duration_s: Of the source.
        loudness: Momentary loudness in LUFS, one value each `LOUDNESS_STEP_S`; empty without sound.
        cuts_s: Times of scene changes.
    """
    heard = [max(level, _QUIET_LUFS) for level in loudness]
    usual = median(heard) if heard else 0.0
    sums = [0.0, *accumulate(level - usual for level in heard)]
    last_start = max(0.0, duration_s - BEST_S)
    starts = [step * _STRIDE_S for step in range(int(last_start / _STRIDE_S) + 1)]

    def worth(start_s: float) -> float:
        first = min(round(start_s / LOUDNESS_STEP_S), len(heard))
        last = min(round((start_s + BEST_S) / LOUDNESS_STEP_S), len(heard))
        above = (sums[last] - sums[first]) / (last - first) if last > first else 0.0
        cuts = sum(1 for cut in cuts_s if start_s <= cut < start_s + BEST_S)
        return above + _CUT_BONUS_LU * min(cuts, _BUSY_CUTS)

    start = max(starts, key=lambda start_s: (round(worth(start_s), 6), -start_s))
    return Segment(start, min(duration_s, start + BEST_S))
