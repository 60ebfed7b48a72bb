"""`clipnet-emulate rollback`."""

from __future__ import annotations

import click

from emulator.cli.deployed import ask
from emulator.cli.options import Common, common_options, no_smoke_option


@click.command()
@click.option(
    "--to", metavar="VERSION", help="The release to return to.  [default: the last good one before this]"
)
@no_smoke_option
@common_options
def command(common: Common, to: str | None, *, no_smoke: bool) -> None:
    """Let an earlier release serve again.

    It is started beside what serves and checked like any deployment; the database stays as it is. Which
    releases there are is told by: clipnet-emulate releases
    """
    ask(common, {"do": "rollback", "to": to, "smoke": not no_smoke})
