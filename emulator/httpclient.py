"""A small HTTP client for the supervisor, which shall not load a large one: one request per connection."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

_LARGEST_HEAD = 65_536
_LARGEST_BODY = 64 * 1024 * 1024


class NoAnswer(Exception):
    """Nobody answered, or not in time, or not in HTTP; the text says what was seen."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back; names of headers are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        """Return the body as JSON.

        Raises:
            NoAnswer: It is none.
        """
        try:
            return json.loads(self.body)
        except ValueError as error:
            raise NoAnswer(f"the answer is no JSON: {error}") from error


async def get(url: str, within_s: float) -> Answer:
    """Ask for something.

    Raises:
        NoAnswer: See the class.
    """
    return await request("GET", url, None, within_s)


async def request(method: str, url: str, body: Any, within_s: float) -> Answer:
    """Send a request, with a JSON body unless that is None, and return the whole answer.

    Raises:
        NoAnswer: See the class.
    """
    parts = urlsplit(url)
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    payload = b"" if body is None else json.dumps(body).encode()
    head = [f"{method} {path} HTTP/1.1", f"Host: {parts.netloc}", "Connection: close"]
    if body is not None:
        head += ["Content-Type: application/json", f"Content-Length: {len(payload)}"]
    try:
        async with asyncio.timeout(within_s):
            return await _exchange(parts.hostname or "", parts.port or 80, _encoded(head) + payload)
    except TimeoutError:
        raise NoAnswer(f"{url} gave no answer within {within_s:g} s") from None
    except (OSError, ValueError, EOFError, asyncio.LimitOverrunError) as error:
        said = "connection refused" if isinstance(error, ConnectionRefusedError) else str(error)
        raise NoAnswer(f"{url} does not answer: {said or type(error).__name__}") from error


def _encoded(lines: list[str]) -> bytes:
    return "\r\n".join([*lines, "", ""]).encode("latin-1")


async def _exchange(host: str, port: int, sent: bytes) -> Answer:
    reader, writer = await asyncio.open_connection(host, port, limit=_LARGEST_HEAD)
    try:
        writer.write(sent)
        await writer.drain()
        status, headers = _head(await reader.readuntil(b"\r\n\r\n"))
        return Answer(status, headers, await _body(reader, headers))
    finally:
        writer.close()


def _head(block: bytes) -> tuple[int, dict[str, str]]:
    first, *lines = block.decode("latin-1").split("\r\n")
    words = first.split(" ", 2)
    if len(words) < 2 or not words[0].startswith("HTTP/"):
        raise ValueError(f"it is no HTTP: {first[:60]!r}")
    pairs = (line.partition(":") for line in lines if line)
    return int(words[1]), {name.strip().lower(): value.strip() for name, _, value in pairs}


async def _body(reader: asyncio.StreamReader, headers: Mapping[str, str]) -> bytes:
    if headers.get("transfer-encoding", "").lower() == "chunked":
        return await _chunks(reader)
    if (length := headers.get("content-length")) is not None:
        return await reader.readexactly(_allowed(int(length)))
    found = await reader.read(_LARGEST_BODY + 1)
    while block := await reader.read(_LARGEST_BODY + 1):
        found += block
        _allowed(len(found))
    return found


async def _chunks(reader: asyncio.StreamReader) -> bytes:
    found = b""
    while size := int((await reader.readline()).partition(b";")[0], 16):
        found += await reader.readexactly(_allowed(len(found) + size) - len(found))
        await reader.readline()
    return found


def _allowed(size: int) -> int:
    if not 0 <= size <= _LARGEST_BODY:
        raise ValueError(f"its body of {size} bytes is larger than {_LARGEST_BODY}")
    return size
