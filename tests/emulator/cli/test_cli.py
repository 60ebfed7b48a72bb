"""The command line as a whole: help, laziness, wording, and the page that documents it."""

from __future__ import annotations

import json
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import click
import pytest

from emulator.cli import COMMANDS, cli
from emulator.cli.reference import commands, render
from emulator.settings import STACK_MARKER
from tests.emulator.project import Project, with_servers

PAGE = Path(__file__).parents[3] / "docs" / "commands.md"
_HEAVY = (
    "asyncio",
    "yaml",
    "ctypes",
    "socket",
    "subprocess",
    "emulator.settings",
    "emulator.stack",
    "fakes",
    "seed",
)


@pytest.mark.parametrize("name", list(COMMANDS))
def test_each_command_says_what_it_does_in_one_sentence(name: str) -> None:
    module, line = COMMANDS[name]
    command = import_module(module).command

    assert (line[-1], command.help.splitlines()[0][-1]) == (".", ".")


def test_every_command_takes_the_common_options() -> None:
    lacking = [
        path
        for path, command in commands()
        if not {"--stack", "--file", "--json"}
        <= {option for parameter in command.params for option in parameter.opts}
    ]

    assert lacking == []


def test_help_loads_nothing_but_the_list_of_commands() -> None:
    """How long it takes is measured by benchmarks.up."""
    words = [sys.executable, "-X", "importtime", "-m", "emulator", "--help"]
    done = subprocess.run(words, capture_output=True, text=True, check=True)

    loaded = {line.rpartition("|")[2].strip() for line in done.stderr.splitlines()}
    assert {name for name in loaded if name.startswith("emulator.")} >= {"emulator.cli"}
    assert loaded.isdisjoint(_HEAVY)


def test_the_page_is_what_the_commands_say() -> None:
    assert PAGE.read_text() == render(), "render it: python -m emulator.cli.reference > docs/commands.md"


def test_an_unknown_command_is_wrong_usage(project: Project) -> None:
    done = project.run("upp")

    assert done.returncode == 2
    assert "No such command 'upp'" in done.stderr


def test_options_are_understood_before_and_after_the_command(project: Project) -> None:
    before, after = (
        project.run("--stack", "qa1", "--json", "status"),
        project.run("status", "--stack", "qa1", "--json"),
    )

    assert (before.stdout, before.returncode) == (after.stdout, 0)
    assert '"stack": "qa1"' in before.stdout


def test_a_service_of_a_stack_can_use_the_command_itself(project: Project) -> None:
    project.extra_env[STACK_MARKER] = "/somewhere"

    assert project.run("status").returncode == 0


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_scripts(project: Project, shell: str) -> None:
    done = project.run("completion", shell)

    assert "_CLIPNET_EMULATE_COMPLETE" in done.stdout


def test_completion_knows_the_commands() -> None:
    found = cli.shell_complete(click.Context(cli), "to")

    assert [item.value for item in found] == ["topology"]


def test_the_version() -> None:
    from importlib.metadata import version

    from emulator import VERSION

    assert version("clipnet-emulate") == VERSION


@pytest.mark.parametrize(
    ("words", "what"),
    [
        (("upp", "--json"), "No such command 'upp'."),
        (
            ("up", "--timeout", "0", "--json"),
            "Invalid value for '--timeout': 0.0 is not in the range x>=0.1.",
        ),
        (("--json", "fault"), "Missing command."),
    ],
)
def test_wrong_usage_is_json_where_json_is_asked_for(
    project: Project, words: tuple[str, ...], what: str
) -> None:
    done = project.run(*words)

    error = json.loads(done.stdout)["error"]
    assert (done.returncode, error["exit_code"], error["code"], error["what"]) == (2, 2, "WrongUsage", what)


def test_a_completion_script_as_json(project: Project) -> None:
    found = project.json("completion", "zsh")

    assert found["shell"] == "zsh"
    assert found["script"].startswith("#compdef")


def test_a_hint_is_for_the_stack_that_the_flag_names(project: Project) -> None:
    folder = project.folder("qa1") / "postgres"
    folder.mkdir(parents=True)
    (folder / "PG_VERSION").write_text("")
    project.write(with_servers())

    text, found = project.run("up", "--stack", "qa1"), project.json("up", "--stack", "qa1")

    assert "start afresh with: clipnet-emulate --stack qa1 down --wipe\n" in text.stderr
    assert "clipnet-emulate --stack qa1 down --wipe" in found["error"]["hint"]
    assert "is no PostgreSQL data folder: PG_VERSION is empty" in found["error"]["what"]


def test_a_report_that_cannot_be_written_is_refused_before_the_smoke(project: Project) -> None:
    project.json("up", "-d")

    done = project.run("smoke", "--junit", "/proc/none/report.xml")

    assert (done.returncode, done.stdout) == (4, "")
    assert "error: '/proc/none/report.xml' cannot be written: No such file or directory" in done.stderr


def test_a_command_without_a_name_cannot_be_run(project: Project) -> None:
    project.json("up", "-d")

    done = project.run("run", "--", "")

    assert done.returncode == 6
    assert done.stderr.startswith("error: '' cannot be run: ")
