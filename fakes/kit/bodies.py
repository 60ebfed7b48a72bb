"""Reads and writes bodies: bounded in memory, as JSON, without anybody's wording."""

import json
import math
import re
from typing import Any

from starlette.requests import Request
from starlette.types import Message

from fakes.kit.errors import ProviderError

BODY_LIMIT_BYTES = 1 << 20
_DRAIN_FACTOR = 4
"""A body is read up to so many times its limit before it is refused, so that its sender hears the answer."""
_DIGITS_LIMIT = 300
_DEPTH_LIMIT = 500
"""Of values within values. What is only just read could not be written again from within more calls."""
_NESTS = (dict, list)
_HALF_CHARACTER = re.compile(r"\\u[dD][89a-fA-F]|[\ud800-\udfff]")


def bounded(
    request: Request, limit_bytes: int = BODY_LIMIT_BYTES, refusal: ProviderError | None = None
) -> Request:
    """The same request, whose body may not be longer than this.

    Args:
        request: As it came; its body has not been read.
        limit_bytes: The most that is taken in.
        refusal: What reading raises beyond that; 413 unless said otherwise.
    """
    read_bytes = 0

    async def receive() -> Message:
        nonlocal read_bytes
        message = await request.receive()
        read_bytes += len(message.get("body", b""))
        if read_bytes <= limit_bytes:
            return message
        while message.get("more_body") and read_bytes <= limit_bytes * _DRAIN_FACTOR:
            message = await request.receive()
            read_bytes += len(message.get("body", b""))
        raise refusal or ProviderError(413, "Payload Too Large")

    return Request(request.scope, receive)


def media_type(request: Request) -> str:
    """The Content-Type in lower case without its parameters; nothing when there is none."""
    return request.headers.get("content-type", "").split(";")[0].strip().lower()


def strict_json(text: str | bytes) -> Any:
    """What JSON of anybody says, of texts and numbers that can be stored, counted with and sent on.

    Raises:
        ValueError: It is no JSON or nested too deeply, or a number has no end or too many digits;
            UnicodeError when it is not UTF-8, or has half characters.
    """
    if isinstance(text, bytes):
        text = text.decode("utf-8-sig")
    try:
        found = json.loads(text, parse_int=_whole, parse_float=_finite, parse_constant=_finite)
    except RecursionError as error:
        raise ValueError("values are nested too deeply") from error
    if text.count("[") + text.count("{") > _DEPTH_LIMIT and _is_deep([found]):
        raise ValueError("values are nested too deeply")
    if ("\\u" in text or not text.isascii()) and _HALF_CHARACTER.search(text):
        json.dumps(found, ensure_ascii=False).encode()
    return found


def _is_deep(level: list[Any]) -> bool:
    """Whether what is in a list is nested more deeply than the limit; goes through it level by level."""
    for _ in range(_DEPTH_LIMIT):
        nests = (one.values() if isinstance(one, dict) else one for one in level)
        level = [inner for nest in nests for inner in nest if isinstance(inner, _NESTS)]
        if not level:
            return False
    return True


def _whole(text: str) -> int:
    if len(text) > _DIGITS_LIMIT:
        raise ValueError("a number has too many digits")
    return int(text)


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"a number is {number}")
    return number


def json_object(body: bytes) -> dict[str, Any]:
    """The JSON object of a body; empty for an empty body.

    Raises:
        ValueError: Something else; the text goes on from "the body is".
    """
    if not body.strip():
        return {}
    try:
        read = strict_json(body)
    except ValueError as error:
        raise ValueError("not valid JSON") from error
    if not isinstance(read, dict):
        raise ValueError("not a JSON object")
    return read


def compact_json(value: Any) -> bytes:
    """JSON without spaces."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode()


def readable(body: bytes) -> Any:
    """JSON as what it says, anything else as text."""
    try:
        return strict_json(body)
    except ValueError:
        return body.decode("utf-8", "replace")
