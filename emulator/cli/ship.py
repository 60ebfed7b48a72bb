"""`clipnet-emulate ship`."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from emulator.cli import output
from emulator.cli.options import Common, common_options
from emulator.cli.runner import annotated

if TYPE_CHECKING:
    from emulator.shipping.record import Shipped

_commit_option = click.option(
    "--commit", envvar="GITHUB_SHA", metavar="SHA", help="What to deploy, in full.  [default: GITHUB_SHA]"
)
_timeout_option = click.option(
    "--timeout",
    "within_s",
    type=click.FloatRange(min=1),
    default=900,
    show_default=True,
    help="Seconds that a deployment may take.",
)


@click.group()
@common_options
def command(common: Common) -> None:
    """Deploy to staging by its platforms, as a workflow does.

    Addresses, tokens and ids come from the environment: docs/workflows.md lists them.
    """


@command.command("api")
@_commit_option
@_timeout_option
@common_options
def api(common: Common, commit: str | None, within_s: float) -> None:
    """Deploy the API at Railway and wait until it serves."""
    _deploy(common, "api", commit, within_s)


@command.command("worker")
@_commit_option
@_timeout_option
@common_options
def worker(common: Common, commit: str | None, within_s: float) -> None:
    """Deploy the worker at Railway and wait until it serves."""
    _deploy(common, "worker", commit, within_s)


@command.command("build", context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False})
@_commit_option
@click.argument("words", nargs=-1, required=True, type=click.UNPROCESSED, metavar="-- CMD [ARG]...")
@common_options
def build(common: Common, commit: str | None, words: tuple[str, ...]) -> None:
    """Run a build that is told APP_ENV, and the APP_VERSION and APP_COMMIT of the release.

    The command takes this one's place: its exit code and signals are its own.
    """
    from emulator.shipping import building, record
    from emulator.stack import become

    with annotated("build"):
        env = building.variables(Path.cwd(), record.checked(commit), os.environ)
        become(words, env)


@command.command("frontend")
@_commit_option
@click.option(
    "--branch",
    envvar="GITHUB_REF_NAME",
    metavar="NAME",
    help="The commit's branch.  [default: GITHUB_REF_NAME]",
)
@click.option(
    "--folder",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    default=".",
    metavar="FOLDER",
    help="Where .vercel/output is.  [default: this one]",
)
@_timeout_option
@common_options
def frontend(common: Common, commit: str | None, branch: str | None, folder: Path, within_s: float) -> None:
    """Deploy what was built of the frontend by Vercel's own program and wait until it serves."""
    from emulator.errors import ConfigurationRefused
    from emulator.shipping import record, targets
    from emulator.shipping.vercel import Vercel

    with annotated("deploy-frontend"):
        target, sha = targets.vercel(os.environ), record.checked(commit)
        if not branch:
            raise ConfigurationRefused("the commit's branch is not named", "say --branch or GITHUB_REF_NAME")
        with Vercel(target, _path(), output.note, within_s) as vercel:
            _tell(common, [vercel.deploy(folder, sha, branch)])


@command.command("rollback")
@click.option(
    "--to", metavar="COMMIT", help="The commit to go back to.  [default: the newest before what serves]"
)
@_timeout_option
@common_options
def rollback(common: Common, to: str | None, within_s: float) -> None:
    """Let API, worker and frontend go back to a commit that all of them had."""
    from emulator.shipping import rollback, targets
    from emulator.shipping.railway import Railway
    from emulator.shipping.vercel import Vercel

    with (
        annotated("rollback"),
        Railway(targets.railway(os.environ), output.note, within_s) as railway,
        Vercel(targets.vercel(os.environ), _path(), output.note, within_s) as vercel,
    ):
        _tell(common, rollback.roll_back(railway, vercel, to or None, output.note))


def _deploy(common: Common, service: str, commit: str | None, within_s: float) -> None:
    from emulator.shipping import record, targets
    from emulator.shipping.railway import Railway

    with annotated(f"deploy-{service}"):
        target, sha = targets.railway(os.environ), record.checked(commit)
        with Railway(target, output.note, within_s) as railway:
            _tell(common, [railway.deploy(service, sha)])


def _path() -> str:
    """Where programs are: beside this one's interpreter, then as the environment has it."""
    return os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)])


def _tell(common: Common, shipped: Sequence[Shipped]) -> None:
    from emulator.shipping import actions

    public: list[dict[str, Any]] = [one.public() for one in shipped]
    if common.as_json:
        output.as_json(public)
    else:
        output.table(
            ("service", "commit", "deployment", "took"),
            [(one.service, one.commit, one.deployment, f"{one.took_s:.1f} s") for one in shipped],
        )
    path = os.environ.get("GITHUB_STEP_SUMMARY")
    if actions.is_runner(os.environ) and path:
        with Path(path).open("a", encoding="utf-8") as file:
            file.write(actions.summary(shipped))
