"""Takes the fields of a body one after the other, however they are written in it."""

from fakes.cloudinary.blobs import Blobs
from fakes.cloudinary.errors import invalid_request
from fakes.cloudinary.forms.form import Form

FIELD_LIMIT_BYTES = 1 << 20
FIELD_LIMIT = 5000


class Fields:
    """Where fields go: the first `file` to disk, all others into the form as text, within bounds.

    Args:
        form: The form to fill.
        blobs: Where a file is written to.
        file_limit_bytes: What a file has beyond is counted but not kept.
    """

    def __init__(self, form: Form, blobs: Blobs, file_limit_bytes: int | None) -> None:
        self.form = form
        self._blobs = blobs
        self._file_limit_bytes = file_limit_bytes
        self._name = ""
        self._text = bytearray()
        self._is_file = False
        self._count = 0
        self._bytes = 0

    def begin(self, name: str, filename: str | None) -> None:
        """Begin a field.

        Args:
            name: Its name.
            filename: The name of the file that it is; None for text.

        Raises:
            ProviderError: It is one too many (400).
        """
        self._count += 1
        if self._count > FIELD_LIMIT:
            raise invalid_request(f"there are more than {FIELD_LIMIT} fields")
        self._name = name
        self._text.clear()
        self._is_file = name == "file" and self.form.file is None
        if self._is_file:
            self.form.file = self._blobs.incoming(self._file_limit_bytes)
            self.form.filename = filename

    def write(self, data: bytes | memoryview) -> None:
        """Add to the field's value.

        Raises:
            ProviderError: All texts together are too long (400).
        """
        if self._is_file and self.form.file is not None:
            self.form.file.write(data)
            return
        self.count(len(data))
        self._text += data

    def end(self) -> None:
        """End the field."""
        if not self._is_file:
            self.form.add(self._name, self._text.decode("utf-8", "replace"))

    def count(self, size_bytes: int) -> None:
        """Count what is kept in memory besides values: names and headers.

        Raises:
            ProviderError: It is too much (400).
        """
        self._bytes += size_bytes
        if self._bytes > FIELD_LIMIT_BYTES:
            raise invalid_request(f"the fields have more than {FIELD_LIMIT_BYTES} bytes")
