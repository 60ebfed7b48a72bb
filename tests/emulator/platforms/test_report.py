"""What is told of a deployment comes in order, and takes no more memory than it may."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from emulator.platforms.feed import Feed, Pace, Said
from emulator.platforms.order import Order
from emulator.platforms.report import Report
from emulator.platforms.words import Stage

ORDER = Order(1, "vercel", "deploy", "p", "s", "e", "d", None, None, None, False)


class SlowFeed(Feed):
    """Hears nothing until it is let."""

    def __init__(self) -> None:
        super().__init__("vercel", "http://127.0.0.1:1", Pace())
        self.hears = asyncio.Event()
        self.lines: list[str] = []
        self.states: list[str] = []

    async def tell(
        self, deployment: str, state: str | None, lines: Sequence[Said], url: str | None = None
    ) -> None:
        await self.hears.wait()
        self.states += [state] if state else []
        self.lines += [line.message for line in lines]


async def test_lines_that_come_faster_than_they_are_told_are_left_out_and_counted() -> None:
    feed = SlowFeed()
    async with Report(feed, ORDER) as report:
        for number in range(25_000):
            report.say(f"line {number}")
        report.enter(Stage.CRASHED)
        report.say("why", "error")
        feed.hears.set()

    assert feed.lines[:10_000] == [f"line {number}" for number in range(10_000)]
    assert feed.lines[10_000:] == [
        "why",
        "15000 lines came faster than they could be told, and are left out",
    ]
    assert feed.states == ["ERROR"]


async def test_who_waits_until_all_is_told_waits_for_what_was_left_out_as_well() -> None:
    feed = SlowFeed()
    async with Report(feed, ORDER) as report:
        for number in range(10_001):
            report.say(f"line {number}")
        feed.hears.set()
        await report.told()

        assert feed.lines[-1] == "1 lines came faster than they could be told, and are left out"
