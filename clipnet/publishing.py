"""Asking for a clip's posts: the rows in `posts` and the jobs that make them, in one transaction."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from clipnet import jobs, outbox
from clipnet.clock import Ids
from clipnet.db.models import BotChannel, Clip, Post
from clipnet.log import traceparent

WITH_CHANNELS = ("twitch", "discord")
"""Platforms where ClipBOT posts into channels; elsewhere there is one place: the account."""


async def request_posts(
    session: AsyncSession, clip: Clip, platforms: Sequence[str], ids: Ids
) -> tuple[tuple[Post, ...], tuple[jobs.Job, ...]]:
    """Add what is missing for these platforms to the session; relay the jobs after the commit.

    A post that is under way or made is left alone; one that failed is asked for again. Idempotent.

    Returns:
        All posts of these platforms, and the jobs that were written to the outbox.
    """
    known = await session.scalars(
        select(Post).where(Post.clip_id == clip.id, Post.platform.in_(platforms)).with_for_update()
    )
    rows = {(post.platform, post.target): post for post in known.all()}
    posts: list[Post] = []
    written: list[jobs.Job] = []
    for platform in dict.fromkeys(platforms):
        for target in await _targets(session, clip, platform):
            post = rows.get((platform, target))
            if post is None or post.state == "failed":
                post, job = _ask(session, clip, platform, target, post, ids)
                written.append(job)
            posts.append(post)
    return tuple(posts), tuple(written)


def post_job(post: Post, clip_id: str) -> jobs.Job:
    """Return the job that makes a post; its id changes with each asking."""
    name = jobs.POST_JOBS[post.platform]
    payload = (
        jobs.BotPayload(clip=clip_id, post=str(post.id))
        if name == "clipbot:post"
        else jobs.PostPayload(clip=clip_id, post=str(post.id))
    )
    return jobs.job(name, payload, subject=str(post.id), attempt=post.attempts + 1, traceparent=traceparent())


def _ask(
    session: AsyncSession, clip: Clip, platform: str, target: str, post: Post | None, ids: Ids
) -> tuple[Post, jobs.Job]:
    if post is None:
        identity = ids.uuid()
        post = Post(
            id=identity,
            clip_id=clip.id,
            user_id=clip.user_id,
            platform=platform,
            target=target,
            state="queued",
            attempts=0,
            idempotency_key=jobs.job_id(str(identity), jobs.POST_JOBS[platform]),
        )
        session.add(post)
    post.state, post.error = "queued", None
    return post, outbox.write(session, post_job(post, str(clip.id)))


async def _targets(session: AsyncSession, clip: Clip, platform: str) -> Sequence[str]:
    """Return where on a platform the clip goes: the owner's channels, or the one place there is."""
    if platform not in WITH_CHANNELS:
        return ("",)
    channels = await session.scalars(
        select(BotChannel.external_id)
        .where(BotChannel.platform == platform, BotChannel.user_id == clip.user_id)
        .order_by(BotChannel.external_id)
    )
    return channels.all() or ("",)
