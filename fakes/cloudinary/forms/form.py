"""What a request says: its parameters and its file."""

import json
from dataclasses import dataclass, field
from typing import Any

from fakes.cloudinary.blobs import Incoming
from fakes.cloudinary.errors import missing_parameter
from fakes.cloudinary.flags import is_on


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

    def add_values(self, document: dict[str, Any]) -> None:
        """Add what a JSON object says: lists of words as arrays, what else has parts as JSON."""
        self.document = document
        for name, value in document.items():
            if isinstance(value, list) and all(isinstance(item, str | int) for item in value):
                self.params[name.removesuffix("[]")] = tuple(str(item) for item in value)
            elif isinstance(value, bool):
                self.params[name] = "1" if value else "0"
            elif isinstance(value, str | int | float):
                self.params[name] = str(value)
            elif value is not None:
                self.params[name] = json.dumps(value)

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
        return default if value is None else is_on(value)

    def texts(self) -> dict[str, str]:
        """All parameters as text."""
        return {name: self.text(name) or "" for name in self.params}

    def drop(self) -> None:
        """Remove the temporary file, if there is one."""
        if self.file is not None:
            self.file.drop()
