"""What `smoke` refuses before it asks anybody anything, and what it says of nobody there."""

from pathlib import Path

import pytest

from tests.emulator.stacks import run_cli

HERE = "http://127.0.0.1:9"


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("--api-url", HERE), 2, "--api-url and --web-url go together; neither may be empty"),
        (("--api-url", HERE, "--web-url", ""), 2, "neither may be empty"),
        (("--commit", "a" * 40), 2, "--commit goes with --api-url and --web-url"),
        (
            ("--api-url", "https://api.clipnet.ai", "--web-url", HERE),
            5,
            "this would touch production: --api-url names the production host 'api.clipnet.ai'",
        ),
        (("--api-url", HERE, "--web-url", HERE), 1, "smoke failed at 'release': ConnectError"),
    ],
)
def test_addresses_that_cannot_be_checked_are_refused_in_words(
    tmp_path: Path, arguments: tuple[str, ...], code: int, words: str
) -> None:
    done = run_cli("smoke", *arguments, cwd=tmp_path)

    assert (done.returncode, words in done.stderr) == (code, True), done.stderr
    assert "Traceback" not in done.stderr
