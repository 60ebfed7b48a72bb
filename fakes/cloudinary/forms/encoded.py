"""Bodies of `application/x-www-form-urlencoded`, and those that do not say what they are."""

from urllib.parse import unquote_to_bytes

from fakes.cloudinary.forms.escapes import whole_escapes
from fakes.cloudinary.forms.fields import Fields
from fakes.cloudinary.forms.pieces import Pieces


class Encoded:
    """One url-encoded body on its way in.

    Args:
        fields: Where its fields go.
    """

    def __init__(self, fields: Fields) -> None:
        self._fields = fields
        self._name = b""
        self._is_in_value = False
        self._escape = b""
        self._seen: set[str] = set()

    async def read(self, pieces: Pieces) -> None:
        """Read to the end.

        Raises:
            ProviderError: It is too much (400).
        """
        async for piece in pieces:
            first, *others = piece.split(b"&")
            self._add(first)
            for other in others:
                self._end()
                self._add(other)
        self._end()

    def _add(self, data: bytes) -> None:
        if self._is_in_value:
            self._add_value(data)
            return
        name, equals, value = data.partition(b"=")
        self._fields.count(len(name))
        self._name += name
        if equals:
            self._begin()
            self._add_value(value)

    def _begin(self) -> None:
        name = _decoded(self._name).decode("utf-8", "replace")
        is_repeated = name in self._seen and not name.endswith("[]")
        self._seen.add(name)
        # The Node SDK repeats some names without `[]`.
        self._fields.begin(f"{name}[]" if is_repeated else name, None)
        self._is_in_value = True

    def _add_value(self, data: bytes) -> None:
        """Decode what is there, but for an escape whose end is still to come."""
        whole, self._escape = whole_escapes(self._escape + data)
        self._fields.write(_decoded(whole))

    def _end(self) -> None:
        if self._name and not self._is_in_value:
            self._begin()
        if self._is_in_value:
            self._fields.write(self._escape)
            self._fields.end()
        self._name = self._escape = b""
        self._is_in_value = False


def _decoded(data: bytes) -> bytes:
    return unquote_to_bytes(data.replace(b"+", b" "))
