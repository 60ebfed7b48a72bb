"""Gathers single items into one call: up to so many, or for so long, and not at all when nobody can join."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol

from clipnet.worker.errors import StepError, Transient

Item = Mapping[str, Any]
Outcome = Mapping[str, Any] | StepError
Call = Callable[[Sequence[Item]], Awaitable[Sequence[Outcome]]]

MOST_ITEMS: Final = 8
WINDOW_S: Final = 0.25


class Others(Protocol):
    """Knows who else is on the way."""

    async def may_join(self) -> bool:
        """Tell whether anything that is under way or queued will be submitted at some time."""
        ...

    async def are_near(self) -> bool:
        """Tell whether somebody is about to submit and only needs the lane for a moment."""
        ...


@dataclass(slots=True)
class _Waiting:
    item: Item
    outcome: asyncio.Future[Mapping[str, Any]]


class Batcher:
    """Makes one call of items that are submitted at about the same time.

    Args:
        call: Takes the items and returns an outcome for each, in their order.
        lane: Held during a call; what was submitted while it was not free joins the call.
        others: Whether waiting is of any use.
    """

    def __init__(
        self,
        call: Call,
        lane: asyncio.Lock,
        others: Others,
        *,
        most_items: int = MOST_ITEMS,
        window_s: float = WINDOW_S,
    ) -> None:
        self._call = call
        self._lane = lane
        self._others = others
        self._most_items = most_items
        self._window_s = window_s
        self._waiting: list[_Waiting] = []
        self._joined = asyncio.Event()
        self._gathering: asyncio.Task[None] | None = None

    async def submit(self, item: Item) -> Mapping[str, Any]:
        """Return this item's part of the answer; a caller that is cancelled leaves the batch.

        Raises:
            StepError: This item failed, or the whole call did.
        """
        waiting = _Waiting(item, asyncio.get_running_loop().create_future())
        self._waiting.append(waiting)
        self._joined.set()
        if self._gathering is None or self._gathering.done():
            self._gathering = asyncio.create_task(self._gather())
        try:
            return await waiting.outcome
        finally:
            if waiting in self._waiting:
                self._waiting.remove(waiting)

    async def _gather(self) -> None:
        while self._waiting:
            await self._wait_while(self._others.may_join)
            if self._lane.locked():
                async with self._lane:
                    pass
                await self._wait_while(self._others.are_near)
            async with self._lane:
                batch, self._waiting = self._waiting[: self._most_items], self._waiting[self._most_items :]
                if batch:
                    await self._fire(batch)

    async def _wait_while(self, useful: Callable[[], Awaitable[bool]]) -> None:
        """Wait until the batch is full, waiting is no longer useful, or the window has passed."""
        try:
            async with asyncio.timeout(self._window_s):
                while self._waiting and len(self._waiting) < self._most_items and await useful():
                    self._joined.clear()
                    await self._joined.wait()
        except TimeoutError:
            return

    async def _fire(self, batch: Sequence[_Waiting]) -> None:
        """Make the call; it is given up once nobody waits for it any more."""
        call = asyncio.ensure_future(self._call([waiting.item for waiting in batch]))
        everybody = asyncio.ensure_future(asyncio.wait({waiting.outcome for waiting in batch}))
        both: set[asyncio.Future[Any]] = {call, everybody}
        try:
            await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
            if call.done():
                _hand_out(batch, call)
        finally:
            for task in both:
                task.cancel()
            await asyncio.gather(*both, return_exceptions=True)


def _hand_out(batch: Sequence[_Waiting], call: asyncio.Future[Sequence[Outcome]]) -> None:
    failed = call.exception()
    outcomes: Sequence[Any] = [failed] * len(batch) if failed else call.result()
    missing = Transient("gpu_unreadable", "the GPU's answer leaves this item out")
    for position, waiting in enumerate(batch):
        if waiting.outcome.done():
            continue
        outcome = outcomes[position] if position < len(outcomes) else missing
        if isinstance(outcome, BaseException):
            waiting.outcome.set_exception(outcome)
        else:
            waiting.outcome.set_result(outcome)
