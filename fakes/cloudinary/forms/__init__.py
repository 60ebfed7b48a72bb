"""Reads request bodies: multipart, url-encoded and JSON. A file goes to disk as it comes."""

import asyncio
import base64
import json
from typing import Any

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import parse_options_header
from starlette.requests import Request

from fakes.cloudinary.blobs import Blobs
from fakes.cloudinary.errors import invalid_request, request_timed_out
from fakes.cloudinary.forms.encoded import Encoded
from fakes.cloudinary.forms.fields import Fields
from fakes.cloudinary.forms.form import Form
from fakes.cloudinary.forms.multipart import Multipart
from fakes.cloudinary.forms.pieces import Pieces
from fakes.cloudinary.forms.sources import take_source
from fakes.kit.bodies import bounded, strict_json
from fakes.kit.errors import ProviderError

__all__ = ["Form", "from_base64", "read"]
BODY_LIMIT_BYTES = 64 << 20
IDLE_LIMIT_S = 60.0
_VALUES_LIMIT = 100_000
_IN_PLACE_BYTES = 1 << 20
_BLOCK_BYTES = 1 << 20


async def read(
    request: Request,
    blobs: Blobs,
    *,
    file_limit_bytes: int | None = None,
    idle_limit_s: float = IDLE_LIMIT_S,
) -> Form:
    """Read the body, whatever its form, and add the query.

    Args:
        request: The request.
        blobs: Where a file is written to.
        file_limit_bytes: What a file has beyond is counted but not kept.
        idle_limit_s: How long a sender may pause.

    Raises:
        ProviderError: The body cannot be read (400), or does not go on (408).
    """
    form = Form()
    fields = Fields(form, blobs, file_limit_bytes)
    for name, value in request.query_params.multi_items():
        form.add(name, value)
    kind, options = parse_options_header(request.headers.get("content-type"))
    pieces = Pieces(request, idle_limit_s)
    try:
        match kind:
            case b"multipart/form-data":
                await Multipart(fields, options.get(b"boundary")).read(pieces)
            case b"application/json":
                async with asyncio.timeout(idle_limit_s):
                    body = await _body(request)
                pieces.is_over = True
                if len(body) > _IN_PLACE_BYTES:
                    await asyncio.to_thread(_add_json, fields, body)
                else:
                    _add_json(fields, body)
            case _:
                await Encoded(fields).read(pieces)
        await take_source(form, blobs, file_limit_bytes)
    except BaseException as error:
        form.drop()
        if isinstance(error, TimeoutError):
            raise request_timed_out() from error
        if isinstance(error, ProviderError | FormParserError) and not pieces.is_over:
            await pieces.drain()
        if isinstance(error, FormParserError | json.JSONDecodeError):
            raise invalid_request(str(error)) from error
        raise
    return form


async def _body(request: Request) -> bytes:
    refusal = invalid_request(f"the body has more than {BODY_LIMIT_BYTES} bytes")
    return await bounded(request, BODY_LIMIT_BYTES, refusal).body()


def from_base64(text: str) -> Form:
    """Parameters from URL-safe base64 of a JSON object.

    Raises:
        ProviderError: It is none (400).
    """
    form = Form()
    try:
        form.add_values(_values(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))))
    except ValueError as error:
        raise invalid_request("the query is not JSON in base64") from error
    return form


def _add_json(fields: Fields, body: bytes) -> None:
    values = _values(body)
    if isinstance(values.get("file"), str):
        fields.begin("file", None)
        file = memoryview(values.pop("file").encode())
        for at in range(0, len(file), _BLOCK_BYTES):
            fields.write(file[at : at + _BLOCK_BYTES])
        fields.end()
    fields.form.add_values(values)


def _values(body: bytes) -> dict[str, Any]:
    """The JSON object that a body is."""
    if body.count(b",") > _VALUES_LIMIT:
        raise invalid_request(f"the body has more than {_VALUES_LIMIT} values")
    try:
        values = strict_json(body or b"{}")
    except UnicodeError as error:
        raise invalid_request("the body is not UTF-8") from error
    except json.JSONDecodeError:
        raise
    except ValueError as error:
        raise invalid_request(str(error)) from error
    if not isinstance(values, dict):
        raise invalid_request("the body is not a JSON object")
    return values
