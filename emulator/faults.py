"""`fault`: says which kinds there are; puts faults into the fakes of a stack, lists and clears them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from emulator.control import ask
from emulator.errors import ConfigurationRefused

if TYPE_CHECKING:
    from emulator.stack import Stack


def kinds(fake: str | None = None) -> list[dict[str, Any]]:
    """Return the kinds of one fake, or of all; `fake` is None in those that every fake has.

    Raises:
        ConfigurationRefused: There is no such fake.
    """
    from importlib import import_module

    from fakes import FAKES
    from fakes.kit.kinds import RULE_KINDS

    if fake is not None and fake not in FAKES:
        raise _no_fake(fake, FAKES)
    found = [{"fake": None, **asdict(kind)} for kind in RULE_KINDS]
    for name in (fake,) if fake else FAKES:
        own = import_module(f"fakes.{name}").FAKE.conditions
        found += [{"fake": name, **asdict(kind)} for kind in own]
    return found


def options() -> dict[str, tuple[str, str]]:
    """Return what each option accepts, and what it means for each kind that takes it."""
    from fakes.kit.kinds import RULE_OPTIONS

    shared = {option.name for option in RULE_OPTIONS}
    found: dict[str, tuple[str, dict[str, None]]] = {}
    for kind in kinds():
        for option in kind["options"]:
            meanings = found.setdefault(option["name"], (option["accepts"], {}))[1]
            prefix = "" if option["name"] in shared else f"{kind['name']}: "
            meanings[f"{prefix}{_meaning(option)}"] = None
    return {name: (accepts, f"{'; '.join(meanings)}.") for name, (accepts, meanings) in found.items()}


def _meaning(option: Mapping[str, Any]) -> str:
    is_number = option["highest"] > option["lowest"]
    facts = [f"{option['lowest']:.7g} to {option['highest']:.7g}"] if is_number else []
    if option["is_required"]:
        facts.append("needed")
    elif option["default"] is not None:
        facts.append(f"default {option['default']}")
    return f"{option['what']} ({', '.join(facts)})" if facts else str(option["what"])


def fakes(stack: Stack) -> tuple[str, ...]:
    """Return the names of the stack's fakes."""
    record = next(service for service in stack.record.services if "cloudinary" in service.ports)
    return tuple(record.ports)


def listed(stack: Stack) -> list[dict[str, Any]]:
    """Return every fault of every fake, each with the fake's name."""
    return [{"fake": name, **fault} for name in fakes(stack) for fault in _call(stack, name, "GET")["faults"]]


def add(stack: Stack, fake: str, fault: Mapping[str, Any]) -> dict[str, Any]:
    """Add one fault and return it as the fake took it.

    Raises:
        ConfigurationRefused: There is no such fake, or it does not take the fault.
    """
    hint = f"see: clipnet-emulate fault kinds {fake}"
    return {"fake": fake, **_call(stack, known(stack, fake), "PUT", fault, hint=hint)}


def clear(stack: Stack, fake: str | None, fault_id: str | None = None) -> tuple[str, ...]:
    """Remove one fault of a fake, all of it, or all of all fakes; return the fakes' names.

    Raises:
        ConfigurationRefused: There is no such fake, or no such fault on it.
    """
    names = (known(stack, fake),) if fake else fakes(stack)
    for name in names:
        query = f"?id={quote(fault_id, safe='')}" if fault_id else ""
        _call(stack, name, "DELETE", query=query, hint="see: clipnet-emulate fault list")
    return names


def known(stack: Stack, fake: str) -> str:
    """Return the name if there is such a fake.

    Raises:
        ConfigurationRefused: There is none.
    """
    names = fakes(stack)
    if fake in names:
        return fake
    raise _no_fake(fake, names)


def _no_fake(name: str, names: tuple[str, ...]) -> ConfigurationRefused:
    return ConfigurationRefused(f"there is no fake '{name}'", f"fakes: {', '.join(names)}")


def _call(
    stack: Stack,
    fake: str,
    method: str,
    body: Mapping[str, Any] | None = None,
    *,
    query: str = "",
    hint: str = "",
) -> dict[str, Any]:
    return ask(fake, stack.ports[fake], method, f"faults{query}", body, hint=hint)
