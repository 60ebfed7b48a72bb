"""Requests and answers as bytes: what is read, and what is refused rather than guessed at."""

from __future__ import annotations

import pytest

from emulator.edge.messages import (
    END,
    LARGEST_HEAD_BYTES,
    LARGEST_TARGET_BYTES,
    MOST_HEADERS,
    AnswerHead,
    AnswerReader,
    Event,
    Refused,
    RequestHead,
    RequestReader,
)

POST = b"POST / HTTP/1.1\r\nHost: a\r\n"


def read(data: bytes, *, by: int | None = None) -> list[Event]:
    """All events of these bytes, handed over in pieces of `by`."""
    reader = RequestReader()
    step = by or len(data)
    return [event for start in range(0, len(data), step) for event in reader.feed(data[start : start + step])]


def head_of(data: bytes) -> RequestHead:
    head = read(data)[0]
    assert isinstance(head, RequestHead)
    return head


def answer(data: bytes, *, is_head: bool = False) -> list[Event]:
    return AnswerReader(is_head=is_head).feed(data)


def joined(events: list[Event]) -> bytes:
    return b"".join(event for event in events if isinstance(event, bytes))


@pytest.mark.parametrize("by", [None, 1, 7])
def test_a_request_is_the_same_however_its_bytes_come(by: int | None) -> None:
    data = POST + b"X-A: 1\r\nTransfer-Encoding: chunked\r\n\r\n5;x=y\r\nhello\r\n1\r\n!\r\n0\r\nT: x\r\n\r\n"

    head, *body, end = read(data, by=by)

    assert isinstance(head, RequestHead)
    assert (head.method, head.target, head.host, head.is_chunked, head.length) == (
        "POST",
        b"/",
        b"a",
        True,
        None,
    )
    assert [name for _, name, _ in head.headers] == [b"Host", b"X-A", b"Transfer-Encoding"]
    assert joined(body) == b"hello!"
    assert end is END


def test_requests_that_follow_each_other_at_once_are_told_apart() -> None:
    events = read(POST + b"Content-Length: 2\r\n\r\nokGET /2 HTTP/1.1\r\nHost: b\r\n\r\n")

    assert [type(event).__name__ for event in events] == ["RequestHead", "bytes", "End", "RequestHead", "End"]


@pytest.mark.parametrize(
    "request_text",
    [
        b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n",
        b"Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello",
        b"Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello",
        b"Content-Length: 5, 5\r\n\r\nhello",
        b"Content-Length: +5\r\n\r\nhello",
        b"Content-Length: -1\r\n\r\n",
        b"Content-Length: 0x5\r\n\r\nhello",
        b"Content-Length:\r\n\r\n",
        b"Content-Length: 99999999999999999999999\r\n\r\n",
        b"Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n",
        b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n",
        b"Transfer-Encoding:\x0bchunked\r\n\r\n0\r\n\r\n",
        b"X: a\r\n folded\r\n\r\n",
        b"X: a\r\n\tfolded\r\n\r\n",
        b"X : a\r\n\r\n",
        b": a\r\n\r\n",
        b"X\r\n\r\n",
        b"X: a\0b\r\n\r\n",
        b"X: a\rb\r\n\r\n",
        b"X: a\nY: b\r\n\r\n",
        b"Host: b\r\n\r\n",
    ],
)
def test_a_request_that_two_programs_could_read_in_two_ways_is_refused(request_text: bytes) -> None:
    events = read(POST + request_text)

    assert isinstance(events[-1], Refused)
    assert events[-1].status == 400
    assert not any(isinstance(event, bytes) for event in events)


@pytest.mark.parametrize(
    "body",
    [
        b"5\nhello\r\n0\r\n\r\n",
        b"-5\r\nhello\r\n0\r\n\r\n",
        b"0x5\r\nhello\r\n0\r\n\r\n",
        b"5 \r\nhello\r\n0\r\n\r\n",
        b"5\r\nhelloXX0\r\n\r\n",
        b"fffffffffffffffff\r\nhello",
    ],
)
def test_chunks_that_are_none_end_the_request(body: bytes) -> None:
    *_, last = read(POST + b"Transfer-Encoding: chunked\r\n\r\n" + body)

    assert isinstance(last, Refused)


@pytest.mark.parametrize(
    ("data", "status"),
    [
        (b"GET / HTTP/1.1\nHost: a\n\n", 400),
        (b"GET / HTTP/1.1\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: a b\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: a@b\r\n\r\n", 400),
        (b"GET /a b HTTP/1.1\r\nHost: a\r\n\r\n", 400),
        (b"GET /\x01 HTTP/1.1\r\nHost: a\r\n\r\n", 400),
        (b"GET foo HTTP/1.1\r\nHost: a\r\n\r\n", 400),
        (b"GET ftp://a/ HTTP/1.1\r\nHost: a\r\n\r\n", 400),
        (b"F@O / HTTP/1.1\r\nHost: a\r\n\r\n", 400),
        (b"GET / HTTP/1.7\r\nHost: a\r\n\r\n", 400),
        (b"GET /\r\n\r\n", 505),
        (b"GET / HTTP/2.0\r\nHost: a\r\n\r\n", 505),
        (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400),
        (b"\x16\x03\x01\x02\x00\x01\x00", 400),
        (b"CONNECT a:1 HTTP/1.1\r\nHost: a\r\n\r\n", 405),
        (POST + b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", 501),
        (b"POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 501),
        (b"GET /" + b"x" * LARGEST_TARGET_BYTES + b" HTTP/1.1\r\nHost: a\r\n\r\n", 414),
        (b"GET / HTTP/1.1\r\nHost: a\r\nX: " + b"x" * LARGEST_HEAD_BYTES + b"\r\n\r\n", 431),
        (b"GET / HTTP/1.1\r\nHost: a\r\n" + b"X: 1\r\n" * MOST_HEADERS + b"\r\n", 431),
    ],
)
@pytest.mark.parametrize("by", [None, 1000])
def test_what_is_no_request_is_refused_with_its_status(data: bytes, status: int, by: int | None) -> None:
    last = read(data, by=by)[-1]

    assert isinstance(last, Refused)
    assert last.status == status


@pytest.mark.parametrize(
    ("beginning", "status"), [(b"GET / HTTP/1.1\r\nX: ", 431), (b"GET /", 414), (b"GET / HTTP/1.1\r\n", 431)]
)
def test_a_head_that_never_ends_is_refused_before_it_fills_the_memory(beginning: bytes, status: int) -> None:
    reader = RequestReader()
    reader.feed(beginning)

    events = [event for _ in range(50) for event in reader.feed(b"x" * 1000)]

    assert [event.status for event in events if isinstance(event, Refused)] == [status]


def test_trailers_that_never_end_are_refused_before_they_fill_the_memory() -> None:
    reader = RequestReader()
    reader.feed(POST + b"Transfer-Encoding: chunked\r\n\r\n0\r\nX: ")

    events = [event for _ in range(50) for event in reader.feed(b"x" * 1000)]

    assert [event.status for event in events if isinstance(event, Refused)] == [431]


def test_empty_lines_that_never_end_are_refused() -> None:
    reader = RequestReader()

    events = [event for _ in range(50) for event in reader.feed(b"\r\n" * 500)]

    assert [event.status for event in events if isinstance(event, Refused)] == [431]


@pytest.mark.parametrize("target", [b"http://user@b/", b"http://b,c/", b"http:///x", b"*"])
def test_a_target_that_names_no_host_or_no_path_is_refused(target: bytes) -> None:
    (refused,) = read(b"GET " + target + b" HTTP/1.1\r\nHost: a\r\n\r\n")

    assert isinstance(refused, Refused)
    assert refused.status == 400


def test_http_1_0_cannot_change_the_protocol() -> None:
    head, *_ = read(b"GET / HTTP/1.0\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n")

    assert isinstance(head, RequestHead)
    assert head.upgrade is None


def test_after_a_refusal_nothing_is_read() -> None:
    reader = RequestReader()
    reader.feed(b"nonsense\r\n\r\n")

    assert reader.feed(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n") == []


@pytest.mark.parametrize(
    ("target", "host", "path"),
    [
        (b"http://b/x?y", b"b", b"/x?y"),
        (b"HTTP://b:80/", b"b:80", b"/"),
        (b"http://b?y", b"b", b"/?y"),
        (b"http://b", b"b", b"/"),
        (b"*", b"a", b"*"),
    ],
)
def test_a_target_with_a_host_counts_more_than_the_header(target: bytes, host: bytes, path: bytes) -> None:
    head = head_of(b"OPTIONS " + target + b" HTTP/1.1\r\nHost: a\r\n\r\n")

    assert (head.host, head.target) == (host, path)


def test_a_change_of_the_protocol_holds_what_follows() -> None:
    reader = RequestReader()
    ask = b"GET / HTTP/1.1\r\nHost: a\r\nConnection: keep-alive, Upgrade\r\nUpgrade: websocket\r\n\r\n"

    head, end = reader.feed(ask + b"\x81\x00")

    assert isinstance(head, RequestHead)
    assert (head.upgrade, end, reader.feed(b"\x82")) == (b"websocket", END, [])
    assert (reader.rest(), reader.rest()) == (b"\x81\x00\x82", b"")


def test_a_change_that_is_not_granted_goes_on_with_the_next_request() -> None:
    reader = RequestReader()
    reader.feed(
        b"GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n"
        b"GET /2 HTTP/1.1\r\nHost: a\r\n\r\n"
    )

    head, _ = reader.release()

    assert isinstance(head, RequestHead)
    assert head.target == b"/2"


def test_a_change_to_http2_is_not_passed_on() -> None:
    assert (
        head_of(b"GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n").upgrade is None
    )


def test_an_answer_comes_after_the_informational_ones() -> None:
    events = answer(b"HTTP/1.1 103 Early\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")

    assert [event.status for event in events if isinstance(event, AnswerHead)] == [103, 200]
    assert (joined(events), events[-1]) == (b"ok", END)


@pytest.mark.parametrize(
    ("data", "is_head"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", True),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", True),
        (b"HTTP/1.1 204 No Content\r\n\r\n", False),
        (b"HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n", False),
    ],
)
def test_an_answer_without_a_body_ends_with_its_head(data: bytes, is_head: bool) -> None:
    events = answer(data, is_head=is_head)

    assert (len(events), events[-1]) == (2, END)


def test_an_answer_without_a_length_lasts_until_the_end() -> None:
    reader = AnswerReader(is_head=False)
    events = reader.feed(b"HTTP/1.1 200 OK\r\n\r\nabc")

    assert (joined(events), END in events) == (b"abc", False)
    assert reader.end() == [END]


def test_an_answer_with_a_length_does_not_end_with_the_connection() -> None:
    reader = AnswerReader(is_head=False)
    reader.feed(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nabc")

    assert reader.end() == []


@pytest.mark.parametrize("more", [b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", b"rubbish"])
def test_more_than_one_answer_is_noticed_and_not_passed_on(more: bytes) -> None:
    reader = AnswerReader(is_head=False)

    events = reader.feed(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok" + more)

    assert (joined(events), events[-1], reader.has_surplus) == (b"ok", END, True)


@pytest.mark.parametrize(
    "data",
    [
        b"rubbish\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\nok",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\nzz",
        b"HTTP/1.1 200 OK\r\nX: a\r\n b\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nX: " + b"x" * 300_000 + b"\r\n\r\n",
    ],
)
def test_an_answer_that_cannot_be_read_is_told(data: bytes) -> None:
    last = answer(data)[-1]

    assert isinstance(last, Refused)
    assert last.status == 502
