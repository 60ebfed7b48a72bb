"""Uploads: a multipart body goes to disk as it arrives; no file is ever in memory."""

from __future__ import annotations

import asyncio
import errno
import hashlib
import re
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Final

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header
from starlette.requests import Request

from clipnet.api.problems import Problem, invalid

if TYPE_CHECKING:
    from collections.abc import Callable

_WRITE_BYTES: Final = 1 << 20
_LARGEST_FIELD_BYTES: Final = 20_000
_MOST_PARTS: Final = 20
_OVERHEAD_BYTES: Final = 1 << 20
"""What headers and fields may add to the file."""
_FORBIDDEN = re.compile(r'[\x00-\x1f\x7f<>:"|?*\\/]')


@dataclass(slots=True)
class Upload:
    """A file that lies on disk and the fields that came with it; `sha256` is of the file."""

    path: Path
    name: str = ""
    size_bytes: int = 0
    sha256: str = ""
    fields: dict[str, str] = field(default_factory=dict)


@asynccontextmanager
async def received(request: Request, folder: Path, max_bytes: int) -> AsyncIterator[Upload]:
    """Receive the upload into `folder/source`; the folder is removed if the body of the `async with` fails.

    Raises:
        Problem: The file is too large, there is none, the form is broken, or the disk is full.
    """
    if _announced_bytes(request) > max_bytes + _OVERHEAD_BYTES:
        raise _too_large(max_bytes)
    try:
        yield await _receive(request, folder, max_bytes)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise


async def _receive(request: Request, folder: Path, max_bytes: int) -> Upload:
    boundary = parse_options_header(request.headers.get("content-type"))[1].get(b"boundary")
    if not boundary:
        raise Problem("body_unreadable", "The multipart body names no boundary.")
    upload = Upload(folder / "source")
    try:
        await asyncio.to_thread(folder.mkdir, parents=True)
        with await asyncio.to_thread(upload.path.open, "wb") as file:
            await _drain(request, _Form(boundary), _Sink(upload, file, max_bytes))
    except FormParserError as error:
        raise Problem("body_unreadable", "The multipart body is broken.") from error
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise Problem("storage_full", "The disk is full. Delete something, then try again.") from error
        raise
    return upload


async def _drain(request: Request, form: _Form, sink: _Sink) -> None:
    async for chunk in request.stream():
        for part, piece in form.feed(chunk):
            sink.take(part, piece)
        if sink.waiting_bytes >= _WRITE_BYTES:
            await asyncio.to_thread(sink.flush)
    if not form.is_complete:
        raise Problem("body_unreadable", "The upload ended before its last boundary.")
    await asyncio.to_thread(sink.flush)
    sink.finish()


@dataclass(slots=True)
class _Part:
    name: str
    file_name: str | None


class _Form:
    """Turns chunks of a multipart body into pieces of its parts (RFC 7578)."""

    def __init__(self, boundary: bytes) -> None:
        self.is_complete = False
        self._pieces: list[tuple[_Part, bytes]] = []
        self._part = _Part("", None)
        self._parts = 0
        self._header = (bytearray(), bytearray())
        self._headers: dict[bytes, bytes] = {}
        callbacks: dict[str, Callable[..., None]] = {
            "on_part_begin": self._begin,
            "on_header_field": lambda chunk, start, end: self._header[0].extend(chunk[start:end]),
            "on_header_value": lambda chunk, start, end: self._header[1].extend(chunk[start:end]),
            "on_header_end": self._end_header,
            "on_headers_finished": self._end_headers,
            "on_part_data": lambda chunk, start, end: self._pieces.append((self._part, chunk[start:end])),
            "on_end": self._end,
        }
        self._parser = MultipartParser(boundary, callbacks)  # type: ignore[arg-type]  # - it wants a TypedDict

    def feed(self, chunk: bytes) -> list[tuple[_Part, bytes]]:
        """Return the pieces that this chunk completes; an empty piece announces a part."""
        self._pieces = []
        if chunk:
            self._parser.write(chunk)
        return self._pieces

    def _begin(self) -> None:
        self._parts += 1
        if self._parts > _MOST_PARTS:
            raise Problem("body_unreadable", f"The form has more than {_MOST_PARTS} parts.")
        self._headers = {}

    def _end_header(self) -> None:
        name, value = self._header
        self._headers[bytes(name).lower()] = bytes(value)
        self._header = (bytearray(), bytearray())

    def _end_headers(self) -> None:
        _, options = parse_options_header(self._headers.get(b"content-disposition", b""))
        if b"name" not in options:
            raise Problem("body_unreadable", "A part of the form has no name.")
        file_name = options.get(b"filename")
        self._part = _Part(_text(options[b"name"]), None if file_name is None else _text(file_name))
        self._pieces.append((self._part, b""))

    def _end(self) -> None:
        self.is_complete = True


class _Sink:
    """Takes the pieces: the file's go to disk in large writes, fields are kept."""

    def __init__(self, upload: Upload, file: BinaryIO, max_bytes: int) -> None:
        self._upload = upload
        self._file = file
        self._max_bytes = max_bytes
        self._buffer = bytearray()
        self._sha256 = hashlib.sha256()
        self._fields: dict[str, bytearray] = {}
        self._file_part: _Part | None = None

    @property
    def waiting_bytes(self) -> int:
        return len(self._buffer)

    def take(self, part: _Part, piece: bytes) -> None:
        if part.name == "file":
            self._take_file(part, piece)
            return
        value = self._fields.setdefault(part.name, bytearray())
        value += piece
        if len(value) > _LARGEST_FIELD_BYTES:
            raise invalid(part.name, f"this is longer than {_LARGEST_FIELD_BYTES} bytes")

    def flush(self) -> None:
        """Write what is waiting; for a thread."""
        self._sha256.update(self._buffer)
        self._file.write(self._buffer)
        self._buffer = bytearray()

    def finish(self) -> None:
        if self._file_part is None:
            raise invalid("file", "there is no file in this form")
        if self._upload.size_bytes == 0:
            raise invalid("file", "the file is empty")
        self._upload.sha256 = self._sha256.hexdigest()
        try:
            self._upload.fields = {name: value.decode() for name, value in self._fields.items()}
        except UnicodeDecodeError as error:
            raise Problem("body_unreadable", "A field of the form is not UTF-8.") from error

    def _take_file(self, part: _Part, piece: bytes) -> None:
        if self._file_part is None:
            self._file_part = part
            self._upload.name = safe_name(part.file_name or "")
        elif self._file_part is not part:
            raise invalid("file", "send one file")
        self._upload.size_bytes += len(piece)
        if self._upload.size_bytes > self._max_bytes:
            raise _too_large(self._max_bytes)
        self._buffer += piece


def safe_name(name: str) -> str:
    """Return a file name to show: its last part, without control characters or what file systems dislike."""
    last = name.replace("\\", "/").rsplit("/", 1)[-1]
    clean = _FORBIDDEN.sub("", last).strip(" .")
    stem, dot, suffix = clean.rpartition(".")
    if dot and len(suffix) <= 10:
        return f"{stem[:100]}.{suffix}"
    return clean[:100] or "video"


def _too_large(max_bytes: int) -> Problem:
    return Problem(
        "too_large", f"The file is larger than {max_bytes} bytes, which is the most.", max_bytes=max_bytes
    )


def _announced_bytes(request: Request) -> int:
    value = request.headers.get("content-length", "0")
    return int(value) if value.isdigit() else 0


def _text(raw: bytes) -> str:
    return raw.decode("utf-8", "replace") if isinstance(raw, bytes) else str(raw)
