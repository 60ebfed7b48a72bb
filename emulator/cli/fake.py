"""`clipnet-emulate fake`."""

from __future__ import annotations

import os

import click

from emulator.cli.options import Common, common_options


@click.command()
@click.argument("name")
@click.option(
    "--port", type=click.IntRange(1, 65535), help="Port on 127.0.0.1.  [default: its port in the stack]"
)
@common_options
def command(common: Common, name: str, port: int | None) -> int:
    """Serve one fake alone, in the foreground."""
    from emulator.lonefake import serve

    return serve(common.settings(), name, port, os.environ)
