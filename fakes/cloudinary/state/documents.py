"""Named settings of a cloud (presets, profiles, triggers...), each kind in an order of its own.

What the settings mean is said by the module of each kind; here they are kept as JSON.
"""

import json
import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from fakes.cloudinary import errors
from fakes.cloudinary.state import cursors
from fakes.cloudinary.state.listing import Window
from fakes.kit.store import Store

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

Settings = TypeVar("Settings", bound="DataclassInstance")
SCHEMA = """
CREATE TABLE documents (
    cloud TEXT NOT NULL, kind TEXT NOT NULL, name TEXT NOT NULL, number INTEGER NOT NULL,
    content TEXT NOT NULL, PRIMARY KEY (cloud, kind, name)
);
CREATE INDEX documents_by_number ON documents (cloud, kind, number)
"""
CONTENT_MAX_LENGTH = 100_000
_ONE = "cloud = ? AND kind = ? AND name = ?"


class Documents(Generic[Settings]):
    """The settings of one kind, of all clouds.

    Args:
        store: The fake's store.
        kind: Sets them apart from other kinds.
        make: Makes settings of their fields, given by name.
    """

    def __init__(self, store: Store, kind: str, make: Callable[..., Settings]) -> None:
        self._store = store
        self._kind = kind
        self._make = make

    def find(self, cloud: str, name: str) -> Settings | None:
        """The settings of this name, or None."""
        row = self._store.one(f"SELECT content FROM documents WHERE {_ONE}", (cloud, self._kind, name))  # noqa: S608 - constant text
        return self._read(row) if row else None

    def unused(self, cloud: str, make: Callable[[], str]) -> str:
        """A name that no settings have: ids repeat after a restart or a reset."""
        while self.find(cloud, name := make()) is not None:
            continue
        return name

    def put(self, cloud: str, name: str, settings: Settings) -> None:
        """Add settings after all others of the kind, or replace those of this name where they stand.

        Raises:
            ProviderError: They are too long (400).
        """
        written = json.dumps(asdict(settings))
        if len(written) > CONTENT_MAX_LENGTH:
            raise errors.invalid_request(f"'{name[:100]}' has more than {CONTENT_MAX_LENGTH} characters")
        last = "SELECT ifnull(max(number), 0) + 1 FROM documents WHERE cloud = ? AND kind = ?"
        self._store.execute(
            f"INSERT INTO documents VALUES (?, ?, ?, ({last}), ?)"  # noqa: S608 - constant text
            " ON CONFLICT DO UPDATE SET content = excluded.content",
            (cloud, self._kind, name, cloud, self._kind, written),
        )

    def delete(self, cloud: str, name: str) -> bool:
        """Delete settings; False when there are none of this name."""
        sql = f"DELETE FROM documents WHERE {_ONE}"  # noqa: S608 - constant text
        return self._store.execute(sql, (cloud, self._kind, name)).rowcount > 0

    def all(self, cloud: str) -> list[Settings]:
        """All settings of a cloud in their order; for kinds of which there are few."""
        rows = self._store.all(
            "SELECT content FROM documents WHERE cloud = ? AND kind = ? ORDER BY number", (cloud, self._kind)
        )
        return [self._read(row) for row in rows]

    def names(self, cloud: str) -> list[str]:
        """The names of all settings of a cloud in their order; for kinds of which there are few."""
        rows = self._store.all(
            "SELECT name FROM documents WHERE cloud = ? AND kind = ? ORDER BY number", (cloud, self._kind)
        )
        return [str(row[0]) for row in rows]

    def count(self, cloud: str) -> int:
        """How many there are in a cloud; for kinds of which there are few."""
        row = self._store.one(
            "SELECT count(*) FROM documents WHERE cloud = ? AND kind = ?", (cloud, self._kind)
        )
        return int(row[0]) if row else 0

    def arrange(self, cloud: str, names: Sequence[str]) -> None:
        """Put all settings of a cloud into this order."""
        rows = [(number, cloud, self._kind, name) for number, name in enumerate(names, 1)]
        self._store.execute_many(f"UPDATE documents SET number = ? WHERE {_ONE}", rows)  # noqa: S608 - constant text

    def page(self, cloud: str, window: Window) -> tuple[list[Settings], str | None]:
        """Some settings, the newest first, and the cursor of the next page."""
        before = cursors.after(window.cursor, 1 << 62)
        rows = self._store.all(
            "SELECT content, number FROM documents WHERE cloud = ? AND kind = ? AND number < ?"
            " ORDER BY number DESC LIMIT ?",
            (cloud, self._kind, before, window.limit + 1),
        )
        shown, cursor = cursors.cut(rows, window.limit, "number")
        return [self._read(row) for row in shown], cursor

    def _read(self, row: sqlite3.Row) -> Settings:
        content: dict[str, Any] = json.loads(row["content"])
        return self._make(**content)
