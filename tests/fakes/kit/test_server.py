import asyncio
import json

import httpx
import pytest
from starlette.responses import JSONResponse
from starlette.types import Receive, Scope, Send

from fakes.kit.server import listen, serve


async def told(scope: Scope, receive: Receive, send: Send) -> None:
    await JSONResponse({"scheme": scope["scheme"], "client": scope["client"][0]})(scope, receive, send)


async def test_who_asks_is_who_is_connected_whatever_headers_say() -> None:
    stop, sock = asyncio.Event(), listen("127.0.0.1", 0)
    url = f"http://127.0.0.1:{sock.getsockname()[1]}/"
    serving = asyncio.create_task(serve({sock: told}, stop))
    forged = {"X-Forwarded-For": "8.8.8.8", "X-Forwarded-Proto": "https"}

    async with httpx.AsyncClient(trust_env=False) as client:
        answer = await client.get(url, headers=forged)
    stop.set()
    await serving

    assert json.loads(answer.content) == {"scheme": "http", "client": "127.0.0.1"}


def test_a_port_that_is_taken_is_named() -> None:
    with listen("127.0.0.1", 0) as first:
        port = first.getsockname()[1]

        with pytest.raises(OSError, match=rf"Address already in use: 127\.0\.0\.1:{port}"):
            listen("127.0.0.1", port)
