from contextlib import suppress
from datetime import UTC, datetime

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from fakes.cloudinary.expressions import EVERYTHING, And, Bounds, Not, Or, Term, Value, moment, number, parse
from fakes.cloudinary.expressions.syntax import MAX_DEPTH, MAX_TERMS, Node
from fakes.cloudinary.expressions.tokens import MAX_LENGTH
from fakes.cloudinary.expressions.values import BYTES, SECONDS, Units
from fakes.kit.errors import ProviderError

NOW_S = datetime(2026, 3, 31, 12, tzinfo=UTC).timestamp()


def spelled(node: Node) -> str:
    """A tree as text with all its parentheses."""
    match node:
        case And(nodes) | Or(nodes):
            return f"({(' & ' if isinstance(node, And) else ' | ').join(spelled(one) for one in nodes)})"
        case Not(inner):
            return f"!{spelled(inner)}"
        case Bounds(field, low, high, has_low, has_high):
            return f"{field}:{'{['[has_low]}{low.text} {high.text}{'}]'[has_high]}"
        case Term(field, operator, value):
            return f"{field or '?'}{operator}<{value.text}>{'*' * value.is_prefix}"
    raise AssertionError(node)


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("tags=kitten", "tags=<kitten>"),
        (" tags = kitten ", "tags=<kitten>"),
        ("kitten", "?:<kitten>"),
        ("a:1 AND b:2 OR c:3", "((a:<1> & b:<2>) | c:<3>)"),
        ("a:1 b:2", "(a:<1> & b:<2>)"),
        ("a:1 OR b:2 c:3", "(a:<1> | (b:<2> & c:<3>))"),
        ("(a:1 OR b:2) AND c:3", "((a:<1> | b:<2>) & c:<3>)"),
        ("NOT a:1", "!a:<1>"),
        ("-a:1 AND -(b:2 OR c:3)", "(!a:<1> & !(b:<2> | c:<3>))"),
        ("NOT NOT -a:1", "!!!a:<1>"),
        ("a:(x OR y z)", "(a:<x> | (a:<y> & a:<z>))"),
        ("a=(x OR -y)", "(a=<x> | !a=<y>)"),
        ("a:(x OR y) b:z", "((a:<x> | a:<y>) & b:<z>)"),
        ("a>1 b>=2 c<3 d<=4", "(a><1> & b>=<2> & c<<3> & d<=<4>)"),
        ("bytes:>100", "bytes><100>"),
        ("a:[1 TO 2]", "a:[1 2]"),
        ("a:{1 TO 2}", "a:{1 2}"),
        ("a:[1 TO 2}", "a:[1 2}"),
        ("a:[-5 TO -1]", "a:[-5 -1]"),
        ("a:-5", "a:<-5>"),
        ("a:x*", "a:<x>*"),
        ('a:"x y/*"', "a:<x y/>*"),
        (r'a:"x\*"', "a:<x*>"),
        (r'a:"say \"x\""', 'a:<say "x">'),
        (r"a:x\:y\ z\*", "a:<x:y z*>"),
        ("a:1 TO", "(a:<1> & ?:<TO>)"),
        ("a:AND b:TO", "(a:<AND> & b:<TO>)"),
        ('"NOT"', "?:<NOT>"),
        ("context.my-key:x", "context.my-key:<x>"),
        ('context.k:""', "context.k:<>"),
        ("public_id:staging_clips/a-b.c*", "public_id:<staging_clips/a-b.c>*"),
    ],
)
def test_expressions_are_read_as_they_are_meant(expression: str, expected: str) -> None:
    assert spelled(parse(expression)) == expected


@pytest.mark.parametrize("expression", ["", " ", "\t\n"])
def test_no_expression_means_everything(expression: str) -> None:
    assert parse(expression) == EVERYTHING


@pytest.mark.parametrize(
    ("expression", "position"),
    [
        ("*", 1),
        ("*ample", 1),
        ("tags=moderation:pending", 16),
        ("tags:*bag*", 6),
        ("tags:b*g", 7),
        ('tags:"b*g"', 8),
        ('tags:"*"', 7),
        ('tags:"open', 11),
        ("(a:1", 5),
        ("a:1)", 4),
        ("a:", 3),
        ("a:1 AND", 8),
        ("OR a:1", 1),
        ("a:1 OR OR b:2", 8),
        ("-", 2),
        ("()", 2),
        ("a:()", 4),
        ("a:(b:c)", 5),
        ("a>(1 OR 2)", 3),
        ("a>[1 TO 2]", 3),
        ("a:[1 2]", 6),
        ("a:[1 TO 2", 10),
        ("a:[1 TO 2)", 10),
        ("a:[1* TO 2]", 5),
        ("a:[* TO 2]", 4),
        ("a:1^2", 4),
        ("~a", 1),
        ("a*:1", 2),
        ("a&&b", 2),
        ("\\", 1),
    ],
)
def test_what_cannot_be_read_says_where(expression: str, position: int) -> None:
    with pytest.raises(ProviderError) as refused:
        parse(expression)

    assert (refused.value.status, refused.value.message) == (400, f"Query Error (at position {position})")


@pytest.mark.parametrize(
    ("longest", "longer"),
    [
        ("(" * (MAX_DEPTH - 1) + "a" + ")" * (MAX_DEPTH - 1), "(" * MAX_DEPTH + "a" + ")" * MAX_DEPTH),
        ("-" * (MAX_DEPTH - 1) + "a", "-" * MAX_DEPTH + "a"),
        ("a " * MAX_TERMS, "a " * (MAX_TERMS + 1)),
        ("a" * MAX_LENGTH, "a" * (MAX_LENGTH + 1)),
    ],
)
def test_depth_terms_and_length_are_bounded(longest: str, longer: str) -> None:
    parse(longest)

    with pytest.raises(ProviderError, match="Query Error"):
        parse(longer)


_PIECES = st.sampled_from(
    [
        *'a:=><()[]{}-*"\\ /!^é\x00',
        "<=",
        " TO ",
        " AND ",
        " OR ",
        "NOT ",
        "tags",
        "width",
        "created_at",
        "1d",
        "16:9",
    ]
)


@given(st.one_of(st.text(max_size=60), st.lists(_PIECES, max_size=25).map("".join)))
@example("a:[")
@example('"\\')
def test_nothing_but_a_tree_or_a_refusal_comes_of_any_text(expression: str) -> None:
    with suppress(ProviderError):
        parse(expression)


@pytest.mark.parametrize(
    ("text", "units", "expected"),
    [
        ("12", BYTES, 12),
        ("1.5kb", BYTES, 1536),
        ("1m", BYTES, 1_048_576),
        ("2GB", BYTES, 2 << 30),
        ("-3", BYTES, -3),
        ("90", SECONDS, 90),
        ("30s", SECONDS, 30),
        ("2m", SECONDS, 120),
        ("16:9", BYTES, 16 / 9),
    ],
)
def test_numbers_have_units(text: str, units: Units, expected: float) -> None:
    assert number(Value(text, 1), units) == expected


@pytest.mark.parametrize("text", ["", "x", "1x", "1e9", "1.", "9" * 19, "16:0", "0x10", "٣"])
def test_what_is_no_number_is_refused(text: str) -> None:
    with pytest.raises(ProviderError, match=r"Query Error \(at position 7\)"):
        number(Value(text, 7), BYTES)


def _s(text: str) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()


@pytest.mark.parametrize(
    ("text", "start", "end"),
    [
        ("2026", "2026-01-01", "2027-01-01"),
        ("2026-12", "2026-12-01", "2027-01-01"),
        ("2024-02-29", "2024-02-29", "2024-03-01"),
        ("2026-01-01T08", "2026-01-01T08:00", "2026-01-01T09:00"),
        ("2026-01-01T08:30", "2026-01-01T08:30", "2026-01-01T08:31"),
        ("2026-01-01T08:30Z", "2026-01-01T08:30", "2026-01-01T08:31"),
        ("2026-01-01T08:30:05Z", "2026-01-01T08:30:05", "2026-01-01T08:30:06"),
        ("2026-01-01 08:30:05.250Z", "2026-01-01T08:30:05", "2026-01-01T08:30:06"),
        ("4h", "2026-03-31T08:00", None),
        ("1d", "2026-03-30T12:00", None),
        ("2w", "2026-03-17T12:00", None),
        ("1m", "2026-02-28T12:00", None),
        ("13m", "2025-02-28T12:00", None),
        ("2y", "2024-03-31T12:00", None),
    ],
)
def test_dates_are_spans_and_ages_are_moments(text: str, start: str, end: str | None) -> None:
    given_moment = moment(Value(text, 1), NOW_S)

    assert given_moment.start_s == _s(start)
    assert given_moment.end_s == _s(end or start)
    assert given_moment.is_relative is (end is None)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "yesterday",
        "2026-13-01",
        "2026-02-30",
        "9999",
        "0000",
        "2026-01-01T08:30:05+00:00",
        "99999y",
        "1q",
        "1",
    ],
)
def test_what_is_no_date_is_refused(text: str) -> None:
    with pytest.raises(ProviderError, match=r"Query Error \(at position 7\)"):
        moment(Value(text, 7), NOW_S)
