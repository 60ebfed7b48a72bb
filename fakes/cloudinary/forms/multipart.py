"""Bodies of `multipart/form-data`."""

from python_multipart.multipart import MultipartParser, parse_options_header

from fakes.cloudinary.errors import invalid_request
from fakes.cloudinary.forms.fields import Fields
from fakes.cloudinary.forms.pieces import Pieces


class Multipart:
    """One multipart body on its way in.

    Args:
        fields: Where its parts go.
        boundary: As the Content-Type says.

    Raises:
        ProviderError: There is no boundary (400).
    """

    def __init__(self, fields: Fields, boundary: bytes | None) -> None:
        if not boundary:
            raise invalid_request("multipart without a boundary")
        self._fields = fields
        self._boundary = boundary
        self._header = b""
        self._value = b""
        self._headers: dict[bytes, bytes] = {}
        self._is_whole = False

    async def read(self, pieces: Pieces) -> None:
        """Read to the end.

        Raises:
            ProviderError: It ends too early, or is too much (400).
            FormParserError: It is not of this form.
        """
        parser = MultipartParser(
            self._boundary,
            {
                "on_part_begin": self._headers.clear,
                "on_header_field": self._on_header,
                "on_header_value": self._on_value,
                "on_header_end": self._header_end,
                "on_headers_finished": self._headers_end,
                "on_part_data": self._data,
                "on_part_end": self._fields.end,
                "on_end": self._all,
            },
        )
        async for piece in pieces:
            parser.write(piece)
        if not self._is_whole:
            raise invalid_request("the multipart body ends early")

    def _on_header(self, data: bytes, start: int, end: int) -> None:
        self._fields.count(end - start)
        self._header += data[start:end]

    def _on_value(self, data: bytes, start: int, end: int) -> None:
        self._fields.count(end - start)
        self._value += data[start:end]

    def _header_end(self) -> None:
        self._headers[self._header.lower()] = self._value
        self._header = self._value = b""

    def _headers_end(self) -> None:
        _, options = parse_options_header(self._headers.get(b"content-disposition"))
        filename = options.get(b"filename")
        self._fields.begin(
            options.get(b"name", b"").decode("utf-8", "replace"),
            None if filename is None else filename.decode("utf-8", "replace") or "file",
        )

    def _data(self, data: bytes, start: int, end: int) -> None:
        self._fields.write(memoryview(data)[start:end])

    def _all(self) -> None:
        self._is_whole = True
