"""A clip's posts at the platforms."""

from __future__ import annotations

from typing import Final
from uuid import UUID

from fastapi import APIRouter
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from clipnet import outbox
from clipnet.api import clip_view
from clipnet.api.context import Ctx
from clipnet.api.identity import LoggedIn
from clipnet.api.problems import Problem, documented
from clipnet.api.wire import PostItems, PostList, PostOut, Publish
from clipnet.db.models import BotChannel, Clip, OAuthAccount, Post
from clipnet.publishing import request_posts

router = APIRouter(prefix="/v1/clips/{clip_id}", tags=["posts"])

_ACCOUNT_OF: Final = {"youtube": "google", "tiktok": "tiktok"}
_NAMES: Final = {
    "google": "Google",
    "youtube": "YouTube",
    "tiktok": "TikTok",
    "twitch": "Twitch",
    "discord": "Discord",
    "x": "X",
}


@router.post(
    "/publish",
    status_code=202,
    response_model=PostList,
    responses=documented(
        "body_unreadable",
        "not_logged_in",
        "not_owner",
        "not_found",
        "clip_not_ready",
        "account_not_linked",
        "invalid_request",
    ),
)
async def publish_clip(clip_id: UUID, wanted: Publish, context: Ctx, user: LoggedIn) -> PostList:
    """Post a ready clip; where it was posted before nothing happens, where it failed it is tried again.

    YouTube and TikTok need the owner's linked account; Twitch, Discord and X the owner's ClipBOT channel
    there.
    """
    async with context.sessions.begin() as session:
        clip = await clip_view.find_own_clip(session, clip_id, user)
        if clip.state != "ready":
            raise Problem("clip_not_ready", f"The clip is {clip.state}; it can be posted when it is ready.")
        for platform in wanted.platforms:
            await _check_linked(session, clip, platform)
        asked, written = await request_posts(session, clip, wanted.platforms, context.ids)
        await session.flush()
        for post in asked:
            await session.refresh(post)
        posts = [PostOut.model_validate(post) for post in asked]
    await outbox.relay(context.sessions, context.queue, [job.id for job in written])
    return PostList(posts=posts)


@router.get(
    "/posts", response_model=PostItems, responses=documented("not_logged_in", "not_found", "invalid_request")
)
async def read_posts(clip_id: UUID, context: Ctx, user: LoggedIn) -> PostItems:
    """Read where a clip was posted."""
    async with context.sessions() as session:
        await clip_view.find_clip(session, clip_id)
        wanted = (
            select(Post).where(Post.clip_id == clip_id).order_by(Post.created_at, Post.platform, Post.target)
        )
        return PostItems(items=[PostOut.model_validate(row) for row in await session.scalars(wanted)])


async def _check_linked(session: AsyncSession, clip: Clip, platform: str) -> None:
    """Check that there is somewhere to post to: an active account, or a channel that ClipBOT is in.

    Raises:
        Problem: `account_not_linked`.
    """
    provider = _ACCOUNT_OF.get(platform)
    if provider is None:
        channel = select(BotChannel.id).where(
            BotChannel.platform == platform, BotChannel.user_id == clip.user_id
        )
        if (await session.scalars(channel.limit(1))).first() is None:
            words = f"ClipBOT is in no {_NAMES[platform]} channel of the clip's owner."
            raise Problem("account_not_linked", words, provider=platform)
        return
    active = select(OAuthAccount.id).where(
        OAuthAccount.user_id == clip.user_id,
        OAuthAccount.provider == provider,
        OAuthAccount.state == "active",
    )
    if (await session.scalars(active.limit(1))).first() is None:
        words = f"Link your {_NAMES[provider]} account to post to {_NAMES[platform]}."
        raise Problem("account_not_linked", words, provider=provider)
