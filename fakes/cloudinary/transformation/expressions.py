"""The little language of conditions, variables and sums: `w_gt_1280_and_!sale!_in_tags`, `$w_mul_2`. Pure.

Values are numbers, texts and lists of texts. Nothing here can take long: the language has no loops and no
brackets, and its length is bounded.

Source: cloudinary.com/documentation/conditional_transformations and user_defined_variables.
"""

import math
import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

Value = float | str | tuple[str, ...]
MOST_TERMS = 100
# What transformations know of the picture; source: conditional_transformations (characteristics).
CHARACTERISTICS = frozenset(
    {"w", "h", "ar", "iw", "ih", "iar", "tw", "th", "tar", "ow", "oh", "oar", "du", "idu", "fc", "pc", "cp"}
    | {"px", "py", "pgnames", "ils", "tags"}
)
_OPERATOR = re.compile(r"_(eq|ne|lt|gt|lte|gte|in|nin|and|or|mul|div|mod|add|sub|pow)_")
# What the casts make of a text: the number that it starts with, or 0.
_LEADING_NUMBER = re.compile(r"-?[0-9]{1,15}(?:\.[0-9]{1,15})?")
_CAST = re.compile(r"_to_(i|f)(?![a-z])")
_NAMES = "|".join(sorted(CHARACTERISTICS, key=len, reverse=True))
_TERM = re.compile(
    r"!(?P<text>[^!]*)!"
    r"|(?P<stored>ctx|md):!(?P<key>[^!]*)!"
    r"|(?P<variable>\$[a-zA-Z][a-zA-Z0-9]*)"
    r"|(?P<first>[0-9]{1,6}(?:\.[0-9]{1,6})?):(?P<second>[0-9]{1,6}(?:\.[0-9]{1,6})?)"
    r"|(?P<number>-?(?:[0-9]{1,15}(?:\.[0-9]{0,15})?|\.[0-9]{1,15}))"
    rf"|(?P<name>{_NAMES})(?![a-z])"
)


@dataclass(frozen=True, slots=True)
class Term:
    """One operand.

    Attributes:
        kind: `value` (in `value`), `name` (a characteristic), `variable`, `ctx` or `md` (in `name`: the key).
        cast: `i` or `f` for `_to_i` and `_to_f`.
    """

    kind: str
    name: str = ""
    value: Value = 0.0
    cast: str = ""


@dataclass(frozen=True, slots=True)
class Expression:
    """Operands with the operators between them: always one operator less.

    Attributes:
        text: As written.
    """

    text: str
    terms: tuple[Term, ...]
    operators: tuple[str, ...] = ()

    @property
    def variables(self) -> tuple[str, ...]:
        """Names of the variables in it, with `$`."""
        return tuple(term.name for term in self.terms if term.kind == "variable")


class Scope(Protocol):
    """What names stand for."""

    def characteristic(self, name: str) -> Value:
        """What the picture is like.

        Raises:
            KeyError: It has no such characteristic.
        """
        ...

    def variable(self, name: str) -> Value:
        """A variable by its name with `$`.

        Raises:
            KeyError: It was not assigned.
        """
        ...

    def stored(self, kind: str, key: str) -> Value:
        """A value of the asset's context (`ctx`) or structured metadata (`md`); empty when there is none."""
        ...


def parse(text: str) -> Expression:
    """Read an expression: operands joined by operators, from `pow` (binds most) down to `or`.

    Raises:
        ValueError: It is none.
    """
    terms: list[Term] = []
    operators: list[str] = []
    position = 0
    while True:
        term, position = _term(text, position)
        terms.append(term)
        if position == len(text):
            return Expression(text, tuple(terms), tuple(operators))
        found = _OPERATOR.match(text, position)
        if found is None or len(terms) == MOST_TERMS:
            raise ValueError(text)
        operators.append(found[1])
        position = found.end()


def evaluate(expression: Expression, scope: Scope) -> Value:
    """What an expression comes to; truth is 1.0 or 0.0.

    Raises:
        ValueError: A name stands for nothing, the operands are of the wrong kind, or the result is no number.
    """
    values = [_value(term, scope) for term in expression.terms]
    operators = list(expression.operators)
    for level in _LEVELS:
        values, operators = _folded(values, operators, level)
    return values[0]


def is_true(value: Value) -> bool:
    """Whether a condition holds."""
    return value not in (0.0, "", ())


def as_text(value: Value) -> str:
    """A value as transformations spell it: 100 for 100.0."""
    if isinstance(value, tuple):
        return ":".join(value)
    if isinstance(value, str):
        return value
    return str(int(value)) if value == int(value) else f"{value:.6f}".rstrip("0")


def _term(text: str, position: int) -> tuple[Term, int]:
    match = _TERM.match(text, position)
    if match is None:
        raise ValueError(text)
    cast = _CAST.match(text, match.end())
    return _operand(match, cast[1] if cast else ""), (cast or match).end()


def _operand(match: re.Match[str], cast: str) -> Term:
    if match["text"] is not None:
        parts = tuple(match["text"].split(":"))
        return Term("value", value=parts[0] if len(parts) == 1 else parts, cast=cast)
    if match["stored"] is not None:
        return Term(match["stored"], match["key"], cast=cast)
    if match["variable"] is not None:
        return Term("variable", match["variable"], cast=cast)
    if match["name"] is not None:
        return Term("name", match["name"], cast=cast)
    if match["number"] is not None:
        return Term("value", value=float(match["number"]))
    if float(match["second"]) == 0:
        raise ValueError(match[0])
    return Term("value", value=float(match["first"]) / float(match["second"]))


def _value(term: Term, scope: Scope) -> Value:
    try:
        match term.kind:
            case "value":
                value = term.value
            case "name":
                value = scope.characteristic(term.name)
            case "variable":
                value = scope.variable(term.name)
            case _:
                value = scope.stored(term.kind, term.name)
    except KeyError as error:
        raise ValueError(term.name) from error
    if not term.cast:
        return value
    number = float(match[0]) if (match := _LEADING_NUMBER.match(as_text(value))) else 0.0
    return float(math.trunc(number)) if term.cast == "i" else number


def _folded(
    values: list[Value], operators: list[str], level: Mapping[str, Callable[[Value, Value], Value]]
) -> tuple[list[Value], list[str]]:
    """Work out the operators of one level, from left to right."""
    kept, left = [values[0]], []
    for sign, value in zip(operators, values[1:], strict=True):
        if sign in level:
            kept[-1] = level[sign](kept[-1], value)
        else:
            kept.append(value)
            left.append(sign)
    return kept, left


def _arithmetic(work: Callable[[float, float], float]) -> Callable[[Value, Value], Value]:
    def worked(first: Value, second: Value) -> Value:
        try:
            result = work(_as_number(first), _as_number(second))
        except ArithmeticError as error:
            raise ValueError(str(error)) from error
        if isinstance(result, complex) or not math.isfinite(result):
            raise ValueError(f"{as_text(first)} and {as_text(second)}")
        return result

    return worked


def _comparison(work: Callable[[float, float], bool]) -> Callable[[Value, Value], Value]:
    return lambda first, second: float(work(_as_number(first), _as_number(second)))


def _is_same(first: Value, second: Value) -> bool:
    if isinstance(first, float) and isinstance(second, float):
        return first == second
    return as_text(first) == as_text(second)


def _members(value: Value) -> frozenset[str]:
    return frozenset(value if isinstance(value, tuple) else (as_text(value),))


def _as_number(value: Value) -> float:
    if isinstance(value, tuple):
        raise ValueError(as_text(value))
    number = float(value)
    if not math.isfinite(number):
        raise ValueError(str(value))
    return number


_LEVELS: tuple[Mapping[str, Callable[[Value, Value], Value]], ...] = (
    {"pow": _arithmetic(operator.pow)},
    {
        "mul": _arithmetic(operator.mul),
        "div": _arithmetic(operator.truediv),
        "mod": _arithmetic(operator.mod),
    },
    {"add": _arithmetic(operator.add), "sub": _arithmetic(operator.sub)},
    {
        "lt": _comparison(operator.lt),
        "gt": _comparison(operator.gt),
        "lte": _comparison(operator.le),
        "gte": _comparison(operator.ge),
        "eq": lambda first, second: float(_is_same(first, second)),
        "ne": lambda first, second: float(not _is_same(first, second)),
        "in": lambda first, second: float(_members(first) <= _members(second)),
        "nin": lambda first, second: float(_members(first).isdisjoint(_members(second))),
    },
    {"and": lambda first, second: float(is_true(first) and is_true(second))},
    {"or": lambda first, second: float(is_true(first) or is_true(second))},
)
