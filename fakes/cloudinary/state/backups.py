"""Backed up versions of assets: what can be restored after an overwrite or a deletion."""

import json
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass, replace

from fakes.cloudinary.state.records import Asset, Key, asset_from
from fakes.cloudinary.state.stored import StoredBytes
from fakes.kit.clock import Clock
from fakes.kit.store import Store

SCHEMA = """
CREATE TABLE backups (
    version_id TEXT PRIMARY KEY, asset_id TEXT NOT NULL, cloud TEXT NOT NULL, resource_type TEXT NOT NULL,
    type TEXT NOT NULL, public_id TEXT NOT NULL, sha256 TEXT NOT NULL, saved_at REAL NOT NULL,
    asset TEXT NOT NULL
);
CREATE INDEX backups_by_asset ON backups (asset_id, saved_at);
CREATE INDEX backups_by_public_id ON backups (cloud, resource_type, type, public_id, saved_at);
CREATE INDEX backups_by_sha256 ON backups (sha256)
"""
_LISTED_LIMIT = 500
_BY_KEY = "cloud = ? AND resource_type = ? AND type = ? AND public_id = ?"


@dataclass(frozen=True, slots=True)
class Backup:
    """One backed up version; `asset` is as it was then."""

    asset: Asset
    saved_at: float


class Backups:
    """The backups of all clouds.

    Args:
        store: The fake's store.
        stored: Keeps account of the bytes that the rows name.
        clock: Gives the time of a backup.
    """

    def __init__(self, store: Store, stored: StoredBytes, clock: Clock) -> None:
        self._store = store
        self._stored = stored
        self._clock = clock

    def save(self, asset: Asset) -> None:
        """Keep the present version of an asset."""
        key = asset.key
        content = json.dumps(dict(zip(Asset.__slots__, asset.row(), strict=True)))
        row = (asset.version_id, asset.asset_id, key.cloud, key.resource_type, key.type, key.public_id)
        self._store.execute(
            "INSERT OR REPLACE INTO backups VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (*row, asset.sha256, self._clock.now(), content),
        )

    def of(self, asset_id: str) -> list[Backup]:
        """The versions of an asset, oldest first: the newest 500."""
        rows = self._store.all(
            "SELECT * FROM backups WHERE asset_id = ? ORDER BY saved_at DESC, rowid DESC LIMIT ?",
            (asset_id, _LISTED_LIMIT),
        )
        return [Backup(_backed_up(row), row["saved_at"]) for row in reversed(rows)]

    def has(self, asset_id: str) -> bool:
        """Whether an asset has a backup."""
        return self._store.one("SELECT 1 FROM backups WHERE asset_id = ?", (asset_id,)) is not None

    def newest(self, key: Key) -> Asset | None:
        """The newest backed up version of a name, whether the asset still exists or not."""
        where = (key.cloud, key.resource_type, key.type, key.public_id)
        return self._asset(f"{_BY_KEY} ORDER BY saved_at DESC, rowid DESC LIMIT 1", where)

    def newest_by_id(self, cloud: str, asset_id: str) -> Asset | None:
        """The newest backed up version of an asset id."""
        where = "cloud = ? AND asset_id = ? ORDER BY saved_at DESC, rowid DESC LIMIT 1"
        return self._asset(where, (cloud, asset_id))

    def version(self, cloud: str, version_id: str) -> Asset | None:
        """A backed up version, or None."""
        return self._asset("cloud = ? AND version_id = ?", (cloud, version_id))

    def delete(self, cloud: str, asset_id: str, version_id: str) -> bool:
        """Delete a version of an asset; False when there is none."""
        where = "cloud = ? AND asset_id = ? AND version_id = ?"
        sql = f"DELETE FROM backups WHERE {where} RETURNING sha256"  # noqa: S608 - constant text
        with self._store.transaction():
            gone = self._store.all(sql, (cloud, asset_id, version_id))
            self._stored.loosen(row["sha256"] for row in gone)
        return bool(gone)

    def _asset(self, where: str, params: Sequence[str]) -> Asset | None:
        row = self._store.one(f"SELECT * FROM backups WHERE {where}", params)  # noqa: S608 - constant text
        return _backed_up(row) if row else None


def _backed_up(row: sqlite3.Row) -> Asset:
    """The asset as it was, under the name that it has by now."""
    asset = asset_from(json.loads(row["asset"]))
    return replace(asset, type=row["type"], public_id=row["public_id"])
