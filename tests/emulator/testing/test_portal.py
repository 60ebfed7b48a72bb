"""Coroutines are used from plain functions, with a limit."""

import asyncio

import pytest

from emulator.testing.portal import Portal


def test_a_coroutine_is_run_and_its_answer_returned() -> None:
    async def answer() -> int:
        await asyncio.sleep(0)
        return 42

    with Portal() as portal:
        assert portal.call(answer()) == 42


def test_an_error_reaches_the_caller() -> None:
    async def fail() -> None:
        raise LookupError("nothing there")

    with Portal() as portal, pytest.raises(LookupError, match="nothing there"):
        portal.call(fail())


def test_what_takes_too_long_is_ended() -> None:
    async def wait() -> None:
        await asyncio.Event().wait()

    with Portal() as portal, pytest.raises(TimeoutError):
        portal.call(wait(), within_s=0.01)
