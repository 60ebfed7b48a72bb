"""How many requests an endpoint takes, in ten seconds and at once.

Each user has limits of their own there. An endpoint is of one namespace, whose keys are all of one user: so
that the endpoint and the operation are enough to count by.

Source: docs.runpod.io/serverless/endpoints/send-requests (rate limits and quotas, dynamic rate limiting).
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, fields, replace
from typing import Any, Literal

from fakes.kit.clock import Clock
from fakes.kit.documents import check_fields
from fakes.kit.limits import Windows
from fakes.kit.store import Store
from fakes.runpod import errors

Operation = Literal["runsync", "run", "status", "cancel", "purge-queue", "requests"]

WINDOW_S = 10.0
QUEUE = 50
QUEUE_PER_WORKER = 500
_MOST = 1_000_000

SCHEMA = "CREATE TABLE limits (setting TEXT)"


@dataclass(frozen=True, slots=True)
class Limit:
    """What one operation of an endpoint takes.

    Attributes:
        requests: In ten seconds.
        concurrent: At once; None for any number.
        per_worker: Requests in ten seconds for each running worker, if that makes more than `requests`.
    """

    requests: int
    concurrent: int | None
    per_worker: int


# guess: 50 for each worker are the documentation's example beside a base of 2000; the others in proportion
LIMITS: Mapping[Operation, Limit] = {
    "runsync": Limit(2000, 400, 50),
    "run": Limit(1000, 200, 25),
    "status": Limit(2000, 400, 50),
    "cancel": Limit(100, 20, 2),
    "purge-queue": Limit(2, None, 0),
    "requests": Limit(10, 2, 0),
}
Table = Mapping[Operation, Limit]


class Slot:
    """A request's place among those that are answered at the same time; leaving it gives it back."""

    __slots__ = ("_inside", "_name")

    def __init__(self, inside: dict[str, int], name: str) -> None:
        self._inside = inside
        self._name = name

    def __enter__(self) -> None:
        self._inside[self._name] = self._inside.get(self._name, 0) + 1

    def __exit__(self, *_error: object) -> None:
        self._inside[self._name] -= 1


class Limits:
    """The limits of the account, and what is taken of them.

    Args:
        store: Opened with `SCHEMA` among its tables.
        clock: Windows of ten seconds end by it.
    """

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._windows = Windows(clock)
        self._inside: dict[str, int] = {}
        self._table: Table | None = None

    @property
    def table(self) -> Table:
        """What holds now; empty when there are no limits."""
        if self._table is None:
            row = self._store.one("SELECT setting FROM limits")
            self._table = checked(json.loads(row["setting"]) if row is not None else True)
        return self._table

    def set(self, setting: Any) -> None:
        """Let other limits hold from now on: see `checked`.

        Raises:
            ValueError: It is no such setting.
        """
        checked(setting)
        self._store.execute("DELETE FROM limits")
        self._store.execute("INSERT INTO limits VALUES (?)", (json.dumps(setting),))
        self.forget()

    def slot(self, operation: Operation, endpoint: str, running: Callable[[str], int]) -> Slot:
        """Count a request, and give it a place.

        Args:
            operation: Whose limit counts.
            endpoint: What is asked for.
            running: Tells how many workers of an endpoint run.

        Raises:
            ProviderError: One too many in ten seconds, or at once (429).
        """
        name = f"{operation} {endpoint}"
        limit = self.table.get(operation)
        if limit is not None:
            if limit.concurrent is not None and self._inside.get(name, 0) >= limit.concurrent:
                raise errors.too_many_at_once(limit.concurrent)
            if self._windows.take(name, limit.requests, WINDOW_S).is_over:
                grown = max(limit.requests, running(endpoint) * limit.per_worker)
                if self._windows.take(name, grown, WINDOW_S).is_over:
                    raise errors.too_many_requests(grown, WINDOW_S)
        return Slot(self._inside, name)

    def queue(self, workers_max: int) -> int | None:
        """How many jobs may wait at an endpoint that takes more; None for any number."""
        return max(QUEUE, workers_max * QUEUE_PER_WORKER) if self.table else None

    def forget(self) -> None:
        """Begin to count anew, by the limits that the rows have."""
        self._windows.clear()
        self._table = None

    def public(self) -> bool | dict[str, dict[str, int | None]]:
        """What holds now, as it can be set."""
        return {name: asdict(limit) for name, limit in self.table.items()} or False


def checked(setting: Any) -> Table:
    """The limits that a setting means: `true` for RunPod's, `false` for none, or RunPod's with changes.

    Changes are `{"run": {"requests": 5, "concurrent": null}}`; operations and fields that are not named stay.

    Raises:
        ValueError: Something else.
    """
    if isinstance(setting, bool):
        return LIMITS if setting else {}
    if not isinstance(setting, dict):
        raise ValueError(f"'rate_limits' is {setting!r:.100}; it must be true, false or an object")
    check_fields(setting, LIMITS, "rate limit")
    return {name: _changed(name, limit, setting.get(name, {})) for name, limit in LIMITS.items()}


def _changed(name: str, limit: Limit, changes: Any) -> Limit:
    if not isinstance(changes, dict):
        raise ValueError(f"rate limit '{name}' is {changes!r:.100}; it must be an object")
    check_fields(changes, (field.name for field in fields(Limit)), f"field of rate limit '{name}'")
    for field, value in changes.items():
        is_number = isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= _MOST
        if not is_number and not (field == "concurrent" and value is None):
            raise ValueError(
                f"'{field}' of rate limit '{name}' is {value!r:.100};"
                f" it must be a whole number from 0 to {_MOST}"
            )
    return replace(limit, **changes)
