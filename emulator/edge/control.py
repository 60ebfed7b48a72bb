"""The edge's control surface, below `/_edge/`, on a port of its own: for programs of this machine only."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from http import HTTPStatus
from typing import Any, Final, cast
from urllib.parse import parse_qsl, urlsplit

from emulator.edge.answers import http_date
from emulator.edge.messages import END, Refused, RequestHead, RequestReader
from emulator.edge.routes import BadRoute
from emulator.edge.shared import Shared

PREFIX: Final = "/_edge/"
LARGEST_BODY_BYTES: Final = 1 << 20
LONGEST_WAIT_S: Final = 600.0
_MOST_DIGITS: Final = 9
_LOOPBACK: Final = frozenset({"127.0.0.1", "localhost", "::1"})


class _Refusal(Exception):
    """A request that is not obeyed; the text says why."""

    def __init__(self, status: int, why: str) -> None:
        super().__init__(why)
        self.status = status


class Control:
    """What the surface can do."""

    def __init__(self, shared: Shared) -> None:
        self._shared = shared
        self._handlers: Mapping[tuple[str, str], Callable[[Mapping[str, str], bytes], Awaitable[Any]]] = {
            ("GET", "health"): self._health,
            ("GET", "routes"): self._routes,
            ("PUT", "routes"): self._put_routes,
            ("GET", "drained"): self._drained,
            ("GET", "requests"): self._requests,
        }

    async def answer(self, head: RequestHead, body: bytes) -> tuple[int, Any]:
        """Return status and JSON for one request."""
        try:
            _refuse_foreign(head)
            path, _, query = head.target.decode("latin-1").partition("?")
            name = path.removeprefix(PREFIX) if path.startswith(PREFIX) else ""
            handler = self._handlers.get((head.method, name))
            if handler is None:
                known = ", ".join(f"{method} {PREFIX}{path}" for method, path in self._handlers)
                raise _Refusal(404, f"there is no {head.method} {path}; there are: {known}")
            return 200, await handler(dict(parse_qsl(query)), body)
        except _Refusal as refusal:
            return refusal.status, {"error": str(refusal)}

    async def _health(self, _query: Mapping[str, str], _body: bytes) -> Any:
        return {"status": "stopping" if self._shared.is_stopping else "ok"}

    async def _routes(self, _query: Mapping[str, str], _body: bytes) -> Any:
        shared = self._shared
        return {"routes": shared.routes.public(), "under_way": shared.upstreams.under_way()}

    async def _put_routes(self, query: Mapping[str, str], body: bytes) -> Any:
        shared = self._shared
        try:
            wanted = json.loads(body)
        except (ValueError, RecursionError) as error:
            raise _Refusal(400, f"the body is no JSON ({error})") from error
        try:
            shared.routes.change(wanted.get("routes") if isinstance(wanted, dict) else None)
        except BadRoute as error:
            raise _Refusal(400, str(error)) from error
        except OSError as error:
            raise _Refusal(500, f"the routes cannot be kept, and were not changed: {error}") from error
        shared.upstreams.tidy(shared.routes.addresses, shared.loop.time())
        shared.journal.say("info", "routes changed", shared.wall_s(), routes=shared.routes.public())
        return await self._routes(query, body)

    async def _drained(self, query: Mapping[str, str], _body: bytes) -> Any:
        """Answer once nothing is under way at an address, or when the time is over."""
        address = query.get("address", "")
        if not address:
            raise _Refusal(400, "say at which address: ?address=127.0.0.1:8407&within_s=30")
        upstream = self._shared.upstreams.at(address)
        try:
            async with asyncio.timeout(_seconds(query.get("within_s", "30"))):
                await upstream.drained()
        except TimeoutError:
            pass  # the answer says so
        return {"address": address, "under_way": upstream.under_way, "drained": upstream.under_way == 0}

    async def _requests(self, query: Mapping[str, str], _body: bytes) -> Any:
        text = query.get("limit", "100")
        if not text.isdecimal() or len(text) > _MOST_DIGITS:
            raise _Refusal(400, f"limit is '{text}'; write a number, such as 100")
        return {"requests": self._shared.journal.last(int(text))}


def _refuse_foreign(head: RequestHead) -> None:
    """Refuse what a page of elsewhere makes a browser send, by its origin or by a name of its own for us."""
    host = (head.host or b"").decode("latin-1")
    if _hostname(f"//{host}") not in _LOOPBACK:
        raise _Refusal(403, f"the edge is controlled at 127.0.0.1, not at '{host[:100]}'")
    for lower, _, value in head.headers:
        if lower == b"origin" and _hostname(value.decode("latin-1")) not in _LOOPBACK:
            raise _Refusal(403, f"a page of '{value[:100].decode('latin-1')}' may not control the edge")


def _hostname(url: str) -> str | None:
    try:
        return urlsplit(url).hostname
    except ValueError:  # such as a bracket that is not closed
        return None


def _seconds(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value <= LONGEST_WAIT_S:
        raise _Refusal(400, f"within_s is '{text}'; write seconds up to {LONGEST_WAIT_S:g}")
    return value


class ControlConnection(asyncio.Protocol):
    """One connection to the surface, for one request."""

    def __init__(self, shared: Shared, control: Control) -> None:
        self._shared = shared
        self._control = control
        self._transport: asyncio.Transport | None = None
        self._reader = RequestReader()
        self._head: RequestHead | None = None
        self._body = bytearray()
        self._task: asyncio.Task[None] | None = None
        self._deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Called by the loop."""
        self._transport = cast(asyncio.Transport, transport)
        self._deadline = self._shared.loop.call_later(self._shared.limits.head_s, self._is_late)

    def data_received(self, data: bytes) -> None:
        """Called by the loop."""
        for event in self._reader.feed(data):
            if self._task is not None or self._is_answered:
                return
            if isinstance(event, RequestHead):
                self._head = event
            elif isinstance(event, bytes):
                self._body += event
                if len(self._body) > LARGEST_BODY_BYTES:
                    self._send(413, {"error": f"the body is larger than {LARGEST_BODY_BYTES} bytes"})
            elif isinstance(event, Refused):
                self._send(event.status, {"error": event.why})
            elif event is END and self._head is not None:
                self._task = self._shared.loop.create_task(self._answer(self._head))

    def connection_lost(self, exc: Exception | None) -> None:
        """Called by the loop. Whoever waited does not any more."""
        self._transport = None
        if self._deadline is not None:
            self._deadline.cancel()
        if self._task is not None:
            self._task.cancel()

    @property
    def _is_answered(self) -> bool:
        return self._transport is None or self._transport.is_closing()

    def _is_late(self) -> None:
        """End what did not say what it wants, or does not read what it was told."""
        if self._task is None or self._task.done():
            self._abort()

    def _abort(self) -> None:
        if self._transport is not None:
            self._transport.abort()

    async def _answer(self, head: RequestHead) -> None:
        try:
            self._send(*await self._control.answer(head, bytes(self._body)))
        except BaseException:
            self._abort()  # a bug of ours keeps nobody waiting
            raise

    def _send(self, status: int, body: Any) -> None:
        if self._transport is None or self._is_answered:
            return
        text = json.dumps(body).encode()
        head = (
            f"HTTP/1.1 {status} {HTTPStatus(status).phrase}\r\nContent-Type: application/json\r\n"
            f"Content-Length: {len(text)}\r\nDate: {http_date(self._shared.wall_s())}\r\n"
            "Cache-Control: no-store\r\nConnection: close\r\n\r\n"
        )
        self._transport.write(head.encode("latin-1") + text)
        self._transport.close()
