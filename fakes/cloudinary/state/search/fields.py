"""Kinds of fields: what a comparison with each of them means in SQL."""

from collections.abc import Callable
from dataclasses import dataclass

from fakes.cloudinary.errors import query_error
from fakes.cloudinary.expressions import Bounds, Term, Value, moment, number
from fakes.cloudinary.expressions.values import PLAIN, Units
from fakes.cloudinary.state.records import LAST
from fakes.cloudinary.state.search.conditions import (
    NOTHING,
    Condition,
    Limit,
    Limits,
    all_of,
    among,
    any_of,
    equal,
    limited,
    starting,
)
from fakes.cloudinary.state.search.words import words_of

_TOLERANCE = 0.005  # of a share: 1.78 is 16:9


@dataclass(frozen=True, slots=True)
class Asking:
    """Who searches, and when (unix seconds).

    Attributes:
        is_fixed: The cloud has fixed folders.
        lag_s: What is younger is not found yet.
    """

    cloud: str
    now_s: float
    is_fixed: bool = False
    lag_s: int = 0


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


def keyword(expression: str, *, is_indexed: bool = False) -> Field:
    """One of a few words in lower case (`image`, `mp4`, an id)."""

    def build(clause: Term | Bounds, asking: Asking) -> Condition:
        value = value_of(clause)
        cloud = asking.cloud if is_indexed else None
        if value.is_prefix:
            return starting(expression, value.text.lower(), cloud=cloud)
        return equal(expression, value.text.lower(), cloud=cloud)

    return build


def path(expression: str, *, is_indexed: bool = False) -> Field:
    """The path of a folder: `a/b` is that folder, `a/*` is `a` and all that is in it."""

    def build(clause: Term | Bounds, asking: Asking) -> Condition:
        value = value_of(clause)
        cloud = asking.cloud if is_indexed else None
        start = value.text.lstrip("/")
        same = equal(expression, start.rstrip("/"), cloud=cloud)
        if not value.is_prefix:
            return same
        inside = starting(expression, start, cloud=cloud)
        return any_of([same, inside]) if start.endswith("/") else inside

    return build


def text(expression: str, field: int, *, is_indexed: bool = False) -> Field:
    """A text of which `:` finds words and `=` the whole.

    Args:
        expression: The column.
        field: Its bit in the table of words.
        is_indexed: The column can be looked up by cloud, and by its start whatever the case.
    """

    def build(clause: Term | Bounds, asking: Asking) -> Condition:
        value = value_of(clause)
        cloud = asking.cloud if is_indexed else None
        if value.is_prefix:
            words = beginning(asking, field, value.text)
            whole = starting(expression, value.text, collation="NOCASE", cloud=cloud)
            return all_of(words) if is_word(value.text) else all_of([*words, whole])
        words = having_words(asking, field, value.text)
        if isinstance(clause, Term) and clause.operator == "=":
            same = equal(expression, value.text, cloud=cloud)
            return same if is_indexed else all_of([*words, same])
        return all_of([*words, *in_a_row(expression, value.text)]) if words else NOTHING

    return build


def having_words(asking: Asking, field: int, phrase: str) -> list[Condition]:
    """Assets that have each word of a phrase."""
    return [
        among("asset_words", "word = ? AND fields & ?", asking.cloud, word, field, is_unique=True)
        for word in dict.fromkeys(words_of(phrase))
    ]


def is_word(start: str) -> bool:
    """Whether a text is one word or the start of one, and nothing else."""
    return words_of(start) == [start.casefold()]


def beginning(asking: Asking, field: int, start: str) -> list[Condition]:
    """Assets that have each word of the start of a text; the last one may go on."""
    words = words_of(start)
    if not words:
        return []
    where = "word BETWEEN ? AND ? AND fields & ?"
    last = among("asset_words", where, asking.cloud, words[-1], words[-1] + LAST, field)
    return [*having_words(asking, field, " ".join(words[:-1])), last]


def value_starts(expression: str, start: str) -> str:
    """A value starts so, or a word of it; parameters are `start_params`."""
    if is_word(start):
        return f"has_start({expression}, ?)"
    return f"{expression} COLLATE NOCASE BETWEEN ? AND ?"


def start_params(start: str) -> tuple[str, ...]:
    """The parameters of `value_starts`."""
    return (start,) if is_word(start) else (start, start + LAST)


def in_a_row(expression: str, phrase: str) -> list[Condition]:
    """The words of a phrase follow each other; one word alone always does."""
    return [containing(expression, phrase)] if len(words_of(phrase)) > 1 else []


def containing(expression: str, phrase: str) -> Condition:
    """The text has the words of a phrase, one behind the other."""
    return Condition(f"has_phrase({expression}, ?)", (phrase,))


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


def amount(
    expression: str, units: Units = PLAIN, *, tolerance: float = 0.0, is_indexed: bool = False
) -> Field:
    """A number; equal means no further off than `tolerance`."""

    def limits(clause: Term, _asking: Asking) -> Limits:
        given = number(clause.value, units)
        if clause.operator not in (":", "="):
            return (Limit(clause.operator, given),)
        return Limit(">=", given - tolerance), Limit("<=", given + tolerance)

    return _ordered(expression, limits, is_indexed=is_indexed)


def share(expression: str) -> Field:
    """A quotient, said as `1.78` or `"16:9"`."""
    return amount(expression, tolerance=_TOLERANCE)


def date(expression: str, *, is_indexed: bool = False) -> Field:
    """A moment in unix seconds. `> day` is after its end, `<= day` includes it."""

    def limits(clause: Term, asking: Asking) -> Limits:
        given = moment(clause.value, asking.now_s)
        since = Limit(">=", given.start_s)
        after, until = (">=", "<") if given.end_s > given.start_s else (">", "<=")
        match clause.operator:
            case "<":
                return (Limit("<", given.start_s),)
            case "<=":
                return (Limit(until, given.end_s),)
            case ">":
                return (Limit(after, given.end_s),)
            case ">=":
                return (since,)
        if given.is_relative:  # guess: to be two weeks old is to be at most that
            return (since,)
        return since, Limit(until, given.end_s)

    return _ordered(expression, limits, is_indexed=is_indexed)


def _ordered(expression: str, limits: Callable[[Term, Asking], Limits], *, is_indexed: bool) -> Field:
    """A field of which a range is a comparison with each of its ends."""

    def build(clause: Term | Bounds, asking: Asking) -> Condition:
        if isinstance(clause, Term):
            found = limits(clause, asking)
        else:
            low = Term(clause.field, ">=" if clause.has_low else ">", clause.low)
            high = Term(clause.field, "<=" if clause.has_high else "<", clause.high)
            found = (*limits(low, asking), *limits(high, asking))
        return limited(expression, found, cloud=asking.cloud if is_indexed else None)

    return build
