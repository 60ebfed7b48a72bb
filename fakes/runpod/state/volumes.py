"""Network volumes of the account: where models and other files are that workers mount."""

import sqlite3
from dataclasses import dataclass

from fakes.kit.store import Store

SCHEMA = """
CREATE TABLE volumes (id TEXT PRIMARY KEY, namespace TEXT, name TEXT, size_gb INTEGER, data_center TEXT)
"""


@dataclass(frozen=True, slots=True)
class Volume:
    """One network volume; there are no files on it."""

    id: str
    namespace: str
    name: str
    size_gb: int = 100
    data_center: str = "EU-RO-1"


class Volumes:
    """All volumes, staging's and production's.

    Args:
        store: Opened with `SCHEMA` among its tables.
    """

    def __init__(self, store: Store) -> None:
        self._store = store

    def put(self, volume: Volume) -> None:
        """Add a volume, or write a known one anew."""
        row = (volume.id, volume.namespace, volume.name, volume.size_gb, volume.data_center)
        self._store.execute("INSERT OR REPLACE INTO volumes VALUES (?, ?, ?, ?, ?)", row)

    def find(self, volume_id: str) -> Volume | None:
        """One volume, or None."""
        row = self._store.one("SELECT * FROM volumes WHERE id = ?", (volume_id,))
        return None if row is None else _volume(row)

    def all(self) -> list[Volume]:
        """All volumes, by id."""
        return [_volume(row) for row in self._store.all("SELECT * FROM volumes ORDER BY id")]


def _volume(row: sqlite3.Row) -> Volume:
    return Volume(**dict(row))
