"""What was said in a clip: the request for one item and the reading of faster-whisper's answer. Pure.

Source of the answer's shape: github.com/runpod-workers/worker-faster_whisper (README, "Output").
"""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import exp
from typing import Any, Final

_UNSURE: Final = 0.5


@dataclass(frozen=True, slots=True)
class Word:
    """A word and when it is said, in seconds of the clip."""

    word: str
    start_s: float
    end_s: float


@dataclass(frozen=True, slots=True)
class Spoken:
    """A stretch of speech."""

    start_s: float
    end_s: float
    text: str
    words: tuple[Word, ...]


@dataclass(frozen=True, slots=True)
class Transcript:
    """All speech of a clip; `confidence` from 0 to 1 is how sure the model is of it."""

    language: str | None
    text: str
    segments: tuple[Spoken, ...]
    confidence: float

    @property
    def words(self) -> int:
        """How many words there are."""
        return len(self.text.split())


NOTHING_SAID: Final = Transcript(None, "", (), 0.0)


def whisper_item(identity: str, sound: bytes) -> dict[str, Any]:
    """Return one item of a batch for the Whisper endpoint."""
    return {
        "id": identity,
        "audio_base64": base64.b64encode(sound).decode(),
        "word_timestamps": True,
        "transcription": "plain_text",
        "enable_vad": False,
    }


def read_transcript(item: Mapping[str, Any]) -> Transcript:
    """Return the transcript of one item's answer; words go to the segment they are said in.

    Raises:
        ValueError: The answer has no segments, or one without times.
    """
    rows = item.get("segments")
    if not isinstance(rows, list):
        raise ValueError("no segments in the answer")
    try:
        words = [
            Word(str(row["word"]).strip(), float(row["start"]), float(row["end"]))
            for row in item.get("word_timestamps") or ()
        ]
        segments = tuple(_segment(row, words) for row in rows)
        sure = [exp(min(0.0, float(row.get("avg_logprob", 0.0)))) for row in rows]
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"a segment of the answer is incomplete: {error}") from error
    text = str(item.get("transcription") or " ".join(one.text for one in segments)).strip()
    language = item.get("detected_language")
    return Transcript(
        language if isinstance(language, str) and segments else None,
        text,
        segments,
        round(sum(sure) / len(sure), 4) if sure else 0.0,
    )


def _segment(row: Mapping[str, Any], words: Sequence[Word]) -> Spoken:
    start_s, end_s = float(row["start"]), float(row["end"])
    inside = tuple(word for word in words if start_s <= (word.start_s + word.end_s) / 2 < end_s + 1e-6)
    return Spoken(start_s, end_s, str(row["text"]).strip(), inside)
