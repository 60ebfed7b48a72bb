"""What the fields of a management body may hold: tables of rules, read on the way in and on the way out.

Knows no field by name and nobody's wording of a refusal.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

_INT_MAX = 2**31 - 1
"""The API in front of which both REST APIs stand is GraphQL, whose numbers have 32 bits."""


@dataclass(frozen=True, slots=True)
class Whole:
    """A whole number within limits."""

    least: int = 0
    most: int = _INT_MAX


@dataclass(frozen=True, slots=True)
class Text:
    """A text that is not longer than this."""

    longest: int | None = None


@dataclass(frozen=True, slots=True)
class Flag:
    """True or false."""


@dataclass(frozen=True, slots=True)
class Choice:
    """One of these texts."""

    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Texts:
    """A list of texts: of these only, or of this form only."""

    values: tuple[str, ...] | None = None
    form: re.Pattern[str] | None = None


@dataclass(frozen=True, slots=True)
class Pairs:
    """An object whose values are texts."""


Rule = Whole | Text | Flag | Choice | Texts | Pairs


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a body, and the attribute of a record that it becomes."""

    name: str
    attribute: str
    rule: Rule


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with a body.

    Attributes:
        path: Names and indices of the value, outermost first; empty for the body itself.
        reason: Goes on from the value: `must be ...`.
    """

    path: tuple[str, ...]
    reason: str


def attributes(fields: Sequence[Field], given: Mapping[str, Any]) -> dict[str, Any]:
    """What the fields of a body say, by attribute; call it once `faults` found none."""
    found = {}
    for field in fields:
        if field.name in given:
            value = given[field.name]
            found[field.attribute] = tuple(value) if isinstance(value, list) else value
    return found


def faults(
    fields: Sequence[Field], given: Mapping[str, Any], required: Sequence[str] = ()
) -> Iterator[Fault]:
    """What is wrong with a body, in the order of the fields."""
    for name in required:
        if name not in given:
            yield Fault((name,), "is required")
    for field in fields:
        if field.name in given:
            yield from (
                Fault((field.name, *fault.path), fault.reason)
                for fault in _wrong(field.rule, given[field.name])
            )


def shown(fields: Sequence[Field], record: object) -> dict[str, Any]:
    """The fields of a body out of a record; those that have no value are left out."""
    found = {}
    for field in fields:
        value = getattr(record, field.attribute)
        match field.rule:
            case _ if value is None:
                continue
            case Texts():
                value = list(value)
            case Pairs():
                value = dict(value)
            case Whole():
                value = int(value)
        found[field.name] = value
    return found


def _wrong(rule: Rule, value: Any) -> Iterator[Fault]:
    match rule:
        case Whole(least, most):
            if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
                yield Fault((), f"must be a whole number from {least} to {most}")
        case Text(longest):
            if not isinstance(value, str):
                yield Fault((), "must be a string")
            elif longest is not None and len(value) > longest:
                yield Fault((), f"must not have more than {longest} characters")
        case Flag():
            if not isinstance(value, bool):
                yield Fault((), "must be true or false")
        case Choice(values):
            if value not in values:
                yield Fault((), _one_of(values))
        case Texts():
            yield from _wrong_texts(rule, value)
        case Pairs():
            if not isinstance(value, dict) or not all(isinstance(one, str) for one in value.values()):
                yield Fault((), "must be an object of strings")


def _wrong_texts(rule: Texts, value: Any) -> Iterator[Fault]:
    if not isinstance(value, list):
        yield Fault((), "must be an array")
        return
    for index, one in enumerate(value):
        if not isinstance(one, str):
            yield Fault((str(index),), "must be a string")
        elif rule.values is not None and one not in rule.values:
            yield Fault((str(index),), _one_of(rule.values))
        elif rule.form is not None and not rule.form.fullmatch(one):
            yield Fault((str(index),), f"must match {rule.form.pattern}")


def _one_of(values: Sequence[str]) -> str:
    return f"must be one of {', '.join(repr(value) for value in values)}"
