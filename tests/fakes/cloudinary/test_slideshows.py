import base64
import io
import json
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from fakes.cloudinary import slideshows
from fakes.kit.errors import ProviderError
from tests.fakes.cloudinary.conftest import Cloud
from tests.fakes.cloudinary.footage import BLUE, RED, WHITE, colour, is_near, look
from tests.servers import wait_until

PICTURE = base64.urlsafe_b64encode(
    b"https://res.cloudinary.com/staging/image/upload/v1/staging_clips/blue.png"
)
SPELLED = (
    "fn_render:w_160;h_90;du_5;fps_10;vars_(sdur_1000;tdur_500;transition_s:wipeleft;slides_("
    f"(media_i:staging_clips:red);(media_s64:{PICTURE.decode().rstrip('=')};sdur_700);"
    "(media_v:staging_clips:white;transition_s:circleopen)))"
)


def show(**changes: Any) -> str:
    settings = {"sdur": 1000, "tdur": 500, "slides": [{"media": "i:staging_clips:red"}]}
    return json.dumps({"w": 160, "h": 90, "fps": 10, "vars": settings | changes})


def test_both_spellings_say_the_same() -> None:
    slides = [
        {"media": "i:staging_clips:red"},
        {"media": f"s64:{PICTURE.decode()}", "sdur": 700},
        {"media": "v:staging_clips:white", "transition_s": "circleopen"},
    ]
    settings = {"sdur": 1000, "tdur": 500, "transition_s": "wipeleft", "slides": slides}
    manifest = {"w": 160, "h": 90, "du": 5, "fps": 10, "vars": settings}

    found = slideshows.read(None, SPELLED)

    assert found == slideshows.read(json.dumps(manifest), None)
    assert (found.width_px, found.height_px, found.length_s, found.fps) == (160, 90, 5.0, 10.0)
    assert [(one.shown_s, one.transition_s, one.transition) for one in found.slides] == [
        (1.0, 0.5, "wipeleft"),
        (0.7, 0.5, "wipeleft"),
        (1.0, 0.5, "circleopen"),
    ]
    assert [one.asset_in("staging") for one in found.slides] == [
        ("image", "staging_clips/red"),
        ("image", "staging_clips/blue"),
        ("video", "staging_clips/white"),
    ]
    assert found.slides[1].asset_in("other") is None


def test_the_manifests_of_the_sdk_are_read() -> None:
    text = (
        "fn_render:w_352;h_240;du_5;fps_30;vars_(slides_((media_s64:aHR0cHM6Ly9yZXMuY2xvdWRpbmFyeS5jb20vZGVtby9p"
        "bWFnZS91cGxvYWQvY291cGxl);(media_s64:aHR0cHM6Ly9yZXMuY2xvdWRpbmFyeS5jb20vZGVtby9pbWFnZS91cGxvYWQvc2FtcG"
        "xl)))"
    )

    assert [one.asset_in("demo") for one in slideshows.read(None, text).slides] == [
        ("image", "couple"),
        ("image", "sample"),
    ]


@pytest.mark.parametrize(
    "text",
    [
        "{",
        "[]",
        '{"w":100}',
        show(slides=[]),
        show(slides=[{"media": "x:y"}]),
        show(slides=[{"media": "i:a"}] * 31),
        show(sdur="long"),
        show(sdur=1e12),
        show(slides=[{"media": "s64:%%%"}]),
        '{"w":1e9,"h":90,"vars":{"slides":[{"media":"i:a"}]}}',
    ],
)
def test_a_manifest_that_cannot_be_read(text: str) -> None:
    with pytest.raises(ProviderError, match="Invalid value for parameter manifest_json"):
        slideshows.read(text, None)


@pytest.mark.parametrize(
    "text", ["w_100", "fn_render:", "fn_render:w_1;vars_(slides_(((", "fn_render:" + "(" * 5000]
)
def test_a_text_that_cannot_be_read(text: str) -> None:
    with pytest.raises(ProviderError, match="Invalid value for parameter manifest_transformation"):
        slideshows.read(None, text)


@pytest.fixture
def stage(cloud: Cloud, tmp_path: Path) -> Cloud:
    for name in ("red", "blue"):
        written = io.BytesIO()
        Image.new("RGB", (80, 80), name).save(written, "PNG")
        cloud.upload(written.getvalue(), public_id=f"staging_clips/{name}").raise_for_status()
    white = colour(tmp_path / "white.mp4", "white", size="64x64", length_s=3, fps=25)
    cloud.upload(white.read_bytes(), "video/upload", public_id="staging_clips/white").raise_for_status()
    return cloud


def test_a_slideshow_becomes_a_video(stage: Cloud) -> None:
    asked = {"manifest_transformation": SPELLED, "public_id": "staging_clips/show", "tags": "made"}
    answer = stage.post("video/create_slideshow", asked)

    path = "video/upload/v1/staging_clips/show.mp4"
    wait_until(lambda: stage.get(path).status_code == 200, lambda: str(answer.text))
    body = answer.json()
    assert (body["status"], body["public_id"], len(body["batch_id"])) == (
        "processing",
        "staging_clips/show",
        64,
    )
    found = look(stage.get(path).content)
    assert (found.size, found.fps, found.lasts(1 + 0.7 + 1 + 2 * 0.5, 0.15)) == ((160, 90), 10.0, True)
    assert [is_near(found.at(at), wanted) for at, wanted in ((0.5, RED), (1.9, BLUE), (3.3, WHITE))] == [
        True,
        True,
        True,
    ]
    assert is_near(found.pixel(1.25, 20, 45), RED)
    assert is_near(found.pixel(1.25, 140, 45), BLUE)
    details = stage.admin("GET", "resources/video/upload/staging_clips/show").json()
    assert (details["tags"], details["format"]) == (["made"], "mp4")


def test_a_slideshow_is_cut_and_transformed(stage: Cloud) -> None:
    manifest = json.loads(show(slides=[{"media": "i:staging_clips:red"}, {"media": "i:staging_clips:blue"}]))
    asked = {"manifest_json": json.dumps(manifest | {"du": 1.2}), "public_id": "staging_clips/s"}
    stage.post("video/create_slideshow", {**asked, "transformation": "w_80"}).raise_for_status()

    path = "video/upload/v1/staging_clips/s.mp4"
    wait_until(lambda: stage.get(path).status_code == 200, lambda: path)
    found = look(stage.get(path).content)
    assert (found.size, found.lasts(1.2)) == ((80, 44), True)


@pytest.mark.parametrize(
    ("path", "params", "status", "message"),
    [
        ("video", {}, 400, "Missing required parameter - manifest_json"),
        ("video", {"manifest_json": "{"}, 400, "Invalid value for parameter manifest_json: {"),
        ("image", {"manifest_json": show()}, 400, "Invalid value for parameter resource_type: image"),
        (
            "video",
            {"manifest_json": show(), "public_id": "prod_clips/x"},
            403,
            "You are not authorized to access",
        ),
    ],
)
def test_a_slideshow_that_is_refused(
    stage: Cloud, path: str, params: dict[str, str], status: int, message: str
) -> None:
    answer = stage.post(f"{path}/create_slideshow", {"public_id": "staging_clips/x", **params})

    found = answer.json()["error"]["message"]
    assert (answer.status_code, found[: len(message)]) == (status, message)
    assert answer.headers["X-Cld-Error"] == found


def test_a_missing_slide_leaves_nothing(stage: Cloud) -> None:
    asked = {"manifest_json": show(slides=[{"media": "i:none"}]), "public_id": "staging_clips/n"}
    stage.post("video/create_slideshow", {**asked, "notification_url": "poll://a"}).raise_for_status()

    address = f"{stage.url}/v2/notifications/staging/messages"
    auth = ("111222333444555", "stagingSecret_AbC-123")
    told = stage.http.get(address, params={"channel": "a", "wait_seconds": "10"}, auth=auth).json()[
        "messages"
    ]
    assert told[0]["payload"]["error"] == {"message": "Resource not found - none"}
    assert stage.get("video/upload/staging_clips/n.mp4").status_code == 404
    assert [name for name in stage.files() if name.startswith("incoming")] == []
