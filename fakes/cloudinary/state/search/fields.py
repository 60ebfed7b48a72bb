"""Kinds of fields: what a comparison with each of them means in SQL."""

from collections.abc import Callable
from dataclasses import dataclass

from fakes.cloudinary.errors import query_error
from fakes.cloudinary.expressions import Bounds, Term, Value, moment, number
from fakes.cloudinary.expressions.values import PLAIN, Units
from fakes.cloudinary.state.search.conditions import (
    NOTHING,
    Condition,
    all_of,
    among,
    any_of,
    compared,
    equal,
    starting,
)
from fakes.cloudinary.state.search.words import words_of

_TOLERANCE = 0.005  # of a share: 1.78 is 16:9


@dataclass(frozen=True, slots=True)
class Asking:
    """Who searches, and when (unix seconds)."""

    cloud: str
    now_s: float
    is_fixed: bool = False


Field = Callable[[Term | Bounds, Asking], Condition]


def nothing(_clause: Term | Bounds, _asking: Asking) -> Condition:
    """A field that no row has."""
    return NOTHING


def value_of(clause: Term | Bounds) -> Value:
    """The value of a clause that asks for one text.

    Raises:
        ProviderError: It asks for a range or for more or less (400).
    """
    if isinstance(clause, Bounds):
        raise query_error(clause.low.position)
    if clause.operator not in (":", "="):
        raise query_error(clause.value.position)
    return clause.value


def keyword(expression: str) -> Field:
    """One of a few words in lower case (`image`, `mp4`, an id)."""

    def build(clause: Term | Bounds, _asking: Asking) -> Condition:
        value = value_of(clause)
        text = value.text.lower()
        return starting(expression, text) if value.is_prefix else equal(expression, text)

    return build


def path(expression: str) -> Field:
    """The path of a folder: `a/b` is that folder, `a/*` is `a` and all that is in it."""

    def build(clause: Term | Bounds, _asking: Asking) -> Condition:
        value = value_of(clause)
        if not value.is_prefix:
            return equal(expression, value.text.strip("/"))
        start = value.text.lstrip("/")
        if not start.endswith("/"):
            return starting(expression, start)
        return any_of([equal(expression, start.rstrip("/")), starting(expression, start)])

    return build


def text(expression: str, field: int) -> Field:
    """A text of which `:` finds words and `=` the whole.

    Args:
        expression: The column.
        field: Its bit in the table of words.
    """

    def build(clause: Term | Bounds, asking: Asking) -> Condition:
        value = value_of(clause)
        if value.is_prefix:
            whole = starting(expression, value.text, collation="NOCASE")
            return any_of([whole, *word_starting(asking, field, value.text)])
        words = having_words(asking, field, value.text)
        if isinstance(clause, Term) and clause.operator == "=":
            return all_of([*words, equal(expression, value.text)])
        return all_of([*words, *in_a_row(expression, value.text)]) if words else NOTHING

    return build


def having_words(asking: Asking, field: int, phrase: str) -> list[Condition]:
    """Assets that have each word of a phrase."""
    return [
        among("asset_words", "word = ? AND fields & ?", asking.cloud, word, field)
        for word in dict.fromkeys(words_of(phrase))
    ]


def word_starting(asking: Asking, field: int, start: str) -> list[Condition]:
    """Assets with a word that starts so; none for what is more than the start of one word."""
    if words_of(start) != [start.casefold()]:
        return []
    where = "word BETWEEN ? AND ? AND fields & ?"
    first = start.casefold()
    return [among("asset_words", where, asking.cloud, first, first + "\U0010ffff", field)]


def in_a_row(expression: str, phrase: str) -> list[Condition]:
    """The words of a phrase follow each other; one word alone always does."""
    return [containing(expression, phrase)] if len(words_of(phrase)) > 1 else []


def containing(expression: str, phrase: str) -> Condition:
    """The text has the words of a phrase, one behind the other."""
    sql = f"has_phrase({expression}, ?)"
    return Condition(sql, sql, (phrase,))


def scanned(expression: str) -> Field:
    """A text whose words are in no table; for what there are few of."""

    def build(clause: Term | Bounds, _asking: Asking) -> Condition:
        value = value_of(clause)
        if value.is_prefix:
            return starting(expression, value.text, collation="NOCASE")
        if isinstance(clause, Term) and clause.operator == "=":
            return equal(expression, value.text)
        return containing(expression, value.text)

    return build


def amount(expression: str, units: Units = PLAIN, *, tolerance: float = 0.0) -> Field:
    """A number; equal means no further off than `tolerance`."""

    def at(clause: Term, _asking: Asking) -> Condition:
        given = number(clause.value, units)
        if clause.operator not in (":", "="):
            return compared(expression, f"{clause.operator} ?", given)
        if tolerance:
            return compared(expression, "BETWEEN ? AND ?", given - tolerance, given + tolerance)
        return equal(expression, given)

    return _ordered(at)


def share(expression: str) -> Field:
    """A quotient, said as `1.78` or `"16:9"`."""
    return amount(expression, tolerance=_TOLERANCE)


def date(expression: str) -> Field:
    """A moment in unix seconds. `> day` is after its end, `<= day` includes it."""

    def at(clause: Term, asking: Asking) -> Condition:
        given = moment(clause.value, asking.now_s)
        is_span = given.end_s > given.start_s
        after, until = (">= ?", "< ?") if is_span else ("> ?", "<= ?")
        match clause.operator:
            case "<":
                return compared(expression, "< ?", given.start_s)
            case ">":
                return compared(expression, after, given.end_s)
            case "<=":
                return compared(expression, until, given.end_s)
            case ">=":
                return compared(expression, ">= ?", given.start_s)
        since = compared(expression, ">= ?", given.start_s)
        if given.is_relative:  # guess: to be two weeks old is to be at most that
            return since
        return all_of([since, compared(expression, until, given.end_s)])

    return _ordered(at)


def _ordered(at: Callable[[Term, Asking], Condition]) -> Field:
    """A field of which a range is a comparison with each of its ends."""

    def build(clause: Term | Bounds, asking: Asking) -> Condition:
        if isinstance(clause, Term):
            return at(clause, asking)
        low = Term(clause.field, ">=" if clause.has_low else ">", clause.low)
        high = Term(clause.field, "<=" if clause.has_high else "<", clause.high)
        return all_of([at(low, asking), at(high, asking)])

    return build
