"""A clock that tests can set: all provider times (expiry, processing, retries) are read from it."""

import asyncio
import heapq
import itertools
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Protocol

_LAST_S = 253_402_300_799.0
"""The end of the year 9999, the last that can be written down."""


class Clock(Protocol):
    """Says what time it is. Fakes never read the system clock themselves."""

    def now(self) -> float:
        """Unix time in seconds."""
        ...

    def passed(self) -> float:
        """Seconds that only grow: a jump ahead counts, a jump back does not. For deadlines."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Wait until this clock, not the wall, has moved on by `seconds`."""
        ...


class RealClock:
    """The machine's own time."""

    def now(self) -> float:
        """Unix time in seconds."""
        return time.time()

    def passed(self) -> float:
        """Seconds that only grow, whatever becomes of the machine's date."""
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        """Wait so many seconds."""
        await asyncio.sleep(seconds)


class SettableClock:
    """Runs like `real` until it is advanced, set or frozen.

    Args:
        real: Unix time in seconds; the wall clock unless a test hands in its own.

    Attributes:
        real: The clock that nobody sets: for what processes outside do, which know no other time.
    """

    real: Clock

    def __init__(self, real: Callable[[], float] = time.time) -> None:
        self.real = RealClock()
        self._real = real
        self._offset_s = 0.0
        self._frozen_at: float | None = None
        self._back_s = 0.0
        self._sleepers: list[tuple[float, int, asyncio.Future[None]]] = []
        self._left = 0
        self._order = itertools.count()
        self._timer: asyncio.TimerHandle | None = None

    def now(self) -> float:
        """Unix time in seconds."""
        return self._frozen_at if self._frozen_at is not None else self._real() + self._offset_s

    def passed(self) -> float:
        """Seconds that only grow: a jump ahead counts, a jump back does not. For deadlines."""
        return self.now() + self._back_s

    @property
    def is_frozen(self) -> bool:
        """Whether time stands still until the next `advance` or `set`."""
        return self._frozen_at is not None

    def advance(self, seconds: float) -> None:
        """Move on by `seconds` (0 or more) and wake what has become due."""
        if seconds < 0:
            raise ValueError(f"a clock cannot be advanced by {seconds} s; use set")
        self.set(self.now() + seconds)

    def set(self, unix_s: float) -> None:
        """Jump to a time, forward or back.

        Raises:
            ValueError: It is before the year 1970 or beyond the year 9999.
        """
        if unix_s < 0:
            raise ValueError("a clock cannot go before the year 1970")
        if not unix_s <= _LAST_S:
            raise ValueError("a clock cannot go beyond the year 9999")
        before_s = self.now()
        if self._frozen_at is not None:
            self._frozen_at = unix_s
        else:
            self._offset_s = unix_s - self._real()
        self._jumped_from(before_s)

    def freeze(self) -> None:
        """Stop at the present time."""
        self._frozen_at = self.now()

    def reset(self) -> None:
        """Run like the real clock again."""
        before_s = self.now()
        self._frozen_at = None
        self._offset_s = 0.0
        self._jumped_from(before_s)

    async def sleep(self, seconds: float) -> None:
        """Wait until this clock has moved on by `seconds`; a jump back leaves what is left of them."""
        if seconds <= 0:
            await asyncio.sleep(0)
            return
        due: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heapq.heappush(self._sleepers, (self.passed() + seconds, next(self._order), due))
        self._wake()
        try:
            await due
        finally:
            if due.cancelled():
                self._leave_sleeper()

    def _leave_sleeper(self) -> None:
        """Somebody waits no longer: clear away who has left, once they are the most."""
        self._left += 1
        if self._left * 2 > len(self._sleepers):
            self._sleepers = [sleeper for sleeper in self._sleepers if not sleeper[2].done()]
            heapq.heapify(self._sleepers)
            self._left = 0

    def _jumped_from(self, before_s: float) -> None:
        self._back_s += max(before_s - self.now(), 0.0)
        self._wake()

    def _wake(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        while self._sleepers and (self._sleepers[0][2].done() or self._sleepers[0][0] <= self.passed()):
            _, _, due = heapq.heappop(self._sleepers)
            if not due.done():
                due.set_result(None)
        if self._sleepers and self._frozen_at is None:
            wait_s = self._sleepers[0][0] - self.passed()
            self._timer = self._sleepers[0][2].get_loop().call_later(wait_s, self._wake)


class ManualClock(SettableClock):
    """A clock that stands still at `start_s` until a test moves it, and so does its real one."""

    real: SettableClock

    def __init__(self, start_s: float = 1_795_240_800.0) -> None:
        super().__init__(lambda: start_s)
        self.freeze()
        self.real = SettableClock(lambda: start_s)
        self.real.freeze()


def unix_s(text: str) -> float:
    """Unix seconds of a time in ISO 8601; without an offset it is in UTC.

    Raises:
        ValueError: Not such a time.
    """
    at = datetime.fromisoformat(text)
    return (at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp()


def iso_with_offset(unix_s: float) -> str:
    """Format as `2026-11-21T06:00:00+00:00` (UTC)."""
    return datetime.fromtimestamp(unix_s, UTC).isoformat(timespec="seconds")


def iso(unix_s: float, *, micros: bool = False) -> str:
    """Format as `2026-11-21T06:00:00Z` (UTC), with microseconds on request."""
    at = datetime.fromtimestamp(unix_s, UTC)
    return at.strftime("%Y-%m-%dT%H:%M:%S.%fZ" if micros else "%Y-%m-%dT%H:%M:%SZ")
