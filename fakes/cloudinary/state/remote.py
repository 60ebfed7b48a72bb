"""Which local files stand for remote ones, so that what is fetched by its address can be had offline."""

import re
from collections.abc import Mapping
from pathlib import Path

from fakes.kit.store import Store

SCHEMA = "CREATE TABLE remote (url TEXT PRIMARY KEY, source TEXT NOT NULL)"
_ADDRESS = re.compile("[0-9a-f]{64}")


class RemoteMap:
    """The remote files of a seed document.

    Args:
        store: The fake's store.
    """

    def __init__(self, store: Store) -> None:
        self._store = store

    def load(self, entries: Mapping[str, object]) -> set[str]:
        """Add files by their addresses; returns the SHA-256 of those that are stored bytes.

        Args:
            entries: For each address the path of a local file, or the SHA-256 of stored bytes.

        Raises:
            ValueError: An address is none, or a file is not there.
        """
        rows, addresses = [], set()
        for url, source in entries.items():
            given = f"remote[{url!r}] is {source!r}"
            if "://" not in url or not isinstance(source, str):
                raise ValueError(f"{given}; it must be an address with a file or a SHA-256")
            if is_address(source):
                addresses.add(source)
            elif not Path(source).is_absolute() or not Path(source).is_file():
                raise ValueError(f"{given}; there is no such file (give its absolute path)")
            rows.append((url, source))
        self._store.execute_many("INSERT OR REPLACE INTO remote VALUES (?, ?)", rows)
        return addresses

    def find(self, url: str) -> str | None:
        """The path or the SHA-256 that stands for an address, or None."""
        row = self._store.one("SELECT source FROM remote WHERE url = ?", (url,))
        return str(row["source"]) if row else None


def is_address(source: str) -> bool:
    """Whether a source is the SHA-256 of stored bytes, not a path."""
    return _ADDRESS.fullmatch(source) is not None
