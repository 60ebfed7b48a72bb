"""Cursors of listings: opaque texts that say where a page ended."""

import base64
import json
from typing import Any

from fakes.cloudinary import errors
from fakes.kit.bodies import strict_json


def write(*values: object) -> str:
    """A cursor of these values."""
    return base64.urlsafe_b64encode(json.dumps(values).encode()).decode().rstrip("=")


def content(text: str) -> Any:
    """What is in a cursor, whatever it may be.

    Raises:
        ProviderError: It cannot be read (400).
    """
    try:
        return strict_json(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    except ValueError as error:
        raise errors.invalid_cursor() from error


def read(text: str, kinds: tuple[type, ...]) -> tuple[Any, ...]:
    """The values of a cursor.

    Raises:
        ProviderError: It is not one that was handed out (400).
    """
    values = content(text)
    if not isinstance(values, list) or [type(value) for value in values] != list(kinds):
        raise errors.invalid_cursor()
    return tuple(values)
