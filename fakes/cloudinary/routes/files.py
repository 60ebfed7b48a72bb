"""Answers with a file: whole or a range, in large blocks, with the conditions of RFC 9110."""

import asyncio
import logging
import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from email.utils import formatdate, parsedate_to_datetime

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from fakes.cloudinary.blobs import Reader, Span
from fakes.kit.app import cut
from fakes.kit.errors import ProviderError

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class ServedFile:
    """A file to answer with.

    Attributes:
        open: Gives a part of its bytes.
        etag: Without quotes.
        modified_s: Unix time of the last change.
    """

    open: Callable[[Span], Awaitable[Reader]]
    size_bytes: int
    media_type: str
    etag: str
    modified_s: float
    headers: Mapping[str, str]


class FileAnswer(Response):
    """Sends a part as it is read, and closes it; without a reader, nothing but the head."""

    def __init__(self, file: ServedFile, status: int, span: Span, reader: Reader | None) -> None:
        super().__init__(status_code=status, headers=dict(file.headers), media_type=file.media_type)
        self._reader = reader
        self._left = span.bytes
        self.headers["Content-Length"] = str(self._left)
        self.headers["Content-Type"] = file.media_type

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send it; stops early when the client has gone."""
        head = {"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers}
        if self._reader is None:
            await send(head)
            await send({"type": "http.response.body", "body": b""})
            return
        try:
            await send(head)
            await self._send_body(self._reader, scope, send)
        except ProviderError as error:
            log.warning("bytes do not come", extra={"error": error.message})
            cut(scope)  # the head is out: only a body that is too short tells the client
            await asyncio.sleep(0)  # the server notices the loss before it misses the rest
        finally:
            self._reader.close()

    async def _send_body(self, reader: Reader, scope: Scope, send: Send) -> None:
        transport = scope.get("state", {}).get("transport")
        left = self._left
        while left > 0 and not (transport is not None and transport.is_closing()):
            block = await reader.read()
            if not block:
                break
            left -= len(block)
            await send({"type": "http.response.body", "body": block, "more_body": left > 0})


async def answer(request: Request, file: ServedFile) -> Response:
    """Answer a GET or HEAD: 200, 206, 304 or 416.

    Raises:
        FileNotFoundError: The file is not there any more.
    """
    modified = formatdate(file.modified_s, usegmt=True)
    headers = {
        **file.headers,
        "ETag": f'"{file.etag}"',
        "Last-Modified": modified,
        "Accept-Ranges": "bytes",
    }
    if _is_not_modified(request, file):
        return Response(status_code=304, headers=headers)
    status, (first, last) = 200, (0, file.size_bytes - 1)
    wanted = request.headers.get("range")
    if wanted and _is_range_valid(request, file, modified):
        span = _span(wanted, file.size_bytes)
        if span is None:
            headers["Content-Range"] = f"bytes */{file.size_bytes}"
            return Response(status_code=416, headers=headers)
        if span != (-1, -1):
            status, (first, last) = 206, span
            headers["Content-Range"] = f"bytes {first}-{last}/{file.size_bytes}"
    part, reader = Span(first, last, file.size_bytes), None
    if request.method != "HEAD" and part.bytes > 0:
        reader = await file.open(part)
    return FileAnswer(replace(file, headers=headers), status, part, reader)


def _is_not_modified(request: Request, file: ServedFile) -> bool:
    tags = request.headers.get("if-none-match")
    if tags is not None:
        known = {tag.strip().removeprefix("W/").strip('"') for tag in tags.split(",")}
        return file.etag in known or "*" in known
    since = request.headers.get("if-modified-since")
    if since is None:
        return False
    try:
        return int(file.modified_s) <= parsedate_to_datetime(since).timestamp()
    except ValueError:
        return False


def _is_range_valid(request: Request, file: ServedFile, modified: str) -> bool:
    condition = request.headers.get("if-range")
    return condition is None or condition.strip('"') == file.etag or condition == modified


def _span(text: str, size_bytes: int) -> tuple[int, int] | None:
    """First and last byte; (-1, -1) for a header to be ignored, None when nothing of it is there."""
    match = re.fullmatch(r"bytes=(\d{0,18})-(\d{0,18})", text.strip())
    if match is None or match.groups() == ("", ""):
        return (-1, -1)
    first, last = match.groups()
    if not first:
        length = min(int(last), size_bytes)
        return (size_bytes - length, size_bytes - 1) if length else None
    end = min(int(last), size_bytes - 1) if last else size_bytes - 1
    if last and int(last) < int(first):
        return (-1, -1)
    return (int(first), end) if int(first) < size_bytes else None
