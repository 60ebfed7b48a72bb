"""`clipnet-emulate config`."""

from __future__ import annotations

import click

from emulator.cli import output
from emulator.cli.options import Common, common_options, runtime_option


@click.group()
@common_options
def command(common: Common) -> None:
    """Check the stack's configuration."""


@command.command()
@runtime_option
@common_options
def check(common: Common, runtime: str | None) -> None:
    """Check compose.yaml, its override, .env and settings; refuse everything of production.

    Every start makes the same check. Starts nothing.
    """
    from emulator.plan import plan

    planned = plan(common.settings(runtime=runtime))
    files = [str(path) for path in planned.topology.paths]
    if common.as_json:
        output.as_json(
            {"ok": True, "stack": planned.settings.stack, "files": files, "ports": dict(planned.ports)}
        )
    else:
        output.line(f"stack {planned.settings.stack}: {' and '.join(files)} can be run, without production")
