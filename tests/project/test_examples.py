"""The examples in README.md are true: its Python runs as a test, its commands exist."""

import re
from pathlib import Path

import pytest

from emulator.cli import COMMANDS
from emulator.testing.access import Clipnet

README = (Path(__file__).parents[2] / "README.md").read_text()


@pytest.mark.e2e
@pytest.mark.slow
def test_the_pytest_example_of_the_readme_passes(clipnet: Clipnet) -> None:
    (example,) = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    names: dict[str, object] = {}

    exec(re.sub(r"(?m)^  ", "", example), names)
    (test,) = (value for name, value in names.items() if name.startswith("test_"))

    assert callable(test)
    test(clipnet)


def test_every_command_that_the_readme_names_exists() -> None:
    named = set(re.findall(r"clipnet-emulate ([a-z]+)", README))

    assert named - set(COMMANDS) == set()
    assert "up" in named


def test_every_file_that_the_readme_links_exists() -> None:
    links = re.findall(r"\]\((?!http)([^)#]+)\)", README)

    assert [link for link in links if not (Path(__file__).parents[2] / link).exists()] == []
