"""Asks a server over a few connections and says how long each piece of work took.

The requests are bytes that were made before: hardly anything but the server is measured. A server that closes
its connections is connected to again, which counts.
"""

from __future__ import annotations

import asyncio
import statistics
import time
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial

CONNECTIONS = 16
_WITHIN_S = 1800.0


@dataclass(frozen=True, slots=True)
class Run:
    """What one run measured: milliseconds of each piece of work, and seconds of all."""

    each_ms: tuple[float, ...]
    wall_s: float

    @property
    def per_s(self) -> float:
        """Pieces of work per second."""
        return len(self.each_ms) / self.wall_s

    @property
    def p50_ms(self) -> float:
        """Half of the work took no longer."""
        return statistics.median(self.each_ms)

    @property
    def p99_ms(self) -> float:
        """One in a hundred took longer."""
        return sorted(self.each_ms)[max(0, round(len(self.each_ms) * 0.99) - 1)]


class Connection:
    """One connection to 127.0.0.1, open from its first request on.

    Args:
        port: Where the server listens.
    """

    def __init__(self, port: int) -> None:
        self._port = port
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def ask(self, pieces: Sequence[bytes]) -> bytes:
        """Send a request, given in pieces, and return the answer's body.

        Raises:
            RuntimeError: It was not answered with 200.
        """
        if self._streams is None:
            self._streams = await asyncio.open_connection("127.0.0.1", self._port, limit=1 << 20)
        reader, writer = self._streams
        for piece in pieces:
            writer.write(piece)
        await writer.drain()
        head = (await reader.readuntil(b"\r\n\r\n")).lower()
        length = int(head.partition(b"content-length: ")[2].partition(b"\r\n")[0])
        body = await reader.readexactly(length)
        if not head.startswith(b"http/1.1 200 "):
            raise RuntimeError(f"{head[:60]!r} {body[:300]!r}")
        if b"connection: close" in head:
            self.close()
        return body

    def close(self) -> None:
        """Close it; the next request opens it again."""
        if self._streams is not None:
            self._streams[1].close()
            self._streams = None


Work = Callable[[Connection], Awaitable[object]]


def send(port: int, requests: Iterable[Sequence[bytes]], connections: int = CONNECTIONS) -> Run:
    """Send requests, each given in pieces, to 127.0.0.1.

    Raises:
        ExceptionGroup: Of RuntimeErrors, when requests were not answered with 200.
    """
    return do(port, (partial(Connection.ask, pieces=pieces) for pieces in requests), connections)


def do(port: int, works: Iterable[Work], connections: int = CONNECTIONS) -> Run:
    """Do each piece of work over one of the connections; all within half an hour.

    Raises:
        ExceptionGroup: Of what the pieces of work raised.
    """
    return asyncio.run(_do(port, iter(works), connections))


async def _do(port: int, works: Iterator[Work], connections: int) -> Run:
    each_ms: list[float] = []
    began = time.perf_counter()
    async with asyncio.timeout(_WITHIN_S), asyncio.TaskGroup() as group:
        for _ in range(connections):
            group.create_task(_over_one(Connection(port), works, each_ms))
    return Run(tuple(each_ms), time.perf_counter() - began)


async def _over_one(connection: Connection, works: Iterator[Work], each_ms: list[float]) -> None:
    try:
        for work in works:
            began = time.perf_counter()
            await work(connection)
            each_ms.append((time.perf_counter() - began) * 1000)
    finally:
        connection.close()
