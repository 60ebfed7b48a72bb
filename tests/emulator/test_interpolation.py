from __future__ import annotations

import pytest

from emulator.errors import ConfigurationRefused
from emulator.interpolation import dotenv, interpolate

VARIABLES = {"SET": "value", "EMPTY": ""}


@pytest.mark.parametrize(
    ("text", "filled"),
    [
        ("plain", "plain"),
        ("a $SET b", "a value b"),
        ("${SET}/x", "value/x"),
        ("${MISSING}", ""),
        ("${SET:-other}", "value"),
        ("${EMPTY:-other}", "other"),
        ("${EMPTY-other}", ""),
        ("${MISSING-other}", "other"),
        ("${MISSING:-${SET}}", "value"),
        ("${MISSING:-a:b/c}", "a:b/c"),
        ("${SET:+there}", "there"),
        ("${EMPTY:+there}", ""),
        ("${EMPTY+there}", "there"),
        ("${SET:?why}", "value"),
        ("$$SET and $$", "$SET and $"),
    ],
)
def test_variables_are_filled_in_as_compose_does(text: str, filled: str) -> None:
    assert interpolate(text, VARIABLES) == filled


@pytest.mark.parametrize("text", ["${SET", "${}", "${SET!x}", "100 $ each"])
def test_malformed_text_is_refused(text: str) -> None:
    with pytest.raises(ConfigurationRefused, match=r"variable|never closed"):
        interpolate(text, VARIABLES)


def test_a_required_variable_says_why() -> None:
    with pytest.raises(ConfigurationRefused, match="variable 'KEY' is required: ask ops"):
        interpolate("${KEY:?ask ops}", {})


def test_a_dotenv_file_is_read_with_quotes_and_comments() -> None:
    text = "# comment\nA=1\nexport B='two words' # note\nC=\"x#y\"\nD=a#b # note\nE=\nnonsense\n"

    assert dotenv(text) == {"A": "1", "B": "two words", "C": "x#y", "D": "a#b", "E": ""}
