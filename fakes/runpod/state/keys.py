"""API keys: whose they are, and what they may do on which endpoint.

Source: docs.runpod.io/get-started/api-keys (All, Read Only, Restricted for each endpoint; can be disabled).
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from fakes.kit.store import Store

Access = Literal["none", "read", "write"]

SCHEMA = """
CREATE TABLE keys (key TEXT PRIMARY KEY, namespace TEXT, access TEXT, by_endpoint TEXT, is_disabled INTEGER)
"""


@dataclass(frozen=True, slots=True)
class Key:
    """One API key.

    Attributes:
        access: What it may do on endpoints that `by_endpoint` does not name.
        by_endpoint: What it may do on single endpoints.
        is_disabled: Whether it is refused as if it did not exist.
    """

    namespace: str
    access: Access = "write"
    by_endpoint: Mapping[str, Access] = field(default_factory=dict)
    is_disabled: bool = False

    def may(self, endpoint: str, wanted: Access) -> bool:
        """Whether it may read from an endpoint, or write to it."""
        held = self.by_endpoint.get(endpoint, self.access)
        return held == "write" or held == wanted


class Keys:
    """The keys of the account.

    Args:
        store: Opened with `SCHEMA` among its tables.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._known: dict[bytes, Key] | None = None

    def add(self, given: str, key: Key) -> None:
        """Add a key, or change what it may do."""
        row = (given, key.namespace, key.access, json.dumps(dict(key.by_endpoint)), key.is_disabled)
        self._store.execute("INSERT OR REPLACE INTO keys VALUES (?, ?, ?, ?, ?)", row)
        self.forget()

    def find(self, given: str) -> Key | None:
        """The key that was given; None when there is none, or it is disabled."""
        if self._known is None:
            self._known = {
                _digest(row["key"]): Key(row["namespace"], row["access"], json.loads(row["by_endpoint"]))
                for row in self._store.all("SELECT * FROM keys WHERE NOT is_disabled")
            }
        return self._known.get(_digest(given))

    def forget(self) -> None:
        """The rows have changed: read them again."""
        self._known = None


def _digest(key: str) -> bytes:
    """What keys are found by: the time that takes tells nothing about the keys that there are."""
    return hashlib.sha256(key.encode("utf-8", "replace")).digest()
