"""`clipnet-emulate remote`."""

from __future__ import annotations

import os
import shlex
import sys

import click

from emulator.cli import output
from emulator.cli.options import Common, common_options


@click.command()
@click.option(
    "--add",
    "name",
    is_flag=False,
    flag_value="emulate",
    metavar="[NAME]",
    help="Add it to the git repository in the working folder as well, as `emulate` or by this name.",
)
@click.option(
    "--branch",
    "branches",
    multiple=True,
    metavar="PATTERN",
    help="What is deployed when it is pushed; may be repeated.  [default: develop and v*, or as said before]",
)
@common_options
def command(common: Common, name: str | None, branches: tuple[str, ...]) -> None:
    """Make the git remote of the stack: what is pushed to it is deployed.

    The push fails if its deployment does, and the branch does not move. Other branches deploy nothing. Doing
    this again changes nothing, but for what is said anew.
    """
    from emulator import remote
    from emulator.plan import folder_of

    settings = common.settings()
    made = remote.make(folder_of(settings), branches, os.environ, sys.executable)
    is_added = name is not None and remote.add(made, settings.project_dir, name, os.environ)
    words = f"git remote add {remote.NAME} {shlex.quote(str(made.path))}"
    if common.as_json:
        output.as_json(
            {"path": str(made.path), "branches": list(made.branches), "added": is_added, "command": words}
        )
        return
    output.line(f"a push to {made.path} deploys: {', '.join(made.branches)}")
    if name is None:
        output.line(f"next: {words}")
    else:
        output.line(f"remote '{name}' {'is added' if is_added else 'was there already'}")
        output.line(f"next: git push {shlex.quote(name)} develop")
