"""`clipnet-emulate reset`."""

from __future__ import annotations

import click

from emulator.cli import output
from emulator.cli.options import Common, common_options


@click.command()
@common_options
def command(common: Common) -> None:
    """Put database, queue, files and fakes back to the seed, without restarting anything."""
    import asyncio

    from emulator.parts import running
    from emulator.reset import reset

    parts = running(common.settings())
    report = asyncio.run(reset(parts))
    if common.as_json:
        output.as_json({"stack": parts.stack, "ms": report.ms, "parts_ms": dict(report.parts_ms)})
        return
    output.line(f"stack {parts.stack} is back at its seed ({report.ms:.1f} ms)")
