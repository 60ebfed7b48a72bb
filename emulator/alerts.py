"""What on a running stack needs somebody's eyes: attempts to reach production, releases that differ."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from emulator.control import ask
from emulator.errors import EmulatorError
from emulator.versions import Addresses, mismatch
from emulator.versions import ask as ask_versions

_WITHIN_S = 1.0


@dataclass(frozen=True, slots=True)
class Alert:
    """One thing to look at.

    Attributes:
        kind: `isolation`: staging reached for what is production's, and was refused; `version`: API, frontend
            and worker are not of one release.
        fake: Where, of `isolation`.
        count: How often since the last reset; 1 of what is so now.
        last: What it was the last time, or is.
    """

    kind: str
    fake: str | None
    count: int
    last: str

    def text(self) -> str:
        """Return the alert as a sentence."""
        if self.kind == "version":
            return f"the releases do not match: {self.last}"
        times = "once" if self.count == 1 else f"{self.count} times"
        return f"{self.fake} refused {times} what would reach production: {self.last}"

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


def version_alerts(addresses: Addresses | None) -> tuple[Alert, ...]:
    """Return the alert of services that say to be of different releases; who does not answer has no say."""
    words = None if addresses is None else mismatch(ask_versions(addresses))
    return () if words is None else (Alert("version", None, 1, words),)


def _of(fake: str, port: int) -> Alert | None:
    count = ask(fake, port, "GET", "state", within_s=_WITHIN_S).get("violations")
    if not count:
        return None  # so is what a program tells that somebody runs in the fakes' place
    newest = ask(fake, port, "GET", "requests?violations=1&limit=1", within_s=_WITHIN_S)["requests"]
    return Alert("isolation", fake, count, newest[-1]["violation"] if newest else "")
