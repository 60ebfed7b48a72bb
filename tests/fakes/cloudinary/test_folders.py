"""Folders: created, listed, searched, moved with what is in them, and deleted; and the tags in use."""

from base64 import urlsafe_b64encode
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.fakes.cloudinary.catalogue import NOW_S, asset, library
from tests.fakes.cloudinary.conftest import KEY, SECRET, Cloud


def error_of(answer: httpx.Response) -> tuple[int, str]:
    assert answer.headers["X-Cld-Error"] == answer.json()["error"]["message"]
    return answer.status_code, answer.json()["error"]["message"]


def paths(answer: httpx.Response) -> list[str]:
    assert answer.status_code == 200, answer.text
    return [one["path"] for one in answer.json()["folders"]]


def create(cloud: Cloud, *folders: str) -> None:
    for path in folders:
        cloud.admin("POST", f"folders/{path}").raise_for_status()


def test_folders_come_and_go(cloud: Cloud, png: bytes) -> None:
    assert paths(cloud.admin("GET", "folders")) == ["staging_clips"]
    created = cloud.admin("POST", "folders/staging_clips/a/b").json()
    assert (created["success"], created["path"], created["name"]) == (True, "staging_clips/a/b", "b")
    cloud.upload(png, public_id="staging_clips/c/x")

    below = cloud.admin("GET", "folders/staging_clips").json()
    full = cloud.admin("DELETE", "folders/staging_clips/c")
    deleted = cloud.admin("DELETE", "folders/staging_clips/a").json()

    assert ([one["name"] for one in below["folders"]], below["total_count"]) == (["a", "c"], 2)
    assert error_of(full) == (400, "Folder is not empty")
    assert deleted == {"deleted": ["staging_clips/a", "staging_clips/a/b"]}
    missing = cloud.admin("GET", "folders/staging_clips/a")
    assert error_of(missing) == (404, "Can't find folder with path staging_clips/a")


def test_a_folder_created_twice_is_the_same(cloud: Cloud) -> None:
    first, second = (cloud.admin("POST", "folders/staging_clips/a").json() for _ in range(2))

    assert first == second
    assert len(first["external_id"]) == 34


def test_pages_of_folders_join(cloud: Cloud) -> None:
    create(cloud, *(f"staging_clips/{name}" for name in "cabed"))

    first = cloud.admin("GET", "folders/staging_clips?max_results=3")
    second = cloud.admin("GET", f"folders/staging_clips?next_cursor={first.json()['next_cursor']}")

    assert "".join(path[-1] for path in paths(first) + paths(second)) == "abcde"
    assert (first.json()["total_count"], second.json()["next_cursor"]) == (5, None)


def test_a_folder_moves_with_all_that_is_in_it(cloud: Cloud, png: bytes) -> None:
    for public_id in ("staging_clips/a/x", "staging_clips/a/b/y", "staging_clips/ab/z"):
        cloud.upload(png, public_id=public_id).raise_for_status()
    before = cloud.admin("GET", "folders/staging_clips/a").json()["folders"][0]["external_id"]

    moved = cloud.admin("PUT", "folders/staging_clips/a", json={"to_folder": "staging_clips/new/c"})

    assert moved.json() == {
        "from": {"name": "a", "path": "staging_clips/a"},
        "to": {"name": "c", "path": "staging_clips/new/c"},
    }
    assert paths(cloud.admin("GET", "folders/staging_clips")) == ["staging_clips/ab", "staging_clips/new"]
    inner = cloud.admin("GET", "folders/staging_clips/new/c").json()["folders"][0]
    assert (inner["path"], inner["external_id"]) == ("staging_clips/new/c/b", before)
    detail = cloud.admin("GET", "resources/image/upload/staging_clips/a/b/y").json()
    assert (detail["public_id"], detail["asset_folder"]) == ("staging_clips/a/b/y", "staging_clips/new/c/b")
    assert cloud.get("image/upload/staging_clips/a/b/y.png").content == png
    query = {"expression": "asset_folder:staging_clips/new/*"}
    assert cloud.admin("POST", "resources/search", json=query).json()["total_count"] == 2
    untouched = cloud.admin("GET", "resources/image/upload/staging_clips/ab/z").json()
    assert untouched["asset_folder"] == "staging_clips/ab"


def test_a_new_folder_in_the_old_place_is_another_one(cloud: Cloud) -> None:
    create(cloud, "staging_clips/a")
    cloud.admin("PUT", "folders/staging_clips/a", json={"to_folder": "staging_clips/b"}).raise_for_status()
    create(cloud, "staging_clips/a")

    old, new = cloud.admin("GET", "folders/staging_clips").json()["folders"]

    assert (old["path"], new["path"]) == ("staging_clips/a", "staging_clips/b")
    assert old["external_id"] != new["external_id"]


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "message"),
    [
        ("PUT", "staging_clips/none", {"to_folder": "staging_clips/x"}, 400, "Cannot find source folder"),
        ("PUT", "staging_clips/a", {}, 400, "Missing required parameter - to_folder"),
        ("PUT", "staging_clips/a", {"to_folder": "/"}, 400, "Missing required parameter - to_folder"),
        (
            "PUT",
            "staging_clips/a",
            {"to_folder": "staging_clips/b"},
            409,
            "Folder with path staging_clips/b already exists",
        ),
        (
            "PUT",
            "staging_clips/a",
            {"to_folder": "staging_clips/a"},
            409,
            "Folder with path staging_clips/a already exists",
        ),
        (
            "PUT",
            "staging_clips/a",
            {"to_folder": "staging_clips/a/c"},
            400,
            "Cannot move folder staging_clips/a into itself",
        ),
        (
            "PUT",
            "staging_clips/a",
            {"to_folder": "staging_clips/../x"},
            400,
            "public_id (staging_clips/../x) is invalid",
        ),
        ("DELETE", "staging_clips/none", {}, 404, "Can't find folder with path staging_clips/none"),
        ("POST", "", {}, 400, "Missing required parameter - folder"),
        ("POST", "staging_clips/a?b", {}, 200, ""),
        ("POST", "elsewhere", {}, 403, "You are not authorized to access elsewhere/"),
        ("DELETE", "elsewhere", {}, 403, "You are not authorized to access elsewhere/"),
        (
            "PUT",
            "staging_clips/a",
            {"to_folder": "elsewhere/a"},
            403,
            "You are not authorized to access elsewhere/a/",
        ),
        (
            "PUT",
            "prod_clips",
            {"to_folder": "staging_clips/x"},
            403,
            "You are not authorized to access prod_clips/",
        ),
    ],
)
def test_what_may_not_be_done_to_folders(
    cloud: Cloud, method: str, path: str, body: dict[str, Any], status: int, message: str
) -> None:
    create(cloud, "staging_clips/a", "staging_clips/b")

    answer = cloud.admin(method, f"folders/{path}", json=body)

    if status == 200:
        assert answer.json()["path"] == "staging_clips/a"  # what follows the question mark is a query
        return
    assert error_of(answer) == (status, message)
    assert paths(cloud.admin("GET", "folders/staging_clips")) == ["staging_clips/a", "staging_clips/b"]
    assert bool(cloud.control("requests?violations=1")["requests"]) is (status == 403)


def test_triggers_are_told_of_folders(cloud: Cloud) -> None:
    trigger = {"uri": "poll://folders", "event_type": "all", "uri_type": "poll"}
    cloud.admin("POST", "triggers", json=trigger).raise_for_status()

    create(cloud, "staging_clips/a", "staging_clips/a")
    cloud.admin("PUT", "folders/staging_clips/a", json={"to_folder": "staging_clips/b"})
    cloud.admin("DELETE", "folders/staging_clips/b")

    address = f"{cloud.url}/v2/notifications/staging/messages?channel=folders&wait_seconds=0"
    told = [one["payload"] for one in cloud.http.get(address, auth=(KEY, SECRET)).json()["messages"]]
    fields = ("notification_type", "source", "folder_path", "folder_name", "from_path", "to_path", "status")
    assert [[one[name] for name in fields if name in one] for one in told] == [
        ["create_folder", "api", "staging_clips/a", "a"],
        ["move_or_rename_asset_folder", "staging_clips/a", "staging_clips/b", "success"],
        ["delete_folder", "api", "staging_clips/b", "b"],
    ]


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"expression": "path:staging_clips/su*"}, "summer sun"),
        ({"expression": "name:summer"}, "summer"),
        ({"expression": "name=Summer"}, ""),
        ({"expression": "path=staging_clips/sun"}, "sun"),
        ({"expression": "sun"}, "sun"),
        ({"expression": "created_at>1d name:s*", "sort_by": [{"path": "desc"}]}, "sun summer"),
        ({"expression": "name:s* AND NOT path:summer", "sort_by": [{"name": "asc"}]}, "staging_clips sun"),
        ({"expression": "bytes>1"}, ""),
    ],
)
def test_folders_are_searched(cloud: Cloud, body: dict[str, Any], expected: str) -> None:
    create(cloud, "staging_clips/summer", "staging_clips/sun", "staging_clips/winter")
    body = {"sort_by": [{"path": "asc"}], **body}

    answer = cloud.admin("POST", "folders/search", json=body).json()

    assert " ".join(one["name"] for one in answer["folders"]) == expected
    assert (answer["total_count"], type(answer["time"])) == (len(expected.split()), int)


def test_found_folders_have_their_own_shape_and_pages(cloud: Cloud) -> None:
    create(cloud, "staging_clips/a", "staging_clips/b")
    body = {"expression": "path:staging_clips/*", "max_results": 1, "sort_by": [{"name": "asc"}]}

    first = cloud.admin("POST", "folders/search", json=body).json()
    second = cloud.admin("GET", f"folders/search?next_cursor={first['next_cursor']}").json()

    assert (first["total_count"], [one["name"] for one in second["folders"]]) == (2, ["b"])
    assert "next_cursor" not in second
    listed = cloud.admin("GET", "folders/staging_clips").json()["folders"][0]
    found = first["folders"][0]
    assert found == {**listed, "created_at": found["created_at"]}
    assert found["created_at"].endswith("+00:00")
    refused = cloud.admin("POST", "folders/search", json={"expression": "name:*"})
    assert error_of(refused) == (400, "Query Error (at position 6)")


def test_moves_are_whole(tmp_path: Path) -> None:
    with library(tmp_path, asset("a/x", asset_folder="ä/1"), asset("a/y", asset_folder="ä/1/2")) as made:
        count = made.state.folders.move("demo", "ä", "b/c", NOW_S)

        assert count == 2
        assert [one.path for one in made.search_folders("", sort=(("path", True),)).folders] == [
            "b",
            "b/c",
            "b/c/1",
            "b/c/1/2",
        ]
        assert made.names("asset_folder=b/c/1/2") == "y"


def fixed(cloud: Cloud) -> Any:
    """A client of a cloud with fixed folders."""
    account = {"cloud": "fixed", "api_key": "9", "api_secret": "s", "settings": {"folder_mode": "fixed"}}
    cloud.http.post(f"{cloud.url}/_fake/accounts", json=account).raise_for_status()

    def call(method: str, path: str, **more: Any) -> httpx.Response:
        return cloud.http.request(method, f"{cloud.url}/v1_1/fixed/{path}", auth=("9", "s"), **more)

    return call


def test_public_ids_follow_their_folder_in_fixed_folder_mode(cloud: Cloud, png: bytes) -> None:
    call = fixed(cloud)
    for public_id in ("a/x", "a/b/y", "ab/z"):
        call("POST", "image/upload", data={"public_id": public_id}, files={"file": ("p.png", png)})

    moved = call("PUT", "folders/a", json={"to_folder": "c"})

    assert moved.status_code == 200
    listed = call("GET", "resources/image/upload").json()["resources"]
    assert sorted(one["public_id"] for one in listed) == ["ab/z", "c/b/y", "c/x"]
    found = call("POST", "resources/search", json={"expression": "folder:c/* AND public_id:y"}).json()
    assert [(one["public_id"], one["folder"]) for one in found["resources"]] == [("c/b/y", "c/b")]
    assert cloud.http.get(f"{cloud.url}/fixed/image/upload/c/x.png").content == png
    assert cloud.http.get(f"{cloud.url}/fixed/image/upload/a/x.png").status_code == 404


def test_backups_follow_their_folder_in_fixed_folder_mode(cloud: Cloud, png: bytes) -> None:
    call = fixed(cloud)
    call("POST", "image/upload", data={"public_id": "a/x", "backup": "1"}, files={"file": ("p.png", png)})
    call("PUT", "folders/a", json={"to_folder": "c"}).raise_for_status()
    call("DELETE", "resources/image/upload?public_ids[]=c/x").raise_for_status()

    restored = call("POST", "resources/image/upload/restore", json={"public_ids": ["c/x"]}).json()

    assert restored["c/x"]["public_id"] == "c/x"


def test_a_renamed_asset_is_in_another_folder_in_fixed_folder_mode(cloud: Cloud, png: bytes) -> None:
    call = fixed(cloud)
    call("POST", "image/upload", data={"public_id": "a/x"}, files={"file": ("p.png", png)})

    names = {"from_public_id": "a/x", "to_public_id": "b/x"}
    call("POST", "image/rename", data=names).raise_for_status()

    assert paths(call("GET", "folders")) == ["a", "b"]
    assert call("DELETE", "folders/a").json() == {"deleted": ["a"]}
    assert call("DELETE", "folders/b").status_code == 400


def test_a_move_that_cannot_be_whole_does_not_begin(cloud: Cloud, png: bytes) -> None:
    call = fixed(cloud)
    long = "x" * 250
    for public_id in (f"a/{long}", "a/y"):
        call("POST", "image/upload", data={"public_id": public_id}, files={"file": ("p.png", png)})

    moved = call("PUT", "folders/a", json={"to_folder": "longer"})

    assert moved.status_code == 400
    assert paths(call("GET", "folders")) == ["a"]
    listed = call("GET", "resources/image/upload").json()["resources"]
    assert sorted(one["public_id"] for one in listed) == [f"a/{long}", "a/y"]


def test_tags_in_use(cloud: Cloud, png: bytes) -> None:
    for number, tags in enumerate(("even,odd", "odd,z", "öl")):
        cloud.upload(png, public_id=f"staging_clips/{number}", tags=tags).raise_for_status()

    def listed(query: str) -> Any:
        return cloud.admin("GET", f"tags/image{query}").json()

    assert listed("") == {"tags": ["even", "odd", "z", "öl"]}
    assert listed("?prefix=o") == {"tags": ["odd"]}
    assert listed("?prefix=none") == {"tags": []}
    page = listed("?max_results=2")
    assert page["tags"] == ["even", "odd"]
    assert listed(f"?next_cursor={page['next_cursor']}") == {"tags": ["z", "öl"]}
    assert cloud.admin("GET", "tags/video").json() == {"tags": []}


@pytest.mark.parametrize(
    "content", [b"x", b"{}", b"[null]", b'["\\ud800"]', b"[" * 5000, b"[1e999]", b"[" + b"9" * 20 + b"]"]
)
@pytest.mark.parametrize("path", ["folders", "tags/image", "upload_presets", "transformations"])
def test_cursors_that_nobody_handed_out_are_refused(cloud: Cloud, path: str, content: bytes) -> None:
    answer = cloud.admin("GET", f"{path}?next_cursor={urlsafe_b64encode(content).decode()}")

    assert error_of(answer) == (400, "Invalid value for parameter next_cursor")
