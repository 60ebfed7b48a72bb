"""`clipnet-emulate fault`."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

import click
from click.shell_completion import CompletionItem

from emulator.cli import output
from emulator.cli.options import Common, common_options

_TYPES = {"text": click.STRING, "number": click.FLOAT, "whole number": click.INT}
_RULE_COLUMNS = ("method", "path", "times")
_SHARED_COLUMNS = ("fake", "id", "kind", "times")


@click.group()
@common_options
def command(common: Common) -> None:
    """Make a fake slow, refuse, hang, cut the connection or answer garbage."""


@command.command("list")
@common_options
def list_faults(common: Common) -> None:
    """List the faults of all fakes."""
    from emulator.faults import listed
    from emulator.stack import Stack

    faults = listed(Stack.running(common.settings()))
    if common.as_json:
        output.as_json(faults)
    elif not faults:
        output.line("no faults")
    else:
        head = ("fake", "id", "kind", *_RULE_COLUMNS)
        rows = [[*(_cell(fault.get(name)) for name in head), effect_of(fault)] for fault in faults]
        output.table((*head, "effect"), rows)


@command.command("kinds")
@click.argument("fake", required=False)
@common_options
def list_kinds(common: Common, fake: str | None) -> None:
    """List the kinds of faults that a fake can have, or those of all fakes.

    The stack need not run. With --json each option comes with its range and its default.
    """
    from emulator.faults import kinds

    found = kinds(fake)
    if common.as_json:
        output.as_json(found)
    else:
        rows = [[kind["fake"] or "*", kind["name"], kind["what"], _options_of(kind)] for kind in found]
        output.table(("fake", "kind", "what it does", "options"), rows)


def _completed(ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    from emulator.faults import kinds

    found = [kind for kind in kinds() if kind["fake"] in (None, ctx.params.get("fake"))]
    return [
        CompletionItem(kind["name"], help=kind["what"])
        for kind in found
        if kind["name"].startswith(incomplete)
    ]


class OptionsOfKinds(click.Command):
    """A command that takes the options of all kinds of faults; which go together is the fake's to say."""

    def get_params(self, ctx: click.Context) -> list[click.Parameter]:
        """Return the options of all kinds, then the command's own parameters."""
        return [*_kind_options(), *super().get_params(ctx)]


@command.command(cls=OptionsOfKinds)
@click.argument("fake")
@click.argument("kind", shell_complete=_completed)
@common_options
def add(common: Common, fake: str, **fault: object) -> None:
    """Add a fault to a fake.

    What the kinds do is told by: clipnet-emulate fault kinds

    For example: clipnet-emulate fault add cloudinary error --status 420 --times 2
    """
    from emulator import faults
    from emulator.stack import Stack

    given = {name: value for name, value in fault.items() if value is not None}
    added = faults.add(Stack.running(common.settings()), fake, given)
    if common.as_json:
        output.as_json(added)
    else:
        what = " ".join(word for word in (added["kind"], effect_of(added)) if word)
        output.line(f"fault {added['id']} on {fake}: {what} {span_of(added)}")


@command.command()
@click.argument("fake", required=False)
@click.option("--id", "fault_id", metavar="ID", help="Only this fault of the fake; see: fault list")
@common_options
def clear(common: Common, fake: str | None, fault_id: str | None) -> None:
    """Remove one fault of a fake, all of them, or those of all fakes."""
    from emulator import faults
    from emulator.stack import Stack

    if fault_id and not fake:
        raise click.UsageError("--id needs the fake that has the fault.")
    names = faults.clear(Stack.running(common.settings()), fake, fault_id)
    if common.as_json:
        output.as_json({"cleared": list(names)})
    elif fault_id:
        output.line(f"fault {fault_id} on {fake} is cleared")
    else:
        output.line(f"no faults any more: {', '.join(names)}")


@cache
def _kind_options() -> tuple[click.Option, ...]:
    from emulator.faults import options

    return tuple(
        click.Option([_flag(name)], type=_TYPES[accepts], help=meaning)
        for name, (accepts, meaning) in options().items()
        if accepts in _TYPES
    )


def _options_of(kind: Mapping[str, Any]) -> str:
    shown = [option for option in kind["options"] if option["accepts"] in _TYPES]
    return " ".join(
        _flag(option["name"]) if option["is_required"] else f"[{_flag(option['name'])}]" for option in shown
    )


def _flag(name: str) -> str:
    return f"--{_option(name)}"


def _option(name: str) -> str:
    return name.replace("_", "-")


def _is_rule(fault: Mapping[str, Any]) -> bool:
    return "path" in fault


def effect_of(fault: Mapping[str, Any]) -> str:
    """What a fault does, beside its kind."""
    match fault["kind"]:
        case "latency":
            return f"{fault['ms']:g} ms"
        case "error":
            return f"status {fault['status']}"
        case _ if _is_rule(fault):
            return ""
        case _:
            own = {name: value for name, value in fault.items() if name not in _SHARED_COLUMNS}
            return ", ".join(
                f"{_option(name)} {_text(value)}" for name, value in own.items() if value is not None
            )


def span_of(fault: Mapping[str, Any]) -> str:
    """What a fault strikes, or how long it lasts."""
    if _is_rule(fault):
        return f"for {fault['method']} {fault['path']}"
    match fault.get("times"):
        case None:
            return "until it is cleared"
        case 1:
            return "for the next call"
        case times:
            return f"for the next {times} calls"


def _text(value: object) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)


def _cell(value: object) -> str:
    return "" if value is None else str(value)
