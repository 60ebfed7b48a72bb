"""The API in this process, and a client that checks each answer against the API's own description."""

from __future__ import annotations

import asyncio
import json
import re
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
import uvicorn
from fastapi import FastAPI

from clipnet.api.app import create_app
from clipnet.api.context import Context
from clipnet.clock import ManualClock
from clipnet.settings import load

API = "http://127.0.0.1:8401"
WEB = "http://127.0.0.1:8400"
API_ALIAS = "http://api.staging.clipnet.localhost:8405"
WEB_ALIAS = "http://staging.clipnet.localhost:8405"
START = datetime(2026, 11, 21, 6, 0, tzinfo=UTC)
PASSWORD = "correct horse battery"


@dataclass(frozen=True, slots=True)
class Api:
    """A running API: its application, its parts and the clock that it goes by."""

    app: FastAPI
    context: Context
    clock: ManualClock

    def client(self) -> httpx.AsyncClient:
        """Return a client without cookies whose answers are checked against the description."""
        described = Described(self.app)
        transport = httpx.ASGITransport(self.app)
        return httpx.AsyncClient(
            transport=transport, base_url=API, event_hooks={"response": [described.check]}
        )


Operations = list[tuple[re.Pattern[str], dict[str, Any]]]
_described: Operations = []


def operations(app: FastAPI) -> Operations:
    """Return the operations of the description by path pattern; made once, it is the same for all tests."""
    if not _described:
        for path, methods in app.openapi()["paths"].items():
            _described.append((re.compile(re.sub(r"\{\w+\}", "[^/]+", path) + "$"), methods))
    return _described


class Described:
    """Fails on an answer that the OpenAPI description does not foresee."""

    def __init__(self, app: FastAPI) -> None:
        self._operations = operations(app)

    async def check(self, answer: httpx.Response) -> None:
        operation = self._operation(answer.request)
        if operation is None:
            return
        where = f"{answer.request.method} {answer.request.url.path}"
        documented = operation["responses"].get(str(answer.status_code))
        assert documented is not None, f"{where}: {answer.status_code} is not documented"
        if answer.status_code >= 400:
            await answer.aread()
            body = json.loads(answer.content)
            assert answer.headers["content-type"] == "application/problem+json", where
            assert body["code"] in documented["x-codes"], f"{where}: {body['code']} is not documented"
            assert {"type", "title", "status", "detail", "instance"} <= body.keys()
            assert body["status"] == answer.status_code

    def _operation(self, request: httpx.Request) -> dict[str, Any] | None:
        for pattern, operations in self._operations:
            if pattern.match(request.url.path) and request.method.lower() in operations:
                found: dict[str, Any] = operations[request.method.lower()]
                return found
        return None


@pytest.fixture
async def api(clean: None, env: dict[str, str]) -> AsyncIterator[Api]:
    """The API on an empty database, with a clock that stands still."""
    clock = ManualClock(START)
    context = Context(load(env), clock=clock)
    yield Api(create_app(context), context, clock)
    await context.close()


@pytest.fixture
async def client(api: Api) -> AsyncIterator[httpx.AsyncClient]:
    """A client that is not logged in."""
    async with api.client() as client:
        yield client


SignUp = Callable[..., Awaitable[httpx.AsyncClient]]


@pytest.fixture
async def sign_up(api: Api) -> AsyncIterator[SignUp]:
    """Makes a user and returns a client that is logged in as this one."""
    async with AsyncExitStack() as stack:

        async def make(name: str = "sam") -> httpx.AsyncClient:
            client = await stack.enter_async_context(api.client())
            body = {"email": f"{name}@example.com", "password": PASSWORD, "name": name.capitalize()}
            answer = await client.post("/v1/users", json=body)
            assert answer.status_code == 201, answer.text
            return client

        yield make


@pytest.fixture
async def sam(sign_up: SignUp) -> httpx.AsyncClient:
    """A client that is logged in as Sam."""
    return await sign_up("sam")


@pytest.fixture
async def cleo(sign_up: SignUp) -> httpx.AsyncClient:
    """A client that is logged in as Cleo."""
    return await sign_up("cleo")


@dataclass(frozen=True, slots=True)
class Served:
    """The API on a real socket, for what only a socket can show."""

    host: str
    port: int
    context: Context

    @property
    def url(self) -> str:
        """Its address."""
        return f"http://{self.host}:{self.port}"


@pytest.fixture
async def served(clean: None, env: dict[str, str]) -> AsyncIterator[Served]:
    """The API served by uvicorn on a free port, with its upkeep."""
    context = Context(load(env))
    config = uvicorn.Config(create_app(context), log_config=None, access_log=False, lifespan="on", ws="none")
    server = uvicorn.Server(config)
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        serving = asyncio.create_task(server.serve(sockets=[listener]))
        await until(lambda: server.started, "the API to start")
        yield Served("127.0.0.1", listener.getsockname()[1], context)
        server.should_exit = True
        await serving


async def until(condition: Callable[[], object], what: str, deadline_s: float = 20.0) -> None:
    """Ask until the condition holds, or fail."""
    async with asyncio.timeout(deadline_s):
        try:
            while not condition():  # noqa: ASYNC110 - what is waited for tells nobody
                await asyncio.sleep(0.005)
        except TimeoutError:
            raise TimeoutError(f"waited {deadline_s} s for {what}") from None
