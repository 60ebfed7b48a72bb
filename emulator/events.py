"""Makes something happen on a platform, and finds out what the application made of it.

The event travels with a trace of its own, so the jobs that carry this trace are those that it caused.
"""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from emulator.errors import CheckFailed, ConfigurationRefused

if TYPE_CHECKING:
    from httpx import AsyncClient

    from emulator.jobs import Job
    from emulator.parts import Parts

_ANSWERS_WITHIN_S = 60.0
_JOBS_APPEAR_WITHIN_S = 2.0
_PAUSE_S = 0.05
_QUIET_S = 0.5
"""What ends a job may still be writing the next one: all have ended when they stay so for this long."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of an event.

    Attributes:
        sent: One entry for each message: its ids, the `status` and `body` that the application answered with.
        jobs: What the queues hold of it, the oldest first.
    """

    trace_id: str
    sent: tuple[Mapping[str, Any], ...]
    jobs: tuple[Job, ...]

    @property
    def is_accepted(self) -> bool:
        """Whether the application took one of the messages at least."""
        return any(_is_success(one.get("status")) for one in self.sent)

    def public(self) -> dict[str, Any]:
        """Return the outcome as plain values."""
        jobs = [job.public() for job in self.jobs]
        return {"trace_id": self.trace_id, "sent": [dict(one) for one in self.sent], "jobs": jobs}


async def send(parts: Parts, fake: str, event: Mapping[str, Any], *, until_done_s: float = 0.0) -> Outcome:
    """Let a fake send an event to the application.

    Args:
        parts: The running stack.
        fake: Which platform it happens on.
        event: The fields that its `/_fake/events` takes.
        until_done_s: How long to wait for the jobs to end; 0 tells them as they are once they have appeared.

    Raises:
        ConfigurationRefused: The stack has no such fake, or it does not take the event.
        CheckFailed: The fake does not answer.
    """
    import httpx

    from emulator import jobs

    if fake not in parts.fakes:
        raise ConfigurationRefused(f"there is no fake '{fake}'", f"fakes: {', '.join(parts.fakes)}")
    trace_id = secrets.token_hex(16)
    async with httpx.AsyncClient(timeout=_ANSWERS_WITHIN_S, trust_env=False) as http:
        sent = await _sent(http, fake, f"{parts.fakes[fake]}/_fake/events", event, trace_id)
    outcome = Outcome(trace_id, sent, ())
    if outcome.is_accepted:
        async with jobs.connect(parts.redis_url) as redis:
            found = await _jobs(redis, trace_id, until_done_s)
        outcome = Outcome(trace_id, sent, found)
    return outcome


async def _sent(
    http: AsyncClient, fake: str, url: str, event: Mapping[str, Any], trace_id: str
) -> tuple[Mapping[str, Any], ...]:
    from httpx import HTTPError

    headers = {"traceparent": f"00-{trace_id}-{secrets.token_hex(8)}-01"}
    try:
        answer = await http.post(url, json=dict(event), headers=headers)
        body = answer.json()
    except (HTTPError, ValueError) as error:
        raise CheckFailed(f"fake '{fake}' does not answer: {error}", "see: clipnet-emulate status") from error
    if answer.status_code != 200:
        raise ConfigurationRefused(f"fake '{fake}' cannot make this happen: {body.get('error', body)}")
    return tuple(body["sent"])


async def _jobs(redis: Any, trace_id: str, until_done_s: float) -> tuple[Job, ...]:
    """The jobs of a trace, once there are any and, when that is asked for, once all have ended."""
    from emulator.jobs import FINISHED, listed

    began_s = busy_s = time.monotonic()
    while True:
        found = [job for job in await listed(redis, time.time()) if job.trace_id == trace_id]
        now_s = time.monotonic()
        if any(job.state not in FINISHED for job in found):
            busy_s = now_s
        enough_s = until_done_s if found else _JOBS_APPEAR_WITHIN_S
        if now_s - began_s >= enough_s or (found and now_s - busy_s >= _QUIET_S):
            return tuple(sorted(found, key=lambda job: job.added_s))
        await asyncio.sleep(_PAUSE_S)


def discord_options(words: Sequence[str]) -> dict[str, Any]:
    """Return the options of a slash command out of `NAME=VALUE` words; whole numbers become numbers.

    Raises:
        ConfigurationRefused: A word has no `=`.
    """
    options: dict[str, Any] = {}
    for word in words:
        name, separator, value = word.partition("=")
        if not separator or not name:
            raise ConfigurationRefused(
                f"option '{word}' of the command has no value", "write NAME=VALUE, as in: seconds=30"
            )
        is_number = value.isascii() and value.removeprefix("-").isdigit()
        options[name] = int(value) if is_number else value
    return options


def _is_success(status: object) -> bool:
    return isinstance(status, int) and 200 <= status < 300
