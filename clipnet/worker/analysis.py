"""How loud a source is over time and where its scenes change: one FFmpeg pass that encodes nothing.

Pictures are decoded at key frames only; that is where encoders put scene changes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from clipnet.worker import ffmpeg
from clipnet.worker.loudness import PEAK_LIMIT
from clipnet.worker.probe import Media

LOOKED_AT_S: Final = 1800.0
"""Of a longer source only the first half hour is considered."""
STEREO: Final = "aresample=48000,aformat=sample_fmts=fltp:channel_layouts=stereo"
LIMITER: Final = f"alimiter=limit={PEAK_LIMIT}:attack=2:release=50:level=disabled:latency=1"
_CUT_THRESHOLD: Final = 10
_PAIR = re.compile(r"^(\S+)=(\S+)$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Analysis:
    """`loudness` is momentary, in LUFS, each 0.1 s from `start_s`; `peak` the highest sample, linear."""

    start_s: float
    loudness: tuple[float, ...]
    peak: float
    cuts_s: tuple[float, ...]


async def analyse(
    source: Path,
    media: Media,
    folder: Path,
    *,
    start_s: float = 0.0,
    length_s: float = LOOKED_AT_S,
    find_cuts: bool,
    time_limit_s: float,
) -> Analysis:
    """Measure a part of a source; files of its own in `folder` are left behind for whoever owns that."""
    sound, scenes = folder / "loudness.txt", folder / "scenes.txt"
    if not media.has_audio and not find_cuts:
        return Analysis(start_s, (), 0.0, ())

    arguments = ["-skip_frame", "nokey"] if find_cuts else []
    arguments += ["-ss", f"{start_s:.3f}", "-t", f"{min(length_s, LOOKED_AT_S):.3f}"]
    arguments += ffmpeg.input_options(str(source))
    if media.has_audio:
        meter = f"{STEREO},ebur128=metadata=1:peak=sample,ametadata=print:file={_quoted(sound)}"
        arguments += ["-map", "0:a:0", "-af", meter, "-f", "null", "-"]
    if find_cuts:
        finder = f"scale=64:36,scdet=threshold={_CUT_THRESHOLD},metadata=print:file={_quoted(scenes)}"
        arguments += ["-map", f"0:v:{media.video_index}", "-vf", finder, "-f", "null", "-"]
    await ffmpeg.run(arguments, time_limit_s=time_limit_s)

    heard = _read(sound) if media.has_audio else ""
    seen = _read(scenes) if find_cuts else ""
    return Analysis(start_s, parse_loudness(heard), parse_peak(heard), parse_cuts(seen))


async def loudness_after(
    source: Path, folder: Path, *, start_s: float, length_s: float, gain_db: float, time_limit_s: float
) -> float | None:
    """Return how loud a part is once it was amplified and limited, in LUFS."""
    sound = folder / "loudness-after.txt"
    meter = (
        f"{STEREO},volume={gain_db:.2f}dB,{LIMITER},ebur128=metadata=1,ametadata=print:file={_quoted(sound)}"
    )
    arguments = ["-ss", f"{start_s:.3f}", "-t", f"{length_s:.3f}", *ffmpeg.input_options(str(source))]
    arguments += ["-map", "0:a:0", "-af", meter, "-f", "null", "-"]
    await ffmpeg.run(arguments, time_limit_s=time_limit_s)
    return parse_integrated(_read(sound))


def parse_loudness(printed: str) -> tuple[float, ...]:
    """Return the momentary loudness that FFmpeg's `ebur128` printed."""
    return tuple(float(value) for name, value in _pairs(printed) if name == "lavfi.r128.M")


def parse_peak(printed: str) -> float:
    """Return the highest sample that `ebur128` printed; it counts up."""
    return max(
        (float(value) for name, value in _pairs(printed) if name == "lavfi.r128.sample_peak"), default=0.0
    )


def parse_integrated(printed: str) -> float | None:
    """Return the last integrated loudness that `ebur128` printed; None for silence."""
    values = [float(value) for name, value in _pairs(printed) if name == "lavfi.r128.I"]
    return values[-1] if values and values[-1] > -70.0 else None


def parse_cuts(printed: str) -> tuple[float, ...]:
    """Return the times of scene changes that FFmpeg's `scdet` printed."""
    return tuple(float(value) for name, value in _pairs(printed) if name == "lavfi.scd.time")


def _pairs(printed: str) -> Iterator[tuple[str, str]]:
    for found in _PAIR.finditer(printed):
        yield found.group(1), found.group(2)


def _read(path: Path) -> str:
    return path.read_text() if path.exists() else ""


def _quoted(path: Path) -> str:
    """Return a path as a value within a filter graph (FFmpeg filters, "Notes on filtergraph escaping")."""
    text = str(path)
    for character in "\\':":
        text = text.replace(character, f"\\{character}")
    for character in "\\'[],;":
        text = text.replace(character, f"\\{character}")
    return text
