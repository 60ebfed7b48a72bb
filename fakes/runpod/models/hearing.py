"""What is said in a sound: the words of known speech, and where other speech is."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from fakes.runpod.models import Call, asr
from fakes.runpod.models.bands import floors
from fakes.runpod.models.catalogue import SpokenWord, catalogue
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


def listen(source: int, what: str, language: str | None, call: Call) -> Heard:
    """All speech in the sound of an open file.

    Args:
        language: The language that its speech is said to have.

    Raises:
        HandlerError: There is no sound in it.
    """
    sound = measure(source, call.stop, what)
    call.lasts(sound.duration_s)
    catalogued = catalogue(call.tools.speech_dir, call.tools.cache_dir)
    matches = find(sound, catalogued, lambda: call.stop.is_set)
    times = [time for match in matches for time in match.times]
    stretches = voiced(sound.bands, floors(sound.bands), times)
    if stretches and language in (None, asr.LANGUAGE) and asr.is_installed():
        decoded = asr.decode(source, stretches, call.stop, what)
    else:
        decoded = [()] * len(stretches)
    segments = [
        *(segment for match in matches for segment in _known(match)),
        *(one for place, words in zip(stretches, decoded, strict=True) for one in _unknown(place, words)),
    ]
    return Heard(tuple(sorted(segments, key=lambda segment: segment.start)), _language(matches))


def _known(match: Match) -> Iterator[Segment]:
    for words in sentences(match.words):
        english = f" {in_english(match.known, words)}"
        yield _segment(words, english, match.sureness, match.known.name)


def _unknown(place: tuple[float, float], words: Sequence[SpokenWord]) -> Iterator[Segment]:
    for group in sentences(words):
        yield _segment(group, _text(group), asr.SURENESS, None)
    if not words:
        yield Segment(*place, f" {UNRECOGNISED}", f" {UNRECOGNISED}", (), _UNSURE, None)


def _segment(words: tuple[SpokenWord, ...], english: str, sureness: float, voice: str | None) -> Segment:
    return Segment(words[0].start, words[-1].end, _text(words), english, words, sureness, voice)


def _text(words: Sequence[SpokenWord]) -> str:
    return "".join(f" {word.word}" for word in words)


def _language(matches: Sequence[Match]) -> str:
    """The language of most words; English when there are none: the worker always tells one."""
    words: Counter[str] = Counter()
    for match in matches:
        words[match.known.language] += len(match.words)
    return max(sorted(words), key=lambda language: words[language], default="en")
