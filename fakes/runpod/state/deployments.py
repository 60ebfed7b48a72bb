"""What the management API knows of the endpoints: names, templates, hardware, versions."""

import sqlite3

from fakes.kit.store import Store
from fakes.runpod.state.documents import attributes_in, text_of
from fakes.runpod.wire.resources import Deployment

SCHEMA = """
CREATE TABLE deployments (endpoint TEXT PRIMARY KEY, namespace TEXT, template_id TEXT, created_s REAL,
    version INTEGER, document TEXT);
CREATE INDEX deployments_template ON deployments (template_id);
CREATE INDEX deployments_namespace ON deployments (namespace, created_s)
"""


class Deployments:
    """One row for each endpoint.

    Args:
        store: Opened with `SCHEMA` and the endpoints' tables.
    """

    def __init__(self, store: Store) -> None:
        self._store = store

    def put(self, deployment: Deployment, namespace: str) -> None:
        """Add an endpoint's row, or write a known one anew."""
        self._store.execute(
            "INSERT OR REPLACE INTO deployments VALUES (?, ?, ?, ?, ?, ?)",
            (
                deployment.id, namespace, deployment.template_id, deployment.created_s,
                deployment.version, text_of(deployment),
            ),
        )  # fmt: skip

    def get(self, endpoint: str) -> Deployment:
        """The row of an endpoint that there is."""
        row = self._store.one("SELECT document FROM deployments WHERE endpoint = ?", (endpoint,))
        assert row is not None
        return _deployment(row)

    def version(self, endpoint: str) -> int:
        """The present version of an endpoint; 0 for one that nobody manages."""
        row = self._store.one("SELECT version FROM deployments WHERE endpoint = ?", (endpoint,))
        return int(row["version"]) if row is not None else 0

    def of(self, namespace: str) -> list[Deployment]:
        """The endpoints of one namespace, the oldest first."""
        rows = self._store.all(
            "SELECT document FROM deployments WHERE namespace = ? ORDER BY created_s, endpoint", (namespace,)
        )
        return [_deployment(row) for row in rows]

    def bound_to(self, template_id: str) -> list[Deployment]:
        """The endpoints whose workers are started from a template."""
        rows = self._store.all(
            "SELECT document FROM deployments WHERE template_id = ? ORDER BY endpoint", (template_id,)
        )
        return [_deployment(row) for row in rows]

    def remove(self, endpoint: str) -> None:
        """Delete an endpoint's row."""
        self._store.execute("DELETE FROM deployments WHERE endpoint = ?", (endpoint,))


def _deployment(row: sqlite3.Row) -> Deployment:
    return Deployment(**attributes_in(row["document"]))
