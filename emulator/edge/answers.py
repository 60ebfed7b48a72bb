"""What the edge answers by itself, in the words of the platform that it stands for.

Railway (the API): JSON with status, code, message and request_id, as users of the platform quote its 404.
Vercel (the frontend): text with a code of vercel.com/docs/errors and the header `x-vercel-error`.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from http import HTTPStatus
from typing import Final

RAILWAY: Final = "railway"
VERCEL: Final = "vercel"

_RAILWAY: Final[Mapping[int, str]] = {
    404: "Application not found",
    502: "Application failed to respond",
    503: "Application is not deployed",  # guess: the platform answers 404 for a service without a deployment
    504: "Application failed to respond in time",  # guess: its words for a time-out are not documented
}
_VERCEL: Final[Mapping[int, tuple[str, str]]] = {
    400: ("MALFORMED_REQUEST_HEADER", "The request could not be understood."),  # guess: the sentence
    404: ("DEPLOYMENT_NOT_FOUND", "The deployment could not be found on Vercel."),
    405: ("INVALID_REQUEST_METHOD", "The request method is not allowed."),  # guess: the sentence
    414: ("URL_TOO_LONG", "The URL is too long."),  # guess: the sentence
    431: ("REQUEST_HEADER_TOO_LARGE", "The request headers are too large."),  # guess: the sentence
    502: ("NO_RESPONSE_FROM_FUNCTION", "An error occurred with your deployment"),
    503: ("DEPLOYMENT_PAUSED", "This deployment is temporarily paused"),
    504: ("FUNCTION_INVOCATION_TIMEOUT", "An error occurred with your deployment"),
}
_DAYS: Final = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def shape_of(route: str | None) -> str:
    """Return whose words are used: the frontend and its previews are Vercel's, all else Railway's."""
    return VERCEL if route is not None and route.partition("-")[0] == "web" else RAILWAY


def own_answer(
    shape: str, status: int, why: str | None, request_id: str, now_s: float, *, has_body: bool, closes: bool
) -> bytes:
    """Return a whole answer of the edge.

    Args:
        shape: RAILWAY or VERCEL.
        status: The HTTP status.
        why: Said in place of the platform's own words, where it has none.
        request_id: Told to the client.
        now_s: The time.
        has_body: False for the answer to HEAD.
        closes: Whether the connection ends after it.
    """
    headers, body = (_vercel if shape == VERCEL else _railway)(status, why, request_id, now_s)
    lines = [
        f"HTTP/1.1 {status} {HTTPStatus(status).phrase}",
        *headers,
        f"Content-Length: {len(body)}",
        f"Date: {http_date(now_s)}",
        f"X-Request-Id: {request_id}",
        *(["Connection: close"] if closes else []),
        "\r\n",
    ]
    return "\r\n".join(lines).encode("latin-1") + (body if has_body else b"")


def _railway(status: int, why: str | None, request_id: str, _now_s: float) -> tuple[list[str], bytes]:
    message = _RAILWAY.get(status) or why or HTTPStatus(status).phrase
    body = {"status": "error", "code": status, "message": message, "request_id": request_id}
    headers = [
        "Content-Type: application/json",
        "Server: railway-edge",
        "X-Railway-Fallback: true",
        f"X-Railway-Request-Id: {request_id}",
    ]
    return headers, json.dumps(body, separators=(",", ":")).encode()


def _vercel(status: int, why: str | None, request_id: str, now_s: float) -> tuple[list[str], bytes]:
    phrase = HTTPStatus(status).phrase
    code, message = _VERCEL.get(status) or (phrase.upper().replace(" ", "_"), why or phrase)
    # guess: region, five characters, milliseconds and twelve hex digits, as addresses of errors show it
    tail = "".join(char for char in request_id.lower() if char in "0123456789abcdef").rjust(12, "0")
    identity = f"dev1::{tail[:5]}-{int(now_s * 1000)}-{tail[-12:]}"
    headers = [
        "Content-Type: text/plain; charset=utf-8",
        "Cache-Control: public, max-age=0, must-revalidate",
        "Server: Vercel",
        f"X-Vercel-Error: {code}",
        f"X-Vercel-Id: {identity}",
    ]
    return headers, f"{message}\n\n{code}\n\n{identity}\n".encode()


def http_date(now_s: float) -> str:
    """Return a time as HTTP writes it (RFC 9110, section 5.6.7), whatever the locale."""
    at = time.gmtime(now_s)
    day, month = _DAYS[at.tm_wday], _MONTHS[at.tm_mon - 1]
    return f"{day}, {at.tm_mday:02} {month} {at.tm_year} {at.tm_hour:02}:{at.tm_min:02}:{at.tm_sec:02} GMT"
