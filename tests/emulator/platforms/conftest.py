"""Real fakes whose deployments an agent of the test's own makes real, with a scripted engine."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from emulator.platforms import agent
from emulator.platforms.feed import Pace
from emulator.statefolder import StateFolder
from tests.emulator.platforms.scripted import ScriptedEngine
from tests.fakes.serving import Served, served

PACE = Pace(poll_s=5.0, again_after_s=0.05, tell_within_s=5.0)
API_URL, WEB_URL = "http://127.0.0.1:8401", "http://127.0.0.1:8400"
DEADLINE_S = 15.0


@dataclass(frozen=True, slots=True)
class World:
    """A state folder, the fakes, an engine, and clients of the fakes."""

    folder: StateFolder
    fakes: Served
    engine: ScriptedEngine
    clients: AsyncExitStack

    @asynccontextmanager
    async def agent(self) -> AsyncIterator[None]:
        """Let the agent work."""
        names = list(self.fakes.urls)
        stack = agent.Stack(
            folder=self.folder,
            fakes={**self.fakes.urls, "x": "http://127.0.0.1:1"},
            inner={name: self.fakes.host(name) for name in names},
            urls={"api": API_URL, "web": WEB_URL},
            env={"PATH": os.environ["PATH"]},
        )
        task = asyncio.create_task(agent.serve(stack, self.engine, PACE))
        try:
            yield
            assert not task.done(), task.exception()
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    def client(self, fake: str, headers: Mapping[str, str]) -> httpx.AsyncClient:
        """A client of one fake, closed with the test."""
        made = httpx.AsyncClient(base_url=self.fakes.url(fake), headers=headers, trust_env=False, timeout=10)
        self.clients.push_async_callback(made.aclose)
        return made


@pytest.fixture(scope="module")
def running() -> Iterator[Served]:
    with served("vercel", "railway", "huggingface", deployments="agent") as fakes:
        yield fakes


@pytest.fixture
def fresh(running: Served) -> Served:
    """The fakes as new."""
    for url in running.urls.values():
        httpx.post(f"{url}/_fake/reset", trust_env=False).raise_for_status()
    return running


@pytest.fixture
async def world(fresh: Served, tmp_path: Path) -> AsyncIterator[World]:
    folder = StateFolder(tmp_path / "stack")
    folder.create()
    async with AsyncExitStack() as clients:
        yield World(folder, fresh, ScriptedEngine(), clients)


async def until(condition: Callable[[], Any], what: Callable[[], object]) -> None:
    """Wait until something holds; `what` says what was last seen when it does not in time."""
    ends = time.monotonic() + DEADLINE_S
    while True:
        found = condition()
        if asyncio.iscoroutine(found):
            found = await found
        if found:
            return
        assert time.monotonic() < ends, f"not within {DEADLINE_S} s: {what()}"
        await asyncio.sleep(0.02)
