"""Which headers are passed on, and which are added on the way. Pure.

Sources: RFC 9110 section 7.6.1 (hop-by-hop), RFC 9112 section 6 (framing), w3.org/TR/trace-context.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final

from emulator.edge.messages import AnswerHead, Header, RequestHead

_HOP_BY_HOP: Final = frozenset(
    (
        b"connection",
        b"keep-alive",
        b"proxy-authenticate",
        b"proxy-authorization",
        b"proxy-connection",
        b"te",
        b"trailer",
        b"transfer-encoding",
        b"upgrade",
    )
)
_SET_HERE: Final = frozenset(
    (
        b"host",
        b"x-real-ip",
        b"forwarded",
        b"content-length",
    )
)
"""Of a request; what a client says in these is not believed (vercel.com/docs/headers/request-headers)."""
_FORWARDED: Final = b"x-forwarded-"
"""Nor in any that begins so: for, host, proto, and those that frameworks read besides."""
_ESSENTIAL: Final = frozenset(
    (b"authorization", b"content-encoding", b"content-type", b"cookie", b"origin", b"x-request-id")
)
"""Never dropped because `Connection` names it: that would be a way to take it away from the application."""
_TRACEPARENT: Final = re.compile(rb"(?!ff)[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}(?:-.*)?")
_REQUEST_ID: Final = re.compile(rb"[!-~]{1,200}")


@dataclass(slots=True)
class Identity:
    """By what one request is found again."""

    request_id: str
    trace_id: str
    span_id: str
    parent_id: str | None
    is_new_trace: bool


def identity(headers: Iterable[Header], random_hex: Callable[[int], str]) -> Identity:
    """Return what the client calls its request and its trace, or new names of `random_hex` (n bytes)."""
    request_id, trace = None, None
    for lower, _, value in headers:
        if lower == b"x-request-id" and request_id is None and _REQUEST_ID.fullmatch(value):
            request_id = value.decode("latin-1")
        elif lower == b"traceparent" and trace is None:
            trace = _TRACEPARENT.fullmatch(value)
    span_id = random_hex(8)
    if trace is not None and trace[1].strip(b"0") and trace[2].strip(b"0"):
        return Identity(request_id or span_id, trace[1].decode(), span_id, trace[2].decode(), False)
    return Identity(request_id or span_id, random_hex(16), span_id, None, True)


def request_bytes(head: RequestHead, named: Identity, *, client: str, host: bytes, public: bytes) -> bytes:
    """Return the head of a request as the application gets it.

    Args:
        head: What the client sent.
        named: Its request id and trace.
        client: The client's address.
        host: What the application is told as Host.
        public: The host by which the client came.
    """
    lines = [b"%s %s HTTP/1.1\r\nHost: %s\r\n" % (head.method.encode("latin-1"), head.target, host)]
    dropped = _dropped(head.headers)
    has_id, has_trace = False, not named.is_new_trace
    for lower, name, value in head.headers:
        if lower in dropped or lower in _SET_HERE or lower.startswith(_FORWARDED):
            continue
        if lower == b"x-request-id":
            if has_id or value.decode("latin-1") != named.request_id:
                continue
            has_id = True
        elif lower in (b"traceparent", b"tracestate") and not has_trace:
            continue
        lines.append(b"%s: %s\r\n" % (name, value))
    if head.is_chunked:
        lines.append(b"Transfer-Encoding: chunked\r\n")
    elif head.length is not None:
        lines.append(b"Content-Length: %d\r\n" % head.length)
    if head.upgrade is not None:
        lines.append(b"Connection: Upgrade\r\nUpgrade: %s\r\n" % head.upgrade)
    ip = client.encode()
    lines.append(
        b"X-Forwarded-For: %s\r\nX-Forwarded-Proto: http\r\nX-Forwarded-Host: %s\r\nX-Real-IP: %s\r\n"
        % (ip, public, ip)
    )
    if not has_id:
        lines.append(b"X-Request-Id: %s\r\n" % named.request_id.encode("latin-1"))
    if named.is_new_trace:
        lines.append(b"traceparent: 00-%s-%s-01\r\n" % (named.trace_id.encode(), named.span_id.encode()))
    lines.append(b"\r\n")
    return b"".join(lines)


def answer_bytes(head: AnswerHead, *, is_chunked: bool, closes: bool, request_id: str) -> bytes:
    """Return the head of an answer as the client gets it.

    Args:
        head: What the application answered.
        is_chunked: Whether the body goes to the client in chunks.
        closes: Whether the connection ends after it.
        request_id: Added where the application names none.
    """
    lines = [b"HTTP/1.1 %d %s\r\n" % (head.status, head.reason)]
    dropped = _dropped(head.headers)
    has_id = False
    for lower, name, value in head.headers:
        if lower in dropped and lower != b"proxy-authenticate":
            continue
        if lower == b"content-length" and (head.status < 200 or head.status == 204):
            continue
        has_id = has_id or lower == b"x-request-id"
        lines.append(b"%s: %s\r\n" % (name, value))
    if head.status == 101:
        upgrade = next((value for lower, _, value in head.headers if lower == b"upgrade"), b"")
        lines.append(b"Connection: Upgrade\r\nUpgrade: %s\r\n" % upgrade)
    elif head.status >= 200:
        if not has_id:
            lines.append(b"X-Request-Id: %s\r\n" % request_id.encode("latin-1"))
        if is_chunked:
            lines.append(b"Transfer-Encoding: chunked\r\n")
        if closes:
            lines.append(b"Connection: close\r\n")
    lines.append(b"\r\n")
    return b"".join(lines)


def _dropped(headers: Iterable[Header]) -> frozenset[bytes]:
    named = [value for lower, _, value in headers if lower == b"connection"]
    if not named:
        return _HOP_BY_HOP
    listed = frozenset(part.strip() for part in b",".join(named).lower().split(b","))
    if listed <= _HOP_BY_HOP or listed <= {b"close"}:
        return _HOP_BY_HOP
    return _HOP_BY_HOP | (listed - _ESSENTIAL - _SET_HERE)
