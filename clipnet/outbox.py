"""No job is lost between database and queue: it is a row first, in the transaction that made it necessary.

Whoever wrote the row relays it right after the commit (`relay`); loops of the API and the worker send what
was left behind (`sweep`). Sending twice is harmless: BullMQ ignores an id that it knows.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from datetime import timedelta
from typing import Any, Final, Protocol, cast

from sqlalchemy import Select, delete, func, select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncSession

from clipnet.db.engine import Sessions
from clipnet.db.models import OutboxRow
from clipnet.jobs import QUEUES, Job, JobName

log = logging.getLogger("clipnet")
_KEPT: Final = timedelta(days=1)


class Sender(Protocol):
    """Takes jobs; `clipnet.queue.JobQueue` is the one that is used."""

    async def add(self, job: Job) -> str:
        """Enqueue a job and return its id; idempotent by id."""
        ...


def write(session: AsyncSession, job: Job) -> Job:
    """Add the job's row to the session's transaction; relay it after the commit."""
    session.add(
        OutboxRow(
            job_id=job.id, queue=job.queue, name=job.name, payload=dict(job.payload), opts=dict(job.opts)
        )
    )
    return job


async def relay(sessions: Sessions, sender: Sender, job_ids: Sequence[str]) -> int:
    """Send these jobs if they are still unsent; return how many were. A failure is left to the sweep."""
    if not job_ids:
        return 0
    return await _send(sessions, sender, _unsent().where(OutboxRow.job_id.in_(job_ids)))


async def sweep(sessions: Sessions, sender: Sender, *, older_than_s: float = 1.0, limit: int = 100) -> int:
    """Send what has been waiting for longer than this; return how many were sent."""
    waiting = (
        _unsent().where(OutboxRow.created_at < func.now() - timedelta(seconds=older_than_s)).limit(limit)
    )
    return await _send(sessions, sender, waiting)


async def sweep_forever(sessions: Sessions, sender: Sender, *, every_s: float = 1.0) -> None:
    """Sweep until cancelled; now and then forget rows that were sent a day ago."""
    rounds = 0
    while True:
        await asyncio.sleep(every_s)
        await sweep(sessions, sender)
        rounds += 1
        if rounds % 600 == 0:
            await _forget(sessions)


def _unsent() -> Select[Any]:
    unsent = select(OutboxRow).where(OutboxRow.sent_at.is_(None), OutboxRow.queue.in_(QUEUES))
    return unsent.order_by(OutboxRow.id).with_for_update(skip_locked=True)


async def _send(sessions: Sessions, sender: Sender, rows: Select[Any]) -> int:
    from redis.exceptions import RedisError

    sent = 0
    try:
        async with sessions.begin() as session:
            for row in (await session.scalars(rows)).all():
                await sender.add(_job(row))
                row.sent_at = func.now()
                sent += 1
    except (RedisError, SQLAlchemyError, OSError) as error:
        log.warning(
            "outbox not relayed", extra={"error": f"{type(error).__name__}: {error}"[:300], "sent": sent}
        )
    return sent


def _job(row: OutboxRow) -> Job:
    return Job(row.job_id, row.queue, cast(JobName, row.name), row.payload, row.opts)


async def _forget(sessions: Sessions) -> None:
    try:
        async with sessions.begin() as session:
            await session.execute(delete(OutboxRow).where(OutboxRow.sent_at < func.now() - _KEPT))
    except (SQLAlchemyError, OSError) as error:
        log.warning("outbox not tidied", extra={"error": f"{type(error).__name__}: {error}"[:300]})
