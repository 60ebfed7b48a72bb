"""Reads request bodies: multipart (the file goes to disk as it comes), url-encoded and JSON."""

import base64
import binascii
import json
from collections import Counter
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, unquote_to_bytes

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header
from starlette.requests import Request

from fakes.cloudinary.blobs import Blobs, Incoming
from fakes.cloudinary.errors import invalid_request, missing_parameter, unsupported_source
from fakes.kit.bodies import bounded

FIELD_LIMIT_BYTES = 1 << 20
BODY_LIMIT_BYTES = 64 << 20
_BASE64_BLOCK = 1 << 20


@dataclass(slots=True)
class Form:
    """Parameters of a request, and its file.

    Attributes:
        params: By name; arrays (`name[]`) are tuples of texts under their name.
        file: The file, on disk.
        filename: Its name as sent; None for text.
        source_url: What `file` said instead of carrying a file.
        document: The JSON object that the body was, if it was one.
    """

    params: dict[str, str | tuple[str, ...]] = field(default_factory=dict)
    file: Incoming | None = None
    filename: str | None = None
    source_url: str | None = None
    document: dict[str, Any] | None = None

    def add(self, name: str, value: str) -> None:
        """Add one field; a `name[]` that is repeated becomes a tuple."""
        if name.endswith("[]"):
            before = self.params.get(name[:-2], ())
            self.params[name[:-2]] = (*(before if isinstance(before, tuple) else (before,)), value)
        else:
            self.params[name] = value

    def text(self, name: str) -> str | None:
        """A parameter as text, arrays joined by commas; None when it is missing or empty."""
        value = self.params.get(name)
        joined = ",".join(value) if isinstance(value, tuple) else value
        return joined or None

    def needed(self, name: str) -> str:
        """A parameter that must be there, as text.

        Raises:
            ProviderError: It is missing or empty (400).
        """
        value = self.text(name)
        if value is None:
            raise missing_parameter(name)
        return value

    def many(self, name: str) -> tuple[str, ...]:
        """A parameter as a list: an array, or a text split at commas."""
        value = self.params.get(name, ())
        pieces = value if isinstance(value, tuple) else tuple(value.split(","))
        return tuple(piece.strip() for piece in pieces if piece.strip())

    def flag(self, name: str, *, default: bool = False) -> bool:
        """A parameter as yes or no."""
        value = self.text(name)
        return default if value is None else value.lower() not in ("0", "false", "no")

    def texts(self) -> dict[str, str]:
        """All parameters as text."""
        return {name: self.text(name) or "" for name in self.params}

    def drop(self) -> None:
        """Remove the temporary file, if there is one."""
        if self.file is not None:
            self.file.drop()


async def read(request: Request, blobs: Blobs, *, file_limit_bytes: int | None = None) -> Form:
    """Read the body, whatever its form, and add the query.

    Args:
        request: The request.
        blobs: Where a file is written to.
        file_limit_bytes: What a file has beyond is counted but not kept.

    Raises:
        ProviderError: The body cannot be read (400).
    """
    form = Form()
    for name, value in request.query_params.multi_items():
        form.add(name, value)
    kind, options = parse_options_header(request.headers.get("content-type"))
    try:
        match kind:
            case b"multipart/form-data":
                await _Multipart(form, blobs, options.get(b"boundary"), file_limit_bytes).read(request)
            case b"application/json":
                _add_json(form, await _body(request))
            case _:
                body = (await _body(request)).decode("utf-8", "replace")
                fields = parse_qsl(body, keep_blank_values=True, max_num_fields=10_000)
                counts = Counter(name for name, _ in fields)
                for name, value in fields:  # the Node SDK repeats some names without `[]`
                    is_array = counts[name] > 1 and not name.endswith("[]")
                    form.add(f"{name}[]" if is_array else name, value)
        _take_text_file(form, blobs, file_limit_bytes)
    except BaseException as error:
        form.drop()
        if isinstance(error, FormParserError | json.JSONDecodeError | RecursionError):
            raise invalid_request(str(error)) from error
        raise
    return form


def from_base64(text: str) -> Form:
    """Parameters from URL-safe base64 of a JSON object.

    Raises:
        ProviderError: It is none (400).
    """
    form = Form()
    try:
        _add_json(form, base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    except (binascii.Error, ValueError, RecursionError) as error:
        raise invalid_request("the query is not JSON in base64") from error
    return form


class _Multipart:
    """One multipart body on its way in. A part named `file` goes to disk, the others are kept as text."""

    def __init__(
        self, form: Form, blobs: Blobs, boundary: bytes | None, file_limit_bytes: int | None
    ) -> None:
        if not boundary:
            raise invalid_request("multipart without a boundary")
        self._form = form
        self._blobs = blobs
        self._file_limit_bytes = file_limit_bytes
        self._boundary = boundary
        self._header = b""
        self._value = b""
        self._headers: dict[bytes, bytes] = {}
        self._name = ""
        self._text = bytearray()
        self._is_file = False
        self._field_bytes = 0
        self._is_whole = False

    async def read(self, request: Request) -> None:
        """Read to the end."""
        parser = MultipartParser(
            self._boundary,
            {
                "on_part_begin": self._begin,
                "on_header_field": self._on_header,
                "on_header_value": self._on_value,
                "on_header_end": self._header_end,
                "on_headers_finished": self._headers_end,
                "on_part_data": self._data,
                "on_part_end": self._end,
                "on_end": self._all,
            },
        )
        async for chunk in request.stream():
            parser.write(chunk)
        if not self._is_whole:
            raise invalid_request("the multipart body ends early")

    def _begin(self) -> None:
        self._headers.clear()
        self._text.clear()
        self._is_file = False

    def _on_header(self, data: bytes, start: int, end: int) -> None:
        self._count(end - start)
        self._header += data[start:end]

    def _on_value(self, data: bytes, start: int, end: int) -> None:
        self._count(end - start)
        self._value += data[start:end]

    def _header_end(self) -> None:
        self._headers[self._header.lower()] = self._value
        self._header = self._value = b""

    def _headers_end(self) -> None:
        _, options = parse_options_header(self._headers.get(b"content-disposition"))
        self._name = options.get(b"name", b"").decode("utf-8", "replace")
        self._is_file = self._name == "file" and self._form.file is None
        if self._is_file:
            self._form.file = self._blobs.incoming(self._file_limit_bytes)
            if b"filename" in options:
                self._form.filename = options[b"filename"].decode("utf-8", "replace") or "file"

    def _data(self, data: bytes, start: int, end: int) -> None:
        if self._is_file and self._form.file is not None:
            self._form.file.write(memoryview(data)[start:end])
            return
        self._count(end - start)
        self._text += data[start:end]

    def _end(self) -> None:
        if not self._is_file:
            self._form.add(self._name, self._text.decode("utf-8", "replace"))

    def _count(self, size_bytes: int) -> None:
        """Bound what is kept in memory: fields and headers."""
        self._field_bytes += size_bytes
        if self._field_bytes > FIELD_LIMIT_BYTES:
            raise invalid_request(f"the fields have more than {FIELD_LIMIT_BYTES} bytes")

    def _all(self) -> None:
        self._is_whole = True


async def _body(request: Request) -> bytes:
    refusal = invalid_request(f"the body has more than {BODY_LIMIT_BYTES} bytes")
    return await bounded(request, BODY_LIMIT_BYTES, refusal).body()


def _add_json(form: Form, body: bytes) -> None:
    try:
        values: Any = json.loads(body or b"{}")
    except UnicodeDecodeError as error:
        raise invalid_request("the body is not UTF-8") from error
    if not isinstance(values, dict):
        raise invalid_request("the body is not a JSON object")
    form.document = values
    for name, value in values.items():
        if isinstance(value, list) and all(isinstance(item, str | int) for item in value):
            form.params[name.removesuffix("[]")] = tuple(str(item) for item in value)
        elif isinstance(value, bool):
            form.params[name] = "1" if value else "0"
        elif isinstance(value, str | int | float):
            form.params[name] = str(value)
        elif value is not None:
            form.params[name] = json.dumps(value)


def _take_text_file(form: Form, blobs: Blobs, limit_bytes: int | None) -> None:
    """`file` as text: a URL is noted, a data URI becomes the file."""
    if form.file is not None and form.filename is None:
        form.file.finish()
        with form.file.path.open("rb") as sent:
            head = sent.read(4096)
            if not head.startswith(b"data:"):
                form.drop()
                form.file = None
                form.source_url = head.decode("utf-8", "replace")
                return
            sent.seek(0)
            text, form.file = form.file, blobs.incoming(limit_bytes)
            try:
                _decode_data_uri(sent, form.file)
            finally:
                text.drop()
        return
    value = form.params.pop("file", None) if form.file is None else None
    if isinstance(value, str) and value.startswith("data:"):
        import io

        form.file = blobs.incoming(limit_bytes)
        _decode_data_uri(io.BytesIO(value.encode()), form.file)
    elif isinstance(value, str) and value:
        form.source_url = value


def _decode_data_uri(source: Any, target: Incoming) -> None:
    """Write what `data:image/png;base64,...` says, block by block."""
    head = bytearray()
    while (char := source.read(1)) not in (b",", b""):
        head += char
        if len(head) > 1000:
            raise unsupported_source(head.decode("utf-8", "replace"))
    if not head.endswith(b";base64"):
        target.write(unquote_to_bytes(source.read(BODY_LIMIT_BYTES)))
        return
    rest = b""
    while block := source.read(_BASE64_BLOCK):
        rest += b"".join(block.split())
        whole = len(rest) // 4 * 4
        try:
            target.write(base64.b64decode(rest[:whole], validate=True))
        except binascii.Error as error:
            raise unsupported_source(head.decode("utf-8", "replace")) from error
        rest = rest[whole:]
    if rest:
        target.write(base64.b64decode(rest + b"=" * (4 - len(rest))))
