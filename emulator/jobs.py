"""Looks into the stack's queues: which jobs there are, in which state, how old, and why they failed.

Reads BullMQ's keys with a plain Redis client; only bringing a job back needs the `bullmq` package. The keys
are those of BullMQ 5 and 6 (docs.bullmq.io): a job is a hash `bull:<queue>:<id>`, a state is a list or a
sorted set.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from emulator.errors import CheckFailed

if TYPE_CHECKING:
    from redis.asyncio import Redis

QUEUES = ("clipnet", "clipnet-whisper")
PREFIX = "bull"
STATES: Mapping[str, str] = {
    "active": "list",
    "wait": "list",
    "paused": "list",
    "prioritized": "set",
    "delayed": "set",
    "waiting-children": "set",
    "failed": "set",
    "completed": "set",
}
"""State -> how BullMQ keeps it; the states in which something happens come first."""

FINISHED = ("failed", "completed")
RETRIED = (*FINISHED, "delayed")
"""The states out of which a job is put back into its queue when somebody asks for it."""
_ALL = 10_000_000


def connect(redis_url: str, **options: Any) -> Redis:
    """Return a client that opens a connection anew when Redis was restarted, without an error."""
    import redis.asyncio
    from redis.asyncio.retry import Retry
    from redis.backoff import ExponentialBackoff
    from redis.exceptions import ConnectionError as RedisConnectionError

    retry = Retry(ExponentialBackoff(cap=0.2, base=0.02), 5)
    client: Redis = redis.asyncio.from_url(
        redis_url, retry=retry, retry_on_error=[RedisConnectionError], socket_timeout=10, **options
    )
    return client


@dataclass(frozen=True, slots=True)
class Job:
    """One job. Times are unix seconds; `age_s` counts from when it was added."""

    id: str
    queue: str
    name: str
    state: str
    age_s: float
    attempts: int
    max_attempts: int
    error: str | None
    payload: Mapping[str, Any]
    added_s: float
    started_s: float | None
    finished_s: float | None
    trace_id: str | None
    parent: str | None
    stacktrace: tuple[str, ...] = ()

    def public(self) -> dict[str, Any]:
        """Return the job as plain values."""
        return asdict(self) | {"stacktrace": list(self.stacktrace)}


async def listed(
    redis: Redis, now_s: float, states: Sequence[str] = tuple(STATES), limit: int = 500
) -> list[Job]:
    """Return the jobs in these states, at most `limit` of each, the newest first within a state."""
    places = [(queue, state) for state in states for queue in QUEUES]
    async with redis.pipeline(transaction=False) as pipe:
        for queue, state in places:
            key = f"{PREFIX}:{queue}:{state}"
            if STATES[state] == "list":
                pipe.lrange(key, 0, limit - 1)
            else:
                pipe.zrange(key, 0, limit - 1, desc=True)
        found = await pipe.execute()
    wanted = [
        (queue, state, _text(job_id))
        for (queue, state), ids in zip(places, found, strict=True)
        for job_id in ids
        if not _text(job_id).startswith("0:")
    ]
    async with redis.pipeline(transaction=False) as pipe:
        for queue, _, job_id in wanted:
            pipe.hgetall(f"{PREFIX}:{queue}:{job_id}")
        bodies = await pipe.execute()
    return [
        job_of(job_id, queue, state, body, now_s)
        for (queue, state, job_id), body in zip(wanted, bodies, strict=True)
        if body
    ]


async def find(redis: Redis, job_id: str, now_s: float) -> Job:
    """Return the job with this id.

    Raises:
        CheckFailed: There is none.
    """
    for queue in QUEUES:
        body = await redis.hgetall(f"{PREFIX}:{queue}:{job_id}")
        if body:
            return job_of(job_id, queue, await _state(redis, queue, job_id), body, now_s)
    raise CheckFailed(f"there is no job '{job_id}'", "see all of them with: clipnet-emulate jobs list")


async def retry(redis: Redis, job_id: str, now_s: float) -> Job:
    """Put a failed or completed job back into its queue, as new, and return it as it is then.

    A delayed one does not wait any longer.

    Raises:
        CheckFailed: There is no such job, or it has not ended.
    """
    job = await find(redis, job_id, now_s)
    if job.state not in RETRIED:
        raise CheckFailed(
            f"job '{job_id}' is {job.state}, not failed, completed or delayed",
            "only a job that has ended or waits for its time is retried",
        )

    from bullmq import Job as BullJob
    from bullmq import Queue

    queue = Queue(job.queue, {"connection": redis, "prefix": PREFIX})
    found = await BullJob.fromId(queue, job_id)
    if found is None:
        raise CheckFailed(f"job '{job_id}' has just been removed")
    await (found.promote() if job.state == "delayed" else found.retry(job.state))
    return await find(redis, job_id, now_s)


async def retry_all(redis: Redis, state: str, name: str | None, now_s: float) -> list[Job]:
    """Put all jobs in a state (of one type) back into their queues, the oldest first; return them.

    One that was put back meanwhile, as a parent by its child, is left as it is.

    Raises:
        CheckFailed: Jobs in this state are not retried.
    """
    if state not in RETRIED:
        raise CheckFailed(f"jobs that are {state} are not retried", f"states: {', '.join(RETRIED)}")
    wanted = [job for job in await listed(redis, now_s, (state,), limit=_ALL) if name in (None, job.name)]
    back = []
    for job in sorted(wanted, key=lambda job: job.added_s):
        if (await find(redis, job.id, now_s)).state == state:
            back.append(await retry(redis, job.id, now_s))
    return back


async def clear(redis: Redis, states: Sequence[str] = FINISHED) -> int:
    """Forget the jobs that ended in one of these states; return how many there were."""
    removed = 0
    for queue in QUEUES:
        for state in states:
            ids = [_text(one) for one in await redis.zrange(f"{PREFIX}:{queue}:{state}", 0, -1)]
            removed += len(await forget(redis, queue, ids))
    return removed


async def forget(redis: Redis, queue: str, job_ids: Sequence[str]) -> list[str]:
    """Forget jobs that have ended; return which: one that was put back into its queue meanwhile stays."""
    gone: list[Any] = []
    for start in range(0, len(job_ids), _AT_ONCE):
        gone += await redis.eval(_FORGET, 1, f"{PREFIX}:{queue}:", *job_ids[start : start + _AT_ONCE])
    return [_text(one) for one in gone]


_AT_ONCE = 1_000
_FORGET = """
local gone = {}
for _, id in ipairs(ARGV) do
  local ended = redis.call('ZREM', KEYS[1] .. 'completed', id) + redis.call('ZREM', KEYS[1] .. 'failed', id)
  if ended > 0 then
    local base = KEYS[1] .. id
    redis.call('DEL', base, base .. ':logs', base .. ':dependencies', base .. ':processed',
               base .. ':failed', base .. ':unsuccessful', base .. ':lock')
    gone[#gone + 1] = id
  end
end
return gone
"""


def job_of(job_id: str, queue: str, state: str, body: Mapping[Any, Any], now_s: float) -> Job:
    """Return a job from its hash."""
    fields = {_text(name): _text(value) for name, value in body.items()}
    options = _json(fields.get("opts"), {})
    added_s = float(fields.get("timestamp") or 0) / 1000
    return Job(
        id=job_id,
        queue=queue,
        name=fields.get("name", ""),
        state=state,
        age_s=round(max(0.0, now_s - added_s), 3),
        attempts=int(fields.get("atm") or fields.get("attemptsMade") or 0),
        max_attempts=int(options.get("attempts") or 1),
        error=fields.get("failedReason") if state == "failed" else None,
        payload=_json(fields.get("data"), {}),
        added_s=added_s,
        started_s=_seconds(fields.get("processedOn")),
        finished_s=_seconds(fields.get("finishedOn")),
        trace_id=_trace_id(options.get("tm")),
        parent=fields.get("parentKey") or None,
        stacktrace=tuple(_json(fields.get("stacktrace"), [])),
    )


async def _state(redis: Redis, queue: str, job_id: str) -> str:
    for state, kind in STATES.items():
        key = f"{PREFIX}:{queue}:{state}"
        place = await (redis.lpos(key, job_id) if kind == "list" else redis.zscore(key, job_id))
        if place is not None:
            return state
    return "unknown"


def _text(value: Any) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)


def _json(text: str | None, default: Any) -> Any:
    try:
        return json.loads(text) if text else default
    except ValueError:
        return default


def _seconds(text: str | None) -> float | None:
    return float(text) / 1000 if text else None


def _trace_id(telemetry: Any) -> str | None:
    parent = str(_json(telemetry, {}).get("traceparent", "")) if isinstance(telemetry, str) else ""
    parts = parent.split("-")
    return parts[1] if len(parts) == 4 else None
