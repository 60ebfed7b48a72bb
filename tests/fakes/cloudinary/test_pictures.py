"""Pictures made of words, of many images, and of the pages of one."""

import io
import json
import re

import httpx
import pytest
from PIL import Image

from tests.fakes.cloudinary.conftest import Cloud, image
from tests.fakes.receiver import Receiver
from tests.servers import wait_until


@pytest.fixture
def tagged(cloud: Cloud) -> Cloud:
    """Two pictures of different sizes with one tag."""
    cloud.upload(image(40, 30), public_id="staging_clips/a", tags="t")
    cloud.upload(image(20, 10), public_id="staging_clips/b", tags="t")
    return cloud


def opened(answer: httpx.Response) -> Image.Image:
    assert answer.status_code == 200, answer.headers
    return Image.open(io.BytesIO(answer.content))


def animation(frames: int) -> bytes:
    written = io.BytesIO()
    pictures = [Image.new("RGB", (8, 6), (80 * number, 0, 0)) for number in range(frames)]
    pictures[0].save(written, "GIF", save_all=True, append_images=pictures[1:])
    return written.getvalue()


def test_words_become_a_picture(cloud: Cloud) -> None:
    options = {"text": "hello world", "public_id": "staging_clips/style", "font_color": "red"}
    body = cloud.post("image/text", options).json()

    picture = opened(cloud.http.get(body["url"]))
    assert (body["type"], body["format"], body["resource_type"]) == ("text", "png", "image")
    assert picture.size == (body["width"], body["height"])
    assert (50 <= body["width"] <= 70, 5 <= body["height"] <= 15) == (True, True)


def test_a_sprite_has_a_picture_a_style_sheet_and_places(tagged: Cloud) -> None:
    body = tagged.post("image/sprite", {"tag": "t", "public_id": "staging_clips/s"}).json()

    sheet = tagged.http.get(body["css_url"])
    places = tagged.http.get(body["json_url"]).json()
    assert opened(tagged.http.get(body["image_url"])).size == (40, 40)
    assert body["image_infos"]["staging_clips/b"] == {"width": 20, "height": 10, "x": 0, "y": 30}
    assert (places["image_infos"], body["public_id"]) == (body["image_infos"], "staging_clips/s")
    assert sheet.headers["content-type"].startswith("text/css")
    assert body["image_url"] in sheet.text
    assert body["secure_css_url"] == body["css_url"]


def test_members_are_transformed_first_and_the_address_says_so(tagged: Cloud) -> None:
    options = {"tag": "t", "public_id": "staging_clips/s", "transformation": "c_scale,f_jpg,w_10"}
    body = tagged.post("image/sprite", options).json()

    assert re.search(r"/sprite/c_scale,f_jpg,w_10/v[0-9]+/staging_clips/s.css$", body["css_url"])
    assert [one["width"] for one in body["image_infos"].values()] == [10, 10]
    assert opened(tagged.http.get(body["image_url"])).format == "JPEG"
    assert body["image_url"] in tagged.http.get(body["css_url"]).text
    assert json.loads(tagged.http.get(body["json_url"]).content)["image_infos"] == body["image_infos"]


@pytest.mark.parametrize(
    ("text", "ending", "kind"),
    [("", "gif", "GIF"), ("c_scale,w_0.5", "gif", "GIF"), ("f_webp", "webp", "WEBP")],
)
def test_many_images_become_an_animation(tagged: Cloud, text: str, ending: str, kind: str) -> None:
    options = {"tag": "t", "public_id": "staging_clips/m"} | ({"transformation": text} if text else {})
    body = tagged.post("image/multi", options).json()

    picture = opened(tagged.http.get(body["url"]))
    assert body["url"].endswith(f"staging_clips/m.{ending}")
    assert (picture.format, getattr(picture, "n_frames", 1)) == (kind, 2)
    assert body["public_id"] == "staging_clips/m"


@pytest.mark.parametrize(
    ("options", "ending", "kind"),
    [
        ({"format": "mp4"}, "multi/v[0-9]+/staging_clips/m.mp4", "video/mp4"),
        (
            {"transformation": "c_scale,f_webm,w_20"},
            "multi/c_scale,f_webm,w_20/v[0-9]+/.*.webm",
            "video/webm",
        ),
    ],
)
def test_many_images_become_a_video(tagged: Cloud, options: dict[str, str], ending: str, kind: str) -> None:
    asked = {"tag": "t", "public_id": "staging_clips/m"} | options
    made = tagged.post("image/multi", asked).json()
    kept = tagged.http.get(made["url"])
    before = tagged.admin("GET", "usage").json()["bandwidth"]["usage"]
    params = tagged.signed({**asked, "mode": "download"})
    sent = tagged.http.get(f"{tagged.url}/v1_1/staging/image/multi", params=params)

    assert re.search(f"{ending}$", made["url"])
    assert [one.headers["content-type"] for one in (kept, sent)] == [kind, kind]
    assert kept.content == sent.content
    after = tagged.admin("GET", "usage").json()["bandwidth"]["usage"]
    assert after - before == len(sent.content)
    width = 20 if "transformation" in options else 40
    assert f"width={width}," in kept.headers["server-timing"]


def test_pictures_that_are_the_same_become_a_video_too(cloud: Cloud, png: bytes) -> None:
    for name in "ab":
        cloud.upload(png, public_id=f"staging_clips/{name}", tags="t")
    made = cloud.post("image/multi", {"tag": "t", "public_id": "staging_clips/m", "format": "mp4"}).json()

    assert cloud.http.get(made["url"]).headers["content-type"] == "video/mp4"


def test_a_document_of_addresses(tagged: Cloud) -> None:
    urls = [f"{tagged.url}/staging/image/upload/staging_clips/{name}.png" for name in "ab"]
    options = {"urls": ",".join(urls), "public_id": "staging_clips/d", "transformation": "f_pdf,w_20"}
    body = tagged.post("image/multi", options).json()

    assert "/multi/f_pdf,w_20/" in body["url"]
    assert tagged.http.get(body["url"]).content.startswith(b"%PDF")


def test_what_is_made_can_be_sent_without_being_kept(tagged: Cloud) -> None:
    for kind, size in (("multi", (40, 30)), ("sprite", (40, 40))):
        params = tagged.signed({"tag": "t", "mode": "download"})
        answer = tagged.http.get(f"{tagged.url}/v1_1/staging/image/{kind}", params=params)
        assert opened(answer).size == size
        assert "attachment" in answer.headers["content-disposition"]

    assert tagged.control("state")["state"]["assets"] == 2
    assert not [name for name in tagged.files() if "incoming" in name]


def test_collections_are_made_behind_the_answer_and_told(tagged: Cloud, receiver: Receiver) -> None:
    options = {"tag": "t", "public_id": "staging_clips/m", "notification_url": receiver.url, "async": "1"}
    body = tagged.post("image/multi", options).json()

    wait_until(lambda: bool(receiver.received), lambda: "a notification")
    told = json.loads(receiver.received[0].body)
    assert (body["status"], body["type"]) == ("pending", "multi")
    assert (told["notification_type"], told["batch_id"]) == ("multi", body["batch_id"])
    assert tagged.http.get(told["url"]).status_code == 200


def test_every_page_becomes_a_picture(cloud: Cloud, receiver: Receiver) -> None:
    cloud.upload(animation(3), public_id="staging_clips/g")
    options = {"public_id": "staging_clips/g", "transformation": "pg_all", "format": "png"}
    body = cloud.post("image/explode", {**options, "notification_url": receiver.url}).json()

    wait_until(lambda: bool(receiver.received), lambda: "a notification")
    told = json.loads(receiver.received[0].body)
    assert (body["status"], told["notification_type"], told["pages"]) == ("processing", "explode", 3)
    assert told["batch_id"] == body["batch_id"]
    reds = [opened(cloud.http.get(one["url"])).convert("RGB").getpixel((0, 0)) for one in told["image_infos"]]
    assert reds == [(0, 0, 0), (80, 0, 0), (160, 0, 0)]


@pytest.mark.parametrize(
    ("path", "options", "status", "message"),
    [
        ("image/text", {}, 400, "Missing required parameter - text"),
        ("image/text", {"text": "x" * 5001}, 400, "Invalid value for parameter text"),
        ("image/text", {"text": "x", "font_size": "big"}, 400, "Invalid value for parameter font_size: big"),
        ("image/text", {"text": "x", "public_id": "prod_clips/x"}, 403, "You are not authorized"),
        (
            "image/multi",
            {"urls": ",".join(["http://x/"] * 101)},
            400,
            "Too many files to multi. Maximum is 100.",
        ),
        ("what/multi", {"tag": "t"}, 400, "Invalid value for parameter resource_type: what"),
        ("image/sprite", {}, 400, "Missing required parameter - tag"),
        ("image/sprite", {"tag": "none"}, 404, "Resource not found - none"),
        ("image/multi", {"tag": "t", "urls": "http://x/"}, 400, "Missing required parameter - tag"),
        ("image/sprite", {"tag": "t", "format": "mp4"}, 400, "Invalid extension in transformation: mp4"),
        ("image/multi", {"tag": "t", "transformation": "zz_1"}, 400, "Invalid transformation component"),
        ("image/multi", {"urls": "https://example.com/a.png"}, 400, "Error in loading https://example.com/a"),
        ("image/explode", {"transformation": "pg_1"}, 400, "Invalid value for parameter transformation"),
        (
            "image/explode",
            {"public_id": "staging_clips/none"},
            404,
            "Resource not found - staging_clips/none",
        ),
    ],
)
def test_pictures_that_are_refused(
    tagged: Cloud, path: str, options: dict[str, str], status: int, message: str
) -> None:
    answer = tagged.post(path, {"public_id": "staging_clips/a", **options})

    assert answer.status_code == status
    assert answer.json()["error"]["message"].startswith(message)
    assert answer.headers["x-cld-error"].startswith(message)
    assert tagged.control("state")["state"]["assets"] == 2
