"""The supervisor's HTTP client against a server that sends bytes as told."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import pytest

from emulator.httpclient import NoAnswer, get, request


@asynccontextmanager
async def answering(answer: bytes, seen: list[bytes] | None = None) -> AsyncIterator[str]:
    """Serve one answer to whoever asks, to the end; yields the address."""
    served: list[asyncio.Task[None] | None] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        served.append(asyncio.current_task())
        head = await reader.readuntil(b"\r\n\r\n")
        length = next(
            (int(line[15:]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")), 0
        )
        if seen is not None:
            seen.append(head + await reader.readexactly(length))
        writer.write(answer)
        writer.write_eof()
        await reader.read()
        await closed(writer)

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        await asyncio.gather(*(task for task in served if task is not None))


async def closed(writer: asyncio.StreamWriter) -> None:
    writer.close()
    with suppress(OSError):
        await writer.wait_closed()


@pytest.mark.parametrize(
    "answer",
    [
        b'HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\n{"a":1}',
        b'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3;x=y\r\n{"a\r\n4\r\n":1}\r\n0\r\n\r\n',
        b'HTTP/1.0 200 OK\r\nX-A: b\r\n\r\n{"a":1}',
    ],
)
async def test_bodies_of_every_framing_are_read(answer: bytes) -> None:
    async with answering(answer) as url:
        found = await get(f"{url}/version?x=1", 2)

    assert (found.status, found.json()) == (200, {"a": 1})


async def test_a_json_body_is_sent() -> None:
    seen: list[bytes] = []
    async with answering(b"HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n", seen) as url:
        found = await request("PUT", f"{url}/_edge/routes", {"a": 1}, 2)

    assert found.status == 204
    head, _, body = seen[0].partition(b"\r\n\r\n")
    assert head.startswith(b"PUT /_edge/routes HTTP/1.1\r\n")
    assert body == b'{"a": 1}'


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (b"SSH-2.0-OpenSSH\r\n\r\n", "it is no HTTP: 'SSH-2.0-OpenSSH'"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\n{", "does not answer"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n{", "larger than"),
        (b"", "does not answer"),
    ],
)
async def test_what_is_no_answer_is_told(answer: bytes, said: str) -> None:
    async with answering(answer) as url:
        with pytest.raises(NoAnswer, match=said):
            await get(url, 2)


async def test_nobody_there_is_told() -> None:
    async with answering(b"") as url:
        pass
    with pytest.raises(NoAnswer, match="connection refused"):
        await get(url, 2)


async def test_an_answer_that_does_not_come_is_told_at_the_deadline() -> None:
    left = asyncio.Event()

    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        await closed(writer)
        left.set()

    server = await asyncio.start_server(silent, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        with pytest.raises(NoAnswer, match=r"no answer within 0\.05 s"):
            await get(url, 0.05)
        await left.wait()
    finally:
        server.close()


async def test_a_body_that_is_no_json_is_told() -> None:
    async with answering(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nno") as url:
        found = await get(url, 2)
        with pytest.raises(NoAnswer, match="no JSON"):
            found.json()
