from typing import Any

import pytest

from fakes.cloudinary.state.metadata import values
from fakes.cloudinary.state.metadata.records import MetadataField, Value
from fakes.kit.errors import ProviderError


def field(type_: str) -> MetadataField:
    return MetadataField("f", type_, "F")


@pytest.mark.parametrize(
    ("type_", "text", "value"),
    [
        ("string", "a, b", "a, b"),
        ("integer", "-42", -42),
        ("date", "2026-02-28", "2026-02-28"),
        ("enum", "a", "a"),
        ("set", '["a", "b,c"]', ["a", "b,c"]),
        ("set", "a, b", ["a", "b"]),
        ("set", "[a", ["[a"]),
    ],
)
def test_values_are_read_by_the_type_of_their_field(type_: str, text: str, value: Value) -> None:
    assert values.read(field(type_), text) == value


@pytest.mark.parametrize(
    ("type_", "text"),
    [
        ("integer", "4.5"),
        ("integer", "x"),
        ("integer", "9" * 19),
        ("date", "2026-02-30"),
        ("date", "20260228"),
        ("date", "28/02/2026"),
        ("string", "x" * 4097),
    ],
)
def test_values_of_another_type_are_refused(type_: str, text: str) -> None:
    with pytest.raises(ProviderError) as caught:
        values.read(field(type_), text)

    assert caught.value.message == f"'{text[:100]}' is not valid for field 'f'"


@pytest.mark.parametrize(
    ("validation", "value", "does_fit"),
    [
        (None, "x", True),
        ({"type": "strlen", "min": 2, "max": 3}, "abc", True),
        ({"type": "strlen", "min": 2, "max": 3}, "a", False),
        ({"type": "strlen", "max": 3}, "abcd", False),
        ({"type": "greater_than", "value": 5}, 5, False),
        ({"type": "greater_than", "value": 5, "equals": True}, 5, True),
        ({"type": "greater_than", "value": 5}, 6, True),
        ({"type": "less_than", "value": 50}, 9, True),
        ({"type": "less_than", "value": "2026-01-01"}, "2025-12-31", True),
        ({"type": "less_than", "value": "2026-01-01", "equals": True}, "2026-01-02", False),
        (
            {
                "type": "and",
                "rules": [{"type": "greater_than", "value": 1}, {"type": "less_than", "value": 3}],
            },
            3,
            False,
        ),
    ],
)
def test_validations(validation: dict[str, Any] | None, value: Value, *, does_fit: bool) -> None:
    assert values.fits(validation, value) is does_fit


@pytest.mark.parametrize(
    ("type_", "validation"),
    [
        ("string", {"type": "greater_than", "value": 1}),
        ("integer", {"type": "strlen", "min": 1}),
        ("integer", {"type": "greater_than", "value": "1"}),
        ("integer", {"type": "greater_than"}),
        ("date", {"type": "less_than", "value": "soon"}),
        ("string", {"type": "strlen"}),
        ("string", {"type": "strlen", "min": "2"}),
        ("string", {}),
        ("string", {"type": "and", "rules": []}),
        ("string", {"type": "and", "rules": ["x"]}),
        ("string", {"type": "and", "rules": [{"type": "and", "rules": []}]}),
        ("string", {"type": "and", "rules": [{"type": "strlen", "min": 1}] * 21}),
        ("enum", {"type": "strlen", "min": 1}),
    ],
)
def test_validations_that_are_none_are_refused(type_: str, validation: dict[str, Any]) -> None:
    with pytest.raises(ProviderError, match="validation is invalid"):
        values.check_validation(type_, validation)


def test_regular_expressions_are_a_gap_that_says_so() -> None:
    with pytest.raises(ProviderError, match="does not cover metadata validation by a regular") as caught:
        values.check_validation("string", {"type": "strregex", "regex": "a+"})

    assert caught.value.status == 501
