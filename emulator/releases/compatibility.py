"""Tells what a program written for one schema can no longer do on another one.

Two releases share one schema while one takes over, and after a rollback the older one goes on with the newer
schema. So what is added does no harm unless rows are refused that the older program writes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from emulator.releases.schema import Catalog, Column, Constraint, Table

_VARCHAR = re.compile(r"character varying\((\d+)\)")
_LENGTHS = re.compile(r"(?:text|character varying)(?:\((\d+)\))?")
_ACTIONS = re.compile(r" (?:ON (?:UPDATE|DELETE) |(?:NOT )?DEFERRABLE).*")
_LISTED = re.compile(r"CHECK \(\((?P<what>.+?) = (?:ANY \()?(?P<values>.+)\)")
_VALUE = re.compile(r"'(?P<text>(?:[^']|'')*)'|(?<![\w'])(?P<number>-?\d+(?:\.\d+)?)(?![\w'])")
_CAST = re.compile(r"::[a-z][a-z ]*(?:\(\d+\))?(?:\[\])?")
_AROUND = re.compile(r"[\s,()\[\]]*(?:ARRAY)?[\s,()\[\]]*")
_KEYS = ("u", "p")
_UNIQUE = (*_KEYS, "i")


def incompatible(before: Catalog, after: Catalog) -> tuple[str, ...]:
    """Return in words what a program written for `before` can no longer do on `after`.

    Looser rules and additions are fine: tables, columns that may be left out, values, indexes. What cannot be
    shown to be harmless is named.
    """
    return (
        *(word for name, table in before.tables.items() for word in _table(name, table, after)),
        *(word for name, table in after.tables.items() for word in _held(name, table, before)),
        *(word for name, values in before.enums.items() for word in _enum(name, values, after)),
    )


def _table(name: str, before: Table, catalog: Catalog) -> Iterator[str]:
    after = catalog.tables.get(name)
    if after is None:
        yield f"{'table' if before.is_table else 'view'} '{name}' is gone"
        return
    if before.is_table and not after.is_table:
        yield f"table '{name}' is a view now"
    for column, was in before.columns.items():
        yield from _column(f"'{name}.{column}'", was, after.columns.get(column))
    if after.is_table:
        yield from _must_be_given(name, before, after)
        yield from _new_rules(name, before, after)
        yield from _lost_keys(name, before, after)


def _column(name: str, was: Column, now: Column | None) -> Iterator[str]:
    if now is None:
        yield f"column {name} is gone"
        return
    if now.type != was.type and not _is_wider(was.type, now.type):
        yield f"column {name} is of type {now.type}, no longer {was.type}"
    if was.is_writable and not now.is_writable:
        yield f"column {name} is computed now, and can no longer be written"
    if now.is_required and not was.is_required:
        yield f"column {name} can no longer be null"
    if was.default is not None and now.default is None:
        yield f"column {name} has lost its default {was.default}"


def _is_wider(was: str, now: str) -> bool:
    """Only texts grow without harm: others change what programs read, as bigint does in JavaScript."""
    bounded, grown = _VARCHAR.fullmatch(was), _LENGTHS.fullmatch(now)
    if grown is None or (bounded is None and was not in ("text", "character varying")):
        return False
    if grown[1] is None:
        return True
    return bounded is not None and int(grown[1]) >= int(bounded[1])


def _must_be_given(name: str, before: Table, after: Table) -> Iterator[str]:
    for column, now in after.columns.items():
        if column not in before.columns and now.is_required and now.default is None:
            yield f"new column '{name}.{column}' must be given: it has no default and cannot be null"


def _new_rules(name: str, before: Table, after: Table) -> Iterator[str]:
    for rule in after.constraints:
        if rule in before.constraints or _is_about_new(rule, before, after):
            continue
        if rule.kind == "c":
            yield from _narrower(name, rule, before)
        elif rule.kind == "f":
            yield from _new_foreign_key(name, rule, before)
        elif rule.kind not in _UNIQUE or not _is_unique_anyway(rule, before):
            yield f"table '{name}' has a new constraint: {rule.text}"


def _is_about_new(rule: Constraint, before: Table, after: Table) -> bool:
    """Tell whether a rule is only about columns that a program for `before` leaves out, and lets it do so."""
    if not rule.columns or any(column in before.columns for column in rule.columns):
        return False
    return rule.kind not in _UNIQUE or any(_differs(after.columns[column]) for column in rule.columns)


def _differs(column: Column) -> bool:
    """Tell whether a column that is left out is never the same twice: null, or made for each row."""
    if column.default is None:
        return not column.is_required
    return column.default == "identity" or "nextval(" in column.default or "uuid" in column.default


def _is_unique_anyway(rule: Constraint, before: Table) -> bool:
    keys = (known.columns for known in before.constraints if known.kind in _KEYS)
    return bool(rule.columns) and any(set(key) <= set(rule.columns) for key in keys)


def _narrower(name: str, rule: Constraint, before: Table) -> Iterator[str]:
    """Name what a check of values no longer allows; a check that is no list is named whole."""
    allowed = _allowed(rule.text)
    earlier = [found for known in before.constraints if (found := _allowed(known.text)) is not None]
    same = [values for what, values in earlier if allowed is not None and what == allowed[0]]
    if allowed is None or not same:
        yield f"table '{name}' has a new constraint: {rule.text}"
        return
    for value in sorted(min(same, key=lambda values: len(values - allowed[1])) - allowed[1]):
        yield f"column '{name}.{allowed[0]}' can no longer be '{value}'"


def _allowed(text: str) -> tuple[str, frozenset[str]] | None:
    """Return what is checked and the values that are allowed, if a check is a list of values."""
    found = _LISTED.match(text)
    if found is None:
        return None
    values = _CAST.sub("", found["values"])
    listed = frozenset(value["text"] or value["number"] or "" for value in _VALUE.finditer(values))
    if not listed or not _AROUND.fullmatch(_VALUE.sub("", values)):
        return None
    return _CAST.sub("", found["what"]).strip("()"), listed


def _new_foreign_key(name: str, rule: Constraint, before: Table) -> Iterator[str]:
    """Another action on the same key refuses no row of this table; see `_held` for the other one."""
    if _without_actions(rule) not in [_without_actions(known) for known in before.constraints]:
        yield f"table '{name}' has a new constraint: {rule.text}"


def _held(name: str, table: Table, before: Catalog) -> Iterator[str]:
    """Name tables whose rows can no longer be deleted, because others refer to them now."""
    known: Sequence[Constraint] = before.tables[name].constraints if name in before.tables else ()
    held = [_without_actions(rule) for rule in known if rule.holds]
    for rule in table.constraints:
        if rule.holds and rule.refers_to in before.tables and _without_actions(rule) not in held:
            yield (
                f"rows of '{rule.refers_to}' can no longer be deleted while '{name}' refers to them "
                f"by {', '.join(rule.columns)}, unless that key is ON DELETE CASCADE or SET NULL"
            )


def _without_actions(rule: Constraint) -> str:
    return _ACTIONS.sub("", rule.text)


def _lost_keys(name: str, before: Table, after: Table) -> Iterator[str]:
    """Name the keys that ON CONFLICT can no longer name."""
    keys = {rule.columns for rule in after.constraints if rule.kind in _KEYS}
    for rule in before.constraints:
        is_there = set(rule.columns) <= set(after.columns)
        if rule.kind in _KEYS and is_there and rule.columns not in keys:
            key = f"unique ({', '.join(rule.columns)})"
            yield f"table '{name}' has no {key} any more, as ON CONFLICT needs it"
        elif rule.kind == "i" and is_there and rule not in after.constraints:
            yield f"table '{name}' has no {rule.text} any more, as ON CONFLICT needs it"


def _enum(name: str, values: Sequence[str], catalog: Catalog) -> Iterator[str]:
    now = catalog.enums.get(name)
    if now is None:
        yield f"type '{name}' is gone"
        return
    for value in values:
        if value not in now:
            yield f"type '{name}' no longer has the value '{value}'"
