"""`clipnet-emulate wait`."""

from __future__ import annotations

import click

from emulator.cli import output
from emulator.cli.options import Common, common_options


@click.command()
@click.option(
    "--timeout",
    "timeout_s",
    type=click.FloatRange(min=0),
    default=60.0,
    show_default=True,
    metavar="S",
    help="Seconds to wait.",
)
@common_options
def command(common: Common, timeout_s: float) -> None:
    """Wait until the stack is up and healthy."""
    from emulator.stack import wait

    settings = common.settings()
    progress = output.ProgressLine(settings.stack)
    try:
        found = wait(settings, timeout_s, progress)
    finally:
        progress.clear()
    if common.as_json:
        output.as_json(found)
    else:
        output.line(f"stack {found['stack']} is up and healthy")
