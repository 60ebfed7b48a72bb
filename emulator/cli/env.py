"""`clipnet-emulate env`."""

from __future__ import annotations

import click

from emulator.cli import output
from emulator.cli.options import Common, common_options


@click.command()
@click.option("--dotenv", "as_dotenv", is_flag=True, help="Print the lines of a .env file.")
@click.option(
    "--attach",
    metavar="ENDPOINT",
    help="Print what a RunPod handler needs to take this endpoint's jobs instead of its model: whisper, blip,"
    " motion, clip or an id.",
)
@common_options
def command(common: Common, as_dotenv: bool, attach: str | None) -> None:
    """Print what a program on this machine needs to use the stack.

    For a shell: eval "$(clipnet-emulate env)"

    With --attach for a worker of your own, each time for another one. It serves the endpoint for as long as
    it lives.
    """
    from emulator.attaching import of_stack
    from emulator.stack import Stack

    stack = Stack.running(common.settings())
    env = of_stack(stack, attach) if attach else stack.env()
    if common.as_json:
        output.as_json(env)
        return
    for name, value in env.items():
        output.assignment(name, value, export=not as_dotenv)
