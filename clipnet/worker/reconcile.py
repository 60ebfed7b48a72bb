"""Puts right at the start: files that nobody needs, jobs that Redis lost when the machine went down."""

from __future__ import annotations

import asyncio
import logging
import uuid
from collections.abc import Sequence
from datetime import timedelta
from typing import Final, cast

from sqlalchemy import func, select
from sqlalchemy.exc import SQLAlchemyError

from clipnet import jobs
from clipnet.db.engine import Sessions
from clipnet.db.models import BotEvent, Clip, OutboxRow, Post
from clipnet.outbox import Sender
from clipnet.queue import Redis
from clipnet.worker.workplace import Workplace

log = logging.getLogger("clipnet")
_LOOKED_BACK: Final = timedelta(hours=24)
_MOST: Final = 1_000


async def tidy_forever(sessions: Sessions, workplace: Workplace, *, every_s: float = 5.0) -> None:
    """Tidy until cancelled: a clip that is deleted, or swept away by a reset, leaves its files behind."""
    while True:
        await asyncio.sleep(every_s)
        try:
            await tidy(sessions, workplace)
        except (SQLAlchemyError, OSError) as error:
            log.warning("not tidied", extra={"error": f"{type(error).__name__}: {error}"[:200]})


async def tidy(sessions: Sessions, workplace: Workplace) -> None:
    """Remove files of clips that are not in the making any more."""
    found = [clip for clip in await asyncio.to_thread(workplace.clips) if _is_id(clip)]
    if not found:
        return
    async with sessions() as session:
        rows = await session.scalars(
            select(Clip.id).where(
                Clip.id.in_([uuid.UUID(clip) for clip in found]), Clip.state.in_(("queued", "processing"))
            )
        )
        wanted = {str(row) for row in rows}
    for clip in set(found) - wanted:
        await asyncio.to_thread(workplace.clear, clip)


async def send_again(sessions: Sessions, redis: Redis, sender: Sender) -> None:
    """Enqueue jobs again that were sent, are not done, and that Redis does not know; once.

    Redis writes to disk each second: what it forgets when the whole machine goes down is in the outbox.
    """
    async with sessions() as session:
        rows = (
            await session.scalars(
                select(OutboxRow)
                .where(OutboxRow.sent_at.is_not(None), OutboxRow.created_at > func.now() - _LOOKED_BACK)
                .order_by(OutboxRow.id.desc())
                .limit(_MOST)
            )
        ).all()
    lost = await _unknown(redis, rows)
    if not lost:
        return
    async with sessions() as session:
        clips = set(await session.scalars(select(Clip.id).where(Clip.state.in_(("queued", "processing")))))
        posts = set(
            await session.scalars(select(Post.id).where(Post.state.in_(("queued", "posting", "delayed"))))
        )
        events = set(await session.scalars(select(BotEvent.id).where(BotEvent.state == "received")))
    for row in lost:
        if not _is_open(row, clips, posts, events):
            continue
        job = jobs.Job(row.job_id, row.queue, cast(jobs.JobName, row.name), row.payload, row.opts)
        await sender.add(job)
        log.warning("job sent again", extra={"job": row.job_id})


async def _unknown(redis: Redis, rows: Sequence[OutboxRow]) -> list[OutboxRow]:
    if not rows:
        return []
    async with redis.pipeline(transaction=False) as pipe:
        for row in rows:
            pipe.exists(f"{jobs.PREFIX}:{row.queue}:{row.job_id}")
        known = await pipe.execute()
    return [row for row, is_known in zip(rows, known, strict=True) if not is_known]


def _is_open(row: OutboxRow, clips: set[uuid.UUID], posts: set[uuid.UUID], events: set[uuid.UUID]) -> bool:
    post, clip, event = (row.payload.get(name) for name in ("post", "clip", "event"))
    if isinstance(post, str) and _is_id(post):
        return uuid.UUID(post) in posts
    if isinstance(event, str) and _is_id(event):
        return uuid.UUID(event) in events
    return row.name == "clip:process" and isinstance(clip, str) and _is_id(clip) and uuid.UUID(clip) in clips


def _is_id(text: str) -> bool:
    try:
        uuid.UUID(text)
    except ValueError:
        return False
    return True
