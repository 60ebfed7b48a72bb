"""The order of found rows, and cursors that go on where a page ended."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from fakes.cloudinary import errors
from fakes.cloudinary.state import cursors
from fakes.cloudinary.state.search.catalogue import Catalogue
from fakes.cloudinary.state.search.conditions import Condition

Sort = tuple[tuple[str, bool], ...]
"""Names to sort by, each with whether upwards."""
MAX_SORTS = 10
_LAST_SECOND = 253_402_300_800.0  # of the year 9999
NEWEST_FIRST: Sort = (("created_at", False),)


@dataclass(frozen=True, slots=True)
class Cursor:
    """Where a page ended, and what of: a cursor fits only the search that handed it out.

    Attributes:
        now_s: When the first page was asked for; ages in the expression count from there.
        keys: What the last row was sorted by.
    """

    expression: str
    sort: Sort
    now_s: float
    keys: tuple[Any, ...]

    def text(self) -> str:
        """As the client gets it."""
        return cursors.write(self.expression, self.sort, self.now_s, self.keys)


def read_cursor(text: str) -> Cursor:
    """Read what `Cursor.text` wrote.

    Raises:
        ProviderError: It is something else (400).
    """
    content = cursors.content(text)
    try:
        expression, sort, now_s, keys = content
        names = tuple((str(name), bool(is_ascending)) for name, is_ascending in sort)
    except (ValueError, TypeError) as error:
        raise errors.invalid_cursor() from error
    is_whole = isinstance(expression, str) and isinstance(keys, list) and len(names) <= MAX_SORTS
    is_whole = is_whole and _is_number(now_s) and 0 <= now_s < _LAST_SECOND
    if not is_whole or not all(key is None or isinstance(key, str) or _is_number(key) for key in keys):
        raise errors.invalid_cursor()
    return Cursor(expression, names, float(now_s), tuple(keys))


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and math.isfinite(value) and abs(value) < 1 << 62


class Order:
    """By what rows are sorted, down to the id that tells them apart.

    Args:
        catalogue: Of the table.
        sort: Names and directions.

    Raises:
        ProviderError: It cannot be sorted by one of the names (400).
    """

    def __init__(self, catalogue: Catalogue, sort: Sort) -> None:
        self._keys: list[tuple[str, bool]] = []
        self._is_whole = True  # no key can be missing from a row
        for name, is_ascending in sort:
            key = catalogue.sort_key(name)
            if key is None:
                raise errors.invalid_parameter("sort_by", name)
            if key.is_nullable:
                self._keys.append((f"({key.expression} IS NULL)", True))
                self._is_whole = False
            self._keys.append((key.expression, is_ascending))
        self._keys.append((catalogue.id_column, sort[-1][1]))

    @property
    def keys(self) -> str:
        """The columns that a cursor keeps."""
        return ", ".join(expression for expression, _ in self._keys)

    @property
    def by(self) -> str:
        """What follows ORDER BY."""
        return ", ".join(f"{key} {'ASC' if is_ascending else 'DESC'}" for key, is_ascending in self._keys)

    def after(self, keys: Sequence[Any]) -> Condition:
        """Rows behind the one with these keys.

        Raises:
            ProviderError: They are the keys of another order (400).
        """
        if len(keys) != len(self._keys):
            raise errors.invalid_cursor()
        directions = {is_ascending for _, is_ascending in self._keys}
        if self._is_whole and len(directions) == 1:
            slots = ", ".join("?" * len(keys))
            sql = f"({self.keys}) {_behind(directions.pop())} ({slots})"
            return Condition(sql, tuple(keys))
        ways: list[str] = []
        params: list[Any] = []
        for count, (expression, is_ascending) in enumerate(self._keys):
            same = [f"{before} IS ?" for before, _ in self._keys[:count]]
            ways.append(" AND ".join([*same, f"{expression} {_behind(is_ascending)} ?"]))
            params += keys[: count + 1]
        sql = f"({' OR '.join(f'({way})' for way in ways)})"
        return Condition(sql, tuple(params))


def _behind(is_ascending: bool) -> str:
    return ">" if is_ascending else "<"
