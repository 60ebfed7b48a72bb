"""What a client gets when an application fails, and what is never done twice."""

from __future__ import annotations

import asyncio
import json
import socket
import struct
import time
from pathlib import Path

import pytest

from emulator.edge.settings import Limits
from emulator.releases.traffic import Route
from tests.emulator.edge.conftest import (
    QUICK,
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
from tests.servers import free_port

CLOSE = b"GET / HTTP/1.1\r\nHost: shop\r\nConnection: close\r\n\r\n"
GET = b"GET / HTTP/1.1\r\nHost: shop\r\n\r\n"
POST = b"POST / HTTP/1.1\r\nHost: shop\r\nContent-Length: 2\r\n\r\nhi"
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


def status(answer: bytes) -> int:
    return int(answer.split(b" ", 2)[1])


async def test_an_api_that_nobody_serves_is_answered_as_railway_does() -> None:
    async with staged({"api": f"127.0.0.1:{free_port()}"}) as stage:
        began = time.monotonic()
        answer = await asked(stage.ports["api"], CLOSE)
        took = time.monotonic() - began

    head, _, body = answer.partition(b"\r\n\r\n")
    told = json.loads(body)
    assert (status(answer), told["code"], told["status"]) == (502, 502, "error")
    assert told["message"] == "Application failed to respond"
    assert f"X-Railway-Request-Id: {told['request_id']}\r\n".encode() in head
    assert took >= QUICK.refused_s


async def test_a_frontend_that_nobody_serves_is_answered_as_vercel_does() -> None:
    async with staged({"web": f"127.0.0.1:{free_port()}"}) as stage:
        answer = await asked(stage.ports["web"], CLOSE)

    assert status(answer) == 502
    assert b"X-Vercel-Error: NO_RESPONSE_FROM_FUNCTION\r\n" in answer
    assert answer.split(b"\r\n\r\n")[1].startswith(
        b"An error occurred with your deployment\n\nNO_RESPONSE_FROM_FUNCTION\n\ndev1::"
    )


@pytest.mark.parametrize(
    ("entrance", "host", "wanted", "words"),
    [
        ("api", b"a", 503, b'"message":"Application is not deployed"'),
        ("web", b"a", 503, b"DEPLOYMENT_PAUSED"),
        ("edge", b"elsewhere.test", 404, b'"message":"Application not found"'),
        ("edge", b"web-1f2e3d4.staging.clipnet.localhost", 404, b"DEPLOYMENT_NOT_FOUND"),
    ],
)
async def test_without_a_release_there_is_none_to_ask(
    entrance: str, host: bytes, wanted: int, words: bytes
) -> None:
    async with staged({}) as stage:
        answer = await asked(
            stage.ports[entrance], b"GET / HTTP/1.1\r\nHost: %b\r\nConnection: close\r\n\r\n" % host
        )

    assert status(answer) == wanted
    assert words in answer


async def test_an_own_answer_keeps_the_connection() -> None:
    async with staged({}) as stage, connected(stage.ports["api"]) as client:
        for _ in range(2):
            await client.send(GET)
            head = await client.head()
            assert status(head) == 503
            await client.exactly(int(head.partition(b"Content-Length: ")[2].split(b"\r\n")[0]))


async def test_an_own_answer_to_head_has_no_body() -> None:
    async with staged({}) as stage:
        answer = await asked(stage.ports["api"], CLOSE.replace(b"GET", b"HEAD"))

    assert answer.endswith(b"\r\n\r\n")


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"HTTP/1.1 200 OK\r\nContent-Le",
        b"HTTP/1.1 100 Continue\r\n\r\n",
        b"rubbish\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\nx",
        b"HTTP/1.1 101 Go\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n",
    ],
)
async def test_an_application_that_answers_nothing_that_can_be_read_is_a_bad_gateway(
    start: Start, answer: bytes
) -> None:
    stage, _ = await start(answering(answer, closes=True))

    got = await asked(stage.ports["api"], CLOSE)

    assert status(got.removeprefix(b"HTTP/1.1 100 Continue\r\n\r\n")) == 502
    assert (await stage.last())["status"] == 502
    assert await stage.under_way() == 0


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nabc",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n",
    ],
)
async def test_an_answer_that_breaks_off_is_seen_to_be_not_whole(start: Start, answer: bytes) -> None:
    stage, _ = await start(answering(answer, closes=True))

    got = await asked(stage.ports["api"], GET)

    assert b"abc" in got
    assert not got.endswith(b"0\r\n\r\n")
    last = await stage.last()
    assert (last["status"], last["error"]) == (200, "the application ended its connection")


async def test_an_application_that_takes_too_long_is_a_time_out(start: Start) -> None:
    stage, application = await start(answering())

    got = await asked(stage.ports["api"], POST.replace(b"Host: shop", b"Host: shop\r\nConnection: close"))

    assert status(got) == 504
    await application.ended.wait()
    assert await stage.under_way() == 0


async def test_a_client_that_does_not_send_its_body_is_told_so(start: Start) -> None:
    stage, _ = await start(answering())

    got = await asked(stage.ports["api"], POST[:-1])

    assert status(got) == 408


async def test_a_client_that_does_not_finish_its_head_is_told_so(start: Start) -> None:
    stage, application = await start(answering())

    got = await asked(stage.ports["api"], GET[:-2])

    assert (status(got), application.connections) == (408, 0)


async def test_a_connection_that_waits_for_nothing_is_closed(start: Start) -> None:
    stage, _ = await start(answering(), Limits(keep_alive_s=0.2))

    assert await asked(stage.ports["api"], b"") == b""


@pytest.mark.parametrize(
    ("request_bytes", "wanted"),
    [
        (b"nonsense\r\n\r\n", 400),
        (
            b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            400,
        ),
        (b"GET / HTTP/1.1\r\nHost: a\r\nX: " + b"x" * 40_000 + b"\r\n\r\n", 431),
        (b"GET /" + b"x" * 20_000 + b" HTTP/1.1\r\nHost: a\r\n\r\n", 414),
    ],
)
async def test_what_is_no_request_never_reaches_the_application(
    start: Start, request_bytes: bytes, wanted: int
) -> None:
    stage, application = await start(answering(OK))

    got = await asked(stage.ports["api"], request_bytes)

    assert (status(got), application.connections) == (wanted, 0)
    assert (await stage.last())["status"] == wanted


async def test_a_request_that_hides_another_is_one_request(start: Start) -> None:
    stage, _ = await start(answering(OK, OK))
    hidden = b"0\r\n\r\nGET /admin HTTP/1.1\r\nHost: a\r\n\r\n"
    request = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\nConnection: close\r\n\r\n" % len(hidden)

    got = await asked(stage.ports["api"], request + hidden)

    assert got.count(b"HTTP/1.1 200") == 1
    assert [entry["path"] for entry in (await stage.told("requests"))["requests"]] == ["/"]


async def test_chunks_that_turn_out_to_be_none_end_the_request(start: Start) -> None:
    async def wait(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
        await reader.read(1 << 20)
        await reader.read()

    stage, application = await start(wait)

    async with connected(stage.ports["api"]) as client:
        await client.send(b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n")
        await eventually(lambda: _is(application.connections == 1), "the application to be asked")
        await client.send(b"zz\r\n")
        got = await client.rest()

    assert status(got) == 400
    await application.ended.wait()


async def test_a_new_application_that_is_not_there_yet_is_waited_for() -> None:
    port = free_port()
    async with (
        staged({"api": f"127.0.0.1:{port}"}, Limits(refused_s=10)) as stage,
        connected(stage.ports["api"]) as client,
    ):
        await client.send(POST)
        await eventually(lambda: _is_under_way(stage), "the request")
        async with serving(answering(OK), port):
            await client.head()
            assert await client.exactly(2) == b"ok"


async def test_a_request_that_waits_goes_where_the_route_leads_meanwhile() -> None:
    async with (
        serving(answering(OK)) as application,
        staged({"api": f"127.0.0.1:{free_port()}"}, Limits(refused_s=10)) as stage,
        connected(stage.ports["api"]) as client,
    ):
        await client.send(GET)
        await eventually(lambda: _is_under_way(stage), "the request")
        await stage.traffic.lead({"api": Route(application.address, "0.2.0")})
        await client.head()
        assert await client.exactly(2) == b"ok"

        assert (await stage.last())["release"] == "0.2.0"
        assert await stage.under_way() == 0


async def test_a_kept_connection_that_was_closed_is_noticed_before_it_is_used(start: Start) -> None:
    stage, application = await start(answering(OK, closes=True))

    async with connected(stage.ports["api"]) as client:
        for _ in range(3):
            await client.send(POST)
            await client.head()
            assert await client.exactly(2) == b"ok"

    assert application.connections == 3


@pytest.mark.parametrize(("request_bytes", "wanted", "connections"), [(GET, 200, 2), (POST, 502, 1)])
async def test_only_what_may_happen_twice_is_sent_again_when_a_kept_connection_ends(
    start: Start, request_bytes: bytes, wanted: int, connections: int
) -> None:
    served = 0

    async def one_then_none(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal served
        while True:
            await request_of(reader)
            served += 1
            if served == 2:
                return  # read, and ended without a word
            writer.write(OK)
            await writer.drain()

    stage, application = await start(one_then_none)

    async with connected(stage.ports["api"]) as client:
        await client.send(GET)
        await client.head()
        await client.exactly(2)
        await client.send(request_bytes)
        head = await client.head()

    assert (status(head), application.connections) == (wanted, connections)


async def test_what_a_kept_connection_said_before_it_ended_is_no_part_of_the_next_answer(
    start: Start,
) -> None:
    heard = 0

    async def half_an_answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal heard
        while True:
            await request_of(reader)
            heard += 1
            writer.write(b"HTTP/1.1 201 Created\r\nX-Half: " if heard == 2 else OK)
            await writer.drain()
            if heard == 2:
                return

    stage, _ = await start(half_an_answer)

    async with connected(stage.ports["api"]) as client:
        for _ in range(2):
            await client.send(GET)
            head = await client.head()
            await client.exactly(2)

    assert (status(head), b"X-Half" in head) == (200, False)


async def test_an_answer_that_lasts_until_the_end_is_not_whole_when_the_connection_breaks(
    start: Start,
) -> None:
    async def breaks(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\n\r\nhalf")
        await writer.drain()
        await reader.readexactly(1)
        reset(writer)

    stage, application = await start(breaks)

    async with connected(stage.ports["api"]) as client:
        await client.send(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n")
        await client.until(b"half")
        await client.send(b"x")
        rest = await client.rest()

    assert rest == b"\r\n"
    assert "ended its connection" in (await stage.last())["error"]
    assert application.connections == 1


async def test_a_client_that_does_not_read_its_last_answer_is_ended(start: Start) -> None:
    size = 16 << 20

    async def large(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % size + b"x" * size)
        await reader.read()

    stage, _ = await start(large, Limits(answer_s=0.2, keep_alive_s=0.2))

    async with connected(stage.ports["api"]) as client:
        await client.send(CLOSE)
        await client.head()
        await eventually(lambda: _is_log_of(stage, 1), "the end of the request")
        await eventually(lambda: _is(not has_a_client(stage.ports["api"])), "the end of the connection")


async def test_a_client_that_half_closes_while_it_asks_for_another_protocol_is_answered(start: Start) -> None:
    async def granting(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        await asked_on.wait()
        writer.write(b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n")
        writer.write(await reader.read())

    asked_on = asyncio.Event()
    stage, application = await start(granting)

    async with connected(stage.ports["api"]) as client:
        await client.send(b"GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\nearly")
        await eventually(lambda: _is(application.connections == 1), "the application to be asked")
        client.writer.write_eof()
        await asked(stage.ports["web"], CLOSE)  # the edge has seen the end of the first by now
        asked_on.set()
        got = await client.rest()

    assert (status(got), got.endswith(b"early")) == (101, True)


async def test_a_first_connection_that_ends_without_an_answer_is_not_tried_again(start: Start) -> None:
    stage, application = await start(answering(b"", closes=True))

    got = await asked(stage.ports["api"], CLOSE)

    assert (status(got), application.connections) == (502, 1)


async def test_an_application_that_speaks_unasked_is_not_listened_to(start: Start) -> None:
    async def chatter(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await request_of(reader)
        writer.write(OK)
        await writer.drain()
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil")
        await reader.read()

    stage, application = await start(chatter)

    async with connected(stage.ports["api"]) as client:
        for _ in range(3):
            await client.send(GET)
            await client.head()
            assert await client.exactly(2) == b"ok"
            await eventually(lambda: _is(application.ended.is_set()), "the connection to be dropped")
            application.ended.clear()


def reset(writer: asyncio.StreamWriter) -> None:
    """End a connection as one that broke."""
    writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


async def _is_log_of(stage: Stage, count: int) -> bool:
    return len((await stage.told("requests"))["requests"]) == count


def has_a_client(port: int) -> bool:
    """Whether the edge has a connection at one of its ports."""
    own = f"0100007F:{port:04X}"
    rows = [row.split() for row in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    return any(row[1] == own and row[3] == "01" for row in rows)


async def _is(value: bool) -> bool:
    return value


async def _is_under_way(stage: Stage) -> bool:
    return await stage.under_way() == 1
