"""BLIP and CLIP on pictures whose content is known."""

import struct
import zlib
from typing import Any

import numpy as np
import pytest

from fakes.runpod.models import HandlerError
from tests.fakes.runpod.material import ask, in_base64, png, still

COLOURS = {
    "red": "0xB02828", "orange": "0xD89028", "yellow": "0xE0D020", "green": "0x208040", "cyan": "0x20C0C0",
    "blue": "0x2050D0", "purple": "0x8020A0", "pink": "0xF080B0", "white": "0xE8E8E8", "black": "0x0A0A0A",
    "grey": "0x808080", "brown": "0x704018",
}  # fmt: skip


def boxes(*places: int, size: int = 8, shape: tuple[int, int] = (64, 64)) -> list[str]:
    """One frame for each place of a white box on black; places are columns."""
    drawn = []
    for column in places:
        pixels = np.zeros(shape, np.uint8)
        pixels[:size, column : column + size] = 255
        drawn.append(png(pixels))
    return drawn


@pytest.mark.parametrize("colour", COLOURS)
def test_a_caption_names_the_colour_and_is_sure_of_it(colour: str) -> None:
    described = ask("blip", {"image_base64": still(f"color=c={COLOURS[colour]}")})

    assert colour in described["caption"].split()
    assert described["caption"].endswith("screen")
    assert described["score"] >= 0.9


def test_a_caption_tells_background_and_shape() -> None:
    source = "color=c=0x208040:s=320x180,drawbox=x=80:y=40:w=140:h=120:color=0xF0F0F0:t=fill"

    described = ask("blip", {"data_url": f"data:image/jpeg;base64,{still(source)}"})

    assert described["caption"] == "a green background with a white shape"
    assert 0.4 < described["score"] < 0.9


@pytest.mark.parametrize("source", ["testsrc=s=320x180", "testsrc2=s=320x180", "smptebars=s=320x180"])
def test_a_mixed_picture_is_described_without_confidence(source: str) -> None:
    described = ask("blip", {"image_base64": still(source)})

    assert described["caption"].startswith("a colourful pattern of ")
    assert described["score"] < 0.4


def test_captions_of_a_series_tell_its_motion() -> None:
    moving = ask("blip", {"images_base64": boxes(0, 16, 32)})["captions"]
    resting = ask("blip", {"images_base64": boxes(0, 0)})["captions"]

    assert [one["image"] for one in moving] == ["frame_000.jpg", "frame_001.jpg", "frame_002.jpg"]
    assert [one["caption"] for one in moving] == ["a black screen, moving"] * 3
    assert [one["caption"] for one in resting] == ["a black screen, standing still"] * 2


@pytest.mark.parametrize(
    "given", [{}, {"images_base64": []}, {"images_base64": ["QUJD"]}, {"image_base64": "!"}]
)
def test_blip_refuses_what_it_cannot_read(given: Any) -> None:
    with pytest.raises(HandlerError):
        ask("blip", given)


@pytest.mark.parametrize("colour", COLOURS)
def test_clip_ranks_the_right_colour_first(colour: str) -> None:
    texts = [f"a {name} screen" for name in sorted(COLOURS)]

    ranked = ask("clip", {"images_base64": [still(f"color=c={COLOURS[colour]}")], "texts": texts})["labels"][
        0
    ]

    assert ranked[0]["label"] == f"a {colour} screen"
    assert sum(row["score"] for row in ranked) == pytest.approx(1.0, abs=1e-4)
    assert [row["score"] for row in ranked] == sorted((row["score"] for row in ranked), reverse=True)


def test_the_cosine_of_a_picture_and_its_text_is_larger_than_of_another_text() -> None:
    answer = ask(
        "clip",
        {"images_base64": [still("color=c=red")], "texts": ["a red screen", "a blue screen", "a zebra"]},
    )
    picture = np.array(answer["image_embeddings"][0])

    red, blue, zebra = (float(picture @ np.array(text)) for text in answer["text_embeddings"])

    assert red > 0.7 > blue
    assert abs(zebra) < 0.05


def test_embeddings_are_512_numbers_of_length_one() -> None:
    answer = ask(
        "clip", {"images_base64": [still("testsrc2=s=320x180")], "texts": ["colourful", "", "of the"]}
    )

    for vector in (*answer["image_embeddings"], *answer["text_embeddings"]):
        assert len(vector) == 512
        assert np.linalg.norm(vector) == pytest.approx(1.0, abs=1e-6)


def test_clip_speaks_the_form_of_the_embedding_worker() -> None:
    asked = {"model": "m", "input": ["a red screen", f"data:image/jpeg;base64,{still('color=c=red')}"]}

    direct = ask("clip", asked)
    routed = ask("clip", {"openai_route": "/v1/embeddings", "openai_input": asked})

    assert direct == routed
    assert (direct["object"], direct["model"]) == ("list", "m")
    assert [(row["object"], row["index"], len(row["embedding"])) for row in direct["data"]] == [
        ("embedding", 0, 512), ("embedding", 1, 512)
    ]  # fmt: skip
    assert direct["usage"] == {"prompt_tokens": 5, "total_tokens": 5}


@pytest.mark.parametrize(
    "given",
    [{}, {"texts": [5]}, {"texts": "a"}, {"images_base64": "a"}, {"input": [""]}, {"openai_input": {}}],
)
def test_clip_refuses_what_it_cannot_read(given: Any) -> None:
    with pytest.raises(HandlerError):
        ask("clip", given)


def test_an_input_that_is_no_object_is_refused() -> None:
    with pytest.raises(HandlerError, match="input must be an object"):
        ask("clip", ["a"])


def test_a_picture_with_too_many_pixels_is_refused() -> None:
    with pytest.raises(HandlerError, match="too many"):
        ask("blip", {"image_base64": in_base64(_png_head(20_000, 20_000))})


def _png_head(width: int, height: int) -> bytes:
    """The beginning of a PNG file that says it has these many pixels."""
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunks = [(b"IHDR", head), (b"IDAT", zlib.compress(b"")), (b"IEND", b"")]
    body = b"".join(
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
        for name, data in chunks
    )
    return b"\x89PNG\r\n\x1a\n" + body
