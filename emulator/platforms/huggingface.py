"""Hugging Face's orders: a Space really runs, as a process beside the stack."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Callable
from contextlib import AsyncExitStack, suppress
from pathlib import Path

from emulator.errors import StartFailed
from emulator.logs import rotate
from emulator.platforms.feed import Feed
from emulator.platforms.order import Order
from emulator.platforms.recipe import Recipe, recipe
from emulator.platforms.report import Report
from emulator.platforms.space import Ground, Space, choose_port, start
from emulator.platforms.words import Stage
from emulator.statefolder import StateFolder, writing

_PORTS = range(7870, 7970)
"""Where Spaces listen when the port that they expect is taken."""


class HuggingFace:
    """Starts and replaces Spaces; all end when the desk's tasks do."""

    def __init__(self, feed: Feed, folder: StateFolder, ground: Ground) -> None:
        self._feed = feed
        self._folder = folder
        self._ground = ground
        self._running: dict[str, Space] = {}
        self._taken: set[int] = set()
        self._newest: dict[str, int] = {}

    async def carry_out(self, order: Order, report: Report) -> None:
        """Start a version of a Space and wait for its end: a failure, unless a newer one is the cause.

        Raises:
            EmulatorError: It cannot be started.
        """
        self._newest[_name(order)] = order.number
        report.enter(Stage.BUILDING)
        place = self._folder.path / "spaces" / order.deployment
        shutil.rmtree(place, ignore_errors=True)
        try:
            await self._feed.files(order.deployment, place / "tree")
            await self._run(order, report, recipe(place / "tree"), place / "home")
        finally:
            shutil.rmtree(place, ignore_errors=True)

    async def forget(self) -> None:
        """Do nothing: all have ended with their orders."""

    async def _run(self, order: Order, report: Report, how: Recipe, home: Path) -> None:
        name = _name(order)
        if not how.command:
            await self._replace(name, None)
            report.enter(Stage.LIVE)
            return
        for skipped in how.skipped:
            report.say(f"not done, as nothing is built here: {skipped}")
        found = await self._feed.ask(f"spaces/{name}/environment")
        report.enter(Stage.STARTING)
        log = self._folder.log(f"space-{order.project}--{order.service}")
        async with AsyncExitStack() as stack:
            with writing(log):
                rotate(log)
                kept = stack.enter_context(log.open("a", buffering=1))

            def hear(line: str) -> None:
                report.say(line)
                with suppress(OSError):
                    kept.write(f"{line}\n")

            def begin(port: int) -> Space:
                own = home.with_name("space.log")  # versions that run beside each other are told apart
                space = start(how, found["environment"], self._ground, own, port, home)
                self._taken.add(port)
                lines = asyncio.create_task(space.lines(hear))
                stack.push_async_callback(self._end, name, space, lines)
                return space

            space = await self._ready(name, how, begin)
            if self._newest[name] != order.number:  # a newer version was faster, or will be there soon
                return
            await self._replace(name, space)
            report.enter(Stage.LIVE, space.url)
            code = await space.wait()
        if not space.is_unwanted:
            report.enter(Stage.CRASHED)
            report.say(space.why(code), "error")

    async def _ready(self, name: str, how: Recipe, begin: Callable[[int], Space]) -> Space:
        """Start beside the version that runs; one that can only listen where that does takes its place."""
        port = choose_port(how.port, self._taken, _PORTS)
        space = begin(port)
        try:
            await space.until_ready(self._ground.ready_within_s)
        except StartFailed:
            former = self._running.get(name)
            if former is None or former.port != how.port:
                raise
            await space.stop()
            await self._replace(name, None)
            space = begin(how.port)
            await space.until_ready(self._ground.ready_within_s)
        return space

    async def _replace(self, name: str, space: Space | None) -> None:
        """Let this be the version that runs; the former one ends."""
        former = self._running.pop(name, None)
        if space is not None:
            self._running[name] = space
        if former is not None:
            former.is_unwanted = True
            await former.stop()

    async def _end(self, name: str, space: Space, lines: asyncio.Task[None]) -> None:
        await space.stop()
        await asyncio.gather(lines, return_exceptions=True)
        self._taken.discard(space.port)
        if self._running.get(name) is space:
            del self._running[name]


def _name(order: Order) -> str:
    """The Space's id."""
    return f"{order.project}/{order.service}"
