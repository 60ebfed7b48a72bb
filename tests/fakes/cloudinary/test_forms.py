"""Bodies in all their forms, whole and broken, however they are cut into pieces."""

import asyncio
import json
from collections.abc import Sequence
from pathlib import Path

import pytest
from starlette.requests import ClientDisconnect, Request
from starlette.types import Message

from fakes.cloudinary import forms
from fakes.cloudinary.blobs.folder import FolderBlobs
from fakes.cloudinary.forms import Form
from fakes.kit.errors import ProviderError

MULTIPART = "multipart/form-data; boundary=b"
ENCODED = "application/x-www-form-urlencoded"
JSON = "application/json"


class Sender:
    """A client whose body comes in pieces; None is a pause without end, or a hang-up at the end."""

    def __init__(self, folder: Path) -> None:
        self.blobs = FolderBlobs(folder)
        self.folder = folder
        self.left: list[bytes | None] = []

    async def send(
        self, kind: str, pieces: Sequence[bytes | None], *, limit: int | None = None, hangs_up: bool = False
    ) -> Form:
        self.left = list(pieces)

        async def receive() -> Message:
            piece = self.left.pop(0) if self.left else None
            if piece is None and hangs_up:
                return {"type": "http.disconnect"}
            if piece is None:
                await asyncio.Event().wait()
            return {"type": "http.request", "body": piece, "more_body": bool(self.left)}

        scope = {"type": "http", "method": "POST", "query_string": b"", "path": "/"}
        request = Request(scope | {"headers": [(b"content-type", kind.encode())]}, receive)
        return await forms.read(request, self.blobs, file_limit_bytes=limit, idle_limit_s=0.05)

    def files(self) -> int:
        return sum(path.is_file() for path in self.folder.rglob("*"))


@pytest.fixture
def sender(tmp_path: Path) -> Sender:
    return Sender(tmp_path)


def part(name: str, value: bytes, more: str = "") -> bytes:
    head = f'--b\r\nContent-Disposition: form-data; name="{name}"{more}\r\n\r\n'
    return head.encode() + value + b"\r\n"


def content(form: Form) -> bytes:
    assert form.file is not None
    form.file.finish()
    return form.file.path.read_bytes()


@pytest.mark.parametrize("size", [1, 2, 3, 7, 1000])
async def test_fields_are_the_same_however_the_body_is_cut(sender: Sender, size: int) -> None:
    encoded = b"a=1+2&b%5B%5D=x&b%5B%5D=%C3%A4&c&=&d=%2&e=%zz%41&a2=&n=1&n=2"
    multipart = part("a", b"1 2") + part("b[]", b"x") + part("b[]", "ä".encode()) + b"--b--\r\n"

    found = [
        await sender.send(kind, [body[at : at + size] for at in range(0, len(body), size)])
        for kind, body in ((ENCODED, encoded), (MULTIPART, multipart))
    ]

    same = {"a": "1 2", "b": ("x", "ä")}
    assert found[1].params == same
    assert found[0].params == {**same, "c": "", "": "", "d": "%2", "e": "%zzA", "a2": "", "n": ("1", "2")}


@pytest.mark.parametrize("size", [1, 5, 4096])
@pytest.mark.parametrize(
    ("uri", "expected"),
    [
        (b"data:a/b;base64,aGVsbG8gd29ybGQ=", b"hello world"),
        (b"data:a/b;base64,aGVs\nbG8g d29ybGQ", b"hello world"),
        (b"data:,hello%20world%2", b"hello world%2"),
        (b"data:;base64,", b""),
    ],
)
async def test_a_data_uri_is_a_file_in_every_form(
    sender: Sender, uri: bytes, expected: bytes, size: int
) -> None:
    encoded = b"file=" + uri.replace(b"%", b"%25").replace(b"+", b"%2B")
    bodies = {
        ENCODED: encoded,
        MULTIPART: part("file", uri) + b"--b--\r\n",
        JSON: json.dumps({"file": uri.decode()}).encode(),
    }

    for kind, body in bodies.items():
        form = await sender.send(kind, [body[at : at + size] for at in range(0, len(body), size)])
        assert (content(form), form.filename, "file" in form.params) == (expected, None, False)
        form.drop()

    assert sender.files() == 0


@pytest.mark.parametrize(
    "uri", [b"data:;base64,A", b"data:;base64,A=A=", b"data:;base64,\xff\xff", b"data:x"]
)
async def test_a_broken_data_uri_is_refused(sender: Sender, uri: bytes) -> None:
    with pytest.raises(ProviderError, match="Unsupported source URL: data:"):
        await sender.send(MULTIPART, [part("file", uri) + b"--b--\r\n"])

    assert sender.files() == 0


async def test_a_text_that_is_too_long_is_refused_and_not_cut(sender: Sender) -> None:
    with pytest.raises(ProviderError, match=r"File size too large\. Got 1005\. Maximum is 1000\."):
        await sender.send(MULTIPART, [part("file", b"data:" + b"a" * 1000) + b"--b--\r\n"], limit=1000)


@pytest.mark.parametrize(
    ("kind", "body", "reason"),
    [
        (JSON, b"{", "Expecting property name"),
        (JSON, b"[1]", "the body is not a JSON object"),
        (JSON, b'{"a": "\xff"}', "the body is not UTF-8"),
        (JSON, b'{"a": "\\ud800"}', "the body is not UTF-8"),
        (JSON, b"[" * 100_000, "values are nested too deeply"),
        (JSON, b'{"a": [' + b"1," * 100_001 + b"1]}", "the body has more than 100000 values"),
        (ENCODED, b"a&" * 10_001, "there are more than 5000 fields"),
        (ENCODED, b"a=" + b"x" * (1 << 20), "the fields have more than 1048576 bytes"),
        (ENCODED, b"x" * (1 << 21), "the fields have more than 1048576 bytes"),
        (MULTIPART, b"--b\r\n\r\n\r\n" * 10_001 + b"--b--\r\n", "there are more than 5000 fields"),
        (MULTIPART, part("a", b"x" * (1 << 20)), "the fields have more than 1048576 bytes"),
        (MULTIPART, b"--b\r\nx: " + b"y" * 100_000 + b"\r\n\r\n", "Maximum header size exceeded"),
        (MULTIPART, part("a", b"x"), "the multipart body ends early"),
        (MULTIPART, b"nonsense", "Expected boundary character"),
        ("multipart/form-data", b"", "multipart without a boundary"),
    ],
)
async def test_a_body_that_cannot_be_read_is_refused(
    sender: Sender, kind: str, body: bytes, reason: str
) -> None:
    with pytest.raises(ProviderError, match=f"Invalid request - {reason}") as refused:
        await sender.send(kind, [body])

    assert refused.value.status == 400


async def test_surrogates_that_make_a_character_are_read(sender: Sender) -> None:
    form = await sender.send(JSON, [b'{"a": "\\ud83d\\ude00"}'])

    assert form.params == {"a": "\U0001f600"}


@pytest.mark.parametrize("kind", [MULTIPART, ENCODED, JSON])
async def test_a_sender_that_stops_is_not_waited_for(sender: Sender, kind: str) -> None:
    with pytest.raises(ProviderError, match="Request Timeout") as refused:
        await sender.send(kind, [part("file", b"data:,x"), None, b"more"])

    assert refused.value.status == 408
    assert sender.files() == 0


async def test_a_sender_that_hangs_up_leaves_nothing(sender: Sender) -> None:
    body = part("file", b"half a file", '; filename="a"')

    with pytest.raises(ClientDisconnect):
        await sender.send(MULTIPART, [body, None, b""], hangs_up=True)

    assert sender.files() == 0


async def test_a_sender_that_is_refused_may_finish_what_it_says(sender: Sender) -> None:
    with pytest.raises(ProviderError, match="the fields have more than"):
        await sender.send(ENCODED, [b"a" * (1 << 21), b"b" * 100, b"c" * 100])

    assert sender.left == []
