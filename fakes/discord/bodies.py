"""Reads bodies as Discord does: JSON, form, or multipart with `payload_json` and files."""

import hashlib
from typing import Any

from starlette.datastructures import UploadFile
from starlette.requests import Request

from fakes.discord import errors
from fakes.discord.shapes import as_object
from fakes.discord.state.messages import File
from fakes.kit.bodies import BODY_LIMIT_BYTES, bounded, media_type, strict_json

FILE_LIMIT_BYTES = 10 * 1024 * 1024
MESSAGE_LIMIT_BYTES = 25 * 1024 * 1024
_CHUNK_BYTES = 1 << 16


async def read_json(request: Request) -> Any:
    """The JSON of a body; None for an empty one.

    Raises:
        ProviderError: Not JSON, or not said to be.
    """
    body = await bounded(request, BODY_LIMIT_BYTES, errors.too_large()).body()
    if not body:
        return None
    if media_type(request) != "application/json":
        message = 'Expected "Content-Type" header to be one of {"application/json"}.'
        raise errors.invalid_form((), "CONTENT_TYPE_INVALID", message)
    try:
        return strict_json(body)
    except ValueError:
        raise errors.invalid_json() from None


async def read_object(request: Request) -> dict[str, Any]:
    """The JSON object of a body; an empty one for an empty body.

    Raises:
        ProviderError: Something else.
    """
    return as_object(await read_json(request))


async def read_message(request: Request) -> tuple[dict[str, Any], list[File]]:
    """Fields and files of a message.

    Raises:
        ProviderError: The body cannot be read, or a file is too large.
    """
    if media_type(request) not in ("multipart/form-data", "application/x-www-form-urlencoded"):
        return await read_object(request), []
    fields: dict[str, Any] = {}
    files: list[File] = []
    async with bounded(request, MESSAGE_LIMIT_BYTES, errors.too_large()).form(max_files=10) as form:
        for name, value in form.multi_items():
            if isinstance(value, UploadFile):
                files.append(await _file(value))
            elif name == "payload_json":
                fields.update(_payload(value))
            else:
                fields[name] = value
    return fields, files


def _payload(text: str) -> dict[str, Any]:
    try:
        return as_object(strict_json(text))
    except ValueError:
        raise errors.invalid_json() from None


async def _file(upload: UploadFile) -> File:
    digest, size_bytes = hashlib.sha256(), 0
    while chunk := await upload.read(_CHUNK_BYTES):
        digest.update(chunk)
        size_bytes += len(chunk)
        if size_bytes > FILE_LIMIT_BYTES:
            raise errors.too_large()
    kind = upload.content_type or "application/octet-stream"
    return File(upload.filename or "unnamed", kind, size_bytes, digest.hexdigest())
