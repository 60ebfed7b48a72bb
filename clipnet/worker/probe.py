"""What a file holds, read with PyAV. Imported at the first clip: PyAV is no part of a start."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from clipnet.worker.errors import Permanent
from clipnet.worker.ffmpeg import FORMATS

if TYPE_CHECKING:
    from av.container import InputContainer
    from av.video.frame import VideoFrame
    from av.video.stream import VideoStream

_HDR_TRANSFERS: Final = frozenset({16, 18})
"""SMPTE ST 2084 (PQ) and ARIB STD-B67 (HLG); source: ITU-T H.273, table 3."""


@dataclass(frozen=True, slots=True)
class Media:
    """A video file: sizes as shown, after rotation; `pixel_aspect` is width to height of one pixel."""

    duration_s: float
    width: int
    height: int
    pixel_aspect: Fraction
    rotation: int
    average_fps: Fraction | None
    hdr: bool
    has_audio: bool
    video_index: int
    codec: str

    def summary(self) -> dict[str, Any]:
        """Return what a clip's history shows of it."""
        return {
            "duration_s": self.duration_s,
            "width": self.width,
            "height": self.height,
            "rotation": self.rotation,
            "fps": round(float(self.average_fps), 3) if self.average_fps else None,
            "hdr": self.hdr,
            "audio": self.has_audio,
            "codec": self.codec,
            "pixel_aspect": str(self.pixel_aspect),
            "frame_rate": str(self.average_fps) if self.average_fps else None,
            "video_index": self.video_index,
        }


def from_summary(summary: Mapping[str, Any]) -> Media | None:
    """Return what a summary was made of; None where it was made by something else."""
    try:
        rate = summary["frame_rate"]
        return Media(
            duration_s=float(summary["duration_s"]),
            width=int(summary["width"]),
            height=int(summary["height"]),
            pixel_aspect=Fraction(summary["pixel_aspect"]),
            rotation=int(summary["rotation"]),
            average_fps=Fraction(rate) if rate else None,
            hdr=bool(summary["hdr"]),
            has_audio=bool(summary["audio"]),
            video_index=int(summary["video_index"]),
            codec=str(summary["codec"]),
        )
    except (KeyError, ValueError, TypeError, ZeroDivisionError):
        return None


async def probe(path: Path) -> Media:
    """Read the head of a file and decode its first picture, in a thread.

    Raises:
        Permanent: It is no video, has no picture, or no picture in it can be decoded.
    """
    return await asyncio.to_thread(read, path)


def read(path: Path) -> Media:
    """Do what `probe` does, here and now."""
    import av
    from av.error import FFmpegError

    options = {"format_whitelist": FORMATS, "protocol_whitelist": "file"}
    try:
        with av.open(f"file:{path}", options=options) as container:
            return _media(container)
    except FFmpegError as error:
        raise Permanent("not_a_video", f"the file cannot be read as a video ({error.strerror})") from error


def _media(container: InputContainer) -> Media:
    stream = _picture_stream(container)
    if stream is None:
        raise Permanent("no_video_stream", "the file holds no picture: it is sound only, or empty")
    first = _first_frame(container, stream)
    if first is None:
        raise Permanent("not_a_video", "the file cannot be read as a video (no picture in it can be decoded)")

    turned = first.rotation % 180 != 0
    width, height = (first.height, first.width) if turned else (first.width, first.height)
    aspect = Fraction(stream.sample_aspect_ratio or 1) or Fraction(1)
    return Media(
        duration_s=_duration_s(container, stream),
        width=width,
        height=height,
        pixel_aspect=1 / aspect if turned else aspect,
        rotation=first.rotation % 360,
        average_fps=stream.average_rate or stream.guessed_rate,
        hdr=stream.codec_context.color_trc in _HDR_TRANSFERS,
        has_audio=bool(container.streams.audio),
        video_index=container.streams.video.index(stream),
        codec=stream.codec_context.name,
    )


def _picture_stream(container: InputContainer) -> VideoStream | None:
    """Return the first moving picture; the cover image of a sound file is none."""
    from av.stream import Disposition

    for stream in container.streams.video:
        if not stream.disposition & Disposition.attached_pic:
            return stream
    return None


def _first_frame(container: InputContainer, stream: VideoStream) -> VideoFrame | None:
    return next(iter(container.decode(stream)), None)


def _duration_s(container: InputContainer, stream: VideoStream) -> float:
    import av

    if stream.duration and stream.time_base:
        return float(stream.duration * stream.time_base)
    if container.duration:
        return float(container.duration / av.time_base)
    container.seek(0)
    last = 0.0
    for packet in container.demux(stream):
        if packet.pts is not None and packet.time_base:
            last = max(last, float((packet.pts + (packet.duration or 0)) * packet.time_base))
    return last
