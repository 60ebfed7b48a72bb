"""`clipnet-emulate topology`."""

from __future__ import annotations

import click

from emulator.cli import output
from emulator.cli.options import Common, common_options, runtime_option


@click.command()
@runtime_option
@common_options
def command(common: Common, runtime: str | None) -> None:
    """Show what the stack consists of, and prove that there is exactly one of each.

    The proof needs a running stack; without one, only what is written is shown.
    """
    from emulator.inspection import inspect

    found = inspect(common.settings(runtime=runtime))
    if common.as_json:
        output.as_json(found.to_json())
    else:
        rows = [
            (row["name"], row["role"] or "", row["runs"], " ".join(row["needs"]), _ports(row["ports"]))
            for row in found.written["services"]
        ]
        output.table(("service", "role", "runs", "needs", "ports"), rows)
        for check in found.checks:
            output.check(check.ok, check.name, check.detail)
    found.raise_if_failed()


def _ports(ports: dict[str, int]) -> str:
    return " ".join(str(port) if len(ports) == 1 else f"{name}={port}" for name, port in ports.items())
