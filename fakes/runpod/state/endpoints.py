"""The endpoints of the account: which namespace and model each has, and how it scales."""

import sqlite3
from collections.abc import Sequence
from typing import Any

from fakes.kit.ids import Ids
from fakes.kit.store import Store
from fakes.runpod.state.records import Hosted
from fakes.runpod.wire.resources import Scaling

MODELS = ("whisper", "blip", "motion", "clip")

SCHEMA = """
CREATE TABLE endpoints (id TEXT PRIMARY KEY, namespace TEXT, model TEXT, is_attached INTEGER DEFAULT 0,
    workers_min INTEGER, workers_max INTEGER, idle_timeout_s REAL, scaler_type TEXT, scaler_value INTEGER,
    execution_timeout_ms INTEGER, flashboot INTEGER,
    completed INTEGER DEFAULT 0, failed INTEGER DEFAULT 0, retried INTEGER DEFAULT 0)
"""


class Endpoints:
    """All endpoints, staging's and production's.

    Args:
        store: Opened with `SCHEMA` among its tables.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._known: dict[str, Hosted] = {}

    def add(self, hosted: Hosted) -> None:
        """Add an endpoint whose id is free."""
        scaling = hosted.scaling
        self._write(
            "INSERT INTO endpoints VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0, 0, 0)",
            (
                hosted.id, hosted.namespace, hosted.model, hosted.is_attached, scaling.workers_min,
                scaling.workers_max, scaling.idle_timeout_s, scaling.scaler_type, scaling.scaler_value,
                scaling.execution_timeout_ms, scaling.flashboot,
            ),
        )  # fmt: skip

    def find(self, endpoint: str) -> Hosted | None:
        """One endpoint, or None."""
        if endpoint not in self._known:
            row = self._store.one("SELECT * FROM endpoints WHERE id = ?", (endpoint,))
            if row is None:
                return None
            self._known[endpoint] = _hosted(row)
        return self._known[endpoint]

    def all(self) -> list[Hosted]:
        """All endpoints, by id."""
        return [_hosted(row) for row in self._store.all("SELECT * FROM endpoints ORDER BY id")]

    def always_on(self) -> list[Hosted]:
        """Endpoints that want workers even without jobs."""
        rows = self._store.all("SELECT * FROM endpoints WHERE workers_min > 0 ORDER BY id")
        return [_hosted(row) for row in rows]

    def new_id(self, namespace: str, ids: Ids) -> str:
        """An id that no endpoint has; unlike the service's it begins with the namespace."""
        return self._store.unused("endpoints", "id", lambda: f"{namespace}-{ids.text(14)}")

    def workers_max(self, namespace: str) -> int:
        """How many workers all endpoints of a namespace may have together."""
        row = self._store.one(
            "SELECT coalesce(sum(workers_max), 0) FROM endpoints WHERE namespace = ?", (namespace,)
        )
        assert row is not None
        return int(row[0])

    def scale(self, endpoint: str, scaling: Scaling) -> None:
        """Let an endpoint scale differently from now on."""
        self._write(
            "UPDATE endpoints SET workers_min = ?, workers_max = ?, idle_timeout_s = ?, scaler_type = ?,"
            " scaler_value = ?, execution_timeout_ms = ?, flashboot = ? WHERE id = ?",
            (
                scaling.workers_min, scaling.workers_max, scaling.idle_timeout_s, scaling.scaler_type,
                scaling.scaler_value, scaling.execution_timeout_ms, scaling.flashboot, endpoint,
            ),
        )  # fmt: skip

    def serve(self, endpoint: str, model: str | None) -> None:
        """Put another built-in model behind an endpoint, or none."""
        self._write("UPDATE endpoints SET model = ? WHERE id = ?", (model, endpoint))

    def attach(self, endpoint: str, *, is_attached: bool) -> None:
        """Let an endpoint's jobs wait for attached workers, or give them to its built-in model again."""
        self._write("UPDATE endpoints SET is_attached = ? WHERE id = ?", (is_attached, endpoint))

    def remove(self, endpoint: str) -> None:
        """Delete an endpoint."""
        self._write("DELETE FROM endpoints WHERE id = ?", (endpoint,))

    def forget(self) -> None:
        """The rows have changed: read them again."""
        self._known.clear()

    def _write(self, sql: str, params: Sequence[Any]) -> None:
        self._store.execute(sql, params)
        self.forget()


def _hosted(row: sqlite3.Row) -> Hosted:
    return Hosted(
        id=row["id"],
        namespace=row["namespace"],
        model=row["model"],
        is_attached=bool(row["is_attached"]),
        scaling=Scaling(
            workers_min=row["workers_min"],
            workers_max=row["workers_max"],
            idle_timeout_s=row["idle_timeout_s"],
            scaler_type=row["scaler_type"],
            scaler_value=row["scaler_value"],
            execution_timeout_ms=row["execution_timeout_ms"],
            flashboot=bool(row["flashboot"]),
        ),
    )
