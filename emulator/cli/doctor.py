"""`clipnet-emulate doctor`."""

from __future__ import annotations

import click

from emulator.cli import output
from emulator.cli.options import Common, common_options, runtime_option


@click.command()
@runtime_option
@common_options
def command(common: Common, runtime: str | None) -> None:
    """Check what this machine has and what it lacks."""
    from emulator.doctor import examine

    found = examine(common.settings(runtime=runtime))
    if common.as_json:
        output.as_json(found.to_json())
    else:
        for check in found.checks:
            output.check(check.ok, check.name, check.detail, is_optional=check.is_optional)
    found.raise_if_failed()
