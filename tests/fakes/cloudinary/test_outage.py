"""What clients are told while the bucket's server is away, and that all goes on when it is back."""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.fakes.cloudinary.buckets import BucketServer, bucket_server
from tests.fakes.cloudinary.conftest import KEY, SECRET, image
from tests.fakes.serving import Served, served
from tests.servers import wait_until

AUTH = (KEY, SECRET)
PART = os.urandom(5 << 20)
LARGE = PART + os.urandom(20 << 20)


@dataclass(frozen=True, slots=True)
class Shop:
    """The fake with an asset of each kind, all of whose bytes are in the bucket only."""

    fakes: Served
    http: httpx.Client

    def call(self, path: str, **params: Any) -> httpx.Response:
        return self.http.post(f"{self.fakes.url('cloudinary')}/v1_1/staging/{path}", data=params, auth=AUTH)

    def upload(self, kind: str, name: str, content: bytes, **params: Any) -> httpx.Response:
        data = {"public_id": f"staging_clips/{name}", **params}
        url = f"{self.fakes.url('cloudinary')}/v1_1/staging/{kind}/upload"
        return self.http.post(url, data=data, files={"file": ("a.png", content)}, auth=AUTH)

    def part(self, content: bytes, first: int, total: int) -> httpx.Response:
        headers = {
            "X-Unique-Upload-Id": "u",
            "Content-Range": f"bytes {first}-{first + len(content) - 1}/{total}",
        }
        url = f"{self.fakes.url('cloudinary')}/v1_1/staging/raw/upload"
        data = {"public_id": "staging_clips/parts"}
        return self.http.post(url, data=data, files={"file": ("a", content)}, headers=headers, auth=AUTH)

    def get(self, path: str, **headers: str) -> httpx.Response:
        return self.http.get(f"{self.fakes.url('cloudinary')}/staging/{path}", headers=headers)

    def names(self, kind: str) -> list[str]:
        url = f"{self.fakes.url('cloudinary')}/v1_1/staging/resources/{kind}"
        return sorted(one["public_id"] for one in self.http.get(url, auth=AUTH).json()["resources"])

    def forget_copies(self) -> None:
        for copy in (self.fakes.folder / "blobs" / "cache").iterdir():
            copy.unlink()


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[tuple[Shop, BucketServer]]:
    with (
        bucket_server(data=tmp_path / "data") as server,
        served("cloudinary", folder=tmp_path / "fakes", bucket=server.bucket("shop")) as fakes,
        httpx.Client(timeout=60) as http,
    ):
        open_shop = Shop(fakes, http)
        open_shop.upload("image", "i", image(40, 30)).raise_for_status()
        open_shop.upload("raw", "large", LARGE).raise_for_status()
        open_shop.part(PART, 0, len(LARGE)).raise_for_status()
        open_shop.forget_copies()
        yield open_shop, server


def refused(answers: Sequence[httpx.Response], said: str) -> None:
    """See that all of them are errors of the API."""
    assert {answer.status_code for answer in answers} == {500}
    assert {answer.json()["error"]["message"] for answer in answers} == {said}
    assert {answer.headers["x-cld-error"] for answer in answers} == {said}


def test_a_lost_server_fails_what_needs_it_and_all_goes_on_afterwards(
    shop: tuple[Shop, BucketServer], tmp_path: Path
) -> None:
    open_shop, server = shop
    server.process.kill()
    server.process.wait(10)
    said = f"the blob store at 127.0.0.1:{server.port} cannot be used: it does not answer"

    refused(
        [
            open_shop.upload("image", "new", image(41, 30)),
            open_shop.part(LARGE[len(PART) :], len(PART), len(LARGE)),
            open_shop.upload("image", "eager", image(42, 30), eager="w_10"),
        ],
        said,
    )
    explicit = open_shop.call("image/explicit", public_id="staging_clips/i", type="upload", eager="w_11")
    assert (explicit.status_code, explicit.json()["eager"][0]["reason"]) == (200, said)
    delivered = [
        open_shop.get("image/upload/staging_clips/i.png"),
        open_shop.get("image/upload/w_12/staging_clips/i.png"),
        open_shop.get("raw/upload/staging_clips/large"),
        open_shop.get("raw/upload/staging_clips/large", Range="bytes=100-199"),
    ]
    assert [(one.status_code, one.content, one.headers["x-cld-error"]) for one in delivered] == [
        (500, b"", said)
    ] * 4
    renamed = open_shop.call("image/rename", from_public_id="staging_clips/i", to_public_id="staging_clips/j")
    destroyed = open_shop.call("raw/destroy", public_id="staging_clips/large")
    assert (renamed.status_code, destroyed.json()) == (200, {"result": "ok"})
    assert open_shop.names("image") == ["staging_clips/j"]
    assert open_shop.names("raw") == []

    with bucket_server(server.port, tmp_path / "data"):
        assert open_shop.get("image/upload/w_12/staging_clips/j.png").status_code == 200
        assert open_shop.upload("image", "new", image(41, 30)).status_code == 200
        assert open_shop.part(LARGE[len(PART) :], len(PART), len(LARGE)).status_code == 200
        assert open_shop.get("raw/upload/staging_clips/parts").content == LARGE
        open_shop.call("image/destroy", public_id="staging_clips/new")
        httpx.post(f"{open_shop.fakes.url('cloudinary')}/_fake/reset", timeout=30).raise_for_status()
        wait_until(lambda: not server.objects("shop"), lambda: f"all to go: {server.objects('shop').keys()}")


@pytest.mark.slow
def test_a_silent_server_fails_all_who_need_it_in_bounded_time_and_nobody_else(
    shop: tuple[Shop, BucketServer],
) -> None:
    open_shop, server = shop
    server.freeze()
    began = time.monotonic()

    silent = open_shop.get("raw/upload/staging_clips/large", Range="bytes=100-199")
    took_s = time.monotonic() - began
    at_once = [open_shop.upload("image", "new", image(41, 30)) for _ in range(3)]
    in_all_s = time.monotonic() - began
    began = time.monotonic()
    listed = open_shop.names("image")
    list_took_s = time.monotonic() - began
    server.thaw()

    assert (silent.status_code, silent.content) == (500, b"")
    assert silent.headers["x-cld-error"].endswith("cannot be used: it does not answer in time")
    assert {one.status_code for one in at_once} == {500}
    assert took_s < 20
    assert in_all_s - took_s < 1
    assert (listed, list_took_s < 1) == (["staging_clips/i"], True)
    wait_until(
        lambda: open_shop.upload("image", "new", image(41, 30)).status_code == 200, lambda: "uploads to go on"
    )


def test_a_body_ends_early_when_the_server_is_lost_in_the_middle(shop: tuple[Shop, BucketServer]) -> None:
    open_shop, server = shop
    url = f"{open_shop.fakes.url('cloudinary')}/staging/raw/upload/staging_clips/large"
    received = b""

    with pytest.raises(httpx.RemoteProtocolError), open_shop.http.stream("GET", url) as answer:
        for block in answer.iter_raw():
            if not received:
                server.process.kill()
                server.process.wait(10)
            received += block

    assert LARGE.startswith(received)
    assert hashlib.sha256(received) != hashlib.sha256(LARGE)
    assert open_shop.names("image") == ["staging_clips/i"]
