"""ClipBOT: webhooks of Twitch, Discord and X, and what the commands in them do.

The answers are sent by the worker: each command ends in a job that knows the event it answers.
"""

from __future__ import annotations

import json
import logging
from dataclasses import dataclass
from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import JSONResponse, PlainTextResponse
from sqlalchemy import String, func, select
from sqlalchemy import cast as sql_cast
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.background import BackgroundTask

from clipnet import jobs, outbox, sources, webhooks
from clipnet.api import clip_view
from clipnet.api.clips import process_job
from clipnet.api.context import Context, Ctx
from clipnet.api.problems import Problem, documented
from clipnet.clipbot import (
    HELP,
    ClipCommand,
    Command,
    Message,
    TextCommand,
    VoteCommand,
    discord_message,
    parse_command,
    twitch_message,
    x_messages,
)
from clipnet.db.models import BotChannel, BotEvent, Clip
from clipnet.log import current_span, traceparent

log = logging.getLogger("clipnet")
router = APIRouter(prefix="/v1/clipbot", tags=["clipbot"])

_PING, _COMMAND = 1, 2
_PONG: Final = {"type": 1}
_DEFERRED: Final = {"type": 5}
_JSON_BODY: Final = {
    "requestBody": {"required": True, "content": {"application/json": {"schema": {"type": "object"}}}}
}


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a message: the job to relay, or a text that the caller answers with itself."""

    job_id: str | None = None
    is_new: bool = True


@router.post(
    "/twitch",
    status_code=204,
    openapi_extra=_JSON_BODY,
    responses={
        200: {"description": "The challenge, as text.", "content": {"text/plain": {}}},
        **documented("body_unreadable", "signature_refused"),
    },
)
async def twitch(request: Request, context: Ctx) -> Response:
    """Take a Twitch EventSub message: challenge, notification or revocation."""
    raw = await request.body()
    secret = context.settings.twitch.eventsub_secret.reveal()
    try:
        webhooks.check_twitch(secret, request.headers, raw, context.clock.now())
    except webhooks.SignatureWrong as error:
        raise Problem("signature_refused", f"Refused: {error}.") from error
    body = _object(raw)
    subscription = body.get("subscription") or {}
    match request.headers.get("twitch-eventsub-message-type"):
        case "webhook_callback_verification":
            return PlainTextResponse(str(body.get("challenge", "")))
        case "revocation":
            log.warning("twitch ended a subscription", extra={"reason": subscription.get("status")})
        case "notification":
            message_id = request.headers["twitch-eventsub-message-id"]
            message = twitch_message(message_id, str(subscription.get("type", "")), body.get("event") or {})
            if message is not None:
                await outbox.relay(context.sessions, context.queue, await hear(context, message, body))
    return Response(status_code=204)


@router.post("/discord", openapi_extra=_JSON_BODY, responses=documented("body_unreadable", "signature_wrong"))
async def discord(request: Request, context: Ctx) -> JSONResponse:
    """Take a Discord interaction; a command is answered with "thinking", the worker fills the answer in."""
    raw = await request.body()
    try:
        webhooks.check_discord(context.settings.discord.public_key, request.headers, raw, context.clock.now())
    except webhooks.SignatureWrong as error:
        raise Problem("signature_wrong", f"Refused: {error}.") from error
    body = _object(raw)
    if body.get("type") == _PING:
        return JSONResponse(_PONG)
    if body.get("type") != _COMMAND:
        return JSONResponse(_discord_text("I only know the commands /clip, /vote, /status and /help."))
    try:
        message = discord_message(body)
    except (KeyError, TypeError) as error:
        raise Problem("body_unreadable", "This is not an interaction.") from error
    if parse_command(message.text, "discord") is None:
        return JSONResponse(_discord_text(HELP))
    job_ids = await hear(context, message, body)
    # Only then may the worker answer: Discord knows no message to fill in before it has "thinking".
    relay = BackgroundTask(outbox.relay, context.sessions, context.queue, job_ids)
    return JSONResponse(_DEFERRED, background=relay)


@router.get("/x", responses=documented("invalid_request"))
async def x_challenge(crc_token: Annotated[str, Query(max_length=500)], context: Ctx) -> JSONResponse:
    """Prove to X that this webhook is ours."""
    secret = context.settings.x.consumer_secret.reveal()
    return JSONResponse({"response_token": webhooks.x_challenge_response(secret, crc_token)})


@router.post("/x", openapi_extra=_JSON_BODY, responses=documented("body_unreadable", "signature_refused"))
async def x(request: Request, context: Ctx) -> JSONResponse:
    """Take events of X; mentions are commands."""
    raw = await request.body()
    try:
        webhooks.check_x(context.settings.x.consumer_secret.reveal(), request.headers, raw)
    except webhooks.SignatureWrong as error:
        raise Problem("signature_refused", f"Refused: {error}.") from error
    body = _object(raw)
    for message in x_messages(body):
        await outbox.relay(context.sessions, context.queue, await hear(context, message, body))
    return JSONResponse({})


async def hear(context: Context, message: Message, payload: dict[str, Any]) -> list[str]:
    """Do what a message asks for, once, however often it is delivered; only commands are stored.

    Returns the ids of the jobs that go on with it: in the outbox, for the caller to relay.
    """
    command = parse_command(message.text, message.platform)
    if command is None:
        return []
    async with context.sessions.begin() as session:
        event = await _store_event(session, context, message, command, payload)
        if event is None:
            log.info("event was here before", extra={"event_id": message.event_id})
            return []
        job = outbox.write(session, await _obey(session, context, event, message, command))
    return [job.id]


async def _store_event(
    session: AsyncSession, context: Context, message: Message, command: Command, payload: dict[str, Any]
) -> BotEvent | None:
    """Store the event and return it; None if it was stored before."""
    known = select(BotChannel.id).where(
        BotChannel.platform == message.platform, BotChannel.external_id == message.channel
    )
    values = {
        "id": context.ids.uuid(),
        "platform": message.platform,
        "event_id": message.event_id,
        "channel_id": await session.scalar(known),
        "kind": message.kind,
        "command": command.name,
        "author_id": message.author_id,
        "author_name": message.author_name,
        "reply": dict(message.reply),
        "payload": payload,
        "state": "received",
        "received_at": context.clock.now(),
    }
    stored = insert(BotEvent).values(values).on_conflict_do_nothing().returning(BotEvent.id)
    identity = await session.scalar(stored)
    return None if identity is None else await session.get(BotEvent, identity)


async def _obey(
    session: AsyncSession, context: Context, event: BotEvent, message: Message, command: Command
) -> jobs.Job:
    """Do what the command says and return the job that goes on with it or answers."""
    channel = await session.get(BotChannel, event.channel_id) if event.channel_id else None
    if channel is None:
        words = f"I am not set up for this channel yet. Its owner can add it ({message.channel}) in ClipNET."
        return _say(event, words)
    if {message.author_id, message.author_name.lower()} & _banned(channel):
        return _say(event, "You may not use me in this channel.")
    match command:
        case ClipCommand():
            return await _clip(session, context, event, message, channel, command)
        case VoteCommand():
            return _say(event, await _vote(session, context, message, command))
        case TextCommand(name="status"):
            return _say(event, await _status(session, channel))
        case TextCommand(name="wrong"):
            return _say(event, command.text)
        case _:
            return _say(event, HELP)


async def _clip(
    session: AsyncSession,
    context: Context,
    event: BotEvent,
    message: Message,
    channel: BotChannel,
    command: ClipCommand,
) -> jobs.Job:
    """Make a clip of what the channel shows.

    `settings.media_url` names the recording; `settings.media_position_s` how far it is now, so that the last
    moments can be cut (without it, its first).
    """
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
        description=f"Clipped by {message.author_name} on {channel.name}.",
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
    return process_job(clip)


async def _vote(session: AsyncSession, context: Context, message: Message, command: VoteCommand) -> str:
    """Count the vote and return what to answer."""
    starts = sql_cast(Clip.id, String).startswith(command.clip_prefix, autoescape=True)
    found = (await session.scalars(select(Clip).where(starts).limit(2))).all()
    if not found:
        return f"No clip's id starts with {command.clip_prefix}."
    if len(found) > 1:
        return f"More than one clip's id starts with {command.clip_prefix}. Give more of it."
    clip, voter = found[0], f"{message.platform}:{message.author_id}"
    votes = await clip_view.cast_vote(session, clip.id, voter, command.value, context.clock.now())
    return f"Thanks! {clip.title or 'The clip'} has {votes.up} up and {votes.down} down."


async def _status(session: AsyncSession, channel: BotChannel) -> str:
    """Return how this channel's clips are doing."""
    own = select(BotEvent.clip_id).where(BotEvent.channel_id == channel.id, BotEvent.clip_id.is_not(None))
    counted = select(Clip.state, func.count().label("number")).where(Clip.id.in_(own)).group_by(Clip.state)
    numbers = {row.state: row.number for row in await session.execute(counted)}
    waiting = numbers.get("queued", 0) + numbers.get("processing", 0)
    words = f"{waiting} in the works, {numbers.get('ready', 0)} ready, {numbers.get('failed', 0)} failed."
    newest = select(Clip).where(Clip.id.in_(own)).order_by(Clip.created_at.desc()).limit(1)
    last = (await session.scalars(newest)).one_or_none()
    if last is None:
        return words
    progress = f", {last.progress} %" if last.state == "processing" else ""
    return f"{words} The last one ({str(last.id)[:8]}) is {last.state}{progress}."


def _say(event: BotEvent, text: str) -> jobs.Job:
    """Return the job that answers an event with a text."""
    identity = str(event.id)
    payload = jobs.BotPayload(event=identity, clip=_text(event.clip_id), text=text)
    return jobs.job("clipbot:notify", payload, subject=identity, traceparent=traceparent())


def _banned(channel: BotChannel) -> set[str]:
    listed = channel.settings.get("banned")
    return {str(one).lower() for one in listed} if isinstance(listed, list) else set()


def _text(identity: UUID | None) -> str | None:
    return None if identity is None else str(identity)


def _discord_text(content: str) -> dict[str, Any]:
    """Return an answer that only the one who asked can see (flag 64)."""
    return {"type": 4, "data": {"content": content, "flags": 64, "allowed_mentions": {"parse": []}}}


def _object(raw: bytes) -> dict[str, Any]:
    try:
        body = _storable(json.loads(raw))
    except (ValueError, RecursionError) as error:
        raise Problem("body_unreadable", "The body is not valid JSON.") from error
    if not isinstance(body, dict):
        raise Problem("body_unreadable", "The body is not a JSON object.")
    return body


def _storable(value: Any) -> Any:
    """Return JSON without what PostgreSQL cannot store: NUL, and halves of characters (lone surrogates)."""
    match value:
        case str():
            return value.replace("\0", "").encode("utf-8", "replace").decode()
        case list():
            return [_storable(one) for one in value]
        case dict():
            return {_storable(name): _storable(one) for name, one in value.items()}
        case _:
            return value
