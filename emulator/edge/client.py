"""A client's connection: requests come one after the other, and answers go in the same order."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import Final, cast

from emulator.edge.answers import own_answer, shape_of
from emulator.edge.exchange import Exchange
from emulator.edge.journal import Entry
from emulator.edge.messages import END, Event, Refused, RequestHead, RequestReader
from emulator.edge.routes import name_of
from emulator.edge.shared import Shared
from emulator.edge.upstream import HIGH_WATER_BYTES

EDGE: Final = "edge"
"""The entrance where the Host header says which route is meant."""
_LINGER_TIMES: Final = 5


class ClientConnection(asyncio.Protocol):
    """One connection.

    Args:
        shared: What all connections share.
        entrance: The port that the client came by: the name of a route, or EDGE.
    """

    def __init__(self, shared: Shared, entrance: str) -> None:
        self.address = "unknown"
        self.holds_back = False
        self._shared = shared
        self._entrance = entrance
        self._transport: asyncio.Transport | None = None
        self._reader = RequestReader()
        self._events: deque[Event] = deque()
        self._exchange: Exchange | None = None
        self._is_reading = True
        self._touched_s = shared.loop.time()
        self._head_since_s: float | None = None
        self._lingers_since_s: float | None = None

    # From the loop.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Called by the loop."""
        self._transport = cast(asyncio.Transport, transport)
        self._transport.set_write_buffer_limits(HIGH_WATER_BYTES)
        peer = transport.get_extra_info("peername")
        self.address = str(peer[0]) if peer else "unknown"
        self._shared.clients.add(self)
        if self._shared.is_stopping:
            self.close()

    def data_received(self, data: bytes) -> None:
        """Called by the loop."""
        self._touched_s = self._shared.loop.time()
        if self._lingers_since_s is not None:
            return
        exchange = self._exchange
        if exchange is not None and exchange.is_tunnel:
            exchange.tunnel_data(data)
            return
        self._events.extend(self._reader.feed(data))
        if self._reader.is_within_head:
            self._head_since_s = self._head_since_s or self._touched_s
        else:
            self._head_since_s = None
        self._work()

    def eof_received(self) -> bool:
        """Called by the loop."""
        if self._exchange is None or self._lingers_since_s is not None:
            return False
        return self._exchange.client_eof()

    def connection_lost(self, exc: Exception | None) -> None:
        """Called by the loop."""
        self._shared.clients.discard(self)
        self._transport = None
        self._events.clear()
        if self._exchange is not None:
            self._exchange.client_lost()

    def pause_writing(self) -> None:
        """Called by the loop."""
        self.holds_back = True
        if self._exchange is not None:
            self._exchange.client_flow()

    def resume_writing(self) -> None:
        """Called by the loop."""
        self.holds_back = False
        if self._exchange is not None:
            self._exchange.client_flow()

    # From the exchange.

    def write(self, data: bytes) -> None:
        """Send."""
        if self._transport is not None and data:
            self._transport.write(data)

    def end_writing(self) -> None:
        """Say that nothing more is sent."""
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write_eof()

    def rest(self) -> bytes:
        """Return what came after a request to change the protocol."""
        return self._reader.rest()

    def flow(self) -> None:
        """Read on, or stop while the application holds back or the next request waits for its turn."""
        exchange = self._exchange
        is_held = self._reader.held_bytes > HIGH_WATER_BYTES
        on = not self._events and not is_held and not (exchange is not None and exchange.holds_back)
        if on == self._is_reading or self._transport is None:
            return
        self._is_reading = on
        if on:
            self._transport.resume_reading()
        else:
            self._transport.pause_reading()

    def over(self, *, keeps_alive: bool) -> None:
        """Take that the exchange is over."""
        exchange, self._exchange = self._exchange, None
        if self._transport is None:
            return
        self._touched_s = self._shared.loop.time()
        if not keeps_alive or self._shared.is_stopping:
            if exchange is None or exchange.has_request:
                self.close()
            else:
                self._linger()
            return
        self._events.extend(self._reader.release())
        if self._events:
            self._shared.loop.call_soon(self._work)
        else:
            self.flow()

    def close(self) -> None:
        """Close it once all is sent."""
        if self._transport is not None:
            self._transport.close()

    # From who looks after all connections.

    def sweep(self, now_s: float) -> None:
        """End what took too long."""
        limits = self._shared.limits
        if self._lingers_since_s is not None:
            is_over = now_s - self._lingers_since_s > limits.linger_s * _LINGER_TIMES
            if is_over or now_s - self._touched_s > limits.linger_s:
                self.abort()
        elif self._exchange is not None:
            self._exchange.sweep(now_s)
        elif self._head_since_s is not None:
            if now_s - self._head_since_s > limits.head_s:
                self._refuse(Refused(408, "the request's head did not come in time"))
        elif now_s - self._touched_s > limits.keep_alive_s:
            self._close_or_abort(now_s)

    def stop(self) -> None:
        """End it once what is under way is over."""
        if self._exchange is None and self._lingers_since_s is None:
            self.close()

    def abort(self) -> None:
        """End it at once."""
        if self._transport is not None:
            self._transport.abort()

    # Its own.

    def _work(self) -> None:
        """Hand on what was read, until a request has to wait for the answer to the one before it."""
        while self._events and self._transport is not None and self._lingers_since_s is None:
            event = self._events[0]
            exchange = self._exchange
            if isinstance(event, (RequestHead, Refused)) and exchange is not None and exchange.has_request:
                break
            self._events.popleft()
            if isinstance(event, RequestHead):
                self._begin(event)
            elif isinstance(event, Refused):
                self._refuse(event)
            elif exchange is None:
                continue
            elif isinstance(event, bytes):
                exchange.body(event)
            elif event is END and not exchange.has_request:
                exchange.request_ended()
        if self._exchange is not None:
            self._exchange.flush()
        self.flow()

    def _close_or_abort(self, now_s: float) -> None:
        """Close it; if that was done before, the client does not read what is left."""
        if self._transport is None or self._transport.is_closing():
            self.abort()
        else:
            self._touched_s = now_s
            self.close()

    def _begin(self, head: RequestHead) -> None:
        name = self._entrance if self._entrance != EDGE else name_of(head.host, self._shared.domain)
        self._exchange = Exchange(self._shared, self, head, name)
        self._exchange.begin()

    def _refuse(self, refused: Refused) -> None:
        """Answer what is no request, and read no further."""
        if self._exchange is not None:
            self._exchange.request_broken(refused)
            return
        shared = self._shared
        now_s, span_id = shared.wall_s(), shared.random_hex(8)
        route = None if self._entrance == EDGE else self._entrance
        self.write(
            own_answer(
                shape_of(route), refused.status, refused.why, span_id, now_s, has_body=True, closes=True
            )
        )
        shared.journal.add(
            Entry(
                started_s=now_s,
                duration_ms=0.0,
                route=route,
                method="-",
                path="-",
                status=refused.status,
                bytes_in=0,
                bytes_out=0,
                request_id=span_id,
                trace_id=shared.random_hex(16),
                span_id=span_id,
                parent_id=None,
                release=None,
                upstream=None,
                error=refused.why,
            )
        )
        self._linger()

    def _linger(self) -> None:
        """Send all, and read on for a while: closed at once, the client might lose the answer."""
        if self._transport is None or self._transport.is_closing():
            return
        self._lingers_since_s = self._touched_s = self._shared.loop.time()
        self._head_since_s = None
        self._events.clear()
        self.flow()
        self._transport.write_eof()
