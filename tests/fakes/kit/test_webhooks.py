"""Deliveries to the application."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from fakes.kit.clock import ManualClock
from fakes.kit.webhooks import CallbackRefused, Delivery, Webhooks
from tests.fakes.receiver import Answer, receiving


@pytest.fixture
async def webhooks() -> AsyncIterator[Webhooks]:
    made = Webhooks(ManualClock(), frozenset({"127.0.0.1"}))
    yield made
    await made.close()


@pytest.mark.parametrize(
    "url",
    [
        "http://169.254.169.254/latest",
        "https://example.com/",
        "file:///etc/passwd",
        "x",
        "http://[127.0.0.1/",
    ],
)
async def test_an_address_outside_of_the_stack_is_refused(webhooks: Webhooks, url: str) -> None:
    with pytest.raises(CallbackRefused, match="outside of this stack"):
        webhooks.send(Delivery(url, b"{}", lambda _: {}))

    assert list(webhooks.attempts) == []


async def test_a_refused_message_is_sent_again_on_the_clock_with_its_number() -> None:
    clock, seen = ManualClock(), list[str]()

    async def receive(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        seen.append(next(line for line in head.splitlines() if line.lower().startswith("x-attempt")))
        status = "500 No" if len(seen) < 3 else "204 Yes"
        writer.write(f"HTTP/1.1 {status}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n".encode())
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(receive, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    webhooks = Webhooks(clock, frozenset({"127.0.0.1"}))
    ended: asyncio.Future[tuple[int | None, bool]] = asyncio.get_running_loop().create_future()

    webhooks.send(
        Delivery(
            f"http://127.0.0.1:{port}/",
            b"{}",
            lambda number: {"X-Attempt": str(number)},
            retry_after_s=(60, 600),
            on_end=lambda status, _body, accepted: ended.set_result((status, accepted)),
        )
    )
    async with asyncio.timeout(10):
        while not ended.done():
            await asyncio.sleep(0.005)
            clock.advance(700)
    await webhooks.close()
    server.close()

    assert (await ended, [line.split(": ")[1] for line in seen]) == ((204, True), ["0", "1", "2"])


async def test_nobody_there_is_an_attempt_without_a_status(webhooks: Webhooks) -> None:
    status, _body = await webhooks.deliver(Delivery("http://127.0.0.1:9/", b"{}", lambda _: {}))

    assert status is None
    assert "ConnectError" in (webhooks.attempts[0].error or "")


async def test_an_address_that_cannot_be_called_is_an_attempt_without_a_status(webhooks: Webhooks) -> None:
    status, body = await webhooks.deliver(Delivery("http://127.0.0.1/\x01", b"{}", lambda _: {}))

    assert (status, body) == (None, b"")
    assert [attempt.status for attempt in webhooks.attempts] == [None]


async def test_of_a_long_answer_only_the_beginning_is_read(webhooks: Webhooks) -> None:
    with receiving() as receiver:
        receiver.answer = lambda _: Answer(200, b"a" * (3 << 20))
        status, body = await webhooks.deliver(Delivery(receiver.url, b"{}", lambda _: {}))

    assert (status, len(body)) == (200, 1 << 20)


async def test_a_delivery_can_be_made_again_and_is_signed_anew(webhooks: Webhooks) -> None:
    signed = iter(("first", "second"))
    ends = list[bool]()
    delivery = Delivery(
        "http://127.0.0.1:9/",
        b"{}",
        lambda _: {"X-Signature": next(signed)},
        on_end=lambda _status, _body, accepted: ends.append(accepted),
    )
    with receiving() as receiver:
        await webhooks.deliver(replace(delivery, url=receiver.url))
        status, _body = await webhooks.resend(1)

        seen = [(one.headers["x-signature"], one.body) for one in receiver.received]

    assert (status, seen, ends) == (200, [("first", b"{}"), ("second", b"{}")], [True])
    assert [attempt.delivery for attempt in webhooks.attempts] == [1, 1]
    with pytest.raises(ValueError, match="no delivery '2'"):
        await webhooks.resend(2)


async def test_large_messages_are_kept_up_to_a_limit_of_all_together(webhooks: Webhooks) -> None:
    large, small = (Delivery("http://127.0.0.1:9/", bytes(size), lambda _: {}) for size in (30_000_000, 1))

    for delivery in (large, large, small, large):
        webhooks.send(delivery)

    assert list(webhooks.deliveries) == [2, 3, 4]
    webhooks.send(replace(large, body=bytes(70_000_000)))
    assert list(webhooks.deliveries) == []
    with pytest.raises(ValueError, match="no delivery '1'; the last 1000 are kept, up to 64 MB"):
        await webhooks.resend(1)
