"""Motion, BLIP and CLIP on pictures whose content is known."""

import struct
import zlib
from typing import Any

import numpy as np
import pytest

from fakes.runpod.models import HandlerError
from tests.fakes.receiver import Answer, receiving
from tests.fakes.runpod.material import ask, ffmpeg, frames, in_base64, png, still

OUTSIDE = "the host is outside of this stack"
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


def test_motion_is_the_share_of_pixels_that_change() -> None:
    # a box of 8x8 on 64x64 leaves its place and takes another: 2 * 64 of 4096 pixels
    measured = ask("motion", {"frames_base64": boxes(0, 16, 32, 48), "fps": 1})

    assert measured == {
        "motion": 0.0312, "peak": 0.0312, "cuts": [], "per_second": [0.0, 0.0312, 0.0312, 0.0312]
    }  # fmt: skip


def test_motion_of_each_second_is_given() -> None:
    # two frames per second; the box moves in the second one only
    measured = ask("motion", {"frames_base64": boxes(0, 0, 0, 16, 32), "fps": 2})

    assert measured["per_second"] == [0.0, 0.0156, 0.0312]
    assert (measured["motion"], measured["peak"]) == (0.0156, 0.0312)


@pytest.mark.parametrize(
    ("source", "count", "cuts"),
    [
        ("color=white:d=3[a];color=blue:d=3[b];color=white:d=3[c];[a][b][c]concat=n=3", 36, [3.0, 6.0]),
        ("testsrc2=s=320x240:d=4[a];color=c=0x2050D0:s=320x240:d=3[b];[a][b]concat", 28, [4.0]),
        ("color=c=red", 20, []),
        ("testsrc2=s=320x240", 20, []),
        ("mandelbrot=s=320x240:maxiter=100:end_scale=0.05:end_pts=150", 20, []),
    ],
)  # fmt: skip
def test_cuts_are_found_where_the_picture_changes_at_once(source: str, count: int, cuts: list[float]) -> None:
    assert ask("motion", {"frames_base64": frames(source, count), "fps": 4})["cuts"] == cuts


def test_noise_too_faint_to_see_is_no_motion() -> None:
    source = "color=c=0x102840,noise=alls=8:allf=t:all_seed=11"

    assert ask("motion", {"frames_base64": frames(source, 8), "fps": 4})["motion"] == 0.0


def test_one_frame_does_not_move() -> None:
    assert ask("motion", {"frames_base64": boxes(0)}) == {
        "motion": 0.0, "peak": 0.0, "cuts": [], "per_second": [0.0]
    }  # fmt: skip


def test_motion_of_a_video_at_an_address_of_the_stack() -> None:
    source = "color=c=0xE8E8E8:s=64x64:d=2:r=8[a];color=c=0x2050D0:s=64x64:d=2:r=8[b];[a][b]concat"
    encode = ["-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-f", "matroska", "pipe:1"]
    video = ffmpeg("-f", "lavfi", "-i", source, *encode)
    with receiving() as receiver:
        receiver.answer = lambda _request: Answer(200, video)

        measured = ask("motion", {"video_url": f"{receiver.url}/clip.mkv"}, hosts=["127.0.0.1"])

    assert measured == {"motion": 0.0, "peak": 0.0, "cuts": [2.0], "per_second": [0.0, 0.0, 0.0, 0.0]}


def test_a_redirect_is_not_followed() -> None:
    with receiving() as receiver:
        receiver.answer = lambda _request: Answer(302, headers={"Location": "http://127.0.0.1:9/secret"})

        with pytest.raises(HandlerError, match="302"):
            ask("motion", {"video_url": f"{receiver.url}/clip.mkv"}, hosts=["127.0.0.1"])

    assert [request.path for request in receiver.received] == ["/clip.mkv"]


@pytest.mark.parametrize(
    "playlist", ["#EXTM3U\n#EXTINF:1,\nfile:///etc/hostname\n", "ffconcat version 1.0\nfile /etc/hostname\n"]
)
def test_a_playlist_cannot_name_other_files(playlist: str) -> None:
    with receiving() as receiver:
        receiver.answer = lambda _request: Answer(200, playlist.encode())

        with pytest.raises(HandlerError, match="cannot be decoded"):
            ask("motion", {"video_url": f"{receiver.url}/clip.m3u8"}, hosts=["127.0.0.1"])


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({}, "Must provide either frames_base64 or video_url"),
        ({"frames_base64": []}, "frames_base64 must be a list of pictures that is not empty"),
        ({"frames_base64": ["%%"]}, "frames_base64[0] is not base64: Only base64 data is allowed"),
        ({"frames_base64": ["QUJD"]}, "frames_base64[0] is not a picture: cannot identify image"),
        ({"frames_base64": ["QUJD"], "fps": 0}, "fps is 0; it must be a number up to 60"),
        ({"video_url": "http://169.254.1.1/"}, f"refused to download 'http://169.254.1.1/': {OUTSIDE}"),
        ({"video_url": "file:///etc/passwd"}, f"refused to download 'file:///etc/passwd': {OUTSIDE}"),
    ],
)  # fmt: skip
def test_motion_refuses_what_it_cannot_read(given: Any, said: str) -> None:
    with pytest.raises(HandlerError) as refused:
        ask("motion", given)

    assert refused.value.text == said


def test_frames_of_two_sizes_are_refused() -> None:
    given = [*boxes(0), *boxes(0, shape=(32, 64))]

    with pytest.raises(HandlerError, match="another size"):
        ask("motion", {"frames_base64": given})


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
