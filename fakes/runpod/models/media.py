"""Reads what a job brings (base64, data URL, address) and decodes it by FFmpeg and Pillow."""

import base64
import binascii
import contextlib
import io
import struct
import time
import urllib.request
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from http.client import HTTPException
from tempfile import TemporaryFile
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from fakes.runpod.models import Call, HandlerError, ffmpeg

FETCH_LIMIT_BYTES = 512_000_000
FETCH_LIMIT_S = 60.0
MAX_VIDEO_S = 3600
MAX_PIXELS = 25_000_000
"""Of a picture that has to be decoded whole; a JPEG file is decoded at an eighth of its size at best."""
_CHUNK_BYTES = 1 << 16
_PICTURES = ("JPEG", "PNG", "GIF", "WEBP", "AVIF", "BMP", "TIFF", "PPM")
_BROKEN = (
    ArithmeticError, AttributeError, EOFError, LookupError, MemoryError, OSError, RuntimeError, SyntaxError,
    TypeError, ValueError, struct.error, zlib.error,
)  # fmt: skip
"""What Pillow's readers raise on files that are made to break them."""

Gray = NDArray[np.uint8]
Rgb = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Frame:
    """One picture of a series, as brightness (rows x columns) and colour (half as many of each, x 2)."""

    luma: Gray
    chroma: Gray


@dataclass(frozen=True, slots=True)
class Video:
    """A video that is being decoded: frames per second, and the frames as they come."""

    fps: float
    frames: Iterator[Frame]


def from_base64(text: Any, what: str) -> bytes:
    """Bytes of base64 text or of a `data:` URL.

    Raises:
        HandlerError: Not base64, or nothing in it; the text names the field.
    """
    if not isinstance(text, str) or not text:
        raise HandlerError(f"{what} is empty or not a string")
    if text.startswith("data:"):
        text = text.partition(",")[2]
    try:
        content = base64.b64decode("".join(text.split()), validate=True)
    except (binascii.Error, ValueError) as error:
        raise HandlerError(f"{what} is not base64: {error}") from error
    if not content:
        raise HandlerError(f"{what} is empty")
    return content


def at(address: Any, what: str, call: Call, *, most_bytes: int) -> bytes:
    """Bytes of a `data:` URL, or at an address within this stack.

    Raises:
        HandlerError: A host that is not allowed, no answer, too much of it, or no base64.
    """
    if isinstance(address, str) and address.startswith("data:"):
        return from_base64(address, what)
    return fetch(address, call, most_bytes=most_bytes)


def fetch(url: Any, call: Call, *, most_bytes: int = FETCH_LIMIT_BYTES) -> bytes:
    """Bytes at an address within this stack; redirects are not followed.

    Raises:
        HandlerError: A host that is not allowed, no answer, or too much of it.
    """
    content = io.BytesIO()
    download(url, call, content, most_bytes=most_bytes)
    return content.getvalue()


def download(url: Any, call: Call, file: IO[bytes], *, most_bytes: int = FETCH_LIMIT_BYTES) -> None:
    """Write what is at an address within this stack to a file; redirects are not followed.

    Raises:
        HandlerError: A host that is not allowed, no answer, or too much of it.
    """
    if not isinstance(url, str) or not call.tools.media.allows(url):
        raise HandlerError(f"refused to download '{url}': the host is outside of this stack")
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), _NoRedirect())
    ends = time.monotonic() + FETCH_LIMIT_S
    size = 0
    try:
        with opener.open(call.tools.media.target(url), timeout=FETCH_LIMIT_S) as answer:
            while chunk := answer.read1(_CHUNK_BYTES):
                size += len(chunk)
                if size > most_bytes:
                    raise ValueError(f"over {most_bytes // 1_000_000} MB")
                if time.monotonic() > ends:
                    raise ValueError(f"took over {FETCH_LIMIT_S:.0f} s")
                call.stop.check()
                file.write(chunk)
    except (OSError, ValueError, HTTPException) as error:
        raise HandlerError(f"failed to download '{url}': {error}") from error
    file.flush()


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_args: Any, **_named: Any) -> None:
        """Follow nothing: the new address was not checked."""


def picture(content: bytes, what: str, *, within_px: int) -> Rgb:
    """A picture as rows x columns x 3, made smaller to fit a square of `within_px`; an animation's first.

    Raises:
        HandlerError: Not a picture.
    """
    try:
        with Image.open(io.BytesIO(content), formats=_PICTURES) as opened:
            opened.draft("RGB", (within_px, within_px))
            if opened.width * opened.height > MAX_PIXELS:
                raise HandlerError(f"{what} has too many pixels")
            shown = _eight_bits(opened).convert("RGB")
            shown.thumbnail((within_px, within_px), Image.Resampling.BOX)
            return np.asarray(shown)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise HandlerError(f"{what} has too many pixels") from error
    except _BROKEN as error:
        raise HandlerError(f"{what} is not a picture: cannot identify image") from error


def _eight_bits(opened: Image.Image) -> Image.Image:
    """A picture with a byte for each value: Pillow cuts wider ones off instead of scaling them."""
    if not opened.mode.startswith("I"):
        return opened
    return Image.fromarray((np.asarray(opened).clip(0, 0xFFFF) >> 8).astype(np.uint8))


def frame(rgb: Rgb) -> Frame:
    """A picture as one of a series."""
    shown = Image.fromarray(rgb).convert("YCbCr")
    return Frame(np.asarray(shown)[..., 0], np.asarray(shown.reduce(2))[..., 1:])


def luminance(rgb: Rgb) -> NDArray[np.float32]:
    """Brightness of each pixel in 0..255 (ITU-R BT.601)."""
    weights = np.array([0.299, 0.587, 0.114], np.float32)
    return np.asarray(rgb.astype(np.float32) @ weights, dtype=np.float32)


@contextlib.contextmanager
def video(url: Any, call: Call, what: str, *, within_px: int, most_fps: float) -> Iterator[Video]:
    """The frames of a video within this stack, at its own constant rate, made smaller to fit a square.

    Neither the file nor its frames are held in memory, and no more than `MAX_VIDEO_S` of it is looked at.

    Raises:
        HandlerError: It cannot be fetched, or there are no pictures in it; also while frames are taken.
    """
    shape = f"w='min({within_px},iw)':h='min({within_px},ih)':force_original_aspect_ratio=decrease"
    arguments = ["-map", "0:v:0", "-t", str(MAX_VIDEO_S), "-fpsmax", f"{most_fps:g}"]
    arguments += ["-vf", f"scale={shape}:flags=area,format=yuvj420p", "-f", "yuv4mpegpipe", "pipe:1"]
    with TemporaryFile() as source:
        download(url, call, source)
        with ffmpeg.running(source.fileno(), arguments, call.stop, what) as child:
            yield _video(child)


def _video(child: ffmpeg.Child) -> Video:
    """Read what yuv4mpegpipe writes: a line of fields, then each frame after a line of its own."""
    fields = {field[0]: field[1:] for field in child.line().split()[1:]}
    if not fields:
        child.finish()
        raise child.failure("it has no pictures")
    columns, rows = int(fields["W"]), int(fields["H"])
    halves = (rows + 1) // 2, (columns + 1) // 2
    luma_bytes, chroma_bytes = rows * columns, 2 * halves[0] * halves[1]
    count, _, seconds = fields["F"].partition(":")

    def frames() -> Iterator[Frame]:
        while line := child.line():
            if not line.startswith("FRAME"):
                raise child.failure("its pictures change their size")
            planes = np.frombuffer(child.read(luma_bytes + chroma_bytes), np.uint8)
            chroma = np.moveaxis(planes[luma_bytes:].reshape(2, *halves), 0, 2)
            yield Frame(planes[:luma_bytes].reshape(rows, columns), chroma)
        child.finish()

    return Video(int(count) / int(seconds), frames())
