"""The lease in Redis that makes this worker the only one."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import socket
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from clipnet.jobs import CANCEL_CHANNEL, WORKER_LEASE_CHANNEL, WORKER_LEASE_KEY, WORKER_LEASE_MS

if TYPE_CHECKING:
    from clipnet.queue import Redis

log = logging.getLogger("clipnet")
RENEW_EVERY_S: Final = 0.5
TAKEN_OVER: Final = "lease:"
"""Prefix of the message that makes the former holder look at once; what follows is the new holder's id."""

_KEEP: Final = """
local value = redis.call('GET', KEYS[1])
if value == ARGV[1] then redis.call('PEXPIRE', KEYS[1], ARGV[2]) return 'kept' end
if not value then redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2]) return 'taken' end
return value
"""
_REPLACE: Final = """
if redis.call('GET', KEYS[1]) == ARGV[3] then redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2]) return 1 end
return 0
"""
_GIVE_BACK: Final = """
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
redis.call('DEL', KEYS[1])
if ARGV[2] ~= '' then redis.call('PUBLISH', ARGV[2], ARGV[1]) end
return 1
"""


class LeaseHeld(Exception):
    """Another worker is the one worker."""

    def __init__(self, holder: Holder | None) -> None:
        self.holder = holder
        who = f"pid {holder.pid} on {holder.host}" if holder else "somebody who does not say who"
        super().__init__(
            f"another worker ({who}) is running and exactly one may: stop it, or start with --take-over"
        )


@dataclass(frozen=True, slots=True)
class Holder:
    """Who holds the lease, or stands by, and which release that is.

    `started` is the process's start in clock ticks: a pid alone may be used again.
    """

    id: str
    host: str
    pid: int
    started: int
    space: str
    version: str = ""
    commit: str | None = None

    def encode(self) -> str:
        """Return it as Redis keeps it."""
        return json.dumps(asdict(self), sort_keys=True, separators=(",", ":"))


_FIELDS: Final = tuple(field.name for field in fields(Holder))


def decode(value: str) -> Holder | None:
    """Return who a value names, of whatever release; None where it is not one of ours."""
    try:
        said = json.loads(value)
        return Holder(**{name: said[name] for name in _FIELDS if name in said})
    except (ValueError, TypeError):
        return None


def this_process(identity: str, version: str = "", commit: str | None = None) -> Holder:
    """Return this process as a holder."""
    pid = os.getpid()
    return Holder(identity, socket.gethostname(), pid, _started(pid) or 0, _pid_space(), version, commit)


def is_dead(holder: Holder, here: Holder) -> bool:
    """Tell whether a holder can be seen from here and does not live any more."""
    if (holder.host, holder.space) != (here.host, here.space):
        return False
    return _started(holder.pid) != holder.started


class Claim:
    """A key in Redis that names one process for as long as that renews it."""

    def __init__(self, redis: Redis, holder: Holder, key: str, lasts_ms: int) -> None:
        self._redis = redis
        self._holder = holder
        self._key = key
        self._lasts_ms = lasts_ms

    async def keep(self) -> str:
        """Renew the key, or set it if it is not there: `kept`, `taken`, or the value of whose it is."""
        return str(await self._run(_KEEP, self._holder.encode(), self._lasts_ms))

    async def take(self) -> str | None:
        """Make the key ours if nobody has it, or who has it is dead; else return the value of whose it is."""
        while (value := await self.keep()) not in ("kept", "taken"):
            holder = decode(value)
            if holder is None or not is_dead(holder, self._holder):
                return value
            await self.replace(value)
        return None

    async def replace(self, value: str) -> bool:
        """Take the key from whom this value names."""
        return bool(await self._run(_REPLACE, self._holder.encode(), self._lasts_ms, value))

    async def give_back(self, channel: str = "") -> None:
        """Remove the key, if it is ours, and say so on a channel; Redis may be gone already."""
        from redis.exceptions import RedisError

        try:
            await self._run(_GIVE_BACK, self._holder.encode(), channel)
        except (RedisError, OSError):
            return

    def _run(self, script: str, *arguments: Any) -> Awaitable[Any]:
        return self._redis.eval(script, 1, self._key, *arguments)


class Lease:
    """Takes, renews and gives back the lease; `on_lost` is called when another worker has it."""

    def __init__(self, redis: Redis, holder: Holder, on_lost: Callable[[str], None]) -> None:
        self._redis = redis
        self._holder = holder
        self._claim = Claim(redis, holder, WORKER_LEASE_KEY, WORKER_LEASE_MS)
        self._on_lost = on_lost
        self._look = asyncio.Event()
        self._may_be_ours = False

    async def take(self, *, take_over: bool = False) -> None:
        """Take the lease: when it is free, its holder is dead or lets it run out, or `take_over` says so.

        Raises:
            LeaseHeld: Another worker holds and renews it.
        """
        before_ms = -1
        while (value := await self._try_to_take()) is not None:
            if take_over:
                await self._replace(value)
                continue
            holder = decode(value)
            left_ms = int(await self._redis.pttl(WORKER_LEASE_KEY))
            seen_alive = holder is not None and self._sees(holder)
            if seen_alive or (before_ms >= 0 and left_ms > before_ms):
                raise LeaseHeld(holder)
            before_ms = left_ms
            await asyncio.sleep(min(RENEW_EVERY_S + 0.1, max(left_ms, 0) / 1000 + 0.01))

    async def take_if_free(self) -> bool:
        """Take the lease if nobody has it, or who has it is dead; return whether it is ours."""
        return await self._try_to_take() is None

    async def keep(self) -> None:
        """Renew until cancelled. A lease that vanished (Redis was flushed) is taken again."""
        from redis.exceptions import RedisError

        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(RENEW_EVERY_S):  # wait_for may lose a cancellation
                    await self._look.wait()
            self._look.clear()
            try:
                value = await self._claim.keep()
            except (RedisError, OSError) as error:
                log.warning("lease not renewed", extra={"error": f"{type(error).__name__}: {error}"[:200]})
                continue
            if value == "taken":
                log.info("lease taken again")
            elif value != "kept":
                self._on_lost(str(LeaseHeld(decode(value))))
                return

    def look_now(self) -> None:
        """Renew at once: somebody says that the lease has changed hands."""
        self._look.set()

    async def release(self) -> None:
        """Give the lease back, if it is ours, and tell whoever stands by."""
        if self._may_be_ours:
            await self._claim.give_back(WORKER_LEASE_CHANNEL)

    async def _try_to_take(self) -> str | None:
        """Return None once the lease is ours, else the value that is in its place."""
        self._may_be_ours = True
        return await self._claim.take()

    async def _replace(self, value: str) -> None:
        if await self._claim.replace(value):
            await self._redis.publish(CANCEL_CHANNEL, TAKEN_OVER + self._holder.id)

    def _sees(self, holder: Holder) -> bool:
        return (holder.host, holder.space) == (self._holder.host, self._holder.space)


def _started(pid: int) -> int | None:
    """Return when a process started, in clock ticks since boot (proc(5), field 22); None: there is none."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return None
    fields = stat.rpartition(")")[2].split()
    return None if fields[0] in ("Z", "X") else int(fields[19])


def _pid_space() -> str:
    """Return the name of the space that pids count in: a container has one of its own."""
    try:
        return os.readlink("/proc/self/ns/pid")
    except OSError:
        return ""
