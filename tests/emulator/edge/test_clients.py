"""Real clients and a real server: what goes through the edge is what both mean."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator

import httpx
import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus
from websockets.typing import Subprotocol

from tests.emulator.edge.conftest import Stage, staged

gone = asyncio.Event()


async def echo(request: Request) -> Response:
    digest, size = hashlib.sha256(), 0
    async for part in request.stream():
        digest.update(part)
        size += len(part)
    shown = {"size": size, "sha256": digest.hexdigest(), "client": request.client and request.client.host}
    return JSONResponse({**shown, "headers": dict(request.headers), "path": str(request.url)})


async def early(_request: Request) -> Response:
    return Response("too large", 413)


async def ticks(request: Request) -> Response:
    async def events() -> AsyncIterator[str]:
        number = 0
        try:
            while not await request.is_disconnected():
                yield f"data: {number}\n\n"
                number += 1
                await asyncio.sleep(0.01)
        finally:
            gone.set()

    return StreamingResponse(events(), media_type="text/event-stream")


async def talk(socket: WebSocket) -> None:
    await socket.accept(subprotocol="chat")
    async for text in socket.iter_text():
        await socket.send_text(text.upper())


APPLICATION = Starlette(
    routes=[
        Route("/echo", echo, methods=["GET", "POST", "PUT"]),
        Route("/early", early, methods=["POST"]),
        Route("/ticks", ticks),
        WebSocketRoute("/talk", talk),
    ]
)


@pytest.fixture
async def stage() -> AsyncIterator[Stage]:
    """An edge before a real uvicorn."""
    config = uvicorn.Config(APPLICATION, port=0, log_config=None, ws="websockets-sansio")
    server = uvicorn.Server(config)
    serving = asyncio.create_task(server.serve())
    async with asyncio.timeout(10):
        while not server.started:  # noqa: ASYNC110 - uvicorn tells nobody
            await asyncio.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    async with staged({"api": f"127.0.0.1:{port}"}) as running:
        yield running
    server.should_exit = True
    await serving


@pytest.fixture
async def client(stage: Stage) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(
        base_url=f"http://127.0.0.1:{stage.ports['api']}", trust_env=False
    ) as client:
        yield client


async def test_the_application_sees_the_request_that_the_client_made(client: httpx.AsyncClient) -> None:
    got = (await client.get("/echo?a=b%20c", headers={"Cookie": "s=1"})).json()

    assert got["path"] == f"{client.base_url}/echo?a=b%20c".replace("//echo", "/echo")
    assert (got["client"], got["size"]) == ("127.0.0.1", 0)
    assert {
        name: got["headers"][name] for name in ("cookie", "host", "x-forwarded-for", "x-forwarded-proto")
    } == {
        "cookie": "s=1",
        "host": client.base_url.netloc.decode(),
        "x-forwarded-for": "127.0.0.1",
        "x-forwarded-proto": "http",
    }


@pytest.mark.parametrize("size", [0, 1, 65_536, 5_000_001])
@pytest.mark.parametrize("is_chunked", [False, True])
async def test_bodies_arrive_whole(client: httpx.AsyncClient, size: int, is_chunked: bool) -> None:
    body = bytes(index * 7 % 251 for index in range(1000)) * (size // 1000 + 1)
    body = body[:size]

    async def parts() -> AsyncIterator[bytes]:
        for start in range(0, len(body), 30_000):
            yield body[start : start + 30_000]

    got = (await client.post("/echo", content=parts() if is_chunked else body)).json()

    assert (got["size"], got["sha256"]) == (size, hashlib.sha256(body).hexdigest())


async def test_many_clients_at_once_get_their_own_answers(client: httpx.AsyncClient) -> None:
    got = await asyncio.gather(*(client.post("/echo", content=b"%d" % number) for number in range(200)))

    assert [answer.json()["sha256"] for answer in got] == [
        hashlib.sha256(b"%d" % number).hexdigest() for number in range(200)
    ]


async def test_an_early_refusal_is_read_by_a_client_that_sends_all_first(client: httpx.AsyncClient) -> None:
    answer = await client.post("/early", content=b"x" * 20_000_000)

    assert (answer.status_code, answer.text) == (413, "too large")


async def test_events_stream_until_the_client_leaves(client: httpx.AsyncClient) -> None:
    gone.clear()

    async with asyncio.timeout(10), client.stream("GET", "/ticks") as answer:
        lines = answer.aiter_lines()
        seen = [line async for line in _first(lines, 5)]

    assert seen == ["data: 0", "", "data: 1", "", "data: 2"]
    async with asyncio.timeout(10):
        await gone.wait()


async def _first(lines: AsyncIterator[str], count: int) -> AsyncIterator[str]:
    for _ in range(count):
        yield await anext(lines)


async def test_a_websocket_talks_both_ways_and_closes(stage: Stage) -> None:
    async with asyncio.timeout(10):
        address = f"ws://127.0.0.1:{stage.ports['api']}/talk"
        async with connect(address, subprotocols=[Subprotocol("chat")], proxy=None) as socket:
            await socket.send("hello")
            first = await socket.recv()
            await socket.send("x" * 1_000_000)
            second = await socket.recv()
            under_way = await stage.under_way()
            subprotocol = socket.subprotocol
        address = (await stage.traffic.routes())["api"].address
        assert await stage.traffic.drained(address, 5) == 0

    assert (first, second, under_way, subprotocol) == ("HELLO", "X" * 1_000_000, 1, "chat")


async def test_a_websocket_that_is_refused_is_told_so(stage: Stage) -> None:
    with pytest.raises(InvalidStatus) as refused:
        await connect(f"ws://127.0.0.1:{stage.ports['api']}/nowhere", proxy=None)

    assert refused.value.response.status_code in (403, 404)
