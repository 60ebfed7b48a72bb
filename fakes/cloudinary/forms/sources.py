"""What `file` says when it is a text: the address of a file, or the file itself as a data URI."""

import asyncio
import base64
import binascii
from pathlib import Path
from typing import BinaryIO
from urllib.parse import unquote_to_bytes

from fakes.cloudinary.blobs import Blobs, Incoming
from fakes.cloudinary.errors import file_too_large, unsupported_source
from fakes.cloudinary.forms.escapes import whole_escapes
from fakes.cloudinary.forms.form import Form

_BLOCK_BYTES = 1 << 16
_ADDRESS_LIMIT_BYTES = 4096
_HEAD_LIMIT_BYTES = 1000
_IN_PLACE_BYTES = 1 << 18


async def take_source(form: Form, blobs: Blobs, limit_bytes: int | None) -> None:
    """Note the address that `file` is, or make it the file that it says; a file part is left as it is.

    Raises:
        ProviderError: It is no data URI that can be read (400), or too long (400).
    """
    text = form.file
    if text is None or form.filename is not None:
        return
    form.file = None
    try:
        size_bytes = text.finish().bytes
        if limit_bytes is not None and size_bytes > limit_bytes:
            raise file_too_large(size_bytes, limit_bytes)
        with text.path.open("rb") as sent:
            head = sent.read(_ADDRESS_LIMIT_BYTES)
        if not head.startswith(b"data:"):
            form.source_url = head.decode("utf-8", "replace") or None
            return
        form.file = blobs.incoming(limit_bytes)
        if size_bytes <= _IN_PLACE_BYTES:
            _decode(text.path, form.file)
        else:
            await asyncio.to_thread(_decode, text.path, form.file)
    finally:
        text.drop()


def _decode(source: Path, target: Incoming) -> None:
    """Write what `data:image/png;base64,...` says."""
    with source.open("rb") as sent:
        head, comma, _ = sent.read(_HEAD_LIMIT_BYTES).partition(b",")
        if not comma:
            raise unsupported_source(head.decode("utf-8", "replace"))
        sent.seek(len(head) + 1)
        if not head.endswith(b";base64"):
            _decode_escapes(sent, target)
            return
        try:
            _decode_base64(sent, target)
        except binascii.Error as error:
            raise unsupported_source(head.decode("utf-8", "replace")) from error


def _decode_base64(source: BinaryIO, target: Incoming) -> None:
    rest = b""
    while block := source.read(_BLOCK_BYTES):
        rest += b"".join(block.split())
        whole = len(rest) // 4 * 4
        target.write(base64.b64decode(rest[:whole], validate=True))
        rest = rest[whole:]
    if rest:
        target.write(base64.b64decode(rest + b"=" * (4 - len(rest)), validate=True))


def _decode_escapes(source: BinaryIO, target: Incoming) -> None:
    rest = b""
    while block := source.read(_BLOCK_BYTES):
        whole, rest = whole_escapes(rest + block)
        target.write(unquote_to_bytes(whole))
    target.write(rest)
