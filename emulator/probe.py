"""Asks a service whether it is ready. Each question is small, has a deadline, and says what it last saw."""

from __future__ import annotations

import asyncio
import struct
from collections.abc import Awaitable, Callable, Mapping
from urllib.parse import unquote, urlsplit

from emulator.topology import Probe

_HELD_S = 0.1


class NotReady(Exception):
    """The service did not answer as it must; the message says what was seen."""


async def ask(probe: Probe, deadline_s: float) -> None:
    """Return if the service is ready.

    Raises:
        NotReady: It is not, or it did not answer within `deadline_s`.
    """
    try:
        async with asyncio.timeout(deadline_s):
            await _QUESTIONS[probe.kind](probe.target)
    except TimeoutError:
        raise NotReady(f"no answer within {deadline_s:g} s") from None
    except ConnectionRefusedError:
        raise NotReady("connection refused") from None
    except (OSError, EOFError) as error:
        raise NotReady(str(error) or type(error).__name__) from error


async def _http(url: str) -> None:
    parts = urlsplit(url)
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    request = f"GET {path} HTTP/1.1\r\nHost: {parts.netloc}\r\nConnection: close\r\n\r\n"
    answer = await _exchange(parts.hostname or "", parts.port or 80, request.encode(), until=b"\r\n")
    status = answer.split(b" ", 2)[1:2]
    if not status or status[0][:1] != b"2":
        raise NotReady(f"GET {path} answered {answer.decode(errors='replace').strip() or 'nothing'}")


async def _tcp(address: str) -> None:
    parts = urlsplit(f"//{address}")
    _, writer = await asyncio.open_connection(parts.hostname, parts.port)
    writer.close()


async def stays_open(address: str) -> None:
    """Return if a connection is not closed at once, as a forwarder does that has nobody to forward to.

    Raises:
        NotReady: It is.
    """
    parts = urlsplit(f"//{address}")
    try:
        reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
    except OSError as error:
        raise NotReady("connection refused") from error
    try:
        async with asyncio.timeout(_HELD_S):
            if await reader.read(1) == b"":
                raise NotReady("connection closed at once")
    except TimeoutError:
        return
    except OSError as error:
        raise NotReady("connection reset") from error
    finally:
        writer.close()


async def _redis(url: str) -> None:
    await _redis_answer(url, ["PING"], b"+PONG")


async def _redis_key(target: str) -> None:
    """Target: `<redis url> <key>`: ready when the key exists."""
    url, _, key = target.partition(" ")
    await _redis_answer(url, ["EXISTS", key.strip()], b":1", missing=f"redis has no key '{key.strip()}'")


async def _redis_answer(url: str, command: list[str], wanted: bytes, missing: str | None = None) -> None:
    parts = urlsplit(url)
    database = parts.path.strip("/") or "0"
    request = _resp("SELECT", database) + _resp(*command)
    if parts.password:
        request = (
            _resp("AUTH", *filter(None, (unquote(parts.username or ""), unquote(parts.password)))) + request
        )
    lines = request.count(b"\r\n*") + 1
    reader, writer = await asyncio.open_connection(parts.hostname, parts.port or 6379)
    try:
        writer.write(request)
        for _ in range(lines):
            answer = (await reader.readline()).strip()
            if not answer or answer.startswith(b"-"):
                raise NotReady(f"redis answered {answer.decode(errors='replace') or 'nothing'}")
    finally:
        writer.close()
    if answer != wanted:
        raise NotReady(missing or f"redis answered {answer.decode(errors='replace')}")


def _resp(*words: str) -> bytes:
    return f"*{len(words)}\r\n".encode() + b"".join(
        b"$%d\r\n%s\r\n" % (len(w.encode()), w.encode()) for w in words
    )


async def _postgres(url: str) -> None:
    """Send a start-up packet: a server that still starts or recovers answers with an error.

    Source: postgresql.org/docs/18/protocol-message-formats.html
    """
    parts = urlsplit(url)
    fields = ("user", unquote(parts.username or ""), "database", parts.path.strip("/"), "")
    body = struct.pack("!i", 3 << 16) + b"\0".join(field.encode() for field in fields) + b"\0"
    reader, writer = await asyncio.open_connection(parts.hostname, parts.port or 5432)
    try:
        writer.write(struct.pack("!i", len(body) + 4) + body)
        kind, length = struct.unpack("!ci", await reader.readexactly(5))
        payload = await reader.readexactly(length - 4)
        if kind != b"R":
            raise NotReady(_postgres_error(payload))
    finally:
        writer.close()


def _postgres_error(payload: bytes) -> str:
    fields = {part[:1]: part[1:].decode(errors="replace") for part in payload.split(b"\0") if part}
    return f"postgres answered: {fields.get(b'M', 'an error')} ({fields.get(b'C', '?')})"


async def _exchange(host: str, port: int, request: bytes, until: bytes) -> bytes:
    reader, writer = await asyncio.open_connection(host, port)
    try:
        writer.write(request)
        return await reader.readuntil(until)
    except asyncio.IncompleteReadError as error:
        return error.partial
    finally:
        writer.close()


_QUESTIONS: Mapping[str, Callable[[str], Awaitable[None]]] = {
    "http": _http,
    "tcp": _tcp,
    "postgres": _postgres,
    "redis": _redis,
    "redis_key": _redis_key,
}
