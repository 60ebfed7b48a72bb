"""Channels that ClipBOT listens to, and the rules of each."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Final, Literal
from uuid import UUID

from fastapi import APIRouter, Path, Response
from pydantic import BaseModel, ConfigDict, Field, StringConstraints
from sqlalchemy import Select, delete, select
from sqlalchemy.ext.asyncio import AsyncSession

from clipnet import sources
from clipnet.api.context import Ctx
from clipnet.api.identity import LoggedIn
from clipnet.api.problems import Problem, documented, not_found
from clipnet.api.wire import Name, Platform
from clipnet.bot_commands import CommandName, PlatformName, Role
from clipnet.db.models import BotChannel, OAuthAccount, User

router = APIRouter(prefix="/v1/channels", tags=["clipbot"])

_NAMES: Final = {"twitch": "Twitch", "discord": "Discord", "x": "X"}
ExternalId = Annotated[str, Path(pattern=r"^[0-9]{1,20}$")]
Person = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100, pattern="^[^\0]*$")
]
Position = Annotated[float, Field(ge=0, le=86_400, allow_inf_nan=False)]


class ChannelSettings(BaseModel):
    """The rules of a channel, each optional; docs/clipbot.md says what holds without them."""

    model_config = ConfigDict(extra="forbid")

    media_url: Annotated[str, StringConstraints(max_length=2_000, pattern="^[^\0]*$")] | None = None
    media_position_s: Position | None = None
    publish_to: Annotated[list[Platform], Field(max_length=5)] | None = None
    permissions: dict[CommandName, Role] | None = None
    moderators: Annotated[list[Person], Field(max_length=1_000)] | None = None
    banned: Annotated[list[Person], Field(max_length=1_000)] | None = None
    vote_threshold: Annotated[int, Field(ge=0, le=1_000_000)] | None = None
    vote_publish_to: Annotated[list[Platform], Field(max_length=5)] | None = None


class ChannelBody(BaseModel):
    """A channel's name and rules; they take the place of the former ones."""

    model_config = ConfigDict(extra="forbid")

    name: Name
    settings: ChannelSettings = ChannelSettings()


class ChannelOut(BaseModel):
    """A channel."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    platform: Literal["twitch", "discord", "x"]
    external_id: str
    name: str
    user_id: UUID | None
    settings: dict[str, object]
    created_at: datetime


class ChannelList(BaseModel):
    """Channels."""

    items: list[ChannelOut]


@router.get("", response_model=ChannelList, responses=documented("not_logged_in"))
async def list_channels(context: Ctx, user: LoggedIn) -> ChannelList:
    """List one's channels; an admin sees all."""
    wanted = select(BotChannel).order_by(BotChannel.platform, BotChannel.external_id)
    if user.role != "admin":
        wanted = wanted.where(BotChannel.user_id == user.id)
    async with context.sessions() as session:
        return ChannelList(items=[ChannelOut.model_validate(row) for row in await session.scalars(wanted)])


@router.put(
    "/{platform}/{external_id}",
    response_model=ChannelOut,
    responses=documented(
        "body_unreadable",
        "not_logged_in",
        "not_owner",
        "account_not_linked",
        "invalid_request",
        "source_refused",
    ),
)
async def put_channel(
    platform: PlatformName, external_id: ExternalId, body: ChannelBody, context: Ctx, user: LoggedIn
) -> ChannelOut:
    """Add a channel, or change its name and rules.

    At Twitch it is added by the user who has linked its account, channels of Discord and X by an admin.
    """
    settings = body.settings.model_dump(exclude_none=True)
    if (url := settings.get("media_url")) and (refusal := sources.refusal(url, context.settings)):
        raise Problem("source_refused", f"The channel's video cannot be used: {refusal}.")
    async with context.sessions.begin() as session:
        channel = await session.scalar(_one(platform, external_id).with_for_update())
        if channel is None:
            await _check_may_add(session, user, platform, external_id)
            channel = BotChannel(
                id=context.ids.uuid(),
                platform=platform,
                external_id=external_id,
                user_id=user.id,
                created_at=context.clock.now(),
            )
            session.add(channel)
        elif channel.user_id != user.id and user.role != "admin":
            raise Problem("not_owner", "Only its owner may change the channel.")
        channel.name, channel.settings = body.name, settings
        await session.flush()
        return ChannelOut.model_validate(channel)


@router.delete(
    "/{platform}/{external_id}",
    status_code=204,
    responses=documented("not_logged_in", "not_found", "invalid_request"),
)
async def delete_channel(
    platform: PlatformName, external_id: ExternalId, context: Ctx, user: LoggedIn
) -> Response:
    """Have ClipBOT listen to a channel no longer."""
    gone = delete(BotChannel).where(BotChannel.platform == platform, BotChannel.external_id == external_id)
    if user.role != "admin":
        gone = gone.where(BotChannel.user_id == user.id)
    async with context.sessions.begin() as session:
        if await session.scalar(gone.returning(BotChannel.id)) is None:
            raise not_found("channel")
    return Response(status_code=204)


async def _check_may_add(session: AsyncSession, user: User, platform: str, external_id: str) -> None:
    """Refuse somebody who cannot show that the channel is theirs.

    Raises:
        Problem: `account_not_linked` or `not_owner`.
    """
    if user.role == "admin":
        return
    if platform != "twitch":
        raise Problem("not_owner", f"Only an admin may add a channel of {_NAMES[platform]}.")
    linked = select(OAuthAccount.id).where(
        OAuthAccount.user_id == user.id,
        OAuthAccount.provider == platform,
        OAuthAccount.provider_user_id == external_id,
        OAuthAccount.state == "active",
    )
    if await session.scalar(linked) is None:
        words = "Link the Twitch account whose channel this is."
        raise Problem("account_not_linked", words, provider=platform)


def _one(platform: str, external_id: str) -> Select[BotChannel]:
    return select(BotChannel).where(BotChannel.platform == platform, BotChannel.external_id == external_id)
