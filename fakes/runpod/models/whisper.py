"""Whisper: the words of known speech, cut and shifted to what was sent.

Other speech is told by its energy only, `[unrecognised speech]` for each stretch, unless there is a decoder
for it (`asr`). Silence, noise and tones give nothing. Input and output are those of
github.com/runpod-workers/worker-faster_whisper; an input with an `audio_file` is for the WhisperX worker.
"""

from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import replace
from typing import Any

from fakes.runpod.models import Call, HandlerError, whisperx
from fakes.runpod.models.hearing import listen
from fakes.runpod.models.schema import Option, validated
from fakes.runpod.models.sound import decoded, downloaded
from fakes.runpod.models.transcript import Segment, check_decoding, segment_body, written

MODELS = (
    "tiny", "base", "small", "medium", "large-v1", "large-v2", "large-v3", "distil-large-v2",
    "distil-large-v3", "turbo",
)  # fmt: skip
SCHEMA: Mapping[str, Option] = {
    "audio": Option(str),
    "audio_base64": Option(str),
    "model": Option(str, "base"),
    "transcription": Option(str, "plain_text"),
    "translate": Option(bool, False),
    "translation": Option(str, "plain_text"),
    "language": Option(str),
    "temperature": Option(float, 0),
    "best_of": Option(int, 5),
    "beam_size": Option(int, 5),
    "patience": Option(float, 1.0),
    "length_penalty": Option(float, 0),
    "suppress_tokens": Option(str, "-1"),
    "initial_prompt": Option(str),
    "condition_on_previous_text": Option(bool, True),
    "temperature_increment_on_fallback": Option(float, 0.2),
    "compression_ratio_threshold": Option(float, 2.4),
    "logprob_threshold": Option(float, -1.0),
    "no_speech_threshold": Option(float, 0.6),
    "enable_vad": Option(bool, False),
    "word_timestamps": Option(bool, False),
}
"""The worker's `src/rp_schema.py`."""


def answer(given: Mapping[str, Any], call: Call) -> dict[str, Any]:
    """Transcribe one sound, or each of `items` in one call; what stands beside `items` holds for all of them.

    An item that cannot be read has an `error` of its own.

    Raises:
        HandlerError: The input is not as the worker's schema says, or there is no sound in it.
        ValueError: What the worker raises itself: a model or a language that it does not have.
    """
    if "items" not in given:
        return _transcribed(given, call)
    items = given["items"]
    if not isinstance(items, list) or not items:
        raise HandlerError("items must be a list that is not empty")
    shared = {name: value for name, value in given.items() if name != "items"}
    results = []
    for item in items:
        results.append(_item(item, shared, call))
        call.emit(results[-1])
        if call.stop.is_set:
            break
    return {"results": results}


def _item(item: Any, shared: Mapping[str, Any], call: Call) -> dict[str, Any]:
    if not isinstance(item, dict) or not isinstance(item.get("id"), str):
        return {"id": None, "error": "an item must be an object with an 'id'"}
    given = {**shared, **item}
    del given["id"]
    try:
        return {"id": item["id"]} | _transcribed(given, call)
    except HandlerError as error:
        return {"id": item["id"], "error": error.text}
    except ValueError as error:
        return {"id": item["id"], "error": str(error)}


def _transcribed(given: Mapping[str, Any], call: Call) -> dict[str, Any]:
    if "audio_file" in given:
        return whisperx.transcribed(given, call)
    options = validated(given, SCHEMA)
    with _sent(options, call) as source:
        return _answered(source, options, call)


def _answered(source: int, options: Mapping[str, Any], call: Call) -> dict[str, Any]:
    if options["model"] not in MODELS:
        models = ", ".join(repr(model) for model in MODELS)
        raise ValueError(f"Invalid model name: {options['model']}. Available models are: {{{models}}}")
    check_decoding(options["language"], options["temperature"])
    what = "audio" if options["audio"] else "audio_base64"
    heard = listen(source, what, options["language"], call)
    segments = [one for one in heard.segments if not _is_taken_for_silence(one, options)]
    in_english = [replace(segment, text=segment.english) for segment in segments]
    body: dict[str, Any] = {
        "segments": [
            segment_body(number, one, options["temperature"]) for number, one in enumerate(segments, start=1)
        ],
        "detected_language": options["language"] or heard.language,
        "transcription": written(segments, options["transcription"]),
        "translation": written(in_english, options["translation"]) if options["translate"] else None,
        "device": "cuda",
        "model": options["model"],
    }
    if options["word_timestamps"]:
        body["word_timestamps"] = [
            {"word": f" {word.word}", "start": round(word.start, 3), "end": round(word.end, 3)}
            for segment in segments
            for word in segment.words
        ]
    return body


def _sent(options: Mapping[str, Any], call: Call) -> AbstractContextManager[int]:
    """The open file of the sound that an input brings."""
    by_url, by_value = options["audio"], options["audio_base64"]
    if not by_url and not by_value:
        raise HandlerError("Must provide either audio or audio_base64")
    if by_url and by_value:
        raise HandlerError("Must provide either audio or audio_base64, not both")
    return downloaded(by_url, call) if by_url else decoded(by_value, "audio_base64")


def _is_taken_for_silence(segment: Segment, options: Mapping[str, Any]) -> bool:
    """Whether faster-whisper would skip a segment (transcribe.py, `should_skip`)."""
    return bool(
        segment.no_speech_prob > options["no_speech_threshold"]
        and segment.avg_logprob <= options["logprob_threshold"]
    )
