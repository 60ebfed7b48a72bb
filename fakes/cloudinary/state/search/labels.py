"""Fields that an asset has many values of: tags, context and structured metadata."""

import re

from fakes.cloudinary.errors import query_error
from fakes.cloudinary.expressions import Bounds, Term, Value, moment, number
from fakes.cloudinary.state.search.conditions import LAST, NOTHING, Condition, all_of, among, tested
from fakes.cloudinary.state.search.fields import (
    Asking,
    Field,
    beginning,
    having_words,
    in_a_row,
    is_word,
    value_of,
)
from fakes.cloudinary.state.search.words import CONTEXT, METADATA, TAGS
from fakes.kit.clock import iso

_ALL_TYPES = "resource_type IN ('image', 'raw', 'video')"  # the indexes begin with the type
_EXTERNAL_ID = re.compile(r"[\w. -]{1,255}")
_NUMBER = re.compile(r"-?\d{1,18}(\.\d{1,9})?", re.ASCII)


def tags(clause: Term | Bounds, asking: Asking) -> Condition:
    """`tags=t` is a whole tag, `tags:t` a word of one, `tags:t*` the start of either."""
    value = value_of(clause)
    if value.is_prefix:
        if is_word(value.text):
            return all_of(beginning(asking, TAGS, value.text))
        return _tag(asking, "tag BETWEEN ? AND ?", value.text, value.text + LAST)
    if isinstance(clause, Term) and clause.operator == "=":
        return _tag(asking, "tag = ?", value.text, is_unique=True)
    words = having_words(asking, TAGS, value.text)
    rows = [tested(_tag(asking, one.test, *one.params)) for one in in_a_row("tag", value.text)]
    return all_of([*words, *rows]) if words else _tag(asking, "tag = ?", value.text, is_unique=True)


def _tag(asking: Asking, where: str, *params: str, is_unique: bool = False) -> Condition:
    return among("asset_tags", f"{_ALL_TYPES} AND {where}", asking.cloud, *params, is_unique=is_unique)


def context(clause: Term | Bounds, asking: Asking) -> Condition:
    """`context:name`: the asset has this name, with whatever value."""
    return _pair(asking, value_of(clause), "")


def context_value(name: str) -> Field:
    """`context.name`: `=` is the whole value, `:` words of it."""

    def build(clause: Term | Bounds, asking: Asking) -> Condition:
        value, named = value_of(clause), Value(name, 0)
        if value.is_prefix:
            where = f"AND {_starts('value', value.text)}"
            words = beginning(asking, CONTEXT, value.text)
            return all_of([*words, tested(_pair(asking, named, where, *_ends(value.text)))])
        words = having_words(asking, CONTEXT, value.text)
        if not words or (isinstance(clause, Term) and clause.operator == "="):
            return _pair(asking, named, "AND value = ?", value.text)
        return all_of([*words, tested(_pair(asking, named, "AND has_phrase(value, ?)", value.text))])

    return build


def _pair(asking: Asking, name: Value, where: str, *params: str) -> Condition:
    named = "name BETWEEN ? AND ?" if name.is_prefix else "name = ?"
    names = (name.text, name.text + LAST) if name.is_prefix else (name.text,)
    condition = f"{_ALL_TYPES} AND {named} {where}".strip()
    is_unique = not name.is_prefix
    return among("asset_context", condition, asking.cloud, *names, *params, is_unique=is_unique)


def _starts(expression: str, start: str) -> str:
    """A value starts so, or a word of it; parameters are `_ends` of the start."""
    if is_word(start):
        return f"has_start({expression}, ?)"
    return f"{expression} COLLATE NOCASE BETWEEN ? AND ?"


def _ends(start: str) -> tuple[str, ...]:
    return (start,) if is_word(start) else (start, start + LAST)


def metadata(clause: Term | Bounds, asking: Asking) -> Condition:
    """`metadata:field`: the asset has a value of this field."""
    value = value_of(clause)
    if value.is_prefix:
        raise query_error(value.position + len(value.text))
    return _metadata(value.text, "1")


def metadata_value(external_id: str) -> Field:
    """`metadata.field`: a text, a number, a date, or one of a set."""

    def build(clause: Term | Bounds, asking: Asking) -> Condition:
        if isinstance(clause, Bounds):
            low = _compared(external_id, ">=" if clause.has_low else ">", clause.low, asking)
            high = _compared(external_id, "<=" if clause.has_high else "<", clause.high, asking)
            return all_of([low, high])
        if clause.operator not in (":", "="):
            return _compared(external_id, clause.operator, clause.value, asking)
        value = clause.value
        if value.is_prefix:
            where = _starts("CAST(one.value AS TEXT)", value.text)
            words = beginning(asking, METADATA, value.text)
            return all_of([*words, _metadata(external_id, where, *_ends(value.text))])
        same = _metadata(external_id, "CAST(one.value AS TEXT) = ?", value.text)
        words = having_words(asking, METADATA, value.text)
        if clause.operator == "=" or not words:
            return all_of([*words, same])
        return all_of([*words, _metadata(external_id, "has_phrase(CAST(one.value AS TEXT), ?)", value.text)])

    return build


def _compared(external_id: str, operator: str, value: Value, asking: Asking) -> Condition:
    if _NUMBER.fullmatch(value.text):
        kinds = "typeof(one.value) IN ('integer', 'real')"
        return _metadata(external_id, f"{kinds} AND one.value {operator} ?", number(value))
    at = moment(value, asking.now_s)  # dates are kept as texts that sort
    day = iso(at.start_s)[:10]
    return _metadata(external_id, f"typeof(one.value) = 'text' AND one.value {operator} ?", day)


def _metadata(external_id: str, where: str, *params: float | str) -> Condition:
    if not _EXTERNAL_ID.fullmatch(external_id):
        return NOTHING
    sql = f"EXISTS (SELECT 1 FROM json_each(assets.metadata, ?) AS one WHERE {where})"  # noqa: S608 - own text
    return Condition(sql, (f'$."{external_id}"', *params))
