"""Finds jobs that would wait for ever, and puts them back into their queue.

The worker does so by itself with what it left active; this is for the times when it cannot, and for jobs that
nobody else would wake. A job goes back only if a script that runs alone in Redis finds it as stuck as it was.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from emulator.jobs import PREFIX, QUEUES, Job, listed

if TYPE_CHECKING:
    from redis.asyncio import Redis

_ALL = 10_000_000
_OVERDUE_S = 10.0
_LONGEST_DELAY_S = 2 * 86_400.0
"""No policy and no platform asks for a longer wait; a day's quota is one day."""
_DELAY_UNIT = 0x1000
"""A delayed job's score is its time in milliseconds, times this, plus a counter (BullMQ 5 and 6)."""


@dataclass(frozen=True, slots=True)
class Stuck:
    """A job that would wait for ever, and why."""

    job: Job
    why: str
    score: float | None = None
    """Of a delayed job: what tells its time."""

    def public(self) -> dict[str, Any]:
        """Return both as plain values."""
        return {**self.job.public(), "why": self.why}


async def find(redis: Redis, now_s: float, older_than_s: float = 0.0) -> list[Stuck]:
    """Return the stuck jobs that were added, or begun, at least so long ago; the oldest first."""
    found = await listed(redis, now_s, ("active", "delayed", "waiting-children"), limit=_ALL)
    old = [job for job in found if now_s - (job.started_s or job.added_s) >= older_than_s]
    by_state: Mapping[str, list[Job]] = {
        state: [job for job in old if job.state == state]
        for state in ("active", "delayed", "waiting-children")
    }
    stuck = [
        *await _abandoned(redis, by_state["active"]),
        *await _never_due(redis, by_state["delayed"], now_s),
        *await _childless(redis, by_state["waiting-children"]),
    ]
    return sorted(stuck, key=lambda one: one.job.added_s)


async def put_back(redis: Redis, stuck: Sequence[Stuck]) -> list[Stuck]:
    """Put jobs back into their queues, to be run next in this order; return those that were still stuck."""
    back: list[Stuck] = []
    for queue in QUEUES:
        here = [one for one in stuck if one.job.queue == queue]
        words = [word for one in reversed(here) for word in (one.job.state, one.job.id, one.score or 0)]
        if words:
            moved = {_text(job_id) for job_id in await redis.eval(_PUT_BACK, 1, f"{PREFIX}:{queue}:", *words)}
            back += [one for one in here if one.job.id in moved]
    return back


async def _abandoned(redis: Redis, jobs: Sequence[Job]) -> list[Stuck]:
    """Active jobs whose worker does not hold them any more; it renews its lock as long as it lives."""
    if not jobs:
        return []
    locks = await redis.mget([f"{PREFIX}:{job.queue}:{job.id}:lock" for job in jobs])
    return [Stuck(job, "no worker holds it") for job, lock in zip(jobs, locks, strict=True) if lock is None]


async def _never_due(redis: Redis, jobs: Sequence[Job], now_s: float) -> list[Stuck]:
    found = []
    for job in jobs:
        score = await redis.zscore(f"{PREFIX}:{job.queue}:delayed", job.id)
        if score is None:
            continue
        due_in_s = score / _DELAY_UNIT / 1000 - now_s
        if due_in_s < -_OVERDUE_S:
            found.append(Stuck(job, f"its time came {-due_in_s:.0f} s ago", score))
        elif due_in_s > _LONGEST_DELAY_S:
            found.append(Stuck(job, f"its time comes in {due_in_s / 86_400:.0f} days", score))
    return found


async def _childless(redis: Redis, jobs: Sequence[Job]) -> list[Stuck]:
    """Jobs that wait for others, none of which will end: they have ended, or are gone."""
    found = []
    for job in jobs:
        children = await redis.smembers(f"{PREFIX}:{job.queue}:{job.id}:dependencies")
        states = [await _is_open(redis, _text(child)) for child in children]
        if not any(states):
            found.append(Stuck(job, "what it waits for has ended" if states else "it waits for nothing"))
    return found


async def _is_open(redis: Redis, key: str) -> bool:
    return bool(await redis.exists(key)) and not await redis.hexists(key, "finishedOn")


def _text(value: Any) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)


_PUT_BACK = """
local prefix = KEYS[1]
local is_paused = redis.call('HEXISTS', prefix .. 'meta', 'paused') == 1

local function is_childless(id)
  for _, child in ipairs(redis.call('SMEMBERS', prefix .. id .. ':dependencies')) do
    if redis.call('EXISTS', child) == 1 and redis.call('HEXISTS', child, 'finishedOn') == 0 then
      return false
    end
  end
  return true
end

local function taken(state, id, score)
  if state == 'active' then
    return redis.call('EXISTS', prefix .. id .. ':lock') == 0
      and redis.call('LREM', prefix .. 'active', 1, id) > 0
  end
  if state == 'waiting-children' and not is_childless(id) then return false end
  if state == 'delayed' and tonumber(redis.call('ZSCORE', prefix .. state, id) or -1) ~= tonumber(score) then
    return false
  end
  if redis.call('ZREM', prefix .. state, id) == 0 then return false end
  if state == 'waiting-children' then redis.call('DEL', prefix .. id .. ':dependencies') end
  if state == 'delayed' then redis.call('HSET', prefix .. id, 'delay', 0) end
  return true
end

local back = {}
for place = 1, #ARGV, 3 do
  local state, id = ARGV[place], ARGV[place + 1]
  if taken(state, id, ARGV[place + 2]) then
    redis.call('SREM', prefix .. 'stalled', id)
    redis.call('RPUSH', prefix .. 'wait', id)
    if not is_paused then redis.call('ZADD', prefix .. 'marker', 0, '0') end
    redis.call('XADD', prefix .. 'events', '*', 'event', 'waiting', 'jobId', id, 'prev', state)
    back[#back + 1] = id
  end
end
return back
"""
"""Moves jobs to the end of `wait` that is served first, and wakes a worker, as BullMQ's own scripts do."""
