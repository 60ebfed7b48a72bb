"""Fields that live in JSON columns: structured metadata, and what analyses found in a file."""

import re
from dataclasses import dataclass

from fakes.cloudinary.errors import query_error
from fakes.cloudinary.expressions import Bounds, Term, Value, moment, number
from fakes.cloudinary.state.search.conditions import NOTHING, Condition, all_of
from fakes.cloudinary.state.search.fields import (
    Asking,
    Field,
    beginning,
    having_words,
    start_params,
    value_of,
    value_starts,
)
from fakes.cloudinary.state.search.words import METADATA
from fakes.kit.clock import iso

_KEY = re.compile(r"[\w. -]{1,255}")
_NUMBER = re.compile(r"-?\d{1,18}(\.\d{1,9})?", re.ASCII)
_TEXT = "CAST(one.value AS TEXT)"
_IS_NUMBER = "one.value <> '' AND one.value NOT GLOB '*[^0-9.-]*' AND one.value NOT GLOB '?*-*'"


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a value, or a list of them, is.

    Attributes:
        column: A JSON object.
        path: From its root.
        words: The bit that the words of the values have, or None if they are in no table.
    """

    column: str
    path: str
    words: int | None = None


def metadata(clause: Term | Bounds, _asking: Asking) -> Condition:
    """`metadata:field`: the asset has a value of this field."""
    value = value_of(clause)
    if value.is_prefix:
        raise query_error(value.position + len(value.text))
    return _there(_metadata(value.text), "1") if _KEY.fullmatch(value.text) else NOTHING


def metadata_value(external_id: str) -> Field:
    """`metadata.field`: a text, a number, a date, or one of a set."""
    return _valued(_metadata(external_id), external_id)


def image_metadata_value(name: str) -> Field:
    """`image_metadata.name`: what the file says of itself, if it was asked at upload."""
    return _valued(_Place("assets.detail", f'$.image_metadata."{name}"'), name)


def access_control(clause: Term | Bounds, _asking: Asking) -> Condition:
    """`access_control:token`: one of its rules is of this kind."""
    kind = "json_extract(one.value, '$.access_type') = ?"
    return _there(_Place("assets.access_control", "$"), kind, value_of(clause).text.lower())


def colors(clause: Term | Bounds, _asking: Asking) -> Condition:
    """`colors:blue`: it is a predominant colour."""
    return _colored(value_of(clause).text, "1")


def color_share(name: str) -> Field:
    """`colors.blue`: its share in percent."""

    def build(clause: Term | Bounds, asking: Asking) -> Condition:
        share = "json_extract(one.value, '$[1]')"
        if isinstance(clause, Bounds):
            low, high = number(clause.low), number(clause.high)
            operators = ">=" if clause.has_low else ">", "<=" if clause.has_high else "<"
            return _colored(name, f"{share} {operators[0]} ? AND {share} {operators[1]} ?", low, high)
        operator = "=" if clause.operator == ":" else clause.operator
        return _colored(name, f"{share} {operator} ?", number(clause.value))

    return build


def _metadata(external_id: str) -> _Place:
    return _Place("assets.metadata", f'$."{external_id}"', METADATA)


def _colored(name: str, where: str, *params: float) -> Condition:
    place = _Place("assets.detail", "$.predominant.google")
    return _there(place, f"json_extract(one.value, '$[0]') = ? AND {where}", name.lower(), *params)


def _valued(place: _Place, key: str) -> Field:
    def build(clause: Term | Bounds, asking: Asking) -> Condition:
        if not _KEY.fullmatch(key):
            return NOTHING
        if isinstance(clause, Bounds):
            low = _compared(place, ">=" if clause.has_low else ">", clause.low, asking)
            high = _compared(place, "<=" if clause.has_high else "<", clause.high, asking)
            return all_of([low, high])
        if clause.operator in (":", "="):
            return _same(place, clause, asking)
        return _compared(place, clause.operator, clause.value, asking)

    return build


def _same(place: _Place, clause: Term, asking: Asking) -> Condition:
    """The value, words of it, or its start; found by its words where they are in a table."""
    text = clause.value.text
    if clause.value.is_prefix:
        words = beginning(asking, place.words, text) if place.words else []
        return all_of([*words, _there(place, value_starts(_TEXT, text), *start_params(text))])
    words = having_words(asking, place.words, text) if place.words else []
    is_whole = clause.operator == "=" or not any(char.isalnum() for char in text)
    return all_of([*words, _there(place, f"{_TEXT} = ?" if is_whole else f"has_phrase({_TEXT}, ?)", text)])


def _compared(place: _Place, operator: str, value: Value, asking: Asking) -> Condition:
    if _NUMBER.fullmatch(value.text):
        return _there(place, f"{_IS_NUMBER} AND CAST(one.value AS REAL) {operator} ?", number(value))
    day = iso(moment(value, asking.now_s).start_s)[:10]  # dates are kept as texts that sort
    return _there(place, f"typeof(one.value) = 'text' AND one.value {operator} ?", day)


def _there(place: _Place, where: str, *params: float | str) -> Condition:
    rows = f"SELECT 1 FROM json_each({place.column}, ?) AS one WHERE {where}"  # noqa: S608 - own text
    return Condition(f"EXISTS ({rows})", (place.path, *params))
