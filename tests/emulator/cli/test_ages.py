"""How long ago is said in one form, everywhere."""

from pathlib import Path

import pytest

from tests.emulator.stacks import run_cli


@pytest.mark.parametrize("age", ["14", "d14", "two weeks", "1y", "-3d", "1.2.3h", ""])
def test_an_age_that_cannot_be_read_is_refused_with_an_example(age: str, tmp_path: Path) -> None:
    done = run_cli("prune", f"--older-than={age}", cwd=tmp_path)

    assert done.returncode == 2
    assert f"'{age}' is no age: write a number with s, min, h, d or w, as in 14d." in done.stderr


@pytest.mark.parametrize("age", ["14d", "2w", "90min", "0.5h", "30s"])
def test_an_age_that_can_be_read_goes_on_to_the_stack(age: str, tmp_path: Path) -> None:
    done = run_cli("prune", "--older-than", age, "--dry-run", cwd=tmp_path)

    assert (done.returncode, "stack 'default' is not running" in done.stderr) == (3, True)


def test_pruning_wants_an_age(tmp_path: Path) -> None:
    done = run_cli("prune", cwd=tmp_path)

    assert (done.returncode, "Missing option '--older-than'" in done.stderr) == (2, True)


@pytest.mark.parametrize(
    ("words", "why"),
    [
        ((), "Say either the ID of one job, or --state for many."),
        (("c1-clip_process", "--state", "failed"), "Say either the ID of one job, or --state for many."),
        (("c1-clip_process", "--name", "clip:process"), "--name goes with --state."),
    ],
)
def test_what_to_retry_is_said_once(words: tuple[str, ...], why: str, tmp_path: Path) -> None:
    done = run_cli("jobs", "retry", *words, cwd=tmp_path)

    assert (done.returncode, why in done.stderr) == (2, True)
