"""What a cloud has used, by day: deliveries, their bytes, transformations; and what it stores."""

from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from fakes.kit.clock import Clock
from fakes.kit.store import Store

SCHEMA = """
CREATE TABLE usage (
    cloud TEXT NOT NULL, day TEXT NOT NULL, what TEXT NOT NULL, amount INTEGER NOT NULL,
    PRIMARY KEY (cloud, day, what)
)
"""
PERIOD_DAYS = 30
_PENDING_LIMIT = 500
_BANDWIDTH, _REQUESTS, _TRANSFORMATIONS = "bandwidth", "requests", "transformations"


@dataclass(frozen=True, slots=True)
class Amounts:
    """What was used in a period, and what was stored at its end."""

    bandwidth_bytes: int
    requests: int
    transformations: int
    resources: int
    derived_resources: int
    storage_bytes: int


class Calls:
    """Counts calls of the Admin API, hour by hour; in memory, so that a restart begins anew.

    Args:
        clock: Says which hour it is.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._hour = 0
        self._counts: Counter[str] = Counter()

    def count(self, cloud: str) -> tuple[int, float]:
        """Count a call; returns how many there were in this hour, and when the next one begins (unix s)."""
        hour = int(self._clock.now() // 3600)
        if hour != self._hour:
            self._hour = hour
            self._counts.clear()
        self._counts[cloud] += 1
        return self._counts[cloud], (hour + 1) * 3600.0

    def forget(self) -> None:
        """Start again."""
        self._counts.clear()


class Usage:
    """Counts in memory and writes down now and then: a delivery costs no write.

    A process that is killed takes what it has not written down along: 500 counts at most.

    Args:
        store: The fake's store.
        clock: Says which day it is.
    """

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._pending: Counter[tuple[str, str, str]] = Counter()
        self._events = 0

    def delivered(self, cloud: str, size_bytes: int) -> None:
        """Count a delivery."""
        self._add(cloud, _REQUESTS, 1)
        self._add(cloud, _BANDWIDTH, size_bytes)

    def transformed(self, cloud: str) -> None:
        """Count a derived asset that was made."""
        self._add(cloud, _TRANSFORMATIONS, 1)

    def of_day(self, cloud: str, day: datetime) -> Amounts:
        """What was used on one day."""
        return self._amounts(cloud, day, day)

    def of_period(self, cloud: str) -> Amounts:
        """What was used in the last 30 days."""
        today = datetime.fromtimestamp(self._clock.now(), UTC)
        return self._amounts(cloud, today - timedelta(days=PERIOD_DAYS), today)

    def write_down(self) -> None:
        """Keep what was counted since the last call."""
        rows = [(*key, amount) for key, amount in self._pending.items()]
        self.forget()
        self._store.execute_many(
            "INSERT INTO usage VALUES (?, ?, ?, ?)"
            " ON CONFLICT DO UPDATE SET amount = amount + excluded.amount",
            rows,
        )

    def forget(self) -> None:
        """Drop what was counted and not kept yet."""
        self._pending.clear()
        self._events = 0

    def _add(self, cloud: str, what: str, amount: int) -> None:
        day = datetime.fromtimestamp(self._clock.now(), UTC).date().isoformat()
        self._pending[cloud, day, what] += amount
        self._events += 1
        if self._events >= _PENDING_LIMIT:
            self.write_down()

    def _amounts(self, cloud: str, first: datetime, last: datetime) -> Amounts:
        self.write_down()
        days = (cloud, first.date().isoformat(), last.date().isoformat())
        sql = "SELECT what, sum(amount) FROM usage WHERE cloud = ? AND day BETWEEN ? AND ? GROUP BY what"
        used = {str(what): int(amount) for what, amount in self._store.all(sql, days)}
        end_s = datetime.combine(last.date() + timedelta(days=1), datetime.min.time(), UTC).timestamp()
        assets = self._store.one(
            "SELECT count(*), total(bytes) FROM assets WHERE cloud = ? AND created_at < ?", (cloud, end_s)
        )
        made = self._store.one(
            "SELECT count(*), total(derived.bytes) FROM derived JOIN assets USING (asset_id)"
            " WHERE cloud = ? AND derived.created_at < ?",
            (cloud, end_s),
        )
        assert assets is not None
        assert made is not None
        return Amounts(
            bandwidth_bytes=used.get(_BANDWIDTH, 0),
            requests=used.get(_REQUESTS, 0),
            transformations=used.get(_TRANSFORMATIONS, 0),
            resources=int(assets[0]),
            derived_resources=int(made[0]),
            storage_bytes=int(assets[1]) + int(made[1]),
        )
