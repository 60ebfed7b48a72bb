"""API keys: whose they are, and what they may do on which endpoint.

Source: docs.runpod.io/get-started/api-keys (All, Restricted for each endpoint, Read Only).
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from fakes.kit.credentials import is_same
from fakes.kit.store import Store

Access = Literal["none", "read", "write"]

SCHEMA = "CREATE TABLE keys (key TEXT PRIMARY KEY, namespace TEXT, access TEXT, by_endpoint TEXT)"


@dataclass(frozen=True, slots=True)
class Key:
    """One API key.

    Attributes:
        access: What it may do on endpoints that `by_endpoint` does not name.
        by_endpoint: What it may do on single endpoints.
    """

    namespace: str
    access: Access
    by_endpoint: Mapping[str, Access]

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

    def add(self, key: str, namespace: str, access: Access, by_endpoint: Mapping[str, Access]) -> None:
        """Add a key, or change what it may do."""
        row = (key, namespace, access, json.dumps(dict(by_endpoint)))
        self._store.execute("INSERT OR REPLACE INTO keys VALUES (?, ?, ?, ?)", row)

    def find(self, given: str) -> Key | None:
        """The key that was given, or None; takes as long for a wrong one as for a right one."""
        found = [row for row in self._store.all("SELECT * FROM keys") if is_same(given, row["key"])]
        if not found:
            return None
        row = found[0]
        return Key(row["namespace"], row["access"], json.loads(row["by_endpoint"]))
