"""Votes on clips: everybody who is logged in has one for each."""

from __future__ import annotations

from uuid import UUID

from fastapi import APIRouter
from sqlalchemy import delete

from clipnet import outbox
from clipnet.api import ballot, clip_view
from clipnet.api.context import Ctx
from clipnet.api.identity import LoggedIn
from clipnet.api.problems import documented
from clipnet.api.wire import VoteBody, Votes
from clipnet.db.models import Vote

router = APIRouter(prefix="/v1/clips/{clip_id}/vote", tags=["votes"])


@router.put(
    "",
    response_model=Votes,
    responses=documented("body_unreadable", "not_logged_in", "not_found", "invalid_request"),
)
async def vote(clip_id: UUID, body: VoteBody, context: Ctx, user: LoggedIn) -> Votes:
    """Vote a clip up or down; a second vote replaces the first.

    A clip that was made in a ClipBOT channel is posted by the vote that reaches the channel's threshold.
    """
    async with context.sessions.begin() as session:
        clip = await clip_view.find_clip(session, clip_id)
        counted = await ballot.cast(session, context, clip, clip_view.voter_of(user), body.value)
    await outbox.relay(context.sessions, context.queue, [job.id for job in counted.written])
    return counted.votes


@router.delete(
    "", response_model=Votes, responses=documented("not_logged_in", "not_found", "invalid_request")
)
async def take_back_vote(clip_id: UUID, context: Ctx, user: LoggedIn) -> Votes:
    """Take one's vote back; without one nothing happens."""
    voter = clip_view.voter_of(user)
    async with context.sessions.begin() as session:
        await clip_view.find_clip(session, clip_id)
        await session.execute(delete(Vote).where(Vote.clip_id == clip_id, Vote.voter == voter))
        return (await clip_view.votes_of(session, [clip_id], voter)).get(clip_id, Votes())
