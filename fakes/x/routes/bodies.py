"""Reads bodies: JSON objects, and multipart or JSON uploads."""

from typing import Any

from starlette.datastructures import UploadFile
from starlette.requests import Request

from fakes.kit.bodies import BODY_LIMIT_BYTES, bounded, json_object, media_type
from fakes.x import errors, wire

UPLOAD_LIMIT_BYTES = 64 << 20


async def read_json(request: Request, limit_bytes: int = BODY_LIMIT_BYTES) -> dict[str, Any]:
    """The JSON object of a body; empty for an empty body.

    Raises:
        ProviderError: Something else.
    """
    try:
        return json_object(await bounded(request, limit_bytes).body())
    except ValueError as error:
        raise errors.invalid(f"The body is {error}.") from error


async def read_upload(request: Request) -> tuple[dict[str, Any], bytes | None]:
    """Fields, and the part or base64 text called `media`.

    Raises:
        ProviderError: The body cannot be read.
    """
    if media_type(request) not in ("multipart/form-data", "application/x-www-form-urlencoded"):
        fields = await read_json(request, UPLOAD_LIMIT_BYTES)
        return fields, wire.segment(fields["media"]) if fields.get("media") else None
    fields, content = {}, None
    async with bounded(request, UPLOAD_LIMIT_BYTES).form(max_files=1) as form:
        for name, value in form.multi_items():
            if isinstance(value, UploadFile):
                content = await value.read()
                fields.setdefault("media_type", value.content_type or "")
            else:
                fields[name] = value
    return fields, content
