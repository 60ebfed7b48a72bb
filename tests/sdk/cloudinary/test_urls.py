"""Every spelling of a transformation that the SDK has: the fake understands it and makes what it means."""

from __future__ import annotations

import base64
import io
import re
from typing import Any

import cloudinary
import cloudinary.api
import cloudinary.uploader
import cloudinary.utils
import httpx
import pytest
from cloudinary import CloudinaryImage, CloudinaryVideo
from PIL import Image

from fakes.cloudinary import transformation
from fakes.cloudinary.transformation import LayerBlock
from tests.fakes.cloudinary.conftest import image

# One value for each option that `generate_transformation_string` knows.
OPTIONS: dict[str, Any] = {
    "angle": ["vflip", 90],
    "aspect_ratio": "4:3",
    "audio_codec": "aac",
    "audio_frequency": 44100,
    "background": "#11223344",
    "bit_rate": "500k",
    "border": {"width": 4, "color": "#f00"},
    "color": "red",
    "color_space": "srgb",
    "crop": "fill",
    "custom_function": {"function_type": "wasm", "source": "blur.wasm"},
    "custom_pre_function": {"function_type": "remote", "source": "https://a.b/c"},
    "default_image": "avatar.png",
    "delay": 200,
    "density": 150,
    "dpr": 2.0,
    "duration": "30%",
    "effect": ["blur", 300],
    "end_offset": 7.5,
    "fetch_format": "auto",
    "flags": ["lossy", "progressive"],
    "fps": [24, 29.97],
    "gravity": "north_east",
    "height": "ih / 2",
    "if": "w > 100 && !sale! in tags",
    "keyframe_interval": 2,
    "offset": [2.66, "35p"],
    "opacity": 50,
    "overlay": {"font_family": "Arial", "font_size": 20, "text": "Hello, $(who)/%"},
    "page": "2",
    "prefix": "myprefix",
    "quality": "auto:eco",
    "radius": [10, 20, 30],
    "raw_transformation": "e_sepia:50",
    "start_offset": "auto",
    "streaming_profile": "full_hd",
    "transformation": ["named"],
    "underlay": {"public_id": "a/b", "type": "private", "format": "png"},
    "variables": [["$who", "!World!"]],
    "video_codec": {"codec": "h264", "profile": "basic", "level": "3.1", "b_frames": False},
    "video_sampling": "2s",
    "width": "initial_width * 0.5",
    "x": 0.1,
    "y": -20,
    "zoom": 1.2,
}


def spelled(**options: Any) -> str:
    text, _ = cloudinary.utils.generate_transformation_string(**options)
    return str(text)


def opened(url: str) -> Image.Image:
    answer = httpx.get(url)
    assert answer.status_code == 200, answer.headers
    return Image.open(io.BytesIO(answer.content))


@pytest.mark.parametrize("name", OPTIONS)
def test_every_option_is_understood(name: str) -> None:
    beside = {"crop": "fill"} if name in ("width", "height", "gravity", "aspect_ratio") else {}
    text = spelled(**{name: OPTIONS[name]}, **beside)

    asked = transformation.parse_text(text, {"named": "w_1"}.get)

    assert text
    assert len(asked.steps) >= 1


def test_the_options_are_all_that_the_sdk_has() -> None:
    source = cloudinary.utils.__file__
    with open(source) as file:
        body = file.read().partition("def generate_transformation_string")[2].partition("\ndef ")[0]
    named = set(re.findall(r"options\.(?:pop|get)\(['\"](\w+)['\"]", body))
    named |= set(cloudinary.utils._SIMPLE_TRANSFORMATION_PARAMS.values())

    assert named - {"responsive_width", "size"} <= set(OPTIONS)


@pytest.mark.parametrize(
    ("overlay", "expected"),
    [
        ({"text": "Cut, /slash & 50%", "font_family": "Arial", "font_size": 9}, "Cut, /slash & 50%"),
        ({"text": "ünï 😀 #?", "font_family": "Open Sans", "font_size": 9}, "ünï 😀 #?"),
        ({"text": "a:b_c", "public_id": "style"}, "a:b_c"),
    ],
)
def test_texts_arrive_as_they_were_written(overlay: dict[str, Any], expected: str) -> None:
    (block,) = transformation.parse_text(spelled(overlay=overlay)).steps

    assert isinstance(block, LayerBlock)
    source = transformation.layers.parse(block.source)
    assert source.text == expected


def test_remote_layers_arrive_as_they_were_written() -> None:
    (block,) = transformation.parse_text(spelled(overlay="fetch:https://a.b/c?d=é")).steps

    assert isinstance(block, LayerBlock)
    assert base64.urlsafe_b64decode(block.source.partition(":")[2]).decode() == "https://a.b/c?d=é"
    assert transformation.layers.parse(block.source).url == "https://a.b/c?d=é"


@pytest.mark.usefixtures("fakes")
@pytest.mark.parametrize(
    "options",
    [
        {"overlay": {"text": "ä, b/c %", "font_family": "Arial", "font_size": 20}},
        {"transformation": [{"variables": [["$w", 40]]}, {"width": "$w * 2", "crop": "scale"}]},
        {"if": "w > 100", "width": 50, "crop": "scale"},
        {"transformation": [{"width": 60, "crop": "fit"}, {"angle": 20}, {"effect": "sepia:50"}]},
        {"width": 60, "crop": "fit", "format": "jpg", "quality": 80},
    ],
)
def test_what_was_made_eagerly_is_found_by_its_url(options: dict[str, Any]) -> None:
    made = cloudinary.uploader.upload(image(200, 100), public_id="staging_clips/e", eager=[options])["eager"][
        0
    ]
    before = cloudinary.api.resource("staging_clips/e")["derived"]

    built = CloudinaryImage("staging_clips/e", format="png").build_url(**options)
    answer = httpx.get(built)

    assert answer.status_code == 200
    assert httpx.get(made["secure_url"]).content == answer.content
    assert cloudinary.api.resource("staging_clips/e")["derived"] == before
    assert len(before) == 1


@pytest.mark.usefixtures("fakes")
def test_conditions_variables_and_names_together() -> None:
    cloudinary.uploader.upload(image(200, 100), public_id="staging_clips/e", tags="wide")
    cloudinary.api.create_transformation("half", {"width": 0.5, "crop": "scale"})
    chain = [
        {"variables": [["$side", "initial_width / 4"]]},
        {"if": "!wide!_in_tags && aspect_ratio > 1"},
        {"width": "$side + 10", "crop": "scale"},
        {"if": "else"},
        {"width": 5, "crop": "scale"},
        {"if": "end"},
        {"transformation": "half"},
    ]

    url = CloudinaryImage("staging_clips/e", format="png").build_url(transformation=chain)

    assert opened(url).size == (30, 15)


@pytest.mark.usefixtures("fakes")
@pytest.mark.parametrize(
    "options",
    [
        {},
        {"url_suffix": "a-cat"},
        {"url_suffix": "a-cat", "sign_url": True},
        {"use_root_path": True},
        {"use_root_path": True, "url_suffix": "a-cat", "sign_url": True, "angle": 90},
        {"shorten": True},
        {"force_version": False},
        {"version": 1234567890},
        {"sign_url": True, "long_url_signature": True},
        {"private_cdn": True},
        {"private_cdn": True, "url_suffix": "a-cat"},
    ],
)
@pytest.mark.parametrize("public_id", ["staging_clips/a b.c/ä+", "staging_clips/w_1/x"])
def test_every_kind_of_url_leads_to_the_asset(options: dict[str, Any], public_id: str) -> None:
    cloudinary.uploader.upload(image(20, 10), public_id=public_id)

    url, _ = cloudinary.utils.cloudinary_url(public_id, format="png", **options)

    assert opened(url).size == ((10, 20) if "angle" in options else (20, 10))


@pytest.mark.usefixtures("fakes")
def test_mistakes_are_told_in_the_provider_words() -> None:
    cloudinary.uploader.upload(image(20, 10), public_id="staging_clips/e")
    mistakes: dict[str, dict[str, Any]] = {
        "Invalid width in transformation: abc": {"width": "abc", "crop": "fill"},
        "Invalid flag in transformation: pdf": {"flags": "pdf"},
        "Unknown transformation nope": {"transformation": "nope"},
        "Invalid assignment to $x: !v": {"variables": [["$x", "!v"]]},
        "Invalid extension in transformation: x": {"fetch_format": "x"},
        "Resource not found - watermark": {"overlay": "watermark"},
    }

    told = {}
    for words, options in mistakes.items():
        answer = httpx.get(CloudinaryImage("staging_clips/e", format="png").build_url(**options))
        told[words] = (answer.status_code, answer.headers["X-Cld-Error"], answer.content)

    assert told == {words: (400, words, b"") for words in mistakes}


@pytest.mark.parametrize(
    "options",
    [
        {"video_codec": "auto", "offset": "3..10"},
        {"start_offset": "2.5p", "end_offset": 8, "audio_codec": "none"},
        {"fps": "24-29.97", "keyframe_interval": 0.05},
        {"streaming_profile": "hd", "format": "m3u8"},
        {"overlay": "video:fetch:https://a.b/dog.mp4"},
        {
            "overlay": {
                "resource_type": "subtitles",
                "public_id": "a/en.srt",
                "font_family": "Arial",
                "font_size": 40,
            }
        },
    ],
)
def test_urls_of_videos_are_understood(options: dict[str, Any]) -> None:
    url = CloudinaryVideo("folder/dog").build_url(cloud_name="c", **options)

    text = re.sub(r".*/upload/(.*)/v1/folder/dog.*", r"\1", url)

    assert transformation.parse_text(text).steps
