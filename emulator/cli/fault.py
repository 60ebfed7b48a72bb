"""`clipnet-emulate fault`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import click

from emulator.cli import output
from emulator.cli.options import Common, common_options


@click.group()
@common_options
def command(common: Common) -> None:
    """Make a fake slow, refuse, hang, cut the connection or answer garbage."""


@command.command("list")
@common_options
def list_faults(common: Common) -> None:
    """List the rules of all fakes."""
    from emulator.faults import listed
    from emulator.stack import Stack

    rules = listed(Stack.running(common.settings()))
    if common.as_json:
        output.as_json(rules)
    elif not rules:
        output.line("no faults")
    else:
        head = ("fake", "id", "kind", "method", "path", "times")
        rows = [[*(_cell(rule.get(name)) for name in head), _effect(rule)] for rule in rules]
        output.table((*head, "effect"), rows)


@command.command()
@click.argument("fake")
@click.argument("kind", type=click.Choice(["latency", "error", "hang", "cut", "garbage"]))
@click.option("--path", default="*", show_default=True, help="Glob on the path.")
@click.option("--method", default="*", show_default=True, help="HTTP method.")
@click.option("--times", type=int, help="How often it strikes.  [default: for ever]")
@click.option("--after", type=int, help="How many requests pass before it strikes.")
@click.option("--probability", type=float, help="Chance from 0 to 1 that it strikes.")
@click.option("--ms", type=float, help="Milliseconds to wait; latency needs it.")
@click.option("--status", type=int, help="HTTP status, for error.")
@click.option("--body", help="Body, for error.  [default: the provider's own]")
@common_options
def add(common: Common, fake: str, **rule: object) -> None:
    """Add a rule to a fake."""
    from emulator import faults
    from emulator.stack import Stack

    given = {name: value for name, value in rule.items() if value is not None}
    added = faults.add(Stack.running(common.settings()), fake, given)
    if common.as_json:
        output.as_json(added)
    else:
        what = " ".join(word for word in (added["kind"], _effect(added)) if word)
        output.line(f"fault {added['id']} on {fake}: {what} for {added['method']} {added['path']}")


@command.command()
@click.argument("fake", required=False)
@common_options
def clear(common: Common, fake: str | None) -> None:
    """Remove all rules of a fake, or of all fakes."""
    from emulator import faults
    from emulator.stack import Stack

    names = faults.clear(Stack.running(common.settings()), fake)
    if common.as_json:
        output.as_json({"cleared": list(names)})
    else:
        output.line(f"no faults any more: {', '.join(names)}")


def _effect(rule: Mapping[str, Any]) -> str:
    match rule.get("kind"):
        case "latency":
            return f"{rule['ms']:g} ms"
        case "error":
            return f"status {rule['status']}"
        case _:
            return ""


def _cell(value: object) -> str:
    return "" if value is None else str(value)
