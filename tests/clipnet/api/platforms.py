"""What Twitch, Discord and X send, signed, and what ClipBOT makes of it."""

from __future__ import annotations

import base64
import hmac
import json
from datetime import datetime
from typing import Any

import httpx
from nacl.signing import SigningKey
from sqlalchemy import select

from clipnet.db.models import BotChannel, BotEvent
from tests.clipnet.api.conftest import START, Api
from tests.clipnet.api.stories import URL, outbox_rows

DISCORD_KEY = SigningKey(bytes(range(32)))
CHANNELS = {"twitch": "1337", "discord": "645", "x": "11"}


async def add_channel(api: Api, platform: str, **settings: Any) -> BotChannel:
    channel = BotChannel(
        id=api.context.ids.uuid(),
        platform=platform,
        external_id=CHANNELS[platform],
        name="Sam's channel",
        settings={"media_url": URL, **settings},
    )
    async with api.context.sessions.begin() as session:
        session.add(channel)
    return channel


async def twitch(
    client: httpx.AsyncClient,
    body: dict[str, Any],
    *,
    kind: str = "notification",
    message_id: str = "m-1",
    at: datetime = START,
    secret: str = "clipbot-staging-secret",
) -> httpx.Response:
    raw = json.dumps(body).encode()
    timestamp = at.isoformat().replace("+00:00", "Z")
    mac = hmac.digest(secret.encode(), message_id.encode() + timestamp.encode() + raw, "sha256").hex()
    headers = {
        "content-type": "application/json",
        "twitch-eventsub-message-id": message_id,
        "twitch-eventsub-message-timestamp": timestamp,
        "twitch-eventsub-message-type": kind,
        "twitch-eventsub-message-signature": f"sha256={mac}",
    }
    return await client.post("/v1/clipbot/twitch", content=raw, headers=headers)


def chat(text: str, author: str = "vic", number: int = 1, *badges: str) -> dict[str, Any]:
    return {
        "subscription": {"type": "channel.chat.message", "status": "enabled"},
        "event": {
            "broadcaster_user_id": "1337",
            "chatter_user_id": f"id-{author}",
            "chatter_user_login": author,
            "chatter_user_name": author.capitalize(),
            "message_id": f"chat-{number}",
            "message": {"text": text},
            "badges": [{"set_id": badge, "id": "1", "info": ""} for badge in badges],
        },
    }


async def discord(
    client: httpx.AsyncClient, body: dict[str, Any], *, signature: str | None = None, at: datetime = START
) -> httpx.Response:
    raw, timestamp = json.dumps(body).encode(), str(int(at.timestamp()))
    signed = DISCORD_KEY.sign(timestamp.encode() + raw).signature.hex()
    headers = {
        "content-type": "application/json",
        "x-signature-timestamp": timestamp,
        "x-signature-ed25519": signature or signed,
    }
    return await client.post("/v1/clipbot/discord", content=raw, headers=headers)


def command(name: str, *options: tuple[str, Any]) -> dict[str, Any]:
    return {
        "application_id": "1100000000000000001",
        "channel_id": "645",
        "data": {"name": name, "options": [{"name": key, "value": value} for key, value in options]},
        "id": "786",
        "member": {"user": {"id": "539", "username": "mason"}},
        "token": "A_TOKEN",
        "type": 2,
    }


async def x(
    client: httpx.AsyncClient, body: dict[str, Any], *, secret: str = "x-staging-consumer-secret"
) -> httpx.Response:
    raw = json.dumps(body).encode()
    mac = base64.b64encode(hmac.digest(secret.encode(), raw, "sha256")).decode()
    headers = {"content-type": "application/json", "x-twitter-webhooks-signature": f"sha256={mac}"}
    return await client.post("/v1/clipbot/x", content=raw, headers=headers)


def mention(text: str, post_id: str = "20") -> dict[str, Any]:
    post = {"id": post_id, "text": text, "author_id": "22"}
    event = {
        "event_uuid": "77",
        "filter": {"user_id": "11"},
        "event_type": "post.mention.create",
        "payload": post,
    }
    return {"data": event}


async def events(api: Api) -> list[BotEvent]:
    async with api.context.sessions() as session:
        return list(await session.scalars(select(BotEvent).order_by(BotEvent.received_at)))


async def said(api: Api) -> str:
    """Return what ClipBOT will answer, after checking that it answers once."""
    (row,) = await outbox_rows(api)
    (event,) = await events(api)
    assert (row.name, row.payload["event"]) == ("clipbot:notify", str(event.id))
    text: str = row.payload["text"]
    return text


async def channel_clip(api: Api, client: httpx.AsyncClient, number: int = 1, **settings: Any) -> str:
    """Have the channel's viewers ask for a clip; return its id."""
    if number == 1:
        await add_channel(api, "twitch", **settings)
    await twitch(client, chat(f"!clip Goal {number}", number=number))
    async with api.context.sessions() as session:
        wanted = select(BotEvent.clip_id).where(BotEvent.event_id == f"chat-{number}")
        return str(await session.scalar(wanted))


async def vote(client: httpx.AsyncClient, author: str, value: str = "up", clip: str = "") -> None:
    number = 100 + len(author) * 7 + sum(map(ord, f"{author}{value}{clip}"))
    await twitch(client, chat(f"!vote {clip} {value}", author, number))


async def last_words(api: Api) -> str:
    rows = [row for row in await outbox_rows(api) if row.name == "clipbot:notify"]
    words: str = rows[-1].payload["text"]
    return words
