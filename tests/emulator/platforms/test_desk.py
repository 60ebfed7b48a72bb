"""Orders are taken from a fake that comes and goes, and carried out whatever happens to one of them."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from emulator.errors import CheckFailed
from emulator.httpclient import NoAnswer
from emulator.platforms.bookmarks import Bookmarks
from emulator.platforms.desk import Desk
from emulator.platforms.feed import Feed, Pace, Said
from emulator.platforms.order import Order
from emulator.platforms.report import Report
from emulator.platforms.words import STAGE_OF_STEP, WORDS, Stage, failure_after
from fakes.huggingface.state.deployments import STAGES
from fakes.railway.state.lifecycle import STATUSES
from fakes.vercel.life import REPORTED
from tests.emulator.platforms.conftest import until

PACE = Pace(again_after_s=0.01)


class ScriptedFeed(Feed):
    """Orders as the test gives them, and what was told."""

    def __init__(self) -> None:
        super().__init__("vercel", "http://127.0.0.1:1", PACE)
        self.given: list[Order] = []
        self.is_down = False
        self.asked: list[int] = []
        self.told: dict[str, list[str]] = {}

    def give(self, *names: str, action: str = "deploy", number: int | None = None) -> None:
        """Order things; a name says what becomes of it."""
        first = number or max((one.number for one in self.given), default=0) + 1
        for at, name in zip(itertools.count(first), names, strict=False):
            service = name.partition("-")[0]
            self.given.append(Order(at, "vercel", action, "p", service, "e", name, None, None, None, False))

    async def orders(self, after: int) -> tuple[tuple[Order, ...], int]:
        await asyncio.sleep(0.005)
        self.asked.append(after)
        if self.is_down:
            raise NoAnswer("it is down")
        behind = tuple(one for one in self.given if one.number > after)
        return behind, max((one.number for one in self.given), default=0)

    async def tell(
        self, deployment: str, state: str | None, lines: Sequence[Said], url: str | None = None
    ) -> None:
        known = self.told.setdefault(deployment, [])
        known += [state] if state else []
        known += [line.message for line in lines]


class Scripted:
    """Notes the orders; some fail, some stay."""

    def __init__(self) -> None:
        self.orders: list[str] = []
        self.forgotten = 0
        self.ended: list[str] = []

    async def carry_out(self, order: Order, report: Report) -> None:
        self.orders.append(order.deployment)
        match order.service:
            case "fails":
                raise CheckFailed("it failed", "do better")
            case "bug":
                report.enter(Stage.STARTING)
                raise RuntimeError("oops")
            case "stays":
                try:
                    await asyncio.Event().wait()
                finally:
                    self.ended.append(order.deployment)
            case "lingers":
                try:
                    await asyncio.Event().wait()
                except asyncio.CancelledError:
                    self.ended.append(order.deployment)
                    await asyncio.Event().wait()
            case _:
                report.enter(Stage.LIVE)

    async def forget(self) -> None:
        self.forgotten += 1
        raise CheckFailed("the edge does not answer")


@asynccontextmanager
async def at_work(
    feed: ScriptedFeed, platform: Scripted, folder: Path, bookmarks: Bookmarks | None = None
) -> AsyncIterator[None]:
    desk = Desk(feed, platform, bookmarks or Bookmarks(folder), PACE)
    task = asyncio.create_task(desk.run())
    try:
        yield
        assert not task.done(), task.exception()
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def test_what_fails_is_told_and_the_others_go_on(tmp_path: Path) -> None:
    feed, platform = ScriptedFeed(), Scripted()
    feed.give("fails", "bug", "works")
    async with at_work(feed, platform, tmp_path):
        await until(lambda: len(feed.told) == 3, lambda: feed.told)

    assert feed.told["fails"] == ["ERROR", "it failed; do better"]
    assert feed.told["bug"][1:] == [
        "ERROR",
        "this is a bug of the emulator: RuntimeError('oops'); see the supervisor's log",
    ]
    assert feed.told["works"] == ["READY"]
    assert Bookmarks(tmp_path).behind("vercel") == 3


async def test_a_fake_that_is_down_is_asked_until_it_answers(tmp_path: Path) -> None:
    feed, platform = ScriptedFeed(), Scripted()
    feed.is_down = True
    feed.give("works")
    async with at_work(feed, platform, tmp_path):
        await until(lambda: len(feed.asked) > 2, lambda: feed.asked)
        feed.is_down = False
        await until(lambda: platform.orders, lambda: feed.asked)


async def test_a_store_that_is_new_is_asked_from_the_beginning(tmp_path: Path) -> None:
    feed, platform = ScriptedFeed(), Scripted()
    feed.give("works", "stays", "works-2")
    async with at_work(feed, platform, tmp_path):
        await until(lambda: 3 in feed.asked, lambda: feed.asked)
        feed.given.clear()
        feed.give("works-3")
        await until(lambda: "works-3" in platform.orders, lambda: platform.orders)

    assert platform.ended == ["stays"]
    assert Bookmarks(tmp_path).behind("vercel") == 1


async def test_an_order_that_is_cancelled_at_once_is_done(tmp_path: Path) -> None:
    feed, platform = ScriptedFeed(), Scripted()
    feed.give("stays-1")
    feed.give("stays-1", action="cancel")
    async with at_work(feed, platform, tmp_path):
        await until(lambda: Bookmarks(tmp_path).behind("vercel") == 2, lambda: feed.told)

    assert platform.ended == platform.orders


async def test_what_was_cancelled_does_not_begin_again_after_a_kill(tmp_path: Path) -> None:
    feed, platform = ScriptedFeed(), Scripted()
    feed.give("lingers")
    async with at_work(feed, platform, tmp_path):
        await until(lambda: platform.orders, lambda: feed.asked)
        feed.give("lingers", action="cancel")
        await until(lambda: platform.ended, lambda: feed.asked)

        assert Bookmarks(tmp_path).is_done("vercel", 1)


async def test_a_disk_that_is_full_at_a_reset_stops_nothing(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    feed, platform = ScriptedFeed(), Scripted()
    feed.give("reset", action="reset")
    async with at_work(feed, platform, tmp_path, Bookmarks(tmp_path / "gone")):
        feed.give("works")
        await until(lambda: platform.orders, lambda: feed.asked)

    assert "orders may be carried out once more" in caplog.messages


async def test_a_reset_ends_and_forgets_all(tmp_path: Path) -> None:
    feed, platform = ScriptedFeed(), Scripted()
    feed.give("stays")
    async with at_work(feed, platform, tmp_path):
        await until(lambda: platform.orders, lambda: feed.asked)
        feed.give("", action="reset")
        await until(lambda: platform.forgotten == 1, lambda: platform.ended)
        feed.give("works")
        await until(lambda: "works" in feed.told, lambda: feed.told)

    assert (platform.ended, feed.told) == (["stays"], {"works": ["READY"]})
    assert Bookmarks(tmp_path).behind("vercel") == 3


async def test_what_was_done_is_not_done_again(tmp_path: Path) -> None:
    feed, platform = ScriptedFeed(), Scripted()
    feed.give("stays", "works")
    for _ in range(2):
        seen = len(feed.asked)
        async with at_work(feed, platform, tmp_path):
            await until(lambda: len(feed.asked) > seen + 1, lambda: feed.asked)  # noqa: B023 - called in the turn

    assert platform.orders == ["stays", "works", "stays"]


@pytest.mark.parametrize(
    ("platform", "known"), [("vercel", REPORTED), ("railway", STATUSES), ("huggingface", STAGES)]
)
def test_every_word_is_one_of_the_platform(platform: str, known: Sequence[str]) -> None:
    words = WORDS[platform]

    assert set(words) == set(Stage)
    assert [word for word in words.values() if word not in known] == []


def test_a_failure_is_one_of_the_build_until_something_starts() -> None:
    assert failure_after(STAGE_OF_STEP["compatibility"]) is Stage.BUILD_FAILED
    assert failure_after(STAGE_OF_STEP["migrate"]) is Stage.START_FAILED
