"""Pieces of SQL and how they join; each is spelled for two ways of walking through the rows.

A search with few results starts from an index on what is asked for (`sparse`). One that a good part of all
rows fit walks through them in the order of the page and stops when that is full (`dense`): there no term may
offer an index of its own, or SQLite would collect and sort all that fit.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

_LAST = "\U0010ffff"


@dataclass(frozen=True, slots=True)
class Condition:
    """A condition on one row, spelled in two ways with the same parameters."""

    sparse: str
    dense: str
    params: tuple[Any, ...] = ()


NOTHING = Condition("0", "0")


def compared(expression: str, operator: str, *params: Any) -> Condition:
    """`expression operator ?`, as many parameters as the operator has."""
    return Condition(f"{expression} {operator}", f"+{expression} {operator}", params)


def equal(expression: str, value: Any) -> Condition:
    """The same value, to the letter."""
    return compared(expression, "= ?", value)


def starting(expression: str, start: str, *, collation: str = "BINARY") -> Condition:
    """Texts that start so."""
    operator = f"COLLATE {collation} BETWEEN ? AND ?"
    return compared(expression, operator, start, start + _LAST)


def among(table: str, where: str, *params: Any) -> Condition:
    """Assets with a row in a table of theirs.

    Args:
        table: It has columns `cloud` and `asset_id`.
        where: What must hold for the row, by the columns' bare names.
        params: The cloud, and what `where` has.
    """
    rows = f"SELECT {{}} FROM {table} WHERE {{}}cloud = ? AND {where}"  # noqa: S608 - own table names
    outer = f"{table}.asset_id = assets.asset_id AND "
    return Condition(
        f"assets.asset_id IN ({rows.format('asset_id', '')})",
        f"EXISTS ({rows.format('1', outer)})",
        params,
    )


def all_of(conditions: Sequence[Condition]) -> Condition:
    """All hold; no condition at all always does."""
    return _joined(" AND ", conditions) if conditions else Condition("1", "1")


def any_of(conditions: Sequence[Condition]) -> Condition:
    """One of them holds."""
    return _joined(" OR ", conditions)


def none_of(condition: Condition) -> Condition:
    """It does not hold; what is unknown (a width of a raw file) does not hold either."""
    sql = f"NOT ifnull({condition.dense}, 0)"
    return Condition(sql, sql, condition.params)


def _joined(word: str, conditions: Sequence[Condition]) -> Condition:
    if len(conditions) == 1:
        return conditions[0]
    sparse, dense = (
        f"({word.join(texts)})"
        for texts in ([one.sparse for one in conditions], [one.dense for one in conditions])
    )
    return Condition(sparse, dense, tuple(param for one in conditions for param in one.params))
