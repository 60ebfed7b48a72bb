"""Whisper: the words of known speech, cut and shifted to what was sent.

Other speech is told by its energy only: `[unrecognised speech]` for each stretch. Silence and steady noise
give nothing. Input and output are those of RunPod's worker: github.com/runpod-workers/worker-faster_whisper.
"""

import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fakes.runpod.models import Call, HandlerError, media
from fakes.runpod.models.speech import Match, SpokenWord, catalogue, energy, find

UNRECOGNISED = "[unrecognised speech]"
_FORMATS = ("plain_text", "formatted_text", "srt", "vtt")
_TYPES: Mapping[str, tuple[type, ...]] = {
    "audio": (str,),
    "audio_base64": (str,),
    "model": (str,),
    "transcription": (str,),
    "translate": (bool,),
    "translation": (str,),
    "language": (str,),
    "temperature": (float, int),
    "best_of": (int,),
    "beam_size": (int,),
    "patience": (float, int),
    "length_penalty": (float, int),
    "suppress_tokens": (str,),
    "initial_prompt": (str,),
    "condition_on_previous_text": (bool,),
    "temperature_increment_on_fallback": (float, int),
    "compression_ratio_threshold": (float, int),
    "logprob_threshold": (float, int),
    "no_speech_threshold": (float, int),
    "enable_vad": (bool,),
    "word_timestamps": (bool,),
}
_FIRST_TIMESTAMP_TOKEN = 50364
_PAUSE_S = 0.8
_LONGEST_S = 30.0
_QUIET_DB = -45.0
_VOICED_RANGE_DB = 9.0
_LEAST_SPEECH_S = 0.25
_NEAR_WORD_S = 0.4
"""Sound so near to a known word belongs to it: its neighbours may be cut in the middle."""


@dataclass(frozen=True, slots=True)
class Segment:
    """One sentence or stretch of speech; `words` is empty for speech that is not recognised."""

    start: float
    end: float
    text: str
    words: tuple[SpokenWord, ...]
    sureness: float


def answer(given: Mapping[str, Any], call: Call) -> dict[str, Any]:
    """Transcribe one sound, or each of `items` in one call.

    An item that cannot be read has an `error` of its own.

    Raises:
        HandlerError: The input is not as the worker's schema says.
    """
    if "items" not in given:
        return transcribe(given, call)
    items = given["items"]
    if not isinstance(items, list) or not items:
        raise HandlerError("items must be a list that is not empty")
    results = []
    for item in items:
        results.append(_item(item, call))
        call.emit(results[-1])
        if call.stop.is_set:
            break
    return {"results": results}


def transcribe(given: Mapping[str, Any], call: Call) -> dict[str, Any]:
    """Transcribe one sound.

    Raises:
        HandlerError: A field is missing, unknown or of another type, or there is no sound.
    """
    _check(given)
    samples, prints = _sound(given, call)
    bands = energy(samples)
    known = catalogue(call.tools.speech_dir, call.tools.cache_dir)
    matches = find(prints, bands, known)
    segments = _segments(matches, samples)
    text = " ".join(segment.text.strip() for segment in segments)
    body: dict[str, Any] = {
        "segments": [_segment_body(index + 1, segment) for index, segment in enumerate(segments)],
        "detected_language": given.get("language") or _language(matches),
        "transcription": _formatted(segments, given.get("transcription") or "plain_text"),
        "translation": text if given.get("translate") else None,
        "device": "cuda",
        "model": given.get("model") or "base",
    }
    if given.get("word_timestamps"):
        body["word_timestamps"] = [
            {"word": f" {word.word}", "start": round(word.start, 3), "end": round(word.end, 3)}
            for segment in segments
            for word in segment.words
        ]
    return body


def sentences(words: Sequence[SpokenWord]) -> list[tuple[SpokenWord, ...]]:
    """Words grouped by the ends of sentences, long pauses and a greatest length."""
    groups: list[list[SpokenWord]] = []
    for word in words:
        last = groups[-1][-1] if groups else None
        if (
            last is None
            or last.word.endswith((".", "!", "?"))
            or word.start - last.end > _PAUSE_S
            or word.end - groups[-1][0].start > _LONGEST_S
        ):
            groups.append([])
        groups[-1].append(word)
    return [tuple(group) for group in groups]


def voiced(samples: NDArray[np.float32]) -> list[tuple[float, float]]:
    """Stretches of sound, in seconds, whose loudness rises and falls as speech does."""
    hop = round(media.SOUND_HZ * 0.05)
    count = len(samples) // hop
    if count == 0:
        return []
    power = (samples[: count * hop].reshape(count, hop) ** 2).mean(axis=1)
    level_db = 10 * np.log10(power + 1e-10)
    loud = level_db > max(_QUIET_DB, float(np.percentile(level_db, 95)) - 25)
    stretches = []
    for first, last in _joined(np.flatnonzero(loud), gap=8):
        around = level_db[max(0, first - 4) : last + 5]
        moves_db = float(np.percentile(around, 90) - np.percentile(around, 10))
        if (last - first + 1) * 0.05 >= _LEAST_SPEECH_S and moves_db >= _VOICED_RANGE_DB:
            stretches.append((first * 0.05, (last + 1) * 0.05))
    return stretches


def _item(item: Any, call: Call) -> dict[str, Any]:
    if not isinstance(item, dict) or not isinstance(item.get("id"), str):
        return {"id": None, "error": "an item must be an object with an 'id'"}
    try:
        return {"id": item["id"]} | transcribe({name: item[name] for name in item if name != "id"}, call)
    except HandlerError as error:
        return {"id": item["id"], "error": error.text}


def _check(given: Mapping[str, Any]) -> None:
    """Complain as RunPod's validator does (runpod 1.12.0, rp_validator)."""
    said = [f"Unexpected input. {name} is not a valid input option." for name in given if name not in _TYPES]
    for name, types in _TYPES.items():
        value = given.get(name)
        if value is not None and (
            not isinstance(value, types) or (isinstance(value, bool) and bool not in types)
        ):
            said.append(f"{name} should be {types[0]} type, not {type(value)}.")
    for name in ("transcription", "translation"):
        if isinstance(given.get(name), str) and given[name] not in _FORMATS:
            said.append(f"{name} does not meet the constraints.")
    if said:
        raise HandlerError(said)


def _sound(given: Mapping[str, Any], call: Call) -> tuple[NDArray[np.float32], NDArray[np.uint32]]:
    by_url, by_value = given.get("audio"), given.get("audio_base64")
    if not by_url and not by_value:
        raise HandlerError("Must provide either audio or audio_base64")
    if by_url and by_value:
        raise HandlerError("Must provide either audio or audio_base64, not both")
    if by_value:
        return media.sound(media.from_base64(by_value, "audio_base64"), call.stop, "audio_base64")
    return media.sound(media.fetch(by_url, call), call.stop, "audio")


def _segments(matches: Sequence[Match], samples: NDArray[np.float32]) -> list[Segment]:
    segments = [
        Segment(
            group[0].start,
            group[-1].end,
            "".join(f" {word.word}" for word in group),
            group,
            1 - 2 * match.error,
        )
        for match in matches
        for group in sentences(match.words)
    ]
    words = [word for match in matches for word in match.words]
    for stretch in voiced(samples):
        for start, end in _uncovered(*stretch, words):
            segments.append(Segment(start, end, f" {UNRECOGNISED}", (), 0.3))
    return sorted(segments, key=lambda segment: segment.start)


def _uncovered(start: float, end: float, words: Sequence[SpokenWord]) -> list[tuple[float, float]]:
    """The parts of a stretch that are not near any of the words."""
    parts: list[tuple[float, float]] = []
    for word in words:
        if word.end + _NEAR_WORD_S <= start or word.start - _NEAR_WORD_S >= end:
            continue
        parts.append((start, word.start - _NEAR_WORD_S))
        start = word.end + _NEAR_WORD_S
    return [part for part in (*parts, (start, end)) if part[1] - part[0] >= _LEAST_SPEECH_S]


def _segment_body(number: int, segment: Segment) -> dict[str, Any]:
    plain = segment.text.encode()
    return {
        "id": number,
        "seek": int(segment.start // _LONGEST_S * _LONGEST_S * 100),
        "start": round(segment.start, 3),
        "end": round(segment.end, 3),
        "text": segment.text,
        "tokens": _tokens(segment),
        "temperature": 0.0,
        "avg_logprob": round(-0.1 - 0.9 * (1 - segment.sureness), 4),
        "compression_ratio": round(len(plain) / len(zlib.compress(plain)), 4),
        "no_speech_prob": round(0.01 + 0.5 * (1 - segment.sureness), 4),
    }


def _tokens(segment: Segment) -> list[int]:
    """A number for each word, always the same one, between two timestamps: as Whisper's tokens are."""
    offset_s = segment.start // _LONGEST_S * _LONGEST_S
    times = [_FIRST_TIMESTAMP_TOKEN + round((at - offset_s) / 0.02) for at in (segment.start, segment.end)]
    return [times[0], *(zlib.crc32(word.encode()) % 50_000 for word in segment.text.split()), times[1]]


def _formatted(segments: Sequence[Segment], style: str) -> str:
    """The whole text in one of the worker's formats; vtt comes without its head line, as there."""
    match style:
        case "formatted_text":
            return "\n".join(segment.text.lstrip() for segment in segments)
        case "srt":
            return "".join(
                f"{index + 1}\n{_time(one.start, ',')} --> {_time(one.end, ',')}\n{one.text.strip()}\n\n"
                for index, one in enumerate(segments)
            )
        case "vtt":
            return "".join(
                f"{_time(one.start, '.')} --> {_time(one.end, '.')}\n{one.text.strip()}\n\n"
                for one in segments
            )
        case _:
            return " ".join(segment.text.strip() for segment in segments)


def _time(at_s: float, mark: str) -> str:
    ms = round(at_s * 1000)
    return f"{ms // 3_600_000:02}:{ms // 60_000 % 60:02}:{ms // 1000 % 60:02}{mark}{ms % 1000:03}"


def _language(matches: Sequence[Match]) -> str:
    if not matches:
        return "en"
    return max(matches, key=lambda match: len(match.words)).known.language


def _joined(frames: NDArray[np.intp], gap: int) -> list[tuple[int, int]]:
    """First and last of each group of frames that are at most `gap` apart."""
    groups: list[tuple[int, int]] = []
    for frame in frames:
        if groups and frame - groups[-1][1] <= gap:
            groups[-1] = (groups[-1][0], int(frame))
        else:
            groups.append((int(frame), int(frame)))
    return groups
