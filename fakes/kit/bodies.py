"""Reads and writes bodies: bounded in memory, as JSON, without anybody's wording."""

import json
from typing import Any

from starlette.requests import Request
from starlette.types import Message

from fakes.kit.errors import ProviderError

BODY_LIMIT_BYTES = 1 << 20
_DRAIN_FACTOR = 4
"""A body is read up to so many times its limit before it is refused, so that its sender hears the answer."""


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


def json_object(body: bytes) -> dict[str, Any]:
    """The JSON object of a body; empty for an empty body.

    Raises:
        ValueError: Something else; the text goes on from "the body is".
    """
    if not body.strip():
        return {}
    try:
        read = json.loads(body)
    except (ValueError, RecursionError) as error:
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
        return json.loads(body)
    except ValueError:
        return body.decode("utf-8", "replace")
