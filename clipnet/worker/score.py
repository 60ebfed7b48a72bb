"""How good a clip is. One formula, pure:

    total = 100 x (0.25 x motion + 0.30 x speech + 0.20 x visual + 0.25 x relevance)

Every part lies between 0 and 1, so `total` lies between 0 and 100 and never falls when a part rises.

- motion: how much moves, from the motion model.
- speech: 0.7 x pace + 0.3 x confidence; pace is words per second out of 3, at most 1; confidence is
  Whisper's.
- visual: the score of the best caption (BLIP), or of the best label (CLIP) where that had to help out.
- relevance: the share of what is seen that is also said or in the title; with CLIP's help, at least how near
  its picture is to the clip's words. A clip without words has `_UNKNOWN` here: nothing speaks against it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

WEIGHTS: Final = {"motion": 0.25, "speech": 0.30, "visual": 0.20, "relevance": 0.25}
_BRISK_WORDS_PER_S: Final = 3.0
_UNKNOWN: Final = 0.3
_WORD = re.compile(r"[^\W\d_]{3,}")
_FILLERS: Final = (
    "the and with for are was has have that this there his her its you your from not but all out who what "
    "into onto over under near some one two three very just them they then than which"
)
_EMPTY_WORDS: Final = frozenset(_FILLERS.split())


@dataclass(frozen=True, slots=True)
class Parts:
    """The four parts, each from 0 to 1."""

    motion: float
    speech: float
    visual: float
    relevance: float

    @property
    def total(self) -> float:
        """From 0 to 100, one decimal; see the formula in the module's text."""
        weighted = (
            WEIGHTS["motion"] * self.motion
            + WEIGHTS["speech"] * self.speech
            + WEIGHTS["visual"] * self.visual
            + WEIGHTS["relevance"] * self.relevance
        )
        return round(100 * weighted, 1)


def speech_part(words: int, length_s: float, confidence: float) -> float:
    """Return the part for speech; none for silence."""
    if words == 0 or length_s <= 0:
        return 0.0
    pace = min(1.0, words / length_s / _BRISK_WORDS_PER_S)
    return round(0.7 * pace + 0.3 * _held(confidence), 4)


def relevance_part(seen: Sequence[str], said: str, similarity: float | None = None) -> float:
    """Return the part for relevance: of the words of captions, the share that is also said."""
    pictured, spoken = keywords(" ".join(seen)), keywords(said)
    if not spoken:
        return _UNKNOWN
    shared = len(pictured & spoken) / len(pictured) if pictured else 0.0
    return round(max(_UNKNOWN + (1 - _UNKNOWN) * shared, _held(similarity or 0.0)), 4)


def score(motion: float, speech: float, visual: float, relevance: float) -> Parts:
    """Return the parts, held between 0 and 1."""
    return Parts(_held(motion), _held(speech), _held(visual), _held(relevance))


def keywords(text: str) -> set[str]:
    """Return the meaning words of a text: lower case, three letters or more, a plural's s taken off."""
    words = {word.lower() for word in _WORD.findall(text)} - _EMPTY_WORDS
    return {word.removesuffix("s") if len(word) > 3 else word for word in words}


def _held(value: float) -> float:
    return min(1.0, max(0.0, value))
