"""An edge in this process, and applications behind it that do byte for byte what a test says."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest

from emulator.edge.routes import Route
from emulator.edge.server import Edge, edge
from emulator.edge.settings import EdgeSettings, Limits
from emulator.httpclient import get
from emulator.releases.traffic import Traffic

DEADLINE_S = 10.0
DOMAIN = "staging.clipnet.localhost"
QUICK = Limits(answer_s=0.4, refused_s=0.2, head_s=0.4, linger_s=0.4, grace_s=1.0)

Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


class Client:
    """A raw connection to a port of this machine."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    async def send(self, data: bytes) -> None:
        self.writer.write(data)
        await self.writer.drain()

    async def until(self, mark: bytes) -> bytes:
        return await self.reader.readuntil(mark)

    async def head(self) -> bytes:
        return await self.reader.readuntil(b"\r\n\r\n")

    async def exactly(self, count: int) -> bytes:
        return await self.reader.readexactly(count)

    async def rest(self) -> bytes:
        return await self.reader.read()


@dataclass
class Application:
    """A server behind the edge; it counts its connections and keeps the heads that it got."""

    port: int
    connections: int = 0
    heads: list[bytes] = field(default_factory=list)
    ended: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"


@dataclass
class Stage:
    """The edge with its log."""

    running: Edge
    lines: list[bytes]

    @property
    def ports(self) -> Mapping[str, int]:
        return self.running.ports

    @property
    def traffic(self) -> Traffic:
        return Traffic(self.ports["control"])

    async def told(self, path: str) -> Any:
        """What the control surface answers to this."""
        return (await get(f"http://127.0.0.1:{self.ports['control']}/_edge/{path}", DEADLINE_S)).json()

    async def last(self) -> dict[str, Any]:
        """The last request that is over."""
        found: list[dict[str, Any]] = (await self.told("requests?limit=1"))["requests"]
        return found[0]

    async def under_way(self) -> int:
        under_way: dict[str, int] = (await self.told("routes"))["under_way"]
        return sum(under_way.values())


@asynccontextmanager
async def connected(port: int) -> AsyncIterator[Client]:
    """A connection, closed at the end; all of its use has a deadline."""
    async with asyncio.timeout(DEADLINE_S):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        try:
            yield Client(reader, writer)
        finally:
            writer.close()


async def asked(port: int, request: bytes) -> bytes:
    """Everything that is answered to these bytes until the connection ends."""
    async with connected(port) as client:
        await client.send(request)
        return await client.rest()


@asynccontextmanager
async def serving(handler: Handler, port: int = 0) -> AsyncIterator[Application]:
    """Run an application that treats each connection by `handler`."""

    async def counted(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        application.connections += 1
        try:
            await handler(reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            application.ended.set()
            writer.close()

    server = await asyncio.start_server(counted, "127.0.0.1", port)
    application = Application(server.sockets[0].getsockname()[1])
    async with server:
        yield application


def answering(*answers: bytes, closes: bool = False) -> Handler:
    """Answer one request after the other with these bytes, whatever it asks; bodies must have a length."""

    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for answer in answers:
            await request_of(reader)
            writer.write(answer)
            await writer.drain()
        if not closes:
            await reader.read()

    return handler


async def request_of(reader: asyncio.StreamReader) -> tuple[bytes, bytes]:
    """Head and body of the next request."""
    head = await reader.readuntil(b"\r\n\r\n")
    length = head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0]
    return head, await reader.readexactly(int(length)) if length else b""


@asynccontextmanager
async def staged(
    routes: Mapping[str, str], limits: Limits = QUICK, hosts: Mapping[str, str] | None = None
) -> AsyncIterator[Stage]:
    """An edge with these routes (name -> address)."""
    settings = EdgeSettings(
        host="127.0.0.1",
        ports={"web": 0, "api": 0, "edge": 0, "control": 0},
        routes={name: Route(address, (hosts or {}).get(name), "0.1.0") for name, address in routes.items()},
        routes_file=None,
        domain=DOMAIN,
        limits=limits,
    )
    lines: list[bytes] = []
    async with edge(settings, lines.append) as running:
        yield Stage(running, lines)


Start = Callable[..., Awaitable[tuple[Stage, Application]]]


@pytest.fixture
async def start() -> AsyncIterator[Start]:
    """Start an application and an edge before it, as the API."""
    async with AsyncExitStack() as stack:

        async def both(handler: Handler, limits: Limits = QUICK) -> tuple[Stage, Application]:
            application = await stack.enter_async_context(serving(handler))
            stage = await stack.enter_async_context(staged({"api": application.address}, limits))
            return stage, application

        yield both


async def eventually(condition: Callable[[], Awaitable[bool]], what: str) -> None:
    """Ask until it holds."""
    try:
        async with asyncio.timeout(DEADLINE_S):
            while not await condition():  # noqa: ASYNC110 - what is asked for is in another place
                await asyncio.sleep(0.01)
    except TimeoutError:
        raise AssertionError(f"waited {DEADLINE_S} s for {what}") from None
