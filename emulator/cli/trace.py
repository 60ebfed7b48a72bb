"""`clipnet-emulate trace`."""

from __future__ import annotations

import click

from emulator.cli import output
from emulator.cli.options import Common, common_options


@click.command()
@click.argument("clip", metavar="CLIP")
@common_options
def command(common: Common, clip: str) -> None:
    """Show which part worked on a clip when, and for how long.

    CLIP is a clip's id, or how it begins, or a trace id.
    """
    import asyncio

    from emulator.parts import running
    from emulator.trace import trace, waterfall

    spans = asyncio.run(trace(running(common.settings()), clip))
    if common.as_json:
        output.as_json({"spans": [span.public() for span in spans]})
        return
    for line in waterfall(spans):
        output.line(line)
