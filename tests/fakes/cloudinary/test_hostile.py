"""What nobody sends in good faith: always an answer of the provider's shape, and nothing lost."""

from __future__ import annotations

import hashlib
import json
import re
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import quote

import httpx
import pytest

from fakes.cloudinary import FAKE
from fakes.kit.fake import Endpoint
from tests.fakes.cloudinary.conftest import KEY, SECRET, Cloud, image
from tests.fakes.serving import served

AUTH = (KEY, SECRET)
HOSTILE = (
    "a\x00b",
    "staging_clips/../x",
    "/etc/passwd",
    "x" * 10_000,
    "\u202eabc\ufffe",
    "a\r\nSet-Cookie: x=1",
    "'\" OR 1=1 --",
    "%00%2e%2e%zz",
    "-1",
    "9" * 400,
    "1e999",
    "nan",
    "[" * 3000,
    '{"a": {"b": [1, {}]}}',
    '{"a": "\\ud800"}',
    '[{"type": "bytes", "ranges": [{"key": "\\ud800", "from": 0}]}]',
    "a|b=c|=|\\",
    ",,;;::__--",
    "$x_1/if_w_gt_1/t_a/l_b",
    "*" * 50,
    "(((",
    "  ",
    "null",
)
PARAMETERS = """
public_id public_ids public_ids[] folder asset_folder display_name tags tag context metadata type command
transformation eager format allowed_formats access_control face_coordinates custom_coordinates prefix
notification_url max_results next_cursor expression sort_by fields start_at direction name external_id
label datasource validation default_value representations template uri event_type to_folder text urls[]
from_public_id to_public_id manifest_json moderation moderation_status upload_preset headers timestamp
responsive_breakpoints mode token values versions[] with_field aggregate key value to_type url file
"""
NAMES = PARAMETERS.split()
JSON_VALUES: tuple[object, ...] = (None, -1, 1e300, True, [], {}, [[1]], {"a": {"b": 1}}, ["a", 1], "\ud800")
HUGE = "9" * 400
IN_JSON = (
    ("image/upload", "context", '{"a": "\\ud800"}'),
    ("image/upload", "responsive_breakpoints", '[{"bytes_step": 1e999}]'),
    ("image/upload", "responsive_breakpoints", '[{"transformation": "\\ud800"}]'),
    ("image/upload", "regions", f'{{"a": [[{HUGE}, 1]]}}'),
    ("image/upload", "eval", 'upload_options.public_id = "\\ud800"'),
    ("image/upload", "eval", 'throw new Error("\\ud800")'),
    ("image/upload", "on_success", 'current_asset.update({tags: ["\\ud800"]})'),
    ("video/create_slideshow", "manifest_json", f'{{"w": {HUGE}, "h": 9, "vars": {{"slides": [1]}}}}'),
)
HAS_FILE = ("upload", "upload_chunked")


def assert_shaped(answer: httpx.Response, what: object) -> None:
    """A success, or a refusal as the provider sends it; a gap says 501 by name."""
    assert answer.status_code < 500 or answer.status_code == 501, (what, answer.status_code, answer.text)
    if answer.status_code < 400:
        return
    text = answer.text
    assert "Traceback" not in text
    is_page = answer.headers.get("content-type", "").startswith("text/html")
    if text and answer.status_code != 501 and not is_page:
        assert json.loads(text)["error"]["message"], what
    assert answer.headers.get("x-cld-error") or answer.status_code == 501 or is_page, (what, text)


def path_of(row: Endpoint, value: str) -> str:
    """The endpoint with `value` for all that is free in its path."""
    fixed = {"cloud": "staging", "resource_type": "image", "type": "upload"}

    def filled(match: re.Match[str]) -> str:
        return fixed.get(match[1]) or quote(value[:2000], safe="")

    return re.sub(r"\{(\w+)(?::path)?\}", filled, row.path)


def send(cloud: Cloud, row: Endpoint, path: str, said: dict[str, str] | bytes) -> httpx.Response:
    """Say something to an endpoint: fields, or a JSON body."""
    url = cloud.url + path
    if isinstance(said, bytes):
        headers = {"Content-Type": "application/json"}
        return cloud.http.request(row.method, url, content=said, headers=headers, auth=AUTH)
    fields = {"public_id": "staging_clips/a", "timestamp": "1", **said}
    if row.method == "GET":
        return cloud.http.get(url, params={name: value[:5000] for name, value in fields.items()}, auth=AUTH)
    files = {"file": ("a.png", image(5, 5))} if row.path.endswith(HAS_FILE) else None
    return cloud.http.request(row.method, url, data=fields, files=files, auth=AUTH)


ROWS = [row for row in FAKE.coverage if row.level != "absent"]


@pytest.mark.slow
@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row.method} {row.path}")
def test_no_endpoint_fails_whatever_is_said(cloud: Cloud, row: Endpoint) -> None:
    cloud.upload(image(6, 6), public_id="staging_clips/a").raise_for_status()
    turn = ROWS.index(row)

    for value in HOSTILE:
        assert_shaped(send(cloud, row, path_of(row, value), {}), value)
    for number, name in enumerate(NAMES):
        value = HOSTILE[(turn + number) % len(HOSTILE)]
        assert_shaped(send(cloud, row, path_of(row, "staging_clips/a"), {name: value}), (name, value))
    for given in JSON_VALUES if row.method != "GET" else ():
        body = json.dumps(dict.fromkeys(NAMES, given)).encode()
        assert_shaped(send(cloud, row, path_of(row, "staging_clips/a"), body), given)


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_no_parameter_of_an_upload_fails_whatever_it_says(cloud: Cloud, name: str) -> None:
    for value in HOSTILE:
        sent = {"public_id": "staging_clips/a", name: value}
        answer = cloud.http.post(
            f"{cloud.url}/v1_1/staging/image/upload", data=sent, files={"file": image(5, 5)}, auth=AUTH
        )
        assert_shaped(answer, value)

    outside = [path for path in cloud.fakes.folder.rglob("*") if path.name in ("passwd", "x")]
    assert outside == []


@pytest.mark.parametrize(
    "public_id",
    [
        "../a",
        "a/../../b",
        "staging_clips/..",
        "staging_clips//a",
        "staging_clips/a\x00",
        "staging_clips/\x7f",
    ],
)
@pytest.mark.parametrize("name", ["public_id", "folder", "asset_folder", "public_id_prefix"])
def test_a_name_never_leads_anywhere_else(cloud: Cloud, name: str, public_id: str) -> None:
    answer = cloud.upload(image(5, 5), **{"public_id": "a", "asset_folder": "staging_clips", name: public_id})

    assert answer.status_code in (400, 403)
    assert cloud.files() == []


@pytest.mark.parametrize(("path", "name", "value"), IN_JSON)
def test_half_characters_and_endless_numbers_are_refused_in_whatever_they_hide(
    cloud: Cloud, path: str, name: str, value: str
) -> None:
    answer = cloud.upload(image(8, 8), path, public_id="staging_clips/half", **{name: value})

    assert answer.status_code == 400
    assert_shaped(answer, value)


def test_racing_uploads_without_overwrite_make_one_asset(cloud: Cloud) -> None:
    contents = [image(10 + number, 10) for number in range(8)]

    with ThreadPoolExecutor(8) as pool:
        answers = list(
            pool.map(lambda one: cloud.upload(one, public_id="staging_clips/a", overwrite="0"), contents)
        )

    bodies = [answer.json() for answer in answers]
    assert sum("existing" not in body for body in bodies) == 1
    assert len({body["etag"] for body in bodies}) == 1
    assert cloud.get("image/upload/staging_clips/a.png").content in contents


def test_uploads_that_race_with_deletions_leave_the_asset_whole_or_gone(cloud: Cloud) -> None:
    content = image(12, 12)

    def turn(number: int) -> int:
        if number % 2:
            return cloud.post("image/destroy", {"public_id": "staging_clips/a"}).status_code
        return cloud.upload(content, public_id="staging_clips/a").status_code

    with ThreadPoolExecutor(8) as pool:
        statuses = set(pool.map(turn, range(60)))

    assert statuses == {200}
    cloud.upload(content, public_id="staging_clips/a").raise_for_status()
    assert cloud.get("image/upload/staging_clips/a.png").content == content


def test_the_last_part_sent_by_many_at_once_makes_one_asset(cloud: Cloud) -> None:
    content = bytes(5 * 1024 * 1024) + b"end"
    cut = len(content) - 3

    def send(first: int, last: int) -> dict[str, object]:
        headers = {"X-Unique-Upload-Id": "race", "Content-Range": f"bytes {first}-{last}/{len(content)}"}
        sent = {"file": ("a.bin", content[first : last + 1])}
        answer = cloud.post("raw/upload", {"public_id": "staging_clips/r"}, files=sent, headers=headers)
        body: dict[str, object] = answer.json()
        return body

    send(0, cut - 1)
    with ThreadPoolExecutor(6) as pool:
        bodies = list(pool.map(lambda _: send(cut, len(content) - 1), range(6)))

    assert [body["done"] for body in bodies] == [True] * 6
    assert len({body["version"] for body in bodies}) == 1
    assert {body["etag"] for body in bodies} == {hashlib.md5(content).hexdigest()}


@pytest.mark.parametrize(
    ("path", "params"),
    [
        ("generate_archive", {"tags": "t", "mode": "download"}),
        ("generate_archive", {"tags": "t", "mode": "download", "transformations": "w_10"}),
        ("multi", {"tag": "t", "public_id": "staging_clips/m"}),
        ("explicit", {"public_id": "staging_clips/a", "type": "upload", "colors": "1"}),
        (
            "explicit",
            {"public_id": "staging_clips/a", "type": "upload", "responsive_breakpoints": '{"max_images":1}'},
        ),
    ],
)
def test_what_is_deleted_while_it_is_used_is_not_found(
    cloud: Cloud, png: bytes, path: str, params: dict[str, str]
) -> None:
    cloud.upload(png, public_id="staging_clips/a", tags="t").raise_for_status()
    for name in cloud.files():
        (cloud.fakes.folder / "blobs" / name).unlink()

    answer = cloud.post(f"image/{path}", params)

    assert answer.status_code == 404
    assert answer.json() == {"error": {"message": "Resource not found - staging_clips/a"}}


def test_an_error_that_nobody_foresaw_has_the_providers_shape() -> None:
    with served("cloudinary") as fakes:
        fakes.apps["cloudinary"].kit.store.execute("DROP TABLE folders")
        with httpx.Client(auth=AUTH) as client:
            answers = [client.get(f"{fakes.url('cloudinary')}/v1_1/staging/folders") for _ in range(2)]

    for answer in answers:
        assert (answer.status_code, answer.json()) == (500, {"error": {"message": "General Error"}})
        assert answer.headers["x-cld-error"] == "General Error"
