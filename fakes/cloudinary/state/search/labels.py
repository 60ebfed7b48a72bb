"""Fields that an asset has many values of: tags and context."""

from fakes.cloudinary.expressions import Bounds, Term, Value
from fakes.cloudinary.state.records import LAST
from fakes.cloudinary.state.search.conditions import Condition, all_of, among, tested
from fakes.cloudinary.state.search.fields import (
    Asking,
    Field,
    beginning,
    having_words,
    in_a_row,
    is_word,
    start_params,
    value_of,
    value_starts,
)
from fakes.cloudinary.state.search.words import CONTEXT, TAGS

_ALL_TYPES = "resource_type IN ('image', 'raw', 'video')"  # the indexes begin with the type


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
            where = f"AND {value_starts('value', value.text)}"
            words = beginning(asking, CONTEXT, value.text)
            return all_of([*words, tested(_pair(asking, named, where, *start_params(value.text)))])
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
