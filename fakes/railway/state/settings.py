"""What a seed document says of how the fake behaves."""

import json
from collections.abc import Mapping
from typing import Any

from fakes.kit.kit import Kit
from fakes.railway.state.lifecycle import OUTCOMES

SCHEMA = "CREATE TABLE settings (name TEXT PRIMARY KEY, value TEXT NOT NULL)"
DEFAULTS: Mapping[str, Any] = {
    "outcomes": {},
    "only_known_commits": False,
    "image_retention_s": 432_000,
}
"""Images are kept for five days on the Pro plan (docs.railway.com: Image Retention Policy)."""


class Settings:
    """Settings in the store.

    Args:
        kit: The store.
    """

    def __init__(self, kit: Kit) -> None:
        self._kit = kit

    def get(self, name: str) -> Any:
        """One setting."""
        row = self._kit.store.one("SELECT value FROM settings WHERE name = ?", (name,))
        return json.loads(row["value"]) if row else DEFAULTS[name]

    def outcome_of(self, service_name: str) -> str:
        """Where deployments of a service lead."""
        return str(self.get("outcomes").get(service_name, "SUCCESS"))

    def load(self, document: Mapping[str, Any]) -> None:
        """Take the settings of a seed document.

        Raises:
            ValueError: One has a bad value.
        """
        outcomes = document.get("outcomes") or {}
        if not isinstance(outcomes, dict) or not set(outcomes.values()) <= set(OUTCOMES):
            raise ValueError(f"outcomes must name {', '.join(OUTCOMES)} for each service; it is {outcomes!r}")
        known_only = document.get("only_known_commits", False)
        if not isinstance(known_only, bool):
            raise ValueError(f"only_known_commits is {known_only!r}; it must be true or false")
        kept_s = document.get("image_retention_s", 0)
        if isinstance(kept_s, bool) or not isinstance(kept_s, int | float) or kept_s < 0:
            raise ValueError(f"image_retention_s is {kept_s!r}; it must be a number of seconds")
        rows = [(name, json.dumps(document[name])) for name in DEFAULTS if name in document]
        self._kit.store.execute_many("INSERT INTO settings VALUES (?, ?)", rows)
