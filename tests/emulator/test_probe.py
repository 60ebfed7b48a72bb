from __future__ import annotations

import asyncio
import struct
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress

import pytest

from emulator.probe import NotReady, ask
from emulator.topology import Probe

Conversation = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def serving(answer: Conversation) -> AsyncIterator[int]:
    """Serve one kind of conversation; every connection is closed at the end."""
    conversations: list[asyncio.Task[None]] = []

    async def converse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await answer(reader, writer)
        finally:
            writer.close()
            with suppress(OSError):
                await writer.wait_closed()

    def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        conversations.append(asyncio.create_task(converse(reader, writer)))

    async with await asyncio.start_server(accept, "127.0.0.1", 0) as server:
        yield server.sockets[0].getsockname()[1]
        for conversation in conversations:
            conversation.cancel()
        await asyncio.gather(*conversations, return_exceptions=True)


@asynccontextmanager
async def answering(answer: bytes) -> AsyncIterator[int]:
    """Serve one fixed answer to whatever is asked."""

    async def converse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(4096)
        writer.write(answer)

    async with serving(converse) as port:
        yield port


async def seen(kind: str, target: str) -> str:
    with pytest.raises(NotReady) as not_ready:
        await ask(Probe(kind, target), 0.2)
    return str(not_ready.value)


@pytest.mark.parametrize(
    ("kind", "answer", "target"),
    [
        ("http", b"HTTP/1.1 204 No Content\r\n\r\n", "http://127.0.0.1:{}/ready"),
        ("tcp", b"", "127.0.0.1:{}"),
        ("redis", b"+OK\r\n+PONG\r\n", "redis://127.0.0.1:{}/0"),
        ("redis_key", b"+OK\r\n:1\r\n", "redis://127.0.0.1:{}/0 lease"),
        ("postgres", b"R" + struct.pack("!ii", 8, 10), "postgresql://u:p@127.0.0.1:{}/db"),
    ],
)
async def test_a_good_answer_is_enough(kind: str, answer: bytes, target: str) -> None:
    async with answering(answer) as port:
        await ask(Probe(kind, target.format(port)), 2.0)


_STARTING = b"SFATAL\0C57P03\0Mthe database system is starting up\0\0"


@pytest.mark.parametrize(
    ("kind", "answer", "target", "words"),
    [
        (
            "http",
            b"HTTP/1.1 503 Down\r\n\r\n",
            "http://127.0.0.1:{}/ready",
            "GET /ready answered HTTP/1.1 503 Down",
        ),
        ("http", b"", "http://127.0.0.1:{}/", "GET / answered nothing"),
        (
            "redis",
            b"-LOADING Redis is loading\r\n",
            "redis://127.0.0.1:{}/0",
            "redis answered -LOADING Redis is loading",
        ),
        ("redis_key", b"+OK\r\n:0\r\n", "redis://127.0.0.1:{}/0 lease", "redis has no key 'lease'"),
        (
            "postgres",
            b"E" + struct.pack("!i", len(_STARTING) + 4) + _STARTING,
            "postgresql://u@127.0.0.1:{}/db",
            "postgres answered: the database system is starting up (57P03)",
        ),
    ],
)
async def test_a_bad_answer_is_told(kind: str, answer: bytes, target: str, words: str) -> None:
    async with answering(answer) as port:
        assert await seen(kind, target.format(port)) == words


async def test_a_closed_port_is_told(port_base: int) -> None:
    assert await seen("http", f"http://127.0.0.1:{port_base}/") == "connection refused"


async def test_silence_has_a_deadline() -> None:
    async def hold(_reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
        await asyncio.Event().wait()

    async with serving(hold) as port:
        assert await seen("http", f"http://127.0.0.1:{port}/") == "no answer within 0.2 s"
