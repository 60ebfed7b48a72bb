"""The committed speech as numbers: cut, joined and mixed, with what is said in it and when."""

import io
import json
import wave
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.fakes.runpod.material import SPEECH_DIR, ask, ffmpeg, in_base64

TRANSCRIPTS: dict[str, Any] = json.loads((SPEECH_DIR / "transcript.json").read_text())
HZ = 48_000

Samples = NDArray[np.float32]
Said = list[tuple[str, float, float]]
"""Words with their starts and ends in seconds."""


@lru_cache
def speech(name: str) -> Samples:
    """All samples of a file."""
    raw = ffmpeg("-i", str(SPEECH_DIR / name), "-f", "f32le", "-ac", "1", "-ar", str(HZ), "-")
    return np.frombuffer(raw, np.float32)


def said(name: str, start_s: float = 0.0, end_s: float = 99.0, at_s: float = 0.0) -> Said:
    """Words of which half at least lies within a part of a file, when that part begins at some time."""
    found = []
    for word in TRANSCRIPTS[name]["words"]:
        start, end = max(word["start"], start_s), min(word["end"], end_s)
        if end - start >= 0.5 * (word["end"] - word["start"]):
            found.append((word["word"], start - start_s + at_s, end - start_s + at_s))
    return found


def clear(name: str, at_s: float, margin_s: float = 0.04) -> float:
    """The next time at which a cut leaves no word in doubt: none has its middle so near."""
    middles = [(word["start"] + word["end"]) / 2 for word in TRANSCRIPTS[name]["words"]]
    while any(abs(middle - at_s) < margin_s for middle in middles):
        at_s += 0.02
    return round(at_s, 2)


def part(name: str, start_s: float = 0.0, end_s: float = 99.0) -> Samples:
    return speech(name)[round(start_s * HZ) : round(end_s * HZ)]


def silence(length_s: float) -> Samples:
    return np.zeros(round(length_s * HZ), np.float32)


def noise(length_s: float, level: float) -> Samples:
    """Noise that falls off towards high pitches, of some mean level."""
    count = round(length_s * HZ)
    spectrum = np.fft.rfft(np.random.default_rng(7).standard_normal(count))
    return _levelled(np.fft.irfft(spectrum / np.sqrt(np.arange(len(spectrum)) + 20), count), level)


def chords(length_s: float, level: float) -> Samples:
    """Music: every half second another struck chord, of some mean level."""
    at_s = np.arange(HZ // 2) / HZ
    tones_hz = np.outer((220.0, 293.7, 246.9, 329.6), (1, 1.26, 1.5, 2, 3))
    struck = np.sin(2 * np.pi * tones_hz[:, :, None] * at_s).sum(axis=1) * np.exp(-2 * at_s)
    return _levelled(np.resize(struck, round(length_s * HZ)), level)


def _levelled(sound: NDArray[np.float64], level: float) -> Samples:
    return np.asarray(sound / np.sqrt((sound**2).mean()) * level, dtype=np.float32)


def mixed(*sounds: tuple[float, Samples]) -> Samples:
    """Sounds that begin at some seconds, one over the other."""
    whole = np.zeros(max(round(at_s * HZ) + len(sound) for at_s, sound in sounds), np.float32)
    for at_s, sound in sounds:
        begin = round(at_s * HZ)
        whole[begin : begin + len(sound)] += sound
    return whole


def wav(samples: Samples) -> bytes:
    file = io.BytesIO()
    with wave.open(file, "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(HZ)
        sound.writeframes((np.clip(samples, -1, 1) * 32767).astype(np.int16).tobytes())
    return file.getvalue()


def encoded(samples: Samples, kind: str, *arguments: str) -> str:
    """Samples after FFmpeg's arguments, as base64 of a file of this kind."""
    with TemporaryDirectory() as folder:
        file = Path(folder) / f"sound.{kind}"
        ffmpeg("-f", "wav", "-i", "-", *arguments, str(file), given=wav(samples))
        return in_base64(file.read_bytes())


def heard(sound: str, cache: Path, **more: Any) -> Any:
    """Whisper's answer with its words."""
    return ask("whisper", {"audio_base64": sound, "word_timestamps": True, **more}, cache)


def assert_said(answer: Any, expected: Said, within_s: float = 0.06) -> None:
    """Exactly these words, at these times."""
    words = answer["word_timestamps"]
    assert [word["word"] for word in words] == [f" {word}" for word, _, _ in expected]
    for word, (_, start_s, end_s) in zip(words, expected, strict=True):
        assert word["start"] == pytest.approx(start_s, abs=within_s), word
        assert word["end"] == pytest.approx(end_s, abs=within_s), word


def unknown(answer: Any) -> Sequence[tuple[float, float]]:
    """From when to when there is speech without words."""
    return [
        (segment["start"], segment["end"])
        for segment in answer["segments"]
        if segment["text"] == " [unrecognised speech]"
    ]
