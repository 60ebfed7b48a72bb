"""Named settings of a cloud (presets, profiles, triggers...), each kind in an order of its own.

What the settings mean is said by the module of each kind; here they are kept as JSON.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from fakes.cloudinary import errors
from fakes.cloudinary.state import cursors
from fakes.cloudinary.state.listing import Window
from fakes.kit.store import Store

SCHEMA = """
CREATE TABLE documents (
    cloud TEXT NOT NULL, kind TEXT NOT NULL, name TEXT NOT NULL, number INTEGER NOT NULL,
    content TEXT NOT NULL, PRIMARY KEY (cloud, kind, name)
);
CREATE INDEX documents_by_number ON documents (cloud, kind, number)
"""
CONTENT_MAX_LENGTH = 100_000
_ONE = "cloud = ? AND kind = ? AND name = ?"


class Documents:
    """The settings of one kind, of all clouds.

    Args:
        store: The fake's store.
        kind: Sets them apart from other kinds.
    """

    def __init__(self, store: Store, kind: str) -> None:
        self._store = store
        self._kind = kind

    def find(self, cloud: str, name: str) -> dict[str, Any] | None:
        """The settings of this name, or None."""
        row = self._store.one(f"SELECT content FROM documents WHERE {_ONE}", (cloud, self._kind, name))  # noqa: S608 - constant text
        return json.loads(row[0]) if row else None

    def put(self, cloud: str, name: str, content: Mapping[str, Any]) -> None:
        """Add settings after all others of the kind, or replace those of this name where they stand.

        Raises:
            ProviderError: They are too long (400).
        """
        written = json.dumps(content)
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

    def all(self, cloud: str) -> list[dict[str, Any]]:
        """All settings of a cloud in their order; for kinds of which there are few."""
        rows = self._store.all(
            "SELECT content FROM documents WHERE cloud = ? AND kind = ? ORDER BY number", (cloud, self._kind)
        )
        return [json.loads(row[0]) for row in rows]

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

    def page(self, cloud: str, window: Window) -> tuple[list[dict[str, Any]], str | None]:
        """Some settings, the newest first, and the cursor of the next page."""
        before = cursors.read(window.cursor, (int,))[0] if window.cursor else 1 << 62
        rows = self._store.all(
            "SELECT content, number FROM documents WHERE cloud = ? AND kind = ? AND number < ?"
            " ORDER BY number DESC LIMIT ?",
            (cloud, self._kind, before, window.limit + 1),
        )
        shown = rows[: window.limit]
        cursor = cursors.write(shown[-1]["number"]) if len(rows) > window.limit else None
        return [json.loads(row["content"]) for row in shown], cursor
