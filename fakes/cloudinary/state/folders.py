"""Folders of a cloud: created, listed, moved with all that is in them, and deleted when empty.

Source: cloudinary.com/documentation/admin_api (folders), dynamic folder mode: a folder is where an asset is
placed, and no part of its public id.
"""

import hashlib
import sqlite3
from dataclasses import dataclass

from fakes.cloudinary import errors
from fakes.cloudinary.state.records import LAST
from fakes.kit.store import Store

SCHEMA = """
CREATE TABLE folders (
    cloud TEXT NOT NULL, path TEXT NOT NULL, parent TEXT NOT NULL, external_id TEXT NOT NULL,
    created_at REAL NOT NULL, PRIMARY KEY (cloud, path)
);
CREATE INDEX folders_by_parent ON folders (cloud, parent, path);
CREATE UNIQUE INDEX folders_by_external_id ON folders (external_id);
CREATE INDEX folders_by_age ON folders (cloud, created_at, external_id)
"""
_INSIDE = "cloud = ? AND {0} BETWEEN ? AND ? AND ({0} = ? OR {0} >= ?)"  # one stretch of an index


@dataclass(frozen=True, slots=True)
class Folder:
    """A folder.

    Attributes:
        external_id: Stays when the folder is moved or renamed.
        created_at: Unix seconds.
    """

    path: str
    external_id: str
    created_at: float

    @property
    def name(self) -> str:
        """The last piece of its path."""
        return self.path.rpartition("/")[2]


class Folders:
    """The folders of all clouds.

    Args:
        store: The fake's store.
    """

    def __init__(self, store: Store) -> None:
        self._store = store

    def find(self, cloud: str, path: str) -> Folder | None:
        """The folder with this path, or None."""
        row = self._store.one("SELECT * FROM folders WHERE cloud = ? AND path = ?", (cloud, path))
        return folder_of(row) if row else None

    def get(self, cloud: str, path: str) -> Folder:
        """The folder with this path.

        Raises:
            ProviderError: There is none (404).
        """
        folder = self.find(cloud, path)
        if folder is None:
            raise errors.folder_not_found(path)
        return folder

    def add(self, cloud: str, path: str, created_at: float) -> None:
        """Create a folder and those above it; nothing happens to those that exist."""
        with self._store.transaction():
            while path and self.find(cloud, path) is None:
                parent = path.rpartition("/")[0]
                row = (cloud, path, parent, self._new_id(cloud, path), created_at)
                self._store.execute("INSERT INTO folders VALUES (?, ?, ?, ?, ?)", row)
                path = parent

    def move(self, cloud: str, source: str, target: str, now_s: float) -> int:
        """Give a folder another path, with all folders and assets in it; returns how many assets moved.

        Public ids stay as they are.

        Raises:
            ProviderError: There is no such folder, it would be moved into itself (400), or the target exists
                (409).
        """
        if self.find(cloud, source) is None:
            raise errors.source_folder_not_found()
        if self.find(cloud, target) is not None:
            raise errors.folder_exists(target)
        if f"{target}/".startswith(f"{source}/"):
            raise errors.folder_into_itself(source)
        parent = target.rpartition("/")[0]
        rest = len(source) + 1
        with self._store.transaction():
            self.add(cloud, parent, now_s)
            self._store.execute(
                "UPDATE folders SET path = ? || substr(path, ?),"  # noqa: S608 - constant text
                " parent = CASE path WHEN ? THEN ? ELSE ? || substr(parent, ?) END"
                f" WHERE {_INSIDE.format('path')}",
                (target, rest, source, parent, target, rest, *_inside(cloud, source)),
            )
            moved = self._store.execute(
                "UPDATE assets SET asset_folder = ? || substr(asset_folder, ?)"  # noqa: S608 - constant text
                f" WHERE {_INSIDE.format('asset_folder')}",
                (target, rest, *_inside(cloud, source)),
            )
            return moved.rowcount

    def delete(self, cloud: str, path: str) -> list[str]:
        """Delete a folder and the empty ones in it; returns their paths.

        Raises:
            ProviderError: It is not there (404) or holds assets (400).
        """
        self.get(cloud, path)
        inside = _inside(cloud, path)
        full = self._store.one(f"SELECT 1 FROM assets WHERE {_INSIDE.format('asset_folder')} LIMIT 1", inside)  # noqa: S608 - constant text
        if full is not None:
            raise errors.folder_not_empty()
        rows = self._store.all(
            f"DELETE FROM folders WHERE {_INSIDE.format('path')} RETURNING path",  # noqa: S608 - constant text
            inside,
        )
        return sorted(str(row[0]) for row in rows)

    def _new_id(self, cloud: str, path: str) -> str:
        """Opaque; another one than that of a folder which had this path before and was moved away."""
        attempts = iter(range(1 << 31))

        def make() -> str:
            return hashlib.sha256(f"{cloud}/{path}/{next(attempts)}".encode()).hexdigest()[:34]

        return self._store.unused("folders", "external_id", make)


def folder_of(row: sqlite3.Row) -> Folder:
    """A folder from its row."""
    return Folder(row["path"], row["external_id"], row["created_at"])


def _inside(cloud: str, path: str) -> tuple[str, ...]:
    """Parameters of `_INSIDE`."""
    return cloud, path, f"{path}/{LAST}", path, f"{path}/"
