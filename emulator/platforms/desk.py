"""Takes the orders of one platform and has them carried out."""

from __future__ import annotations

import asyncio
import logging
from typing import Protocol

from emulator.errors import EmulatorError
from emulator.httpclient import NoAnswer
from emulator.platforms.bookmarks import Bookmarks
from emulator.platforms.feed import Feed, Pace
from emulator.platforms.order import RESET, Order
from emulator.platforms.report import Report
from emulator.platforms.words import Stage, failure_after

log = logging.getLogger("emulator")


class Platform(Protocol):
    """How the orders of one platform are carried out."""

    async def carry_out(self, order: Order, report: Report) -> None:
        """Do what an order says, and say how it goes; what runs for itself is waited for.

        Raises:
            EmulatorError: It failed; the desk says so.
        """
        ...

    async def forget(self) -> None:
        """Undo what still stands of all orders: the platform knows of none any more."""
        ...


class Desk:
    """One platform: its fake, how its orders are carried out, and which were."""

    def __init__(self, feed: Feed, platform: Platform, bookmarks: Bookmarks, pace: Pace) -> None:
        self._feed = feed
        self._name = feed.platform
        self._platform = platform
        self._bookmarks = bookmarks
        self._pace = pace
        self._heard = bookmarks.behind(self._name)
        self._open: dict[int, asyncio.Task[None]] = {}
        self._by_deployment: dict[str, int] = {}
        self._unwanted: set[int] = set()

    async def run(self) -> None:
        """Take orders until cancelled; what is under way ends then, and begins again the next time."""
        try:
            while True:
                try:
                    found, last = await self._feed.orders(self._heard)
                except NoAnswer:
                    await asyncio.sleep(self._pace.again_after_s)
                    continue
                if last < self._heard:
                    await self._begin_anew()
                for order in found:
                    await self._take(order)
        finally:
            await self._end_all()

    async def _take(self, order: Order) -> None:
        self._heard = max(self._heard, order.number)
        if self._bookmarks.is_done(self._name, order.number):
            return
        if order.action == RESET:
            await self._end_all()
            await self._forget()
            self._restart(order.number)
            return
        if order.action == "cancel":
            self._cancel(order)
            self._note(order.number)
            return
        self._by_deployment[order.deployment] = order.number
        task = asyncio.create_task(self._carry_out(order))
        task.add_done_callback(lambda _: self._ended(order.number))
        self._open[order.number] = task

    async def _forget(self) -> None:
        try:
            await self._platform.forget()
        except EmulatorError as error:
            fields = {"platform": self._name, "error": error.what}
            log.error("what was deployed still stands", extra={"fields": fields})

    async def _begin_anew(self) -> None:
        """The fake's store is new: what it orders from now on begins at one."""
        await self._end_all()
        self._restart(0)
        self._heard = 0

    def _restart(self, number: int) -> None:
        try:
            self._bookmarks.restart(self._name, number)
        except EmulatorError as error:
            fields = {"platform": self._name, "error": error.what}
            log.error("orders may be carried out once more", extra={"fields": fields})

    def _cancel(self, order: Order) -> None:
        number = self._by_deployment.get(order.deployment)
        task = self._open.get(number) if number is not None else None
        if number is not None and task is not None:
            self._unwanted.add(number)
            self._mark(number)  # at once: it shall not begin again if the supervisor is killed meanwhile
            task.cancel()

    async def _carry_out(self, order: Order) -> None:
        async with Report(self._feed, order) as report:
            try:
                await self._platform.carry_out(order, report)
            except asyncio.CancelledError:
                if order.number not in self._unwanted:
                    raise
                report.enter(Stage.CANCELLED)
            except EmulatorError as error:
                report.enter(failure_after(report.stage))
                report.say("; ".join(filter(None, (error.what, error.hint))), "error")
            except Exception as error:
                log.exception("an order was not carried out", extra={"fields": {"order": order.number}})
                report.enter(failure_after(report.stage))
                report.say(f"this is a bug of the emulator: {error!r}; see the supervisor's log", "error")
        self._note(order.number)

    def _ended(self, number: int) -> None:
        if number in self._unwanted:  # it was cancelled before it began
            self._note(number)

    def _note(self, number: int) -> None:
        self._open.pop(number, None)
        self._unwanted.discard(number)
        self._mark(number)

    def _mark(self, number: int) -> None:
        """Write down that an order was carried out."""
        try:
            self._bookmarks.note(self._name, number, set(self._open))
        except EmulatorError as error:
            log.error("an order will be carried out once more", extra={"fields": {"error": error.what}})

    async def _end_all(self) -> None:
        tasks = list(self._open.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._open.clear()
        self._by_deployment.clear()
        self._unwanted.clear()
