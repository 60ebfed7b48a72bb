"""Archives of many assets, and signed addresses that send files."""

import io
import tarfile
import zipfile
from typing import Any

import httpx
import pytest
from PIL import Image

from tests.fakes.cloudinary.conftest import Cloud, image
from tests.fakes.receiver import Receiver
from tests.servers import wait_until


@pytest.fixture
def stocked(cloud: Cloud) -> Cloud:
    """Two pictures and a text, all tagged, in two folders."""
    cloud.upload(image(40, 30), filename="one.png", public_id="staging_clips/a", tags="t")
    cloud.upload(image(20, 10), filename="two.png", public_id="staging_clips/b/a", tags="t")
    cloud.upload(b"text", "raw/upload", public_id="staging_clips/r.txt", tags="t")
    return cloud


def names(answer: httpx.Response) -> list[str]:
    assert answer.status_code == 200, answer.text
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        assert archive.testzip() is None
        return sorted(archive.namelist())


def generate(cloud: Cloud, kind: str = "image", **options: str) -> Any:
    return cloud.post(f"{kind}/generate_archive", options).json()


def fetch(cloud: Cloud, path: str, **options: str) -> httpx.Response:
    address = f"{cloud.url}/v1_1/staging/{path}"
    return cloud.http.get(address, params=cloud.signed(options))


def test_an_archive_is_an_asset_with_all_files_in_it(stocked: Cloud) -> None:
    body = generate(stocked, tags="t", target_public_id="staging_clips/z", target_tags="zipped")

    answer = stocked.http.get(body["url"])
    assert (body["public_id"], body["resource_type"], body["type"]) == (
        "staging_clips/z.zip",
        "raw",
        "upload",
    )
    assert (body["resource_count"], body["file_count"], body["tags"]) == (2, 2, ["zipped"])
    assert body["bytes"] == len(answer.content)
    assert names(answer) == ["staging_clips/a.png", "staging_clips/b/a.png"]
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        assert archive.read("staging_clips/a.png") == image(40, 30)


def test_every_transformation_is_a_file(stocked: Cloud) -> None:
    options = {"tags": "t", "transformations": "c_scale,w_0.5|c_scale,w_8/jpg", "flatten_folders": "1"}
    nested = names(fetch(stocked, "image/generate_archive", mode="download", **options))
    flat = names(
        fetch(stocked, "image/generate_archive", mode="download", flatten_transformations="1", **options)
    )
    bare = fetch(stocked, "image/generate_archive", mode="download", skip_transformation_name="1", **options)

    assert nested == [
        "c_scale,w_0.5/a.png", "c_scale,w_0.5/a_1.png", "c_scale,w_8/a.jpg", "c_scale,w_8/a_1.jpg",
    ]  # fmt: skip
    assert flat == [
        "a-c_scale,w_0.5.png", "a-c_scale,w_0.5_1.png", "a-c_scale,w_8.jpg", "a-c_scale,w_8_1.jpg",
    ]  # fmt: skip
    assert names(bare) == ["a.jpg", "a.png", "a_1.jpg", "a_1.png"]
    with zipfile.ZipFile(io.BytesIO(bare.content)) as archive:
        sizes = {Image.open(io.BytesIO(archive.read(name))).size for name in ("a.png", "a_1.png")}
    assert sizes == {(20, 15), (10, 5)}
    assert stocked.control("state")["state"]["derived"] == 0


def test_assets_of_all_kinds_by_prefix_or_by_path(stocked: Cloud) -> None:
    every = fetch(stocked, "all/generate_archive", mode="download", prefixes="staging_clips/")
    paths = "raw/upload/staging_clips/r.txt,image/upload/staging_clips/a"
    chosen = generate(stocked, "auto", fully_qualified_public_ids=paths, target_public_id="staging_clips/z")
    original = fetch(
        stocked, "image/generate_archive", mode="download", public_ids="staging_clips/a",
        use_original_filename="1", flatten_folders="1",
    )  # fmt: skip

    assert names(every) == ["staging_clips/a.png", "staging_clips/b/a.png", "staging_clips/r.txt"]
    assert (chosen["resource_count"], chosen["file_count"]) == (2, 2)
    assert names(original) == ["one.png"]
    assert "attachment" in original.headers["content-disposition"]


@pytest.mark.parametrize(
    ("filename", "name"), [("..", "_"), (".", "_"), ("a\x01b", "a_b"), ("../x", "x"), ("...", "...")]
)
def test_no_file_of_an_archive_leads_elsewhere(cloud: Cloud, filename: str, name: str) -> None:
    cloud.upload(b"text", "raw/upload", public_id="staging_clips/r", filename_override=filename, tags="t")
    options = {"tags": "t", "mode": "download", "use_original_filename": "1"}

    answer = cloud.post("raw/generate_archive", options)

    assert names(answer) == [f"staging_clips/{name}"]


def test_a_tgz(stocked: Cloud) -> None:
    answer = fetch(stocked, "image/generate_archive", mode="download", tags="t", target_format="tgz")

    with tarfile.open(fileobj=io.BytesIO(answer.content)) as archive:
        assert sorted(archive.getnames()) == ["staging_clips/a.png", "staging_clips/b/a.png"]


def test_what_is_missing_is_an_error_unless_it_may_be(stocked: Cloud) -> None:
    options = {"public_ids": "staging_clips/a,staging_clips/none", "target_public_id": "staging_clips/z"}
    refused = stocked.post("image/generate_archive", options)
    allowed = generate(stocked, allow_missing="1", **options)

    assert (refused.status_code, refused.json()["error"]["message"]) == (
        404,
        "Resource not found - staging_clips/none",
    )
    assert (allowed["missing_public_ids"], allowed["file_count"]) == (["staging_clips/none"], 1)


@pytest.mark.parametrize(
    ("options", "status", "message"),
    [
        ({}, 400, "Missing required parameter - tags, public_ids, prefixes or fully_qualified_public_ids"),
        ({"tags": "none"}, 404, "No resources were found to archive"),
        ({"tags": "t", "target_format": "rar"}, 400, "Invalid value for parameter target_format: rar"),
        ({"tags": "t", "mode": "x"}, 400, "Invalid value for parameter mode: x"),
        (
            {"fully_qualified_public_ids": "x"},
            400,
            "Invalid value for parameter fully_qualified_public_ids: x",
        ),
        ({"tags": "t", "target_public_id": "prod_clips/z"}, 403, "You are not authorized to access"),
        ({"tags": "t", "transformations": "zz_1"}, 400, "Invalid transformation component - zz_1"),
        ({"tags": "t", "transformations": "|".join(["w_1"] * 101)}, 400, "Invalid value for parameter eager"),
    ],
)
def test_archives_that_are_refused(
    stocked: Cloud, options: dict[str, str], status: int, message: str
) -> None:
    answer = stocked.post("image/generate_archive", {"target_public_id": "staging_clips/z", **options})

    assert answer.status_code == status
    assert answer.json()["error"]["message"].startswith(message)
    assert answer.headers["x-cld-error"].startswith(message)
    assert stocked.control("state")["state"]["assets"] == 3
    assert not [name for name in stocked.files() if "incoming" in name]


def test_an_archive_is_made_behind_the_answer_and_told(stocked: Cloud, receiver: Receiver) -> None:
    options = {"tags": "t", "target_public_id": "staging_clips/z", "notification_url": receiver.url}
    body = generate(stocked, **options, **{"async": "1"})

    wait_until(lambda: bool(receiver.received), lambda: "a notification")
    told = httpx.Response(200, content=receiver.received[0].body).json()
    assert (body["status"], body["public_id"]) == ("pending", "staging_clips/z.zip")
    assert told.items() >= {"notification_type": "generate_archive", "file_count": 2}.items()


def test_originals_can_be_downloaded_by_a_signed_address(cloud: Cloud, png: bytes) -> None:
    cloud.upload(png, public_id="staging_clips/p", type="private")
    plain = fetch(cloud, "image/download", public_id="staging_clips/p", format="png", type="private")
    converted = fetch(
        cloud, "image/download", public_id="staging_clips/p", format="jpg", type="private", attachment="1"
    )
    late = fetch(cloud, "image/download", public_id="staging_clips/p", type="private", expires_at="1")
    forged = cloud.http.get(
        f"{cloud.url}/v1_1/staging/image/download",
        params={**cloud.signed({"public_id": "staging_clips/p"}), "type": "private"},
    )

    assert (plain.content, plain.headers["content-type"]) == (png, "image/png")
    assert converted.headers["content-disposition"] == 'attachment; filename="p.jpg"'
    assert Image.open(io.BytesIO(converted.content)).format == "JPEG"
    assert (late.status_code, late.headers["x-cld-error"]) == (401, "Signed URL has expired")
    assert (forged.status_code, forged.headers["x-cld-error"][:17]) == (401, "Invalid Signature")


def test_an_address_with_an_expiry_is_good_until_then(cloud: Cloud, png: bytes) -> None:
    cloud.upload(png, public_id="staging_clips/p")
    now = int(cloud.fakes.clock.now())
    options = {"public_id": "staging_clips/p", "expires_at": str(now + 10_000)}
    params = cloud.signed(options)
    cloud.http.post(f"{cloud.url}/_fake/clock", json={"advance_s": 9_000})

    answer = cloud.http.get(f"{cloud.url}/v1_1/staging/image/download", params=params)

    assert answer.content == png


@pytest.mark.parametrize("text", ["nan", "inf", "-1", "soon", "9" * 400])
def test_an_expiry_that_never_comes_is_refused(cloud: Cloud, png: bytes, text: str) -> None:
    cloud.upload(png, public_id="staging_clips/p")
    params = cloud.signed({"public_id": "staging_clips/p", "expires_at": text})

    answer = cloud.http.get(f"{cloud.url}/v1_1/staging/image/download", params=params)

    message = f"Invalid value for parameter expires_at: {text[:100]}"
    assert (answer.status_code, answer.headers["x-cld-error"]) == (400, message)


def test_a_backed_up_version_can_be_downloaded(cloud: Cloud, png: bytes) -> None:
    first = cloud.upload(png, public_id="staging_clips/p", backup="1").json()
    cloud.upload(image(3, 3), public_id="staging_clips/p")
    options = {"asset_id": first["asset_id"], "version_id": first["version_id"]}
    answer = fetch(cloud, "download_backup", **options)
    missing = fetch(cloud, "download_backup", **{**options, "version_id": "0"})

    assert answer.content == png
    assert (missing.status_code, missing.headers["x-cld-error"]) == (404, "Resource not found - 0")
