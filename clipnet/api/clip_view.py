"""Reads clips with all that belongs to them, in a few queries for any number of clips."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from clipnet.api.problems import Problem, not_found
from clipnet.api.wire import ClipDetail, ClipOut, Owner, PostOut, ScoresOut, SegmentOut, Votes, in_order
from clipnet.db.models import Clip, ClipTag, Post, Score, Segment, User, Vote

_COLUMNS = [
    name for name in ClipOut.model_fields if name not in ("owner", "tags", "scores", "votes", "posts")
]


async def find_clip(session: AsyncSession, clip_id: UUID, *, locked: bool = False) -> Clip:
    """Return a clip's row, locked for a change if asked.

    Raises:
        Problem: `not_found`.
    """
    wanted = select(Clip).where(Clip.id == clip_id)
    clip = (await session.scalars(wanted.with_for_update() if locked else wanted)).one_or_none()
    if clip is None:
        raise not_found("clip")
    return clip


async def find_own_clip(session: AsyncSession, clip_id: UUID, user: User) -> Clip:
    """Return a clip's row, locked, for its owner or an admin.

    Raises:
        Problem: `not_found` or `not_owner`.
    """
    clip = await find_clip(session, clip_id, locked=True)
    if clip.user_id != user.id and user.role != "admin":
        raise Problem("not_owner", "Only its owner may do this with the clip.")
    return clip


async def views(session: AsyncSession, clips: Sequence[Clip], viewer: User) -> list[ClipOut]:
    """Return clips as the viewer sees them, in the given order."""
    together = await _together(session, clips, viewer)
    return [ClipOut(**_fields(clip), **together[clip.id]) for clip in clips]


def new(clip: Clip, owner: User) -> ClipOut:
    """Return a clip that was made just now: nothing belongs to it yet, so nothing is asked."""
    owned_by = Owner(id=owner.id, name=owner.name)
    return ClipOut(**_fields(clip), owner=owned_by, tags=[], scores=None, votes=Votes(), posts=[])


async def detail(session: AsyncSession, clip: Clip, viewer: User) -> ClipDetail:
    """Return one clip with its segments."""
    together = await _together(session, [clip], viewer)
    wanted = select(Segment).where(Segment.clip_id == clip.id).order_by(Segment.position)
    segments = [SegmentOut.model_validate(row) for row in await session.scalars(wanted)]
    return ClipDetail(**_fields(clip), **together[clip.id], segments=segments)


async def votes_of(session: AsyncSession, clip_ids: Sequence[UUID], voter: str) -> dict[UUID, Votes]:
    """Return the votes of each clip, and what this voter said."""
    mine = func.max(Vote.value).filter(Vote.voter == voter)
    up, down = (func.count().filter(Vote.value == value) for value in (1, -1))
    wanted = select(Vote.clip_id, up, down, mine).where(Vote.clip_id.in_(clip_ids)).group_by(Vote.clip_id)
    rows = await session.execute(wanted)
    return {
        clip_id: Votes.model_validate({"up": up, "down": down, "mine": mine})
        for clip_id, up, down, mine in rows
    }


async def cast_vote(session: AsyncSession, clip_id: UUID, voter: str, value: int, now: datetime) -> Votes:
    """Count a vote, in place of the voter's earlier one, and return the clip's votes."""
    row = insert(Vote).values(clip_id=clip_id, voter=voter, value=value, created_at=now, updated_at=now)
    changed = {"value": row.excluded.value, "updated_at": row.excluded.updated_at}
    await session.execute(row.on_conflict_do_update(index_elements=["clip_id", "voter"], set_=changed))
    return (await votes_of(session, [clip_id], voter)).get(clip_id, Votes())


def voter_of(user: User) -> str:
    """Return how a user of ours is named in the votes."""
    return f"user:{user.id}"


async def _together(session: AsyncSession, clips: Sequence[Clip], viewer: User) -> dict[UUID, dict[str, Any]]:
    ids = [clip.id for clip in clips]
    owners = await _owners(session, clips)
    votes = await votes_of(session, ids, voter_of(viewer))
    scores = {row.clip_id: row for row in await session.scalars(select(Score).where(Score.clip_id.in_(ids)))}
    tags: dict[UUID, list[str]] = defaultdict(list)
    for row in await session.scalars(select(ClipTag).where(ClipTag.clip_id.in_(ids))):
        tags[row.clip_id].append(row.tag)
    posts: dict[UUID, list[PostOut]] = defaultdict(list)
    for post in await session.scalars(
        select(Post).where(Post.clip_id.in_(ids)).order_by(Post.created_at, Post.platform, Post.target)
    ):
        posts[post.clip_id].append(PostOut.model_validate(post))
    return {
        clip.id: {
            "owner": owners.get(clip.user_id),
            "tags": in_order(tags[clip.id]),
            "scores": ScoresOut.model_validate(scores[clip.id]) if clip.id in scores else None,
            "votes": votes.get(clip.id, Votes()),
            "posts": posts[clip.id],
        }
        for clip in clips
    }


async def _owners(session: AsyncSession, clips: Sequence[Clip]) -> dict[UUID | None, Owner]:
    wanted = select(User.id, User.name).where(User.id.in_({clip.user_id for clip in clips if clip.user_id}))
    return {row.id: Owner(id=row.id, name=row.name) for row in await session.execute(wanted)}


def _fields(clip: Clip) -> dict[str, Any]:
    return {name: getattr(clip, name) for name in _COLUMNS}
