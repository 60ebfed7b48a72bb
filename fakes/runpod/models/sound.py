"""Sound as it is measured: decoded by FFmpeg piece by piece, never all of it in memory."""

import contextlib
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from tempfile import TemporaryFile

import numpy as np
from numpy.typing import NDArray

from fakes.runpod.models import Call, HandlerError, Stop, ffmpeg, media
from fakes.runpod.models.bands import BANDS, HOP, SOUND_HZ, WINDOW, Bands, energy

MAX_SOUND_S = 2 * 3600
_BLOCK_BYTES = 2 * 20 * SOUND_HZ

Prints = NDArray[np.uint32]
"""Chromaprint's raw fingerprint."""
Samples = NDArray[np.int16]
"""Mono, at `SOUND_HZ`."""


@dataclass(frozen=True, slots=True, eq=False)
class Sound:
    """What a sound measures."""

    duration_s: float
    bands: Bands
    prints: Prints


@contextlib.contextmanager
def downloaded(url: str, call: Call) -> Iterator[int]:
    """The descriptor of an open file with what is at an address within this stack.

    Raises:
        HandlerError: A host that is not allowed, or no answer.
    """
    with TemporaryFile() as file:
        media.download(url, call, file)
        yield file.fileno()


@contextlib.contextmanager
def decoded(text: str, what: str) -> Iterator[int]:
    """The descriptor of an open file with what is in base64 text or in a `data:` URL.

    Raises:
        HandlerError: Not base64, or nothing in it; the text names the field.
    """
    with ffmpeg.memory_file(media.from_base64(text, what)) as descriptor:
        yield descriptor


def measure(source: int, stop: Stop, what: str) -> Sound:
    """Measure the first sound of an open file.

    Raises:
        HandlerError: There is no sound in it, or too much.
    """
    with ffmpeg.memory_file(b"") as prints:
        mono = ["-map", "0:a:0", "-t", str(MAX_SOUND_S + 1), "-ac", "1", "-ar", str(SOUND_HZ)]
        arguments = [*mono, "-f", "s16le", "pipe:1"]
        arguments += [*mono, "-f", "chromaprint", "-fp_format", "raw", "-y", f"/proc/self/fd/{prints}"]
        with ffmpeg.running(source, arguments, stop, what, keep=[prints]) as child:
            count, bands = _measured(child.blocks(_BLOCK_BYTES))
        items = os.pread(prints, os.fstat(prints).st_size, 0)
    if count > MAX_SOUND_S * SOUND_HZ:
        raise HandlerError(f"{what} is longer than {MAX_SOUND_S} s")
    return Sound(count / SOUND_HZ, bands, np.frombuffer(items[: len(items) // 4 * 4], np.uint32))


def samples(source: int, start_s: float, end_s: float, stop: Stop, what: str) -> bytes:
    """A part of the same sound, as 16 bit samples."""
    part = ["-map", "0:a:0", "-ac", "1", "-ar", str(SOUND_HZ)]
    part += [
        "-af",
        f"atrim={start_s:.3f}:{end_s:.3f},asetpts=PTS-STARTPTS",
        "-t",
        f"{end_s - start_s:.3f}",
        "-f",
        "s16le",
        "pipe:1",
    ]
    with ffmpeg.running(source, part, stop, what) as child:
        return b"".join(child.blocks(_BLOCK_BYTES))


def _measured(blocks: Iterable[bytes]) -> tuple[int, Bands]:
    """How many samples there are, and their bands."""
    count = 0
    rest = np.zeros(0, np.float32)
    bands = [np.zeros((0, BANDS), np.float32)]
    for block in blocks:
        heard = np.frombuffer(block[: len(block) // 2 * 2], np.int16)
        count += len(heard)
        rest = np.concatenate([rest, heard.astype(np.float32) / 32768])
        whole = max((len(rest) - WINDOW) // HOP + 1, 0)
        bands.append(energy(rest, whole))
        rest = rest[whole * HOP :]
    measured = sum(len(part) for part in bands)
    ends = np.concatenate([rest, np.zeros(WINDOW + HOP, np.float32)])
    bands.append(energy(ends, max(count // HOP, 1) - measured))
    return count, np.concatenate(bands)
