"""Headers on their way there and back."""

from __future__ import annotations

import pytest

from emulator.edge.headers import Identity, answer_bytes, identity, request_bytes
from emulator.edge.messages import AnswerHead, Header, RequestHead, RequestReader

TRACE = "0123456789abcdef0123456789abcdef"
PARENT = "00f067aa0ba902b7"
NAMED = Identity("id-1", TRACE, PARENT, None, True)


def zeros(count: int) -> str:
    return "a" * 2 * count


def header(name: str, value: str) -> Header:
    return (name.lower().encode(), name.encode(), value.encode())


def sent(*lines: str, named: Identity = NAMED, request: str = "GET /p?q HTTP/1.1") -> list[str]:
    """The lines that the application gets for these."""
    (head, *_) = RequestReader().feed(("\r\n".join([request, "Host: shop", *lines]) + "\r\n\r\n").encode())
    assert isinstance(head, RequestHead)
    there = request_bytes(head, named, client="127.0.0.1", host=b"shop", public=b"shop")
    return there.decode().removesuffix("\r\n\r\n").split("\r\n")


def test_a_request_gets_what_a_platform_adds() -> None:
    assert sent("Accept: */*") == [
        "GET /p?q HTTP/1.1",
        "Host: shop",
        "Accept: */*",
        "X-Forwarded-For: 127.0.0.1",
        "X-Forwarded-Proto: http",
        "X-Forwarded-Host: shop",
        "X-Real-IP: 127.0.0.1",
        "X-Request-Id: id-1",
        f"traceparent: 00-{TRACE}-{PARENT}-01",
    ]


@pytest.mark.parametrize(
    "line",
    [
        "Connection: keep-alive",
        "Keep-Alive: timeout=5",
        "Proxy-Connection: close",
        "Proxy-Authorization: Basic x",
        "TE: trailers",
        "Trailer: X",
        "X-Forwarded-For: 6.6.6.6",
        "X-Forwarded-Proto: https",
        "X-Forwarded-Host: evil",
        "X-Forwarded-Prefix: /evil",
        "X-Real-IP: 6.6.6.6",
        "Forwarded: for=6.6.6.6",
    ],
)
def test_what_is_meant_for_this_connection_or_not_believed_is_not_passed_on(line: str) -> None:
    assert sent(line) == sent()


def test_what_connection_names_is_dropped_but_not_what_the_application_needs() -> None:
    lines = sent("Connection: close, X-Mine, Cookie, Host", "X-Mine: 1", "Cookie: a=b")

    assert "X-Mine: 1" not in lines
    assert "Cookie: a=b" in lines
    assert lines[1] == "Host: shop"


@pytest.mark.parametrize(
    ("line", "framing"),
    [
        ("Content-Length: 005", "Content-Length: 5"),
        ("Transfer-Encoding: Chunked", "Transfer-Encoding: chunked"),
    ],
)
def test_the_length_is_told_once_and_in_our_words(line: str, framing: str) -> None:
    lines = sent(line, request="POST / HTTP/1.1")

    assert [one for one in lines if one.startswith(("Content-Length", "Transfer-Encoding"))] == [framing]


def test_a_change_of_the_protocol_is_asked_for() -> None:
    lines = sent("Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Key: k")

    assert lines[2:5] == ["Sec-WebSocket-Key: k", "Connection: Upgrade", "Upgrade: websocket"]


def test_a_trace_and_an_id_of_the_client_are_kept() -> None:
    parent = f"00-{TRACE}-{PARENT}-01"

    named = identity((header("X-Request-Id", "mine"), header("traceparent", parent)), zeros)

    assert named == Identity("mine", TRACE, "a" * 16, PARENT, False)
    lines = sent("X-Request-Id: mine", f"traceparent: {parent}", "tracestate: a=b", named=named)
    assert [line for line in lines if "race" in line or "-Id" in line] == [
        "X-Request-Id: mine",
        f"traceparent: {parent}",
        "tracestate: a=b",
    ]


@pytest.mark.parametrize(
    "parent",
    ["", "nonsense", f"ff-{TRACE}-{PARENT}-01", f"00-{'0' * 32}-{PARENT}-01", f"00-{TRACE}-{'0' * 16}-01"],
)
def test_a_trace_that_is_none_is_replaced(parent: str) -> None:
    named = identity((header("traceparent", parent),), zeros)

    assert named == Identity("a" * 16, "a" * 32, "a" * 16, None, True)
    lines = sent(f"traceparent: {parent}", "tracestate: a=b", named=named)
    assert [line for line in lines if "race" in line] == [f"traceparent: 00-{'a' * 32}-{'a' * 16}-01"]


@pytest.mark.parametrize("value", ["", "a b", "x" * 201, "é"])
def test_a_request_id_that_is_none_is_replaced(value: str) -> None:
    named = identity(((b"x-request-id", b"X-Request-Id", value.encode()),), zeros)

    assert named.request_id == "a" * 16


def returned(status: int, *headers: Header, is_chunked: bool = False, closes: bool = False) -> list[str]:
    head = AnswerHead(status, b"Word", headers, True, None, False)
    there = answer_bytes(head, is_chunked=is_chunked, closes=closes, request_id="id-1")
    return there.decode().removesuffix("\r\n\r\n").split("\r\n")


def test_an_answer_is_passed_on_as_it_is_with_the_requests_id() -> None:
    lines = returned(
        200,
        header("Set-Cookie", "a=1"),
        header("Set-Cookie", "b=2"),
        header("Connection", "close"),
        closes=True,
    )

    assert lines == [
        "HTTP/1.1 200 Word",
        "Set-Cookie: a=1",
        "Set-Cookie: b=2",
        "X-Request-Id: id-1",
        "Connection: close",
    ]


def test_the_applications_own_request_id_counts_more() -> None:
    assert returned(200, header("X-Request-Id", "theirs"))[1:] == ["X-Request-Id: theirs"]


def test_an_answer_in_chunks_says_so() -> None:
    assert returned(200, header("Transfer-Encoding", "chunked"), is_chunked=True)[1:] == [
        "X-Request-Id: id-1",
        "Transfer-Encoding: chunked",
    ]


def test_no_content_has_no_length() -> None:
    assert returned(204, header("Content-Length", "0")) == ["HTTP/1.1 204 Word", "X-Request-Id: id-1"]


def test_not_modified_keeps_the_length_of_what_was_not_sent() -> None:
    assert "Content-Length: 5" in returned(304, header("Content-Length", "5"))


def test_a_granted_change_of_the_protocol_is_passed_on() -> None:
    lines = returned(101, header("Upgrade", "websocket"), header("Connection", "upgrade"))

    assert lines == ["HTTP/1.1 101 Word", "Connection: Upgrade", "Upgrade: websocket"]
