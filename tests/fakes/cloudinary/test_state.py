"""Seeding and reset."""

import hashlib
import json
import shutil
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.fakes.cloudinary.conftest import Cloud
from tests.fakes.cloudinary.test_crashes import half_an_upload
from tests.servers import wait_until

ACCOUNT = {"cloud": "demo", "api_key": "1", "api_secret": "s", "folder": None}


def seeded(content: bytes, folder: Path, public_id: str, **changes: Any) -> dict[str, Any]:
    """A seed document's asset, with its bytes put in place."""
    sha256 = hashlib.sha256(content).hexdigest()
    target = folder / "blobs" / sha256[:2] / sha256
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(content)
    return {
        "public_id": public_id,
        "resource_type": "video",
        "type": "upload",
        "format": "mp4",
        "bytes": len(content),
        "width": 320,
        "height": 180,
        "duration": 2.0,
        "sha256": sha256,
        "etag": hashlib.md5(content).hexdigest(),
        "created_at": "2026-11-20T06:00:00Z",
        "tags": ["seed"],
        "context": {"clip": "7"},
        "original_filename": "clip",
        **changes,
    }


def put_state(cloud: Cloud, *assets: dict[str, Any], **more: Any) -> httpx.Response:
    return cloud.http.put(f"{cloud.url}/_fake/state", json={"assets": list(assets), **more})


@pytest.fixture
def restored(cloud: Cloud) -> Any:
    """Put the baseline of this module's server back to nothing afterwards."""
    yield
    put_state(cloud).raise_for_status()
    shutil.rmtree(cloud.fakes.folder / "blobs", ignore_errors=True)  # the fake deletes behind, too
    (cloud.fakes.folder / "blobs" / "incoming").mkdir(parents=True, exist_ok=True)


@pytest.mark.usefixtures("restored")
def test_seeded_assets_play_and_survive_a_reset(cloud: Cloud, mp4: bytes, png: bytes) -> None:
    put_state(cloud, seeded(mp4, cloud.fakes.folder, "staging_clips/seed/1")).raise_for_status()
    before = cloud.admin("GET", "resources/video/upload/staging_clips/seed/1").json()
    kept = cloud.files()

    cloud.upload(png, public_id="staging_clips/new").raise_for_status()
    cloud.get("video/upload/w_32/staging_clips/seed/1.mp4").raise_for_status()
    cloud.post("video/destroy", {"public_id": "staging_clips/seed/1"}).raise_for_status()
    assert len(cloud.files()) == 3
    cloud.http.post(f"{cloud.url}/_fake/reset").raise_for_status()

    assert cloud.admin("GET", "resources/video/upload/staging_clips/seed/1").json() == before
    assert before["version"] == 1795154400
    assert (before["tags"], before["context"]) == (["seed"], {"custom": {"clip": "7"}})
    assert cloud.get("video/upload/v1795154400/staging_clips/seed/1.mp4").content == mp4
    assert cloud.get("video/upload/so_1,w_32/staging_clips/seed/1.jpg").status_code == 200
    assert cloud.get("image/upload/staging_clips/new.png").status_code == 404
    cloud.http.post(f"{cloud.url}/_fake/reset").raise_for_status()
    wait_until(lambda: cloud.files() == kept, lambda: f"unnamed bytes to go: {cloud.files()}")
    assert cloud.admin("GET", "folders/staging_clips").json()["folders"][0]["name"] == "seed"


@pytest.mark.usefixtures("restored")
def test_ids_do_not_clash_with_what_was_seeded_or_stored_before_a_restart(cloud: Cloud, png: bytes) -> None:
    ids = set()
    for _ in range(2):
        answer = cloud.upload(png, folder="staging_clips").json()
        ids.add((answer["asset_id"], answer["public_id"]))
        cloud.fakes.apps["cloudinary"].kit.ids.reset()

    assert len(ids) == 2


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            {"sha256": "0" * 64},
            "the bytes of 1 assets are not stored: ['staging_clips/a']; "
            "put them with PUT /_fake/blobs/<their SHA-256>",
        ),
        ({"bytes": "many"}, "assets[0].bytes is 'many'; it must be a whole number"),
        ({"width": -1}, "assets[0].width is -1; it must be a whole number of pixels"),
        ({"duration": True}, "assets[0].duration is True; it must be a number of seconds"),
        (
            {"created_at": "yesterday"},
            "assets[0].created_at is 'yesterday'; it must be a time such as 2026-11-20T06:00:00Z",
        ),
        ({"public_id": None}, "assets[0].public_id is None; it must be text"),
        ({"resource_type": "film"}, "assets[0].resource_type is 'film'; it must be one of image, raw, video"),
        ({"etag": "x"}, "assets[0].etag is 'x'; it must be the MD5 in 32 hexadecimal digits"),
        ({"tags": "a"}, "assets[0].tags is 'a'; it must be a list of texts"),
        ({"context": {"a": 1}}, "assets[0].context is {'a': 1}; it must be an object of texts"),
        ({"cloud": "nobodys"}, "assets[].cloud is 'nobodys', which no account names"),
        (
            {"metadata": {"none": "1"}},
            "the metadata of 'staging_clips/a': Metadata External IDs do not exist: [\"none\"]",
        ),
    ],
)
@pytest.mark.usefixtures("restored")
def test_a_wrong_seed_is_refused_whole(
    cloud: Cloud, png: bytes, change: dict[str, Any], message: str
) -> None:
    answer = put_state(cloud, seeded(png, cloud.fakes.folder, "staging_clips/a") | change)

    assert (answer.status_code, answer.json()["error"]) == (400, message)
    assert cloud.admin("GET", "ping").status_code == 200


@pytest.mark.usefixtures("restored")
def test_a_field_that_is_misspelt_is_refused(cloud: Cloud, png: bytes) -> None:
    asset = seeded(png, cloud.fakes.folder, "staging_clips/a", tag=["a"])
    answers = [
        put_state(cloud, asset),
        put_state(cloud, asets=[]),
        put_state(cloud, accounts=[{**ACCOUNT, "foldr": "a"}]),
        put_state(cloud, clouds=[{"name": "nobodys"}]),
    ]

    told = [answer.json()["error"] for answer in answers]
    assert [answer.status_code for answer in answers] == [400] * 4
    assert told[0].startswith("assets[0] has 'tag', which is not known; there are cloud, public_id,")
    assert told[1].startswith("the document has 'asets', which is not known; there are assets, accounts,")
    assert told[2].startswith("accounts[] has 'foldr', which is not known; there are cloud, api_key,")
    assert told[3] == "clouds[].name is 'nobodys', which no account names"


@pytest.mark.usefixtures("restored")
def test_a_seeded_asset_has_names_and_metadata_of_its_own(cloud: Cloud, png: bytes) -> None:
    asset = seeded(png, cloud.fakes.folder, "staging_clips/a", resource_type="image", format="png")
    names = {"asset_folder": "staging_clips/b", "display_name": "Ä", "metadata": {"licence": "cc"}}
    options = {"values": [{"external_id": "cc", "value": "CC-BY"}]}
    field = {"external_id": "licence", "label": "Licence", "type": "enum", "datasource": options}
    put_state(cloud, {**asset, **names, "duration": None}, metadata_fields=[field]).raise_for_status()

    found = cloud.admin("POST", "resources/search", json={"expression": "metadata.licence=cc"}).json()

    shown = cloud.admin("GET", "resources/image/upload/staging_clips/a").json()
    assert [one["public_id"] for one in found["resources"]] == ["staging_clips/a"]
    assert {name: shown[name] for name in names} == names


@pytest.mark.usefixtures("restored")
def test_more_clouds_can_be_seeded(cloud: Cloud, png: bytes) -> None:
    put_state(cloud, accounts=[ACCOUNT]).raise_for_status()

    answer = cloud.http.post(
        f"{cloud.url}/v1_1/demo/image/upload",
        data={"public_id": "anywhere/a"},
        files={"file": ("a.png", png)},
        auth=("1", "s"),
    )

    assert answer.json()["url"].startswith(f"{cloud.url}/demo/image/upload/v")
    assert cloud.http.get(answer.json()["url"]).content == png


@pytest.mark.usefixtures("restored")
def test_the_example_in_the_documentation_can_be_loaded(cloud: Cloud) -> None:
    page = (Path(__file__).parents[3] / "docs" / "fakes" / "cloudinary.md").read_text()
    document = json.loads(page.partition("```json")[2].partition("```")[0])
    for asset in document["assets"]:
        path = cloud.fakes.folder / "blobs" / asset["sha256"][:2] / asset["sha256"]
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x")

    answer = cloud.http.put(f"{cloud.url}/_fake/state", json=document)

    assert answer.json()["state"]["assets"] == 1
    assert answer.json()["state"]["accounts"] == 3


def test_an_upload_that_is_cut_off_leaves_nothing(cloud: Cloud) -> None:
    with half_an_upload(cloud.url) as connection:
        wait_until(lambda: len(cloud.files()) == 1, lambda: "the upload to begin")
        connection.close()

        wait_until(lambda: cloud.files() == [], lambda: f"the temporary file to go: {cloud.files()}")
    assert cloud.control("state")["state"]["assets"] == 0
