"""Finds rows by an expression: how many, one page of them, and how they spread over values."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from fakes.cloudinary import errors
from fakes.cloudinary.expressions import parse
from fakes.cloudinary.state.search.catalogue import Catalogue
from fakes.cloudinary.state.search.conditions import Condition, all_of
from fakes.cloudinary.state.search.fields import Asking
from fakes.cloudinary.state.search.paging import NEWEST_FIRST, Cursor, Order, Sort, read_cursor
from fakes.kit.store import Store

_FEW = 500
_ONE_IN = 50
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
class Found:
    """One page of what was found.

    Attributes:
        ids: Of the rows, in their order.
        total: How many there are on all pages.
        condition: What all of them fit, for aggregations.
    """

    ids: tuple[str, ...]
    total: int
    next_cursor: str | None
    condition: Condition


class Finder:
    """Searches tables of the store. What it has counted it remembers until a row changes.

    Args:
        store: The fake's store.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._counts: dict[tuple[str, tuple[Any, ...]], int] = {}
        self._counted_at = store.changes

    def find(self, catalogue: Catalogue, query: Query, asking: Asking) -> Found:
        """Find rows of a table.

        Raises:
            ProviderError: The expression, the order or the cursor cannot be used (400).
        """
        start = _start(query, asking.now_s)
        order = Order(catalogue, start.sort)
        asking = Asking(asking.cloud, start.now_s, asking.is_fixed)
        own = Condition(sql := f"{catalogue.table}.cloud = ?", sql, (asking.cloud,))
        asked = catalogue.condition(parse(start.expression), asking)
        total = self._count(catalogue.table, own, asked)
        rows = self._rows(catalogue, own, asked, order, start.keys, query.limit) if total else []
        shown = rows[: query.limit]
        cursor = None
        if len(rows) > query.limit:
            cursor = Cursor(start.expression, start.sort, start.now_s, tuple(shown[-1][1:])).text()
        ids = tuple(str(row[0]) for row in shown)
        return Found(ids, total, cursor, all_of([own, asked]))

    def values(self, table: str, condition: Condition, expression: str) -> dict[str, int]:
        """How many of the rows have each value of an expression, the most frequent first."""
        rows = self._store.all(
            f"SELECT {expression}, count(*) FROM {table}"  # noqa: S608 - own columns
            f" WHERE {condition.sparse} AND {expression} IS NOT NULL"
            " GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT ?",
            (*condition.params, _MAX_BUCKETS),
        )
        return {str(row[0]): int(row[1]) for row in rows}

    def ranges(
        self,
        table: str,
        condition: Condition,
        expression: str,
        ranges: Mapping[str, tuple[float | None, float | None]],
    ) -> dict[str, int]:
        """How many of the rows lie in each range; a range does not include its end."""
        if not ranges:
            return {}
        sums, params = [], []
        for low, high in ranges.values():
            sums.append(
                f"total(ifnull({expression} >= ?, ? IS NULL) AND ifnull({expression} < ?, ? IS NULL))"
            )
            params += [low, low, high, high]
        row = self._store.one(
            f"SELECT {', '.join(sums)} FROM {table}"  # noqa: S608 - own columns
            f" WHERE {condition.sparse} AND {expression} IS NOT NULL",
            (*params, *condition.params),
        )
        return {key: int(row[index]) for index, key in enumerate(ranges)} if row else {}

    def _count(self, table: str, own: Condition, asked: Condition) -> int:
        if self._counted_at != self._store.changes or len(self._counts) >= _MAX_COUNTS:
            self._counts.clear()
            self._counted_at = self._store.changes
        where = all_of([own, asked])
        key = f"{table} WHERE {where.sparse}", where.params
        if key not in self._counts:
            row = self._store.one(f"SELECT count(*) FROM {key[0]}", where.params)  # noqa: S608 - own columns
            self._counts[key] = int(row[0]) if row else 0
        return self._counts[key]

    def _rows(
        self,
        catalogue: Catalogue,
        own: Condition,
        asked: Condition,
        order: Order,
        keys: Sequence[Any],
        limit: int,
    ) -> list[Any]:
        """Ids and sort keys of a page, and of one row more."""
        table, everything = catalogue.table, Condition("1", "1")
        total = self._count(table, own, asked)
        is_dense = total > _FEW and total * _ONE_IN > self._count(table, own, everything)
        where = all_of([own, asked, *([order.after(keys)] if keys else [])])
        return self._store.all(
            f"SELECT {catalogue.id_column}, {order.keys} FROM {table}"  # noqa: S608 - own columns
            f" WHERE {where.dense if is_dense else where.sparse} ORDER BY {order.by} LIMIT ?",
            (*where.params, limit + 1),
        )


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
