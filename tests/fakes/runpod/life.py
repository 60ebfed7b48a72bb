"""What may become of a job, in plain words: the model that the life of jobs is held against."""

import json
import math
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import hypothesis.strategies as st

OUTSIDE = "wk"
"""How ids of workers outside begin."""
FINAL = ("COMPLETED", "FAILED", "CANCELLED", "TIMED_OUT")
TIMED_OUT_ERROR = "job timed out after 1 retries"
ENDPOINT_LIMIT_S = 600.0
TTL_MS = 86_400_000
RETENTION_S, RETENTION_SYNC_S = 1800.0, 60.0
LEAST_S = {"instant": 0.0, "realistic": 0.3}
UNANSWERED_S = {"instant": 0.0, "realistic": 40.0}


delays = st.sampled_from([0, 1, 3, 7, 30, 700])
inputs = st.one_of(
    st.just({}),
    st.fixed_dictionaries({"mock_delay": delays, "mock_return": st.sampled_from([1, {"a": 1}, "text"])}),
    st.fixed_dictionaries({"mock_delay": delays, "mock_return": st.just(["one", "two", "three"])}),
    st.fixed_dictionaries(
        {"mock_delay": delays, "mock_progress": st.just(["10 %", "90 %"]), "mock_return": st.just(2)}
    ),
    st.fixed_dictionaries({"mock_delay": delays, "mock_error": st.just(True)}),
    st.fixed_dictionaries({"mock_delay": delays, "mock_crash": st.just(True)}),
)
policies = st.fixed_dictionaries(
    {},
    optional={
        "executionTimeout": st.sampled_from([5_000, 10_000, 60_000, 3_600_000]),
        "ttl": st.sampled_from([10_000, 20_000, 300_000]),
        "lowPriority": st.booleans(),
    },
)


@dataclass(slots=True)
class Job:
    """A job that was accepted, and what was seen of it last.

    Attributes:
        place: Its place in the line of all jobs.
        began_s: When the attempt that is under way, or was the last one, began; None while it waits.
        timing: The GPU's timing at that time.
        ended_s: When it was first seen at its end.
        is_cancelled: Whether a cancellation was answered with success.
        excuses: How often its worker was made to vanish, so that it may be given out again.
        said: What a worker outside has answered: `output` or `error`.
        reports: Calls of its webhook that are due.
        streamed: What its stream has handed out in this attempt.
    """

    id: str
    endpoint: str
    input: dict[str, Any]
    place: int
    queued_s: float
    ttl_ends_s: float
    own_limit_s: float | None
    is_low: bool
    is_sync: bool
    has_webhook: bool
    body: dict[str, Any]
    began_s: float | None = None
    timing: str = "instant"
    ended_s: float | None = None
    is_cancelled: bool = False
    excuses: int = 0
    said: dict[str, Any] | None = None
    reports: int = 0
    streamed: list[Any] = field(default_factory=list)

    @property
    def status(self) -> str:
        return str(self.body["status"])

    @property
    def retries(self) -> int:
        return int(self.body.get("retries", 0))

    @property
    def expires_s(self) -> float:
        """From when on nobody knows it."""
        if self.ended_s is None:
            return self.ttl_ends_s
        return min(self.ttl_ends_s, self.ended_s + (RETENTION_SYNC_S if self.is_sync else RETENTION_S))

    @property
    def limit_s(self) -> float:
        return self.own_limit_s or ENDPOINT_LIMIT_S

    @property
    def is_outside(self) -> bool:
        """Whether its last attempt is, or was, by a worker outside."""
        return str(self.body.get("workerId", "")).startswith(OUTSIDE)

    @property
    def work_s(self) -> float:
        """How long an attempt takes if nothing stops it."""
        if self.is_outside:
            return math.inf
        if not self.input:
            return UNANSWERED_S[self.timing]
        delay_s = float(self.input.get("mock_delay", 0))
        is_cut_short = "mock_crash" in self.input or "mock_error" in self.input
        return delay_s if is_cut_short else max(delay_s, LEAST_S[self.timing])

    @property
    def due_s(self) -> float:
        """When the attempt under way has to be over."""
        assert self.began_s is not None
        return self.began_s + min(self.work_s, self.limit_s)

    @property
    def end(self) -> str:
        """What an attempt comes to by itself: a final status, or LOST."""
        if self.work_s > self.limit_s:
            return "TIMED_OUT" if self.own_limit_s else "LOST"
        if not self.input or "mock_crash" in self.input:
            return "LOST"
        return "FAILED" if "mock_error" in self.input else "COMPLETED"

    @property
    def output(self) -> Any:
        return self.input.get("mock_return")


@dataclass(slots=True)
class Ledger:
    """All jobs, and the counts that an endpoint's health must show.

    Attributes:
        counts: Completed, failed and retried by endpoint.
        unseen: What may have been counted besides, of jobs that nobody could look at any more.
        crashes: Attempts that lose their worker by a fault that was put.
    """

    jobs: dict[str, Job] = field(default_factory=dict)
    counts: Counter[tuple[str, str]] = field(default_factory=Counter)
    unseen: Counter[tuple[str, str]] = field(default_factory=Counter)
    crashes: int = 0
    places: int = 0

    def next_place(self) -> int:
        self.places += 1
        return self.places

    def accept(self, job_id: str, endpoint: str, body: dict[str, Any], now_s: float) -> None:
        """A job was submitted with this body."""
        assert job_id not in self.jobs
        policy = body["policy"]
        limit_ms = policy.get("executionTimeout")
        self.jobs[job_id] = Job(
            id=job_id,
            endpoint=endpoint,
            input=body["input"],
            place=self.next_place(),
            queued_s=now_s,
            ttl_ends_s=now_s + policy.get("ttl", TTL_MS) / 1000,
            own_limit_s=limit_ms / 1000 if limit_ms else None,
            is_low=policy.get("lowPriority", False),
            is_sync=job_id.startswith("sync-"),
            has_webhook="webhook" in body,
            body={"id": job_id, "status": "IN_QUEUE"},
        )

    def picked(self, which: int) -> Job:
        jobs = list(self.jobs.values())
        return jobs[which % len(jobs)]

    def of(self, endpoint: str, *statuses: str) -> list[Job]:
        """An endpoint's jobs in these states, in the order of the line."""
        found = [job for job in self.jobs.values() if job.endpoint == endpoint and job.status in statuses]
        return sorted(found, key=lambda job: job.place)

    def see(self, job: Job, code: int, body: dict[str, Any], now_s: float, timing: str) -> bool:
        """Hold what a status says against what may be; whether an attempt began."""
        if now_s >= job.expires_s:
            assert code == 404, f"kept for too long: {body}"
            self._forget(job)
            return False
        assert code == 200, f"lost: {job}"
        if job.status in FINAL:
            assert body == job.body, f"left its final state: {job}"
            return False
        lost = body.get("retries", 0) - job.retries
        assert lost in (0, 1), f"tried too often: {body}"
        if job.began_s is None:
            job.timing = timing
        if lost:
            self.counts[job.endpoint, "retried"] += 1
            self._lose(job, now_s)
        has_begun = self._follow(job, body, lost=lost == 1, now_s=now_s, timing=timing)
        job.body = body
        if body["status"] in FINAL:
            self._end(job, now_s)
        elif body["status"] == "IN_PROGRESS":
            assert now_s < job.due_s, f"should have ended: {job}"
        return has_begun

    def _follow(self, job: Job, body: dict[str, Any], *, lost: bool, now_s: float, timing: str) -> bool:
        """Judge one step of a job that had not ended; whether an attempt began."""
        status = body["status"]
        if status == "IN_QUEUE":
            assert job.status == "IN_QUEUE" or lost, f"went back without reason: {job}"
            assert set(body) <= {"id", "status", "retries"}
            job.began_s = None
            return False
        if status == "CANCELLED" and "workerId" not in body:
            return False
        is_new = job.began_s is None or lost
        if is_new:
            job.began_s, job.timing, job.streamed = now_s, timing, []
        assert job.began_s is not None
        assert is_new or body["workerId"] == job.body["workerId"], f"two workers: {job} {body}"
        assert body["delayTime"] == round((job.began_s - job.queued_s) * 1000), f"wrong delay: {job} {body}"
        if status in FINAL:
            assert body["executionTime"] == round((now_s - job.began_s) * 1000), f"wrong time: {job} {body}"
        return is_new

    def _lose(self, job: Job, now_s: float) -> None:
        """An attempt has ended without an answer."""
        began_s = now_s if job.began_s is None else job.began_s
        if job.end == "LOST" and now_s >= began_s + min(job.work_s, job.limit_s):
            return
        if job.excuses:
            job.excuses -= 1
            return
        assert self.crashes > 0, f"lost its worker for no reason: {job}"
        self.crashes -= 1

    def _end(self, job: Job, now_s: float) -> None:
        """Judge how a job has ended."""
        job.ended_s = now_s
        if job.status == "CANCELLED":
            assert job.is_cancelled, f"nobody cancelled: {job}"
            return
        self.counts[job.endpoint, "completed" if job.status == "COMPLETED" else "failed"] += 1
        job.reports += job.has_webhook and job.status != "TIMED_OUT"
        if job.body.get("error") == TIMED_OUT_ERROR:
            assert (job.status, job.retries) == ("FAILED", 1)
            self._lose(job, now_s)
        elif job.said is not None and job.status != "TIMED_OUT":
            assert {name: job.body.get(name) for name in job.said} == job.said, f"not what was said: {job}"
        else:
            assert job.status == job.end, f"ended otherwise than it should: {job}"
            assert now_s >= job.due_s, f"ended too early: {job}"
            self._check_answer(job)

    def _check_answer(self, job: Job) -> None:
        if job.status == "COMPLETED":
            assert job.body["output"] == job.output
        elif job.status == "FAILED":
            assert json.loads(job.body["error"])["error_message"] == "Mock error"

    def _forget(self, job: Job) -> None:
        """It is known no longer; what it came to, if anything, only the counts can say."""
        if job.status == "IN_PROGRESS" and job.due_s <= job.ttl_ends_s:
            self.unseen[job.endpoint, "ended"] += 1
            self.unseen[job.endpoint, "retried"] += 1
        del self.jobs[job.id]

    def check_counts(self, endpoint: str, shown: dict[str, int]) -> None:
        """Hold an endpoint's health against what was seen."""
        assert shown["inQueue"] == len(self.of(endpoint, "IN_QUEUE"))
        assert shown["inProgress"] == len(self.of(endpoint, "IN_PROGRESS"))
        more = {
            name: shown[name] - self.counts[endpoint, name] for name in ("completed", "failed", "retried")
        }
        assert min(more.values()) >= 0, f"counted too few: {more}"
        assert more["retried"] <= self.unseen[endpoint, "retried"], f"counted too many: {more}"
        assert more["completed"] + more["failed"] <= self.unseen[endpoint, "ended"], f"too many: {more}"
        for name in ("completed", "failed", "retried"):
            self.counts[endpoint, name] = shown[name]
        for name in ("ended", "retried"):
            self.unseen[endpoint, name] = 0

    def running(self) -> list[Job]:
        return [job for job in self.jobs.values() if job.status == "IN_PROGRESS"]

    def check_places(self, begun: list[Job], places: int, most: dict[str, int]) -> None:
        """No job begins on more workers than there are places; a built-in worker has one job at a time."""
        by_worker = Counter(job.body["workerId"] for job in self.running())
        assert all(count == 1 for worker, count in by_worker.items() if not worker.startswith(OUTSIDE))
        for job in begun:
            if job.status == "IN_PROGRESS":
                here = {one.body["workerId"] for one in self.running() if one.endpoint == job.endpoint}
                assert len(by_worker) <= places
                assert len(here) <= most[job.endpoint]

    def check_order(self, begun: list[Job], places: int, most: dict[str, int]) -> None:
        """First come, first served, and no place is empty while jobs wait that may have it."""
        running = Counter(job.endpoint for job in self.running())
        waiting = [
            job
            for job in self.jobs.values()
            if job.status == "IN_QUEUE" and not job.is_low and running[job.endpoint] < most[job.endpoint]
        ]
        assert not waiting or running.total() >= places, f"should run: {waiting}"
        for job in begun:
            assert not [one for one in waiting if one.place < job.place and not one.retries], f"{job}"

    def interrupted(self) -> None:
        """The process ended with all attempts, and another one takes the jobs up."""
        for job in self.jobs.values():
            if job.status == "IN_PROGRESS":
                kept = {name: value for name, value in job.body.items() if name in ("id", "retries")}
                job.body, job.began_s, job.streamed = kept | {"status": "IN_QUEUE"}, None, []
