"""Segments of speech, and the texts that RunPod's Whisper workers make of them. Pure.

Source: github.com/runpod-workers/worker-faster_whisper, `src/predict.py`; faster-whisper, `utils.py`.
"""

import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from fakes.runpod.models.catalogue import Known, SpokenWord

UNTRANSLATED = "[untranslated speech]"
LONGEST_S = 30.0
"""Whisper's window: no segment is longer."""
_PAUSE_S = 0.8
_FIRST_TIMESTAMP_TOKEN = 50364
LANGUAGE_CODES = (
    "af, am, ar, as, az, ba, be, bg, bn, bo, br, bs, ca, cs, cy, da, de, el, en, es, et, eu, fa, fi, "
    "fo, fr, gl, gu, ha, haw, he, hi, hr, ht, hu, hy, id, is, it, ja, jw, ka, kk, km, kn, ko, la, lb, "
    "ln, lo, lt, lv, mg, mi, mk, ml, mn, mr, ms, mt, my, ne, nl, nn, no, oc, pa, pl, ps, pt, ro, ru, "
    "sa, sd, si, sk, sl, sn, so, sq, sr, su, sv, sw, ta, te, tg, th, tk, tl, tr, tt, uk, ur, uz, vi, "
    "yi, yo, zh, yue"
)
"""Of all languages that Whisper has, as its complaint lists them."""


@dataclass(frozen=True, slots=True)
class Segment:
    """One sentence or stretch of speech.

    Attributes:
        text: With the space in front that Whisper writes.
        english: The same in English.
        words: Empty for speech that is not recognised.
        sureness: From 0 to 1.
        voice: Whose speech this is (the name of a known file), or None.
    """

    start: float
    end: float
    text: str
    english: str
    words: tuple[SpokenWord, ...]
    sureness: float
    voice: str | None

    @property
    def avg_logprob(self) -> float:
        """The mean log probability that a decoder so sure would report."""
        return round(-0.1 - 0.9 * (1 - self.sureness), 4)

    @property
    def no_speech_prob(self) -> float:
        """The probability of silence that a decoder so sure would report."""
        return round(0.01 + 0.5 * (1 - self.sureness), 4)


def check_decoding(language: str | None, temperature: float) -> None:
    """Complain as faster-whisper does (tokenizer.py, transcribe.py).

    Raises:
        ValueError: A language that Whisper does not have, or a temperature outside of 0 to 1.
    """
    if language is not None and language not in LANGUAGE_CODES.split(", "):
        accepted = f"(accepted language codes: {LANGUAGE_CODES})"
        raise ValueError(f"'{language}' is not a valid language code {accepted}")
    if not 0 <= temperature <= 1:
        # guess: the worker tries the temperatures from this one up to 1, and there are none
        raise ValueError("max() arg is an empty sequence")


def sentences(words: Sequence[SpokenWord]) -> list[tuple[SpokenWord, ...]]:
    """Words grouped by the ends of sentences, long pauses and a greatest length."""
    groups: list[list[SpokenWord]] = []
    for word in words:
        last = groups[-1][-1] if groups else None
        if (
            last is None
            or _is_end(last.word)
            or word.start - last.end > _PAUSE_S
            or word.end - groups[-1][0].start > LONGEST_S
        ):
            groups.append([])
        groups[-1].append(word)
    return [tuple(group) for group in groups]


def in_english(known: Known, words: Sequence[SpokenWord]) -> str:
    """What some words of a known file mean; of a sentence that was cut, as much as there is of it."""
    if known.language == "en":
        return " ".join(word.word for word in words)
    ends = [word.place for word in known.words if _is_end(word.word) or word is known.words[-1]]
    if len(ends) != len(known.english):
        return UNTRANSLATED
    parts = []
    for sentence, end, first in zip(known.english, ends, [0, *(end + 1 for end in ends)], strict=False):
        places = [word.place for word in words if first <= word.place <= end]
        if places:
            english, length = sentence.split(), end + 1 - first
            begin = (places[0] - first) * len(english) // length
            parts += english[begin : max((places[-1] + 1 - first) * len(english) // length, begin + 1)]
    return " ".join(parts)


def _is_end(word: str) -> bool:
    """Whether a sentence ends with this word."""
    return word.endswith((".", "!", "?"))


def written(segments: Sequence[Segment], style: str) -> str:
    """The whole text in one of the worker's formats; one that it does not know is plain text, as there.

    `vtt` comes without its head line, as there.
    """
    match style:
        case "formatted_text":
            return "\n".join(segment.text.lstrip() for segment in segments)
        case "srt":
            return "".join(f"{number}\n{_cue(one, ',')}" for number, one in enumerate(segments, start=1))
        case "vtt":
            return "".join(_cue(one, ".") for one in segments)
        case _:
            return " ".join(segment.text.lstrip() for segment in segments)


def segment_body(number: int, segment: Segment, temperature: float) -> dict[str, Any]:
    """A segment as faster-whisper tells it."""
    plain = segment.text.encode()
    return {
        "id": number,
        "seek": int(segment.start // LONGEST_S * LONGEST_S * 100),
        "start": round(segment.start, 3),
        "end": round(segment.end, 3),
        "text": segment.text,
        "tokens": _tokens(segment),
        "temperature": temperature,
        "avg_logprob": segment.avg_logprob,
        "compression_ratio": round(len(plain) / len(zlib.compress(plain)), 4),
        "no_speech_prob": segment.no_speech_prob,
    }


def _tokens(segment: Segment) -> list[int]:
    """A number for each word, always the same one, between two timestamps: as Whisper's tokens are."""
    offset_s = segment.start // LONGEST_S * LONGEST_S
    times = [_FIRST_TIMESTAMP_TOKEN + round((at - offset_s) / 0.02) for at in (segment.start, segment.end)]
    return [times[0], *(zlib.crc32(word.encode()) % 50_000 for word in segment.text.split()), times[1]]


def _cue(segment: Segment, mark: str) -> str:
    text = segment.text.strip().replace("-->", "->")
    return f"{_time(segment.start, mark)} --> {_time(segment.end, mark)}\n{text}\n\n"


def _time(at_s: float, mark: str) -> str:
    ms = round(at_s * 1000)
    return f"{ms // 3_600_000:02}:{ms // 60_000 % 60:02}:{ms // 1000 % 60:02}{mark}{ms % 1000:03}"
