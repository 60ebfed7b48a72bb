"""The one list of jobs: names, payloads, queues, policies and ids. API, worker, tests and docs read it.

A job's name is its type (`clip:process`); its id is made by `job_id` and holds no colon, which BullMQ for
Node refuses. Payloads travel as JSON objects with exactly the fields of the dataclass.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final, Literal

JobName = Literal[
    "clip:process",
    "ffmpeg:polish",
    "whisper:batch",
    "ml:score",
    "post:youtube",
    "post:tiktok",
    "clipbot:post",
    "clipbot:notify",
]

MAIN_QUEUE: Final = "clipnet"
WHISPER_QUEUE: Final = "clipnet-whisper"
QUEUES: Final = (MAIN_QUEUE, WHISPER_QUEUE)
PREFIX: Final = "bull"
CANCEL_CHANNEL: Final = "bull:clipnet:cancel"
"""A job id published here aborts that job; `*` aborts every active one."""
WORKER_LEASE_KEY: Final = "clipnet:worker:lease"
WORKER_LEASE_MS: Final = 10_000
WORKER_LEASE_CHANNEL: Final = "clipnet:worker:lease:free"
"""Whoever gives the lease back publishes here, so that a worker that stands by takes it at once."""
WORKER_STANDBY_KEY: Final = "clipnet:worker:standby"
"""Names the worker that takes the lease next, as the lease names the one that has it."""
WORKER_STANDBY_MS: Final = 3_000

_DAY_S: Final = 86_400


@dataclass(frozen=True, slots=True)
class Policy:
    """How a type of job is run; a smaller priority is served first (0 would overtake all: none uses it)."""

    attempts: int
    backoff_ms: int
    priority: int
    timeout_s: int
    queue: str = MAIN_QUEUE


POLICIES: Final[Mapping[JobName, Policy]] = {
    "clipbot:notify": Policy(attempts=5, backoff_ms=500, priority=10, timeout_s=15),
    "clipbot:post": Policy(attempts=5, backoff_ms=1_000, priority=20, timeout_s=60),
    "ffmpeg:polish": Policy(attempts=3, backoff_ms=2_000, priority=40, timeout_s=900),
    "whisper:batch": Policy(attempts=3, backoff_ms=3_000, priority=50, timeout_s=300, queue=WHISPER_QUEUE),
    "ml:score": Policy(attempts=3, backoff_ms=3_000, priority=35, timeout_s=300),
    "clip:process": Policy(attempts=3, backoff_ms=2_000, priority=50, timeout_s=600),
    "post:youtube": Policy(attempts=6, backoff_ms=5_000, priority=80, timeout_s=300),
    "post:tiktok": Policy(attempts=6, backoff_ms=5_000, priority=80, timeout_s=300),
}
POST_JOBS: Final[Mapping[str, JobName]] = {
    "youtube": "post:youtube",
    "tiktok": "post:tiktok",
    "twitch": "clipbot:post",
    "discord": "clipbot:post",
    "x": "clipbot:post",
}
"""The job that publishes to a platform."""


@dataclass(frozen=True, slots=True)
class ClipPayload:
    """Of `clip:process`, `ffmpeg:polish`, `whisper:batch` and `ml:score`: the clip's id."""

    clip: str


@dataclass(frozen=True, slots=True)
class PostPayload:
    """Of `post:youtube` and `post:tiktok`: the clip's id and the row in `posts` that records the outcome."""

    clip: str
    post: str


@dataclass(frozen=True, slots=True)
class BotPayload:
    """Of `clipbot:post` and `clipbot:notify`.

    `event` is the row in `bot_events` that says where to answer. Without it, `post` is the row in `posts`
    whose `target` is the channel. `clipbot:notify` says `text`; `clipbot:post` shows the clip, with `text`
    (if any) in front of it.
    """

    event: str | None = None
    clip: str | None = None
    text: str | None = None
    post: str | None = None


Payload = ClipPayload | PostPayload | BotPayload
PAYLOADS: Final[Mapping[JobName, type[Payload]]] = {
    "clip:process": ClipPayload,
    "ffmpeg:polish": ClipPayload,
    "whisper:batch": ClipPayload,
    "ml:score": ClipPayload,
    "post:youtube": PostPayload,
    "post:tiktok": PostPayload,
    "clipbot:post": BotPayload,
    "clipbot:notify": BotPayload,
}


@dataclass(frozen=True, slots=True)
class Job:
    """A job that is ready to be enqueued; `opts` are BullMQ's job options, `jobId` and `tm` among them."""

    id: str
    queue: str
    name: JobName
    payload: Mapping[str, Any]
    opts: Mapping[str, Any]


def job_id(subject: str, name: JobName, attempt: int = 1) -> str:
    """Return the id of a job: `<subject>-clip_process`, with `-2` and so on from the second asking.

    The subject is the clip's id for the steps of a clip, the post's id for posts, the event's id for
    ClipBOT's answers. Asking again needs an id of its own: BullMQ ignores an id that it still remembers.
    """
    again = f"-{attempt}" if attempt > 1 else ""
    return f"{subject}-{name.replace(':', '_')}{again}"


def job(
    name: JobName,
    payload: Payload,
    *,
    subject: str,
    attempt: int = 1,
    traceparent: str | None = None,
    delay_ms: int = 0,
) -> Job:
    """Return the job of this type for this subject, with its policy as options.

    Raises:
        TypeError: The payload is not this type's.
    """
    if not isinstance(payload, PAYLOADS[name]):
        raise TypeError(f"job {name!r} takes {PAYLOADS[name].__name__}, not {type(payload).__name__}")
    identity = job_id(subject, name, attempt)
    queue = POLICIES[name].queue
    return Job(identity, queue, name, asdict(payload), options(name, identity, traceparent, delay_ms))


def options(
    name: JobName, identity: str, traceparent: str | None = None, delay_ms: int = 0
) -> dict[str, Any]:
    """Return BullMQ's options for a job of this type; failed ones are kept 14 days: the dead letters."""
    policy = POLICIES[name]
    opts: dict[str, Any] = {
        "jobId": identity,
        "attempts": policy.attempts,
        "backoff": {"type": "exponential", "delay": policy.backoff_ms},
        "priority": policy.priority,
        "removeOnComplete": {"age": _DAY_S, "count": 1_000},
        "removeOnFail": {"age": 14 * _DAY_S},
    }
    if traceparent is not None:
        opts["tm"] = json.dumps({"traceparent": traceparent}, separators=(",", ":"))
    if delay_ms:
        opts["delay"] = delay_ms
    return opts


def traceparent_of(opts: Mapping[str, Any]) -> str | None:
    """Return the W3C traceparent that a job's options carry, if any."""
    try:
        value = json.loads(opts.get("tm") or "{}").get("traceparent")
    except (ValueError, AttributeError):
        return None
    return value if isinstance(value, str) else None


def parse_payload(name: JobName, body: Mapping[str, Any]) -> Payload:
    """Return the payload of a job of this type; unknown fields of newer producers are ignored.

    Raises:
        ValueError: A field is missing or is not text.
    """
    kind = PAYLOADS[name]
    known = {field: body[field] for field in kind.__dataclass_fields__ if field in body}
    for field, value in known.items():
        if not isinstance(value, str) and not (value is None and kind is BotPayload):
            raise ValueError(f"payload of {name!r}: {field!r} must be text, not {type(value).__name__}")
    try:
        return kind(**known)
    except TypeError as error:
        raise ValueError(f"payload of {name!r} is incomplete: {error}") from error
