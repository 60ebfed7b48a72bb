"""Sound and pictures that FFmpeg makes for the tests."""

import base64
import io
import subprocess
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import imageio_ffmpeg
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from fakes.kit.addresses import Reach
from fakes.runpod.models import Call, Stop, Tools, answer

COLOURS = {
    "red": "B02828", "orange": "D89028", "yellow": "E0D020", "green": "208040", "cyan": "20C0C0",
    "blue": "2050D0", "purple": "8020A0", "pink": "F080B0", "white": "E8E8E8", "black": "0A0A0A",
    "grey": "808080", "brown": "704018",
}  # fmt: skip
"""One colour for each name that the models know."""

_MJPEG = ("-q:v", "3", "-f", "image2pipe", "-c:v", "mjpeg", "-")
_JPEG_START = b"\xff\xd8\xff"
SPEECH_DIR = Path(__file__).parents[3] / "seed" / "media"


def ask(model: str, given: Any, cache_dir: Path | None = None, hosts: Sequence[str] = ()) -> Any:
    """What a model says, without a server."""
    tools = Tools(SPEECH_DIR, cache_dir, Reach(frozenset(hosts)))
    return answer(model, given, Call(tools, Stop(), lambda _item: None))


def ffmpeg(*arguments: str, given: bytes = b"") -> bytes:
    """Standard output of FFmpeg, with `given` as its standard input."""
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", *arguments]
    return subprocess.run(command, check=True, capture_output=True, timeout=60, input=given).stdout


def in_base64(content: bytes) -> str:
    return base64.b64encode(content).decode()


def still(source: str) -> str:
    """The first picture of a lavfi source, as base64 of a JPEG file."""
    return jpegs(ffmpeg("-f", "lavfi", "-i", source, "-frames:v", "1", *_MJPEG))[0]


def compressed(source: str, count: int, crf: int = 30) -> list[str]:
    """The first pictures of a lavfi source after H.264, as base64 of JPEG files."""
    encode = ["-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-crf", str(crf)]
    video = ffmpeg("-f", "lavfi", "-i", source, "-frames:v", str(count), *encode, "-f", "matroska", "-")
    return jpegs(ffmpeg("-f", "matroska", "-i", "-", *_MJPEG, given=video))


def jpegs(stream: bytes) -> list[str]:
    """JPEG files one after the other, each as base64."""
    return [in_base64(_JPEG_START + picture) for picture in stream.split(_JPEG_START)[1:]]


def png(pixels: NDArray[np.uint8]) -> str:
    """Pixels as base64 of a PNG file."""
    return in_base64(written(Image.fromarray(pixels), "PNG"))


def jpeg(pixels: NDArray[np.uint8], quality: int = 75) -> str:
    """Pixels as base64 of a JPEG file."""
    return in_base64(written(Image.fromarray(pixels), "JPEG", quality=quality))


def written(picture: Image.Image, kind: str, **options: Any) -> bytes:
    """A picture as a file."""
    file = io.BytesIO()
    picture.save(file, kind, **options)
    return file.getvalue()


def h264(pixels: NDArray[np.uint8], fps: float, *options: str) -> bytes:
    """Gray frames as a video file."""
    rows, columns = pixels.shape[1:]
    raw = ["-f", "rawvideo", "-pix_fmt", "gray", "-s", f"{columns}x{rows}", "-r", str(fps), "-i", "-"]
    encode = ["-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-threads", "1", *options]
    return ffmpeg(*raw, *encode, "-f", "matroska", "-", given=pixels.tobytes())


def frames(source: str, count: int, fps: float = 4, size: tuple[int, int] = (128, 72)) -> list[str]:
    """Gray frames of a lavfi source, as base64 of PNG files."""
    columns, rows = size
    scale = f"fps={fps},scale={columns}:{rows}:flags=area,format=gray"
    raw = ffmpeg("-f", "lavfi", "-i", source, "-vf", scale, "-frames:v", str(count), "-f", "rawvideo", "-")
    return [png(frame) for frame in np.frombuffer(raw, np.uint8).reshape(count, rows, columns)]


def spoken(source: Path | str, *arguments: str, kind: str = "wav") -> str:
    """Sound of a file or of a lavfi source, after FFmpeg's arguments, as base64 of a file of this kind."""
    given = ["-i", str(source)] if isinstance(source, Path) else ["-f", "lavfi", "-i", source]
    with TemporaryDirectory() as folder:
        file = Path(folder) / f"sound.{kind}"
        ffmpeg(*given, *arguments, str(file))
        return in_base64(file.read_bytes())
