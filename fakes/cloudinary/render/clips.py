"""Makes videos of animations: `.mp4` and the like of an animated image.

Source: cloudinary.com/documentation/animated_images#converting_animated_gifs_to_videos.
"""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from fakes.cloudinary.render.geometry import Size
from fakes.cloudinary.render.videos import encoding
from fakes.cloudinary.render.videos.encoding import MUXERS, Encoding
from fakes.cloudinary.render.videos.outputs import PLAIN
from fakes.cloudinary.transformation import Component, Plan

FORMATS = frozenset({"mp4", "m4v", "mov", "mkv", "webm", "ogv"})
STILLS = "png"
"""The format of the animation that FFmpeg is given: lossless, with the duration of each frame."""
_MOVING = b"acTL"
_HEAD_BYTES = 4096
_ALONE_FPS = 10


def frames_plan(asked: Plan) -> Plan:
    """What is done to the frames before they become a video."""
    steps = tuple(_without_codecs(step) if isinstance(step, Component) else step for step in asked.steps)
    return replace(asked, steps=(*steps, Component(flags=("animated",))))


def size_of(size: Size) -> Size:
    """The size of the video: codecs want even numbers."""
    return Size(max(2, size.width - size.width % 2), max(2, size.height - size.height % 2))


def arguments(source: Path, target: Path, asked: Plan, format_name: str, size: Size) -> Sequence[str]:
    """How FFmpeg makes the video.

    Args:
        source: The frames, in the format `STILLS`.
        target: The file to write.
        asked: Codec, bit rate and quality.
        format_name: One of `FORMATS`.
        size: Of the video.

    Raises:
        ProviderError: The format cannot carry the codec (400).
    """
    wish = Encoding(
        format_name,
        video_codec=asked.last("video_codec"),
        bit_rate=asked.last("bit_rate"),
        quality=asked.last("quality"),
    )
    fast_start = ["-movflags", "+faststart"] if MUXERS[format_name] in ("mp4", "mov") else []
    # A video has no transparency: white is below, as in other formats without.
    canvas = f"color=white:s={size.width}x{size.height}[back];[back][0:v]overlay=shortest=1:format=auto"
    return [
        *("-v", "error", "-y", *_reader(source), "-i", str(source)),
        *("-filter_complex", f"{canvas},crop={size.width}:{size.height}:0:0", "-an"),
        *encoding.picture(wish, size, 0.0),
        *fast_start,
        *PLAIN,
        *("-f", MUXERS[format_name], str(target)),
    ]


def _reader(source: Path) -> Sequence[str]:
    """How FFmpeg reads the frames: what is the same in all of them was written as one picture."""
    with source.open("rb") as written:
        is_moving = _MOVING in written.read(_HEAD_BYTES)
    return ("-f", "apng") if is_moving else ("-f", "png_pipe", "-framerate", str(_ALONE_FPS))


def _without_codecs(component: Component) -> Component:
    return replace(component, video_codec=None, audio_codec=None, bit_rate=None)
