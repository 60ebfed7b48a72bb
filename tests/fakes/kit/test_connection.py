"""Work for a client ends with the client."""

import asyncio

import pytest
from starlette.requests import Request
from starlette.types import Message

from fakes.kit.connection import while_connected


def request(*messages: Message) -> Request:
    """A request that receives these, and then nothing more."""
    waiting = list(messages)

    async def receive() -> Message:
        if not waiting:
            await asyncio.Event().wait()
        return waiting.pop(0)

    return Request({"type": "http", "method": "GET", "headers": []}, receive)


async def test_work_is_done_while_its_client_is_there() -> None:
    async def work() -> str:
        await asyncio.sleep(0)
        return "done"

    assert await while_connected(request({"type": "http.request", "body": b""}), work()) == "done"


async def test_work_ends_when_its_client_leaves() -> None:
    ended = asyncio.Event()

    async def work() -> str:
        try:
            await asyncio.Event().wait()
            return "done"
        finally:
            ended.set()

    leaving = request({"type": "http.request"}, {"type": "http.disconnect"})
    done = await while_connected(leaving, work())

    async with asyncio.timeout(10):
        await ended.wait()
    assert done is None


async def test_an_error_of_the_work_is_raised() -> None:
    async def work() -> None:
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        await while_connected(request(), work())
