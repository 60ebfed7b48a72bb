"""`clipnet-emulate logs`."""

from __future__ import annotations

import click

from emulator.cli import output
from emulator.cli.logprinter import LogPrinter
from emulator.cli.options import Common, common_options


@click.command()
@click.option("-f", "--follow", is_flag=True, help="Go on with new lines until Ctrl-C.")
@click.option(
    "-n",
    "--lines",
    "count",
    type=click.IntRange(min=0),
    default=200,
    show_default=True,
    help="Lines to show.",
)
@click.argument("services", nargs=-1, metavar="[SERVICE]...")
@common_options
def command(common: Common, follow: bool, count: int, services: tuple[str, ...]) -> None:
    """Show the services' logs.

    Without a SERVICE, all of them. `supervisor` is the emulator's own log.
    """
    from emulator import logs
    from emulator.stack import log_files

    files = log_files(common.settings(), services)
    show = LogPrinter(tuple(files), as_json=common.as_json)
    follower = logs.Follower(files)
    lines = logs.merged(files, count, show.shows)
    for line in lines:
        show(line)
    if not lines and not follow and not any(file.exists() for file in files.values()):
        output.note("nothing is logged yet: the stack was never up, or its data was removed")
    if follow:
        follower.run(show)
