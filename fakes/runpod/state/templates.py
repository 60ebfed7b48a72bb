"""Templates of the account: what workers are started with."""

import sqlite3

from fakes.kit.ids import Ids
from fakes.kit.store import Store
from fakes.runpod.state.documents import attributes_in, text_of
from fakes.runpod.wire.resources import Template

SCHEMA = """
CREATE TABLE templates (id TEXT PRIMARY KEY, namespace TEXT, name TEXT, document TEXT);
CREATE UNIQUE INDEX templates_name ON templates (namespace, name)
"""


class Templates:
    """All templates, staging's and production's.

    Args:
        store: Opened with `SCHEMA` among its tables.
    """

    def __init__(self, store: Store) -> None:
        self._store = store

    def new_id(self, ids: Ids) -> str:
        """An id that no template has."""
        return self._store.unused("templates", "id", lambda: ids.text(10))

    def put(self, template: Template) -> None:
        """Add a template whose name is free, or write a known one anew."""
        self._store.execute(
            "INSERT INTO templates VALUES (?, ?, ?, ?)"
            " ON CONFLICT (id) DO UPDATE SET name = excluded.name, document = excluded.document",
            (template.id, template.namespace, template.name, text_of(template)),
        )

    def find(self, template_id: str) -> Template | None:
        """One template, or None."""
        row = self._store.one("SELECT document FROM templates WHERE id = ?", (template_id,))
        return None if row is None else _template(row)

    def named(self, namespace: str, name: str) -> Template | None:
        """The template of this name, or None; names are unique within an account."""
        row = self._store.one(
            "SELECT document FROM templates WHERE namespace = ? AND name = ?", (namespace, name)
        )
        return None if row is None else _template(row)

    def of(self, namespace: str) -> list[Template]:
        """The templates of one namespace, by name."""
        rows = self._store.all(
            "SELECT document FROM templates WHERE namespace = ? ORDER BY name", (namespace,)
        )
        return [_template(row) for row in rows]

    def remove(self, template_id: str) -> None:
        """Delete a template."""
        self._store.execute("DELETE FROM templates WHERE id = ?", (template_id,))


def _template(row: sqlite3.Row) -> Template:
    return Template(**attributes_in(row["document"]))
