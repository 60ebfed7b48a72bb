"""What ClipBOT does about what it hears: stores it once, obeys, and writes the job that answers."""

from __future__ import annotations

import logging
import textwrap
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Select, String, func, select
from sqlalchemy import cast as sql_cast
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from clipnet import jobs, outbox, sources
from clipnet.api import ballot
from clipnet.api.clips import process_job
from clipnet.api.context import Context
from clipnet.bot_commands import (
    COMMANDS,
    ClipCommand,
    Command,
    Role,
    TextCommand,
    TopCommand,
    VoteCommand,
    denial,
    help_text,
)
from clipnet.clipbot import Echo, Message
from clipnet.db.models import BotChannel, BotEvent, Clip, OAuthAccount, Vote
from clipnet.log import current_span, traceparent

log = logging.getLogger("clipnet")
_LONGEST_TITLE = 40


@dataclass(frozen=True, slots=True)
class Heard:
    """What came of a message.

    Attributes:
        job_ids: Jobs in the outbox, for the caller to relay.
        is_private: Whether only the one who asked needs to see the answer.
    """

    job_ids: tuple[str, ...] = ()
    is_private: bool = False


@dataclass(frozen=True, slots=True)
class Scene:
    """Who asks for what, and where."""

    event: BotEvent
    message: Message
    channel: BotChannel


@dataclass(frozen=True, slots=True)
class Done:
    """What a command leads to: jobs to write to the outbox, and those that are there already."""

    own: tuple[jobs.Job, ...]
    written: tuple[jobs.Job, ...] = ()
    is_private: bool = False


async def hear(context: Context, message: Message | Echo, payload: Mapping[str, Any]) -> Heard:
    """Do what a message asks for, once, however often it is delivered.

    Only commands are stored, and what ClipBOT said itself: by that the worker finds out whether a message of
    which it knows no answer was sent.
    """
    if isinstance(message, Echo):
        async with context.sessions.begin() as session:
            await session.execute(_insertion(context, message, {"text": message.text}, None))
        return Heard()
    command = message.command
    if command is None:
        return Heard()
    async with context.sessions.begin() as session:
        event = await _store_event(session, context, message, command, payload)
        if event is None:
            log.info("event was here before", extra={"event_id": message.event_id})
            return Heard(is_private=is_private(command))
        done = await _obey(session, context, event, message, command)
        for job in done.own:
            outbox.write(session, job)
        if done.is_private:
            event.reply = {**event.reply, "is_private": True}
    return Heard(tuple(job.id for job in (*done.own, *done.written)), done.is_private)


def is_private(command: Command) -> bool:
    """Tell whether only the one who asks needs to see the answer to a command."""
    return command.name == "wrong" or COMMANDS[command.name].is_private


async def _store_event(
    session: AsyncSession, context: Context, message: Message, command: Command, payload: Mapping[str, Any]
) -> BotEvent | None:
    """Store the event and return it; None if it was stored before."""
    identity = await session.scalar(_insertion(context, message, payload, command))
    return None if identity is None else await session.get(BotEvent, identity)


def _insertion(
    context: Context, message: Message | Echo, payload: Mapping[str, Any], command: Command | None
) -> Any:
    known = select(BotChannel.id).where(
        BotChannel.platform == message.platform, BotChannel.external_id == message.channel
    )
    if isinstance(message, Echo):
        name, reply = "ClipBOT", {"channel_id": message.channel, "reply_to": message.reply_to}
    else:
        name, reply = message.author_name, dict(message.reply)
    values = {
        "id": context.ids.uuid(),
        "platform": message.platform,
        "event_id": message.event_id,
        "channel_id": known.scalar_subquery(),
        "kind": message.kind,
        "command": command.name if command else None,
        "author_id": message.author_id,
        "author_name": name,
        "reply": reply,
        "payload": dict(payload),
        "state": "received" if command else "ignored",
        "received_at": context.clock.now(),
    }
    return insert(BotEvent).values(values).on_conflict_do_nothing().returning(BotEvent.id)


async def _obey(
    session: AsyncSession, context: Context, event: BotEvent, message: Message, command: Command
) -> Done:
    """Do what the command says; return the job that goes on with it or answers."""
    channel = await session.get(BotChannel, event.channel_id) if event.channel_id else None
    if channel is None:
        words = f"I am not set up for this channel yet. Its owner can add it ({message.channel}) in ClipNET."
        return _say(event, words)
    if _is_listed(message, channel, "banned"):
        return _say(event, "You may not use me in this channel.")
    role = await _role(session, message, channel)
    if (refused := denial(channel.settings, command.name, role, message.platform)) is not None:
        return _say(event, refused)
    scene = Scene(event, message, channel)
    match command:
        case ClipCommand():
            return await _clip(session, context, scene, command)
        case VoteCommand():
            return await _vote(session, context, scene, command)
        case TopCommand():
            return _say(event, await _top(session, scene, command))
        case TextCommand(name="status"):
            return _say(event, await _status(session, channel))
        case TextCommand(name="wrong"):
            return _say(event, command.text)
        case _:
            return _say(event, help_text(message.platform))


async def _role(session: AsyncSession, message: Message, channel: BotChannel) -> Role:
    """Return what the author may do: as the platform says, more for the channel's own people in ClipNET.

    X knows no roles: there the owner is who has linked this account, and moderators are those whom the
    channel's `moderators` name, by id or login.
    """
    if message.role == "owner":
        return "owner"
    linked = select(OAuthAccount.id).where(
        OAuthAccount.user_id == channel.user_id,
        OAuthAccount.provider == message.platform,
        OAuthAccount.provider_user_id == message.author_id,
    )
    if channel.user_id is not None and await session.scalar(linked) is not None:
        return "owner"
    if _is_listed(message, channel, "moderators"):
        return "moderator"
    return message.role


async def _clip(session: AsyncSession, context: Context, scene: Scene, command: ClipCommand) -> Done:
    """Make a clip of what the channel shows.

    `settings.media_url` names the recording; `settings.media_position_s` how far it is now, so that the last
    moments can be cut (without it, its first).
    """
    event, channel = scene.event, scene.channel
    media_url = channel.settings.get("media_url")
    if not isinstance(media_url, str) or not media_url:
        return _say(event, "There is nothing to clip: the channel names no video.")
    refusal = sources.refusal(media_url, context.settings)
    if refusal is not None:
        return _say(event, f"The channel's video cannot be used: {refusal}.")

    end_s = float(channel.settings.get("media_position_s") or command.seconds)
    span, now = current_span(), context.clock.now()
    clip = Clip(
        id=context.ids.uuid(),
        user_id=channel.user_id,
        title=command.title,
        description=f"Clipped by {scene.message.author_name} on {channel.name}.",
        state="queued",
        progress=0,
        attempt=1,
        source_kind="bot",
        source_url=media_url,
        want_start_s=max(end_s - command.seconds, 0.0),
        want_end_s=end_s,
        publish_to=list(channel.settings.get("publish_to") or ()),
        trace_id=span.trace_id if span else None,
        created_at=now,
        updated_at=now,
    )
    session.add(clip)
    await session.flush()
    event.clip_id = clip.id
    return Done((process_job(clip),))


async def _vote(session: AsyncSession, context: Context, scene: Scene, command: VoteCommand) -> Done:
    """Count the vote; return the answer, and the posts that it is the last vote for."""
    prefix, event = command.clip_prefix, scene.event
    if prefix:
        starts = sql_cast(Clip.id, String).startswith(prefix, autoescape=True)
        found = (await session.scalars(select(Clip).where(starts).limit(2))).all()
    else:
        found = (await session.scalars(_newest(scene.channel).where(Clip.state != "failed"))).all()
    if not found:
        words = f"No clip's id starts with {prefix}." if prefix else "There is no clip to vote for yet."
        return _say(event, words)
    if len(found) > 1:
        return _say(event, f"More than one clip's id starts with {prefix}. Give more of it.")
    clip = found[0]
    voter = await ballot.voter_on(session, scene.message.platform, scene.message.author_id)
    counted = await ballot.cast(session, context, clip, voter, command.value)
    votes = counted.votes
    words = f"Thanks! {clip.title or 'The clip'} has {votes.up} up and {votes.down} down."
    answer = _say(event, f"{words}{_of_threshold(counted, clip)}")
    return Done(answer.own, counted.written)


def _of_threshold(counted: ballot.Counted, clip: Clip) -> str:
    """Return what to say of the vote that was enough; nothing for others."""
    if not counted.has_reached:
        return ""
    if not counted.posts_to:
        return " That is enough to post it, but its owner has linked neither YouTube nor TikTok."
    when = "is posted" if clip.state == "ready" else "will be posted when it is ready"
    return f" That is enough: it {when} to {' and '.join(counted.posts_to)}."


async def _top(session: AsyncSession, scene: Scene, command: TopCommand) -> str:
    """Return the channel's clips with the most votes for them."""
    up, down = (func.count().filter(Vote.value == value) for value in (1, -1))
    own = select(BotEvent.clip_id).where(BotEvent.channel_id == scene.channel.id, BotEvent.command == "clip")
    wanted = (
        select(Clip, up, down)
        .join(Vote, Vote.clip_id == Clip.id)
        .where(Clip.id.in_(own), Clip.state == "ready")
        .group_by(Clip.id)
        .having(up > 0)
        .order_by((up - down).desc(), Clip.created_at.desc())
        .limit(command.count)
    )
    rows = (await session.execute(wanted)).all()
    if not rows:
        return "No clip of this channel has votes yet."
    listed = [
        f"{place}. {_title(clip)} ({str(clip.id)[:8]}) +{up} -{down}"
        for place, (clip, up, down) in enumerate(rows, 1)
    ]
    return f"Top clips: {', '.join(listed)}"


def _title(clip: Clip) -> str:
    return textwrap.shorten(clip.title, _LONGEST_TITLE, placeholder="…") or "untitled"


async def _status(session: AsyncSession, channel: BotChannel) -> str:
    """Return how this channel's clips are doing."""
    own = select(BotEvent.clip_id).where(BotEvent.channel_id == channel.id, BotEvent.clip_id.is_not(None))
    counted = select(Clip.state, func.count().label("number")).where(Clip.id.in_(own)).group_by(Clip.state)
    numbers = {row.state: row.number for row in await session.execute(counted)}
    waiting = numbers.get("queued", 0) + numbers.get("processing", 0)
    words = f"{waiting} in the works, {numbers.get('ready', 0)} ready, {numbers.get('failed', 0)} failed."
    last = (await session.scalars(_newest(channel))).one_or_none()
    if last is None:
        return words
    progress = f", {last.progress} %" if last.state == "processing" else ""
    return f"{words} The last one ({str(last.id)[:8]}) is {last.state}{progress}."


def _newest(channel: BotChannel) -> Select[Clip]:
    """The channel's newest clip."""
    own = select(BotEvent.clip_id).where(BotEvent.channel_id == channel.id, BotEvent.clip_id.is_not(None))
    return select(Clip).where(Clip.id.in_(own)).order_by(Clip.created_at.desc()).limit(1)


def _say(event: BotEvent, text: str) -> Done:
    """Answer an event with a text, which is for the one who asked."""
    identity = str(event.id)
    payload = jobs.BotPayload(event=identity, clip=_text(event.clip_id), text=text)
    job = jobs.job("clipbot:notify", payload, subject=identity, traceparent=traceparent())
    return Done((job,), is_private=True)


def _is_listed(message: Message, channel: BotChannel, name: str) -> bool:
    """Tell whether a list of the channel names the author, by id or login: anybody may take a shown name."""
    listed = channel.settings.get(name)
    named = {str(one).lower() for one in listed} if isinstance(listed, list) else set()
    return not named.isdisjoint((message.author_id, message.author_login))


def _text(identity: UUID | None) -> str | None:
    return None if identity is None else str(identity)
