"""RunPod's JSON, both ways. Field names and limits: docs.runpod.io/serverless/endpoints/send-requests."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from fakes.kit.bodies import strict_json
from fakes.runpod import errors

Status = Literal["IN_QUEUE", "IN_PROGRESS", "COMPLETED", "FAILED", "CANCELLED", "TIMED_OUT"]
WorkerState = Literal["idle", "initializing", "running", "throttled", "unhealthy"]
FINAL: frozenset[Status] = frozenset({"COMPLETED", "FAILED", "CANCELLED", "TIMED_OUT"})

RUN_LIMIT_BYTES = 10_000_000
RUNSYNC_LIMIT_BYTES = 20_000_000
CHUNK_LIMIT_BYTES = 1_000_000
"""Of one item of a stream."""
EXECUTION_TIMEOUT_MS = 600_000
TTL_MS = 86_400_000
_EXECUTION_TIMEOUT_RANGE_MS = (5_000, 604_800_000)
_TTL_RANGE_MS = (10_000, 604_800_000)
_RESULT_TTL_RANGE_MS = (1, 604_800_000)
_WAIT_RANGE_MS = (1_000, 300_000)
_URL_LIMIT = 8_000
"""In characters; as much as web servers take in a line."""
_LONGEST_ESCAPE = len("\\ud83d\\ude00")
WAIT_MS = 90_000


@dataclass(frozen=True, slots=True)
class Submission:
    """What a client asks for.

    Attributes:
        input: What the handler gets; anything that JSON can say.
        webhook: Where the end is reported, or None.
        execution_timeout_ms: The client's own limit, or None for the endpoint's.
        ttl_ms: How long the job is known, counted from submission.
        is_low_priority: Whether it waits for a worker that is there, and brings none.
        s3_config: Where the handler shall put files; handed on to it and shown to nobody.
    """

    input: Any
    webhook: str | None = None
    execution_timeout_ms: int | None = None
    ttl_ms: int = TTL_MS
    is_low_priority: bool = False
    s3_config: Mapping[str, Any] | None = None

    @property
    def namespace(self) -> str | None:
        """The namespace that the input names."""
        named = self.input.get("namespace") if isinstance(self.input, dict) else None
        return None if named is None else str(named)

    @property
    def handed_on(self) -> dict[str, Any]:
        """What a worker gets besides the input."""
        given = {"s3Config": self.s3_config, "webhook": self.webhook}
        return {name: value for name, value in given.items() if value is not None}


@dataclass(frozen=True, slots=True)
class Job:
    """One job without its input.

    Attributes:
        queued_s: Unix time at which it was put into the queue by its client.
        started_s: Start of the last attempt, or None.
        finished_s: Unix time of its end, or None.
        expires_s: Unix time from which on nobody knows it any more.
        output: Result, or the last progress while it runs; None when there is none.
        retries: How often it was given to another worker.
        attempt: Number of the present attempt; results of earlier ones are dropped.
    """

    id: str
    endpoint: str
    status: Status
    queued_s: float
    started_s: float | None
    finished_s: float | None
    expires_s: float
    worker_id: str | None
    output: Any
    error: str | None
    webhook: str | None
    traceparent: str | None
    retries: int
    attempt: int

    @property
    def delay_ms(self) -> int | None:
        """Time in the queue before the last attempt."""
        return None if self.started_s is None else _ms_between(self.queued_s, self.started_s)

    @property
    def execution_ms(self) -> int | None:
        """Time of the last attempt, once the job has ended."""
        if self.started_s is None or self.finished_s is None:
            return None
        return _ms_between(self.started_s, self.finished_s)


@dataclass(frozen=True, slots=True)
class Mock:
    """The switches of RunPod's own test worker inside `input` (github.com/runpod-workers/mock-worker).

    Attributes:
        output: `mock_return`, or that worker's default.
        is_answer: Whether `output` is the job's answer instead of a model's.
        progress: `mock_progress`: one value, or a list of them, reported before the delay.
    """

    output: Any = "Hello World!"
    is_answer: bool = False
    delay_s: float = 0.0
    is_error: bool = False
    is_crash: bool = False
    progress: Sequence[Any] = ()

    @classmethod
    def of(cls, given: Any) -> "Mock":
        """Read the switches; everything is off when `given` has none."""
        if not isinstance(given, dict):
            return cls()
        switches = {name for name in given if name.startswith("mock_")}
        delay = given.get("mock_delay", 0)
        progress = given.get("mock_progress", ())
        return cls(
            output=given.get("mock_return", "Hello World!"),
            is_answer="mock_return" in given
            or (bool(switches) and not set(given) - switches - {"namespace"}),
            delay_s=float(delay) if isinstance(delay, int | float) else 0.0,
            is_error=bool(given.get("mock_error")),
            is_crash=bool(given.get("mock_crash")),
            progress=progress if isinstance(progress, list | tuple) else (progress,),
        )

    @property
    def is_instant(self) -> bool:
        """Whether the answer is there as soon as the job begins."""
        return self.is_answer and self.delay_s <= 0 and not self.is_error and not self.is_crash


def submission(body: bytes, limit_bytes: int) -> Submission:
    """Read the body of run and runsync; fields that are not known mean nothing.

    Raises:
        ProviderError: It is not a job (400).
    """
    try:
        read = strict_json(body)
    except ValueError as error:
        raise errors.invalid_json(limit_bytes) from error
    if not isinstance(read, dict) or "input" not in read:
        raise errors.bad_body("the body has no field 'input'")
    policy = {} if read.get("policy") is None else read["policy"]
    if not isinstance(policy, dict):
        raise errors.bad_body("'policy' is not an object")
    is_low_priority = policy.get("lowPriority") or False
    if not isinstance(is_low_priority, bool):
        raise errors.bad_body(f"policy 'lowPriority' is {is_low_priority!r:.100}; it must be true or false")
    s3_config = read.get("s3Config")
    if s3_config is not None and not isinstance(s3_config, dict):
        raise errors.bad_body("'s3Config' is not an object")
    return Submission(
        input=read["input"],
        # guess: the Go and JavaScript clients have both fields; nothing says how the second one differs
        webhook=_url(read, "webhookV2") or _url(read, "webhook"),
        execution_timeout_ms=_milliseconds(policy, "executionTimeout", _EXECUTION_TIMEOUT_RANGE_MS),
        ttl_ms=_milliseconds(policy, "ttl", _TTL_RANGE_MS) or TTL_MS,
        is_low_priority=is_low_priority,
        s3_config=s3_config,
    )


def wait_s(text: str | None) -> float:
    """Seconds that runsync and status-sync wait, from `?wait=` in milliseconds; brought into its range.

    Raises:
        ProviderError: Not a number (400).
    """
    return WAIT_MS / 1000 if not text else _asked_s("wait", text, _WAIT_RANGE_MS)


def ttl_s(text: str | None) -> float | None:
    """Seconds that a job shall be known from now on, from `?ttl=` in milliseconds; None when it is not there.

    Raises:
        ProviderError: Not a number (400).
    """
    return None if not text else _asked_s("ttl", text, _RESULT_TTL_RANGE_MS)


def job_body(job: Job) -> dict[str, Any]:
    """The job object; keys in RunPod's (alphabetical) order, without those that have no value yet."""
    shown: dict[str, Any] = {
        "delayTime": job.delay_ms,
        "error": job.error,
        "executionTime": job.execution_ms,
        "id": job.id,
        "output": job.output,
        "retries": job.retries or None,
        "status": job.status,
        "workerId": job.worker_id,
    }
    return {name: value for name, value in shown.items() if value is not None}


def unfinished_body(job: Job) -> dict[str, Any]:
    """The answer of runsync when its wait ends first."""
    return {
        name: value
        for name, value in job_body(job).items()
        if name in ("delayTime", "id", "status", "workerId")
    }


def submitted_body(job: Job) -> dict[str, Any]:
    """The answer of run, cancel and retry."""
    return {"id": job.id, "status": job.status}


def stream_body(job: Job, chunks: Sequence[Any]) -> dict[str, Any]:
    """What a stream has to hand out now; the last items may come when the job has ended already."""
    return {"status": job.status, "stream": [{"output": chunk} for chunk in chunks]}


def chunk_texts(output: Any) -> list[str]:
    """An item of a stream as JSON, in several texts when it is over the limit of one."""
    text = json.dumps(output)
    if len(text) <= CHUNK_LIMIT_BYTES:
        return [text]
    # guess: that it is split is documented, how is not; texts stay texts, anything else is split as JSON
    if isinstance(output, str):
        whole, worst = output, 1 if len(text) == len(output) + 2 else _LONGEST_ESCAPE
    else:
        whole, worst = text, 2
    step = (CHUNK_LIMIT_BYTES - 2) // worst
    return [json.dumps(whole[start : start + step]) for start in range(0, len(whole), step)]


def purged_body(removed: int) -> dict[str, Any]:
    """The answer of purge-queue."""
    return {"removed": removed, "status": "completed"}


def health_body(jobs: Mapping[str, int], workers: Mapping[WorkerState, int]) -> dict[str, Any]:
    """The answer of health: `jobs` has completed, failed, inProgress, inQueue and retried."""
    counted = dict(workers) | {"ready": workers["idle"]}
    return {"jobs": dict(sorted(jobs.items())), "workers": dict(sorted(counted.items()))}


def requests_body(jobs: Sequence[Job]) -> dict[str, Any]:
    """The answer of requests."""
    # guess: the shape is not published
    shown = ("delayTime", "executionTime", "id", "status")
    return {
        "requests": [{name: value for name, value in job_body(job).items() if name in shown} for job in jobs]
    }


def webhook_body(job: Job, given: Any) -> bytes:
    """What is posted to a job's webhook: the end of the job and the request itself."""
    shown = job_body(job)
    fields: dict[str, Any] = {
        name: shown[name] for name in ("delayTime", "error", "executionTime", "id", "output") if name in shown
    }
    fields |= {"input": given, "status": job.status, "webhook": job.webhook}
    return json.dumps(dict(sorted(fields.items()))).encode()


def exception_text(error: BaseException, trace: str, worker_id: str) -> str:
    """The error of a job whose handler raised: JSON within a string (runpod 1.12.0, rp_job.run_job)."""
    fields = {
        "error_type": str(type(error)),
        "error_message": str(error),
        "error_traceback": trace,
        "hostname": hostname(worker_id),
        "worker_id": worker_id,
        "runpod_version": "1.12.0",
    }
    return json.dumps(fields)


def hostname(worker_id: str) -> str:
    """What a worker's host is called; the ending is the same for all here."""
    return f"{worker_id}-64410a56"


def _ms_between(first_s: float, then_s: float) -> int:
    """Milliseconds from one time to another; none if the clock was set back in between."""
    return max(round((then_s - first_s) * 1000), 0)


def _url(read: Mapping[str, Any], name: str) -> str | None:
    value = read.get(name)
    if value is not None and not isinstance(value, str):
        raise errors.bad_body(f"'{name}' is not a string")
    if value is not None and len(value) > _URL_LIMIT:
        raise errors.bad_body(f"'{name}' has {len(value)} characters; it may have {_URL_LIMIT}")
    return value or None


def _asked_s(name: str, text: str, limits: tuple[int, int]) -> float:
    """A time of a query, brought into its range."""
    # guess: that times beyond the range are brought into it
    if not (text.isascii() and text.isdecimal()):
        raise errors.bad_body(f"'{name}' is '{text}'; it must be a number of milliseconds")
    low, high = limits
    asked_ms = high if len(text) > len(str(high)) else int(text)
    return min(max(asked_ms, low), high) / 1000


def _milliseconds(policy: Mapping[str, Any], name: str, limits: tuple[int, int]) -> int | None:
    value = policy.get(name)
    if value is None:
        return None
    low, high = limits
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        raise errors.bad_body(f"policy '{name}' is {value!r:.100}; it must be from {low} to {high} ms")
    return value
