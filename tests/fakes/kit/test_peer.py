"""Clients that leave, as the server tells it to who holds an answer back."""

import asyncio
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest
from starlette.requests import Request
from starlette.types import Receive, Scope, Send

from fakes.kit.peer import Peer, peer_of, while_connected
from fakes.kit.server import listen, serve

REQUEST = b"GET / HTTP/1.1\r\nHost: fake\r\n\r\n"


async def test_a_client_that_closes_its_connection_has_left() -> None:
    peer = await peer_after(lambda writer: writer.close())

    assert (peer.is_connected, peer.has_left) == (False, True)


async def test_a_client_that_dies_has_left() -> None:
    def reset(writer: asyncio.StreamWriter) -> None:
        connection = writer.get_extra_info("socket")
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00")
        writer.transport.abort()

    peer = await peer_after(reset)

    assert (peer.is_connected, peer.has_left) == (False, True)


async def test_an_answer_that_is_held_back_does_not_use_up_the_grace_of_a_stop() -> None:
    async with held() as (peers, stop, served, _writer):
        stop.set()
        async with asyncio.timeout(0.9):
            await served

    assert peers[0].has_left


async def test_a_connection_that_the_server_closes_is_no_client_that_left() -> None:
    peers: list[Peer] = []

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        peers.append(peer_of(Request(scope, receive)))
        await send({"type": "http.response.start", "status": 200, "headers": [(b"connection", b"close")]})
        await send({"type": "http.response.body", "body": b""})

    stop = asyncio.Event()
    sock = listen("127.0.0.1", 0)
    served = asyncio.create_task(serve({sock: answer}, stop))
    reader, writer = await asyncio.open_connection(*sock.getsockname())
    writer.write(REQUEST)
    async with asyncio.timeout(10):
        await reader.read()
        while peers[0].is_connected:  # noqa: ASYNC110 - the loop has to turn
            await asyncio.sleep(0)
    stop.set()
    await served
    writer.close()

    assert not peers[0].has_left


def test_who_waits_is_told_at_once_and_only_once() -> None:
    peer, told = Peer(), list[str]()
    peer.on_leave(lambda: told.append("told"))
    forget = peer.on_leave(lambda: told.append("forgotten"))
    forget()

    peer.leave()
    peer.leave()
    peer.on_leave(lambda: told.append("told late"))

    assert told == ["told", "told late"]


@pytest.mark.parametrize("scope", [{"type": "http"}, {"type": "http", "state": {}}])
def test_a_server_that_tells_nothing_has_clients_that_never_leave(scope: Scope) -> None:
    assert peer_of(Request(scope)).is_connected


async def peer_after(end: Callable[[asyncio.StreamWriter], None]) -> Peer:
    """The server's view of a client that ends its connection in some way."""
    async with held() as (peers, stop, served, writer):
        left = asyncio.Event()
        peers[0].on_leave(left.set)
        end(writer)
        async with asyncio.timeout(10):
            await left.wait()
        stop.set()
        await served
    return peers[0]


@asynccontextmanager
async def held() -> AsyncIterator[tuple[list[Peer], asyncio.Event, asyncio.Task[None], asyncio.StreamWriter]]:
    """A server that holds its answers back until the client leaves, and a client that has asked."""
    peers: list[Peer] = []
    asked = asyncio.Event()

    async def hold(scope: Scope, receive: Receive, send: Send) -> None:
        peer = peer_of(Request(scope, receive))
        peers.append(peer)
        left = asyncio.Event()
        peer.on_leave(left.set)
        asked.set()
        await left.wait()
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    stop = asyncio.Event()
    sock = listen("127.0.0.1", 0)
    served = asyncio.create_task(serve({sock: hold}, stop))
    _, writer = await asyncio.open_connection(*sock.getsockname())
    writer.write(REQUEST)
    try:
        async with asyncio.timeout(10):
            await asked.wait()
            yield peers, stop, served, writer
    finally:
        stop.set()
        await served
        writer.close()


async def test_work_is_done_while_its_client_is_there() -> None:
    async def work() -> str:
        await asyncio.sleep(0)
        return "done"

    assert await while_connected(Peer(), work()) == "done"


@pytest.mark.parametrize("leaves_first", [True, False])
async def test_work_ends_when_its_client_leaves(leaves_first: bool) -> None:
    peer, begun = Peer(), asyncio.Event()

    async def work() -> str:
        begun.set()
        await asyncio.Event().wait()
        return "done"

    if leaves_first:
        peer.leave()
    waiting = asyncio.create_task(while_connected(peer, work()))
    async with asyncio.timeout(10):
        if not leaves_first:
            await begun.wait()
            peer.leave()

        assert await waiting is None


async def test_an_error_of_the_work_is_raised() -> None:
    async def work() -> None:
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        await while_connected(Peer(), work())


async def test_who_waits_can_be_cancelled_and_the_work_with_it() -> None:
    ended = asyncio.Event()

    async def work() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    waiting = asyncio.create_task(while_connected(Peer(), work()))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    waiting.cancel()

    with pytest.raises(asyncio.CancelledError):
        await waiting
    async with asyncio.timeout(10):
        await ended.wait()
