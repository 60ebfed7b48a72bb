"""Railway's orders: its services `api` and `worker` of staging are those of this stack."""

from __future__ import annotations

from collections.abc import Mapping

from emulator.errors import EmulatorError
from emulator.platforms.engine import Engine
from emulator.platforms.feed import Feed
from emulator.platforms.order import Order
from emulator.platforms.report import Report
from emulator.platforms.sources import Sources
from emulator.platforms.words import Stage

PROJECT, ENVIRONMENT = "clipnet-staging", "staging"
"""What this stack is at Railway."""
SERVICES = ("api", "worker")


class Railway:
    """Has orders carried out by the stack's engine.

    Args:
        urls: Where a service is reached, by its name, as far as it can be.
    """

    def __init__(self, feed: Feed, engine: Engine, sources: Sources, urls: Mapping[str, str]) -> None:
        self._feed = feed
        self._engine = engine
        self._sources = sources
        self._urls = urls

    async def carry_out(self, order: Order, report: Report) -> None:
        """Do what an order says; what is not of this stack counts as done."""
        if (order.project, order.environment) != (PROJECT, ENVIRONMENT) or order.service not in SERVICES:
            report.enter(Stage.LIVE)
            report.say(f"nothing was started: '{order.service}' is no service of this stack's application")
            return
        if order.action == "stop":
            report.say("a service of the stack goes on; all of them are stopped by: clipnet-emulate down")
            return
        if order.action == "restart":
            await self._restart(order, report)
            return
        await self._release(order, report)
        report.enter(Stage.LIVE, self._urls.get(order.service))

    async def forget(self) -> None:
        """Leave what serves as it is."""

    async def _restart(self, order: Order, report: Report) -> None:
        """Start a service anew; when that fails, what serves goes on serving."""
        report.settle(Stage.LIVE)
        try:
            await self._engine.restart(order.service, order.actor, report.on_message)
        except EmulatorError as error:
            report.say(error.what, "error")

    async def _release(self, order: Order, report: Report) -> None:
        report.enter(Stage.PREPARING)
        services = (order.service,)
        async with self._sources.of(order, self._feed) as source:
            if order.action == "rollback":
                await self._engine.rollback(source.sha, services, order.actor, report.on_message)
                return
            await self._engine.deploy(source.repository, source.sha, services, order.actor, report.on_message)
