"""`clipnet-emulate promote`."""

from __future__ import annotations

import click

from emulator.cli.deployed import ask
from emulator.cli.options import Common, common_options, no_smoke_option


@click.command()
@click.argument("version", required=False)
@click.option(
    "--from",
    "other",
    metavar="STACK",
    help="Another stack of this state folder: its release is taken as it is, not built again.",
)
@no_smoke_option
@common_options
def command(common: Common, version: str | None, other: str | None, *, no_smoke: bool) -> None:
    """Let a release serve that is made already, here or in another stack.

    Without a VERSION it is what was held here last, or, with --from, what serves there.
    """
    from emulator.plan import folder_of
    from emulator.promotion import chosen, other_stack

    settings = common.settings()
    there = None if other is None else other_stack(settings, other)
    wanted = version or chosen(folder_of(settings), there)
    origin = None if there is None else str(there.path)
    ask(common, {"do": "promote", "version": wanted, "from": origin, "smoke": not no_smoke})
