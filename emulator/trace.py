"""Follows one clip through the stack by its trace id, as the logs of the services and of the fakes tell it.

The logs and not the fakes' journals are asked: they have the real time where a fake's clock may be set, and
they outlive a reset.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from emulator.errors import CheckFailed
from emulator.parts import Parts

_TRACE_ID = re.compile(r"[0-9a-f]{32}")
_BAR_WIDTH = 40


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of work of one service; `start_ms` counts from the trace's first span."""

    service: str
    name: str
    start_ms: float
    duration_ms: float
    span_id: str | None = None
    parent_id: str | None = None
    error: str | None = None

    def public(self) -> dict[str, Any]:
        """Return the span as plain values."""
        return asdict(self)


async def trace(parts: Parts, clip: str) -> tuple[Span, ...]:
    """Return all spans of a clip's trace, the earliest first. `clip` is a clip's id, or a trace id.

    Raises:
        CheckFailed: There is no such clip, or nothing was recorded of it.
    """
    trace_id = clip if _TRACE_ID.fullmatch(clip) else await trace_id_of(parts, clip)
    spans = in_order(await asyncio.to_thread(spans_in_logs, parts.logs_dir, trace_id))
    if not spans:
        raise CheckFailed(
            f"nothing is recorded of trace '{trace_id}'",
            "seeded clips were never processed: they have no spans",
        )
    return spans


async def trace_id_of(parts: Parts, clip: str) -> str:
    """Return the trace id that a clip was created with; the start of its id is enough if no other has it.

    Raises:
        CheckFailed: There is no such clip, or several.
    """
    import asyncpg

    database = await asyncpg.connect(parts.database_url)
    try:
        found = await database.fetch(
            "SELECT trace_id FROM clips WHERE starts_with(id::text, $1) LIMIT 2", clip.lower()
        )
    finally:
        await database.close()
    if len(found) > 1:
        raise CheckFailed(f"several clips' ids begin with '{clip}'", "write more of the id")
    if found:
        return found[0]["trace_id"] or "none"
    logged = await asyncio.to_thread(trace_id_in_logs, parts.logs_dir, clip.lower())
    if logged is None:
        raise CheckFailed(
            f"there is no clip '{clip}'", "a clip's id is in its address and in: clipnet-emulate smoke --json"
        )
    return logged


def trace_id_in_logs(folder: Path, clip: str) -> str | None:
    """Return the trace of a clip that is gone (deleted, reset, tidied away) from the span of its last job."""
    last = None
    for path in (folder / "worker.log.1", folder / "worker.log"):
        if not path.exists():
            continue
        with path.open("rb") as lines:
            for line in lines:
                if f'"job": "{clip}'.encode() in line and span_of(line) is not None:
                    last = json.loads(line).get("trace_id")
    return last


def spans_in_logs(folder: Path, trace_id: str) -> list[Span]:
    """Return the spans that the services wrote to their logs; `start_ms` is in unix milliseconds still."""
    spans = []
    for path in sorted((*folder.glob("*.log.1"), *folder.glob("*.log"))):
        with path.open("rb") as lines:
            spans += [span for line in lines if trace_id.encode() in line and (span := span_of(line))]
    return spans


def span_of(line: bytes) -> Span | None:
    """Return the span that a log line tells of: a service's own work, or a request at a fake or the edge."""
    try:
        body = json.loads(line)
    except ValueError:
        return None
    if not isinstance(body, dict):
        return None
    if body.get("event") == "request" and "fake" in body:
        return request_span(body)
    if body.get("event") == "request" and body.get("service") == "edge":
        return edge_span(body)
    if body.get("event") != "span":
        return None
    try:
        start_ms, duration_ms = float(body["start_ms"]), float(body["duration_ms"])
    except (KeyError, TypeError, ValueError):
        return None
    return Span(
        service=str(body.get("service", "?")),
        name=str(body.get("name", "?")),
        start_ms=start_ms,
        duration_ms=duration_ms,
        span_id=body.get("span_id"),
        parent_id=body.get("parent_id"),
        error=str(body["error"]) if body.get("error") else None,
    )


def request_span(body: Mapping[str, Any]) -> Span | None:
    """Return a request that a fake received as a span; its line is written when the answer is sent."""
    try:
        end_s = datetime.fromisoformat(str(body["ts"])).timestamp()
        duration_ms = float(body.get("duration_ms") or 0)
        name = f"{body['method']} {body['path']}"
    except (KeyError, TypeError, ValueError):
        return None
    status = body.get("status")
    failed = f"status {status}" if isinstance(status, int) and status >= 400 else None
    return Span(str(body.get("fake", "fakes")), name, end_s * 1000 - duration_ms, duration_ms, error=failed)


def edge_span(body: Mapping[str, Any]) -> Span | None:
    """Return a request that passed the edge as a span: what it took there, with the application's answer."""
    try:
        start_ms, duration_ms = float(body["start_ms"]), float(body["ms"])
        name = f"{body['method']} {body['path']}"
    except (KeyError, TypeError, ValueError):
        return None
    failed = str(body["error"]) if body.get("error") else None
    return Span("edge", name, start_ms, duration_ms, body.get("span_id"), body.get("parent_id"), failed)


def in_order(spans: Iterable[Span]) -> tuple[Span, ...]:
    """Return spans by their start, counted from the first one; a span that two logs hold is kept once."""
    once = {(span.service, span.name, span.span_id, span.start_ms): span for span in spans}
    ordered = sorted(once.values(), key=lambda span: (span.start_ms, -span.duration_ms))
    if not ordered:
        return ()
    zero = ordered[0].start_ms
    return tuple(
        replace(span, start_ms=round(span.start_ms - zero, 3), duration_ms=round(span.duration_ms, 3))
        for span in ordered
    )


def waterfall(spans: Sequence[Span], width: int = _BAR_WIDTH) -> list[str]:
    """Return the spans as lines for people: when, how long, a bar, who and what."""
    end_ms = max(span.start_ms + span.duration_ms for span in spans) or 1.0
    services = max(len(span.service) for span in spans)
    lines = []
    for span in spans:
        first = min(width - 1, int(span.start_ms / end_ms * width))
        length = max(1, round(span.duration_ms / end_ms * width))
        bar = (" " * first + "█" * min(length, width - first)).ljust(width)
        failed = f"  ! {span.error}" if span.error else ""
        times = f"{span.start_ms:9.1f} ms {span.duration_ms:9.1f} ms"
        lines.append(f"{times} |{bar}| {span.service.ljust(services)}  {span.name}{failed}")
    return lines
