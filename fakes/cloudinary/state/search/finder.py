"""Finds rows by an expression: how many, one page of them, and how they spread over values.

Where few rows can fit, they are looked up by their ids, tested and sorted. Where many can, the search walks
through all rows in the order of the page, tests each, and stops when the page is full; how many there are in
all is then counted once, and remembered until a row changes.
"""

import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from fakes.cloudinary import errors
from fakes.cloudinary.expressions import parse
from fakes.cloudinary.state.search.catalogue import Catalogue
from fakes.cloudinary.state.search.conditions import (
    Condition,
    Ids,
    Limit,
    OneOf,
    Source,
    Together,
    all_of,
    limited,
)
from fakes.cloudinary.state.search.fields import Asking
from fakes.cloudinary.state.search.paging import NEWEST_FIRST, Cursor, Order, Sort, read_cursor
from fakes.kit.store import Store

FEW = 1000
_MAX_LOOKS = 8
_MAX_UNION = 400  # SQLite takes 500
_MAX_COUNTS = 256
_MAX_BUCKETS = 500


@dataclass(frozen=True, slots=True)
class Query:
    """What is searched for.

    Attributes:
        sort: Empty for the newest first.
        limit: At most so many rows.
    """

    expression: str = ""
    sort: Sort = ()
    limit: int = 50
    cursor: str | None = None


@dataclass(frozen=True, slots=True)
class Matching:
    """Rows that fit a search: `FROM table WHERE where`."""

    table: str
    where: str
    params: tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Found:
    """One page of what was found.

    Attributes:
        ids: Of the rows, in their order.
        total: How many there are on all pages.
        matching: All of them, for aggregations.
    """

    ids: tuple[str, ...]
    total: int
    next_cursor: str | None
    matching: Matching


class Finder:
    """Searches tables of the store.

    Args:
        store: The fake's store.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._counts: dict[Matching | Ids, int] = {}
        self._counted_at = store.changes

    def find(self, catalogue: Catalogue, query: Query, asking: Asking) -> Found:
        """Find rows of a table.

        Raises:
            ProviderError: The expression, the order or the cursor cannot be used (400).
        """
        start = _start(query, asking.now_s)
        order = Order(catalogue, start.sort)
        asked = catalogue.condition(parse(start.expression), replace(asking, now_s=start.now_s))
        few = self._few(asked.source) if asked.source is not None else None
        matching = _matching(catalogue, asking, asked, few)
        if few is None and not asking.lag_s and isinstance(asked.source, Ids) and asked.source.is_exact:
            total = self._count(asked.source)
        else:
            total = self._count(matching)
        rows = self._rows(catalogue, matching, order, start.keys, query.limit) if total else []
        shown = rows[: query.limit]
        cursor = None
        if len(rows) > query.limit:
            cursor = Cursor(start.expression, start.sort, start.now_s, tuple(shown[-1][1:])).text()
        return Found(tuple(str(row[0]) for row in shown), total, cursor, matching)

    def values(self, matching: Matching, expression: str) -> dict[str, int]:
        """How many of the rows have each value of an expression, the most frequent first."""
        rows = self._store.all(
            f"SELECT {expression}, count(*) FROM {matching.table}"  # noqa: S608 - own columns
            f" WHERE {matching.where} AND {expression} IS NOT NULL"
            " GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT ?",
            (*matching.params, _MAX_BUCKETS),
        )
        return {str(row[0]): int(row[1]) for row in rows}

    def ranges(
        self,
        matching: Matching,
        expression: str,
        ranges: Mapping[str, tuple[float | None, float | None]],
    ) -> dict[str, int]:
        """How many of the rows lie in each range; a range does not include its end."""
        within = f"total(ifnull({expression} >= ?, ? IS NULL) AND ifnull({expression} < ?, ? IS NULL))"
        sums = [within] * len(ranges)
        params = [end for low, high in ranges.values() for end in (low, low, high, high)]
        row = self._store.one(
            f"SELECT {', '.join(sums)} FROM {matching.table}"  # noqa: S608 - own columns
            f" WHERE {matching.where} AND {expression} IS NOT NULL",
            (*params, *matching.params),
        )
        return {key: int(row[index]) for index, key in enumerate(ranges)} if row else {}

    def _few(self, source: Source) -> Ids | None:
        """The best of the ways to give ids, if that gives few."""
        found = self._counted(source)
        return found[1] if found else None

    def _counted(self, source: Source) -> tuple[int, Ids] | None:
        """How many ids a source gives, and how; None if many."""
        match source:
            case Ids():
                row = self._store.one(
                    f"SELECT count(*) FROM ({source.sql} LIMIT ?)",  # noqa: S608 - own columns
                    (*source.params, FEW + 1),
                )
                return (int(row[0]), source) if row and row[0] <= FEW else None
            case OneOf(sources):
                counted = [found for one in sources[:_MAX_LOOKS] if (found := self._counted(one))]
                return min(counted, key=lambda found: found[0], default=None)
            case Together(sources):
                return self._together(sources)

    def _together(self, sources: Sequence[Source]) -> tuple[int, Ids] | None:
        total = 0
        statements: list[Ids] = []
        for source in sources:
            found = self._counted(source)
            total += found[0] if found else FEW + 1
            if found is None or total > FEW or len(statements) == _MAX_UNION:
                return None
            statements.append(found[1])
        sql = " UNION ALL ".join(one.sql for one in statements)
        return total, Ids(sql, tuple(param for one in statements for param in one.params))

    def _count(self, what: Matching | Ids) -> int:
        if self._counted_at != self._store.changes or len(self._counts) >= _MAX_COUNTS:
            self._counts.clear()
            self._counted_at = self._store.changes
        if what not in self._counts:
            rows = f"({what.sql})" if isinstance(what, Ids) else f"{what.table} WHERE {what.where}"
            row = self._store.one(f"SELECT count(*) FROM {rows}", what.params)  # noqa: S608 - own columns
            self._counts[what] = int(row[0]) if row else 0
        return self._counts[what]

    def _rows(
        self, catalogue: Catalogue, matching: Matching, order: Order, keys: Sequence[Any], limit: int
    ) -> list[sqlite3.Row]:
        """Ids and sort keys of a page, and of one row more."""
        behind = order.after(keys) if keys else all_of([])
        return self._store.all(
            f"SELECT {catalogue.id_column}, {order.keys} FROM {matching.table}"  # noqa: S608 - own columns
            f" WHERE {matching.where} AND {behind.test} ORDER BY {order.by} LIMIT ?",
            (*matching.params, *behind.params, limit + 1),
        )


def _matching(catalogue: Catalogue, asking: Asking, asked: Condition, few: Ids | None) -> Matching:
    """By ids if there are few; otherwise by cloud, in whichever order is needed."""
    table, cloud = catalogue.table, asking.cloud
    if asking.lag_s:
        seen = Limit("<=", asking.now_s - asking.lag_s)
        asked = all_of([limited(f"{table}.created_at", (seen,)), asked])
    if few is None:
        return Matching(table, f"{table}.cloud = ? AND {asked.test}", (cloud, *asked.params))
    where = f"{catalogue.id_column} IN ({few.sql}) AND +{table}.cloud = ? AND {asked.test}"
    return Matching(table, where, (*few.params, cloud, *asked.params))


def _start(query: Query, now_s: float) -> Cursor:
    """Where to start: at the first row, or where the cursor says.

    Raises:
        ProviderError: The cursor is none, or one of another search (400).
    """
    if not query.cursor:
        return Cursor(query.expression, query.sort or NEWEST_FIRST, now_s, ())
    cursor = read_cursor(query.cursor)
    is_same = query.expression in ("", cursor.expression) and query.sort in ((), cursor.sort)
    if not is_same or not cursor.sort:
        raise errors.invalid_cursor()
    return cursor
