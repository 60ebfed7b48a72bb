"""Pictures of strangers: unusual ones are seen rightly, hostile ones refused, and none takes much memory."""

import random
import resource
import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from fakes.runpod.models import HandlerError
from tests.fakes.runpod.material import ask, in_base64, png, written

RED = (200, 30, 30)
GREY = "a light grey screen"


def caption(content: bytes) -> str:
    said: str = ask("blip", {"image_base64": in_base64(content)})["caption"]
    return said


def plain(mode: str = "RGB", size: tuple[int, int] = (40, 30)) -> Image.Image:
    return Image.new("RGB", size, RED).convert(mode)


def sixteen_bits(kind: str) -> bytes:
    """A gray of 3/4 in 16 bits."""
    return written(Image.fromarray(np.full((30, 40), 0xC000, np.uint16)), kind)


def head(width: int, height: int) -> bytes:
    """A PNG file that says it has so many pixels, and has none."""
    fields = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunks = [(b"IHDR", fields), (b"IDAT", zlib.compress(b"")), (b"IEND", b"")]
    body = b"".join(
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
        for name, data in chunks
    )
    return b"\x89PNG\r\n\x1a\n" + body


UNUSUAL = {
    "CMYK": written(plain("CMYK"), "JPEG"),
    "palette": written(plain().quantize(4), "PNG"),
    "alpha": written(plain("RGBA"), "PNG"),
    "one bit": written(Image.new("1", (9, 9), 1), "PNG"),
    "one pixel": written(plain(size=(1, 1)), "PNG"),
    "a line": written(plain(size=(1, 500)), "PNG"),
    "16 bits": sixteen_bits("PNG"),
    "16 bits in TIFF": sixteen_bits("TIFF"),
    "animated GIF": written(plain(), "GIF", save_all=True, append_images=[Image.new("RGB", (40, 30))] * 3),
    "animated WebP": written(plain(), "WEBP", save_all=True, append_images=[Image.new("RGB", (40, 30))] * 3),
    "TIFF": written(plain(), "TIFF"),
    "BMP": written(plain(), "BMP"),
    "progressive": written(plain(), "JPEG", progressive=True),
}


@pytest.mark.parametrize("kind", UNUSUAL)
def test_unusual_pictures_are_seen_rightly(kind: str) -> None:
    expected = {"one bit": "a white screen", "16 bits": GREY, "16 bits in TIFF": GREY}

    assert caption(UNUSUAL[kind]) == expected.get(kind, "a red screen")


HOSTILE = {
    "too many pixels": head(20_000, 20_000),
    "many pixels": head(9_000, 9_000),
    "more than Pillow likes": head(10_000, 10_000),
    "far too many": head(2**31 - 1, 2**31 - 1),
    "none": head(0, 0),
    "no data": head(50, 50),
    "cut off": written(Image.effect_noise((300, 300), 50), "PNG")[:2000],
    "a cut off JPEG": written(Image.effect_noise((300, 300), 50).convert("RGB"), "JPEG")[:900],
    "PostScript": b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 10 10\n%%EndComments\nshowpage\n",
    "SVG": b"<svg xmlns='http://www.w3.org/2000/svg'><image href='file:///etc/passwd'/></svg>",
    "text": b"no picture",
    "nothing but a head": b"\x89PNG\r\n\x1a\n",
}


@pytest.mark.parametrize("kind", HOSTILE)
@pytest.mark.parametrize("model", ["blip", "clip", "motion"])
def test_hostile_pictures_are_refused(model: str, kind: str) -> None:
    field = "frames_base64" if model == "motion" else "images_base64"

    with pytest.raises(HandlerError, match=rf"{field}\[0\] (has too many pixels|is not a picture)"):
        ask(model, {field: [in_base64(HOSTILE[kind])]})


@pytest.mark.filterwarnings("ignore::UserWarning:PIL")
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "GIF", "WEBP", "TIFF", "BMP"])
def test_damaged_files_are_seen_or_refused(kind: str) -> None:
    noise = Image.effect_noise((48, 32), 60).convert("P" if kind == "GIF" else "RGB")
    content = written(noise, kind)
    chance = random.Random(kind)
    refused = 0

    for _ in range(150):
        damaged = bytearray(content)
        for _ in range(chance.randint(1, 8)):
            damaged[chance.randrange(len(damaged))] = chance.randrange(256)
        try:
            caption(bytes(damaged[: chance.randint(1, len(damaged))] if chance.random() < 0.3 else damaged))
        except HandlerError:
            refused += 1

    assert 0 < refused < 150


def test_a_large_photograph_takes_little_memory() -> None:
    content = written(Image.new("RGB", (6000, 8000), RED), "JPEG")
    before_kb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

    assert caption(content) == "a red screen"

    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before_kb < 30_000


def test_a_picture_of_which_the_half_is_there_is_refused() -> None:
    whole = np.random.default_rng(1).integers(0, 255, (200, 200), np.uint8)

    with pytest.raises(HandlerError, match="is not a picture"):
        ask("blip", {"image_base64": png(whole)[: 4 * 3000]})
