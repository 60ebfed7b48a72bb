from __future__ import annotations

import asyncio
import resource
from pathlib import Path

import httpx
import pytest

from clipnet.api.uploads import safe_name
from tests.clipnet.api.conftest import PASSWORD, Api, Served, until
from tests.clipnet.api.stories import outbox_rows

VIDEO = bytes(range(256)) * 4_000  # 1 MB


def folders(env: dict[str, str]) -> list[Path]:
    uploads = Path(env["MEDIA_DIR"]) / "uploads"
    return sorted(uploads.iterdir()) if uploads.is_dir() else []


async def test_an_uploaded_file_lies_on_disk_as_it_was_sent(
    sam: httpx.AsyncClient, env: dict[str, str]
) -> None:
    data = {"title": "A play", "start_s": "1.5", "end_s": "", "publish_to": "youtube, tiktok"}

    answer = await sam.post("/v1/clips", data=data, files={"file": ("../My: video?.mp4", VIDEO, "video/mp4")})

    clip = answer.json()
    assert answer.status_code == 201
    assert answer.headers["location"] == f"/v1/clips/{clip['id']}"
    assert (clip["source_kind"], clip["source_name"], clip["source_bytes"]) == (
        "upload",
        "My video.mp4",
        len(VIDEO),
    )
    assert (clip["title"], clip["want_start_s"], clip["want_end_s"]) == ("A play", 1.5, None)
    assert clip["publish_to"] == ["youtube", "tiktok"]
    assert (Path(env["MEDIA_DIR"]) / "uploads" / clip["id"] / "source").read_bytes() == VIDEO


async def test_a_file_keeps_the_name_that_it_has_in_any_language(sam: httpx.AsyncClient) -> None:
    answer = await sam.post("/v1/clips", files={"file": ("日本語 Übergröße 🎬.mp4", VIDEO, "video/mp4")})

    assert (answer.status_code, answer.json()["source_name"]) == (201, "日本語 Übergröße 🎬.mp4")


async def test_fields_may_come_after_the_file(sam: httpx.AsyncClient) -> None:
    body = (
        b'--b\r\nContent-Disposition: form-data; name="file"; filename="a.mp4"\r\n\r\nvideo\r\n'
        b'--b\r\nContent-Disposition: form-data; name="title"\r\n\r\n\xc3\x9cber\r\n--b--\r\n'
    )

    answer = await sam.post(
        "/v1/clips", content=body, headers={"content-type": "multipart/form-data; boundary=b"}
    )

    assert (answer.status_code, answer.json()["title"]) == (201, "Über")


async def test_a_file_of_exactly_the_limit_is_taken_and_one_byte_more_is_not(
    sam: httpx.AsyncClient, env: dict[str, str]
) -> None:
    most = int(env["MAX_UPLOAD_BYTES"])

    taken = await sam.post("/v1/clips", files={"file": ("a.mp4", bytes(most))})
    refused = await sam.post("/v1/clips", files={"file": ("a.mp4", bytes(most + 1))})

    assert taken.status_code == 201
    assert (refused.status_code, refused.json()["code"], refused.json()["max_bytes"]) == (
        413,
        "too_large",
        most,
    )
    assert [folder.name for folder in folders(env)] == [taken.json()["id"]]


async def test_a_body_that_announces_too_much_is_refused_before_it_is_read(
    sam: httpx.AsyncClient, env: dict[str, str]
) -> None:
    headers = {"content-type": "multipart/form-data; boundary=b", "content-length": "9000000000"}

    answer = await sam.post("/v1/clips", content=b"", headers=headers)

    assert (answer.status_code, answer.json()["code"], folders(env)) == (413, "too_large", [])


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (
            b'--b\r\nContent-Disposition: form-data; name="title"\r\n\r\nx\r\n--b--\r\n',
            422,
            "invalid_request",
        ),
        (
            b'--b\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n\r\n--b--\r\n',
            422,
            "invalid_request",
        ),
        (
            b'--b\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\nhalf a vid',
            400,
            "body_unreadable",
        ),
        (b"no form at all", 400, "body_unreadable"),
        (b"", 400, "body_unreadable"),
        (b"--b\r\nContent-Disposition: form-data\r\n\r\nx\r\n--b--\r\n", 400, "body_unreadable"),
    ],
)
async def test_a_broken_form_leaves_nothing_behind(
    api: Api, sam: httpx.AsyncClient, env: dict[str, str], body: bytes, status: int, code: str
) -> None:
    answer = await sam.post(
        "/v1/clips", content=body, headers={"content-type": "multipart/form-data; boundary=b"}
    )

    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert (folders(env), await outbox_rows(api)) == ([], [])


async def test_a_wrong_field_leaves_nothing_behind(sam: httpx.AsyncClient, env: dict[str, str]) -> None:
    files = {"file": ("a.mp4", VIDEO)}

    wrong = await sam.post("/v1/clips", data={"start_s": "9", "end_s": "3"}, files=files)
    unknown = await sam.post("/v1/clips", data={"colour": "red"}, files=files)
    long = await sam.post("/v1/clips", data={"title": "x" * 30_000}, files=files)

    assert [answer.status_code for answer in (wrong, unknown, long)] == [422] * 3
    assert [answer.json()["errors"][0]["field"] for answer in (unknown, long)] == ["colour", "title"]
    assert folders(env) == []


async def test_two_files_are_one_too_many(sam: httpx.AsyncClient, env: dict[str, str]) -> None:
    answer = await sam.post("/v1/clips", files=[("file", ("a.mp4", VIDEO)), ("file", ("b.mp4", VIDEO))])

    assert (answer.status_code, answer.json()["errors"][0]["message"]) == (422, "send one file")
    assert folders(env) == []


async def test_a_repeated_upload_keeps_the_first_file_only(
    sam: httpx.AsyncClient, env: dict[str, str]
) -> None:
    key = {"idempotency-key": "abc"}
    first = await sam.post("/v1/clips", files={"file": ("a.mp4", VIDEO)}, headers=key)

    again = await sam.post("/v1/clips", files={"file": ("a.mp4", VIDEO)}, headers=key)
    other = await sam.post("/v1/clips", files={"file": ("a.mp4", VIDEO + b"!")}, headers=key)

    assert (again.status_code, again.json()) == (201, first.json())
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")
    assert [folder.name for folder in folders(env)] == [first.json()["id"]]


async def test_nobody_uploads_without_logging_in(client: httpx.AsyncClient, env: dict[str, str]) -> None:
    answer = await client.post("/v1/clips", files={"file": ("a.mp4", VIDEO)})

    assert (answer.status_code, folders(env)) == (401, [])


async def test_deleting_a_clip_removes_its_upload(sam: httpx.AsyncClient, env: dict[str, str]) -> None:
    clip = (await sam.post("/v1/clips", files={"file": ("a.mp4", VIDEO)})).json()

    await sam.delete(f"/v1/clips/{clip['id']}")

    assert folders(env) == []


async def test_an_upload_that_is_cut_off_leaves_nothing_behind(served: Served, env: dict[str, str]) -> None:
    async with httpx.AsyncClient(base_url=served.url) as client:
        await client.post("/v1/users", json={"email": "a@b.cd", "password": PASSWORD, "name": "A"})
        cookie = f"clipnet_session={client.cookies['clipnet_session']}"
    reader, writer = await asyncio.open_connection(served.host, served.port)
    head = (
        f"POST /v1/clips HTTP/1.1\r\nHost: x\r\nCookie: {cookie}\r\nContent-Length: 4000000\r\n"
        "Content-Type: multipart/form-data; boundary=b\r\n\r\n"
        '--b\r\nContent-Disposition: form-data; name="file"; filename="a.mp4"\r\n\r\n'
    )
    writer.write(head.encode() + bytes(2_000_000))
    await writer.drain()
    await until(
        lambda: [folder for folder in folders(env) if (folder / "source").exists()], "the upload to begin"
    )

    writer.close()
    await writer.wait_closed()

    await until(lambda: folders(env) == [], "the partial file to be removed")
    assert await reader.read() == b""


async def test_a_large_upload_is_never_in_memory(served: Served, env: dict[str, str]) -> None:
    async with httpx.AsyncClient(base_url=served.url, timeout=60) as client:
        await client.post("/v1/users", json={"email": "a@b.cd", "password": PASSWORD, "name": "A"})
        object.__setattr__(served.context.settings, "max_upload_bytes", 1 << 30)
        await client.post("/v1/clips", files={"file": ("warm.mp4", bytes(1 << 20))})
        before_kb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

        answer = await client.post("/v1/clips", content=_form(200), headers=_FORM)

    after_kb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert answer.json()["source_bytes"] == 200 << 20
    assert after_kb - before_kb < 40_000


_FORM = {"content-type": "multipart/form-data; boundary=b"}


async def _form(megabytes: int):  # type: ignore[no-untyped-def]  # - a stream of bytes
    yield b'--b\r\nContent-Disposition: form-data; name="file"; filename="a.mp4"\r\n\r\n'
    for _ in range(megabytes):
        yield bytes(1 << 20)
    yield b"\r\n--b--\r\n"


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("video.mp4", "video.mp4"),
        ("C:\\Users\\sam\\clip.MOV", "clip.MOV"),
        ("../../etc/passwd", "passwd"),
        ("a\x00b\n.mp4", "ab.mp4"),
        ("", "video"),
        ("...", "video"),
        ("x" * 300 + ".mp4", "x" * 100 + ".mp4"),
        ("Übergröße 🎬.mp4", "Übergröße 🎬.mp4"),
    ],
)
def test_file_names_are_made_safe_to_show(sent: str, kept: str) -> None:
    assert safe_name(sent) == kept
