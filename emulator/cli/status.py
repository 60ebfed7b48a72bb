"""`clipnet-emulate status`."""

from __future__ import annotations

import click

from emulator.cli import output
from emulator.cli.options import Common, common_options

_HEAD = ("service", "state", "health", "address", "pid", "version", "restarts", "uptime", "memory")


@click.command()
@common_options
def command(common: Common) -> None:
    """Show each service: state, health, address, memory; and what needs a look."""
    from emulator.alerts import Alert
    from emulator.stack import status

    found = status(common.settings())
    if common.as_json:
        output.as_json(found)
        return
    output.line(f"stack {found['stack']} ({found['runtime']})")
    rows = []
    for row in found["services"]:
        uptime = "" if row["uptime_s"] is None else f"{row['uptime_s']:.0f} s"
        memory = "" if row["memory_mb"] is None else f"{row['memory_mb']:.0f} MB"
        plain = [row[name] for name in ("name", "state", "health", "address", "pid", "version", "restarts")]
        rows.append([*("" if cell is None else str(cell) for cell in plain), uptime, memory])
    output.table(_HEAD, rows)
    for alert in found["alerts"]:
        output.line(f"alert: {Alert(**alert).text()}")
