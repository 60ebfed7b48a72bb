"""Serves fakes on one port each, in one process and one event loop."""

import asyncio
import contextlib
import signal
import socket
import ssl
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, cast

import uvicorn
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

from fakes.kit.peer import Peer


class JoinedWrites:
    """A transport that sends what was written within one turn of the loop as one segment.

    Some clients leave their session before they read the answer's body and fail when head and body come
    apart; joined writes spare them that.
    """

    def __init__(self, transport: asyncio.Transport) -> None:
        self._transport = transport
        self._loop = asyncio.get_running_loop()
        self._parts: list[bytes] = []

    def write(self, data: bytes) -> None:
        """Take bytes; they leave at the end of this turn of the loop."""
        if not self._parts:
            self._loop.call_soon(self._flush)
        self._parts.append(data)

    def close(self) -> None:
        """Send what is left, then close."""
        self._flush()
        self._transport.close()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)

    def _flush(self) -> None:
        if self._parts and not self._transport.is_closing():
            self._transport.write(b"".join(self._parts))
        self._parts.clear()


class JoinedProtocol(H11Protocol):
    """HTTP/1.1 with joined writes; handlers find `transport` and `peer` in `scope["state"]`."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Wrap the transport."""
        joined: Any = JoinedWrites(cast(asyncio.Transport, transport))
        self._peer = Peer()
        self.app_state = {**self.app_state, "transport": transport, "peer": self._peer}
        super().connection_made(joined)

    def eof_received(self) -> None:
        """Note that it is the client who ends the connection."""
        self._peer.leave()

    def connection_lost(self, exc: Exception | None) -> None:
        """Note it, whoever ended the connection; an error is a client that is gone."""
        if exc is not None:
            self._peer.leave()
        self._peer.close()
        super().connection_lost(exc)

    def shutdown(self) -> None:
        """End what waits for this client, so that it does not use up the grace."""
        self._peer.leave()
        super().shutdown()


class _Server(uvicorn.Server):
    """Ends as soon as `stop` is set, instead of at the next tenth of a second."""

    def __init__(self, config: uvicorn.Config, stop: asyncio.Event) -> None:
        super().__init__(config)
        self._stop = stop

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield  # the caller owns the signals

    async def main_loop(self) -> None:
        while not self._stop.is_set():
            await self.on_tick(0)  # sets the Date header
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._stop.wait(), 1)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """As the base class, without its sleep: what is under way has the grace to end.

        With TLS, that is requests only: a client that idles does not answer the end of its connection.
        """
        for server in self.servers:
            server.close()
        for sock in sockets or ():
            sock.close()
        state, is_plain = self.server_state, self.config.ssl is None
        for connection in list(state.connections):
            connection.shutdown()
        await self._while(lambda: bool(state.tasks or (is_plain and state.connections)))
        for task in state.tasks:
            task.cancel()
        for connection in list(state.connections):
            connection.transport.abort()
        await self._while(lambda: bool(state.connections))
        await self.lifespan.shutdown()

    async def _while(self, condition: Callable[[], bool]) -> None:
        """Wait as long as this holds, and no longer than the grace."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self.config.timeout_graceful_shutdown):
                while condition():  # noqa: ASYNC110 - uvicorn tells nobody
                    await asyncio.sleep(0.005)


class ByPort:
    """Hands each request to the application of the port that it came in on."""

    def __init__(self, apps: Mapping[int, ASGIApp]) -> None:
        self._apps = apps

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        await self._apps[scope["server"][1]](scope, receive, send)


def listen(host: str, port: int) -> socket.socket:
    """A listening socket on `host`:`port` (0 for any free port).

    Raises:
        OSError: The port is taken, or not one for everybody; the text names it.
    """
    sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        sock.bind((host, port))
        sock.listen(1024)
    except OSError as error:
        sock.close()
        raise OSError(error.errno, f"{error.strerror}: {host}:{port}") from error
    return sock


async def serve(
    apps: Mapping[socket.socket, ASGIApp], stop: asyncio.Event, tls: ssl.SSLContext | None = None
) -> None:
    """Serve each application on its listening socket until `stop` is set; closes the sockets.

    Args:
        tls: Makes all of them speak TLS.
    """
    by_port = ByPort({sock.getsockname()[1]: app for sock, app in apps.items()})
    config = uvicorn.Config(
        by_port,
        http=JoinedProtocol,
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,  # who asks is who is connected, whatever a header says
        date_header=True,
        timeout_keep_alive=75,
        timeout_graceful_shutdown=1,
    )
    config.load()
    config.ssl = tls
    await _Server(config, stop).serve(list(apps))


def tls_context(chain: Path, key: Path) -> ssl.SSLContext:
    """What a server speaks with this certificate: TLS 1.2 and newer, HTTP/1.1 in it."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols(["http/1.1"])
    context.load_cert_chain(chain, key)
    return context


def stop_on_signals() -> asyncio.Event:
    """An event that SIGTERM and SIGINT set."""
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    return stop
