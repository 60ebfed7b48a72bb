"""ClipBOT: webhooks of Twitch, Discord and X. They check, answer in time, and leave the rest to obey.py.

The answers to what was said are sent by the worker: each command ends in a job that knows its event.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Sequence
from typing import Annotated, Any, Final

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import JSONResponse, PlainTextResponse
from sqlalchemy.exc import SQLAlchemyError
from starlette.background import BackgroundTask

from clipnet import outbox, webhooks
from clipnet.api import discord
from clipnet.api.context import Context, Ctx
from clipnet.api.obey import Heard, hear, is_private
from clipnet.api.problems import Problem, documented
from clipnet.bot_commands import help_text
from clipnet.clipbot import Echo, Message, discord_message, twitch_message, x_messages

log = logging.getLogger("clipnet")
router = APIRouter(prefix="/v1/clipbot", tags=["clipbot"])

_PING, _COMMAND = 1, 2
_DISCORD_WITHIN_S: Final = 1.5
"""Discord gives up after 3 s, and the way to it takes some."""
_TWITCH_WITHIN_S: Final = 3.0
"""Twitch wants an answer within "a few seconds", and sends what it got none for again."""
_X_WITHIN_S: Final = 6.0
"""X gives up after 10 s."""
CrcToken = Annotated[str, Query(max_length=500, pattern=r"^[A-Za-z0-9._~+/=-]+$")]
"""X challenges with Base64 or a UUID. JSON is not answered: events are signed with the same key, so that the
answer would be the signature of an event that anybody could have written."""
_JSON_BODY: Final = {
    "requestBody": {"required": True, "content": {"application/json": {"schema": {"type": "object"}}}}
}


@router.post(
    "/twitch",
    status_code=204,
    openapi_extra=_JSON_BODY,
    responses={
        200: {"description": "The challenge, as text.", "content": {"text/plain": {}}},
        **documented("body_unreadable", "signature_refused"),
    },
)
async def take_twitch(request: Request, context: Ctx) -> Response:
    """Take a Twitch EventSub message: challenge, notification or revocation."""
    raw = await request.body()
    secret = context.settings.twitch.eventsub_secret.reveal()
    try:
        webhooks.check_twitch(secret, request.headers, raw, context.clock.now())
    except webhooks.SignatureWrong as error:
        raise Problem("signature_refused", f"Refused: {error}.") from error
    body = _object(raw)
    subscription = _readable(lambda: dict(body.get("subscription") or {}))
    match request.headers.get("twitch-eventsub-message-type"):
        case "webhook_callback_verification":
            return PlainTextResponse(str(body.get("challenge", "")))
        case "revocation":
            log.warning("twitch ended a subscription", extra={"reason": subscription.get("status")})
        case "notification":
            kind, event = str(subscription.get("type", "")), body.get("event") or {}
            message = _readable(twitch_message, kind, event, context.settings.twitch.bot_user_id)
            return await _heard(context, [message] if message else [], body, _TWITCH_WITHIN_S)
    return Response(status_code=204)


@router.post("/discord", openapi_extra=_JSON_BODY, responses=documented("body_unreadable", "signature_wrong"))
async def take_discord(request: Request, context: Ctx) -> JSONResponse:
    """Take a Discord interaction; a command is answered with "thinking", the worker fills the answer in."""
    raw = await request.body()
    try:
        webhooks.check_discord(context.settings.discord.public_key, request.headers, raw, context.clock.now())
    except webhooks.SignatureWrong as error:
        raise Problem("signature_wrong", f"Refused: {error}.") from error
    body = _object(raw)
    if body.get("type") == _PING:
        return JSONResponse(discord.PONG)
    if body.get("type") != _COMMAND:
        return JSONResponse(discord.at_once(help_text("discord")))
    message = _readable(discord_message, body)
    if message.command is None or message.command.name == "wrong":
        return JSONResponse(discord.at_once(getattr(message.command, "text", help_text("discord"))))
    return await _think(context, message, body)


@router.get("/x", responses=documented("invalid_request"))
async def x_challenge(crc_token: CrcToken, context: Ctx) -> JSONResponse:
    """Prove to X that this webhook is ours."""
    secret = context.settings.x.consumer_secret.reveal()
    return JSONResponse({"response_token": webhooks.x_challenge_response(secret, crc_token)})


@router.post("/x", openapi_extra=_JSON_BODY, responses=documented("body_unreadable", "signature_refused"))
async def take_x(request: Request, context: Ctx) -> Response:
    """Take events of X; mentions are commands."""
    raw = await request.body()
    try:
        webhooks.check_x(context.settings.x.consumer_secret.reveal(), request.headers, raw)
    except webhooks.SignatureWrong as error:
        raise Problem("signature_refused", f"Refused: {error}.") from error
    body = _object(raw)
    messages = _readable(lambda: list(x_messages(body)))
    answer = await _heard(context, messages, body, _X_WITHIN_S)
    return JSONResponse({}, background=answer.background)


async def _heard(
    context: Context, messages: Sequence[Message | Echo], body: dict[str, Any], within_s: float
) -> Response:
    """Store and obey, then answer; the queue is told after that, so that Redis costs no time.

    Raises:
        Problem: `unavailable` when it takes too long: the platform sends again what it got no 2xx for, and
            what was stored by then is known.
    """
    job_ids: list[str] = []
    try:
        async with asyncio.timeout(within_s):
            for message in messages:
                job_ids += (await hear(context, message, body)).job_ids
    except TimeoutError as error:
        words = f"The database took longer than {within_s:g} s. Send it again."
        raise Problem("unavailable", words, headers={"Retry-After": "1"}) from error
    return Response(
        status_code=204, background=BackgroundTask(outbox.relay, context.sessions, context.queue, job_ids)
    )


async def _think(context: Context, message: Message, body: dict[str, Any]) -> JSONResponse:
    """Answer a command within Discord's time, also when storing it takes longer.

    The job is relayed after the answer: Discord knows no message to fill in before it has "thinking".
    """
    assert message.command is not None
    work = asyncio.ensure_future(hear(context, message, body))
    done, _ = await asyncio.wait({work}, timeout=_DISCORD_WITHIN_S)
    private = is_private(message.command)
    if done:
        try:
            private = work.result().is_private
        except (SQLAlchemyError, OSError) as error:
            log.error("command not stored", extra={"error": f"{type(error).__name__}: {error}"[:300]})
            return JSONResponse(discord.at_once(discord.NOT_NOW))
    finish = BackgroundTask(_finish, context, message, work)
    return JSONResponse(discord.deferred(is_private=private), background=finish)


async def _finish(context: Context, message: Message, work: asyncio.Future[Heard]) -> None:
    """Relay what a command led to; when it could not be stored after all, say so in the promised answer."""
    try:
        heard = await work
    except (SQLAlchemyError, OSError) as error:
        log.error("command not stored", extra={"error": f"{type(error).__name__}: {error}"[:300]})
        await discord.fill_in(context, message.reply, discord.NOT_NOW)
        return
    await outbox.relay(context.sessions, context.queue, heard.job_ids)


def _readable(read: Any, *arguments: Any) -> Any:
    """Return what a reader makes of a body.

    Raises:
        Problem: `body_unreadable` when it is signed rightly but shaped wrongly.
    """
    try:
        return read(*arguments)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise Problem("body_unreadable", "This is not an event of the platform.") from error


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
