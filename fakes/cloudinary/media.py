"""Says what a file is: image by Pillow, video and audio by PyAV, from its bytes and never from its name."""

import contextlib
import io
import struct
from collections.abc import Iterable
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any

from fakes.cloudinary import vectors
from fakes.cloudinary.errors import (
    invalid_image,
    invalid_page,
    invalid_video,
    too_many_pixels,
    too_many_pixels_in_all,
)
from fakes.cloudinary.naming import extension
from fakes.kit.errors import ProviderError

IMAGE_LIMIT_PX = 25_000_000
ALL_PAGES_LIMIT_PX = 50_000_000
IMAGE_FORMATS = {
    "JPEG": "jpg",
    "MPO": "jpg",
    "PNG": "png",
    "GIF": "gif",
    "WEBP": "webp",
    "AVIF": "avif",
    "BMP": "bmp",
    "TIFF": "tiff",
    "ICO": "ico",
    "JPEG2000": "jp2",
    "PSD": "psd",
}
# Only self-contained formats: playlists and scripts could name other files or hosts.
VIDEO_DEMUXERS = "mov,matroska,avi,mpegts,mpeg,ogg,flv,mp3,wav,aac,flac,asf,amr,aiff"
# What decoders raise on broken files.
BROKEN = (
    OSError,
    ValueError,
    SyntaxError,
    RuntimeError,
    TypeError,
    EOFError,
    LookupError,
    ArithmeticError,
    struct.error,
)
_LAYOUTS = {1: "mono", 2: "stereo"}


@dataclass(frozen=True, slots=True)
class Probe:
    """What a file is.

    Attributes:
        resource_type: `image`, `video` (also for audio) or `raw`.
        format: Cloudinary's name of the format, such as `mp4`; None for raw.
        duration_s: None unless it is video or audio.
        detail: Fields of the upload answer that are kept as they are (`audio`, `video`, `pages`...).
    """

    resource_type: str
    format: str | None = None
    width_px: int | None = None
    height_px: int | None = None
    duration_s: float | None = None
    detail: dict[str, Any] = field(default_factory=dict)


def probe(path: Path, resource_type: str, filename: str | None) -> Probe:
    """Look at a file. Blocks; call it in a thread.

    Args:
        path: The file.
        resource_type: `image`, `video`, `raw` or `auto`.
        filename: Name as sent; it only decides between names of the same format.

    Raises:
        ProviderError: The file is not what it was sent as (400).
    """
    match resource_type:
        case "image":
            return probe_image(path)
        case "video":
            return probe_video(path, filename)
        case "raw":
            return Probe("raw")
    for look in (probe_image, lambda one: probe_video(one, filename)):
        try:
            return look(path)
        except ProviderError as error:
            if error.message not in (invalid_image().message, invalid_video().message):
                raise
    return Probe("raw")


def probe_image(path: Path) -> Probe:
    """Look at an image: all of it is decoded, so that a truncated one is found.

    Raises:
        ProviderError: It is no image, is broken, or has too many pixels (400).
    """
    drawing = vectors.measure(path)
    if drawing is not None:
        size = (drawing.width_px, drawing.height_px)
        return Probe("image", drawing.format, *size, None, {"pages": drawing.pages})
    with open_image(path) as image:
        try:
            image.load()
            width_px, height_px = image.size
            pages = int(getattr(image, "n_frames", 1))
        except BROKEN as error:
            raise invalid_image() from error
        if pages * width_px * height_px > ALL_PAGES_LIMIT_PX:
            raise too_many_pixels_in_all(pages * width_px * height_px, ALL_PAGES_LIMIT_PX)
        return Probe("image", IMAGE_FORMATS[image.format], width_px, height_px, None, {"pages": pages})


def open_picture(path: Path, page: int = 1, zoom: float | None = None) -> Any:
    """Open a page of an image of any kind; a drawn one (SVG, PDF) is made pixels first.

    Args:
        path: The image.
        page: From 1; a frame of an animation, a page of a document, a layer of a drawing program's file.
        zoom: Pixels for each unit of a drawing; the usual number when None.

    Raises:
        ProviderError: It is no image, has too many pixels, or has no such page (400).
    """
    from PIL import Image

    kind = vectors.kind_of(path)
    if kind is not None:
        usual = vectors.PDF_DPI / 72 if kind == "pdf" else 1.0
        return Image.open(io.BytesIO(vectors.draw(path, kind, page, zoom or usual)))
    image = open_image(path)
    if page > 1:
        try:
            image.seek(page - 1)
        except BROKEN as error:
            image.close()
            raise invalid_page(page) from error
    return image


def check_pixels(width_px: int, height_px: int) -> None:
    """Refuse a picture of this size if it is too large.

    Raises:
        ProviderError: It has too many pixels (400).
    """
    if width_px * height_px > IMAGE_LIMIT_PX:
        raise too_many_pixels(width_px * height_px, IMAGE_LIMIT_PX)


def open_image(path: Path) -> Any:
    """Open an image of pixels without decoding it yet.

    Raises:
        ProviderError: It is no image that this fake knows, or it has too many pixels (400).
    """
    from PIL import Image  # late: 60 ms

    Image.MAX_IMAGE_PIXELS = None  # the limit below is stricter and has Cloudinary's words
    try:
        image = Image.open(path, formats=[name for name in IMAGE_FORMATS if name != "MPO"])
        size = image.size
    except BROKEN as error:
        raise invalid_image() from error
    try:
        check_pixels(*size)
    except ProviderError:
        image.close()
        raise
    return image


def probe_video(path: Path, filename: str | None) -> Probe:
    """Look at a video or a sound.

    Raises:
        ProviderError: It is neither, or nothing in it can be read (400).
    """
    import av  # late: 90 ms

    try:
        with av.open(str(path), options={"format_whitelist": VIDEO_DEMUXERS}) as container:
            found = _describe(container, path.stat().st_size, filename)
            frame = _first_frame(container) if found else None
            if found is None or frame is None:
                raise invalid_video()
            if found.width_px:
                found.detail["rotation"] = int(frame.rotation) % 360
            return found
    except (av.FFmpegError, *BROKEN) as error:
        raise invalid_video() from error


def _first_frame(container: Any) -> Any:
    with contextlib.suppress(StopIteration):
        return next(
            container.decode((_readable(container.streams.video) or _readable(container.streams.audio))[0])
        )
    return None


def _describe(container: Any, size_bytes: int, filename: str | None) -> Probe | None:
    # A cover picture in a song is a video stream of one frame.
    from av.stream import Disposition

    pictures = [s for s in _readable(container.streams.video) if not s.disposition & Disposition.attached_pic]
    sounds = _readable(container.streams.audio)
    if not pictures and not sounds:
        return None
    streams = [*pictures[:1], *sounds[:1]]
    duration_s = container.duration / 1_000_000 if container.duration else _longest(streams)
    if not duration_s:
        return None
    detail: dict[str, Any] = {"pages": 0}
    detail["audio"] = _audio(sounds[0]) if sounds else {}
    detail["video"] = _video(pictures[0]) if pictures else {}
    if sounds:
        detail["is_audio"] = not pictures
    detail["bit_rate"] = round(size_bytes * 8 / duration_s)
    width_px = height_px = None
    if pictures:
        picture = pictures[0]
        width_px, height_px = picture.codec_context.width, picture.codec_context.height
        detail["frame_rate"] = round(float(picture.average_rate or 0), 3)
        detail["rotation"] = 0
        if picture.frames:
            detail["nb_frames"] = picture.frames
    name = _container_format(container, pictures, sounds, filename)
    return Probe("video", name, width_px, height_px, round(duration_s, 6), detail)


def _readable(streams: Iterable[Any]) -> list[Any]:
    """Streams of a codec that is known."""
    return [stream for stream in streams if stream.codec_context is not None]


def _longest(streams: list[Any]) -> float:
    known = [float(s.duration * s.time_base) for s in streams if s.duration and s.time_base]
    return max(known, default=0.0)


def _audio(stream: Any) -> dict[str, Any]:
    context = stream.codec_context
    channels = int(context.layout.nb_channels)
    return {
        "codec": context.codec.canonical_name,
        "bit_rate": str(stream.bit_rate or context.bit_rate or 0),
        "frequency": context.sample_rate,
        "channels": channels,
        "channel_layout": _LAYOUTS.get(channels, context.layout.name),
    }


def _video(stream: Any) -> dict[str, Any]:
    context = stream.codec_context
    ratio = Fraction(context.width, context.height or 1) * (stream.sample_aspect_ratio or 1)
    return {
        "pix_format": context.pix_fmt,
        "codec": context.codec.canonical_name,
        "level": getattr(context, "level", None),
        "profile": context.profile,
        "bit_rate": str(stream.bit_rate or context.bit_rate or 0),
        "dar": f"{ratio.numerator}:{ratio.denominator}",
        "time_base": f"{stream.time_base.numerator}/{stream.time_base.denominator}",
    }


def _container_format(container: Any, pictures: list[Any], sounds: list[Any], filename: str | None) -> str:
    sent = extension(filename)
    names = set(container.format.name.split(","))
    if "mp4" in names:
        brand = container.metadata.get("major_brand", "").strip()
        if not pictures:
            return "m4a"
        return "mov" if brand == "qt" else "m4v" if brand == "M4V" else "mp4"
    if "matroska" in names:
        codecs = {stream.codec_context.codec.canonical_name for stream in (*pictures, *sounds)}
        is_webm = codecs <= {"vp8", "vp9", "av1", "vorbis", "opus"}
        if not pictures:
            return "mka" if sent != "webm" else "webm"
        return "webm" if is_webm and sent != "mkv" else "mkv"
    if "ogg" in names:
        return "ogv" if pictures else "ogg"
    table = {"mpegts": "ts", "mpeg": "mpeg", "avi": "avi", "flv": "flv", "asf": "wmv" if pictures else "wma"}
    return next((table.get(name, name) for name in sorted(names)), "mp4")
