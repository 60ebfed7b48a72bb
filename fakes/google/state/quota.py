"""The project's daily quota: three buckets that start again at midnight Pacific time."""

from collections.abc import Mapping
from typing import Any

from fakes.google import errors
from fakes.kit.clock import Clock
from fakes.kit.store import Store

SCHEMA = """
CREATE TABLE quota_limits (bucket TEXT PRIMARY KEY, units INTEGER NOT NULL);
CREATE TABLE quota_used (
    day INTEGER NOT NULL, bucket TEXT NOT NULL, units INTEGER NOT NULL, PRIMARY KEY (day, bucket)
);
"""
MODELS = {"buckets": 0, "units1600": 1600}
"""What an insert costs in `units`: nothing, because it has a bucket of its own (since 2026), or 1600."""
LIMITS = {"inserts": 100, "searches": 100, "units": 10_000}
_PACIFIC_S = -8 * 3600  # standard time all year: an hour off in summer


class Quota:
    """Counts what the project spent today (developers.google.com/youtube/v3/determine_quota_cost)."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    def populate(self) -> None:
        """Set the limits that a new project has."""
        self._store.execute_many("INSERT INTO quota_limits VALUES (?, ?)", list(LIMITS.items()))

    def load(self, document: Mapping[str, Any]) -> None:
        """Set limits from `{"quota": {"inserts": 2, "units": 100, "model": "units1600"}}` of a seed document.

        Raises:
            ValueError: No such bucket or model, or not a whole number.
        """
        quota = document.get("quota") or {}
        if not isinstance(quota, dict):
            raise ValueError("quota must be an object")
        for bucket, units in quota.items():
            if bucket == "model":
                self._set_model(units)
                continue
            if bucket not in LIMITS or not isinstance(units, int):
                raise ValueError(f"quota.{bucket} is '{units}'; buckets with a whole number: {list(LIMITS)}")
            self._store.execute("UPDATE quota_limits SET units = ? WHERE bucket = ?", (units, bucket))

    def spend_insert(self) -> None:
        """Pay for videos.insert.

        Raises:
            ProviderError: Nothing is left today (403 quotaExceeded).
        """
        row = self._store.one("SELECT units FROM quota_limits WHERE bucket = 'insert_units'")
        if row and row["units"]:
            self.spend("units", row["units"])
        else:
            self.spend("inserts", 1)

    def spend(self, bucket: str, units: int) -> None:
        """Take units out of a bucket.

        Raises:
            ProviderError: The bucket has not that many left today (403 quotaExceeded).
        """
        if self.used(bucket) + units > self._limit(bucket):
            raise errors.quota_exceeded()
        self._store.execute(
            "INSERT INTO quota_used VALUES (?, ?, ?)"
            " ON CONFLICT DO UPDATE SET units = units + excluded.units",
            (self._day, bucket, units),
        )

    def used(self, bucket: str) -> int:
        """Units spent today."""
        row = self._store.one(
            "SELECT units FROM quota_used WHERE day = ? AND bucket = ?", (self._day, bucket)
        )
        return row["units"] if row else 0

    def summary(self) -> dict[str, str]:
        """Spent and allowed today, by bucket."""
        return {bucket: f"{self.used(bucket)}/{self._limit(bucket)}" for bucket in LIMITS}

    def _set_model(self, name: object) -> None:
        if name not in MODELS:
            raise ValueError(f"quota.model is {name!r}; models: {', '.join(MODELS)}")
        self._store.execute(
            "INSERT OR REPLACE INTO quota_limits VALUES ('insert_units', ?)", (MODELS[str(name)],)
        )

    @property
    def _day(self) -> int:
        return int((self._clock.now() + _PACIFIC_S) // 86_400)

    def _limit(self, bucket: str) -> int:
        row = self._store.one("SELECT units FROM quota_limits WHERE bucket = ?", (bucket,))
        return row["units"] if row else LIMITS[bucket]
