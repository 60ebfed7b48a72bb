"""Votes that count: one for each person and clip, and enough of them post the clip."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from clipnet import jobs, publishing
from clipnet.api import clip_view
from clipnet.api.context import Context
from clipnet.api.wire import Votes
from clipnet.db.models import BotChannel, BotEvent, Clip, OAuthAccount, Vote

DEFAULT_THRESHOLD: Final = 3
_ACCOUNTS: Final = {"youtube": "google", "tiktok": "tiktok"}
_NAMES: Final = {"youtube": "YouTube", "tiktok": "TikTok", "twitch": "Twitch", "discord": "Discord", "x": "X"}


@dataclass(frozen=True, slots=True)
class Counted:
    """What came of a vote.

    Attributes:
        votes: The clip's votes with this one.
        posts_to: Names of the platforms that this vote has the clip posted to.
        has_reached: Whether this was the vote that reached the threshold.
        written: Jobs in the outbox, for the caller to relay.
    """

    votes: Votes
    has_reached: bool = False
    posts_to: tuple[str, ...] = ()
    written: tuple[jobs.Job, ...] = ()


async def cast(session: AsyncSession, context: Context, clip: Clip, voter: str, value: int) -> Counted:
    """Count a vote in place of the voter's earlier one; the one that reaches the threshold posts the clip.

    Only clips that were made in a channel are posted by votes, by the rules of that channel: `vote_threshold`
    (votes for it less those against, 0 for never), `vote_publish_to` (else YouTube and TikTok as far as its
    owner has linked them). The clip's row is locked: of votes at the same moment, one is the one that counts.
    """
    await session.execute(select(Clip.id).where(Clip.id == clip.id).with_for_update())
    await session.refresh(clip)
    before = await _balance(session, clip.id)
    votes = await clip_view.cast_vote(session, clip.id, voter, value, context.clock.now())
    channel = await channel_of(session, clip)
    if channel is None:
        return Counted(votes)
    threshold = threshold_of(channel.settings)
    if threshold == 0 or not before < threshold <= votes.up - votes.down:
        return Counted(votes)
    platforms = await _platforms(session, clip, channel)
    written: tuple[jobs.Job, ...] = ()
    if clip.state == "ready":
        _, written = await publishing.request_posts(session, clip, platforms, context.ids)
    else:
        clip.publish_to = list(dict.fromkeys([*clip.publish_to, *platforms]))
    return Counted(votes, True, tuple(_NAMES[platform] for platform in platforms), written)


async def voter_on(session: AsyncSession, platform: str, author_id: str) -> str:
    """Return how somebody on a platform is named in the votes: as our user, if this account is linked."""
    linked = select(OAuthAccount.user_id).where(
        OAuthAccount.provider == platform, OAuthAccount.provider_user_id == author_id
    )
    user = await session.scalar(linked)
    return f"user:{user}" if user else f"{platform}:{author_id}"


async def channel_of(session: AsyncSession, clip: Clip) -> BotChannel | None:
    """Return the channel that a clip was asked for in."""
    if clip.source_kind != "bot":
        return None
    found: BotChannel | None = await session.scalar(
        select(BotChannel)
        .join(BotEvent, BotEvent.channel_id == BotChannel.id)
        .where(BotEvent.clip_id == clip.id, BotEvent.command == "clip")
        .order_by(BotEvent.received_at)
        .limit(1)
    )
    return found


def threshold_of(settings: dict[str, Any]) -> int:
    """Return how many more votes for than against post a clip; 0 if votes never do."""
    said = settings.get("vote_threshold")
    return said if isinstance(said, int) and not isinstance(said, bool) and said >= 0 else DEFAULT_THRESHOLD


async def _balance(session: AsyncSession, clip_id: UUID) -> int:
    return int(await session.scalar(select(func.sum(Vote.value)).where(Vote.clip_id == clip_id)) or 0)


async def _platforms(session: AsyncSession, clip: Clip, channel: BotChannel) -> list[str]:
    listed = channel.settings.get("vote_publish_to")
    if isinstance(listed, list):
        return [platform for platform in listed if platform in _NAMES]
    active = select(OAuthAccount.provider).where(
        OAuthAccount.user_id == clip.user_id, OAuthAccount.state == "active"
    )
    linked = set(await session.scalars(active))
    return [platform for platform, provider in _ACCOUNTS.items() if provider in linked]
