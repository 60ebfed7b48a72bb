"""All platforms of one stack: what the supervisor runs beside its services."""

from __future__ import annotations

import asyncio
import os
import shutil
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from emulator.environment import inner_addresses
from emulator.plan import Plan
from emulator.platforms.bookmarks import Bookmarks
from emulator.platforms.bridge import Bridge
from emulator.platforms.desk import Desk, Platform
from emulator.platforms.engine import Engine
from emulator.platforms.feed import Feed, Pace
from emulator.platforms.huggingface import HuggingFace
from emulator.platforms.railway import Railway
from emulator.platforms.sources import Sources
from emulator.platforms.space import Ground
from emulator.platforms.vercel import Vercel
from emulator.releases.engine import Engine as DeploymentEngine
from emulator.releases.store import Store
from emulator.settings import STACK_MARKER
from emulator.statefolder import StateFolder

PLATFORMS = ("vercel", "railway", "huggingface")
"""The fakes whose deployments are made real; those of them that a stack has."""


@dataclass(frozen=True, slots=True)
class Stack:
    """What the agent has to know of the stack.

    Attributes:
        fakes: Name of a fake -> its origin on this host.
        inner: Name of a port -> `host:port` at which the stack's own services reach it.
        urls: Role (`api`, `web`) -> its public address.
        env: The user's environment; only where programs are is taken from it.
    """

    folder: StateFolder
    fakes: Mapping[str, str]
    inner: Mapping[str, str]
    urls: Mapping[str, str]
    env: Mapping[str, str]


async def serve_stack(plan: Plan, engine: DeploymentEngine) -> None:
    """Serve a running stack's platforms with the engine of its deployments, until cancelled.

    Raises:
        StateFolderUnusable: What was noted of orders is damaged.
    """
    fakes = {name: f"http://127.0.0.1:{plan.ports[name]}" for name in PLATFORMS if name in plan.ports}
    if not fakes:
        return
    stack = Stack(
        folder=plan.folder,
        fakes=fakes,
        inner=inner_addresses(plan.settings.runtime, plan.topology, plan.ports),
        urls={"api": plan.env["API_URL"], "web": plan.env["WEB_URL"]},
        env=os.environ,
    )
    await engine.restore()
    await serve(stack, Bridge(engine, Store(plan.folder.data("releases"))))


async def serve(stack: Stack, engine: Engine, pace: Pace | None = None) -> None:
    """Carry out what is ordered at the platforms' fakes until cancelled; all Spaces have ended then.

    Raises:
        StateFolderUnusable: What was noted of orders is damaged.
    """
    for name in ("spaces", "uploads"):  # of a supervisor that was killed
        shutil.rmtree(stack.folder.path / name, ignore_errors=True)
    bookmarks = Bookmarks(stack.folder.path)
    pace = pace or Pace()
    desks = [_desk(name, stack, engine, bookmarks, pace) for name in PLATFORMS if name in stack.fakes]
    async with asyncio.TaskGroup() as group:
        for desk in desks:
            group.create_task(desk.run())


def _desk(name: str, stack: Stack, engine: Engine, bookmarks: Bookmarks, pace: Pace) -> Desk:
    feed = Feed(name, stack.fakes[name], pace)
    return Desk(feed, _platform(feed, stack, engine), bookmarks, pace)


def _platform(feed: Feed, stack: Stack, engine: Engine) -> Platform:
    sources = Sources(stack.folder.path, stack.env)
    match feed.platform:
        case "vercel":
            return Vercel(feed, engine, sources, stack.inner["vercel"], stack.urls["web"])
        case "railway":
            return Railway(feed, engine, sources, stack.urls)
        case _:
            return HuggingFace(feed, stack.folder, _ground(stack))


def _ground(stack: Stack) -> Ground:
    """What Spaces get: nothing of the user's but where programs are."""
    programs = (str(Path(sys.executable).parent), stack.env.get("PATH", os.defpath))
    return Ground(
        path=os.pathsep.join(programs),
        env={"TMPDIR": str(stack.folder.tmp), "LANG": "C.UTF-8", STACK_MARKER: str(stack.folder.path)},
    )
