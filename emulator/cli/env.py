"""`clipnet-emulate env`."""

from __future__ import annotations

import click

from emulator.cli import output
from emulator.cli.options import Common, common_options


@click.command()
@click.option("--dotenv", "as_dotenv", is_flag=True, help="Print the lines of a .env file.")
@common_options
def command(common: Common, as_dotenv: bool) -> None:
    """Print what a program on this machine needs to use the stack.

    For a shell: eval "$(clipnet-emulate env)"
    """
    from emulator.stack import Stack

    env = Stack.running(common.settings()).env()
    if common.as_json:
        output.as_json(env)
        return
    for name, value in env.items():
        output.assignment(name, value, export=not as_dotenv)
