"""Videos by the SDK: transformations as it spells them, streams as its profiles say, slideshows."""

from pathlib import Path

import cloudinary.api
import cloudinary.uploader
import cloudinary.utils
import httpx
import pytest
from cloudinary import CloudinaryVideo

from tests.fakes.cloudinary.footage import (
    BLUE,
    GREEN,
    RED,
    WHITE,
    Found,
    colour,
    ffmpeg,
    is_near,
    look,
    traffic_lights,
)
from tests.servers import wait_until

NAME = "staging_clips/lights"


@pytest.fixture(scope="module")
def lights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Red, green and blue, a second each, 160 x 90, with a tone."""
    return traffic_lights(tmp_path_factory.mktemp("media") / "lights.mp4")


@pytest.fixture
def stage(fakes: object, lights: Path) -> None:
    cloudinary.uploader.upload(str(lights), resource_type="video", public_id=NAME)


def seen(url: str) -> Found:
    answer = httpx.get(url, timeout=60)
    assert answer.status_code == 200, answer.headers
    return look(answer.content)


def letters(found: Found, *seconds: float) -> str:
    names = {"r": RED, "g": GREEN, "b": BLUE, "w": WHITE}
    shown = (found.at(second) for second in seconds)
    return "".join(next((name for name, one in names.items() if is_near(at, one)), "?") for at in shown)


@pytest.mark.usefixtures("stage")
def test_video_options_as_the_sdk_spells_them() -> None:
    options = {
        "offset": [1, 2.5],
        "video_codec": {"codec": "h264", "profile": "baseline", "level": "3.0"},
        "audio_codec": "aac",
        "audio_frequency": 22050,
        "bit_rate": "100k",
        "fps": [5, 8],
        "keyframe_interval": 0.5,
        "width": 80,
        "crop": "scale",
    }

    url = CloudinaryVideo(NAME).build_url(format="mp4", **options)

    assert "ac_aac,af_22050,br_100k,c_scale,eo_2.5,fps_5-8,ki_0.5,so_1,vc_h264:baseline:3.0,w_80" in url
    found = seen(url)
    assert (found.codecs, found.size, found.fps, found.profile) == (
        ("h264", "aac"),
        (80, 44),
        8.0,
        "Constrained Baseline",
    )
    assert (found.lasts(1.5), letters(found, 0.5, 1.3)) == (True, "gb")


@pytest.mark.usefixtures("stage")
def test_a_text_layer_with_commas_and_slashes() -> None:
    layer = {"font_family": "Arial", "font_size": 30, "font_weight": "bold", "text": "GG, 50%/win!"}
    chain = [
        {"overlay": {"resource_type": "text", **layer}, "color": "white"},
        {"flags": "layer_apply", "gravity": "south", "y": 10},
    ]

    found = seen(CloudinaryVideo(NAME).build_url(format="mp4", transformation=chain))

    assert (found.picture(2.5)[45:].min(axis=2) > 200).sum() > 150


@pytest.mark.usefixtures("stage")
def test_a_video_is_spliced_before(tmp_path: Path) -> None:
    white = colour(tmp_path / "white.mp4", "white", size="80x80", fps=25)
    cloudinary.uploader.upload(str(white), resource_type="video", public_id="staging_clips/white")
    chain = [
        {
            "overlay": "video:staging_clips:white",
            "flags": "splice",
            "width": 160,
            "height": 90,
            "crop": "fill",
        },
        {"flags": "layer_apply", "start_offset": "0"},
    ]

    found = seen(CloudinaryVideo(NAME).build_url(format="mp4", transformation=chain))

    assert (found.lasts(4.0), letters(found, 0.5, 1.5, 3.5)) == (True, "wrb")


@pytest.mark.usefixtures("stage")
def test_effects_and_animations() -> None:
    backwards = seen(CloudinaryVideo(NAME).build_url(format="mp4", effect="reverse"))
    twice = seen(CloudinaryVideo(NAME).build_url(format="mp4", effect=["accelerate", 100]))
    gif = httpx.get(CloudinaryVideo(NAME).build_url(format="gif", video_sampling=3, delay=200))

    assert letters(backwards, 0.5, 1.5, 2.5) == "bgr"
    assert (twice.lasts(1.5), letters(twice, 0.2, 0.8, 1.3)) == (True, "rgb")
    assert (gif.headers["content-type"], gif.content[:6]) == ("image/gif", b"GIF89a")


@pytest.mark.usefixtures("stage")
def test_a_profile_of_ones_own_is_streamed(tmp_path: Path) -> None:
    small = {"crop": "limit", "width": 80, "height": 46, "bit_rate": "100k", "video_codec": "h264:main:3.1"}
    whole = {"crop": "limit", "width": 160, "height": 90, "bit_rate": "200k"}
    cloudinary.api.create_streaming_profile(
        "mine", representations=[{"transformation": whole}, {"transformation": small}]
    )
    url = CloudinaryVideo(NAME).build_url(format="m3u8", streaming_profile="mine")

    playlist = httpx.get(url).text
    ffmpeg("-i", url, "-map", "0:p:1", str(tmp_path / "small.mp4"))

    assert playlist.count("#EXT-X-STREAM-INF") == 2
    assert 'CODECS="avc1.4D401F,mp4a.40.2",RESOLUTION=80x44' in playlist
    played = look(tmp_path / "small.mp4")
    assert (played.size, letters(played, 0.5, 1.5, 2.5)) == ((80, 44), "rgb")


@pytest.mark.usefixtures("fakes")
def test_the_playback_url_of_an_upload_plays(lights: Path, tmp_path: Path) -> None:
    made = cloudinary.uploader.upload(str(lights), resource_type="video", public_id=NAME)

    ffmpeg("-i", made["playback_url"], str(tmp_path / "played.mp4"))

    assert letters(look(tmp_path / "played.mp4"), 0.5, 1.5, 2.5) == "rgb"


@pytest.mark.usefixtures("fakes")
def test_a_stream_is_made_eagerly(lights: Path) -> None:
    eager = [{"streaming_profile": "hd", "format": "m3u8"}, {"streaming_profile": "hd", "format": "mpd"}]

    made = cloudinary.uploader.upload(str(lights), resource_type="video", public_id=NAME, eager=eager)

    assert [(one["transformation"], one["format"]) for one in made["eager"]] == [
        ("sp_hd", "m3u8"),
        ("sp_hd", "mpd"),
    ]
    for one in made["eager"]:
        assert httpx.get(one["secure_url"]).status_code == 200


@pytest.mark.usefixtures("stage")
def test_a_slideshow() -> None:
    slides = [{"media": f"v:{NAME.replace('/', ':')}"}, {"media": f"v:{NAME.replace('/', ':')}"}]
    settings = {"sdur": 500, "tdur": 200, "slides": slides}

    made = cloudinary.uploader.create_slideshow(
        manifest_json={"w": 80, "h": 44, "fps": 10, "vars": settings},
        public_id="staging_clips/show",
        tags=["made"],
    )

    url = CloudinaryVideo("staging_clips/show").build_url(format="mp4")
    wait_until(lambda: httpx.get(url).status_code == 200, lambda: str(made))
    assert (made["status"], made["public_id"]) == ("processing", "staging_clips/show")
    assert (seen(url).size, seen(url).lasts(1.2, 0.15)) == ((80, 44), True)
