"""Looks into uploaded video files, as platforms do before they publish them."""

from dataclasses import dataclass
from io import BytesIO
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Footage:
    """What a video file holds.

    Attributes:
        container: Names of the container formats it may be, e.g. `mov,mp4,m4a,3gp,3g2,mj2`.
        codec: FFmpeg's name of the video codec, e.g. `h264`.
        fps: Average frame rate in frames per second; 0 when unknown.
    """

    container: str
    codec: str
    width_px: int
    height_px: int
    fps: float
    duration_s: float
    has_audio: bool


def examine(path: Path) -> Footage | None:
    """Read a file's headers; None when it is no video. Takes some 10 ms, call it in a thread."""
    import av  # late: 100 ms that a fake without uploads never pays
    from av.error import FFmpegError

    try:
        with av.open(str(path)) as file:
            if not file.streams.video:
                return None
            stream = file.streams.video[0]
            next(file.decode(stream))
            length_s = file.duration / av.time_base if file.duration else 0.0
            return Footage(
                container=file.format.name,
                codec=stream.codec_context.name,
                width_px=stream.codec_context.width,
                height_px=stream.codec_context.height,
                fps=float(stream.average_rate or 0),
                duration_s=round(length_s, 3),
                has_audio=bool(file.streams.audio),
            )
    except (FFmpegError, OSError, StopIteration):
        return None


def picture(path: Path, width_px: int = 480) -> bytes | None:
    """The first frame as a JPEG, scaled to a width; None when it is no video. Call it in a thread."""
    import av
    from av.error import FFmpegError

    try:
        with av.open(str(path)) as file:
            frame = next(file.decode(video=0)).to_image()  # type: ignore[no-untyped-call]  # PyAV's own gap
    except (FFmpegError, OSError, StopIteration, IndexError):
        return None
    frame.thumbnail((width_px, width_px * 4))
    made = BytesIO()
    frame.save(made, "JPEG", quality=80)
    return made.getvalue()
