"""What jobs have yielded and nobody has fetched yet. It goes with the attempt or the job: see `jobs`."""

import json
from typing import Any

from fakes.kit.store import Store
from fakes.runpod.wire import Job, chunk_texts

STREAM_ITEMS = 1000
STREAM_BYTES = 10_000_000
"""What one answer of `stream` holds at most, but for its last item: the fake's own limits, as the former."""

SCHEMA = """
CREATE TABLE chunks (id INTEGER PRIMARY KEY, job_id TEXT, output TEXT);
CREATE INDEX chunks_job ON chunks (job_id)
"""


class Streams:
    """The streams of all jobs.

    Args:
        store: Opened with `SCHEMA` and the jobs' table.
    """

    def __init__(self, store: Store) -> None:
        self._store = store

    def add(self, job: Job, output: Any) -> None:
        """Add one item that a running attempt has yielded."""
        for text in chunk_texts(output):
            self._store.execute(
                "INSERT INTO chunks (job_id, output) SELECT id, ? FROM jobs"
                " WHERE id = ? AND attempt = ? AND status = 'IN_PROGRESS'",
                (text, job.id, job.attempt),
            )

    def take(self, job: Job) -> list[Any]:
        """Hand out what a job's stream holds, as much as fits into an answer; each item once."""
        rows = self._store.all(
            "SELECT id, output FROM (SELECT id, output, sum(length(output)) OVER (ORDER BY id) AS total"
            " FROM (SELECT id, output FROM chunks WHERE job_id = ? ORDER BY id LIMIT ?))"
            " WHERE total - length(output) < ?",
            (job.id, STREAM_ITEMS, STREAM_BYTES),
        )
        if rows:
            self._store.execute("DELETE FROM chunks WHERE job_id = ? AND id <= ?", (job.id, rows[-1]["id"]))
        return [json.loads(row["output"]) for row in rows]
