"""The fake with its bytes in a bucket of a real S3 server."""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from tests.fakes.cloudinary.buckets import BucketServer, bucket_server
from tests.fakes.cloudinary.conftest import KEY, SECRET, image
from tests.fakes.cloudinary.proxies import proxy
from tests.fakes.serving import Served, served, served_by_process
from tests.servers import wait_until

AUTH = (KEY, SECRET)


@pytest.fixture(scope="module")
def server() -> Iterator[BucketServer]:
    with bucket_server() as running:
        yield running


def upload(fakes: Served, content: bytes, name: str, kind: str = "image") -> httpx.Response:
    return httpx.post(
        f"{fakes.url('cloudinary')}/v1_1/staging/{kind}/upload",
        data={"public_id": f"staging_clips/{name}"},
        files={"file": ("a.png", content)},
        auth=AUTH,
        timeout=30,
    )


def delivered(fakes: Served, path: str) -> httpx.Response:
    return httpx.get(f"{fakes.url('cloudinary')}/staging/image/upload/{path}", timeout=30)


def bring(control: str, content: bytes) -> None:
    sha256 = hashlib.sha256(content).hexdigest()
    httpx.put(f"{control}/blobs/{sha256}", content=content, timeout=30).raise_for_status()


def addresses(*contents: bytes) -> set[str]:
    return {hashlib.sha256(content).hexdigest() for content in contents}


def test_originals_and_derived_assets_are_objects(server: BucketServer, tmp_path: Path, png: bytes) -> None:
    with served("cloudinary", folder=tmp_path, bucket=server.bucket("objects")) as fakes:
        upload(fakes, png, "a").raise_for_status()
        small = delivered(fakes, "w_10/staging_clips/a.png").content

        assert server.objects("objects").keys() == addresses(png, small)


def test_all_is_there_after_a_restart_without_the_folder(
    server: BucketServer, tmp_path: Path, png: bytes
) -> None:
    bucket = server.bucket("restart")
    with served("cloudinary", folder=tmp_path, bucket=bucket) as fakes:
        upload(fakes, png, "a").raise_for_status()
    shutil.rmtree(tmp_path / "blobs")

    with served("cloudinary", folder=tmp_path, bucket=bucket) as fakes:
        original = delivered(fakes, "staging_clips/a.png")
        shut = delivered(fakes, "w_10/staging_clips/a.png")
        head = httpx.head(f"{fakes.url('cloudinary')}/staging/image/upload/staging_clips/a.png")

    assert (original.content, shut.status_code) == (png, 200)
    assert head.headers["content-length"] == str(len(png))


def test_a_seed_is_brought_and_a_reset_removes_the_rest(
    server: BucketServer, tmp_path: Path, png: bytes
) -> None:
    sha256 = hashlib.sha256(png).hexdigest()
    seed = {"public_id": "staging_clips/seed", "resource_type": "image", "format": "png", "sha256": sha256}
    seed |= {"etag": hashlib.md5(png).hexdigest(), "created_at": "2026-11-20T06:00:00Z"}
    with served("cloudinary", folder=tmp_path, bucket=server.bucket("seeded")) as fakes:
        control = f"{fakes.url('cloudinary')}/_fake"
        bring(control, png)
        document = {"assets": [{**seed, "bytes": len(png)}]}
        httpx.put(f"{control}/state", json=document, timeout=30).raise_for_status()
        upload(fakes, image(9, 9), "new").raise_for_status()
        httpx.post(f"{control}/reset").raise_for_status()

        wait_until(
            lambda: server.objects("seeded").keys() == {sha256},
            lambda: f"one object: {server.objects('seeded').keys()}",
        )
        assert delivered(fakes, "staging_clips/seed.png").content == png


def test_a_bucket_that_is_away_is_said_and_nothing_is_stored(tmp_path: Path, png: bytes) -> None:
    with bucket_server() as server:
        bucket = server.bucket("away")
    with served("cloudinary", folder=tmp_path, bucket=bucket) as fakes:
        refused = upload(fakes, png, "a")
        listed = httpx.get(f"{fakes.url('cloudinary')}/v1_1/staging/resources/image", auth=AUTH).json()

    assert refused.status_code == 500
    message = refused.json()["error"]["message"]
    assert message == f"the blob store at {bucket.endpoint} cannot be used: it does not answer"
    assert refused.headers["x-cld-error"] == message
    assert listed["resources"] == []


@pytest.mark.slow
def test_kill_9_leaves_no_object_without_an_asset(server: BucketServer, tmp_path: Path) -> None:
    env = {"BLOBS_URL": server.url("killed")}
    with served_by_process("cloudinary", folder=tmp_path, env=env) as fakes:
        upload(fakes, image(5, 5), "a").raise_for_status()
        assert fakes.process is not None
        fakes.process.kill()
        fakes.process.wait(10)
    with served("cloudinary", folder=tmp_path, bucket=server.bucket("killed")) as fakes:
        found = delivered(fakes, "staging_clips/a.png").content

    assert found == image(5, 5)
    assert server.objects("killed").keys() == addresses(found)


@pytest.mark.slow
def test_kill_9_in_the_middle_of_an_upload_leaves_nothing(server: BucketServer, tmp_path: Path) -> None:
    content = os.urandom(8 << 20)
    with proxy(server.port, bytes_per_s=2 << 20) as slow, ThreadPoolExecutor(1) as client:
        env = {"BLOBS_URL": server.url("torn").replace(f":{server.port}/", f":{slow.port}/")}
        with served_by_process("cloudinary", folder=tmp_path, env=env) as fakes:
            sent = client.submit(upload, fakes, content, "torn", "raw")
            wait_until(lambda: any(server.objects("torn")), lambda: "an upload to begin")
            assert fakes.process is not None
            fakes.process.kill()
            fakes.process.wait(10)
            assert isinstance(sent.exception(), httpx.TransportError)
        slow.bytes_per_s = None
        with served_by_process("cloudinary", folder=tmp_path, env=env) as fakes:
            shut = httpx.get(f"{fakes.url('cloudinary')}/v1_1/staging/resources/raw", auth=AUTH).json()
            wait_until(lambda: not server.objects("torn"), lambda: f"{server.objects('torn').keys()} to go")
            again = upload(fakes, content, "torn", "raw")

    assert (shut["resources"], again.status_code) == ([], 200)
    assert server.objects("torn").keys() == addresses(content)
