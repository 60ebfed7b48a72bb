"""`fault`: puts fault rules into the fakes of a running stack, lists and clears them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from http.client import HTTPConnection, HTTPException
from typing import Any

from emulator.errors import CheckFailed, ConfigurationRefused
from emulator.stack import Stack

_WITHIN_S = 5.0


def fakes(stack: Stack) -> tuple[str, ...]:
    """Return the names of the stack's fakes."""
    record = next(service for service in stack.record.services if "cloudinary" in service.ports)
    return tuple(record.ports)


def listed(stack: Stack) -> list[dict[str, Any]]:
    """Return every rule of every fake, each with the fake's name."""
    return [{"fake": name, **rule} for name in fakes(stack) for rule in _call(stack, name, "GET")["faults"]]


def add(stack: Stack, fake: str, rule: Mapping[str, Any]) -> dict[str, Any]:
    """Add one rule and return it as the fake took it.

    Raises:
        ConfigurationRefused: There is no such fake, or it does not take the rule.
    """
    return {"fake": fake, **_call(stack, known(stack, fake), "PUT", rule)}


def clear(stack: Stack, fake: str | None) -> tuple[str, ...]:
    """Remove all rules of one fake, or of all; return the fakes' names."""
    names = (known(stack, fake),) if fake else fakes(stack)
    for name in names:
        _call(stack, name, "DELETE")
    return names


def known(stack: Stack, fake: str) -> str:
    """Return the name if there is such a fake.

    Raises:
        ConfigurationRefused: There is none.
    """
    names = fakes(stack)
    if fake in names:
        return fake
    raise ConfigurationRefused(f"there is no fake '{fake}'", f"fakes: {', '.join(names)}")


def _call(stack: Stack, fake: str, method: str, body: Mapping[str, Any] | None = None) -> dict[str, Any]:
    connection = HTTPConnection("127.0.0.1", stack.ports[fake], timeout=_WITHIN_S)
    try:
        connection.request(method, "/_fake/faults", None if body is None else json.dumps(body))
        answer = connection.getresponse()
        found = json.loads(answer.read() or b"{}")
    except (OSError, HTTPException, ValueError) as error:
        raise CheckFailed(f"fake '{fake}' does not answer: {error}", "see: clipnet-emulate status") from error
    finally:
        connection.close()
    if answer.status >= 400:
        raise ConfigurationRefused(f"fake '{fake}' refused it: {found.get('error', found)}")
    return dict(found)
