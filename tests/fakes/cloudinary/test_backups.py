"""Backups: kept at upload, told of, restored and deleted."""

from typing import Any

import httpx
import pytest

from tests.fakes.cloudinary.conftest import Cloud, image


class Backed:
    """A cloud without restrictions that backs up every upload."""

    def __init__(self, cloud: Cloud) -> None:
        self.cloud = cloud
        document = {"cloud": "kept", "settings": {"is_backed_up": True}}
        account = cloud.http.post(f"{cloud.url}/_fake/accounts", json=document).json()
        self.auth = (account["api_key"], account["api_secret"])

    def call(self, method: str, path: str, **more: Any) -> httpx.Response:
        return self.cloud.http.request(method, f"{self.cloud.url}/v1_1/kept/{path}", auth=self.auth, **more)

    def upload(self, name: str, width: int) -> dict[str, Any]:
        answer = self.call("POST", "image/upload", data={"public_id": name}, files={"file": image(width, 4)})
        assert answer.status_code == 200, answer.text
        self.cloud.http.post(f"{self.cloud.url}/_fake/clock", json={"advance_s": 1})
        return dict(answer.json())


@pytest.fixture
def kept(cloud: Cloud) -> Backed:
    return Backed(cloud)


def test_a_deleted_asset_is_a_placeholder_until_it_is_restored(kept: Backed) -> None:
    uploaded = kept.upload("a/b", 40)
    kept.call("DELETE", "resources/image/upload", json={"public_ids": ["a/b"]}).raise_for_status()

    gone = kept.call("GET", "resources/image/upload/a/b").json()
    by_id = kept.call("GET", f"resources/{uploaded['asset_id']}").json()
    listed = kept.call("GET", "resources/image/upload").json()["resources"]
    restored = kept.call(
        "POST", "resources/image/upload/restore", json={"public_ids": ["a/b", "none"]}
    ).json()
    back = kept.call("GET", "resources/image/upload/a/b").json()

    assert (gone["bytes"], gone["placeholder"], gone["backup"]) == (0, True, True)
    assert (by_id["bytes"], listed) == (0, [])
    assert restored["a/b"]["bytes"] == uploaded["bytes"]
    assert restored["none"] == {"error": "no_backup"}
    assert (back["bytes"], back["asset_id"]) == (uploaded["bytes"], uploaded["asset_id"])
    assert "placeholder" not in back
    url = f"{kept.cloud.url}/kept/image/upload/a/b.png"
    assert len(kept.cloud.http.get(url).content) == uploaded["bytes"]


def test_versions_are_listed_and_brought_back_by_name(kept: Backed) -> None:
    first, second = kept.upload("v", 40), kept.upload("v", 41)
    versions = kept.call("GET", "resources/image/upload/v?versions=true").json()["versions"]

    assert [one["version_id"] for one in versions] == [first["version_id"], second["version_id"]]
    assert [one["size"] for one in versions] == [first["bytes"], second["bytes"]]
    assert all(one["restorable"] for one in versions)
    body = {"public_ids": ["v"], "versions": [first["version_id"]]}
    restored = kept.call("POST", "resources/image/upload/restore", json=body).json()
    assert restored["v"]["width"] == 40
    assert restored["v"]["version"] > second["version"]
    assert kept.call("GET", "resources/image/upload/v").json()["width"] == 40
    body = {"asset_ids": [first["asset_id"]], "versions": ["0" * 32]}
    assert kept.call("POST", "resources/restore", json=body).json() == {
        first["asset_id"]: {"error": "no_backup"}
    }


def test_an_asset_uploaded_again_keeps_its_id_and_its_versions(kept: Backed) -> None:
    first = kept.upload("again", 40)
    kept.call("DELETE", "resources/image/upload?public_ids[]=again").raise_for_status()

    second = kept.upload("again", 41)
    answer = kept.call("GET", "resources/image/upload/again?versions=true").json()

    assert second["asset_id"] == first["asset_id"]
    assert len(answer["versions"]) == 2
    assert "versions" not in kept.call("GET", "resources/image/upload/again").json()


def test_a_renamed_asset_takes_its_versions_along(kept: Backed) -> None:
    kept.upload("old", 40)
    body = {"from_public_id": "old", "to_public_id": "new"}
    kept.call("POST", "image/rename", data=body).raise_for_status()
    kept.call("DELETE", "resources/image/upload?public_ids[]=new").raise_for_status()

    restored = kept.call("POST", "resources/image/upload/restore", json={"public_ids": ["new"]}).json()

    assert restored["new"]["public_id"] == "new"
    assert kept.call("GET", "resources/image/upload/old").status_code == 404


def test_backups_can_be_deleted(kept: Backed) -> None:
    first, second = kept.upload("d", 40), kept.upload("d", 41)
    path = f"resources/backup/{first['asset_id']}"

    answer = kept.call("DELETE", path, json={"version_ids": [first["version_id"], "x"]}).json()

    assert answer == {
        "asset_id": first["asset_id"],
        "deleted_version_ids": [first["version_id"]],
        "failures": [{"version_id": "x", "error": "Version not found - x"}],
    }
    left = kept.call("GET", "resources/image/upload/d?versions=true").json()["versions"]
    assert [one["version_id"] for one in left] == [second["version_id"]]
    missing = kept.call("DELETE", f"resources/backup/{'0' * 32}", json={"version_ids": ["x"]})
    assert (missing.status_code, missing.json()["error"]["message"]) == (
        404,
        f"Resource not found - {'0' * 32}",
    )
    nothing = kept.call("DELETE", path, json={})
    assert nothing.json()["error"]["message"] == "Missing required parameter - version_ids"


def test_a_name_that_another_asset_has_by_now_is_not_taken_back(kept: Backed) -> None:
    first = kept.upload("x", 40)
    kept.upload("y", 41)
    other = kept.upload("z", 42)
    kept.call("DELETE", "resources/image/upload?public_ids[]=x&public_ids[]=z").raise_for_status()
    kept.call("POST", "image/rename", data={"from_public_id": "y", "to_public_id": "x"}).raise_for_status()

    ids = [other["asset_id"], first["asset_id"]]
    refused = kept.call("POST", "resources/restore", json={"asset_ids": ids})

    assert (refused.status_code, refused.json()["error"]["message"]) == (
        400,
        "to_public_id x already exists",
    )
    assert kept.call("GET", "resources/image/upload/x").json()["width"] == 41
    assert kept.call("GET", "resources/image/upload/z").json()["placeholder"] is True


def test_without_a_backup_there_is_nothing_to_restore(cloud: Cloud) -> None:
    cloud.upload(image(4, 4), public_id="staging_clips/a").raise_for_status()

    answer = cloud.admin("POST", "resources/image/upload/restore", json={"public_ids": ["staging_clips/a"]})

    assert answer.json() == {"staging_clips/a": {"error": "no_backup"}}
    empty = cloud.admin("POST", "resources/image/upload/restore", json={})
    assert empty.json()["error"]["message"] == "Missing required parameter - public_ids"
