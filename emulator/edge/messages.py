"""HTTP/1.1 messages as they arrive: bytes in, events out. Knows no sockets and no routes.

The parser is llhttp (httptools), strict: a request that two programs could read in two ways is refused, not
repaired. What it lets through and we do not is in `_refusal`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

from httptools import (
    HttpParserError,
    HttpParserInvalidMethodError,
    HttpParserUpgrade,
    HttpRequestParser,
    HttpResponseParser,
)

LARGEST_HEAD_BYTES: Final = 32 * 1024
"""Of a request: all its headers with their names. Source: vercel.com/docs/errors/REQUEST_HEADER_TOO_LARGE."""
LARGEST_TARGET_BYTES: Final = 14 * 1024
"""Source: vercel.com/docs/errors/URL_TOO_LONG."""
LARGEST_ANSWER_HEAD_BYTES: Final = 256 * 1024
MOST_HEADERS: Final = 200
_LONGEST_UNREAD_BYTES: Final = LARGEST_HEAD_BYTES + LARGEST_TARGET_BYTES + 1024
"""More than a head can be; so much without anything complete is one that never ends, or trailers."""

_SKIPPED_METHODS: Final = frozenset({"CONNECT", "PRI", "SOURCE"})
_CHUNKED: Final = b"chunked"

Header: TypeAlias = tuple[bytes, bytes, bytes]
"""Name in lower case, name as it was written, value."""


class End:
    """A message is complete."""


END: Final = End()


@dataclass(frozen=True, slots=True)
class Refused:
    """What comes is no message that can be passed on, and nothing after it can be read."""

    status: int
    why: str


@dataclass(slots=True)  # frozen ones take twice as long to make, and one is made for each request
class RequestHead:
    """What a client asks."""

    method: str
    target: bytes
    """Path and query, or `*`."""
    host: bytes | None
    headers: Sequence[Header]
    is_http10: bool
    keeps_alive: bool
    length: int | None
    is_chunked: bool
    upgrade: bytes | None
    expects_continue: bool

    @property
    def has_body(self) -> bool:
        """Whether bytes follow the head."""
        return self.is_chunked or bool(self.length)


@dataclass(slots=True)
class AnswerHead:
    """What an application answers."""

    status: int
    reason: bytes
    headers: Sequence[Header]
    keeps_alive: bool
    length: int | None
    is_chunked: bool


Event: TypeAlias = RequestHead | AnswerHead | bytes | End | Refused


class RequestReader:
    """Reads the requests of one connection, one after the other."""

    def __init__(self) -> None:
        self._events: list[Event] = []
        self._rest = bytearray()
        self._is_held = False
        self._has_ended = False
        self._unread_bytes = 0
        self._target = b""
        self._headers: list[Header] = []
        self._head_bytes = 0
        self._start()

    @property
    def is_within_head(self) -> bool:
        """Whether a head has begun and is not complete."""
        return self._is_within_head

    @property
    def held_bytes(self) -> int:
        """How much came after a request to change the protocol, and waits for that to be granted."""
        return len(self._rest)

    def feed(self, data: bytes) -> list[Event]:
        """Return what the bytes complete. After a `Refused`, nothing more comes.

        A request to change the protocol holds the reader: `release` goes on, or `rest` is the new protocol's.
        """
        if self._has_ended:
            return []
        if self._is_held:
            self._rest += data
            return []
        try:
            self._parser.feed_data(data)
        except HttpParserUpgrade as upgrade:
            self._is_held = True
            self._rest += data[upgrade.args[0] :]
        except HttpParserInvalidMethodError:
            self._refuse(Refused(400, "the method is not known"))
        except HttpParserError as error:
            self._refuse(Refused(400, str(error)))
        self._unread_bytes += len(data)
        if self._events:
            self._unread_bytes = 0
        if self._unread_bytes > _LONGEST_UNREAD_BYTES:
            self._refuse(_too_large(len(self._target)))
        events, self._events = self._events, []
        return events

    def release(self) -> list[Event]:
        """Go on with HTTP after a change of the protocol was not granted."""
        if not self._is_held:
            return []
        self._is_held = False
        rest = self.rest()
        self._start()
        return self.feed(rest) if rest else []

    def rest(self) -> bytes:
        """Return, once, what came after a request to change the protocol."""
        rest = bytes(self._rest)
        self._rest.clear()
        return rest

    def _start(self) -> None:
        self._parser = HttpRequestParser(self)
        self._is_within_head = False

    def _refuse(self, refused: Refused) -> None:
        if not self._has_ended:
            self._has_ended = True
            self._is_within_head = False
            self._events.append(refused)

    def on_message_begin(self) -> None:
        """Called by the parser."""
        self._is_within_head = True
        self._target = b""
        self._headers = []
        self._head_bytes = 0

    def on_url(self, part: bytes) -> None:
        """Called by the parser, for each part of it."""
        self._target += part

    def on_header(self, name: bytes, value: bytes) -> None:
        """Called by the parser. Trailers come here as well, and are not passed on."""
        if self._is_within_head:
            self._head_bytes += len(name) + len(value) + 4
            self._headers.append((name.lower(), name, value))

    def on_headers_complete(self) -> None:
        """Called by the parser."""
        self._is_within_head = False
        if self._has_ended:
            return
        is_large = self._head_bytes > LARGEST_HEAD_BYTES or len(self._headers) > MOST_HEADERS
        if is_large or len(self._target) > LARGEST_TARGET_BYTES:
            self._refuse(_too_large(len(self._target)))
            return
        parser = self._parser
        head = request_head(
            parser.get_method().decode("latin-1"),
            self._target,
            parser.get_http_version(),
            self._headers,
            keeps_alive=parser.should_keep_alive(),
        )
        if isinstance(head, Refused):
            self._refuse(head)
        else:
            self._events.append(head)

    def on_body(self, body: bytes) -> None:
        """Called by the parser."""
        if not self._has_ended:
            self._events.append(body)

    def on_message_complete(self) -> None:
        """Called by the parser."""
        if not self._has_ended:
            self._events.append(END)


def request_head(
    method: str, target: bytes, version: str, headers: Sequence[Header], *, keeps_alive: bool
) -> RequestHead | Refused:
    """Return the head of a request, or why it is refused."""
    found: dict[bytes, bytes] = {}
    hosts = 0
    for lower, _, value in headers:
        if lower == b"host":
            hosts += 1
        found[lower] = found[lower] + b"," + value if lower in found else value
    host = found.get(b"host")
    encoding = found.get(b"transfer-encoding")
    refused = _refusal(method, version, hosts, host, encoding)
    if refused is not None:
        return refused
    if target[:1] != b"/" and (target != b"*" or method != "OPTIONS"):
        scheme, separator, rest = target.partition(b"://")
        if not separator or scheme.lower() not in (b"http", b"https"):
            return Refused(400, "the target is no path")
        authority, slash, path = rest.partition(b"/")
        host, query, after = authority.partition(b"?")
        if not host or not _names_host(host):
            return Refused(400, "the target names no host")
        target = slash + path if slash else b"/" + query + after
    length = found.get(b"content-length")
    asks_for_change = version == "1.1" and b"upgrade" in _tokens(found.get(b"connection", b""))
    upgrade = found.get(b"upgrade") if asks_for_change else None
    return RequestHead(
        method=method,
        target=target,
        host=host,
        headers=headers,
        is_http10=version != "1.1",
        keeps_alive=keeps_alive and version == "1.1",
        length=int(length) if length is not None else None,
        is_chunked=encoding is not None,
        upgrade=None if upgrade is not None and b"h2c" in _tokens(upgrade) else upgrade,
        expects_continue=found.get(b"expect", b"").lower() == b"100-continue",
    )


def _refusal(
    method: str, version: str, hosts: int, host: bytes | None, encoding: bytes | None
) -> Refused | None:
    if version not in ("1.1", "1.0"):
        return Refused(505, "only HTTP/1.0 and HTTP/1.1 are spoken here")
    if method in _SKIPPED_METHODS:
        return Refused(405, f"the method {method} is not taken here")
    if hosts != 1 and (version == "1.1" or hosts > 1):
        return Refused(400, f"a request has one Host header, not {hosts}")
    if host is not None and not _names_host(host):
        return Refused(400, "the Host header names no host")
    if encoding is not None and (encoding.lower() != _CHUNKED or version == "1.0"):
        return Refused(501, "no transfer coding but 'chunked' is known here")
    return None


def _names_host(host: bytes) -> bool:
    return not any(byte in b" \t,/@\\" for byte in host)


def _too_large(target_bytes: int) -> Refused:
    if target_bytes > LARGEST_TARGET_BYTES:
        return Refused(414, f"the address is longer than {LARGEST_TARGET_BYTES} bytes")
    return Refused(431, f"the headers are more than {LARGEST_HEAD_BYTES} bytes or {MOST_HEADERS} lines")


def _tokens(value: bytes) -> frozenset[bytes]:
    return frozenset(part.strip() for part in value.lower().split(b","))


class AnswerReader:
    """Reads the answer to one request; informational ones before it come as heads of their own.

    Args:
        is_head: The request was HEAD: no body follows, whatever the headers say.
    """

    def __init__(self, *, is_head: bool) -> None:
        self._parser = HttpResponseParser(self)
        self._is_head = is_head
        self._events: list[Event] = []
        self._reason = b""
        self._headers: list[Header] = []
        self._head_bytes = 0
        self._status = 0
        self._lasts_until_close = False
        self.has_ended = False
        self.has_surplus = False
        """Whether more came than the answer: the connection cannot be used again."""
        self.rest = b""
        """What came after a change of the protocol was granted."""

    def feed(self, data: bytes) -> list[Event]:
        """Return what the bytes complete. After a `Refused`, nothing more comes."""
        if self.has_ended:
            self.has_surplus = True
            return []
        try:
            self._parser.feed_data(data)
        except HttpParserUpgrade as upgrade:
            self.rest = data[upgrade.args[0] :]
        except HttpParserError as error:
            self._fail(str(error))
        if self._head_bytes > LARGEST_ANSWER_HEAD_BYTES:
            self._fail("its headers are too large")
        events, self._events = self._events, []
        return events

    def end(self) -> list[Event]:
        """Return what the end of the connection completes: an answer that lasts until then, or nothing."""
        if self.has_ended or not self._lasts_until_close:
            return []
        self.has_ended = True
        return [END]

    def _fail(self, why: str) -> None:
        if self.has_ended:
            self.has_surplus = True
            return
        self.has_ended = True
        self._events.append(Refused(502, why))

    def on_message_begin(self) -> None:
        """Called by the parser."""
        if self.has_ended:
            self.has_surplus = True
        self._reason = b""
        self._headers = []
        self._head_bytes = 0

    def on_status(self, part: bytes) -> None:
        """Called by the parser."""
        self._reason += part

    def on_header(self, name: bytes, value: bytes) -> None:
        """Called by the parser, also for trailers."""
        self._head_bytes += len(name) + len(value) + 4
        self._headers.append((name.lower(), name, value))

    def on_headers_complete(self) -> None:
        """Called by the parser."""
        if self.has_ended:
            return
        parser = self._parser
        self._status = status = parser.get_status_code()
        length, encoding = None, None
        for lower, _, value in self._headers:
            if lower == b"content-length":
                length = int(value)
            elif lower == b"transfer-encoding":
                encoding = value if encoding is None else encoding + b"," + value
        if encoding is not None and encoding.lower() != _CHUNKED:
            self._fail("its transfer coding is not known")
            return
        keeps_alive = parser.should_keep_alive()
        chunked = encoding is not None
        head = AnswerHead(status, self._reason, self._headers, keeps_alive, length, chunked)
        self._events.append(head)
        if status < 200:
            return
        if self._is_head:
            self._complete()
        elif length is None and not chunked and status not in (204, 304):
            self._lasts_until_close = True
            head.keeps_alive = False

    def on_body(self, body: bytes) -> None:
        """Called by the parser."""
        if self.has_ended:
            self.has_surplus = True
        else:
            self._events.append(body)

    def on_message_complete(self) -> None:
        """Called by the parser."""
        if self._status >= 200:
            self._complete()

    def _complete(self) -> None:
        if not self.has_ended:
            self.has_ended = True
            self._events.append(END)
