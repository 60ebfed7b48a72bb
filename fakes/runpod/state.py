"""Jobs of all endpoints in the order they came, and how they change. Nothing here runs a job: see `gpu`."""

import json
import sqlite3
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from fakes.kit.credentials import is_same
from fakes.kit.documents import check_fields
from fakes.kit.kit import Kit
from fakes.runpod import errors
from fakes.runpod.wire import EXECUTION_TIMEOUT_MS, FINAL, Job, Status, Submission

STAGING_KEY = "rpa_staging_0000000000000000000000000000"
PRODUCTION_KEY_PREFIX = "rpa_production_"
MODELS = ("whisper", "blip", "motion", "clip")
NAMESPACE = "staging"
MAX_WORKERS = 8
RETENTION_S = 1800.0
RETENTION_SYNC_S = 60.0
LOST_RETRIES = 1
RECENT = 100

SCHEMA = """
CREATE TABLE endpoints (id TEXT PRIMARY KEY, namespace TEXT, model TEXT,
    completed INTEGER DEFAULT 0, failed INTEGER DEFAULT 0, retried INTEGER DEFAULT 0);
CREATE TABLE workers (id TEXT PRIMARY KEY, position INTEGER);
CREATE TABLE jobs (id TEXT PRIMARY KEY, endpoint TEXT, position INTEGER, status TEXT, submitted_s REAL,
    queued_s REAL, started_s REAL, finished_s REAL, expires_s REAL, execution_timeout_ms INTEGER,
    worker_id TEXT, output TEXT, error TEXT, webhook TEXT, traceparent TEXT, retries INTEGER DEFAULT 0,
    attempt INTEGER DEFAULT 0);
CREATE INDEX jobs_active ON jobs (status, position) WHERE status IN ('IN_QUEUE', 'IN_PROGRESS');
CREATE INDEX jobs_expires ON jobs (expires_s);
CREATE INDEX jobs_recent ON jobs (endpoint, submitted_s);
CREATE INDEX jobs_position ON jobs (position);
CREATE TABLE inputs (job_id TEXT PRIMARY KEY, input TEXT);
CREATE TABLE chunks (id INTEGER PRIMARY KEY, job_id TEXT, output TEXT);
CREATE INDEX chunks_job ON chunks (job_id)
"""


@dataclass(frozen=True, slots=True)
class Hosted:
    """One endpoint: its id, the namespace it belongs to and the model behind it."""

    id: str
    namespace: str
    model: str


@dataclass(frozen=True, slots=True)
class Work:
    """A job as a worker gets it.

    Attributes:
        limit_s: Seconds that the attempt may take.
        is_own_limit: Whether the client set that limit, and not the endpoint.
    """

    job: Job
    model: str
    input: Any
    limit_s: float
    is_own_limit: bool


class State:
    """All endpoints, workers and jobs of one RunPod account.

    Args:
        kit: The fake's tools; its store is opened here.
    """

    def __init__(self, kit: Kit) -> None:
        self._clock = kit.clock
        self._ids = kit.ids
        self._store = kit.open_store(SCHEMA)
        self.on_reset: Callable[[], None] = lambda: None

    def populate(self) -> None:
        """One endpoint per model for staging and for production, and one worker for all of them."""
        for namespace in (NAMESPACE, "production"):
            for model in MODELS:
                self._store.execute(
                    "INSERT INTO endpoints (id, namespace, model) VALUES (?, ?, ?)",
                    (f"{namespace}-{model}", namespace, model),
                )
        self._set_workers(1)

    def load(self, document: Mapping[str, Any]) -> None:
        """Read `{"workers": n}`: how many jobs the GPU runs at once.

        Raises:
            ValueError: Another field, or a number that is not allowed.
        """
        check_fields(document, ("workers",))
        workers = document.get("workers", 1)
        if isinstance(workers, bool) or not isinstance(workers, int) or not 1 <= workers <= MAX_WORKERS:
            raise ValueError(f"'workers' is {workers!r}; it must be a whole number from 1 to {MAX_WORKERS}")
        self._set_workers(workers)

    def summary(self) -> dict[str, Any]:
        """Jobs by status, endpoints and workers."""
        counts = self._store.all("SELECT status, count(*) FROM jobs GROUP BY status ORDER BY status")
        endpoints = [str(row["id"]) for row in self._store.all("SELECT id FROM endpoints ORDER BY id")]
        return {"jobs": {row[0]: row[1] for row in counts}, "endpoints": endpoints, "workers": self.workers()}

    def reset(self) -> None:
        """The rows are back already: tell who runs jobs to drop theirs."""
        self.on_reset()

    def hosted(self, key: str | None, endpoint: str) -> Hosted:
        """The endpoint that a key may use.

        Raises:
            ProviderError: A key that is not staging's (401), or no such endpoint for it (404).
        """
        if key is None or not is_same(key, STAGING_KEY):
            is_production = key is not None and key.startswith(PRODUCTION_KEY_PREFIX)
            raise errors.unauthorized(violation="production API key used" if is_production else None)
        row = self._store.one("SELECT id, namespace, model FROM endpoints WHERE id = ?", (endpoint,))
        if row is None or row["namespace"] != NAMESPACE:
            is_production = row is not None or endpoint.startswith("production")
            reached = f"production endpoint '{endpoint}' called with a staging key"
            raise errors.endpoint_not_found(endpoint, violation=reached if is_production else None)
        return Hosted(row["id"], row["namespace"], row["model"])

    def submit(
        self, hosted: Hosted, asked: Submission, *, is_sync: bool = False, traceparent: str | None = None
    ) -> Job:
        """Put a job at the end of the queue.

        Raises:
            ProviderError: The input names another namespace (403).
        """
        if asked.namespace not in (None, hosted.namespace):
            raise errors.namespace_refused(str(asked.namespace))
        self._expire()
        now_s = self._clock.now()
        prefix = "sync-" if is_sync else ""
        job_id = self._store.unused("jobs", "id", lambda: f"{prefix}{self._ids.uuid()}-u1")
        with self._store.transaction():
            self._store.execute(
                "INSERT INTO jobs (id, endpoint, position, status, submitted_s, queued_s, expires_s,"
                " execution_timeout_ms, webhook, traceparent) VALUES (?, ?, ?, 'IN_QUEUE', ?, ?, ?, ?, ?, ?)",
                (
                    job_id, hosted.id, self._next_position(), now_s, now_s, now_s + asked.ttl_ms / 1000,
                    asked.execution_timeout_ms, asked.webhook, traceparent,
                ),
            )  # fmt: skip
            self._store.execute("INSERT INTO inputs VALUES (?, ?)", (job_id, json.dumps(asked.input)))
        return self._job(job_id)

    def job(self, hosted: Hosted, job_id: str) -> Job:
        """One job.

        Raises:
            ProviderError: Not known to this endpoint, or no longer kept (404).
        """
        self._expire()
        row = self._store.one("SELECT * FROM jobs WHERE id = ? AND endpoint = ?", (job_id, hosted.id))
        if row is None:
            raise errors.job_not_found(job_id)
        return _job(row)

    def recent(self, hosted: Hosted) -> list[Job]:
        """The latest jobs of an endpoint, newest first."""
        self._expire()
        rows = self._store.all(
            f"SELECT * FROM jobs WHERE endpoint = ? ORDER BY submitted_s DESC LIMIT {RECENT}",  # noqa: S608 - a constant
            (hosted.id,),
        )
        return [_job(row) for row in rows]

    def take(self, worker_id: str) -> Work | None:
        """Give the oldest job in the queue to a worker; None when there is none."""
        self._expire()
        row = self._store.one("SELECT * FROM jobs WHERE status = 'IN_QUEUE' ORDER BY position LIMIT 1")
        if row is None:
            return None
        now_s = self._clock.now()
        self._store.execute(
            "UPDATE jobs SET status = 'IN_PROGRESS', started_s = ?, worker_id = ?, attempt = attempt + 1,"
            " output = NULL WHERE id = ?",
            (now_s, worker_id, row["id"]),
        )
        model = self._store.one("SELECT model FROM endpoints WHERE id = ?", (row["endpoint"],))
        assert model is not None
        own_limit_ms = row["execution_timeout_ms"]
        limit_s = (own_limit_ms or EXECUTION_TIMEOUT_MS) / 1000
        left_s = row["expires_s"] - now_s
        return Work(
            self._job(row["id"]),
            model["model"],
            self.input(row["id"]),
            min(limit_s, left_s),
            own_limit_ms is not None and limit_s <= left_s,
        )

    def input(self, job_id: str) -> Any:
        """What a job was submitted with."""
        row = self._store.one("SELECT input FROM inputs WHERE job_id = ?", (job_id,))
        return None if row is None else json.loads(row["input"])

    def progress(self, job: Job, output: Any) -> None:
        """Note what a running attempt has to show so far."""
        self._store.execute(
            "UPDATE jobs SET output = ? WHERE id = ? AND attempt = ? AND status = 'IN_PROGRESS'",
            (json.dumps(output), job.id, job.attempt),
        )

    def add_chunk(self, job: Job, output: Any) -> None:
        """Add one item to what the stream hands out."""
        self._store.execute(
            "INSERT INTO chunks (job_id, output) SELECT id, ? FROM jobs"
            " WHERE id = ? AND attempt = ? AND status = 'IN_PROGRESS'",
            (json.dumps(output), job.id, job.attempt),
        )

    def take_chunks(self, job: Job) -> list[Any]:
        """Hand out what the stream holds; each item once."""
        rows = self._store.all("SELECT id, output FROM chunks WHERE job_id = ? ORDER BY id", (job.id,))
        if rows:
            self._store.execute("DELETE FROM chunks WHERE job_id = ? AND id <= ?", (job.id, rows[-1]["id"]))
        return [json.loads(row["output"]) for row in rows]

    def finish(self, job: Job, status: Status, *, output: Any = None, error: str | None = None) -> Job | None:
        """End a running attempt; None when that attempt no longer counts."""
        now_s = self._clock.now()
        kept_s = RETENTION_SYNC_S if job.id.startswith("sync-") else RETENTION_S
        with self._store.transaction():
            changed = self._store.execute(
                "UPDATE jobs SET status = ?, finished_s = ?, output = ?, error = ?,"
                " expires_s = min(expires_s, ?) WHERE id = ? AND attempt = ? AND status = 'IN_PROGRESS'",
                (
                    status, now_s, None if output is None else json.dumps(output), error, now_s + kept_s,
                    job.id, job.attempt,
                ),
            ).rowcount  # fmt: skip
            if not changed:
                return None
            counter = "completed" if status == "COMPLETED" else "failed"
            self._count(job.endpoint, counter)
        return self._job(job.id)

    def lose(self, job: Job) -> Job | None:
        """The worker of an attempt is gone: give the job to another one, once, then fail it.

        Source: answers captured from the service ("job timed out after 1 retries").
        """
        if job.retries >= LOST_RETRIES:
            return self.finish(job, "FAILED", error=f"job timed out after {LOST_RETRIES} retries")
        with self._store.transaction():
            self._store.execute("DELETE FROM chunks WHERE job_id = ?", (job.id,))
            changed = self._store.execute(
                "UPDATE jobs SET status = 'IN_QUEUE', retries = retries + 1, worker_id = NULL,"
                " started_s = NULL, output = NULL WHERE id = ? AND attempt = ? AND status = 'IN_PROGRESS'",
                (job.id, job.attempt),
            ).rowcount
            if changed:
                self._count(job.endpoint, "retried")
        return None

    def cancel(self, hosted: Hosted, job_id: str) -> Job:
        """End a job that has not ended by itself; an ended one stays as it is.

        Raises:
            ProviderError: No such job (404).
        """
        job = self.job(hosted, job_id)
        if job.status in FINAL:
            return job
        now_s = self._clock.now()
        kept_s = RETENTION_SYNC_S if job.id.startswith("sync-") else RETENTION_S
        self._store.execute(
            "UPDATE jobs SET status = 'CANCELLED', finished_s = ?, output = NULL,"
            " expires_s = min(expires_s, ?) WHERE id = ?",
            (now_s, now_s + kept_s, job.id),
        )
        return self._job(job_id)

    def retry(self, hosted: Hosted, job_id: str) -> Job:
        """Put a failed job at the end of the queue again; what it had is dropped.

        Raises:
            ProviderError: No such job (404), or it has not failed (400).
        """
        job = self.job(hosted, job_id)
        if job.status not in ("FAILED", "TIMED_OUT"):
            raise errors.not_retryable(job_id, job.status)
        with self._store.transaction():
            self._store.execute("DELETE FROM chunks WHERE job_id = ?", (job.id,))
            self._store.execute(
                "UPDATE jobs SET status = 'IN_QUEUE', position = ?, queued_s = ?, started_s = NULL,"
                " finished_s = NULL, worker_id = NULL, output = NULL, error = NULL, retries = 0 WHERE id = ?",
                (self._next_position(), self._clock.now(), job.id),
            )
            # guess: a retried job counts as new; its results are kept as long as before
            self._store.execute(
                "UPDATE jobs SET expires_s = max(expires_s, queued_s + ?) WHERE id = ?", (RETENTION_S, job.id)
            )
            self._count(job.endpoint, "retried")
        return self._job(job_id)

    def purge(self, hosted: Hosted) -> tuple[str, ...]:
        """Remove the jobs that wait in an endpoint's queue and return their ids."""
        self._expire()
        rows = self._store.all(
            "SELECT id FROM jobs WHERE status = 'IN_QUEUE' AND endpoint = ? ORDER BY position", (hosted.id,)
        )
        ids = tuple(str(row["id"]) for row in rows)
        self._delete(ids)
        return ids

    def requeue_interrupted(self) -> int:
        """Put jobs back into the queue whose attempt ended with the process; how many there were."""
        return self._store.execute(
            "UPDATE jobs SET status = 'IN_QUEUE', worker_id = NULL, started_s = NULL, output = NULL"
            " WHERE status = 'IN_PROGRESS'"
        ).rowcount

    def health(self, hosted: Hosted) -> dict[str, int]:
        """An endpoint's jobs; completed, failed and retried count since its beginning."""
        self._expire()
        counts = self._store.one(
            "SELECT completed, failed, retried FROM endpoints WHERE id = ?", (hosted.id,)
        )
        assert counts is not None
        active = self._store.all(
            "SELECT status, count(*) AS jobs FROM jobs"
            " WHERE status IN ('IN_QUEUE', 'IN_PROGRESS') AND endpoint = ? GROUP BY status",
            (hosted.id,),
        )
        by_status = {row["status"]: int(row["jobs"]) for row in active}
        active_jobs = {"inProgress": by_status.get("IN_PROGRESS", 0), "inQueue": by_status.get("IN_QUEUE", 0)}
        return {name: int(counts[name]) for name in ("completed", "failed", "retried")} | active_jobs

    def workers(self) -> tuple[str, ...]:
        """Ids of the GPU's workers."""
        return tuple(str(row["id"]) for row in self._store.all("SELECT id FROM workers ORDER BY position"))

    def _set_workers(self, count: int) -> None:
        self._store.execute("DELETE FROM workers")
        rows = [(self._ids.text(14), position) for position in range(count)]
        self._store.execute_many("INSERT INTO workers VALUES (?, ?)", rows)

    def _next_position(self) -> int:
        row = self._store.one("SELECT coalesce(max(position), 0) + 1 FROM jobs")
        assert row is not None
        return int(row[0])

    def _count(self, endpoint: str, counter: str) -> None:
        self._store.execute(
            f"UPDATE endpoints SET {counter} = {counter} + 1 WHERE id = ?",  # noqa: S608 - our own column names
            (endpoint,),
        )

    def _expire(self) -> None:
        """Forget jobs whose time to live or retention has passed."""
        rows = self._store.all("SELECT id FROM jobs WHERE expires_s <= ?", (self._clock.now(),))
        self._delete(tuple(str(row["id"]) for row in rows))

    def _delete(self, ids: tuple[str, ...]) -> None:
        if not ids:
            return
        rows = [(job_id,) for job_id in ids]
        with self._store.transaction():
            self._store.execute_many("DELETE FROM jobs WHERE id = ?", rows)
            self._store.execute_many("DELETE FROM inputs WHERE job_id = ?", rows)
            self._store.execute_many("DELETE FROM chunks WHERE job_id = ?", rows)

    def _job(self, job_id: str) -> Job:
        row = self._store.one("SELECT * FROM jobs WHERE id = ?", (job_id,))
        assert row is not None
        return _job(row)


def _job(row: sqlite3.Row) -> Job:
    return Job(
        id=row["id"],
        endpoint=row["endpoint"],
        status=row["status"],
        queued_s=row["queued_s"],
        started_s=row["started_s"],
        finished_s=row["finished_s"],
        worker_id=row["worker_id"],
        output=None if row["output"] is None else json.loads(row["output"]),
        error=row["error"],
        webhook=row["webhook"],
        traceparent=row["traceparent"],
        retries=row["retries"],
        attempt=row["attempt"],
    )
