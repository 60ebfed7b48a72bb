"""Reads what a job brings (base64, data URL, address) and decodes it by FFmpeg and Pillow."""

import base64
import binascii
import contextlib
import io
import os
import subprocess
import urllib.request
from collections.abc import Iterator, Sequence
from http.client import HTTPException
from typing import Any

import imageio_ffmpeg
import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from fakes.kit.addresses import is_within
from fakes.runpod.models import Call, HandlerError, Stop

SOUND_HZ = 16_000
FETCH_LIMIT_BYTES = 512_000_000
FETCH_LIMIT_S = 60.0
DECODE_LIMIT_S = 120.0
MAX_SOUND_S = 3600
MAX_PIXELS = 50_000_000
_FORMATS = "aac,aiff,amr,avi,caf,flac,flv,gif,matroska,mov,mp3,mpeg,mpegts,ogg,w64,wav"

Gray = NDArray[np.uint8]
Rgb = NDArray[np.uint8]


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


def fetch(url: Any, call: Call) -> bytes:
    """Bytes at an address within this stack; redirects are not followed.

    Raises:
        HandlerError: A host that is not allowed, or no answer.
    """
    if not isinstance(url, str) or not is_within(url, call.tools.allowed_hosts):
        raise HandlerError(f"refused to download '{url}': the host is outside of this stack")
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), _NoRedirect())
    try:
        with opener.open(url, timeout=FETCH_LIMIT_S) as answer:
            content: bytes = answer.read(FETCH_LIMIT_BYTES + 1)
    except (OSError, ValueError, HTTPException) as error:
        raise HandlerError(f"failed to download '{url}': {error}") from error
    if len(content) > FETCH_LIMIT_BYTES:
        raise HandlerError(f"failed to download '{url}': over {FETCH_LIMIT_BYTES // 1_000_000} MB")
    return content


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_args: Any, **_named: Any) -> None:
        """Follow nothing: the new address was not checked."""


def picture(content: bytes, what: str, *, within_px: int) -> Rgb:
    """A picture as rows x columns x 3, made smaller to fit a square of `within_px`.

    Raises:
        HandlerError: Not a picture.
    """
    try:
        with Image.open(io.BytesIO(content)) as opened:
            if opened.width * opened.height > MAX_PIXELS:
                raise HandlerError(f"{what} has too many pixels")
            opened.draft("RGB", (within_px, within_px))
            shown = opened.convert("RGB")
            shown.thumbnail((within_px, within_px), Image.Resampling.BOX)
            return np.asarray(shown)
    except Image.DecompressionBombError as error:
        raise HandlerError(f"{what} has too many pixels") from error
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError) as error:
        raise HandlerError(f"{what} is not a picture: cannot identify image") from error


def luminance(rgb: Rgb) -> NDArray[np.float32]:
    """Brightness of each pixel in 0..255 (ITU-R BT.601)."""
    weights = np.array([0.299, 0.587, 0.114], np.float32)
    return np.asarray(rgb.astype(np.float32) @ weights, dtype=np.float32)


def sound(content: bytes, stop: Stop, what: str) -> tuple[NDArray[np.float32], NDArray[np.uint32]]:
    """Mono samples in -1..1 at `SOUND_HZ`, and the raw Chromaprint fingerprint.

    Raises:
        HandlerError: There is no sound in it.
    """
    with _memory_file(b"") as prints:
        fingerprint = f"/proc/self/fd/{prints}"
        mono = ["-map", "0:a:0", "-t", str(MAX_SOUND_S), "-ac", "1", "-ar", str(SOUND_HZ)]
        arguments = [*mono, "-f", "s16le", "pipe:1"]
        arguments += [*mono, "-f", "chromaprint", "-fp_format", "raw", "-y", fingerprint]
        raw = _ffmpeg(content, arguments, stop, what, keep=[prints])
        items = os.pread(prints, os.fstat(prints).st_size, 0)
    samples = np.frombuffer(raw[: len(raw) // 2 * 2], np.int16).astype(np.float32) / 32768
    return np.asarray(samples, dtype=np.float32), np.frombuffer(items[: len(items) // 4 * 4], np.uint32)


def video_frames(content: bytes, fps: float, size: tuple[int, int], stop: Stop, what: str) -> list[Gray]:
    """Gray frames of a video, `fps` per second, each of `size` (columns, rows).

    Raises:
        HandlerError: There are no pictures in it.
    """
    columns, rows = size
    scale = f"fps={fps},scale={columns}:{rows}:flags=area,format=gray"
    raw = _ffmpeg(content, ["-map", "0:v:0", "-vf", scale, "-f", "rawvideo", "pipe:1"], stop, what)
    return list(np.frombuffer(raw, np.uint8).reshape(-1, rows, columns))


def _ffmpeg(
    content: bytes, arguments: Sequence[str], stop: Stop, what: str, keep: Sequence[int] = ()
) -> bytes:
    """Standard output of FFmpeg on content that it can seek in; the content cannot make it open more."""
    with _memory_file(content) as source:
        command = [
            imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-nostdin", "-threads", "1",
            "-protocol_whitelist", "file", "-format_whitelist", _FORMATS,
            "-i", f"/proc/self/fd/{source}", *arguments,
        ]  # fmt: skip
        child = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            pass_fds=(source, *keep),
        )
        stop.add(child)
        try:
            output, complaint = child.communicate(timeout=DECODE_LIMIT_S)
        except subprocess.TimeoutExpired as error:
            child.kill()
            child.communicate()
            raise HandlerError(f"{what} took over {DECODE_LIMIT_S:.0f} s to decode") from error
        finally:
            stop.remove(child)
    if child.returncode != 0:
        lines = complaint.decode(errors="replace").strip().splitlines()
        reason = lines[-1] if lines else f"exit code {child.returncode}"
        raise HandlerError(f"{what} cannot be decoded: {reason.replace(f'/proc/self/fd/{source}', 'input')}")
    return output


@contextlib.contextmanager
def _memory_file(content: bytes) -> Iterator[int]:
    """A file without a name: gone with its last user, however that ends."""
    descriptor = os.memfd_create("media")
    try:
        with open(descriptor, "wb", closefd=False) as file:
            file.write(content)
        os.lseek(descriptor, 0, os.SEEK_SET)
        yield descriptor
    finally:
        os.close(descriptor)
