"""What GitHub's runner is told, and what of others' output it is not."""

import pytest

from emulator.shipping import actions
from emulator.shipping.record import Shipped, relayed

SHA = "0123456789abcdef0123456789abcdef01234567"


def test_an_annotation_is_one_line_whatever_is_in_it() -> None:
    assert actions.annotation("a, b: c", "100 %\nof it\r") == "::error title=a%2C b%3A c::100 %25%0Aof it%0D"


def test_the_summary_has_a_row_for_each_service() -> None:
    assert actions.summary([Shipped("api", SHA, "d-1", 1.25)]) == (
        "| service | commit | deployment | took |\n"
        "| --- | --- | --- | --- |\n"
        "| api | `0123456789ab` | `d-1` | 1.2 s |\n"
    )


@pytest.mark.parametrize(("env", "is_runner"), [({"GITHUB_ACTIONS": "true"}, True), ({}, False)])
def test_a_step_of_a_workflow_is_known_by_its_environment(env: dict[str, str], is_runner: bool) -> None:
    assert actions.is_runner(env) is is_runner


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("all is well\n", "| all is well"),
        ("::add-mask::x", "| ::add-mask::x"),
        ("  ::error::x", "|   ::error::x"),
        ("so ##[error]x", "| so ## [error]x"),
        ("the token is t0ken, t0ken", "| the token is ***, ***"),
    ],
)
def test_a_line_of_others_holds_no_secret_and_is_no_command(said: str, shown: str) -> None:
    line = relayed(said, ["t0ken"])

    assert line == shown
    assert not line.lstrip().startswith("::")
