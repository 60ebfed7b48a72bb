"""Lists of assets that the plain ones in `test_admin` leave out: context, moderation, times, fields."""

import json
from typing import Any

import httpx
import pytest

from tests.fakes.cloudinary.conftest import Cloud, image


@pytest.fixture
def filled(cloud: Cloud) -> Cloud:
    """Four images at one-second steps: a to d; a and c have another context than b, d has none."""
    contexts = {"a": "k=1|x=y", "b": "k=2", "c": "k=1", "d": ""}
    for name, context in contexts.items():
        cloud.upload(image(4, 4), public_id=f"staging_clips/{name}", context=context).raise_for_status()
        cloud.http.post(f"{cloud.url}/_fake/clock", json={"advance_s": 1}).raise_for_status()
    return cloud


def names(answer: httpx.Response) -> str:
    assert answer.status_code == 200, answer.text
    return "".join(one["public_id"][-1] for one in answer.json()["resources"])


def pages(cloud: Cloud, path: str) -> str:
    found, cursor = "", ""
    while True:
        answer = cloud.admin("GET", f"{path}&max_results=1&next_cursor={cursor}")
        found += names(answer)
        cursor = answer.json().get("next_cursor", "")
        if not cursor:
            return found


def test_by_context(filled: Cloud) -> None:
    assert names(filled.admin("GET", "resources/image/context?key=k")) == "cba"
    assert names(filled.admin("GET", "resources/image/context?key=k&value=1")) == "ca"
    assert names(filled.admin("GET", "resources/image/context?key=k&direction=asc")) == "abc"
    assert names(filled.admin("GET", "resources/image/context?key=none")) == ""
    assert names(filled.admin("GET", "resources/video/context?key=k")) == ""
    assert pages(filled, "resources/image/context?key=k") == "cba"
    assert pages(filled, "resources/image/context?key=k&value=1") == "ca"
    assert filled.admin("GET", "resources/image/context").json() == {
        "error": {"message": "Missing required parameter - key"}
    }


def test_by_moderation(filled: Cloud) -> None:
    for name in "ac":
        body = {"moderation_status": "rejected"}
        filled.admin("POST", f"resources/image/upload/staging_clips/{name}", json=body).raise_for_status()

    rejected = filled.admin("GET", "resources/image/moderations/manual/rejected?moderations=true")

    assert names(rejected) == "ca"
    assert {(one["moderation_kind"], one["moderation_status"]) for one in rejected.json()["resources"]} == {
        ("manual", "rejected")
    }
    assert pages(filled, "resources/image/moderations/manual/rejected?x=1") == "ca"
    assert names(filled.admin("GET", "resources/image/moderations/manual/approved")) == ""
    wrong = filled.admin("GET", "resources/image/moderations/manual/nice")
    assert (wrong.status_code, wrong.json()["error"]["message"]) == (
        400,
        "Invalid value for parameter status: nice",
    )


@pytest.mark.parametrize("form", ["iso", "http", "javascript"])
def test_from_a_time_on(filled: Cloud, form: str) -> None:
    from datetime import UTC, datetime
    from email.utils import format_datetime

    text = filled.admin("GET", "resources/image/upload/staging_clips/c").json()["created_at"]
    at = datetime.fromisoformat(text).astimezone(UTC)
    written = {
        "iso": at.strftime("%Y-%m-%dT%H:%M:%S"),
        "http": format_datetime(at, usegmt=True),
        "javascript": at.strftime("%a %b %d %Y %H:%M:%S GMT+0000 (Coordinated Universal Time)"),
    }
    params = {"start_at": written[form], "direction": "asc"}

    assert names(filled.admin("GET", "resources/image/upload", params=params)) == "cd"
    assert filled.admin("GET", "resources/image/upload?start_at=soon").status_code == 400


def test_fields_are_those_that_were_asked_for(filled: Cloud) -> None:
    only = filled.admin("GET", "resources/image/upload?fields=context,secure_url").json()["resources"]

    assert [sorted(one) for one in only] == [
        ["asset_folder", "asset_id", "public_id", "secure_url"],
        *[["asset_folder", "asset_id", "context", "public_id", "secure_url"]] * 3,
    ]


def test_a_fixed_folder_mode_has_other_fields(cloud: Cloud) -> None:
    document = {"cloud": "fixed", "settings": {"folder_mode": "fixed"}}
    account = cloud.http.post(f"{cloud.url}/_fake/accounts", json=document).json()
    auth = (account["api_key"], account["api_secret"])
    base = f"{cloud.url}/v1_1/fixed"
    cloud.http.post(
        f"{base}/image/upload", data={"public_id": "a/b/c"}, files={"file": image(2, 2)}, auth=auth
    )

    listed = cloud.http.get(f"{base}/resources/image", auth=auth).json()["resources"][0]
    detail = cloud.http.get(f"{base}/resources/image/upload/a/b/c?fields=tags", auth=auth).json()

    assert listed["folder"] == "a/b"
    assert not {"asset_folder", "display_name"} & set(listed)
    assert set(detail) == {"asset_id", "public_id", "folder"}


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("resources/image/nonsense", "Invalid value for parameter type: nonsense"),
        ("resources/by_asset_ids", "Missing required parameter - asset_ids"),
        ("resources/image?direction=sideways", "Invalid value for parameter direction: sideways"),
    ],
)
def test_what_cannot_be_listed(cloud: Cloud, path: str, message: str) -> None:
    answer = cloud.admin("GET", path)

    assert (answer.status_code, answer.json()["error"]["message"]) == (400, message)
    assert answer.headers["X-Cld-Error"] == message


def test_too_many_ids_at_once(cloud: Cloud) -> None:
    ids: list[Any] = [("public_ids[]", f"staging_clips/{number}") for number in range(101)]

    answer = cloud.admin("GET", "resources/image/upload", params=ids)

    assert answer.json()["error"]["message"] == "Invalid value for parameter public_ids: more than 100"
    assert cloud.admin("GET", "resources/image/fetch").json() == {"resources": []}


def test_a_page_does_not_grow_with_what_is_stored(cloud: Cloud) -> None:
    store = cloud.fakes.apps["cloudinary"].kit.store
    for sql in (
        "SELECT asset_id FROM asset_context WHERE cloud = 'c' AND resource_type = 'image' AND name = 'k'"
        " ORDER BY created_at DESC, asset_id DESC LIMIT 10",
        "SELECT asset_id FROM assets WHERE cloud = 'c' AND resource_type = 'image' AND moderation_kind = 'm'"
        " AND moderation_status = 's' ORDER BY created_at DESC, asset_id DESC LIMIT 10",
        "SELECT * FROM derived WHERE asset_id = 'a' AND (created_at, id) > (0, '') ORDER BY created_at, id",
        "SELECT * FROM backups WHERE asset_id = 'a' ORDER BY saved_at DESC, rowid DESC LIMIT 10",
    ):
        plan = json.dumps([tuple(row) for row in store.all(f"EXPLAIN QUERY PLAN {sql}")])
        assert "SEARCH" in plan, plan
        assert "TEMP B-TREE" not in plan or "LAST TERM" in plan, plan
