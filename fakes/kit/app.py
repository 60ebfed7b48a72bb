"""One fake as an ASGI application: what it serves, with the journal and the faults around."""

import asyncio
import importlib
import logging
import sqlite3
import time
from collections.abc import Mapping
from typing import Any

from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from fakes.kit import journal as journals
from fakes.kit.addresses import CONTROL
from fakes.kit.clock import SettableClock
from fakes.kit.errors import ProviderError
from fakes.kit.fake import Fake, serving
from fakes.kit.faults import Fault, Faults
from fakes.kit.hosts import came_by_name
from fakes.kit.ids import Ids
from fakes.kit.journal import Entry, Journal
from fakes.kit.kit import FakeSettings, Kit, Parts
from fakes.kit.routing import grouped
from fakes.kit.surface import Surface, foreign_origin
from fakes.kit.webhooks import CallbackRefused, Webhooks

log = logging.getLogger(__name__)


class FakeApp:
    """A fake, ready to be served. An ASGI application.

    Args:
        name: The fake's package below `fakes`.
        settings: Settings of the process.
        clock: The process's clock; all fakes share one.
    """

    def __init__(self, name: str, settings: FakeSettings, clock: SettableClock) -> None:
        self.name = name
        ids = Ids(settings.seed)
        webhooks = Webhooks(clock, settings.callback_hosts)
        self.kit = Kit(name, settings, clock, ids, Journal(), webhooks)
        described: Fake = importlib.import_module(f"fakes.{name}").FAKE
        self.hosts = described.hosts
        self.parts: Parts = importlib.import_module(f"fakes.{name}.routes").build(self.kit)
        self.faults = Faults(Ids(settings.seed), described.conditions, self.parts.conditions)
        if not self.kit.store.has_baseline:
            self.kit.store.clear()
            self.parts.state.populate()
            self.kit.store.mark_baseline()
        else:
            ids.resume(self.kit.store.opened_again())
        surface = Surface(self.kit, self.parts, self.faults, load=self.load, reset=self.reset)
        self._app = Starlette(
            routes=grouped((*surface.routes(), *self.parts.controls, *self.parts.routes)),
            exception_handlers={
                ProviderError: self._provider_error,
                CallbackRefused: self._callback_refused,
                ClientDisconnect: self._client_left,
                Exception: self._failed,
                404: self._not_covered,
                405: self._not_covered,
            },
        )
        self._app.router.redirect_slashes = False  # another path is a gap, not a detour
        self._recorded = _Recorder(self, self._at_its_host)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request; `scope["real_host"]` is the host of the provider that it came by, if any."""
        is_by_name = "real_host" in scope
        came_by_name.set(is_by_name)
        if scope["type"] != "http":
            await self._app(scope, receive, send)
        elif is_by_name or not scope["path"].startswith(CONTROL):
            await self._recorded(scope, receive, send)
        elif (origin := foreign_origin(scope)) is None:
            await self._app(scope, receive, send)
        else:
            text = f"a page of '{origin[:100]}' may not control fake '{self.name}'; pages of this machine may"
            await JSONResponse({"error": text, "fake": self.name}, 403)(scope, receive, send)

    def reset(self) -> None:
        """Back to the baseline: faults, webhooks, rows, ids, clock, journal."""
        self.faults.clear()
        self.kit.webhooks.reset()
        self.kit.store.restore_baseline()
        self.kit.ids.reset()
        self.kit.clock.reset()
        self.kit.journal.clear()
        self.parts.state.reset()

    def load(self, document: Mapping[str, Any]) -> None:
        """Replace all rows by the fixed accounts and a seed document; this becomes the baseline.

        Raises:
            ValueError: The document is not of this fake's shape, or two of its rows have one id; nothing has
                changed then.
        """
        store = self.kit.store
        try:
            with store.transaction():
                store.clear()
                self.parts.state.populate()
                self.parts.state.load(document)
                store.mark_baseline()
        except sqlite3.Error as error:
            raise ValueError(f"the document cannot be stored: {error}") from error
        self.reset()

    async def close(self) -> None:
        """End the faults, stop background work and close the files."""
        self.faults.clear()
        await self.kit.webhooks.close()
        if self.parts.close is not None:
            self.parts.close()
        self.kit.store.close()

    def error_response(self, error: ProviderError) -> Response:
        """The provider's answer to an error."""
        if error.violation is not None:
            self.kit.journal.violation(error.violation)
            log.error("isolation violation", extra={"fake": self.name, "violation": error.violation})
        body = self.parts.error_body(error)
        if isinstance(body, Response):
            return body
        if isinstance(body, str):
            return PlainTextResponse(body, error.status, error.headers)
        return JSONResponse(body, error.status, error.headers)

    async def _at_its_host(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Refuse what the provider serves at another of its hosts; by this fake's own port all are one.

        None of them has a control surface.
        """
        host, path = scope.get("real_host"), scope["path"]
        if host is not None and path.startswith(CONTROL):
            await self._gap(Request(scope))(scope, receive, send)
            return
        there = serving(self.hosts, path)
        if host is None or not there or host in there:
            await self._app(scope, receive, send)
            return
        scope["entry"].is_covered = False
        names = " and ".join(f"'{one.name}'" for one in there)
        text = f"'{host.name}' does not serve {path}; it belongs to {names}"
        log.warning("wrong host", extra={"fake": self.name, "host": host.name, "path": path})
        await JSONResponse({"error": text, "fake": self.name, "path": path}, 404)(scope, receive, send)

    async def _provider_error(self, _request: Request, error: Exception) -> Response:
        assert isinstance(error, ProviderError)
        return self.error_response(error)

    async def _failed(self, _request: Request, _error: Exception) -> Response:
        """Say so in the provider's shape; the server logs the traceback and closes the connection."""
        return self.error_response(ProviderError(500, "General Error", headers={"Connection": "close"}))

    async def _callback_refused(self, _request: Request, error: Exception) -> Response:
        return self.error_response(ProviderError(400, str(error)))

    async def _client_left(self, _request: Request, _error: Exception) -> Response:
        """Nobody hears it: only the journal sees that a client left before its request was read."""
        return Response(status_code=499)

    async def _not_covered(self, request: Request, _error: Exception) -> Response:
        return self._gap(request)

    def _gap(self, request: Request) -> Response:
        entry = request.scope.get("entry")
        path = request.url.path
        if entry is not None:
            entry.is_covered = False
            path = entry.path
        log.warning("not covered", extra={"fake": self.name, "method": request.method, "path": path})
        text = f"fake '{self.name}' does not cover {request.method} {path}"
        return JSONResponse({"error": text, "fake": self.name, "path": path}, 501)


class _Recorder:
    """Writes each request into the journal and lets the faults strike."""

    def __init__(self, fake: FakeApp, app: ASGIApp) -> None:
        self._fake = fake
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        entry = self._opened(scope, headers)
        captured, answered = bytearray(), bytearray()
        answer_type = ""
        started = time.perf_counter()

        async def receive_and_note() -> Message:
            message = await receive()
            if message["type"] == "http.request":
                body = message.get("body", b"")
                entry.request_bytes += len(body)
                if len(captured) < journals.BODY_LIMIT_BYTES:
                    captured.extend(body[: journals.BODY_LIMIT_BYTES - len(captured)])
            return message

        async def send_and_note(message: Message) -> None:
            nonlocal answer_type
            if message["type"] == "http.response.start":
                self._add_provider_headers(scope, message)
                entry.status = message["status"]
                sent = {name.decode("latin-1"): value.decode("latin-1") for name, value in message["headers"]}
                entry.response_headers = journals.masked_headers(sent)
                answer_type = sent.get("content-type", "")
            elif message["type"] == "http.response.body":
                body = message.get("body", b"")
                entry.response_bytes += len(body)
                if len(answered) < journals.BODY_LIMIT_BYTES:
                    answered.extend(body[: journals.BODY_LIMIT_BYTES - len(answered)])
            await send(message)

        try:
            fault = self._fake.faults.take(entry.method, scope["path"])
            if fault is None or not await self._strike(fault, entry, scope, receive_and_note, send_and_note):
                await self._app(scope, receive_and_note, send_and_note)
        finally:
            secret_path = self._fake.parts.secret_in_path
            entry.note_bodies(
                journals.body_text(captured, headers.get("content-type", ""), secret_path),
                journals.body_text(answered, answer_type, secret_path),
            )
            entry.duration_ms = round((time.perf_counter() - started) * 1000, 3)
            self._tell(entry)

    def _opened(self, scope: Scope, headers: Mapping[str, str]) -> Entry:
        """The request's entry in the journal, before its answer."""
        kit = self._fake.kit
        entry = Entry(
            id=0,
            at_s=kit.clock.now(),
            method=scope["method"],
            path=journals.masked_paths(scope["path"], self._fake.parts.secret_in_path),
            query=journals.masked_query(scope["query_string"].decode("latin-1")),
            headers=journals.masked_headers(headers),
            trace_id=journals.trace_id_of(headers.get("traceparent")),
        )
        kit.journal.open(entry)
        scope["entry"] = entry
        return entry

    def _tell(self, entry: Entry) -> None:
        fields: dict[str, Any] = {
            "fake": self._fake.name,
            "method": entry.method,
            "path": entry.path,
            "status": entry.status,
        }
        fields |= {"duration_ms": entry.duration_ms, "trace_id": entry.trace_id}
        log.info("request", extra={name: value for name, value in fields.items() if value is not None})

    async def _strike(self, fault: Fault, entry: Entry, scope: Scope, receive: Receive, send: Send) -> bool:
        """Do what the fault says; True when the request has thereby had its answer."""
        entry.fault = f"{fault.id} {fault.kind}"
        match fault.kind:
            case "latency":
                await asyncio.sleep(fault.ms / 1000)
                return False
            case "error":
                await self._refusal(fault)(scope, receive, send)
            case "hang":
                while (await receive())["type"] != "http.disconnect":
                    pass
            case "cut":
                cut(scope)
                await asyncio.sleep(0)  # the server notices the loss before it misses an answer
            case "garbage":
                await Response(b"\x00\xffnot what you asked for\x00", media_type="application/json")(
                    scope, receive, send
                )
        return True

    def _refusal(self, fault: Fault) -> Response:
        if fault.body is not None:
            return Response(fault.body, fault.status, fault.headers, media_type="application/json")
        answer = self._fake.error_response(
            ProviderError(fault.status, "fault injected", headers=fault.headers)
        )
        answer.status_code = fault.status
        return answer

    def _add_provider_headers(self, scope: Scope, message: Message) -> None:
        added = self._fake.parts.headers
        if added is None:
            return
        present = {name for name, _ in message["headers"]}
        extra = {
            name.lower().encode("latin-1"): value.encode("latin-1")
            for name, value in added(Request(scope)).items()
        }
        message["headers"] = [*message["headers"], *((n, v) for n, v in extra.items() if n not in present)]


def cut(scope: Scope) -> None:
    """Close the connection of this request at once, without an answer."""
    transport = scope.get("state", {}).get("transport")
    if transport is not None:
        transport.abort()
