"""Sends many HTTP requests over a few connections and says how long each took.

The requests are bytes that were made before: hardly anything but the server is measured. A server that closes
its connections is connected to again, which counts.
"""

from __future__ import annotations

import asyncio
import statistics
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Run:
    """What one run measured: milliseconds of each request, and seconds of all."""

    each_ms: tuple[float, ...]
    wall_s: float

    @property
    def per_s(self) -> float:
        """Requests per second."""
        return len(self.each_ms) / self.wall_s

    @property
    def p50_ms(self) -> float:
        """Half of the requests took no longer."""
        return statistics.median(self.each_ms)

    @property
    def p99_ms(self) -> float:
        """One in a hundred took longer."""
        return sorted(self.each_ms)[max(0, round(len(self.each_ms) * 0.99) - 1)]


def send(port: int, requests: Iterable[Sequence[bytes]], connections: int = 16) -> Run:
    """Send requests, each given in pieces, to 127.0.0.1.

    Raises:
        RuntimeError: One was not answered with 200.
    """
    return asyncio.run(_send(port, iter(requests), connections))


async def _send(port: int, requests: Iterator[Sequence[bytes]], connections: int) -> Run:
    each_ms: list[float] = []
    began = time.perf_counter()
    async with asyncio.TaskGroup() as group:
        for _ in range(connections):
            group.create_task(_connection(port, requests, each_ms))
    return Run(tuple(each_ms), time.perf_counter() - began)


async def _connection(port: int, requests: Iterator[Sequence[bytes]], each_ms: list[float]) -> None:
    reader: asyncio.StreamReader | None = None
    writer: asyncio.StreamWriter | None = None
    for pieces in requests:
        began = time.perf_counter()
        if reader is None or writer is None:
            reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=1 << 20)
        for piece in pieces:
            writer.write(piece)
        await writer.drain()
        stays = await _answer(reader)
        each_ms.append((time.perf_counter() - began) * 1000)
        if not stays:
            writer.close()
            reader = writer = None
    if writer is not None:
        writer.close()
        await writer.wait_closed()


async def _answer(reader: asyncio.StreamReader) -> bool:
    """Read one answer; whether the connection stays open."""
    head = (await reader.readuntil(b"\r\n\r\n")).lower()
    length = int(head.partition(b"content-length: ")[2].partition(b"\r\n")[0])
    body = await reader.readexactly(length)
    if not head.startswith(b"http/1.1 200 "):
        raise RuntimeError(f"{head[:60]!r} {body[:300]!r}")
    return b"connection: close" not in head
