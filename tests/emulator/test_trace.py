"""A clip's way is put together from the logs of all services."""

import json
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
import pytest

from emulator.errors import CheckFailed
from emulator.parts import Parts
from emulator.seeding import load
from emulator.trace import (
    Span,
    in_order,
    span_of,
    spans_in_logs,
    trace_id_in_logs,
    trace_id_of,
    waterfall,
)

TRACE = "0af7651916cd43dd8448eb211c80319c"


def span_line(**fields: Any) -> bytes:
    line = {
        "event": "span",
        "service": "api",
        "name": "POST /v1/clips",
        "trace_id": TRACE,
        "start_ms": 1000.0,
    }
    return json.dumps(line | {"duration_ms": 12.5, "span_id": "a", "parent_id": None} | fields).encode()


def test_spans_of_the_trace_are_found_in_all_logs(tmp_path: Path) -> None:
    (tmp_path / "api.log").write_bytes(span_line() + b"\n" + span_line(trace_id="f" * 32) + b"\nnot json\n")
    (tmp_path / "worker.log.1").write_bytes(
        span_line(service="worker", name="polish", start_ms=1020.0) + b"\n"
    )

    spans = in_order(spans_in_logs(tmp_path, TRACE))

    assert [(span.service, span.name, span.start_ms, span.duration_ms) for span in spans] == [
        ("api", "POST /v1/clips", 0.0, 12.5),
        ("worker", "polish", 20.0, 12.5),
    ]


def test_a_clip_that_is_gone_is_found_by_its_jobs(tmp_path: Path) -> None:
    (tmp_path / "worker.log").write_bytes(
        span_line(job="c1f0-clip_process", trace_id="e" * 32) + b"\n" + span_line(job="abcd-ml_score") + b"\n"
    )

    assert trace_id_in_logs(tmp_path, "abcd") == TRACE
    assert trace_id_in_logs(tmp_path, "c1f0") == "e" * 32
    assert trace_id_in_logs(tmp_path, "beef") is None


def test_a_request_to_a_fake_is_a_span_that_ended_when_it_was_written() -> None:
    line: dict[str, Any] = {
        "ts": "2026-11-21T08:00:01.000Z",
        "event": "request",
        "service": "fakes",
        "fake": "runpod",
    }
    line |= {"method": "POST", "path": "/v2/staging-whisper/run", "status": 500}

    span = span_of(json.dumps(line | {"duration_ms": 250.0}).encode())

    assert span is not None
    assert (span.service, span.name, span.error) == ("runpod", "POST /v2/staging-whisper/run", "status 500")
    assert (span.start_ms / 1000) % 60 == 0.75


def test_a_request_at_the_edge_is_a_span_above_the_applications_own() -> None:
    line = {"event": "request", "service": "edge", "method": "POST", "path": "/v1/clips", "status": 201}
    times = {"start_ms": 999.5, "ms": 14.25, "span_id": "e", "parent_id": None}

    assert span_of(json.dumps({**line, **times}).encode()) == Span(
        "edge", "POST /v1/clips", 999.5, 14.25, "e", None
    )
    assert span_of(json.dumps(line).encode()) is None


def test_a_span_that_two_logs_hold_is_shown_once() -> None:
    span = Span("api", "a", 5.0, 1.0, "id")

    assert in_order([span, span]) == (Span("api", "a", 0.0, 1.0, "id"),)


def test_a_broken_line_is_no_span() -> None:
    assert span_of(b"{") is None
    assert span_of(b"[]") is None
    assert span_of(span_line(start_ms=None)) is None


def test_the_waterfall_shows_when_and_how_long() -> None:
    spans = (Span("api", "POST", 0.0, 100.0), Span("worker", "polish", 50.0, 50.0, error="boom"))

    assert waterfall(spans, width=10) == [
        "      0.0 ms     100.0 ms |██████████| api     POST",
        "     50.0 ms      50.0 ms |     █████| worker  polish  ! boom",
    ]


async def test_a_clip_may_be_named_by_how_its_id_begins(parts: Parts) -> None:
    await load(parts, "small", 1)
    database = await asyncpg.connect(parts.database_url)
    try:
        first = await database.fetchrow("SELECT id, trace_id FROM clips ORDER BY id LIMIT 1")
        await database.execute(
            "INSERT INTO clips SELECT (jsonb_populate_record(clip, jsonb_build_object('id', $2::text))).* "
            "FROM clips clip WHERE id = $1",
            first["id"],
            str(UUID(first["id"].hex[:8] + "f" * 24)),
        )
    finally:
        await database.close()

    found = await trace_id_of(parts, str(first["id"])[:20].upper())

    assert found == first["trace_id"]
    with pytest.raises(CheckFailed, match="several clips' ids begin with"):
        await trace_id_of(parts, str(first["id"])[:8])
    with pytest.raises(CheckFailed, match="there is no clip 'nobody'"):
        await trace_id_of(parts, "nobody")
