"""Requests and answers through the edge, byte for byte, with real sockets on both sides."""

from __future__ import annotations

import asyncio

import pytest

from emulator.edge.settings import Limits
from tests.emulator.edge.conftest import (
    Client,
    Stage,
    Start,
    answering,
    asked,
    connected,
    eventually,
    request_of,
    serving,
    staged,
)

GET = b"GET /p?q HTTP/1.1\r\nHost: shop\r\n\r\n"
CLOSE = b"GET / HTTP/1.1\r\nHost: shop\r\nConnection: close\r\n\r\n"
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"


async def test_connections_are_kept_on_both_sides(start: Start) -> None:
    stage, application = await start(answering(OK, OK, OK))

    async with connected(stage.ports["api"]) as client:
        for _ in range(3):
            await client.send(GET)
            head = await client.head()
            assert await client.exactly(2) == b"ok"

    assert head.startswith(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX-Request-Id: ")
    assert application.connections == 1


async def test_requests_sent_at_once_are_answered_in_their_order(start: Start) -> None:
    answers = [b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n%03d" % number for number in range(50)]
    stage, _ = await start(answering(*answers))

    async with connected(stage.ports["api"]) as client:
        await client.send(GET * 50)
        bodies = []
        for _ in range(50):
            await client.head()
            bodies.append(await client.exactly(3))

    assert bodies == [b"%03d" % number for number in range(50)]


@pytest.mark.parametrize("step", [1, 5, 10_000])
async def test_chunks_go_through_both_ways(start: Start, step: int) -> None:
    got = bytearray()

    async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        while (size := int(await reader.readuntil(b"\r\n"), 16)) > 0:
            got.extend(await reader.readexactly(size))
            await reader.readexactly(2)
        writer.write(CHUNKED + b"3\r\nabc\r\n2;x\r\nde\r\n0\r\nT: 1\r\n\r\n")
        await reader.read()

    stage, _ = await start(echo)
    request = b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
    request += b"5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n"

    async with connected(stage.ports["api"]) as client:
        for start_at in range(0, len(request), step):
            await client.send(request[start_at : start_at + step])
        answer = await client.rest()

    assert bytes(got) == b"hello world"
    assert answer.endswith(b"Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n5\r\nabcde\r\n0\r\n\r\n")


@pytest.mark.parametrize(
    ("request_head", "answer"),
    [
        (b"HEAD / HTTP/1.1\r\nHost: a\r\n\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n"),
        (GET, b"HTTP/1.1 204 No Content\r\n\r\n"),
        (GET, b"HTTP/1.1 304 Not Modified\r\nContent-Length: 5000\r\n\r\n"),
    ],
)
async def test_an_answer_without_a_body_keeps_the_connections(
    start: Start, request_head: bytes, answer: bytes
) -> None:
    stage, application = await start(answering(answer, OK))

    async with connected(stage.ports["api"]) as client:
        await client.send(request_head)
        head = await client.head()
        await client.send(GET)
        await client.head()
        assert await client.exactly(2) == b"ok"

    assert head.split(b"\r\n")[0] == answer.split(b"\r\n")[0]
    assert (b"5000" in head) == (b"5000" in answer)
    assert application.connections == 1


async def test_a_client_is_told_to_go_on_by_the_application_alone(start: Start) -> None:
    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        assert b"Expect: 100-continue" in await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        assert await reader.readexactly(5) == b"hello"
        writer.write(OK)
        await reader.read()

    stage, _ = await start(handler)

    async with connected(stage.ports["api"]) as client:
        await client.send(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n")
        assert await client.head() == b"HTTP/1.1 100 Continue\r\n\r\n"
        await client.send(b"hello")
        assert b"200 OK" in await client.head()


async def test_a_client_that_is_not_told_to_go_on_need_not_send_its_body(start: Start) -> None:
    stage, _ = await start(answering(b"HTTP/1.1 200 No need\r\nContent-Length: 0\r\n\r\n"))

    async with connected(stage.ports["api"]) as client:
        await client.send(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Type: a\r\nExpect: 100-continue\r\n")
        await client.send(b"Transfer-Encoding: chunked\r\n\r\n")
        answer = await client.rest()

    assert answer.startswith(b"HTTP/1.1 200 No need")
    assert b"Connection: close" in answer


async def test_early_hints_come_before_the_answer(start: Start) -> None:
    stage, _ = await start(answering(b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" + OK))

    async with connected(stage.ports["api"]) as client:
        await client.send(GET)
        heads = await client.head(), await client.head()

    assert heads[0] == b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"
    assert heads[1].startswith(b"HTTP/1.1 200 OK")


async def test_an_answer_in_the_middle_of_an_upload_reaches_the_client(start: Start) -> None:
    async def refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        await reader.readexactly(1000)
        writer.write(b"HTTP/1.1 413 Too Large\r\nContent-Length: 3\r\nConnection: close\r\n\r\nno!")
        await writer.drain()

    stage, _ = await start(refuse)

    async with connected(stage.ports["api"]) as client:
        await client.send(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 50000000\r\n\r\n" + b"x" * 1000)
        head = await client.head()
        for _ in range(50):
            await client.send(b"x" * 100_000)
        body = await client.rest()

    assert head.startswith(b"HTTP/1.1 413 Too Large")
    assert b"Connection: close" in head
    assert body == b"no!"
    assert (await stage.last())["status"] == 413


async def test_an_answer_that_lasts_until_the_end_is_sent_in_chunks(start: Start) -> None:
    stage, _ = await start(answering(b"HTTP/1.1 200 OK\r\n\r\nabc", closes=True))

    answer = await asked(stage.ports["api"], CLOSE)

    assert answer.endswith(b"\r\n\r\n3\r\nabc\r\n0\r\n\r\n")


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\n\r\nabc",
        CHUNKED + b"3\r\nabc\r\n0\r\n\r\n",
    ],
)
async def test_a_client_of_http_1_0_gets_no_chunks(start: Start, answer: bytes) -> None:
    stage, _ = await start(answering(answer, closes=True))

    got = await asked(stage.ports["api"], b"GET / HTTP/1.0\r\n\r\n")

    assert b"chunked" not in got
    assert got.endswith(b"Connection: close\r\n\r\nabc")


async def test_events_arrive_one_by_one(start: Start) -> None:
    seen = asyncio.Event()

    async def events(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(CHUNKED)
        for number in range(3):
            event = b"data: %d\n\n" % number
            writer.write(b"%x\r\n%b\r\n" % (len(event), event))
            await seen.wait()  # the next is made only when the client has this one
            seen.clear()
        writer.write(b"0\r\n\r\n")

    stage, _ = await start(events)

    async with connected(stage.ports["api"]) as client:
        await client.send(CLOSE)
        await client.head()
        for number in range(3):
            assert b"data: %d\n\n" % number in await client.until(b"\n\n\r\n")
            seen.set()
        assert await client.rest() == b"0\r\n\r\n"


async def test_a_client_that_goes_away_is_missed_by_the_application(start: Start) -> None:
    asked_for = asyncio.Event()

    async def wait(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        asked_for.set()
        assert await reader.read() == b""

    stage, application = await start(wait)

    async with connected(stage.ports["api"]) as client:
        await client.send(GET)
        await asked_for.wait()
        client.writer.transport.abort()
        await application.ended.wait()

    last = await stage.last()
    assert (last["status"], last["error"]) == (499, "the client went away")
    assert await stage.under_way() == 0


async def test_a_client_that_goes_away_in_the_middle_of_its_body_is_missed(start: Start) -> None:
    got: list[bytes] = []
    came = asyncio.Event()

    async def wait(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        got.append(await reader.readexactly(5))
        came.set()
        await reader.readexactly(1)

    stage, application = await start(wait)

    async with connected(stage.ports["api"]) as client:
        await client.send(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nhello")
        await came.wait()
        client.writer.close()
        await application.ended.wait()

    assert got == [b"hello"]
    assert (await stage.last())["status"] == 499


async def test_a_client_that_has_said_all_is_answered_all_the_same(start: Start) -> None:
    async def answer_after_the_end(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        assert await reader.read() == b""
        writer.write(OK)

    stage, _ = await start(answer_after_the_end)

    async with connected(stage.ports["api"]) as client:
        await client.send(GET)
        client.writer.write_eof()
        answer = await client.rest()

    assert answer.endswith(b"ok")


async def test_an_upgraded_connection_is_a_tunnel_with_two_ends(start: Start) -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        assert b"Connection: Upgrade\r\nUpgrade: chat\r\n" in head
        writer.write(b"HTTP/1.1 101 Go\r\nConnection: Upgrade\r\nUpgrade: chat\r\n\r\nhi")
        assert await reader.read() == b"early late"
        writer.write(b"bye")

    stage, _ = await start(talk)

    async with connected(stage.ports["api"]) as client:
        ask = b"GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: chat\r\n\r\n"
        await client.send(ask + b"early ")
        assert (await client.head()).endswith(b"Connection: Upgrade\r\nUpgrade: chat\r\n\r\n")
        assert await client.exactly(2) == b"hi"
        assert await stage.under_way() == 1
        await client.send(b"late")
        client.writer.write_eof()
        assert await client.rest() == b"bye"

    await eventually(lambda: _is_idle(stage), "the tunnel to end")
    last = await stage.last()
    assert (last["status"], last["bytes"], last["bytes_in"]) == (101, 5, 10)


async def test_what_is_sent_before_a_change_is_granted_does_not_fill_the_memory(start: Start) -> None:
    go_on = asyncio.Event()

    async def grant_late(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        await go_on.wait()
        writer.write(b"HTTP/1.1 101 Go\r\nConnection: Upgrade\r\nUpgrade: chat\r\n\r\n")
        left = 100_000_000
        while left:
            left -= len(await reader.read(1 << 20))
        writer.write(b"all")

    stage, _ = await start(grant_late, Limits())

    async with connected(stage.ports["api"]) as client:
        client.writer.write(b"GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: chat\r\n\r\n")
        client.writer.write(b"x" * 100_000_000)
        waiting = await stuck(client)
        go_on.set()
        await client.head()
        assert await client.exactly(3) == b"all"

    assert waiting > 50_000_000


async def stuck(client: Client) -> int:
    """Return how many bytes wait to be sent once nobody takes any more."""
    waiting, before = client.writer.transport.get_write_buffer_size(), 0
    while before != waiting:
        await asyncio.sleep(0.1)
        before, waiting = waiting, client.writer.transport.get_write_buffer_size()
    return waiting


async def _is_idle(stage: Stage) -> bool:
    return await stage.under_way() == 0


async def test_a_refused_upgrade_leaves_an_ordinary_connection(start: Start) -> None:
    stage, application = await start(answering(OK, OK))

    async with connected(stage.ports["api"]) as client:
        await client.send(b"GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: chat\r\n\r\n")
        await client.head()
        assert await client.exactly(2) == b"ok"
        await client.send(GET)
        await client.head()
        assert await client.exactly(2) == b"ok"

    assert application.connections == 1


async def test_a_slow_client_holds_the_application_back(start: Start) -> None:
    written = 0

    async def flood(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal written
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 200000000\r\n\r\n")
        for _ in range(2000):
            writer.write(b"x" * 100_000)
            await writer.drain()
            written += 100_000

    stage, application = await start(flood)

    async with connected(stage.ports["api"]) as client:
        await client.send(GET)
        await client.head()
        before = -1
        while before != written:
            before = written
            await asyncio.sleep(0.1)
        stuck_at = written
        total = 0
        while total < 200_000_000:
            total += len(await client.reader.read(1 << 20))
        await application.ended.wait()

    assert stuck_at < 50_000_000
    assert total == 200_000_000


async def test_a_slow_application_holds_the_client_back(start: Start) -> None:
    go_on = asyncio.Event()

    async def slow(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        await go_on.wait()
        left = 100_000_000
        while left:
            left -= len(await reader.read(1 << 20))
        writer.write(OK)
        await reader.read()

    stage, _ = await start(slow)

    async with connected(stage.ports["api"]) as client:
        client.writer.write(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100000000\r\n\r\n")
        client.writer.write(b"x" * 100_000_000)
        waiting = await stuck(client)
        go_on.set()
        await client.head()
        assert await client.exactly(2) == b"ok"

    assert waiting > 50_000_000


async def test_the_host_says_which_service_is_meant_at_the_shared_port(start: Start) -> None:
    stage, application = await start(answering(OK, OK))
    answers = [
        await asked(stage.ports["edge"], b"GET / HTTP/1.1\r\nHost: %b\r\nConnection: close\r\n\r\n" % host)
        for host in (b"api.staging.clipnet.localhost:8405", b"staging.clipnet.localhost", b"elsewhere.test")
    ]

    assert [answer.split(b" ")[1] for answer in answers] == [b"200", b"503", b"404"]
    assert application.connections == 1


async def test_the_application_is_told_its_own_host_where_the_route_names_one() -> None:
    heads: list[bytes] = []

    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heads.append((await request_of(reader))[0])
        writer.write(OK)

    async with (
        serving(handler) as application,
        staged({"web": application.address}, hosts={"web": "a.vercel.app"}) as stage,
    ):
        await asked(stage.ports["web"], CLOSE)

    assert b"\r\nHost: a.vercel.app\r\n" in heads[0]
    assert b"\r\nX-Forwarded-Host: shop\r\n" in heads[0]


async def test_a_request_is_one_line_in_the_log(start: Start) -> None:
    stage, application = await start(answering(OK))

    await asked(
        stage.ports["api"],
        b"GET /a?token=secret HTTP/1.1\r\nHost: a\r\nConnection: close\r\n"
        b"traceparent: 00-0123456789abcdef0123456789abcdef-00f067aa0ba902b7-01\r\n\r\n",
    )

    last = await stage.last()
    names = ("event", "level", "service", "method", "path", "status", "bytes", "route")
    assert {name: last[name] for name in names} == {
        "event": "request",
        "level": "info",
        "service": "edge",
        "method": "GET",
        "path": "/a",
        "status": 200,
        "bytes": 2,
        "route": "api",
    }
    assert (last["release"], last["upstream"]) == ("0.1.0", application.address)
    assert (last["trace_id"], last["parent_id"]) == ("0123456789abcdef0123456789abcdef", "00f067aa0ba902b7")
    assert b"secret" not in b"".join(stage.lines)
