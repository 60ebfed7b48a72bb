"""What a seed document may set about how Spaces are built and started."""

import json
from collections.abc import Mapping
from typing import Any

from fakes.kit.kit import Timing
from fakes.kit.store import Store

SCHEMA = """
CREATE TABLE settings (key TEXT PRIMARY KEY, value TEXT NOT NULL);
"""
OUTCOMES = ("RUNNING", "BUILD_ERROR", "RUNTIME_ERROR")
NAMES = ("build_s", "start_s", "outcome")
_WAITS: Mapping[Timing, Mapping[str, float]] = {
    "instant": {"build_s": 0.0, "start_s": 0.0},
    "realistic": {"build_s": 45.0, "start_s": 8.0},
}
"""Seconds that a build and a start take without a deployment agent."""


class Settings:
    """Each has a default, which for waits depends on the timing."""

    def __init__(self, store: Store, timing: Timing) -> None:
        self._store = store
        self._waits = _WAITS[timing]

    def load(self, document: Mapping[str, Any]) -> None:
        """Read those that a seed document names.

        Raises:
            ValueError: A value is not usable.
        """
        for name in self._waits:
            seconds = document.get(name, 0.0)
            if isinstance(seconds, bool) or not isinstance(seconds, int | float) or seconds < 0:
                raise ValueError(f"{name} is {seconds!r}; it must be a number of seconds")
        outcome = document.get("outcome", OUTCOMES[0])
        if outcome not in OUTCOMES:
            raise ValueError(f"outcome is {outcome!r}; known are {', '.join(OUTCOMES)}")
        for name in NAMES:
            if name in document:
                self._store.execute("INSERT INTO settings VALUES (?, ?)", (name, json.dumps(document[name])))

    def wait_s(self, name: str) -> float:
        """Seconds that `build_s` or `start_s` stands for."""
        return float(self._value(name, self._waits[name]))

    @property
    def outcome(self) -> str:
        """How deployments end."""
        return str(self._value("outcome", OUTCOMES[0]))

    def _value(self, name: str, default: Any) -> Any:
        row = self._store.one("SELECT value FROM settings WHERE key = ?", (name,))
        return default if row is None else json.loads(row["value"])
