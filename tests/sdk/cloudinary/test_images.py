"""Images as the SDK asks for them: its URLs are fetched, and the pixels are looked at."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import av
import cloudinary.uploader
import cloudinary.utils
import httpx
import pytest
from PIL import Image

from tests.fakes.cloudinary.pictures import BLUE, GREEN, RED, WHITE, alpha, flat, quarters, rgb, saved

pytestmark = pytest.mark.usefixtures("fakes")


def uploaded(content: bytes, name: str = "i", **options: Any) -> dict[str, Any]:
    result: dict[str, Any] = cloudinary.uploader.upload(content, public_id=f"staging_clips/{name}", **options)
    return result


def fetched(name: str = "i", resource_type: str = "image", **options: Any) -> httpx.Response:
    """What the URL that the SDK builds delivers."""
    url, _ = cloudinary.utils.cloudinary_url(f"staging_clips/{name}", resource_type=resource_type, **options)
    return httpx.get(url)


def picture(name: str = "i", **options: Any) -> Image.Image:
    answer = fetched(name, **{"format": "png", **options})
    assert answer.status_code == 200, answer.headers
    return Image.open(io.BytesIO(answer.content))


def test_crops_and_gravities() -> None:
    uploaded(saved(quarters()), face_coordinates=[[22, 2, 16, 16]], custom_coordinates=[0, 20, 20, 20])

    face = picture(width=10, height=10, crop="crop", gravity="face")
    thumb = picture(width=8, height=8, crop="thumb", gravity="face", zoom=1.4)
    custom = picture(crop="crop", gravity="custom", width=10, height=10)
    ratio = picture(aspect_ratio="2:1", width=40, crop="fill", gravity="south")
    twice = picture(width=20, crop="scale", dpr=2.0)

    assert [rgb(one, (5, 5)) for one in (face, thumb, custom, ratio, twice)] == [
        GREEN,
        GREEN,
        BLUE,
        BLUE,
        RED,
    ]
    assert [one.size for one in (face, thumb, ratio, twice)] == [(10, 10), (8, 8), (40, 20), (40, 40)]


def test_borders_corners_backgrounds_and_angles() -> None:
    uploaded(saved(flat(RED)))

    framed = picture(border={"width": 5, "color": "blue"})
    ellipse = picture(radius="max")
    mixed = picture(radius="20:0:20:0")
    padded = picture(width=80, height=40, crop="pad", background="#0000ff")
    turned = picture(angle=45, background="white")

    assert (framed.size, rgb(framed, (2, 2))) == ((50, 50), BLUE)
    assert [alpha(ellipse, at) for at in ((0, 0), (20, 20))] == [0, 255]
    assert [alpha(mixed, at) for at in ((0, 0), (39, 0))] == [0, 255]
    assert rgb(padded, (5, 20)) == BLUE
    assert rgb(turned, (1, 1)) == WHITE


def test_effects_in_a_chain() -> None:
    uploaded(saved(flat((200, 100, 50))))
    chain = [{"effect": "grayscale"}, {"effect": "colorize:100", "color": "blue"}, {"width": 10}]

    result = picture(transformation=chain)
    sepia = picture(effect=["sepia", 100])

    assert (result.size, rgb(result, (5, 5))) == ((10, 10), BLUE)
    assert rgb(sepia, (5, 5)) == (165, 147, 114)


def test_overlays_of_images_and_text() -> None:
    uploaded(saved(flat(BLUE, 200, 100)))
    uploaded(saved(flat(RED, 10, 10)), "brand/logo")
    logo = {"overlay": "staging_clips:brand:logo", "width": 20, "gravity": "north_east", "x": 4, "y": 4}
    words = {"font_family": "Arial", "font_size": 40, "font_weight": "bold", "text": "I, 50%/I"}

    branded = picture(transformation=[logo])
    lettered = picture(transformation=[{"overlay": words, "color": "white", "gravity": "south"}])

    assert [rgb(branded, at) for at in ((194, 6), (177, 22), (198, 2), (174, 26))] == [RED, RED, BLUE, BLUE]
    found = lettered.convert("RGB").getcolors(99999) or []
    assert {color for count, color in found if count > 50} >= {BLUE, WHITE}
    assert len({color for _, color in (lettered.crop((0, 0, 200, 50)).convert("RGB").getcolors() or [])}) == 1


def test_an_underlay_and_a_variable() -> None:
    uploaded(saved(flat(BLUE, 10, 10)))
    uploaded(saved(flat(RED, 10, 10)), "below")
    steps = [{"variables": [["$side", 30]]}, {"underlay": "staging_clips:below", "width": "$side"}]

    result = picture(transformation=steps)

    assert (result.size, rgb(result, (2, 2)), rgb(result, (15, 15))) == ((30, 30), RED, BLUE)


def test_a_frame_of_a_video_takes_layers(clip: Path) -> None:
    cloudinary.uploader.upload(str(clip), resource_type="video", public_id="staging_clips/v")
    uploaded(saved(flat(RED, 10, 10)), "logo")
    logo = {"overlay": "staging_clips:logo", "gravity": "north_west", "width": 40}

    result = picture("v", resource_type="video", transformation=[{"start_offset": 1}, logo])

    assert (result.size, rgb(result, (20, 20))) == ((320, 180), RED)


def test_an_animation_is_one_in_every_format() -> None:
    frames = [flat(color, 40, 20) for color in (RED, BLUE)]
    uploaded(saved(frames[0], "GIF", save_all=True, append_images=frames[1:], duration=70))

    gif = picture(format="gif", width=20)
    webp = picture(format="webp", width=20, flags=["awebp"])
    second = picture(format="png", page=2)

    assert [(one.size, getattr(one, "n_frames", 1)) for one in (gif, webp)] == [((20, 10), 2)] * 2
    assert rgb(second, (5, 5)) == BLUE


def test_an_animation_becomes_a_video() -> None:
    frames = [flat(color, 41, 21) for color in (RED, BLUE, GREEN)]
    uploaded(saved(frames[0], "GIF", save_all=True, append_images=frames[1:], duration=200))

    for ending, codec in (("mp4", "h264"), ("webm", "vp9")):
        answer = fetched(format=ending, width=82)
        with av.open(io.BytesIO(answer.content), "r") as made:
            stream = made.streams.video[0]
            shown = [frame.to_ndarray(format="rgb24")[10, 20].argmax() for frame in made.decode(stream)]
        found = (stream.codec_context.codec.canonical_name, stream.width, stream.height)
        assert (found, {int(channel) for channel in shown}) == ((codec, 82, 42), {0, 1, 2})


def test_documents_and_drawings() -> None:
    pages = [flat(color, 60, 90) for color in (RED, BLUE)]
    pdf = uploaded(saved(pages[0], "PDF", save_all=True, append_images=pages[1:], resolution=72), "doc")
    drawing = (
        b'<svg xmlns="http://www.w3.org/2000/svg" width="20" height="10"><rect width="9" height="9"/></svg>'
    )
    svg = uploaded(drawing, "drawing")

    second = picture("doc", page=2, width=30)
    drawn = picture("drawing", width=80)
    original = fetched("drawing", format="svg")
    cleaned = fetched("drawing", format="svg", flags="sanitize")
    changed = fetched("drawing", format="svg", width=80)

    assert [pdf[name] for name in ("format", "pages", "width", "height")] == ["pdf", 2, 60, 90]
    assert [svg[name] for name in ("format", "pages", "width", "height")] == ["svg", 1, 20, 10]
    assert (second.size, rgb(second, (9, 9))[2] > 240) == ((30, 45), True)
    assert (drawn.size, alpha(drawn, (20, 20)), alpha(drawn, (60, 20))) == ((80, 40), 255, 0)
    assert (original.content, original.headers["content-type"]) == (drawing, "image/svg+xml")
    assert (cleaned.status_code, b"<rect" in cleaned.content) == (200, True)
    assert changed.status_code == 501


def test_what_is_seen_in_an_image() -> None:
    result = uploaded(
        saved(quarters(), "JPEG", quality=95),
        colors=True, faces=True, phash=True, image_metadata=True, quality_analysis=True,
        accessibility_analysis=True,
    )  # fmt: skip

    assert {"blue", "green", "red", "white"} <= {name for name, _ in result["predominant"]["google"]}
    assert result["faces"] == []
    assert len(result["phash"]) == 16
    assert result["image_metadata"]["Colorspace"] == "RGB"
    assert isinstance(result["quality_analysis"]["focus"], float)
    assert 0 <= result["accessibility_analysis"]["colorblind_accessibility_score"] <= 1


@pytest.mark.parametrize(
    ("options", "status", "message"),
    [
        (
            {"overlay": {"font_family": "Nonesuch", "font_size": 20, "text": "hi"}},
            400,
            "Unsupported font family Nonesuch",
        ),
        ({"overlay": "watermark"}, 400, "Resource not found - watermark"),
        ({"effect": "nope"}, 400, "Invalid effect in transformation: nope"),
        ({"width": 90_000}, 400, "Maximum image size is 25 Megapixels. Requested 8100.00 Megapixels"),
        (
            {"effect": "viesus_correct"},
            420,
            "You don't have an active subscription for VIESUS Automatic Image Enhancement",
        ),
        ({"effect": "vectorize"}, 501, "fake 'cloudinary' does not cover the effect vectorize"),
    ],
)
def test_what_cannot_be_delivered_says_why(options: dict[str, Any], status: int, message: str) -> None:
    uploaded(saved(quarters()))

    answer = fetched(**options)

    assert (answer.status_code, answer.content, answer.headers["x-cld-error"]) == (status, b"", message)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"hello", "Invalid image file"),
        (saved(quarters())[:70], "Invalid image file"),
        (b'<svg xmlns="http://www.w3.org/2000/svg"><g>', "Invalid image file"),
        (b"%PDF-1.4 nothing", "Invalid image file"),
    ],
)
def test_what_is_no_image_is_refused(content: bytes, message: str) -> None:
    with pytest.raises(cloudinary.exceptions.BadRequest, match=message):
        uploaded(content)
