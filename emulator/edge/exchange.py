"""One request and its answer on their way between a client and the application."""

from __future__ import annotations

import asyncio
from typing import Final

from emulator.edge.answers import own_answer, shape_of
from emulator.edge.downstream import Downstream
from emulator.edge.framing import Framing
from emulator.edge.headers import answer_bytes, identity, request_bytes
from emulator.edge.journal import Entry, shown_path
from emulator.edge.messages import END, AnswerHead, AnswerReader, Refused, RequestHead
from emulator.edge.shared import Shared
from emulator.edge.upstream import HIGH_WATER_BYTES, UpstreamConnection
from emulator.edge.way import NoWay, Way

_IDEMPOTENT: Final = frozenset({"GET", "HEAD", "OPTIONS", "PUT", "DELETE", "TRACE"})
"""Source: RFC 9110, section 9.2.2."""
_GONE: Final = 499
"""Logged when the client went away before it was answered."""


class Exchange:
    """Moves one request there and its answer back, whichever bytes come first.

    Args:
        shared: What all connections share.
        client: Who asks.
        head: What is asked.
        name: The route; None if the Host header names none.
    """

    def __init__(self, shared: Shared, client: Downstream, head: RequestHead, name: str | None) -> None:
        self._shared = shared
        self._client = client
        self._head = head
        self._name = name
        self._named = identity(head.headers, shared.random_hex)
        self._started_s = shared.wall_s()
        self._began_s = self._touched_s = shared.loop.time()
        self.has_request = not head.has_body
        """Whether all of the request has come."""
        self.is_tunnel = False
        self._is_over = False

        self._way = Way(shared, name)
        self._connection: UpstreamConnection | None = None
        self._connecting: asyncio.Task[None] | None = None
        self._is_reused = False
        self._reader = AnswerReader(is_head=head.method == "HEAD")

        self._request = Framing(is_chunked=head.is_chunked)
        if self.has_request:
            self._request.end()
        self._client_ended = False
        self._application_ended = False

        self._status = 0
        self._answer: AnswerHead | None = None
        self._body = Framing(is_chunked=False)
        self._was_told_to_go_on = False
        self._closes = not head.keeps_alive
        self._error: str | None = None

    # The request, from the client.

    def begin(self) -> None:
        """Send the head on its way."""
        try:
            _, upstream = self._way.choose()
        except NoWay as none:
            self._answer_self(none.status, none.why)
            return
        connection = upstream.take(self._shared.loop.time())
        if connection is not None:
            self._attach(connection, is_reused=True)
        else:
            self._connect()

    def body(self, part: bytes) -> None:
        """Take a part of the body; `flush` sends it."""
        self._touched_s = self._shared.loop.time()
        self._request.add(part)

    def request_ended(self) -> None:
        """Take that the request is complete; `flush` sends it."""
        self.has_request = True
        self._request.end()

    def request_broken(self, refused: Refused) -> None:
        """Take that the rest of the request cannot be read."""
        if self._answer is None:
            self._answer_self(refused.status, refused.why)
        else:
            self._break_off(refused.why)

    def flush(self) -> None:
        """Send what came of the request, if there is somebody to send it to."""
        if self._connection is not None and (body := self._request.take()):
            self._connection.write(body)

    def tunnel_data(self, data: bytes) -> None:
        """Take bytes of the new protocol from the client."""
        self._request.total_bytes += len(data)
        if self._connection is not None:
            self._connection.write(data)

    def client_eof(self) -> bool:
        """Take that the client sends nothing more; True keeps the way to it open."""
        if not self.has_request:
            return False
        self._client_ended = self._closes = True
        self._pass_on_end()
        if self._application_ended:
            self._end(keeps_alive=False)
        return True

    def client_lost(self) -> None:
        """Take that the client is gone."""
        if not self.is_tunnel:
            self._status, self._error = _GONE, "the client went away"
        self._end(keeps_alive=False)

    def client_flow(self) -> None:
        """Take that the client began or ceased to hold back."""
        self._touched_s = self._shared.loop.time()
        if self._connection is not None:
            self._connection.read(on=not self._client.holds_back)

    @property
    def holds_back(self) -> bool:
        """Whether the client must not be read from now."""
        if self._connection is None:
            return self._request.waiting_bytes > HIGH_WATER_BYTES
        return self._connection.holds_back

    def sweep(self, now_s: float) -> None:
        """End it if it took too long."""
        if self.is_tunnel or self._connection is None:
            return
        if now_s - self._touched_s < self._shared.limits.answer_s:
            return
        if self._answer is not None:
            self._break_off("nothing moved for too long")
        elif self.has_request or self.holds_back:
            self._answer_self(504)
        else:
            self._answer_self(408, "the request's body did not come in time")

    # The way there.

    def _connect(self) -> None:
        self._connecting = self._shared.loop.create_task(self._attach_new())

    async def _attach_new(self) -> None:
        try:
            connection = await self._way.connect()
        except NoWay as none:
            self._error = none.why
            self._answer_self(none.status)
            return
        self._attach(connection, is_reused=False)
        self._client.flow()

    def _attach(self, connection: UpstreamConnection, *, is_reused: bool) -> None:
        """Send the head, and what came of the body, over this connection."""
        route = self._way.route
        if route is None:
            raise RuntimeError("no route was chosen")
        self._touched_s = self._shared.loop.time()
        self._connecting = None
        self._connection, self._is_reused = connection, is_reused
        connection.caller = self
        connection.read(on=not self._client.holds_back)
        public = self._head.host or route.address.encode()
        host = route.host.encode() if route.host else public
        head = request_bytes(self._head, self._named, client=self._client.address, host=host, public=public)
        connection.write(head + self._request.take())
        self._pass_on_end()

    def _pass_on_end(self) -> None:
        """Tell the application that the client ended, once all that the client sent is on its way."""
        waits = self._head.upgrade is not None and not self.is_tunnel
        if self._client_ended and not waits and self._connection is not None:
            self._connection.write_eof()

    # The answer, from the application.

    def answer_data(self, data: bytes) -> None:
        """Take bytes from the application."""
        self._touched_s = self._shared.loop.time()
        if self.is_tunnel:
            self._body.total_bytes += len(data)
            self._client.write(data)
            return
        heads, broken = b"", None
        for event in self._reader.feed(data):
            if isinstance(event, bytes):
                self._body.add(event)
            elif isinstance(event, AnswerHead):
                if event.status == 101 and self._head.upgrade is None:
                    broken = Refused(502, "it changes the protocol unasked")
                    break
                heads += self._answer_head(event)
            elif isinstance(event, Refused):
                broken = event
            elif event is END:
                self._body.end()
        if out := heads + self._body.take() if heads else self._body.take():
            self._client.write(out)
        if broken is not None:
            self._answer_broken(f"the application's answer cannot be read: {broken.why}")
        elif self._status == 101:
            self._open_tunnel()
        elif self._reader.has_ended:
            self._answer_ended()

    def answer_eof(self) -> bool:
        """Take that the application sends nothing more; True keeps the way there open."""
        if self.is_tunnel:
            self._application_ended = True
            self._client.end_writing()
            if self._client_ended:
                self._end(keeps_alive=False)
            return True
        if self._reader.end():
            self._body.end()
            self._client.write(self._body.take())
            self._answer_ended()
        else:
            self.upstream_lost()
        return False

    def upstream_lost(self) -> None:
        """Take that the connection to the application is gone, before the answer was whole."""
        if self.is_tunnel:
            self._end(keeps_alive=False)
        elif self._may_try_again():
            self._detach()
            self._reader = AnswerReader(is_head=self._head.method == "HEAD")
            self._connect()
        else:
            self._answer_broken("the application ended its connection")

    def upstream_flow(self) -> None:
        """Take that the application began or ceased to hold back."""
        self._touched_s = self._shared.loop.time()
        self._client.flow()

    def _answer_head(self, answer: AnswerHead) -> bytes:
        """Return the head of an answer for the client, and decide how the body is marked out."""
        status = answer.status
        if status < 200:
            return self._informational(answer)
        self._answer, self._status = answer, status
        has_body = not (self._head.method == "HEAD" or status in (204, 304))
        is_unmeasured = has_body and answer.length is None
        self._body = Framing(is_chunked=is_unmeasured and not self._head.is_http10)
        waits_for_nothing = self._head.expects_continue and not self._was_told_to_go_on
        if (is_unmeasured and self._head.is_http10) or self._shared.is_stopping:
            self._closes = True
        if not self.has_request and (status >= 400 or waits_for_nothing):
            self._closes = True
        return answer_bytes(
            answer,
            is_chunked=self._body.is_chunked,
            closes=self._closes,
            request_id=self._named.request_id,
        )

    def _informational(self, answer: AnswerHead) -> bytes:
        if answer.status == 101:
            self.is_tunnel = True
            self._answer, self._status = answer, answer.status
        self._was_told_to_go_on = self._was_told_to_go_on or answer.status == 100
        if self._head.is_http10:
            return b""
        return answer_bytes(answer, is_chunked=False, closes=False, request_id=self._named.request_id)

    def _open_tunnel(self) -> None:
        if self._reader.rest:
            self._body.total_bytes += len(self._reader.rest)
            self._client.write(self._reader.rest)
        if early := self._client.rest():
            self.tunnel_data(early)
        self._pass_on_end()
        self._client.flow()

    def _answer_ended(self) -> None:
        self._end(keeps_alive=not self._closes and self.has_request)

    def _answer_broken(self, why: str) -> None:
        """End with an answer that is none: with one of our own, if the client has seen nothing yet."""
        self._error = why
        if self._answer is not None:
            self._break_off(why)
        elif self._client_ended:
            self._status, self._error = _GONE, "the client went away"
            self._end(keeps_alive=False)
        else:
            self._answer_self(502)

    def _may_try_again(self) -> bool:
        """Whether it may be sent once more: the connection had waited, and nothing can happen twice."""
        return (
            self._is_reused
            and self._answer is None
            and not self._head.has_body
            and self._head.method in _IDEMPOTENT
            and not self._client_ended
        )

    def _answer_self(self, status: int, why: str | None = None) -> None:
        """Give an answer of our own."""
        closes = self._closes or not self.has_request or self._shared.is_stopping
        self._status = status
        self._error = self._error or why
        answer = own_answer(
            shape_of(self._name),
            status,
            why,
            self._named.request_id,
            self._shared.wall_s(),
            has_body=self._head.method != "HEAD",
            closes=closes,
        )
        self._client.write(answer)
        self._end(keeps_alive=not closes)

    def _break_off(self, why: str) -> None:
        """End in the middle of an answer, so that the client sees that it is not whole."""
        self._error = why
        client = self._client
        self._end(keeps_alive=False)
        client.close()

    # The end.

    def _detach(self) -> UpstreamConnection | None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.caller = None
        return connection

    def _end(self, *, keeps_alive: bool) -> None:
        """Give everything back, and write it down. Happens once."""
        if self._is_over:
            return
        self._is_over = True
        if self._connecting is not None and self._connecting is not asyncio.current_task():
            self._connecting.cancel()
        self._connecting = None
        self._give_back()
        self._way.leave()
        self._shared.journal.add(self._entry())
        self._client.over(keeps_alive=keeps_alive)

    def _give_back(self) -> None:
        connection = self._detach()
        if connection is None:
            return
        may_stay = (
            self._answer is not None
            and self._answer.keeps_alive
            and not self.is_tunnel
            and self.has_request
            and self._reader.has_ended
            and not self._reader.has_surplus
            and not self._client_ended
            and connection.has_sent_all
        )
        if may_stay:
            connection.read(on=True)
            self._way.keep(connection)
        elif self.is_tunnel:
            connection.close()
        else:
            connection.abort()

    def _entry(self) -> Entry:
        route = self._way.route
        return Entry(
            started_s=self._started_s,
            duration_ms=(self._shared.loop.time() - self._began_s) * 1000,
            route=self._name,
            method=self._head.method,
            path=shown_path(self._head.target),
            status=self._status,
            bytes_in=self._request.total_bytes,
            bytes_out=self._body.total_bytes,
            request_id=self._named.request_id,
            trace_id=self._named.trace_id,
            span_id=self._named.span_id,
            parent_id=self._named.parent_id,
            release=route.release if route else None,
            upstream=route.address if route else None,
            error=self._error,
        )
