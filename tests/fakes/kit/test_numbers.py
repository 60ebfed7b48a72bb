import pytest

from fakes.kit.numbers import whole


@pytest.mark.parametrize(
    ("text", "most", "number"),
    [
        ("0", 100, 0),
        ("100", 100, 100),
        ("101", 100, None),
        ("9223372036854775807", 2**63 - 1, 2**63 - 1),
        ("9223372036854775808", 2**63 - 1, None),
        ("9" * 5000, 2**63 - 1, None),
        ("-1", 100, None),
        ("1.5", 100, None),
        ("\N{ARABIC-INDIC DIGIT ONE}", 100, None),
        ("", 100, None),
    ],
)
def test_a_whole_number_is_of_few_digits(text: str, most: int, number: int | None) -> None:
    assert whole(text, most) == number
