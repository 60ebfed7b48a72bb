"""The hub's WhisperX worker: words only when they are asked for, and who says them.

Source: github.com/kodxana/whisperx-worker, `src/rp_schema.py`, `src/rp_handler.py`, `src/predict.py`; and of
whisperx itself `asr.py`, `alignment.py`, `diarize.py`.
"""

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack
from typing import Any

from fakes.runpod.models import Call, HandlerError
from fakes.runpod.models.hearing import listen
from fakes.runpod.models.schema import Option, validated
from fakes.runpod.models.sound import decoded, downloaded
from fakes.runpod.models.transcript import LONGEST_S, Segment, check_decoding

SCHEMA: Mapping[str, Option] = {
    "audio_file": Option(str, is_required=True),
    "language": Option(str),
    "language_detection_min_prob": Option(float, 0),
    "language_detection_max_tries": Option(int, 5),
    "initial_prompt": Option(str),
    "batch_size": Option(int, 64),
    "temperature": Option(float, 0),
    "vad_onset": Option(float, 0.500),
    "vad_offset": Option(float, 0.363),
    "align_output": Option(bool, False),
    "diarization": Option(bool, False),
    "huggingface_access_token": Option(str),
    "min_speakers": Option(int),
    "max_speakers": Option(int),
    "debug": Option(bool, False),
}


def transcribed(given: Mapping[str, Any], call: Call) -> dict[str, Any]:
    """Transcribe the sound at `audio_file`: an address, or base64.

    Raises:
        HandlerError: The input is not as the worker's schema says, or there is no sound in it.
    """
    options = validated(given, SCHEMA)
    with ExitStack() as files:
        try:
            source = files.enter_context(_sent(options["audio_file"], call))
        except HandlerError as error:
            raise HandlerError(f"audio input: {error.text}") from error
        try:
            check_decoding(options["language"], options["temperature"])
            heard = listen(source, "audio_file", options["language"], call)
        except (HandlerError, ValueError) as error:
            said = error.text if isinstance(error, HandlerError) else str(error)
            raise HandlerError(f"prediction: {said}") from error
    speakers = _speakers(heard.segments, options["max_speakers"]) if options["diarization"] else {}
    bodies = _aligned if options["align_output"] else _plain
    return {
        "segments": [body for chunk in _chunks(heard.segments) for body in bodies(chunk, speakers)],
        "detected_language": options["language"] or heard.language,
    }


def _sent(source: str, call: Call) -> AbstractContextManager[int]:
    return downloaded(source, call) if "://" in source else decoded(source, "audio_file")


def _chunks(segments: Sequence[Segment]) -> list[list[Segment]]:
    """Segments put together to the length of Whisper's window, as WhisperX feeds them to it."""
    chunks: list[list[Segment]] = []
    for segment in segments:
        if not chunks or segment.end - chunks[-1][0].start > LONGEST_S:
            chunks.append([])
        chunks[-1].append(segment)
    return chunks


def _plain(chunk: Sequence[Segment], speakers: Mapping[str, str]) -> list[dict[str, Any]]:
    """One body for all that is said in a chunk."""
    text = "".join(segment.text for segment in chunk)
    body = {"text": text, "start": round(chunk[0].start, 3), "end": round(chunk[-1].end, 3)}
    return [body | _speaker(chunk, speakers)]


def _aligned(chunk: Sequence[Segment], speakers: Mapping[str, str]) -> list[dict[str, Any]]:
    """A body for each sentence of a chunk; only the first one keeps the space in front."""
    return [
        {
            "start": round(segment.start, 3),
            "end": round(segment.end, 3),
            "text": segment.text if number == 0 else segment.text.lstrip(),
            "words": [
                {
                    "word": word.word,
                    "start": round(word.start, 3),
                    "end": round(word.end, 3),
                    "score": round(segment.sureness, 3),
                }
                | _speaker([segment], speakers)
                for word in segment.words
            ],
        }
        | _speaker([segment], speakers)
        for number, segment in enumerate(chunk)
    ]


def _speakers(segments: Sequence[Segment], most: int | None) -> dict[str, str]:
    """A label for each voice, numbered as they come; the last label is for all voices that are too many.

    Who speaks where nothing is recognised is not known: that gets no label.
    """
    voices = dict.fromkeys(segment.voice for segment in segments if segment.voice is not None)
    last = len(voices) - 1 if most is None else max(most, 1) - 1
    return {voice: f"SPEAKER_{min(number, last):02}" for number, voice in enumerate(voices)}


def _speaker(segments: Sequence[Segment], speakers: Mapping[str, str]) -> dict[str, str]:
    """The label of who speaks longest."""
    spoken_s: dict[str, float] = {}
    for segment in segments:
        if segment.voice is not None and segment.voice in speakers:
            label = speakers[segment.voice]
            spoken_s[label] = spoken_s.get(label, 0.0) + segment.end - segment.start
    return {"speaker": max(spoken_s, key=lambda label: spoken_s[label])} if spoken_s else {}
