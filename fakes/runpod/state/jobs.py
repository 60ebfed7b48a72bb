"""Jobs of all endpoints in the order they came, and how they change. Nothing here runs a job: see `gpu`."""

import json
import math
import sqlite3
from dataclasses import replace
from typing import Any

from fakes.kit.clock import Clock
from fakes.kit.ids import Ids
from fakes.kit.store import Store
from fakes.runpod import errors
from fakes.runpod.state.records import Hosted, Waiting, Work
from fakes.runpod.wire import FINAL, Job, Status, Submission

RETENTION_S = 1800.0
"""How long the result of `run` is kept (docs.runpod.io/serverless/endpoints/operation-reference)."""
RETENTION_SYNC_S = 60.0
"""The same for `runsync`."""
LOST_RETRIES = 1
RECENT = 100  # guess: how many jobs `requests` lists is not published

SCHEMA = """
CREATE TABLE jobs (id TEXT PRIMARY KEY, endpoint TEXT, position INTEGER, status TEXT, submitted_s REAL,
    queued_s REAL, started_s REAL, finished_s REAL, expires_s REAL, ttl_ends_s REAL,
    execution_timeout_ms INTEGER, low_priority INTEGER, worker_id TEXT, webhook TEXT, traceparent TEXT,
    retries INTEGER DEFAULT 0, attempt INTEGER DEFAULT 0, error TEXT, output TEXT);
CREATE INDEX jobs_queue ON jobs (endpoint, low_priority, position) WHERE status = 'IN_QUEUE';
CREATE INDEX jobs_running ON jobs (endpoint) WHERE status = 'IN_PROGRESS';
CREATE INDEX jobs_expires ON jobs (expires_s);
CREATE INDEX jobs_recent ON jobs (endpoint, submitted_s);
CREATE INDEX jobs_position ON jobs (position);
CREATE TABLE inputs (job_id TEXT PRIMARY KEY, input TEXT, request TEXT)
"""
_WITHOUT_OUTPUT = (
    "id, endpoint, status, queued_s, started_s, finished_s, expires_s, worker_id, webhook, traceparent,"
    " retries, attempt, error, NULL AS output"
)


class Jobs:
    """The jobs of one account.

    Args:
        store: Opened with `SCHEMA` and the tables of endpoints and streams.
        clock: All times are by it.
        ids: Where new ids come from.
    """

    def __init__(self, store: Store, clock: Clock, ids: Ids) -> None:
        self._store = store
        self._clock = clock
        self._ids = ids
        self._ahead_s = max(self._latest_s() - clock.passed(), 0.0)

    def now_s(self) -> float:
        """The time by which jobs wait, run and expire; it never goes back.

        It goes on where the clock was set back, and in a process whose clock is behind the former one's.
        """
        return self._clock.passed() + self._ahead_s

    def submit(
        self, hosted: Hosted, asked: Submission, *, is_sync: bool = False, traceparent: str | None = None
    ) -> Job:
        """Put a job at the end of its endpoint's queue."""
        now_s = self.now_s()
        prefix = "sync-" if is_sync else ""
        job_id = self._store.unused("jobs", "id", lambda: f"{prefix}{self._ids.uuid()}-u1")
        with self._store.transaction():
            row = self._store.one(
                "INSERT INTO jobs (id, endpoint, position, status, submitted_s, queued_s, expires_s,"
                " ttl_ends_s, execution_timeout_ms, low_priority, webhook, traceparent)"
                " VALUES (?1, ?2, ?3, 'IN_QUEUE', ?4, ?4, ?5, ?5, ?6, ?7, ?8, ?9) RETURNING *",
                (
                    job_id, hosted.id, self._next_position(), now_s, now_s + asked.ttl_ms / 1000,
                    asked.execution_timeout_ms, asked.is_low_priority, asked.webhook, traceparent,
                ),
            )  # fmt: skip
            self._store.execute(
                "INSERT INTO inputs VALUES (?, ?, ?)",
                (job_id, json.dumps(asked.input), json.dumps(asked.handed_on) if asked.handed_on else None),
            )
        assert row is not None
        return _job(row)

    def get(self, hosted: Hosted, job_id: str) -> Job:
        """One job.

        Raises:
            ProviderError: Not known to this endpoint, or no longer kept (404).
        """
        self.expire()
        row = self._store.one("SELECT * FROM jobs WHERE id = ? AND endpoint = ?", (job_id, hosted.id))
        if row is None:
            raise errors.job_not_found(violation=self._reached(hosted, job_id))
        return _job(row)

    def set_ttl(self, hosted: Hosted, job_id: str, ttl_s: float) -> Job:
        """Let a job be known for so long from now on; a result that is kept is not kept longer thereby.

        Raises:
            ProviderError: No such job (404).
        """
        job = self.get(hosted, job_id)
        row = self._store.one(
            "UPDATE jobs SET expires_s = iif(?2, min(expires_s, ?1), ?1),"
            " ttl_ends_s = iif(?2, min(ttl_ends_s, ?1), ?1) WHERE id = ?3 RETURNING *",
            (self.now_s() + ttl_s, job.status in FINAL, job.id),
        )
        assert row is not None
        return _job(row)

    def recent(self, hosted: Hosted) -> list[Job]:
        """The latest jobs of an endpoint, newest first, without their outputs."""
        self.expire()
        rows = self._store.all(
            f"SELECT {_WITHOUT_OUTPUT} FROM jobs WHERE endpoint = ? ORDER BY submitted_s DESC LIMIT {RECENT}",  # noqa: S608 - constants
            (hosted.id,),
        )
        return [_job(row) for row in rows]

    def queued_endpoints(self) -> list[str]:
        """Endpoints whose queue holds jobs."""
        rows = self._store.all("SELECT DISTINCT endpoint FROM jobs WHERE status = 'IN_QUEUE'")
        return [str(row["endpoint"]) for row in rows]

    def first(self, endpoint: str, *, low_priority: bool, after: int = 0) -> Waiting | None:
        """The oldest job of one priority in an endpoint's queue behind a position, or None."""
        row = self._store.one(
            "SELECT id, position, queued_s FROM jobs INDEXED BY jobs_queue WHERE status = 'IN_QUEUE'"
            " AND endpoint = ? AND low_priority = ? AND position > ? ORDER BY position LIMIT 1",
            (endpoint, low_priority, after),
        )
        if row is None:
            return None
        return Waiting(row["id"], endpoint, row["position"], row["queued_s"], low_priority)

    def waiting(self, endpoint: str, limit: int) -> int:
        """How many jobs of an endpoint's queue ask for workers, counted up to a limit."""
        row = self._store.one(
            "SELECT count(*) FROM (SELECT 1 FROM jobs INDEXED BY jobs_queue WHERE status = 'IN_QUEUE'"
            " AND endpoint = ? AND low_priority = 0 LIMIT ?)",
            (endpoint, limit),
        )
        assert row is not None
        return int(row[0])

    def has_more_waiting(self, endpoint: str, count: int) -> bool:
        """Whether more than so many jobs are in an endpoint's queue."""
        row = self._store.one(
            "SELECT 1 FROM jobs INDEXED BY jobs_queue WHERE status = 'IN_QUEUE' AND endpoint = ?"
            " LIMIT 1 OFFSET ?",
            (endpoint, count),
        )
        return row is not None

    def take(self, hosted: Hosted, position: int, worker_id: str) -> Work:
        """Give a job of the queue to a worker."""
        now_s = self.now_s()
        row = self._store.one(
            "UPDATE jobs SET status = 'IN_PROGRESS', started_s = ?, worker_id = ?, attempt = attempt + 1,"
            " output = NULL WHERE position = ? AND status = 'IN_QUEUE' RETURNING *",
            (now_s, worker_id, position),
        )
        assert row is not None
        given = self._store.one("SELECT input, request FROM inputs WHERE job_id = ?", (row["id"],))
        assert given is not None
        own_limit_ms = row["execution_timeout_ms"]
        limit_ms = own_limit_ms or hosted.scaling.execution_timeout_ms or math.inf
        return Work(
            _job(row),
            json.loads(given["input"]),
            json.loads(given["request"] or "{}"),
            limit_ms / 1000,
            own_limit_ms is not None,
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

    def finish(self, job: Job, status: Status, *, output: Any = None, error: str | None = None) -> Job | None:
        """End a running attempt; None when that attempt no longer counts."""
        now_s = self.now_s()
        with self._store.transaction():
            row = self._store.one(
                "UPDATE jobs SET status = ?, finished_s = ?, output = ?, error = ?,"  # noqa: S608 - a constant
                " expires_s = min(expires_s, ?) WHERE id = ? AND attempt = ? AND status = 'IN_PROGRESS'"
                f" RETURNING {_WITHOUT_OUTPUT}",
                (
                    status, now_s, None if output is None else json.dumps(output), error,
                    now_s + _kept_s(job.id), job.id, job.attempt,
                ),
            )  # fmt: skip
            if row is None:
                return None
            self._count(job.endpoint, "completed" if status == "COMPLETED" else "failed")
        return replace(_job(row), output=output)

    def lose(self, job: Job) -> Job | None:
        """No answer came of an attempt: put the job back into the queue, once, then fail it.

        Source: answers captured from the service ("job timed out after 1 retries").
        """
        self.expire()
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
        job = self.get(hosted, job_id)
        if job.status in FINAL:
            return job
        now_s = self.now_s()
        row = self._store.one(
            "UPDATE jobs SET status = 'CANCELLED', finished_s = ?, output = NULL,"
            " expires_s = min(expires_s, ?) WHERE id = ? RETURNING *",
            (now_s, now_s + _kept_s(job.id), job.id),
        )
        assert row is not None
        return _job(row)

    def retry(self, hosted: Hosted, job_id: str) -> Job:
        """Put a failed job at the end of the queue again; what it had is dropped.

        Raises:
            ProviderError: No such job (404), or it has not failed (400).
        """
        job = self.get(hosted, job_id)
        if job.status not in ("FAILED", "TIMED_OUT"):
            raise errors.not_retryable(job.status)
        now_s = self.now_s()
        with self._store.transaction():
            self._store.execute("DELETE FROM chunks WHERE job_id = ?", (job.id,))
            # guess: a retried job counts as new, but its time to live goes on from when it was submitted
            row = self._store.one(
                "UPDATE jobs SET status = 'IN_QUEUE', position = ?, queued_s = ?, started_s = NULL,"
                " finished_s = NULL, worker_id = NULL, output = NULL, error = NULL, retries = 0,"
                " expires_s = ttl_ends_s WHERE id = ? RETURNING *",
                (self._next_position(), now_s, job.id),
            )
            self._count(job.endpoint, "retried")
        assert row is not None
        return _job(row)

    def purge(self, endpoint: str) -> tuple[str, ...]:
        """Remove the jobs that wait in an endpoint's queue and return their ids."""
        self.expire()
        rows = self._store.all(
            "SELECT id FROM jobs INDEXED BY jobs_queue WHERE status = 'IN_QUEUE' AND endpoint = ?"
            " ORDER BY position",
            (endpoint,),
        )
        ids = tuple(str(row["id"]) for row in rows)
        self._delete(ids)
        return ids

    def remove(self, endpoint: str) -> None:
        """Forget all jobs of an endpoint."""
        with self._store.transaction():
            for table in ("inputs", "chunks"):
                self._store.execute(
                    f"DELETE FROM {table} WHERE job_id IN (SELECT id FROM jobs WHERE endpoint = ?)",  # noqa: S608 - our own table names
                    (endpoint,),
                )
            self._store.execute("DELETE FROM jobs WHERE endpoint = ?", (endpoint,))

    def requeue_interrupted(self) -> int:
        """Put jobs back into the queue whose attempt ended with the process; how many there were.

        They keep their place there, and it does not count as a retry: no client of RunPod could see why.
        """
        with self._store.transaction():
            self._store.execute(
                "DELETE FROM chunks WHERE job_id IN (SELECT id FROM jobs WHERE status = 'IN_PROGRESS')"
            )
            return self._store.execute(
                "UPDATE jobs SET status = 'IN_QUEUE', worker_id = NULL, started_s = NULL, output = NULL"
                " WHERE status = 'IN_PROGRESS'"
            ).rowcount

    def counts(self, endpoint: str) -> dict[str, int]:
        """An endpoint's jobs; completed, failed and retried count since its beginning."""
        self.expire()
        counters = self._store.one(
            "SELECT completed, failed, retried FROM endpoints WHERE id = ?", (endpoint,)
        )
        assert counters is not None
        active = self._store.one(
            "SELECT (SELECT count(*) FROM jobs INDEXED BY jobs_running"
            " WHERE status = 'IN_PROGRESS' AND endpoint = ?1) AS running,"
            " (SELECT count(*) FROM jobs INDEXED BY jobs_queue"
            " WHERE status = 'IN_QUEUE' AND endpoint = ?1) AS waiting",
            (endpoint,),
        )
        assert active is not None
        found = {name: int(counters[name]) for name in ("completed", "failed", "retried")}
        return found | {"inProgress": active["running"], "inQueue": active["waiting"]}

    def by_status(self) -> dict[str, int]:
        """How many jobs there are in each state."""
        self.expire()
        rows = self._store.all("SELECT status, count(*) FROM jobs GROUP BY status ORDER BY status")
        return {row[0]: row[1] for row in rows}

    def expire(self) -> None:
        """Forget jobs whose time to live or retention has passed."""
        rows = self._store.all("SELECT id FROM jobs WHERE expires_s <= ?", (self.now_s(),))
        self._delete(tuple(str(row["id"]) for row in rows))

    def _reached(self, hosted: Hosted, job_id: str) -> str | None:
        """What was reached for: a job of another namespace, or nothing."""
        row = self._store.one(
            "SELECT namespace FROM jobs JOIN endpoints ON endpoints.id = endpoint"
            " WHERE jobs.id = ? AND namespace != ?",
            (job_id, hosted.namespace),
        )
        return None if row is None else f"job of {row[0]} asked for with a {hosted.namespace} key"

    def _latest_s(self) -> float:
        """The latest time that is noted."""
        row = self._store.one(
            "SELECT max(max(queued_s, coalesce(started_s, 0), coalesce(finished_s, 0))) FROM jobs"
        )
        return float(row[0]) if row is not None and row[0] is not None else 0.0

    def _next_position(self) -> int:
        row = self._store.one("SELECT coalesce(max(position), 0) + 1 FROM jobs")
        assert row is not None
        return int(row[0])

    def _count(self, endpoint: str, counter: str) -> None:
        self._store.execute(
            f"UPDATE endpoints SET {counter} = {counter} + 1 WHERE id = ?",  # noqa: S608 - our own column names
            (endpoint,),
        )

    def _delete(self, ids: tuple[str, ...]) -> None:
        if not ids:
            return
        rows = [(job_id,) for job_id in ids]
        with self._store.transaction():
            self._store.execute_many("DELETE FROM jobs WHERE id = ?", rows)
            self._store.execute_many("DELETE FROM inputs WHERE job_id = ?", rows)
            self._store.execute_many("DELETE FROM chunks WHERE job_id = ?", rows)


def _kept_s(job_id: str) -> float:
    return RETENTION_SYNC_S if job_id.startswith("sync-") else RETENTION_S


def _job(row: sqlite3.Row) -> Job:
    return Job(
        id=row["id"],
        endpoint=row["endpoint"],
        status=row["status"],
        queued_s=row["queued_s"],
        started_s=row["started_s"],
        finished_s=row["finished_s"],
        expires_s=row["expires_s"],
        worker_id=row["worker_id"],
        output=None if row["output"] is None else json.loads(row["output"]),
        error=row["error"],
        webhook=row["webhook"],
        traceparent=row["traceparent"],
        retries=row["retries"],
        attempt=row["attempt"],
    )
