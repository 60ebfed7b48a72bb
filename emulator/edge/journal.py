"""What was asked and answered: a JSON line for each request, and the last ones to be looked at.

Lines are written together, a few times a second: one request costs a tuple and its share of one write.
"""

from __future__ import annotations

import json
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

KEPT: Final = 1000
FLUSH_AFTER_S: Final = 0.05
_LONGEST_PATH: Final = 2048


@dataclass(slots=True)
class Entry:
    """One request that is over."""

    started_s: float
    duration_ms: float
    route: str | None
    method: str
    path: str
    """Without the query, which may hold secrets."""
    status: int
    bytes_in: int
    bytes_out: int
    request_id: str
    trace_id: str
    span_id: str
    parent_id: str | None
    release: str | None
    upstream: str | None
    error: str | None

    def public(self) -> dict[str, Any]:
        """Return it as the log has it."""
        body = {
            "ts": timestamp(self.started_s + self.duration_ms / 1000),
            "level": "error" if self.status >= 500 else "info",
            "event": "request",
            "service": "edge",
            "method": self.method,
            "path": self.path,
            "status": self.status,
            "ms": round(self.duration_ms, 3),
            "bytes": self.bytes_out,
            "bytes_in": self.bytes_in,
            "trace_id": self.trace_id,
            "span_id": self.span_id,
            "parent_id": self.parent_id,
            "request_id": self.request_id,
            "route": self.route,
            "release": self.release,
            "upstream": self.upstream,
            "start_ms": round(self.started_s * 1000, 3),
        }
        return body if self.error is None else {**body, "error": self.error}


class Journal:
    """Keeps the last requests, and writes all.

    Args:
        write: Takes whole lines.
        call_later: Of the event loop.
    """

    def __init__(self, write: Callable[[bytes], object], call_later: Callable[..., object]) -> None:
        self._write = write
        self._call_later = call_later
        self._last: deque[Entry] = deque(maxlen=KEPT)
        self._unwritten: list[Entry] = []

    def add(self, entry: Entry) -> None:
        """Take one request."""
        self._last.append(entry)
        self._unwritten.append(entry)
        if len(self._unwritten) == 1:
            self._call_later(FLUSH_AFTER_S, self.flush)

    def say(self, level: str, event: str, now_s: float, **fields: object) -> None:
        """Write a line that is no request."""
        self.flush()
        line = {"ts": timestamp(now_s), "level": level, "event": event, "service": "edge", **fields}
        self._write(json.dumps(line).encode() + b"\n")

    def flush(self) -> None:
        """Write what is not written yet."""
        entries, self._unwritten = self._unwritten, []
        if entries:
            self._write("".join(json.dumps(entry.public()) + "\n" for entry in entries).encode())

    def last(self, limit: int) -> list[dict[str, Any]]:
        """Return the last requests, the newest first."""
        newest = list(self._last)[-limit:] if limit > 0 else []
        return [entry.public() for entry in reversed(newest)]


def timestamp(at_s: float) -> str:
    """Return a time as the stack's logs have it: 2026-01-31T12:00:00.000Z."""
    whole = int(at_s)
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(whole)) + f".{int((at_s - whole) * 1000):03}Z"


def shown_path(target: bytes) -> str:
    """Return a path as the log may have it: without its query, and not endless."""
    return target.partition(b"?")[0][:_LONGEST_PATH].decode("latin-1")
