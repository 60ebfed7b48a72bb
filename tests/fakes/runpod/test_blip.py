"""BLIP's captions of pictures whose content is known."""

import base64
import io
import zipfile
from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest

from fakes.runpod.models import HandlerError, archive, colour
from tests.fakes.receiver import Answer, receiving
from tests.fakes.runpod.material import COLOURS, ask, compressed, in_base64, jpeg, png, still

OUTSIDE = "the host is outside of this stack"
SIZES = ((16, 16), (90, 160), (1280, 720))


def field(name: str, brightness: float = 1.0, size: tuple[int, int] = (64, 64)) -> np.ndarray[Any, Any]:
    """A picture of one colour."""
    return np.full((*size, 3), np.round(np.array(colour.rgb(COLOURS[name])) * brightness), np.uint8)


def captions(pictures: list[str], **options: int) -> list[str]:
    answer = ask("blip", {"images_base64": pictures, **options})
    return [one["caption"] for one in answer["captions"]]


@pytest.mark.parametrize("name", COLOURS)
def test_a_caption_names_the_colour_and_is_sure_of_it(name: str) -> None:
    sizes = [jpeg(field(name, size=size), quality=30) for size in SIZES]
    is_hue = name not in ("black", "white")
    levels = [jpeg(field(name, brightness)) for brightness in (0.9, 1.05) if is_hue]

    described = ask("blip", {"images_base64": [*sizes, *levels]})["captions"]

    assert all(name in one["caption"].split() for one in described)
    assert all("screen" in one["caption"] for one in described)
    assert all(one["score"] >= 0.9 for one in described)


def test_colours_are_named_after_h264_too() -> None:
    parts = "".join(f"color=c=0x{code}:s=160x90:r=2:d=1[{name}];" for name, code in COLOURS.items())
    source = f"{parts}{''.join(f'[{name}]' for name in COLOURS)}concat=n={len(COLOURS)}"

    described = captions(compressed(source, 2 * len(COLOURS))[1::2])

    assert [name for name, said in zip(COLOURS, described, strict=True) if name not in said.split()] == []


@pytest.mark.parametrize("name", [name for name in COLOURS if name not in ("black", "white")])
def test_a_gradient_has_the_colour_that_it_has_throughout(name: str) -> None:
    light = np.linspace(0.85, 1.05, 120)[:, None, None]
    pixels = (field(name, size=(120, 90)) * light).clip(0, 255).astype(np.uint8)

    described = ask("blip", {"image_base64": jpeg(pixels)})

    assert name in described["caption"].split()
    assert described["score"] > 0.6


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("102840", "a dark blue screen"),
        ("104018", "a dark green screen"),
        ("5A0404", "a dark red screen"),
        ("404040", "a dark grey screen"),
        ("A0D0FF", "a light blue screen"),
        ("D4D4D4", "a light grey screen"),
        ("FF0000", "a bright red screen"),
        ("FFC0CB", "a pink screen"),
        ("503010", "a dark brown screen"),
        ("FFA500", "a bright orange screen"),
    ],
)
def test_a_caption_tells_the_tone(code: str, said: str) -> None:
    assert ask("blip", {"image_base64": still(f"color=c=0x{code}")})["caption"] == said


def test_a_caption_tells_background_and_shape() -> None:
    source = "color=c=0x208040:s=320x180,drawbox=x=80:y=40:w=140:h=120:color=0xF0F0F0:t=fill"

    described = ask("blip", {"data_url": f"data:image/jpeg;base64,{still(source)}"})

    assert described["caption"] == "a green background with a white shape"
    assert 0.6 < described["score"] < 0.9


def test_two_things_are_no_shape() -> None:
    pixels = field("green", size=(90, 160))
    pixels[5:15, 5:15] = pixels[70:85, 140:155] = 240

    assert ask("blip", {"image_base64": png(pixels)})["caption"] == "a green screen"


@pytest.mark.parametrize(
    ("pixels", "said"),
    [
        (np.hstack([field("yellow"), field("blue")]), "a yellow and blue picture"),
        (np.vstack([field("red")] * 3 + [field("black")]), "a mostly red picture with black"),
    ],
)
def test_a_picture_of_two_colours_is_told_so(pixels: Any, said: str) -> None:
    assert ask("blip", {"image_base64": png(pixels)})["caption"] == said


@pytest.mark.parametrize("source", ["testsrc=s=320x180", "testsrc2=s=320x180", "smptebars=s=320x180"])
def test_a_mixed_picture_is_described_without_confidence(source: str) -> None:
    described = ask("blip", {"image_base64": still(source)})

    assert described["caption"].startswith("a colourful pattern of ")
    assert described["score"] < 0.4


def test_the_score_falls_with_each_further_colour() -> None:
    fields = [field(name, size=(24, 48)) for name in COLOURS]
    pictures = [png(np.vstack(fields[:count])) for count in range(1, 7)]

    scores = [one["score"] for one in ask("blip", {"images_base64": pictures})["captions"]]

    assert scores == sorted(scores, reverse=True)
    assert (scores[0], scores[1] < 0.5, scores[-1] < 0.15) == (0.97, True, True)


def test_detail_is_told_and_makes_less_sure() -> None:
    grains = np.random.default_rng(1).integers(0, 2, (90, 160, 1), np.uint8)
    pixels = grains * np.array([40, 140, 60], np.uint8) + np.array([10, 70, 20], np.uint8)

    described = ask("blip", {"image_base64": png(pixels)})

    assert described["caption"].endswith("green screen with many fine edges")
    assert 0.4 < described["score"] < 0.9


def boxes(*places: int) -> list[str]:
    """One picture for each place of a white box on black; places are columns."""
    drawn = []
    for column in places:
        pixels = np.zeros((64, 64), np.uint8)
        pixels[:8, column : column + 8] = 255
        drawn.append(png(pixels))
    return drawn


def test_captions_of_a_series_tell_its_motion() -> None:
    moving = ask("blip", {"images_base64": boxes(0, 16, 32)})["captions"]
    said = "a black background with a white shape"

    assert [one["image"] for one in moving] == ["frame_000.jpg", "frame_001.jpg", "frame_002.jpg"]
    assert [one["caption"] for one in moving] == [f"{said}, moving"] * 3
    assert captions(boxes(0, 0)) == [f"{said}, standing still"] * 2
    assert captions(boxes(0)) == [said]


def test_pictures_of_different_sizes_or_across_a_cut_do_not_move() -> None:
    assert captions([png(field("red")), png(field("red", size=(32, 64)))]) == ["a red screen"] * 2
    assert captions([png(field("red")), png(field("yellow"))]) == ["a red screen", "a yellow screen"]


def test_hundreds_of_pictures_are_captioned() -> None:
    said = captions([png(field("red", size=(8, 8)))] * 300)

    assert said == ["a red screen, standing still"] * 300


def test_a_caption_has_as_many_words_as_are_wanted() -> None:
    picture = [png(field("red"))]

    assert captions(picture, min_length=9) == ["a red screen, in even light"]
    assert captions(picture, min_length=30) == [
        "a red screen, in even light and in strong colours, with hardly any edges, "
        "about 100 percent of it red"
    ]
    assert captions(picture, min_length=30, max_length=10) == ["a red screen, in even light"]
    assert captions(picture, max_length=6) == ["a red"]
    assert captions(picture, max_length=-1) == [""]


def zipped(files: Mapping[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", method) as made:
        for name, content in files.items():
            made.writestr(name, content)
    return file.getvalue()


def picture(name: str) -> bytes:
    return base64.b64decode(jpeg(field(name)))


def inline(content: bytes) -> dict[str, str]:
    return {"data_url": f"data:application/zip;base64,{in_base64(content)}"}


def test_a_zip_of_pictures_gives_captions_and_a_zip_of_texts() -> None:
    content = zipped(
        {
            "b/two.PNG": base64.b64decode(png(field("blue"))),
            "a.jpg": picture("red"),
            "notes.txt": b"no picture",
        }
    )

    answer = ask("blip", inline(content))

    expected = {"a.jpg": "a red screen", "b/two.PNG": "a blue screen"}
    assert {one["image"]: one["caption"] for one in answer["captions"]} == expected
    head, _, body = answer["captions_zip_url"].partition(",")
    assert head == "data:application/zip;base64"
    with zipfile.ZipFile(io.BytesIO(base64.b64decode(body))) as texts:
        assert {name: texts.read(name).decode() for name in texts.namelist()} == {
            "a.txt": "a red screen", "two.txt": "a blue screen"
        }  # fmt: skip
    assert ask("blip", inline(content)) == answer


@pytest.mark.parametrize("content", [picture("red"), zipped({"a.jpg": picture("red")})], ids=["jpg", "zip"])
def test_pictures_come_from_addresses_of_the_stack(content: bytes) -> None:
    with receiving() as receiver:
        receiver.answer = lambda _request: Answer(200, content)
        given = {"data_url": f"{receiver.url}/of/any/name"}

        answer = ask("blip", given, hosts=["127.0.0.1"])

    assert "a red screen" in str(answer)


BAD_ZIPS = {
    "too many files": (zipped({f"{index}.jpg": b"" for index in range(1001)}), "more than 1000 files"),
    "a list too long": (zipped({f"{index:0300}.txt": b"" for index in range(3000)}), "more than 1000 files"),
    "a bomb": (zipped({f"{index}.jpg": bytes(40_000_000) for index in range(3)}), "is not a picture"),
    "no picture inside": (zipped({"a.jpg": b"no picture"}), "is not a picture"),
    "nothing of use": (zipped({"a.txt": b"a"}), "holds no pictures"),
    "empty": (zipped({}), "holds no pictures"),
    "a name above": (zipped({"../a.jpg": b"a"}), "names a file outside of itself: '../a.jpg'"),
    "a name inside above": (zipped({"b/../../a.jpg": b"a"}), "outside of itself"),
    "a name from the root": (zipped({"/etc/a.jpg": b"a"}), "outside of itself"),
    "a name of a drive": (zipped({"C:\\a.jpg": b"a"}), "outside of itself"),
    "cut off": (zipped({"a.jpg": picture("red")})[:-30], "not a zip file that can be read"),
    "damaged": (zipped({"a.jpg": b"abcdef"}, zipfile.ZIP_STORED).replace(b"cd", b"dc"), "Bad CRC-32"),
    "another method": (zipped({"a.jpg": b"a" * 99}, zipfile.ZIP_LZMA), "only deflate is supported"),
}


@pytest.mark.parametrize("kind", BAD_ZIPS)
def test_a_bad_zip_is_refused(kind: str) -> None:
    content, said = BAD_ZIPS[kind]

    with pytest.raises(HandlerError) as refused:
        ask("blip", inline(content))

    assert said in refused.value.text


@pytest.mark.slow
def test_a_zip_that_unpacks_to_too_much_is_not_read_to_its_end() -> None:
    content = zipped({f"{index}.jpg": bytes(40_000_000) for index in range(9)})
    taken: list[str] = []

    with pytest.raises(HandlerError, match="it holds more than 100 MB"):
        taken += (name for name, _ in archive.pictures(content, "it"))

    assert len(content) < 500_000
    assert len(taken) < 3


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({}, '["data_url is a required input."]'),
        ({"images_base64": []}, "images_base64 must be a list of pictures that is not empty"),
        ({"images_base64": "a"}, '''["images_base64 should be <class 'list'> type, not <class 'str'>."]'''),
        ({"images_base64": [5]}, "images_base64[0] is empty or not a string"),
        ({"images_base64": ["QUJD"]}, "images_base64[0] is not a picture: cannot identify image"),
        ({"images_base64": ["QUJD"] * 1001}, "images_base64 has 1001 pictures; at most 1000 are allowed"),
        ({"image_base64": "!"}, "image_base64 is not base64: Only base64 data is allowed"),
        ({"data_url": "http://evil.test/"}, f"refused to download 'http://evil.test/': {OUTSIDE}"),
        ({"data_url": "data:image/png;base64,"}, "data_url is empty"),
        (
            {"image_base64": "QUJD", "max_length": "9", "beams": 2},
            '["Unexpected input. beams is not a valid input option.", '
            '''"max_length should be <class 'int'> type, not <class 'str'>."]''',
        ),
    ],
)  # fmt: skip
def test_blip_refuses_what_it_cannot_read(given: Any, said: str) -> None:
    with pytest.raises(HandlerError) as refused:
        ask("blip", given)

    assert refused.value.text == said
