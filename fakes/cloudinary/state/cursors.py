"""Cursors of listings: opaque texts that say where a page ended."""

import base64
import binascii
import json
from typing import Any

from fakes.cloudinary import errors


def write(*values: str | float) -> str:
    """A cursor of these values."""
    return base64.urlsafe_b64encode(json.dumps(values).encode()).decode().rstrip("=")


def read(text: str, kinds: tuple[type, ...]) -> tuple[Any, ...]:
    """The values of a cursor.

    Raises:
        ProviderError: It is not one that was handed out (400).
    """
    try:
        values = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    except (binascii.Error, ValueError) as error:
        raise errors.invalid_cursor() from error
    if not isinstance(values, list) or [type(value) for value in values] != list(kinds):
        raise errors.invalid_cursor()
    return tuple(values)
