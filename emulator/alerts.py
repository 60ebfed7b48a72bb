"""What on a running stack needs somebody's eyes: attempts to reach production, as the fakes recorded them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from emulator.control import ask
from emulator.errors import EmulatorError

_WITHIN_S = 1.0


@dataclass(frozen=True, slots=True)
class Alert:
    """One thing to look at.

    Attributes:
        kind: `isolation`: staging reached for what is production's, and was refused.
        fake: Where.
        count: How often since the last reset.
        last: What it was the last time.
    """

    kind: str
    fake: str
    count: int
    last: str

    def public(self) -> dict[str, Any]:
        """Return the alert as plain values."""
        return asdict(self)


def alerts(fakes: Mapping[str, int]) -> tuple[Alert, ...]:
    """Return the alerts of fakes given as name -> port; one that does not answer has none to tell."""
    found: list[Alert] = []
    for fake, port in fakes.items():
        try:
            alert = _of(fake, port)
        except EmulatorError:
            return tuple(found)  # they are one process: its health says the rest
        if alert is not None:
            found.append(alert)
    return tuple(found)


def _of(fake: str, port: int) -> Alert | None:
    count = ask(fake, port, "GET", "state", within_s=_WITHIN_S).get("violations")
    if not count:
        return None  # so is what a program tells that somebody runs in the fakes' place
    newest = ask(fake, port, "GET", "requests?violations=1&limit=1", within_s=_WITHIN_S)["requests"]
    return Alert("isolation", fake, count, newest[-1]["violation"] if newest else "")
