"""Addresses that the application gave for events, and where on this stack they are really called."""

from collections.abc import Mapping
from urllib.parse import urlsplit

from fakes.kit.kit import Kit

SCHEMA = "CREATE TABLE callbacks (prefix TEXT PRIMARY KEY, target TEXT NOT NULL)"
API = "{api}"
"""Stands for the application's origin in stored addresses: the next run may have another port."""


class Callbacks:
    """Where events go.

    Args:
        kit: Settings, and the store, opened with `SCHEMA` among its tables.
    """

    def __init__(self, kit: Kit) -> None:
        self._store = kit.store
        self._settings = kit.settings

    def load(self, targets: Mapping[str, str]) -> None:
        """Send what goes to addresses with these prefixes elsewhere: `{"https://a.test": local origin}`."""
        self._store.execute_many("INSERT INTO callbacks VALUES (?, ?)", list(targets.items()))

    def accepts(self, url: str, *ports: int | None) -> bool:
        """Whether an address may be given: on this stack, or https on one of these ports (None: unsaid)."""
        try:
            parts = urlsplit(url)
            is_public = parts.scheme == "https" and parts.port in ports
        except ValueError:
            return False
        return is_public or parts.hostname in self._settings.callback_hosts

    def address(self, stored: str) -> str:
        """A stored address as the application knows it."""
        return stored.replace(API, self._settings.api_url)

    def target(self, url: str) -> str:
        """Where an address is really called."""
        for row in self._store.all("SELECT * FROM callbacks"):
            if url.startswith(row["prefix"]):
                return str(row["target"]) + url.removeprefix(row["prefix"])
        return url
