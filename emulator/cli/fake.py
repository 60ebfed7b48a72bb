"""`clipnet-emulate fake`."""

from __future__ import annotations

import os
from collections.abc import Mapping

import click

from emulator.cli import output
from emulator.cli.options import Common, common_options


@click.command()
@click.argument("name")
@click.option(
    "--port", type=click.IntRange(1, 65535), help="Port on 127.0.0.1.  [default: its port in the stack]"
)
@click.option(
    "--attach",
    "attached",
    multiple=True,
    metavar="ENDPOINT",
    help="Let the jobs of this RunPod endpoint wait for a handler of yours: whisper, blip, motion or clip.  "
    "[repeatable]",
)
@common_options
def command(common: Common, name: str, port: int | None, attached: tuple[str, ...]) -> int:
    """Serve one fake alone, in the foreground.

    With --attach it prints what the handler is started with, and its own log goes to standard error.
    """
    from emulator.lonefake import serve

    def show(envs: Mapping[str, Mapping[str, str]]) -> None:
        if common.as_json:
            output.as_json(envs)
            return
        for endpoint, env in envs.items():
            output.line(f"# {endpoint}")
            for variable, value in env.items():
                output.assignment(variable, value, export=True)

    return serve(common.settings(), name, port, os.environ, attached=attached, show=show)
