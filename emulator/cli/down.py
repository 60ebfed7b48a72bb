"""`clipnet-emulate down`."""

from __future__ import annotations

from time import monotonic

import click

from emulator.cli import output
from emulator.cli.options import Common, common_options


@click.command()
@click.option(
    "--wipe",
    is_flag=True,
    help="Remove the database, the queue, blobs, logs and everything else the stack kept.",
)
@common_options
def command(common: Common, wipe: bool) -> None:
    """Stop the stack."""
    from emulator.shutdown import down

    began = monotonic()
    settings = common.settings()
    was_running = down(settings, wipe=wipe)
    took_s = monotonic() - began
    if common.as_json:
        output.as_json(
            {"stack": settings.stack, "was_running": was_running, "wiped": wipe, "took_s": round(took_s, 3)}
        )
        return
    what = f"is down ({took_s:.2f} s)" if was_running else "was not running"
    output.line(f"stack {settings.stack} {what}" + (", its data is removed" if wipe else ""))
