"""Answers with a file: whole or a range, in large blocks, with the conditions of RFC 9110."""

import asyncio
import os
import re
from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, replace
from email.utils import formatdate, parsedate_to_datetime
from pathlib import Path

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

BLOCK_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class ServedFile:
    """A file to answer with.

    Attributes:
        local: Gives the file on this machine, for as long as its context is entered.
        etag: Without quotes.
        modified_s: Unix time of the last change.
    """

    local: Callable[[], AbstractAsyncContextManager[Path]]
    size_bytes: int
    media_type: str
    etag: str
    modified_s: float
    headers: Mapping[str, str]


class FileAnswer(Response):
    """Sends bytes `first` to `last` of an open file and closes it; without a file, nothing but the head."""

    def __init__(self, file: ServedFile, status: int, span: tuple[int, int], descriptor: int | None) -> None:
        super().__init__(status_code=status, headers=dict(file.headers), media_type=file.media_type)
        first, last = span
        self._descriptor = descriptor
        self._first = first
        self._left = last - first + 1
        self.headers["Content-Length"] = str(self._left)
        self.headers["Content-Type"] = file.media_type

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send it; stops early when the client has gone."""
        head = {"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers}
        if self._descriptor is None:
            await send(head)
            await send({"type": "http.response.body", "body": b""})
            return
        try:
            await send(head)
            await self._send_body(self._descriptor, scope, send)
        finally:
            os.close(self._descriptor)

    async def _send_body(self, descriptor: int, scope: Scope, send: Send) -> None:
        transport = scope.get("state", {}).get("transport")
        position, left = self._first, self._left
        while left > 0 and not (transport is not None and transport.is_closing()):
            size = min(BLOCK_BYTES, left)
            if left == self._left and left <= BLOCK_BYTES:
                block = os.pread(descriptor, size, position)  # small and mostly cached: a thread costs more
            else:
                block = await asyncio.to_thread(os.pread, descriptor, size, position)
            if not block:
                break
            position += len(block)
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
    descriptor = None
    if request.method != "HEAD" and first <= last:
        async with file.local() as path:
            descriptor = os.open(path, os.O_RDONLY)
    return FileAnswer(replace(file, headers=headers), status, (first, last), descriptor)


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
