"""Log lines and spans: one JSON object per line on standard output, each knowing the trace it belongs to.

`configure` is called once by a program; modules say `log = logging.getLogger("clipnet")` and
`log.info("clip created", extra={"clip": id})`. Secrets are never logged.
"""

from __future__ import annotations

import json
import logging
import re
import secrets
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final, TextIO

_TRACEPARENT = re.compile(r"[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}(?:-.*)?")
_STANDARD: Final = frozenset(vars(logging.LogRecord("", 0, "", 0, "", (), None))) | {
    "message",
    "asctime",
    "taskName",
}
_TOKEN_IN_PATH = re.compile(r"(/webhooks/[0-9]+/)[^/]+")
log = logging.getLogger("clipnet")


@dataclass(slots=True)
class Span:
    """One piece of work within a trace; `fields` may be added to until it ends."""

    name: str
    trace_id: str
    span_id: str
    parent_id: str | None
    start_ms: float
    fields: dict[str, Any] = field(default_factory=dict)

    @property
    def traceparent(self) -> str:
        """The header that makes what is called next a child of this span (W3C Trace Context, section 3.2)."""
        return f"00-{self.trace_id}-{self.span_id}-01"


_current: ContextVar[Span | None] = ContextVar("clipnet_span", default=None)


def current_span() -> Span | None:
    """Return the span that this code runs in."""
    return _current.get()


def traceparent() -> str | None:
    """Return the traceparent to hand on to whatever is called next, if there is a trace."""
    span_now = _current.get()
    return span_now.traceparent if span_now else None


def trace_headers() -> dict[str, str]:
    """Return the headers of an outgoing request: the traceparent, or nothing outside of a trace."""
    value = traceparent()
    return {"traceparent": value} if value else {}


def shown_url(url: str) -> str:
    """Return an address as logs may tell it: without its query, and without the token in Discord's paths."""
    return _TOKEN_IN_PATH.sub(r"\1***", url.partition("?")[0])


def parse_traceparent(value: str | None) -> tuple[str, str] | None:
    """Return trace id and parent span id of a traceparent header, or None where it cannot be used."""
    found = _TRACEPARENT.fullmatch(value.strip()) if value else None
    if (
        not found
        or value is None
        or value.startswith("ff")
        or set(found.group(1)) == {"0"}
        or set(found.group(2)) == {"0"}
    ):
        return None
    return found.group(1), found.group(2)


@contextmanager
def span(name: str, parent: str | None = None, *, is_first: bool = False, **fields: Any) -> Iterator[Span]:
    """Run the body as a span and log one line at its end.

    The span is a child of the traceparent in `parent`, else of the span around it, else it starts a new
    trace. An exception that leaves the body is named in the line's `error`. `is_first` is for the edge of the
    program: there, a span around it is that of an earlier request of the same connection.
    """
    around = None if is_first else _current.get()
    above = parse_traceparent(parent) or ((around.trace_id, around.span_id) if around else None)
    trace_id, parent_id = above or (secrets.token_hex(16), None)
    own = Span(name, trace_id, secrets.token_hex(8), parent_id, time.time() * 1000, dict(fields))
    started = time.perf_counter()
    token = _current.set(own)
    try:
        yield own
    except BaseException as error:
        own.fields.setdefault("error", f"{type(error).__name__}: {error}"[:500])
        raise
    finally:
        _current.reset(token)
        _log_span(own, (time.perf_counter() - started) * 1000)


@contextmanager
def no_span() -> Iterator[None]:
    """Run the body outside of any span, also of an earlier request of the same connection."""
    token = _current.set(None)
    try:
        yield
    finally:
        _current.reset(token)


def _log_span(ended: Span, duration_ms: float) -> None:
    if not log.isEnabledFor(logging.INFO):
        return
    extra = {
        **ended.fields,
        "span_name": ended.name,
        "trace_id": ended.trace_id,
        "span_id": ended.span_id,
        "parent_id": ended.parent_id,
        "start_ms": round(ended.start_ms, 3),
        "duration_ms": round(duration_ms, 3),
    }
    log.info("span", extra=extra)


class JsonFormatter(logging.Formatter):
    """Makes one JSON object of a record: ts, level, event, service, then the extra fields."""

    def __init__(self, service: str) -> None:
        super().__init__()
        self._service = service

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        body: dict[str, Any] = {
            "ts": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "event": record.getMessage(),
            "service": self._service,
        }
        for name, value in vars(record).items():
            if name not in _STANDARD:
                body["name" if name == "span_name" else name] = value
        span_now = _current.get()
        if span_now and "trace_id" not in body:
            body["trace_id"] = span_now.trace_id
        if record.exc_info:
            body["error"] = self.formatException(record.exc_info)
        return json.dumps(body, default=str, ensure_ascii=False)


class TextFormatter(logging.Formatter):
    """Makes a short line for a terminal."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        extra = " ".join(f"{name}={value}" for name, value in vars(record).items() if name not in _STANDARD)
        text = f"{record.levelname.lower():7} {record.getMessage()} {extra}".rstrip()
        return f"{text}\n{self.formatException(record.exc_info)}" if record.exc_info else text


def configure(service: str, log_format: str = "json", stream: TextIO | None = None) -> None:
    """Send every log line of this process to standard output (or `stream`). Idempotent."""
    handler = logging.StreamHandler(stream or sys.stdout)
    handler.setFormatter(JsonFormatter(service) if log_format == "json" else TextFormatter())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
    log.setLevel(logging.INFO)
