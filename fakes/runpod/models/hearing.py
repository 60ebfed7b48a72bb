"""What is said in a sound: the words of known speech, and where other speech is."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from fakes.runpod.models import Call
from fakes.runpod.models.catalogue import SpokenWord, catalogue
from fakes.runpod.models.sound import measure
from fakes.runpod.models.speech import Match, find
from fakes.runpod.models.transcript import Segment, in_english, sentences
from fakes.runpod.models.voice import LEAST_SPEECH_S, voiced

UNRECOGNISED = "[unrecognised speech]"
_NEAR_WORD_S = 0.4
"""Sound so near to a known word belongs to it: its neighbours may be cut in the middle."""
_UNSURE = 0.3


@dataclass(frozen=True, slots=True)
class Heard:
    """What is said in a sound, in its order, and in which language most of it is."""

    segments: tuple[Segment, ...]
    language: str


def listen(source: int, what: str, call: Call) -> Heard:
    """All speech in the sound of an open file.

    Raises:
        HandlerError: There is no sound in it.
    """
    sound = measure(source, call.stop, what)
    call.lasts(sound.duration_s)
    catalogued = catalogue(call.tools.speech_dir, call.tools.cache_dir)
    matches = find(sound, catalogued, lambda: call.stop.is_set)
    known = [
        Segment(
            group[0].start,
            group[-1].end,
            "".join(f" {word.word}" for word in group),
            f" {in_english(match.known, group)}",
            group,
            match.sureness,
            match.known.name,
        )
        for match in matches
        for group in sentences(match.words)
    ]
    words = [word for match in matches for word in match.words]
    unknown = [
        Segment(start, end, f" {UNRECOGNISED}", f" {UNRECOGNISED}", (), _UNSURE, None)
        for stretch in voiced(sound.bands)
        for start, end in _uncovered(*stretch, words)
    ]
    segments = sorted([*known, *unknown], key=lambda segment: segment.start)
    return Heard(tuple(segments), _language(matches))


def _language(matches: Sequence[Match]) -> str:
    """The language of most words; English when there are none: the worker always tells one."""
    words: Counter[str] = Counter()
    for match in matches:
        words[match.known.language] += len(match.words)
    return max(sorted(words), key=lambda language: words[language], default="en")


def _uncovered(start: float, end: float, words: Sequence[SpokenWord]) -> list[tuple[float, float]]:
    """The parts of a stretch that are not near any of the words."""
    parts: list[tuple[float, float]] = []
    for word in words:
        if word.end + _NEAR_WORD_S <= start or word.start - _NEAR_WORD_S >= end:
            continue
        parts.append((start, word.start - _NEAR_WORD_S))
        start = word.end + _NEAR_WORD_S
    return [part for part in (*parts, (start, end)) if part[1] - part[0] >= LEAST_SPEECH_S]
