"""Staging's key reaches its own folder and nothing else."""

import base64
import json
import re
from typing import Any

import httpx
import pytest

from fakes.cloudinary import FAKE
from fakes.kit.fake import Endpoint
from tests.fakes.cloudinary.conftest import KEY, SECRET, Cloud

PRODUCTION_KEY = "999888777666555"
FREE = {"cloud": "staging", "api_key": "777", "api_secret": "free"}
ELSEWHERE = ("a", "staging_clips/b")
PIXEL = base64.b64decode("R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7")
CALLS = [
    row
    for row in FAKE.coverage
    if row.path.startswith("/v")
    and "{cloud}" in row.path
    and row.level != "absent"
    and row.method != "OPTIONS"
]
NAMES = {"cloud": "prod", "resource_type": "image", "type": "upload"}


def violations(cloud: Cloud) -> list[str]:
    found: list[dict[str, Any]] = cloud.control("requests?violations=1")["requests"]
    return [entry["violation"] for entry in found]


@pytest.mark.parametrize(
    "params",
    [
        {"public_id": "prod_clips/a"},
        {"public_id": "a"},
        {"public_id": "staging_clips_2/a"},
        {"folder": "prod_clips"},
        {"public_id": "staging_clips/a", "asset_folder": "prod_clips"},
        {"public_id": "prod_clips/a", "asset_folder": "staging_clips"},
        {"asset_folder": "prod_clips"},
        {"public_id": "staging_clips/a", "asset_folder": "/"},
        {},
    ],
)
def test_an_upload_outside_is_refused_and_recorded(cloud: Cloud, png: bytes, params: dict[str, str]) -> None:
    answer = cloud.upload(png, **params)

    assert answer.status_code == 403
    assert answer.json()["error"]["message"].startswith("You are not authorized to access ")
    assert len(violations(cloud)) == 1
    assert cloud.control("state")["state"]["assets"] == 0
    assert cloud.files() == []


@pytest.mark.parametrize(
    "params",
    [
        {"public_id": "staging_clips/a"},
        {"public_id": "a", "folder": "staging_clips"},
        {"folder": "staging_clips/2026"},
        {"public_id": "a", "asset_folder": "staging_clips"},
        {"public_id": "staging_clips/a", "asset_folder": "staging_clips/best"},
    ],
)
def test_an_upload_inside_is_stored(cloud: Cloud, png: bytes, params: dict[str, str]) -> None:
    assert cloud.upload(png, **params).status_code == 200
    assert violations(cloud) == []


def test_no_call_changes_what_is_outside(cloud: Cloud, png: bytes) -> None:
    cloud.upload(png, public_id="staging_clips/a").raise_for_status()
    away = {"from_public_id": "staging_clips/a", "to_public_id": "prod_clips/a"}
    back = {"from_public_id": "prod_clips/a", "to_public_id": "staging_clips/b"}

    answers = [
        cloud.post("image/destroy", {"public_id": "prod_clips/a"}),
        cloud.post("image/rename", away),
        cloud.post("image/rename", back),
        cloud.post("image/tags", {"command": "add", "tag": "x", "public_ids": "prod_clips/a"}),
        cloud.post("image/explicit", {"public_id": "staging_clips/a", "asset_folder": "prod_clips"}),
        cloud.admin(
            "DELETE", "resources/image/upload", params={"public_ids[]": ["staging_clips/a", "prod_clips/a"]}
        ),
        cloud.admin("DELETE", "resources/image/upload", params={"prefix": "prod_clips"}),
        cloud.admin("DELETE", "resources/image/upload", params={"prefix": "staging"}),
        cloud.admin("POST", "resources/image/upload/staging_clips/a", json={"asset_folder": "prod_clips"}),
        cloud.admin("POST", "folders/prod_clips/x"),
        cloud.admin("DELETE", "folders/prod_clips"),
    ]

    assert [answer.status_code for answer in answers] == [403] * len(answers)
    assert len(violations(cloud)) == len(answers)
    assert cloud.get("image/upload/staging_clips/a.png").status_code == 200


def message(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["error"]["message"]


def test_the_production_cloud_is_a_tripwire(cloud: Cloud, png: bytes) -> None:
    prod = f"{cloud.url}/v1_1/prod"
    files = {"file": ("a.png", png)}
    staging_signed = cloud.signed({"public_id": "prod_clips/a"})
    production_signed = {**staging_signed, "api_key": PRODUCTION_KEY}

    uploads = [
        cloud.http.post(f"{prod}/image/upload", data=staging_signed, files=files),
        cloud.http.post(f"{prod}/image/upload", data=production_signed, files=files),
        cloud.http.post(f"{cloud.url}/v1_1/staging/image/upload", data=production_signed, files=files),
        cloud.http.get(f"{prod}/resources/image", auth=(KEY, SECRET)),
        cloud.http.get(f"{prod}/resources/image", auth=(PRODUCTION_KEY, "guess")),
    ]
    delivered = cloud.http.get(f"{cloud.url}/prod/image/upload/v1/prod_clips/a.png")

    texts = [message(answer) for answer in uploads]
    assert texts[0] == texts[2] == texts[3] == (401, "cloud_name mismatch")
    assert texts[1][0] == 401
    assert texts[1][1].startswith("Invalid Signature ")
    assert texts[4] == (401, "api_secret mismatch")
    assert (delivered.status_code, delivered.headers["X-Cld-Error"]) == (401, "deny or ACL failure")
    assert len(violations(cloud)) == 6
    assert all("prod" in text or PRODUCTION_KEY in text for text in violations(cloud))


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "resources/image/upload/other/a", {"tags": "x"}),
        ("PUT", "resources/{asset_id}", {"tags": "x"}),
        ("POST", "resources/update", {"public_id": "other/a", "tags": "x"}),
        ("DELETE", "resources/image/upload", {"public_ids": ["other/a"]}),
        ("DELETE", "resources", {"asset_ids": ["{asset_id}"]}),
        ("DELETE", "resources/image/tags/t", {}),
        ("POST", "resources/image/upload/restore", {"public_ids": ["other/a"]}),
        ("POST", "resources/restore", {"asset_ids": ["{asset_id}"]}),
        ("DELETE", "resources/backup/{asset_id}", {"version_ids": ["x"]}),
        ("POST", "resources/related_assets/{asset_id}", {"assets_to_relate": ["x"]}),
        (
            "POST",
            "resources/related_assets/image/upload/staging_clips/in",
            {"assets_to_relate": ["image/upload/other/a"]},
        ),
        ("POST", "resources/image/publish_resources", {"public_ids": ["other/hidden"]}),
        (
            "POST",
            "resources/image/upload/update_access_mode",
            {"public_ids": ["other/a"], "access_mode": "authenticated"},
        ),
    ],
)
def test_what_another_key_of_the_cloud_has_outside_is_not_touched(
    cloud: Cloud, png: bytes, method: str, path: str, body: dict[str, object]
) -> None:
    cloud.http.post(f"{cloud.url}/_fake/accounts", json=FREE).raise_for_status()
    upload = f"{cloud.url}/v1_1/staging/image/upload"
    params: dict[str, str]
    for params in (
        {"public_id": "other/a", "tags": "t", "backup": "1"},
        {"public_id": "other/hidden", "type": "private"},
    ):
        cloud.http.post(upload, data=params, files={"file": png}, auth=("777", "free")).raise_for_status()
    cloud.upload(png, public_id="staging_clips/in").raise_for_status()
    asset_id = cloud.admin("GET", "resources/image/upload/other/a").json()["asset_id"]
    text = json.dumps(body).replace("{asset_id}", asset_id)

    answer = cloud.admin(method, path.replace("{asset_id}", asset_id), json=json.loads(text))

    assert (answer.status_code, answer.headers["X-Cld-Error"]) == (
        403,
        f"You are not authorized to access other/{'hidden' if 'hidden' in text else 'a'}",
    )
    assert cloud.control("requests?violations=1")["requests"]
    left = cloud.admin("GET", "resources/image/upload/other/a?versions=1&related=1").json()
    assert (left["tags"], left["access_mode"], left["related_assets"]) == (["t"], "public", [])
    assert len(left["versions"]) == 1


@pytest.fixture
def elsewhere(cloud: Cloud, png: bytes) -> Cloud:
    """A cloud where a key without a folder has placed `a` and `staging_clips/b` in the folder `other`."""
    cloud.http.post(f"{cloud.url}/_fake/accounts", json=FREE).raise_for_status()
    for public_id in ("a", "staging_clips/b"):
        params = {"public_id": public_id, "asset_folder": "other", "tags": "t", "eager": "w_10"}
        upload = f"{cloud.url}/v1_1/staging/image/upload"
        cloud.http.post(upload, data=params, files={"file": png}, auth=("777", "free")).raise_for_status()
    cloud.upload(png, public_id="staging_clips/in").raise_for_status()
    return cloud


@pytest.mark.parametrize(
    ("path", "params"),
    [
        ("image/upload", {"public_id": "a", "asset_folder": "staging_clips"}),
        ("image/upload", {"public_id": "staging_clips/b", "asset_folder": "staging_clips"}),
        ("image/explicit", {"public_id": "a", "type": "upload", "asset_folder": "staging_clips"}),
        ("image/rename", {"from_public_id": "staging_clips/b", "to_public_id": "staging_clips/c"}),
        (
            "image/rename",
            {"from_public_id": "staging_clips/in", "to_public_id": "staging_clips/b", "overwrite": "1"},
        ),
        ("image/tags", {"command": "add", "tag": "x", "public_ids": "staging_clips/b"}),
        ("image/tags", {"command": "set_exclusive", "tag": "t", "public_ids": "staging_clips/in"}),
        ("image/context", {"command": "add", "context": "x=1", "public_ids": "staging_clips/b"}),
    ],
)
def test_what_is_placed_outside_is_neither_changed_nor_taken(
    elsewhere: Cloud, path: str, params: dict[str, str]
) -> None:
    before = [elsewhere.admin("GET", f"resources/image/upload/{one}").json() for one in ELSEWHERE]

    answer = elsewhere.post(path, params, files={"file": PIXEL})

    assert answer.status_code == 403
    assert len(violations(elsewhere)) == 1
    after = [elsewhere.admin("GET", f"resources/image/upload/{one}").json() for one in ELSEWHERE]
    assert after == before


def test_derived_assets_of_what_is_outside_are_not_deleted(elsewhere: Cloud) -> None:
    derived = elsewhere.admin("GET", "resources/image/upload/a").json()["derived"]
    ids = {"derived_resource_ids[]": [one["id"] for one in derived]}

    answer = elsewhere.admin("DELETE", "derived_resources", params=ids)

    assert (len(derived), answer.status_code, len(violations(elsewhere))) == (1, 403, 1)
    assert elsewhere.admin("GET", "resources/image/upload/a").json()["derived"] == derived


def test_moving_an_asset_in_from_outside_is_refused(elsewhere: Cloud) -> None:
    answer = elsewhere.admin("POST", "resources/image/upload/a", json={"asset_folder": "staging_clips"})

    assert (answer.status_code, len(violations(elsewhere))) == (403, 1)
    assert elsewhere.admin("GET", "resources/image/upload/a").json()["asset_folder"] == "other"


def test_what_is_inside_by_its_place_alone_can_be_changed(cloud: Cloud, png: bytes) -> None:
    cloud.upload(png, public_id="a", asset_folder="staging_clips").raise_for_status()

    answers = [
        cloud.post("image/tags", {"command": "add", "tag": "x", "public_ids": "a"}),
        cloud.post("image/explicit", {"public_id": "a", "type": "upload", "context": "k=v"}),
        cloud.post("image/rename", {"from_public_id": "a", "to_public_id": "b"}),
        cloud.post("image/destroy", {"public_id": "b"}),
    ]

    assert [answer.status_code for answer in answers] == [200] * len(answers)
    assert violations(cloud) == []


@pytest.mark.parametrize("row", CALLS, ids=str)
def test_every_call_on_production_is_recorded(cloud: Cloud, row: Endpoint) -> None:
    path = re.sub(r"\{(\w+)(:path)?\}", lambda found: NAMES.get(found[1], "x"), row.path)

    answer = cloud.http.request(row.method, f"{cloud.url}{path}", params={"public_id": "a", "token": "x"})

    assert answer.status_code in (400, 401)
    assert len(violations(cloud)) == 1
