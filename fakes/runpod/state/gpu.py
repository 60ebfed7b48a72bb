"""The one physical GPU: how many workers find a place on it, and how long things take there."""

from collections.abc import Mapping
from typing import Any

from fakes.kit.documents import check_fields
from fakes.kit.store import Store
from fakes.runpod.state.records import Timing
from fakes.runpod.wire.resources import Scaling

MAX_WORKERS = 8
FIELDS = ("workers", "timing", "attached")
INSTANT, REALISTIC = "instant", "realistic"
TIMINGS: Mapping[str, Timing] = {
    INSTANT: Timing(),
    # Captured of the service (github.com/runpod/runpod-plugins-official, golden paths 13 and 15): the first
    # job of a small worker began after 8 s; one that no worker answered was given out again after 39.7 s, and
    # failed after 42.1 s. FlashBoot: 90 % of Whisper's starts took less than 2 s
    # (blog.runpod.io/introducing-flashboot-1-second-serverless-cold-start).
    # guess: execution times (Whisper at 16 times real time); that crashed workers come back with exponential
    # back-off is documented, its pace is not.
    REALISTIC: Timing(
        cold_start_ms=8000.0,
        flashboot_ms=2000.0,
        execution_ms=300.0,
        execution_ms_per_input_s=60.0,
        unanswered_ms=40_000.0,
        back_off_ms=10_000.0,
    ),
}
SCALINGS: Mapping[str, Scaling] = {
    INSTANT: Scaling(scaler_type="REQUEST_COUNT", scaler_value=1),
    REALISTIC: Scaling(),
}

SCHEMA = "CREATE TABLE gpu (workers INTEGER, timing TEXT)"


class Gpu:
    """One row: places for workers, and the name of the timing.

    Args:
        store: Opened with `SCHEMA` among its tables.
    """

    def __init__(self, store: Store) -> None:
        self._store = store

    def set(self, workers: int, timing: str) -> None:
        """Write the row."""
        self._store.execute("DELETE FROM gpu")
        self._store.execute("INSERT INTO gpu VALUES (?, ?)", (workers, timing))

    @property
    def workers(self) -> int:
        """How many workers find a place at the same time."""
        return int(self._row()["workers"])

    @property
    def timing_name(self) -> str:
        """`instant` or `realistic`."""
        return str(self._row()["timing"])

    def _row(self) -> Any:
        row = self._store.one("SELECT workers, timing FROM gpu")
        assert row is not None
        return row


def checked(document: Mapping[str, Any], *, workers: int, timing: str) -> tuple[int, str]:
    """Places and timing out of `{"workers": n, "timing": name, ...}`, where what is missing stays as given.

    Raises:
        ValueError: Another field, or a value that is not allowed.
    """
    check_fields(document, FIELDS)
    workers = document.get("workers", workers)
    if isinstance(workers, bool) or not isinstance(workers, int) or not 1 <= workers <= MAX_WORKERS:
        raise ValueError(f"'workers' is {workers!r}; it must be a whole number from 1 to {MAX_WORKERS}")
    timing = document.get("timing", timing)
    if not isinstance(timing, str) or timing not in TIMINGS:
        raise ValueError(f"'timing' is {timing!r:.100}; it must be one of {', '.join(TIMINGS)}")
    return workers, timing
