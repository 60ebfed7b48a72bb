"""The bytes of a seed come over the control surface, wherever the fake keeps them."""

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.fakes.cloudinary.buckets import bucket_server
from tests.fakes.serving import Served, served

NOBODY = "0" * 64


@pytest.fixture(params=["folder", "bucket"])
def fakes(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Served]:
    """The fake with its bytes in a folder, and in a bucket."""
    if request.param == "folder":
        with served("cloudinary", folder=tmp_path) as running:
            yield running
        return
    with (
        bucket_server() as server,
        served("cloudinary", folder=tmp_path, bucket=server.bucket("seeds")) as running,
    ):
        yield running


def ask(fakes: Served, method: str, path: str, **more: Any) -> httpx.Response:
    return httpx.request(method, f"{fakes.url('cloudinary')}/_fake/{path}", timeout=30, **more)


def missing(fakes: Served, *addresses: str) -> Any:
    return ask(fakes, "POST", "blobs", json={"sha256": addresses}).json()["missing"]


def document(content: bytes, sha256: str) -> dict[str, Any]:
    asset = {
        "public_id": "staging_clips/seed",
        "resource_type": "raw",
        "bytes": len(content),
        "sha256": sha256,
    }
    asset |= {"etag": hashlib.md5(content).hexdigest(), "created_at": "2026-11-20T06:00:00Z"}
    return {"assets": [asset]}


def test_what_is_brought_is_there_for_the_seed_that_names_it(fakes: Served) -> None:
    content = b"seed" * 100_000
    sha256 = hashlib.sha256(content).hexdigest()
    refused = ask(fakes, "PUT", "state", json=document(content, sha256))
    before = missing(fakes, sha256, NOBODY)

    brought = ask(fakes, "PUT", f"blobs/{sha256}", content=content)

    assert (refused.status_code, before) == (400, [sha256, NOBODY])
    assert "the bytes of 1 assets are not stored: ['staging_clips/seed']" in refused.json()["error"]
    assert (brought.status_code, brought.json()["bytes"]) == (201, len(content))
    assert missing(fakes, sha256, NOBODY) == [NOBODY]
    ask(fakes, "PUT", "state", json=document(content, sha256)).raise_for_status()
    ask(fakes, "POST", "reset").raise_for_status()
    assert httpx.get(f"{fakes.url('cloudinary')}/staging/raw/upload/staging_clips/seed").content == content


def test_other_bytes_than_the_address_says_are_refused(fakes: Served) -> None:
    refused = ask(fakes, "PUT", f"blobs/{NOBODY}", content=b"x")

    assert refused.status_code == 400
    said = f"the SHA-256 of the body is {hashlib.sha256(b'x').hexdigest()}, not {NOBODY}"
    assert refused.json()["error"] == said
    assert list((fakes.folder / "blobs" / "incoming").iterdir()) == []


@pytest.mark.parametrize("wanted", [None, "a", ["A" * 64], [1], ["../" + "0" * 61]])
def test_what_is_no_list_of_addresses_is_refused(fakes: Served, wanted: Any) -> None:
    refused = ask(fakes, "POST", "blobs", json={"sha256": wanted})

    assert refused.status_code == 400
    assert refused.json()["error"] == "'sha256' is no list of SHA-256 in hexadecimal digits"


def test_only_a_folder_is_told_to_whoever_would_put_files_into_it(fakes: Served, request: Any) -> None:
    told = ask(fakes, "POST", "blobs", json={"sha256": []}).json()["folder"]

    is_folder = "folder" in request.node.callspec.id
    assert told == (str(fakes.folder / "blobs") if is_folder else None)
