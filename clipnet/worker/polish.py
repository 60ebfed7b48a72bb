"""Makes the finished clip: one encode that also yields poster, sound for Whisper, pictures for the scores."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from clipnet.worker import analysis, ffmpeg
from clipnet.worker.frame import Frame, frame_rate, plan_frame
from clipnet.worker.loudness import Gain, gain_for, integrated
from clipnet.worker.probe import Media
from clipnet.worker.segment import LOUDNESS_STEP_S, Segment, asked, best

MOTION_FPS: Final = 4
STILLS: Final = 3
_TONE_MAP: Final = (
    "zscale=t=linear:npl=100,format=gbrpf32le,zscale=p=bt709,tonemap=tonemap=hable:desat=0,"
    "zscale=t=bt709:m=bt709:r=tv,"
)
_NEAR_LU: Final = 0.3
_CORRECTIONS: Final = 3


@dataclass(frozen=True, slots=True)
class Polished:
    """A finished clip's files in a folder of its own."""

    folder: Path

    @property
    def video(self) -> Path:
        """H.264 and AAC in MP4, ready to stream."""
        return self.folder / "clip.mp4"

    @property
    def poster(self) -> Path:
        """A JPEG of the same size."""
        return self.folder / "poster.jpg"

    @property
    def speech(self) -> Path:
        """Mono, 16 kHz, Opus; absent without sound."""
        return self.folder / "speech.ogg"

    @property
    def stills(self) -> tuple[Path, ...]:
        """Up to `STILLS` pictures spread over the clip, JPEG, at most 384 pixels wide."""
        return tuple(sorted(self.folder.glob("frame_*.jpg")))

    @property
    def thumbs(self) -> tuple[Path, ...]:
        """Gray 64 x 36 pictures of the whole scene, `MOTION_FPS` each second, PNG."""
        return tuple(sorted(self.folder.glob("motion_*.png")))

    def is_complete(self) -> bool:
        """Tell whether a polish was finished here."""
        return self.video.exists() and self.poster.exists()


@dataclass(frozen=True, slots=True)
class Outcome:
    """What was made."""

    segment: Segment
    frame: Frame
    gain: Gain
    loudness_lufs: float | None

    def summary(self) -> dict[str, Any]:
        """Return what a clip's history shows of it."""
        return {
            "start_s": round(self.segment.start_s, 3),
            "end_s": round(self.segment.end_s, 3),
            "width": self.frame.width,
            "height": self.frame.height,
            "gain_db": round(self.gain.db, 2),
            "limited": self.gain.limited,
            "source_lufs": round(self.loudness_lufs, 2) if self.loudness_lufs is not None else None,
        }


@dataclass(frozen=True, slots=True)
class Order:
    """What to make of which source; the asked part may be open on either side."""

    source: Path
    media: Media
    want_start_s: float | None
    want_end_s: float | None
    max_height: int
    time_limit_s: float


async def polish(order: Order, polished: Polished, on_progress: Callable[[float], None]) -> Outcome:
    """Make the clip in `polished.folder`, whole or not at all; `on_progress` gets the share done, 0 to 1.

    Raises:
        Permanent: The source cannot become a clip.
        Transient: FFmpeg failed in another way.
    """
    draft = polished.folder.with_name(polished.folder.name + ".part")
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir(parents=True)
    try:
        outcome = await _make(order, Polished(draft), on_progress)
        for measurement in draft.glob("*.txt"):
            measurement.unlink()
        shutil.rmtree(polished.folder, ignore_errors=True)
        draft.rename(polished.folder)
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    return outcome


async def _make(order: Order, draft: Polished, on_progress: Callable[[float], None]) -> Outcome:
    frame = plan_frame(
        order.media.width, order.media.height, order.media.pixel_aspect, max_height=order.max_height
    )
    part, measured = await _choose(order, draft.folder)
    loudness = integrated(_within(measured, part))
    gain = await _gain(order, draft.folder, part, loudness, measured.peak)

    arguments = encode_arguments(order, part, frame, gain, draft)
    await ffmpeg.run(
        arguments,
        time_limit_s=order.time_limit_s,
        on_progress=lambda done_s: on_progress(min(1.0, done_s / part.length_s)),
    )
    return Outcome(part, frame, gain, loudness)


async def _choose(order: Order, folder: Path) -> tuple[Segment, analysis.Analysis]:
    media = order.media
    part = asked(media.duration_s, order.want_start_s, order.want_end_s)
    if part is not None:
        measured = await analysis.analyse(
            order.source,
            media,
            folder,
            start_s=part.start_s,
            length_s=part.length_s,
            find_cuts=False,
            time_limit_s=order.time_limit_s,
        )
        return part, measured
    measured = await analysis.analyse(
        order.source, media, folder, find_cuts=True, time_limit_s=order.time_limit_s
    )
    looked_at_s = min(media.duration_s, analysis.LOOKED_AT_S)
    return best(looked_at_s, measured.loudness, measured.cuts_s), measured


def _within(measured: analysis.Analysis, part: Segment) -> tuple[float, ...]:
    first = round((part.start_s - measured.start_s) / LOUDNESS_STEP_S)
    last = round((part.end_s - measured.start_s) / LOUDNESS_STEP_S)
    return measured.loudness[first + 3 : last] or measured.loudness[first:last]


async def _gain(order: Order, folder: Path, part: Segment, loudness: float | None, peak: float) -> Gain:
    """Return the gain; where a limiter has to work, what it takes away is measured and given back."""
    gain = gain_for(loudness, peak)
    for _ in range(_CORRECTIONS if gain.limited else 0):
        reached = await analysis.loudness_after(
            order.source,
            folder,
            start_s=part.start_s,
            length_s=part.length_s,
            gain_db=gain.db,
            time_limit_s=order.time_limit_s,
        )
        missing_db = gain_for(reached, 0.0).db
        if abs(missing_db) <= _NEAR_LU:
            break
        gain = Gain(gain.db + missing_db, limited=True)
    return gain


def encode_arguments(order: Order, part: Segment, frame: Frame, gain: Gain, draft: Polished) -> list[str]:
    """Return FFmpeg's arguments for the one pass that makes every file of `draft`."""
    rate = frame_rate(order.media.average_fps)
    arguments = ["-ss", f"{part.start_s:.3f}", "-t", f"{part.length_s:.3f}"]
    arguments += ffmpeg.input_options(str(order.source))
    arguments += ["-filter_complex", filter_graph(order.media, part, frame, gain)]
    arguments += ["-map", "[video]", *(["-map", "[sound]"] if order.media.has_audio else [])]
    arguments += ["-c:v", "libx264", "-preset", "veryfast", "-crf", "21", "-maxrate", "8M", "-bufsize", "16M"]
    arguments += ["-profile:v", "high", "-pix_fmt", "yuv420p", "-r", str(rate), "-g", str(round(rate * 2))]
    arguments += ["-c:a", "aac", "-b:a", "128k", "-ar", "48000", "-ac", "2"]
    arguments += ["-map_metadata", "-1", "-map_chapters", "-1", "-movflags", "+faststart", str(draft.video)]
    arguments += ["-map", "[poster]", "-frames:v", "1", "-update", "1", "-q:v", "3", str(draft.poster)]
    arguments += ["-map", "[stills]", "-frames:v", str(STILLS), "-q:v", "4"]
    arguments += ["-start_number", "0", str(draft.folder / "frame_%03d.jpg")]
    arguments += [
        "-map",
        "[motion]",
        "-c:v",
        "png",
        "-start_number",
        "0",
        str(draft.folder / "motion_%04d.png"),
    ]
    if order.media.has_audio:
        arguments += ["-map", "[speech]", "-c:a", "libopus", "-b:a", "32k", "-ar", "16000", "-ac", "1"]
        arguments += ["-map_metadata", "-1", str(draft.speech)]
    return arguments


def filter_graph(media: Media, part: Segment, frame: Frame, gain: Gain) -> str:
    """Return the filters between one input and every output."""
    squared = (
        f"scale={frame.display_width}:{frame.display_height},setsar=1," if media.pixel_aspect != 1 else ""
    )
    scaled = (
        f"scale={frame.width}:{frame.height},"
        if (frame.width, frame.height) != (frame.crop_width, frame.crop_height)
        else ""
    )
    upright = (
        f"[whole]{squared}crop={frame.crop_width}:{frame.crop_height},{scaled}"
        f"fps={frame_rate(media.average_fps)},{_TONE_MAP if media.hdr else ''}setsar=1,format=yuv420p,"
        "split=3[video][for_poster][for_stills]"
    )
    chains = [
        f"[0:v:{media.video_index}]split=2[whole][for_motion]",
        upright,
        f"[for_poster]select='gte(t,{part.length_s / 3:.3f})',format=yuvj420p[poster]",
        f"[for_stills]fps={STILLS}/{part.length_s:.3f},scale='min(384,iw)':-2,format=yuvj420p[stills]",
        f"[for_motion]fps={MOTION_FPS},scale=64:36,format=gray[motion]",
    ]
    if media.has_audio:
        limiter = f",{analysis.LIMITER}" if gain.limited else ""
        chains.append(
            f"[0:a:0]{analysis.STEREO},volume={gain.db:.2f}dB{limiter},asplit=2[sound][for_speech];"
            "[for_speech]aresample=16000,aformat=channel_layouts=mono[speech]"
        )
    return ";".join(chains)
