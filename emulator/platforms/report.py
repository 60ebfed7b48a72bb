"""Tells a fake how one deployment goes: in order, in its words, and without keeping anybody waiting."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import TracebackType
from typing import Any, Self

from emulator.platforms.feed import Feed, Said
from emulator.platforms.order import Order
from emulator.platforms.words import STAGE_OF_STEP, WORDS, Stage, stage_of_log

_LINES_AT_ONCE = 200
_LINES_AT_MOST = 10_000
"""So many wait to be told; what comes faster than that is left out."""


@dataclass(frozen=True, slots=True)
class _News:
    state: str | None = None
    url: str | None = None
    lines: tuple[Said, ...] = ()


class Report:
    """What is told of one deployment, from `async with` to its end; all is told then."""

    def __init__(self, feed: Feed, order: Order) -> None:
        self._feed = feed
        self._deployment = order.deployment
        self._words = WORDS[feed.platform]
        self.stage = Stage.PREPARING
        self._news: list[_News] = []
        self._more = asyncio.Event()
        self._caught_up = asyncio.Event()
        self._waiting = 0
        self._left_out = 0
        self._is_over = False
        self._is_settled = False

    async def __aenter__(self) -> Self:
        self._telling = asyncio.create_task(self._tell_all())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self._is_over = True
        self._more.set()
        if kind is not None:  # the stack stops: nobody waits for that
            self._telling.cancel()
        await asyncio.gather(self._telling, return_exceptions=kind is not None)

    def enter(self, stage: Stage, url: str | None = None) -> None:
        """Say that the deployment has come to a stage, and where it can be reached."""
        self.stage = stage
        self._add(_News(self._words[stage], url))

    def settle(self, stage: Stage) -> None:
        """Note that the deployment is in a stage and stays there, whatever steps are told of."""
        self.stage = stage
        self._is_settled = True

    def say(self, text: str, severity: str = "info") -> None:
        """Say a line of the log that belongs to the stage; nobody keeps what nobody can be told in time."""
        if severity == "info" and self._waiting >= _LINES_AT_MOST:
            self._left_out += 1
            return
        self._add(_News(lines=(Said(text, severity, stage_of_log(self.stage)),)))

    async def told(self) -> None:
        """Wait until the fake has been told all there is."""
        await self._caught_up.wait()

    def on_message(self, message: Mapping[str, Any]) -> None:
        """Say what the stack's engine tells of its own deployment."""
        match message:
            case {"queued": {"behind": behind}}:
                self.say(f"waits for deployment {behind}")
            case {"deployment": {"number": number, **more}}:
                version = more.get("version")
                self.say(f"deployment {number}" + (f" of {version}" if version else ""))
            case {"step": str() as step, "state": str() as state, **more}:
                self._step(step, state, str(more.get("detail") or ""))
            case {"line": str() as line}:
                self.say(line)

    def _step(self, step: str, state: str, detail: str) -> None:
        stage = STAGE_OF_STEP.get(step, self.stage)
        if state == "started" and stage is not self.stage and not self._is_settled:
            self.enter(stage)
        said = f"{step}: {state}" + (f", {detail}" if detail else "")
        self.say(said, "error" if state == "failed" else "info")

    def _add(self, news: _News) -> None:
        """Keep news; lines join those that nobody has been told yet, behind the state that they belong to."""
        self._waiting += len(news.lines)
        last = self._news[-1] if self._news else None
        if last is not None and news.state is None and len(last.lines) < _LINES_AT_ONCE:
            self._news[-1] = replace(last, lines=last.lines + news.lines)
        else:
            self._news.append(news)
        self._caught_up.clear()
        self._more.set()

    async def _tell_all(self) -> None:
        while not self._is_over or self._news:
            await self._more.wait()
            self._more.clear()
            while self._news:
                news = self._news.pop(0)
                await self._feed.tell(self._deployment, news.state, news.lines, news.url)
                self._waiting -= len(news.lines)
            if self._left_out:
                left_out, self._left_out = self._left_out, 0
                self.say(f"{left_out} lines came faster than they could be told, and are left out")
                continue
            self._caught_up.set()
            if self._is_over:
                self._more.set()
