"""What is small on the wire and large inside: answered as ever, in bounded memory of a process of its own."""

from __future__ import annotations

import gzip
import re
import socket
import struct
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from tests.fakes.cloudinary.conftest import KEY, SECRET, image
from tests.fakes.cloudinary.test_hostile import assert_shaped
from tests.fakes.serving import Served, served_by_process

AUTH = (KEY, SECRET)
FORM = "application/x-www-form-urlencoded"
MULTIPART = "multipart/form-data; boundary=b"
JSON = "application/json"
INVALID = "Invalid image file"
NO_VIDEO = "Unsupported video format or file"
UNREAD = "Invalid request - "


@pytest.fixture(scope="module")
def alone() -> Iterator[Served]:
    with served_by_process("cloudinary") as fakes:
        url = f"{fakes.url('cloudinary')}/v1_1/staging/image/upload"
        sent = {"file": ("a.png", image(5, 5))}
        httpx.post(url, data={"public_id": "staging_clips/warm"}, files=sent, auth=AUTH).raise_for_status()
        yield fakes


def memory_mb(fakes: Served, name: str) -> float:
    assert fakes.process is not None
    status = Path(f"/proc/{fakes.process.pid}/status").read_text()
    found = re.search(rf"{name}:\s+([0-9]+) kB", status)
    assert found is not None
    return int(found[1]) / 1024


def forget_peak(fakes: Served) -> None:
    assert fakes.process is not None
    Path(f"/proc/{fakes.process.pid}/clear_refs").write_text("5")


def png(width: int, height: int, *chunks: bytes) -> bytes:
    """A black picture of one bit per pixel, which takes hardly any bytes."""
    rows = zlib.compressobj(9)
    row = bytes(1 + (width + 7) // 8)
    body = b"".join(rows.compress(row) for _ in range(height)) + rows.flush()
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + b"".join(chunks) + chunk(b"IDAT", body) + chunk(b"IEND", b"")


def chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def laughs() -> bytes:
    """An XML document whose last entity is a thousand million words."""
    entities = b"".join(
        b'<!ENTITY l%d "%s">' % (level, b"&l%d;" % (level - 1) * 10) for level in range(1, 10)
    )
    head = b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY l0 "lol">' + entities + b"]>"
    return head + b'<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><text>&l9;</text></svg>'


def svg(inner: bytes, size: int = 10) -> bytes:
    head = b'<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d">' % (size, size)
    return head + inner + b"</svg>"


def part(name: bytes, value: bytes) -> bytes:
    return b'--b\r\nContent-Disposition: form-data; name="' + name + b'"\r\n\r\n' + value + b"\r\n"


@dataclass(frozen=True, slots=True)
class Bomb:
    """A request, and how its refusal begins; nothing when it may be taken.

    Attributes:
        content: Makes the file or the body.
        kind: Of the body; empty for a file.
        action: Below `/v1_1/staging/`.
    """

    content: Callable[[], bytes]
    message: str = ""
    kind: str = ""
    action: str = "image/upload"

    def request(self, url: str) -> httpx.Request:
        address = f"{url}/v1_1/staging/{self.action}"
        if self.kind:
            headers = {"Content-Type": self.kind}
            return httpx.Request("POST", address, content=self.content(), headers=headers)
        files = {"file": ("clip.mp4", self.content())}
        return httpx.Request("POST", address, data={"public_id": "staging_clips/x"}, files=files)


TEXTS = [chunk(b"zTXt", b"k\0\0" + zlib.compress(bytes(30_000_000)))] * 20
BOMBS = {
    "100 megapixels": Bomb(lambda: png(10_000, 10_000), "Maximum image size is 25 Megapixels. Requested 100"),
    "900 megapixels": Bomb(lambda: png(30_000, 30_000), "Maximum image size is 25 Megapixels. Requested 900"),
    "compressed texts": Bomb(lambda: png(5, 5, *TEXTS), INVALID),
    "a thousand million laughs": Bomb(laughs, INVALID),
    "a vast drawing": Bomb(lambda: svg(b"", 100_000)),
    "a deep drawing": Bomb(lambda: svg(b"<g>" * 200_000 + b"</g>" * 200_000)),
    "a compressed drawing": Bomb(lambda: gzip.compress(svg(bytes(100_000_000)), 1), INVALID),
    "zeros as an image": Bomb(lambda: b"\x89PNG\r\n\x1a\n" + bytes(30_000_000)),
    "zeros as a video": Bomb(lambda: bytes(30_000_000), NO_VIDEO, action="video/upload"),
    "text as a video": Bomb(lambda: b"hello\n" * 1_000_000, NO_VIDEO, action="video/upload"),
    "a data URI": Bomb(lambda: part(b"file", b"data:," + b"%41" * 3_000_000) + b"--b--\r\n", kind=MULTIPART),
    "a long field": Bomb(lambda: b"file=data:;base64," + b"A" * 30_000_000, kind=FORM),
    "many fields": Bomb(lambda: b"a=1&" * 5_000_000, UNREAD + "there are more than 5000 fields", FORM),
    "many parts": Bomb(lambda: part(b"a[]", b"") * 200_000, UNREAD + "there are more than 5000", MULTIPART),
    "many values": Bomb(lambda: b'{"a": [' + b"{}," * 5_000_000, UNREAD + "the body has more than", JSON),
    "a deep value": Bomb(lambda: b"[" * 10_000_000, UNREAD + "values are nested too deeply", JSON),
    "a long header": Bomb(
        lambda: b"--b\r\nx: " + b"y" * 30_000_000, UNREAD + "Maximum header size", MULTIPART
    ),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_is_answered_in_little_memory(alone: Served, name: str) -> None:
    bomb = BOMBS[name]
    request = bomb.request(alone.url("cloudinary"))
    forget_peak(alone)
    before = memory_mb(alone, "VmRSS")

    with httpx.Client(auth=AUTH, timeout=60) as client:
        answer = client.send(request)

    assert_shaped(answer, name)
    if bomb.message:
        assert answer.status_code == 400
        assert answer.json()["error"]["message"].startswith(bomb.message)
    assert memory_mb(alone, "VmHWM") - before < 64


@pytest.mark.slow
def test_a_large_file_in_parts_is_never_in_memory(alone: Served) -> None:
    part_bytes, count = 20_000_000, 4
    url = f"{alone.url('cloudinary')}/v1_1/staging/raw/upload"
    before = memory_mb(alone, "VmRSS")
    forget_peak(alone)

    with httpx.Client(auth=AUTH, timeout=60) as client:
        for number in range(count):
            first, total = number * part_bytes, count * part_bytes
            span = f"bytes {first}-{first + part_bytes - 1}/{total}"
            headers = {"X-Unique-Upload-Id": "large", "Content-Range": span}
            files = {"file": ("a", bytes([number]) * part_bytes)}
            data = {"public_id": "staging_clips/large"}
            answer = client.post(url, data=data, files=files, headers=headers)

    assert (answer.json()["bytes"], answer.json()["done"]) == (count * part_bytes, True)
    assert memory_mb(alone, "VmHWM") - before < 16


@pytest.mark.slow
def test_memory_comes_back_after_a_large_picture(alone: Served) -> None:
    url = alone.url("cloudinary")
    files = {"file": ("a.png", png(4990, 4990))}
    with httpx.Client(auth=AUTH, timeout=60) as client:
        data = {"public_id": "staging_clips/wide"}
        client.post(f"{url}/v1_1/staging/image/upload", data=data, files=files).raise_for_status()
        client.get(f"{url}/staging/image/upload/w_50/staging_clips/warm.png").raise_for_status()
        before = memory_mb(alone, "VmRSS")

        client.get(f"{url}/staging/image/upload/a_30,w_1000/staging_clips/wide.png").raise_for_status()
        details = f"{url}/v1_1/staging/resources/image/upload/staging_clips/wide"
        client.get(details, params={"colors": True, "faces": True, "accessibility_analysis": True})

    assert memory_mb(alone, "VmRSS") - before < 48


def test_a_flood_of_headers_is_refused_and_the_next_is_served(alone: Served) -> None:
    host, _, port = alone.host("cloudinary").partition(":")
    head = b"GET /v1_1/staging/ping HTTP/1.1\r\nHost: x\r\n" + b"X-A: " + b"a" * 1_000_000
    with socket.create_connection((host, int(port)), timeout=10) as connection:
        try:
            connection.sendall(head)
            answer = connection.recv(1000)
        except ConnectionError:
            answer = b""

    assert answer.startswith((b"HTTP/1.1 400 ", b""))
    ping = httpx.get(f"{alone.url('cloudinary')}/v1_1/staging/ping", auth=AUTH)
    assert ping.json() == {"status": "ok"}


@pytest.mark.slow
def test_the_process_is_no_larger_after_hundreds_of_hang_ups(alone: Served) -> None:
    host, _, port = alone.host("cloudinary").partition(":")
    head = b"POST /v1_1/staging/image/upload HTTP/1.1\r\nHost: x\r\nContent-Length: 9000000\r\n"
    head += b"Content-Type: multipart/form-data; boundary=b\r\n\r\n"
    head += b'--b\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n' + bytes(300_000)

    def hang_up_often() -> float:
        for _ in range(200):
            with socket.create_connection((host, int(port)), timeout=10) as connection:
                connection.sendall(head)
        answer = httpx.get(f"{alone.url('cloudinary')}/v1_1/staging/resources/image", auth=AUTH)
        assert [one["public_id"] for one in answer.json()["resources"]].count("staging_clips/half") == 0
        return memory_mb(alone, "VmRSS")

    first, second = hang_up_often(), hang_up_often()

    assert second - first < 32
