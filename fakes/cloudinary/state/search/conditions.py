"""Pieces of SQL and how they join: what a row must fit, and where rows that fit could be looked up.

A test never offers SQLite an index (hence the plus before columns): how a search walks through the rows is
decided by the finder, who looks rows up only where there are few.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from fakes.cloudinary.state.records import LAST


@dataclass(frozen=True, slots=True)
class Ids:
    """A statement that gives the ids of assets through an index.

    Attributes:
        is_exact: It gives each asset that fits the test once, and no other.
    """

    sql: str
    params: tuple[Any, ...]
    is_exact: bool = False


@dataclass(frozen=True, slots=True)
class OneOf:
    """Any of these gives all rows that fit."""

    sources: tuple["Source", ...]


@dataclass(frozen=True, slots=True)
class Together:
    """All of these together give all rows that fit."""

    sources: tuple["Source", ...]


Source = Ids | OneOf | Together


@dataclass(frozen=True, slots=True)
class Limit:
    """A comparison: `= > >= < <=` and a value."""

    operator: str
    value: Any


Limits = tuple[Limit, ...]


@dataclass(frozen=True, slots=True)
class Condition:
    """What a row must fit.

    Attributes:
        source: Gives all rows that fit, and maybe others; None when only a look at every row can tell.
    """

    test: str
    params: tuple[Any, ...] = ()
    source: Source | None = None


NOTHING = Condition("0")


def limited(expression: str, limits: Limits, *, cloud: str | None = None) -> Condition:
    """A value within all of some limits.

    Args:
        expression: The value.
        limits: One or more.
        cloud: Of whom to look assets up; given for columns of `assets` that have an index by cloud.
    """
    params = tuple(limit.value for limit in limits)
    test = " AND ".join(f"+{expression} {limit.operator} ?" for limit in limits)
    source = None
    if cloud is not None:
        where = " AND ".join(f"{expression} {limit.operator} ?" for limit in limits)
        rows = f"SELECT asset_id FROM assets WHERE cloud = ? AND {where}"  # noqa: S608 - own columns
        source = Ids(rows, (cloud, *params), is_exact=True)
    return Condition(f"({test})", params, source)


def equal(expression: str, value: Any, *, cloud: str | None = None) -> Condition:
    """The same value, to the letter."""
    return limited(expression, (Limit("=", value),), cloud=cloud)


def starting(
    expression: str, start: str, *, collation: str = "BINARY", cloud: str | None = None
) -> Condition:
    """Texts that start so."""
    limits = Limit(">=", start), Limit("<=", start + LAST)
    return limited(f"{expression} COLLATE {collation}", limits, cloud=cloud)


def among(table: str, where: str, *params: Any, is_unique: bool = False) -> Condition:
    """Assets with a row in a table of theirs.

    Args:
        table: It has columns `cloud` and `asset_id`.
        where: What must hold for the row, by the columns' bare names.
        params: The cloud, and what `where` has.
        is_unique: No asset has two such rows.
    """
    rows = f"SELECT {{}} FROM {table} WHERE {{}}cloud = ? AND {where}"  # noqa: S608 - own table names
    test = rows.format("1", f"{table}.asset_id = assets.asset_id AND ")
    source = Ids(rows.format("asset_id", ""), params, is_exact=is_unique)
    return Condition(f"EXISTS ({test})", params, source)


def tested(condition: Condition) -> Condition:
    """The same, for rows that were found by something else: no index leads to it."""
    return replace(condition, source=None)


def all_of(conditions: Sequence[Condition]) -> Condition:
    """All hold; no condition at all always does."""
    if not conditions:
        return Condition("1")
    sources = tuple(one.source for one in conditions if one.source is not None)
    return _joined(" AND ", conditions, OneOf(sources) if sources else None)


def any_of(conditions: Sequence[Condition]) -> Condition:
    """One of them holds."""
    sources = tuple(one.source for one in conditions if one.source is not None)
    return _joined(" OR ", conditions, Together(sources) if len(sources) == len(conditions) else None)


def none_of(condition: Condition) -> Condition:
    """It does not hold; what is unknown (a width of a raw file) does not hold either."""
    return Condition(f"NOT ifnull({condition.test}, 0)", condition.params)


def _joined(word: str, conditions: Sequence[Condition], source: Source | None) -> Condition:
    if len(conditions) == 1:
        return conditions[0]
    test = f"({word.join(one.test for one in conditions)})"
    return Condition(test, tuple(param for one in conditions for param in one.params), source)
