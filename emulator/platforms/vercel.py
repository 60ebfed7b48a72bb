"""Vercel's orders: what its staging frontend is, the stack's public frontend is."""

from __future__ import annotations

import asyncio

from emulator.platforms.engine import Engine, Site
from emulator.platforms.feed import Feed
from emulator.platforms.order import Order
from emulator.platforms.report import Report
from emulator.platforms.sources import Sources
from emulator.platforms.words import Stage

PROJECT = "clipnet-web-staging"
"""What this stack's frontend is at Vercel."""
STAGING_HOST = "staging.clipnet.ai"
"""The host name that follows `develop` at Vercel."""
_BRANCH, _ENVIRONMENT = "develop", "staging"


class Vercel:
    """Leads to what was uploaded, which the fake serves, or has a commit deployed by the stack's engine.

    Args:
        address: `host:port` at which the stack's edge reaches the fake.
        web_url: The frontend's public address.
    """

    def __init__(self, feed: Feed, engine: Engine, sources: Sources, address: str, web_url: str) -> None:
        self._feed = feed
        self._engine = engine
        self._sources = sources
        self._address = address
        self._web_url = web_url
        self._one_by_one = asyncio.Lock()

    async def carry_out(self, order: Order, report: Report) -> None:
        """Do what an order says; what is not for staging is served by the fake alone."""
        is_new = order.action in ("deploy", "redeploy")
        if not order.has_files and not _is_for_staging(order):
            report.enter(Stage.LIVE)
            report.say("nothing was built: a commit is deployed for staging only")
            return
        async with self._one_by_one:
            if order.has_files and is_new:
                report.enter(Stage.BUILDING)
                report.enter(Stage.LIVE)
                await report.told()
            elif is_new:
                await self._deploy(order, report)
                return
            await self._show(order, report)

    async def forget(self) -> None:
        """Lead to the stack's own web service again."""
        await self._engine.show(None, "vercel")

    async def _deploy(self, order: Order, report: Report) -> None:
        report.enter(Stage.PREPARING)
        async with self._sources.of(order, self._feed) as source:
            await self._engine.deploy(source.repository, source.sha, ("web",), order.actor, report.on_message)
        report.enter(Stage.LIVE, self._web_url)

    async def _show(self, order: Order, report: Report) -> None:
        """Let the public frontend be this deployment, if staging's host name leads to it."""
        found = await self._feed.ask("state")
        if found["state"]["aliases"].get(STAGING_HOST) != order.deployment:
            return
        if not order.has_files:
            assert order.commit is not None
            await self._engine.rollback(order.commit, ("web",), order.actor, report.on_message)
            return
        told = await self._feed.page(STAGING_HOST, "config.json")
        version = told.get("version") if isinstance(told, dict) else None
        site = Site(
            self._address,
            STAGING_HOST,
            order.deployment,
            order.commit,
            version if isinstance(version, str) else None,
        )
        await self._engine.show(site, order.actor)
        report.say(f"{self._web_url} shows this deployment")


def _is_for_staging(order: Order) -> bool:
    return order.project == PROJECT and (order.environment == _ENVIRONMENT or order.ref == _BRANCH)
