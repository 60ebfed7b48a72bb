"""What is said in a sound: the words of known speech, and where other speech is."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from fakes.runpod.models import Call
from fakes.runpod.models.bands import floors
from fakes.runpod.models.catalogue import catalogue
from fakes.runpod.models.sound import measure
from fakes.runpod.models.speech import Match, find
from fakes.runpod.models.transcript import Segment, in_english, sentences
from fakes.runpod.models.voice import voiced

UNRECOGNISED = "[unrecognised speech]"
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
    times = [time for match in matches for time in match.times]
    unknown = [
        Segment(start, end, f" {UNRECOGNISED}", f" {UNRECOGNISED}", (), _UNSURE, None)
        for start, end in voiced(sound.bands, floors(sound.bands), times)
    ]
    segments = sorted([*known, *unknown], key=lambda segment: segment.start)
    return Heard(tuple(segments), _language(matches))


def _language(matches: Sequence[Match]) -> str:
    """The language of most words; English when there are none: the worker always tells one."""
    words: Counter[str] = Counter()
    for match in matches:
        words[match.known.language] += len(match.words)
    return max(sorted(words), key=lambda language: words[language], default="en")
