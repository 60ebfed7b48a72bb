"""What a fake was asked and what it answered: bounded, in memory, with secrets masked."""

import contextvars
import json
import re
from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

BODY_LIMIT_BYTES = 16_384
_CREDENTIALS = frozenset({"authorization", "proxy-authorization"})
_SECRET_HEADERS = re.compile("cookie|token|secret|uploadid")
_SECRETS = (
    "access_token|refresh_token|id_token|token|upload_token|client_secret|api_secret|secret|password"
    r"|access_?secret|code_verifier|device_code|upload_id|delete_token|__\w+_token__"
)
_IN_JSON = re.compile(rf'("(?:{_SECRETS})"\s*:\s*")((?:[^"\\]|\\.)+)', re.IGNORECASE)
_IN_FORM = re.compile(rf"((?:\b(?:{_SECRETS})|(?:\A|[?&#])code)=)([^&\"'\s]+)", re.IGNORECASE)
_TEXT_TYPES = ("application/json", "text/", "application/x-www-form-urlencoded", "application/problem+json")


@dataclass(slots=True)
class Entry:
    """One request and its answer; bodies as text up to `BODY_LIMIT_BYTES`, binary ones only as their size."""

    id: int
    at_s: float
    method: str
    path: str
    query: str
    headers: dict[str, str]
    trace_id: str | None
    request_body: str | None = None
    request_bytes: int = 0
    status: int | None = None
    response_headers: dict[str, str] = field(default_factory=dict)
    response_body: str | None = None
    response_bytes: int = 0
    duration_ms: float | None = None
    fault: str | None = None
    violation: str | None = None
    is_covered: bool = True
    concealed: set[str] = field(default_factory=set, repr=False)

    def public(self) -> dict[str, Any]:
        """As the control surface shows it."""
        return {name: getattr(self, name) for name in self.__slots__ if name != "concealed"}

    def note_bodies(self, asked: str | None, answered: str | None) -> None:
        """Note bodies without what is concealed; one that was cut may hold a part of it, so none is kept."""
        self.request_body = self._without_concealed(asked, self.request_bytes)
        self.response_body = self._without_concealed(answered, self.response_bytes)

    def _without_concealed(self, text: str | None, whole_bytes: int) -> str | None:
        if text is None or not self.concealed:
            return text
        if whole_bytes > BODY_LIMIT_BYTES:
            return None
        for secret in self.concealed:
            for is_ascii in (True, False):
                quoted = json.dumps(secret, ensure_ascii=is_ascii)
                within = json.dumps(json.dumps(secret, ensure_ascii=False), ensure_ascii=is_ascii)[1:-1]
                text = text.replace(quoted, '"***"').replace(within, r"\"***\"")
        return text


class Journal:
    """The last `limit` requests of one fake."""

    def __init__(self, limit: int = 2000) -> None:
        self._entries: deque[Entry] = deque(maxlen=limit)
        self._count = 0
        self._current: contextvars.ContextVar[Entry | None] = contextvars.ContextVar("entry", default=None)
        self.violation_count = 0

    def open(self, entry: Entry) -> None:
        """Add an entry and make it the current one of this task."""
        self._count += 1
        entry.id = self._count
        self._entries.append(entry)
        self._current.set(entry)

    def violation(self, text: str) -> None:
        """Mark the current request as an attempt to reach production."""
        self.violation_count += 1
        entry = self._current.get()
        if entry is not None:
            entry.violation = text

    def conceal(self, texts: Iterable[str]) -> None:
        """Leave these out of the current request's bodies wherever one is a whole text of JSON."""
        entry = self._current.get()
        if entry is not None:
            entry.concealed.update(text for text in texts if text)

    def find(self, *, trace_id: str | None = None, violations: bool = False, limit: int = 500) -> list[Entry]:
        """Entries, oldest first: the newest `limit` that match."""
        found: Iterable[Entry] = self._entries
        if trace_id is not None:
            found = (entry for entry in found if entry.trace_id == trace_id)
        if violations:
            found = (entry for entry in found if entry.violation is not None)
        kept = list(found)
        return kept[max(0, len(kept) - limit) :]

    def __len__(self) -> int:
        return len(self._entries)

    def clear(self) -> None:
        """Forget everything."""
        self._entries.clear()
        self.violation_count = 0


def masked_headers(headers: Mapping[str, str]) -> dict[str, str]:
    """Headers with credentials cut to their last four characters, and addresses without secrets."""
    return {name: _masked_header(name, value) for name, value in headers.items()}


def body_text(
    body: bytes | bytearray, content_type: str, secret_path: re.Pattern[str] | None = None
) -> str | None:
    """The body as text with secrets masked, or None when it is binary or empty."""
    if not body or not content_type.startswith(_TEXT_TYPES):
        return None
    text = masked_paths(body.decode("utf-8", "replace"), secret_path)
    return masked_query(_IN_JSON.sub(lambda m: m[1] + mask(m[2]), text))


def masked_query(query: str) -> str:
    """A query string, a form or an address with secrets masked."""
    return _IN_FORM.sub(lambda m: m[1] + mask(m[2]), query)


def masked_paths(text: str, secret: re.Pattern[str] | None) -> str:
    """A text without what group 1 of `secret` finds, for providers whose paths carry tokens."""
    return secret.sub(lambda m: m[0].replace(m[1], mask(m[1])), text) if secret else text


def trace_id_of(traceparent: str | None) -> str | None:
    """The 32-digit trace id of a W3C `traceparent` header (www.w3.org/TR/trace-context, 3.2), or None."""
    match = re.fullmatch(r"[0-9a-f]{2}-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}.*", traceparent or "")
    return match[1] if match else None


def mask(secret: str) -> str:
    """The last four characters of what is long enough not to be given away by them."""
    return f"***{secret[-4:]}" if len(secret) > 8 else "***"


def _masked_header(name: str, value: str) -> str:
    if name in _CREDENTIALS:
        scheme, blank, secret = value.partition(" ")
        return f"{scheme} {mask(secret)}" if blank else mask(value)
    return mask(value) if _SECRET_HEADERS.search(name) else masked_query(value)
