"""Connections to the application: which wait for the next request, and how many requests are under way."""

from __future__ import annotations

import asyncio
import select
from typing import Final, Protocol, cast

IDLE_S: Final = 1.5
"""Shorter than what servers wait (uvicorn and Node 5 s, gunicorn 2 s): they must not close while we send."""
MOST_IDLE: Final = 128
HIGH_WATER_BYTES: Final = 256 * 1024
"""So much may wait to be sent before the other end is not read any more."""


class Caller(Protocol):
    """Whoever uses a connection for one request and its answer."""

    def answer_data(self, data: bytes) -> None:
        """Take bytes from the application."""

    def answer_eof(self) -> bool:
        """Take that nothing more comes; True keeps the way there open."""
        ...

    def upstream_lost(self) -> None:
        """Take that the connection is gone."""

    def upstream_flow(self) -> None:
        """Take that the application began or ceased to hold back."""


class Upstream:
    """One address that requests go to."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.under_way = 0
        self._waiting: list[UpstreamConnection] = []
        self._is_free = asyncio.Event()
        self._is_free.set()

    def begin(self) -> None:
        """Count one more request."""
        self.under_way += 1
        self._is_free.clear()

    def end(self) -> None:
        """Count one less."""
        self.under_way -= 1
        if self.under_way == 0:
            self._is_free.set()

    async def drained(self) -> None:
        """Return when no request is under way."""
        await self._is_free.wait()

    def take(self, now_s: float) -> UpstreamConnection | None:
        """Return a connection that can be used at once, if there is one."""
        while self._waiting:
            connection = self._waiting.pop()
            if now_s - connection.idle_since_s < IDLE_S and connection.is_quiet():
                return connection
            connection.abort()
        return None

    def keep(self, connection: UpstreamConnection, now_s: float) -> None:
        """Keep a connection for the next request."""
        if len(self._waiting) >= MOST_IDLE:
            connection.abort()
            return
        connection.idle_since_s = now_s
        self._waiting.append(connection)

    def forget(self, connection: UpstreamConnection) -> None:
        """Take note that a connection is gone."""
        if connection in self._waiting:
            self._waiting.remove(connection)

    def close_idle(self, before_s: float = float("inf")) -> None:
        """Close the connections that wait since before this time."""
        for connection in [one for one in self._waiting if one.idle_since_s < before_s]:
            self._waiting.remove(connection)
            connection.abort()


class Upstreams:
    """All addresses that requests go to, or still are at."""

    def __init__(self) -> None:
        self._by_address: dict[str, Upstream] = {}

    def at(self, address: str) -> Upstream:
        """Return the one of this address."""
        found = self._by_address.get(address)
        if found is None:
            found = self._by_address[address] = Upstream(address)
        return found

    def under_way(self) -> dict[str, int]:
        """Return how many requests each address is at."""
        return {address: one.under_way for address, one in self._by_address.items()}

    def tidy(self, live: frozenset[str], now_s: float) -> None:
        """Close what waited too long, and all that waits for addresses to which nothing goes any more."""
        for address, upstream in list(self._by_address.items()):
            if address in live:
                upstream.close_idle(now_s - IDLE_S)
                continue
            upstream.close_idle()
            if upstream.under_way == 0:
                del self._by_address[address]


class UpstreamConnection(asyncio.Protocol):
    """One connection to the application, lent to one caller at a time."""

    def __init__(self, upstream: Upstream) -> None:
        self.upstream = upstream
        self.caller: Caller | None = None
        self.idle_since_s = 0.0
        self.holds_back = False
        """Whether the application does not read as fast as we send."""
        self._transport: asyncio.Transport | None = None
        self._poll: select.poll | None = None
        self._is_reading = True

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Called by the loop."""
        self._transport = cast(asyncio.Transport, transport)
        self._transport.set_write_buffer_limits(HIGH_WATER_BYTES)

    def data_received(self, data: bytes) -> None:
        """Called by the loop. What nobody asked for ends the connection."""
        if self.caller is None:
            self.upstream.forget(self)
            self.abort()
        else:
            self.caller.answer_data(data)

    def eof_received(self) -> bool:
        """Called by the loop."""
        if self.caller is None:
            return False
        return self.caller.answer_eof()

    def connection_lost(self, exc: Exception | None) -> None:
        """Called by the loop."""
        self.upstream.forget(self)
        caller, self.caller = self.caller, None
        self._transport = None
        if caller is not None:
            caller.upstream_lost()

    def pause_writing(self) -> None:
        """Called by the loop."""
        self.holds_back = True
        if self.caller is not None:
            self.caller.upstream_flow()

    def resume_writing(self) -> None:
        """Called by the loop."""
        self.holds_back = False
        if self.caller is not None:
            self.caller.upstream_flow()

    @property
    def is_open(self) -> bool:
        """Whether anything can be sent."""
        return self._transport is not None and not self._transport.is_closing()

    @property
    def has_sent_all(self) -> bool:
        """Whether nothing waits to be sent."""
        return self._transport is not None and self._transport.get_write_buffer_size() == 0

    def is_quiet(self) -> bool:
        """Whether it is open and nothing came: a close that the loop did not tell of yet is seen here."""
        if not self.is_open or self._transport is None:
            return False
        if self._poll is None:
            self._poll = select.poll()
            self._poll.register(self._transport.get_extra_info("socket").fileno(), select.POLLIN)
        return not self._poll.poll(0)

    def write(self, data: bytes) -> None:
        """Send."""
        if self._transport is not None:
            self._transport.write(data)

    def write_eof(self) -> None:
        """Say that nothing more is sent."""
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write_eof()

    def read(self, *, on: bool) -> None:
        """Go on reading, or stop it."""
        if on == self._is_reading or self._transport is None:
            return
        self._is_reading = on
        if on:
            self._transport.resume_reading()
        else:
            self._transport.pause_reading()

    def close(self) -> None:
        """Close it once all is sent."""
        if self._transport is not None:
            self._transport.close()

    def abort(self) -> None:
        """Close it at once."""
        if self._transport is not None:
            self._transport.abort()
