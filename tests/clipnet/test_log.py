from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest

from clipnet.log import (
    configure,
    current_span,
    log,
    no_span,
    parse_traceparent,
    shown_url,
    span,
    trace_headers,
)

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
PARENT = "00f067aa0ba902b7"


@pytest.fixture
def stream() -> Iterator[io.StringIO]:
    root = logging.getLogger()
    before = (root.handlers[:], root.level, log.level)
    written = io.StringIO()
    configure("api", stream=written)
    yield written
    root.handlers[:], level, own_level = before
    root.setLevel(level)
    log.setLevel(own_level)


def lines(stream: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("http://a.test/video/?upload_id=1&upload_token=s", "http://a.test/video/"),
        (
            "http://a.test/api/webhooks/11/s.e-c/messages/@original",
            "http://a.test/api/webhooks/11/***/messages/@original",
        ),
        ("http://a.test/api/channels/11/messages", "http://a.test/api/channels/11/messages"),
    ],
)
def test_a_span_tells_no_secret_of_an_address(url: str, shown: str) -> None:
    assert shown_url(url) == shown


def test_a_line_is_one_json_object(stream: io.StringIO) -> None:
    log.info("clip created", extra={"clip": "1", "text": "zwei\nZeilen"})

    (line,) = lines(stream)
    assert line.pop("ts").endswith("+00:00")
    assert line == {
        "level": "info",
        "event": "clip created",
        "service": "api",
        "clip": "1",
        "text": "zwei\nZeilen",
    }


def test_a_span_is_a_line_and_what_is_inside_knows_the_trace(stream: io.StringIO) -> None:
    with span("outer", f"00-{TRACE}-{PARENT}-01") as outer:
        log.info("inside")
        with span("inner", kind="x") as inner:
            headers = trace_headers()

    inside, inner_line, outer_line = lines(stream)
    assert inside["trace_id"] == TRACE
    assert headers == {"traceparent": f"00-{TRACE}-{inner.span_id}-01"}
    assert (inner_line["event"], inner_line["name"], inner_line["kind"]) == ("span", "inner", "x")
    assert (inner_line["parent_id"], outer_line["parent_id"]) == (outer.span_id, PARENT)
    assert inner_line["start_ms"] >= outer_line["start_ms"] > 1e12
    assert 0 <= inner_line["duration_ms"] <= outer_line["duration_ms"]


def test_a_span_without_a_parent_starts_a_trace(stream: io.StringIO) -> None:
    with span("one"):
        pass
    with span("two"):
        pass

    one, two = lines(stream)
    assert (one["parent_id"], len(one["trace_id"]), one["trace_id"] == two["trace_id"]) == (None, 32, False)
    assert trace_headers() == {}


def test_an_error_is_named_and_goes_on(stream: io.StringIO) -> None:
    with pytest.raises(ValueError, match="no"), span("broken"):
        raise ValueError("no")

    (line,) = lines(stream)
    assert line["error"] == "ValueError: no"


def test_a_traceback_stays_on_its_line(stream: io.StringIO) -> None:
    try:
        raise ValueError("no")
    except ValueError:
        log.exception("failed")

    (line,) = lines(stream)
    assert (line["level"], line["error"].splitlines()[-1]) == ("error", "ValueError: no")


@pytest.mark.parametrize(
    "value",
    [None, "", "x", f"00-{TRACE}-{PARENT}", f"00-{TRACE.upper()}-{PARENT}-01", f"00-{TRACE}-{'0' * 16}-01"],
)
def test_a_bad_traceparent_is_none(value: str | None) -> None:
    assert parse_traceparent(value) is None


def test_text_for_a_terminal() -> None:
    root = logging.getLogger()
    before = root.handlers[:], root.level
    written = io.StringIO()
    configure("api", "text", written)

    log.warning("slow", extra={"took_s": 2})

    root.handlers[:], level = before
    root.setLevel(level)
    assert written.getvalue() == "warning slow took_s=2\n"


def test_outside_of_any_span_is_no_trace_of_a_span_around() -> None:
    with span("a request", is_first=True), no_span():
        assert current_span() is None
        assert trace_headers() == {}
