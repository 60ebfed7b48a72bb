"""The control surface: what programs of this machine may ask and change, and nobody else."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from emulator.errors import CheckFailed
from emulator.releases.traffic import Route, Traffic
from tests.emulator.edge.conftest import (
    Stage,
    Start,
    answering,
    asked,
    connected,
    eventually,
    serving,
    staged,
)
from tests.servers import free_port

GET = b"GET / HTTP/1.1\r\nHost: shop\r\n\r\n"
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


async def ask(
    stage: Stage, method: str, path: str, body: bytes = b"", *lines: str, host: str = "127.0.0.1:8406"
) -> tuple[int, Any]:
    head = [f"{method} {path} HTTP/1.1", f"Host: {host}", f"Content-Length: {len(body)}", *lines, "\r\n"]
    answer = await asked(stage.ports["control"], "\r\n".join(head).encode() + body)
    return int(answer.split(b" ", 2)[1]), json.loads(answer.partition(b"\r\n\r\n")[2])


async def test_routes_and_what_is_under_way_are_told(start: Start) -> None:
    stage, application = await start(answering())

    async with connected(stage.ports["api"]) as client:
        await client.send(GET)
        await eventually(lambda: _has(stage, 1), "the request")
        status, told = await ask(stage, "GET", "/_edge/routes")

    route = {"address": application.address, "host": None, "release": "0.1.0"}
    assert (status, told) == (200, {"routes": {"api": route}, "under_way": {application.address: 1}})


async def test_health_is_told() -> None:
    async with staged({}) as stage:
        assert await ask(stage, "GET", "/_edge/health") == (200, {"status": "ok"})


@pytest.mark.parametrize(
    ("method", "path", "body", "wanted", "words"),
    [
        ("GET", "/", b"", 404, "there is no GET /; there are: GET /_edge/health, GET /_edge/routes"),
        ("POST", "/_edge/routes", b"", 404, "there is no POST /_edge/routes"),
        ("PUT", "/_edge/routes", b"{", 400, "the body is no JSON"),
        ("PUT", "/_edge/routes", b"[]", 400, '"routes" names nothing'),
        ("PUT", "/_edge/routes", b'{"routes": {"api": {}}}', 400, "route 'api' has the address None"),
        ("GET", "/_edge/requests?limit=all", b"", 400, "limit is 'all'; write a number, such as 100"),
        ("GET", "/_edge/drained", b"", 400, "say at which address"),
        ("GET", "/_edge/drained?address=a:1&within_s=-1", b"", 400, "within_s is '-1'; write seconds"),
        ("GET", "/_edge/drained?address=a:1&within_s=nan", b"", 400, "within_s is 'nan'; write seconds"),
        ("PUT", "/_edge/routes", b" " * (1 << 20) + b"{}", 413, "the body is larger than 1048576 bytes"),
        ("F@O", "/_edge/routes", b"", 400, "the method is not known"),
        ("GET", "//[", b"", 404, "there is no GET //[; there are"),
        ("PUT", "/_edge/routes", b"[" * 100_000, 400, "the body is no JSON"),
        ("GET", f"/_edge/requests?limit={'9' * 5000}", b"", 400, "limit is '999"),
    ],
)
async def test_a_bad_question_is_refused_in_words(
    method: str, path: str, body: bytes, wanted: int, words: str
) -> None:
    async with staged({}) as stage:
        status, told = await ask(stage, method, path, body)

    assert (status, words in told["error"]) == (wanted, True), told


@pytest.mark.parametrize(
    ("host", "lines"),
    [
        ("evil.test", []),
        ("evil.test:8406", []),
        ("127.0.0.1", ["Origin: http://evil.test"]),
        ("127.0.0.1", ["Origin: null"]),
        ("[evil.test", []),
        ("127.0.0.1", ["Origin: http://[evil.test"]),
    ],
)
async def test_a_page_of_elsewhere_may_not_control_the_edge(host: str, lines: list[str]) -> None:
    async with staged({}) as stage:
        body = b'{"routes": {"api": {"address": "127.0.0.1:1"}}}'
        status, told = await ask(stage, "PUT", "/_edge/routes", body, *lines, host=host)

        assert status == 403
        assert "evil.test" in told["error"] or "null" in told["error"]
        assert await stage.traffic.routes() == {}


@pytest.mark.parametrize("beginning", [b"", b"GET /_edge/health HTTP/1.1\r\nHo"])
async def test_who_does_not_say_what_it_wants_is_not_listened_to_for_ever(beginning: bytes) -> None:
    async with staged({}) as stage:
        assert await asked(stage.ports["control"], beginning) == b""


async def test_the_control_surface_is_not_reached_by_the_public_ports(start: Start) -> None:
    stage, application = await start(answering(OK))

    await asked(stage.ports["api"], b"GET /_edge/routes HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")

    assert application.connections == 1


async def test_new_requests_go_elsewhere_and_old_ones_end_where_they_are(start: Start) -> None:
    answer_now = asyncio.Event()

    async def old(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        await answer_now.wait()
        writer.write(OK.replace(b"ok", b"v1"))

    stage, before = await start(old)
    async with (
        serving(answering(OK.replace(b"ok", b"v2"))) as after,
        connected(stage.ports["api"]) as first,
        connected(stage.ports["api"]) as second,
    ):
        await first.send(GET)
        await eventually(lambda: _has(stage, 1), "the first request")

        await stage.traffic.lead({"api": Route(after.address, "0.2.0")})
        await second.send(GET)
        await second.head()
        bodies = [await second.exactly(2)]
        assert await stage.traffic.drained(before.address, 0.05) == 1
        answer_now.set()
        assert await stage.traffic.drained(before.address, 5) == 0
        await first.head()
        bodies.append(await first.exactly(2))

    assert await stage.traffic.routes() == {"api": Route(after.address, "0.2.0")}
    assert bodies == [b"v2", b"v1"]
    assert [entry["release"] for entry in (await stage.told("requests"))["requests"]] == ["0.1.0", "0.2.0"]
    assert await stage.under_way() == 0


async def test_nothing_is_lost_while_routes_change_under_load() -> None:
    """Sixteen clients ask without a pause, over kept connections, while the routes change forth and back."""

    def version(name: bytes) -> bytes:
        return b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n" + name

    async def serve(name: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(version(name))

    async def load(port: int) -> set[bytes]:
        seen = set()
        async with connected(port) as client:
            while not is_over.is_set():
                await client.send(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n")
                assert (await client.head()).startswith(b"HTTP/1.1 200")
                seen.add(await client.exactly(2))
        return seen

    is_over = asyncio.Event()
    async with (
        serving(lambda reader, writer: serve(b"v1", reader, writer)) as one,
        serving(lambda reader, writer: serve(b"v2", reader, writer)) as two,
        staged({"api": one.address}) as stage,
    ):
        loads = [asyncio.create_task(load(stage.ports["api"])) for _ in range(16)]
        for number in range(20):
            new, old = (two, one) if number % 2 == 0 else (one, two)
            await stage.traffic.lead({"api": Route(new.address, "0.2.0")})
            assert await stage.traffic.drained(old.address, 5) == 0
        is_over.set()
        seen = await asyncio.gather(*loads)

    assert set.union(*seen) == {b"v1", b"v2"}


async def test_an_edge_that_does_not_answer_is_told() -> None:
    with pytest.raises(CheckFailed, match="the edge does not answer") as failed:
        await Traffic(free_port()).routes()

    assert failed.value.hint == "see: clipnet-emulate status"


async def test_what_the_edge_refuses_is_told() -> None:
    async with staged({}) as stage:
        with pytest.raises(CheckFailed, match=r"the edge refused it: route 'api' has the address 'nowhere'"):
            await stage.traffic.lead({"api": Route("nowhere", "0.2.0")})


async def _has(stage: Stage, count: int) -> bool:
    return await stage.under_way() == count
