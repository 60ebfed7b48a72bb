"""What is left when the process is killed in the middle of an upload, and when it is started again."""

from __future__ import annotations

import contextlib
import hashlib
import os
import random
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.fakes.cloudinary.conftest import KEY, SECRET, image
from tests.fakes.serving import Served, served, served_by_process
from tests.servers import wait_until

PART = 5 * 1024 * 1024
AUTH = (KEY, SECRET)


def files(folder: Path) -> list[str]:
    root = folder / "blobs"
    return sorted(str(path.relative_to(root)) for path in root.rglob("*") if path.is_file())


def kill(fakes: Served) -> None:
    assert fakes.process is not None
    fakes.process.kill()
    fakes.process.wait(10)


def api(fakes: Served) -> str:
    return f"{fakes.url('cloudinary')}/v1_1/staging"


def send_part(fakes: Served, content: bytes, first: int, total: int, **params: str) -> dict[str, object]:
    last = min(first + PART, total) - 1
    headers = {"X-Unique-Upload-Id": "u", "Content-Range": f"bytes {first}-{last}/{total}"}
    answer = httpx.post(
        f"{api(fakes)}/raw/upload",
        data={"folder": "staging_clips", **params},
        files={"file": ("big.bin", content[first : last + 1])},
        headers=headers,
        auth=AUTH,
        timeout=30,
    )
    answer.raise_for_status()
    found: dict[str, object] = answer.json()
    return found


@contextlib.contextmanager
def half_an_upload(url: str) -> Iterator[socket.socket]:
    """An upload of 100 MB of which 300 kB arrive."""
    host, _, port = url.removeprefix("http://").partition(":")
    head = (
        "POST /v1_1/staging/video/upload HTTP/1.1\r\nHost: x\r\nContent-Length: 100000000\r\n"
        "Content-Type: multipart/form-data; boundary=b\r\n\r\n"
        '--b\r\nContent-Disposition: form-data; name="file"; filename="a.mp4"\r\n\r\n'
    )
    with socket.create_connection((host, int(port)), timeout=10) as connection:
        connection.sendall(head.encode() + os.urandom(300_000))
        yield connection


@pytest.mark.slow
def test_kill_9_in_an_upload_leaves_no_half_asset_and_no_temporary_file(tmp_path: Path) -> None:
    with served_by_process("cloudinary", folder=tmp_path) as fakes:
        sent = {"file": ("a.png", image(20, 20))}
        data = {"public_id": "staging_clips/whole"}
        httpx.post(f"{api(fakes)}/image/upload", data=data, files=sent, auth=AUTH).raise_for_status()
        with half_an_upload(fakes.url("cloudinary")):
            wait_until(lambda: len(files(tmp_path)) == 2, lambda: "the upload to begin")
            kill(fakes)
    assert len(files(tmp_path)) == 2

    with served("cloudinary", folder=tmp_path) as fakes:
        listed = httpx.get(f"{api(fakes)}/resources/image", auth=AUTH).json()
        kept = httpx.get(fakes.url("cloudinary") + "/staging/image/upload/staging_clips/whole.png")

    assert [one["public_id"] for one in listed["resources"]] == ["staging_clips/whole"]
    assert kept.content == image(20, 20)
    assert len(files(tmp_path)) == 1


@pytest.mark.slow
def test_a_chunked_upload_goes_on_after_kill_9(tmp_path: Path) -> None:
    content = os.urandom(2 * PART + 7)
    with served_by_process("cloudinary", folder=tmp_path) as fakes:
        first = send_part(fakes, content, PART, len(content))
        kill(fakes)
    assert len(files(tmp_path)) == 1

    with served("cloudinary", folder=tmp_path) as fakes:
        second = send_part(fakes, content, 0, len(content))
        last = send_part(fakes, content, 2 * PART, len(content))

    assert (second["public_id"], second["bytes"], second["done"]) == (first["public_id"], 2 * PART, False)
    assert (last["public_id"], last["done"]) == (first["public_id"], True)
    assert last["etag"] == hashlib.md5(content).hexdigest()
    assert len(files(tmp_path)) == 1


@pytest.mark.slow
def test_kill_9_while_a_video_is_made_leaves_the_original_alone(tmp_path: Path, mp4: bytes) -> None:
    with served_by_process("cloudinary", folder=tmp_path) as fakes:
        data = {"public_id": "staging_clips/clip"}
        sent = {"file": ("a.mp4", mp4)}
        httpx.post(f"{api(fakes)}/video/upload", data=data, files=sent, auth=AUTH).raise_for_status()
        asked = "/staging/video/upload/w_1280,e_blur:500/e_reverse/staging_clips/clip.webm"
        viewer = threading.Thread(target=_view, args=(fakes.url("cloudinary") + asked,))
        viewer.start()
        wait_until(lambda: len(files(tmp_path)) > 1, lambda: "the video to be begun")
        kill(fakes)
        viewer.join()

    with served("cloudinary", folder=tmp_path) as fakes:
        detail = httpx.get(f"{api(fakes)}/resources/video/upload/staging_clips/clip", auth=AUTH).json()

    assert detail["derived"] == []
    assert [name.partition("/")[2] for name in files(tmp_path)] == [hashlib.sha256(mp4).hexdigest()]


def _view(url: str) -> None:
    with contextlib.suppress(httpx.TransportError):
        httpx.get(url, timeout=60)


@pytest.mark.slow
def test_kill_9_at_any_moment_of_many_uploads_loses_none_that_was_answered(tmp_path: Path) -> None:
    moments = random.Random(7)
    answered: dict[str, str] = {}
    for round_ in range(3):
        with served_by_process("cloudinary", folder=tmp_path) as fakes:
            senders = [
                threading.Thread(target=upload_until_it_ends, args=(fakes, f"{round_}-{n}", answered))
                for n in range(4)
            ]
            for sender in senders:
                sender.start()
            wanted = len(answered) + 20 + moments.randrange(20)
            wait_until(lambda: len(answered) >= wanted, lambda: f"{wanted} answers")  # noqa: B023 - at once
            kill(fakes)
            for sender in senders:
                sender.join()

    with served("cloudinary", folder=tmp_path) as fakes:
        addresses = {file.partition("/")[2] for file in files(tmp_path)}
        delivered = everything(fakes)

    etags = {name: hashlib.md5(content).hexdigest() for name, content in delivered.items()}
    assert answered.items() <= etags.items()
    assert addresses == {hashlib.sha256(content).hexdigest() for content in delivered.values()}


def upload_until_it_ends(fakes: Served, name: str, answered: dict[str, str]) -> None:
    """Store small files, one after the other, until nobody answers; notes the ETags of those that were."""
    with contextlib.suppress(httpx.TransportError), httpx.Client(auth=AUTH) as client:
        for number in range(10_000):
            answer = client.post(
                f"{api(fakes)}/raw/upload",
                data={"public_id": f"staging_clips/{name}-{number}"},
                files={"file": ("a.bin", os.urandom(20_000))},
            )
            body = answer.json()
            answered[body["public_id"]] = body["etag"]


def everything(fakes: Served) -> dict[str, bytes]:
    """All raw assets that are listed, as they are delivered."""
    found: dict[str, bytes] = {}
    query: dict[str, str | int] = {"max_results": 500}
    with httpx.Client(auth=AUTH) as client:
        while True:
            page = client.get(f"{api(fakes)}/resources/raw", params=query).json()
            for one in page["resources"]:
                found[one["public_id"]] = client.get(one["url"]).content
            if "next_cursor" not in page:
                return found
            query["next_cursor"] = page["next_cursor"]
