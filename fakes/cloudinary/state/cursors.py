"""Cursors of listings: opaque texts that say where a page ended."""

import base64
import json
import sqlite3
from collections.abc import Sequence
from typing import Any, TypeVar

from fakes.cloudinary import errors
from fakes.kit.bodies import strict_json

_MOST = (1 << 63) - 1  # what the store can compare with
Value = TypeVar("Value", int, str)


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
    if any(isinstance(value, int) and abs(value) > _MOST for value in values):
        raise errors.invalid_cursor()
    return tuple(values)


def after(text: str | None, first: Value) -> Value:
    """The one value of a cursor, or where a listing begins without one.

    Raises:
        ProviderError: The cursor is not one that was handed out (400).
    """
    return read(text, (type(first),))[0] if text else first


def cut(rows: Sequence[sqlite3.Row], limit: int, *columns: str) -> tuple[Sequence[sqlite3.Row], str | None]:
    """The rows of a page, and the cursor of the next page if more rows were read than a page has.

    Args:
        rows: One more than the page has, if there are so many.
        limit: How many the page has at most.
        columns: What the next page begins after.
    """
    if len(rows) <= limit:
        return rows, None
    shown = rows[:limit]
    return shown, write(*(shown[-1][name] for name in columns))
