"""What happens around every request: its span, its headers, who may call from a browser, what is counted."""

from __future__ import annotations

import logging
import re
import time
from typing import Final
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from clipnet.api.metrics import RequestMetrics
from clipnet.api.problems import Problem, response
from clipnet.log import Span, no_span, span
from clipnet.settings import Settings

log = logging.getLogger("clipnet")

_UNSAFE: Final = frozenset({"POST", "PUT", "PATCH", "DELETE"})
_QUIET: Final = frozenset({"/health", "/ready", "/metrics", "/version"})
"""Asked by probes all the time: counted, but without a span in the log."""
_REQUEST_ID: Final = re.compile(r"[A-Za-z0-9._-]{1,64}")
LARGEST_BODY_BYTES: Final = 1 << 20
"""Of every body but an upload, which has a limit of its own."""
_SECURITY_HEADERS: Final = {
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
}
_CLOSED: Final = "default-src 'none'; frame-ancestors 'none'"
_DOCS: Final = (
    "default-src 'none'; style-src 'self' 'unsafe-inline'; script-src 'self' 'unsafe-inline'; "
    "connect-src 'self'; frame-ancestors 'none'"
)
_ALLOWED_HEADERS: Final = "authorization, content-type, idempotency-key, traceparent, x-request-id"
_EXPOSED_HEADERS: Final = "idempotency-replayed, location, retry-after, traceparent, x-request-id"


class Edge:
    """The outermost layer of the application; plain ASGI, so that uploads stream."""

    def __init__(self, app: ASGIApp, settings: Settings, metrics: RequestMetrics) -> None:
        self._app = app
        self._metrics = metrics
        self._web_origin = origin_of(settings.web_url)
        alias = (settings.alias.web_url, settings.alias.api_url) if settings.alias else ()
        self._origins = {self._web_origin, *map(origin_of, (settings.api_url, *alias))}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        if scope["method"] == "OPTIONS" and "access-control-request-method" in headers:
            await self._preflight(headers)(scope, receive, send)
            return

        started = time.perf_counter()
        quiet = scope["path"] in _QUIET
        parent = headers.get("traceparent")
        around = no_span() if quiet else span(f"{scope['method']} {scope['path']}", parent, is_first=True)
        with around as own:
            exchange = _Exchange(scope, receive, send, own)
            exchange.headers = self._answer_headers(scope, headers, own)
            try:
                await self._serve(exchange, headers)
            finally:
                route = _route(scope)
                self._metrics.observe(scope["method"], route, exchange.status, time.perf_counter() - started)
                if own is not None:
                    own.name = f"{scope['method']} {route}"
                    own.fields.update(status=exchange.status, path=scope["path"])

    async def _serve(self, exchange: _Exchange, headers: Headers) -> None:
        refused = self._refused(exchange.scope["method"], headers)
        try:
            if refused is not None:
                await response(refused, exchange.scope["path"])(
                    exchange.scope, exchange.receive, exchange.send
                )
                return
            await self._app(exchange.scope, exchange.receive, exchange.send)
        except ClientDisconnect:
            exchange.status = 499
        except Exception:
            if exchange.status == 499:
                return
            log.exception("request failed", extra={"path": exchange.scope["path"]})
            if exchange.has_started:
                raise
            words = "The error was recorded. Try again; if it stays, report the trace id."
            broken = response(Problem("internal", words), exchange.scope["path"])
            await broken(exchange.scope, exchange.receive, exchange.send)

    def _refused(self, method: str, headers: Headers) -> Problem | None:
        """Refuse what a foreign page made a browser send: cookies travel with it, so its origin must be ours.

        Browsers name the origin on every unsafe request (fetch.spec.whatwg.org, section 3.2); programs send
        none, and a bearer token is never sent by a browser on its own.
        """
        if method not in _UNSAFE or headers.get("authorization") is not None:
            return None
        origin = headers.get("origin")
        if origin is None and headers.get("sec-fetch-site") not in ("cross-site",):
            return None
        if origin in self._origins:
            return None
        return Problem(
            "origin_refused", f"This API takes requests from {self._web_origin}, not from {origin!r}."
        )

    def _preflight(self, headers: Headers) -> Response:
        answer = Response(status_code=204, headers={"Vary": "Origin"})
        if headers.get("origin") in self._origins:
            answer.headers.update(
                {
                    **_cors(headers["origin"]),
                    "Access-Control-Allow-Methods": "GET, POST, PUT, PATCH, DELETE",
                    "Access-Control-Allow-Headers": _ALLOWED_HEADERS,
                    "Access-Control-Max-Age": "600",
                }
            )
        return answer

    def _answer_headers(self, scope: Scope, headers: Headers, own: Span | None) -> dict[str, str]:
        asked_id = headers.get("x-request-id", "")
        request_id = asked_id if _REQUEST_ID.fullmatch(asked_id) else (own.span_id if own else "")
        added = {
            **_SECURITY_HEADERS,
            "content-security-policy": _DOCS if scope["path"] == "/docs" else _CLOSED,
            "cache-control": "no-store",
            "vary": "Origin",
        }
        if own is not None:
            added |= {"traceparent": own.traceparent, "x-request-id": request_id}
            own.fields["request_id"] = request_id
        origin = headers.get("origin")
        if origin in self._origins and origin is not None:
            added |= {name.lower(): value for name, value in _cors(origin).items()}
        return added


class _Exchange:
    """One request and its answer: adds the headers, remembers the status, and limits the body."""

    def __init__(self, scope: Scope, receive: Receive, send: Send, own: Span | None) -> None:
        self.scope = scope
        self.status = 500
        self.has_started = False
        self.headers: dict[str, str] = {}
        self._receive = receive
        self._send = send
        self._left = _body_limit(scope)

    async def receive(self) -> Message:
        message = await self._receive()
        if message["type"] == "http.disconnect" and not self.has_started:
            self.status = 499
        if self._left is not None and message["type"] == "http.request":
            self._left -= len(message.get("body", b""))
            if self._left < 0:
                raise HTTPException(413, f"The body is larger than {LARGEST_BODY_BYTES} bytes.")
        return message

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.has_started = True
            self.status = message["status"]
            headers = MutableHeaders(scope=message)
            for name, value in self.headers.items():
                headers.setdefault(name, value)
        await self._send(message)


def origin_of(url: str) -> str:
    """Return scheme, host and port of an address, as a browser names an origin."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def _body_limit(scope: Scope) -> int | None:
    is_upload = Headers(scope=scope).get("content-type", "").startswith("multipart/form-data")
    return None if is_upload and scope["path"] == "/v1/clips" else LARGEST_BODY_BYTES


def _cors(origin: str) -> dict[str, str]:
    return {
        "Access-Control-Allow-Origin": origin,
        "Access-Control-Allow-Credentials": "true",
        "Access-Control-Expose-Headers": _EXPOSED_HEADERS,
    }


def _route(scope: Scope) -> str:
    """Return the template of the route that answered, so that ids are not counted one by one."""
    path = getattr(scope.get("route"), "path", None)
    return path if isinstance(path, str) else "unmatched"
