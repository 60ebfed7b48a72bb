"""Finds known speech in sound: which files of the catalogue, and where, to 10 ms. Pure.

Chromaprint fingerprints say which file and roughly where (they survive other codecs, loudness and quiet
noise). What they do not explain, because it is too short, covered by noise or by other speech, is searched
for by the movement of its bands. Both only propose; whether a file is really heard is decided frame by frame.
"""

import heapq
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

import numpy as np

from fakes.runpod.models.alignment import SILENT_DB, Alignment, Place, align
from fakes.runpod.models.bands import Bands, floors
from fakes.runpod.models.catalogue import Known, SpokenWord
from fakes.runpod.models.place import by_movement, by_prints, unexplained
from fakes.runpod.models.sound import Sound

_SAME_FRAMES = 2
_MOST_ALIKE = 3
_MOST_TRIED = 300
_MOST_TRIED_PER_S = 5
_NEAR_FRAMES = 10


@dataclass(frozen=True, slots=True)
class Match:
    """Known speech within a sound.

    Attributes:
        words: What is really there (half of a word at least), with times in the sound.
        times: From when to when anything of the file is heard.
        sureness: From 0 to 1.
    """

    known: Known
    words: tuple[SpokenWord, ...]
    times: tuple[tuple[float, float], ...]
    sureness: float


def find(sound: Sound, known: Sequence[Known], is_over: Callable[[], bool]) -> tuple[Match, ...]:
    """All known speech in a sound, in its order; pieces may overlap.

    Args:
        is_over: Whether to give up, with nothing found.
    """
    if not known:
        return ()
    search = _Search(sound, is_over)
    search.try_out(by_prints(sound, known))
    rest = unexplained(sound.bands, search.floors, search.heard)
    search.try_out(by_movement(sound.bands, rest, known, is_over))
    length_s = sound.duration_s
    matches = [
        Match(one.place.known, one.words(length_s), one.times(length_s), one.sureness)
        for one in search.settled()
    ]
    return tuple(sorted((one for one in matches if one.words), key=lambda one: one.words[0].start))


class _Search:
    """Known speech found so far, the surest first: what it explains is no evidence for anything else."""

    def __init__(self, sound: Sound, is_over: Callable[[], bool]) -> None:
        self._bands = sound.bands
        self._most_tried = _MOST_TRIED + int(sound.duration_s * _MOST_TRIED_PER_S)
        self._is_over = is_over
        self._found: list[Alignment] = []
        self.floors = floors(sound.bands)
        self.heard = np.full_like(sound.bands, SILENT_DB)

    def try_out(self, places: Iterable[Place]) -> None:
        """Accept all places at which a file is heard, each as far as better ones have not explained it."""
        waiting = []
        for order, place in enumerate(islice(_likeliest(places), self._most_tried)):
            one = self._align(place)
            if one is not None:
                waiting.append((-one.points, order, place))
        heapq.heapify(waiting)
        while waiting and not self._is_over():
            _, order, place = heapq.heappop(waiting)
            one = self._align(place)
            if one is None:
                continue
            if waiting and -one.points > waiting[0][0]:
                heapq.heappush(waiting, (-one.points, order, place))
                continue
            self._found.append(one)
            _add(self.heard, one, slice(0, len(self.heard)))

    def settled(self) -> Iterable[Alignment]:
        """What was found, each piece judged once more: by all that is there of it, against all over it."""
        for one in self._found:
            here = one.place.within(len(self._bands))
            covered = np.full_like(self._bands[here], SILENT_DB)
            for other in self._found:
                if other is not one:
                    _add(covered, other, here)
            again = align(one.surest(), self._bands, self.floors, covered)
            if again is not None:
                yield again

    def _align(self, place: Place) -> Alignment | None:
        if self._is_over() or any(_is_near(place, one.place) for one in self._found):
            return None
        return align(place, self._bands, self.floors, self.heard[place.within(len(self.heard))])


def _add(heard: Bands, one: Alignment, here: slice) -> None:
    """Add a piece to what is heard in some frames of the sound."""
    for span, level in one.spans():
        first, last = max(span.start, here.start), min(span.stop, here.stop)
        if first < last:
            part = heard[first - here.start : last - here.start]
            np.maximum(part, level[first - span.start : last - span.start], out=part)


def _likeliest(places: Iterable[Place]) -> Iterator[Place]:
    """The likeliest places first; of those that are nearly the same only a few."""
    counts: Counter[tuple[str, int]] = Counter()
    for place in sorted(dict.fromkeys(places), key=lambda place: -place.likeness):
        near = range(place.shift - _SAME_FRAMES, place.shift + _SAME_FRAMES + 1)
        if sum(counts[place.known.name, shift] for shift in near) < _MOST_ALIKE:
            counts[place.known.name, place.shift] += 1
            yield place


def _is_near(place: Place, other: Place) -> bool:
    return place.known is other.known and abs(place.shift - other.shift) <= _NEAR_FRAMES
