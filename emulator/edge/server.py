"""Listens, looks after all connections, and stops without losing what is under way."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, suppress

from emulator.edge.client import ClientConnection
from emulator.edge.control import Control, ControlConnection
from emulator.edge.journal import Journal
from emulator.edge.routes import Routes
from emulator.edge.settings import EdgeSettings
from emulator.edge.shared import Shared

CONTROL = "control"
_BACKLOG = 2048
_MOST_SWEEPS_S = 1.0


class Edge:
    """The running edge. Made by `edge`."""

    def __init__(self, shared: Shared, servers: Mapping[str, asyncio.Server]) -> None:
        self._shared = shared
        self._servers = servers

    @property
    def ports(self) -> dict[str, int]:
        """Entrance -> port, as it came to be where 0 was asked for."""
        return {name: server.sockets[0].getsockname()[1] for name, server in self._servers.items()}

    async def stop(self) -> None:
        """Take nothing new, and end when all is answered or the grace is over."""
        shared = self._shared
        shared.is_stopping = True
        for name, server in self._servers.items():
            if name != CONTROL:
                server.close()
        for client in tuple(shared.clients):
            client.stop()
        until_s = shared.loop.time() + shared.limits.grace_s
        while shared.clients and shared.loop.time() < until_s:  # noqa: ASYNC110 - a stop may look each 10 ms
            await asyncio.sleep(0.01)


@asynccontextmanager
async def edge(
    settings: EdgeSettings, write: Callable[[bytes], object], wall_s: Callable[[], float] = time.time
) -> AsyncIterator[Edge]:
    """Run the edge; log lines go to `write`.

    Raises:
        OSError: A port is taken.
        BadRoute: The file of the routes cannot be read.
    """
    loop = asyncio.get_running_loop()
    own = {f"{host}:{port}" for port in settings.ports.values() for host in ("127.0.0.1", "localhost")}
    shared = Shared(
        loop=loop,
        routes=Routes(settings.routes, settings.routes_file, own),
        journal=Journal(write, loop.call_later),
        limits=settings.limits,
        domain=settings.domain,
        wall_s=wall_s,
    )
    control = Control(shared)
    async with AsyncExitStack() as stack:
        servers = {
            name: await _listen(stack, shared, control, settings.host, name, port)
            for name, port in settings.ports.items()
        }
        sweeping = loop.create_task(_sweep(shared))
        try:
            running = Edge(shared, servers)
            known = {"ports": running.ports, "routes": shared.routes.public()}
            shared.journal.say("info", "edge started", wall_s(), **known)
            yield running
        finally:
            sweeping.cancel()
            with suppress(asyncio.CancelledError):
                await sweeping
            for client in tuple(shared.clients):
                client.abort()
            while shared.clients:  # noqa: ASYNC110 - one turn of the loop, without an event for it
                await asyncio.sleep(0)  # the loop tells each that it is closed, which is written down
            shared.upstreams.tidy(frozenset(), loop.time())
            shared.journal.flush()


async def _listen(
    stack: AsyncExitStack, shared: Shared, control: Control, host: str, name: str, port: int
) -> asyncio.Server:
    def new() -> asyncio.Protocol:
        return ControlConnection(shared, control) if name == CONTROL else ClientConnection(shared, name)

    server = await shared.loop.create_server(new, host, port, backlog=_BACKLOG)
    stack.callback(server.close)
    return server


async def _sweep(shared: Shared) -> None:
    """End what took too long. One look at all costs less than a timer for each."""
    limits = shared.limits
    shortest_s = min(limits.answer_s, limits.head_s, limits.keep_alive_s, limits.linger_s)
    every_s = min(_MOST_SWEEPS_S, shortest_s / 4)
    while True:
        await asyncio.sleep(every_s)
        now_s = shared.loop.time()
        for client in tuple(shared.clients):
            client.sweep(now_s)
        shared.upstreams.tidy(shared.routes.addresses, now_s)
