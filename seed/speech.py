"""Makes the committed speech in `seed/media` with espeak-ng: a tool for development.

Run it with `python -m seed.speech`.

Each script below is spoken once into `<name>.opus` (mono, 24 kHz) and listed in `transcript.json` with the
true time of every word: starts come from the synthesiser's own events, ends from where its sound stops.
Needs the shared library of espeak-ng (`apt-get install espeak-ng`); nothing else of the project needs it.
"""

from __future__ import annotations

import argparse
import ctypes
import hashlib
import json
import re
import subprocess
import sys
import wave
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from numpy.typing import NDArray

MEDIA = Path(__file__).parent / "media"
CODEC = ("-c:a", "libopus", "-b:a", "13000", "-application", "voip", "-bitexact")
LEAD_IN_S = 0.25
TAIL_S = 0.35
QUIET = 200
"""Amplitude (of 32767) below which a 10 ms frame counts as silence."""

_SYNCHRONOUS = 2
_DO_NOT_EXIT = 0x8000
_UTF8 = 1
_RATE, _VOLUME, _PITCH, _RANGE = 1, 2, 3, 4
_LIST_TERMINATED, _WORD = 0, 1


@dataclass(frozen=True, slots=True)
class Script:
    """What is said in one file, and how.

    `voice` is an espeak-ng voice with an optional variant, `words_per_minute` its speed, `pitch` 0 to 99.
    `english` translates each sentence of another language.
    """

    name: str
    language: str
    voice: str
    words_per_minute: int
    pitch: int
    text: str
    english: tuple[str, ...] = ()


SCRIPTS = (
    Script(
        "clutch",
        "en",
        "en-us+m3",
        165,
        45,
        "Wait, wait, wait. One enemy left, he has no idea where I am. Oh my god, what a clutch! "
        "Chat, did you see that? Clip it, clip it right now.",
    ),
    Script(
        "speedrun",
        "en",
        "en-us+f3",
        175,
        60,
        "This is the final level and we are four seconds ahead of the world record. "
        "Careful with the jump. Yes! New personal best, let's go!",
    ),
    Script(
        "pasta",
        "en",
        "en+f2",
        150,
        55,
        "Today we cook fresh pasta. Two eggs, two hundred grams of flour and a little salt. "
        "Never rinse it, the sauce needs the starch.",
    ),
    Script(
        "goal",
        "en",
        "en-us+m5",
        185,
        40,
        "He takes the ball on the left, past one, past two, he shoots. Goal! "
        "What a strike in the last minute of the match.",
    ),
    Script(
        "interview",
        "en",
        "en-us+m7",
        145,
        35,
        "The question people ask me most is how to begin. My answer is simple. "
        "Start small, publish every week, and listen to your viewers.",
    ),
    Script(
        "unboxing",
        "en",
        "en-us+f4",
        160,
        65,
        "So this is the new camera. Let us open the box. It is much lighter than the old one, "
        "and the screen turns all the way around.",
    ),
    Script(
        "weather",
        "en",
        "en+m4",
        155,
        50,
        "Tonight expect heavy rain in the north, with strong wind along the coast. "
        "Tomorrow the sun returns and it will be warm everywhere.",
    ),
    Script(
        "mathe",
        "de",
        "de+f2",
        150,
        52,
        "Heute rechnen wir eine Aufgabe aus der Prüfung. Zuerst teilen wir beide Seiten durch drei. "
        "Das Ergebnis ist sieben.",
        (
            "Today we work out a problem from the exam.",
            "First we divide both sides by three.",
            "The result is seven.",
        ),
    ),
    Script(
        "concierto",
        "es",
        "es+m3",
        160,
        48,
        "Buenas noches a todos. Esta canción es nueva y nadie la conoce todavía. "
        "Gracias por venir, vamos a cantar juntos.",
        (
            "Good evening, everyone.",
            "This song is new and nobody knows it yet.",
            "Thank you for coming, let us sing together.",
        ),
    ),
)


@dataclass(frozen=True, slots=True)
class Word:
    """One spoken word with its times in seconds from the start of the file."""

    word: str
    start: float
    end: float


class _Event(ctypes.Structure):
    """espeak_EVENT of `speak_lib.h`."""

    _fields_ = (
        ("type", ctypes.c_int),
        ("unique_identifier", ctypes.c_uint),
        ("text_position", ctypes.c_int),
        ("length", ctypes.c_int),
        ("audio_position_ms", ctypes.c_int),
        ("sample", ctypes.c_int),
        ("user_data", ctypes.c_void_p),
        ("id", ctypes.c_char * 8),
    )


_CALLBACK = ctypes.CFUNCTYPE(
    ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.POINTER(_Event)
)


class Synthesiser:
    """The espeak-ng library, opened once per process."""

    def __init__(self) -> None:
        self._library = ctypes.CDLL("libespeak-ng.so.1")
        self.rate_hz: int = self._library.espeak_Initialize(_SYNCHRONOUS, 500, None, _DO_NOT_EXIT)
        if self.rate_hz <= 0:
            raise RuntimeError("espeak-ng did not start")

    def speak(self, script: Script) -> tuple[NDArray[np.int16], list[tuple[int, int]]]:
        """Return the samples of a script and `(text position, start in ms)` of each word, in order."""
        blocks: list[NDArray[np.int16]] = []
        words: list[tuple[int, int]] = []

        def receive(wav: Any, count: int, events: Any) -> int:
            if wav and count:
                blocks.append(np.ctypeslib.as_array(wav, shape=(count,)).copy())
            index = 0
            while events and events[index].type != _LIST_TERMINATED:
                if events[index].type == _WORD:
                    words.append((events[index].text_position, events[index].audio_position_ms))
                index += 1
            return 0

        callback = _CALLBACK(receive)
        self._library.espeak_SetSynthCallback(callback)
        if self._library.espeak_SetVoiceByName(script.voice.encode()) != 0:
            raise RuntimeError(f"espeak-ng has no voice '{script.voice}'")
        self._library.espeak_SetParameter(_RATE, script.words_per_minute, 0)
        self._library.espeak_SetParameter(_VOLUME, 90, 0)
        self._library.espeak_SetParameter(_PITCH, script.pitch, 0)
        self._library.espeak_SetParameter(_RANGE, 60, 0)
        raw = script.text.encode()
        self._library.espeak_Synth(raw, len(raw) + 1, 0, 1, 0, _UTF8, None, None)
        self._library.espeak_Synchronize()
        return np.concatenate(blocks), words


def timed_words(
    text: str, samples: NDArray[np.int16], rate_hz: int, events: list[tuple[int, int]]
) -> tuple[Word, ...]:
    """Give every written word its start (from the events) and its end (where its sound stops).

    espeak-ng may speak two written words as one unit; such words share the unit's time in proportion to their
    length. `text_position` counts characters from 1.
    """
    written = [(match.start() + 1, match.group()) for match in re.finditer(r"\S+", text)]
    starts = dict(reversed(events))
    total_ms = len(samples) * 1000 / rate_hz
    anchors = [(index, starts[position]) for index, (position, _) in enumerate(written) if position in starts]
    words: list[Word] = []
    for (first, start_ms), (after, end_ms) in zip(
        anchors, [*anchors[1:], (len(written), total_ms)], strict=True
    ):
        stop_ms = _sound_end_ms(samples, rate_hz, start_ms, end_ms)
        letters = sum(len(token) for _, token in written[first:after])
        at_ms = float(start_ms)
        for _, token in written[first:after]:
            until_ms = at_ms + (stop_ms - start_ms) * len(token) / letters
            words.append(
                Word(token, round(at_ms / 1000 + LEAD_IN_S, 3), round(until_ms / 1000 + LEAD_IN_S, 3))
            )
            at_ms = until_ms
    return tuple(words)


def _sound_end_ms(samples: NDArray[np.int16], rate_hz: int, start_ms: float, end_ms: float) -> float:
    """Return where the last audible 10 ms frame between two times ends."""
    frame = rate_hz // 100
    first, last = int(start_ms // 10), int(end_ms // 10)
    for index in range(last - 1, first, -1):
        if np.abs(samples[index * frame : (index + 1) * frame].astype(np.int32)).max(initial=0) > QUIET:
            return min((index + 1) * 10.0, end_ms)
    return end_ms


def write(folder: Path, ffmpeg: str) -> dict[str, object]:
    """Speak every script into `folder` and return the content of `transcript.json`."""
    synthesiser = Synthesiser()
    transcript: dict[str, object] = {}
    for script in SCRIPTS:
        samples, events = synthesiser.speak(script)
        loud = np.flatnonzero(np.abs(samples.astype(np.int32)) > QUIET)
        samples = samples[: loud[-1] + 1]
        words = timed_words(script.text, samples, synthesiser.rate_hz, events)
        pad = [np.zeros(int(seconds * synthesiser.rate_hz), np.int16) for seconds in (LEAD_IN_S, TAIL_S)]
        padded = np.concatenate([pad[0], samples, pad[1]])
        path = folder / f"{script.name}.opus"
        _encode(padded, synthesiser.rate_hz, path, ffmpeg)
        transcript[path.name] = {
            "language": script.language,
            "duration_s": round(len(padded) / synthesiser.rate_hz, 3),
            "text": script.text,
            "words": [{"word": word.word, "start": word.start, "end": word.end} for word in words],
            "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
            **({"english": script.english} if script.english else {}),
        }
    return transcript


def _encode(samples: NDArray[np.int16], rate_hz: int, path: Path, ffmpeg: str) -> None:
    with TemporaryDirectory() as folder:
        source = Path(folder) / "speech.wav"
        with wave.open(str(source), "wb") as sound:
            sound.setnchannels(1)
            sound.setsampwidth(2)
            sound.setframerate(rate_hz)
            sound.writeframes(samples.tobytes())
        subprocess.run(
            [ffmpeg, "-y", "-v", "error", "-i", source, "-ac", "1", "-ar", "24000", *CODEC, path],
            check=True,
        )


def _one_word_per_line(transcript: dict[str, object]) -> str:
    text = json.dumps(transcript, ensure_ascii=False, indent=1, sort_keys=True)
    return re.sub(r"\{\s+(\"end\".+?)\s+(\"start\".+?)\s+(\"word\".+?)\s+\}", r"{\1 \2 \3}", text) + "\n"


def main(arguments: list[str]) -> int:
    """Write `seed/media` anew; `--ffmpeg` names the encoder (default: the one of imageio-ffmpeg)."""
    parser = argparse.ArgumentParser(prog="python -m seed.speech", description=__doc__)
    parser.add_argument("--ffmpeg", default=None)
    parser.add_argument("--folder", type=Path, default=MEDIA)
    options = parser.parse_args(arguments)
    ffmpeg = options.ffmpeg
    if ffmpeg is None:
        import imageio_ffmpeg

        ffmpeg = imageio_ffmpeg.get_ffmpeg_exe()
    transcript = write(options.folder, ffmpeg)
    (options.folder / "transcript.json").write_text(_one_word_per_line(transcript), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
