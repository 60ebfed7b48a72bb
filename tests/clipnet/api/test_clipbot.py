"""ClipBOT's webhooks: signatures, commands, and what becomes of them."""

from __future__ import annotations

import base64
import hmac
import json
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import httpx
import pytest
from nacl.signing import SigningKey
from sqlalchemy import select

from clipnet.db.models import BotChannel, BotEvent, Clip, Vote
from tests.clipnet.api.conftest import START, Api, Served
from tests.clipnet.api.stories import URL, make_ready, new_clip, outbox_rows
from tests.fakes.serving import Served as Fakes
from tests.fakes.serving import served as fakes_served

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


def chat(text: str, author: str = "vic") -> dict[str, Any]:
    return {
        "subscription": {"type": "channel.chat.message", "status": "enabled"},
        "event": {
            "broadcaster_user_id": "1337",
            "chatter_user_id": f"id-{author}",
            "chatter_user_name": author.capitalize(),
            "message_id": "chat-1",
            "message": {"text": text},
        },
    }


async def discord(
    client: httpx.AsyncClient, body: dict[str, Any], *, signature: str | None = None
) -> httpx.Response:
    raw = json.dumps(body).encode()
    signed = DISCORD_KEY.sign(b"1795240800" + raw).signature.hex()
    headers = {
        "content-type": "application/json",
        "x-signature-timestamp": "1795240800",
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


def mention(text: str) -> dict[str, Any]:
    post = {"id": "20", "text": text, "author_id": "22"}
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


async def test_a_challenge_of_twitch_is_answered_as_text(client: httpx.AsyncClient) -> None:
    body = {"challenge": "pogchamp-kappa", "subscription": {}}

    answer = await twitch(client, body, kind="webhook_callback_verification")

    assert (answer.status_code, answer.text) == (200, "pogchamp-kappa")
    assert answer.headers["content-type"].startswith("text/plain")


@pytest.mark.parametrize("changed", [{"secret": "another-secret"}, {"at": START.replace(hour=5, minute=49)}])
async def test_a_forged_or_old_message_of_twitch_is_refused(
    api: Api, client: httpx.AsyncClient, changed: dict[str, Any]
) -> None:
    answer = await twitch(client, chat("!clip"), **changed)

    assert (answer.status_code, answer.json()["code"], await events(api)) == (403, "signature_refused", [])


async def test_a_chat_command_makes_a_clip_of_the_last_moments(api: Api, client: httpx.AsyncClient) -> None:
    channel = await add_channel(api, "twitch", media_position_s=100.0, publish_to=["youtube"])

    answer = await twitch(client, chat("!clip 20 what a play"))

    (event,) = await events(api)
    async with api.context.sessions() as session:
        clip = (await session.scalars(select(Clip))).one()
    assert answer.status_code == 204
    assert (event.channel_id, event.clip_id, event.command, event.state) == (
        channel.id,
        clip.id,
        "clip",
        "received",
    )
    assert event.reply == {"channel_id": "1337", "message_id": "chat-1"}
    assert (clip.source_kind, clip.source_url, clip.title) == ("bot", URL, "what a play")
    assert (clip.want_start_s, clip.want_end_s, clip.publish_to) == (80.0, 100.0, ["youtube"])
    assert clip.trace_id == answer.headers["traceparent"].split("-")[1]
    assert await api.context.redis.exists(f"bull:clipnet:{clip.id}-clip_process")


async def test_the_same_message_delivered_again_does_nothing(api: Api, client: httpx.AsyncClient) -> None:
    await add_channel(api, "twitch")

    answers = [await twitch(client, chat("!clip")) for _ in range(3)]

    assert [answer.status_code for answer in answers] == [204] * 3
    assert (len(await events(api)), len(await outbox_rows(api))) == (1, 1)


async def test_ordinary_chat_and_other_events_are_not_stored(api: Api, client: httpx.AsyncClient) -> None:
    await add_channel(api, "twitch")
    online = {"subscription": {"type": "stream.online"}, "event": {"broadcaster_user_id": "1337"}}
    revoked = {"subscription": {"status": "authorization_revoked"}}

    answers = [
        await twitch(client, chat("nice clip!")),
        await twitch(client, online, message_id="m-2"),
        await twitch(client, revoked, message_id="m-3", kind="revocation"),
        await twitch(client, {"subscription": None, "event": None}, message_id="m-4"),
    ]

    assert [answer.status_code for answer in answers] == [204] * 4
    assert (await events(api), await outbox_rows(api)) == ([], [])


async def test_characters_that_cannot_be_stored_are_left_out(api: Api, client: httpx.AsyncClient) -> None:
    await add_channel(api, "twitch", media_url=URL)

    answer = await twitch(client, chat("!clip 20 what\x00 a \ud83d play"))

    async with api.context.sessions() as session:
        clip = (await session.scalars(select(Clip))).one()
    assert (answer.status_code, clip.title) == (204, "what a ? play")


async def test_an_unknown_channel_is_told_how_to_begin(api: Api, client: httpx.AsyncClient) -> None:
    await twitch(client, chat("!clip"))

    assert await said(api) == "I am not set up for this channel yet. Its owner can add it (1337) in ClipNET."


async def test_who_is_banned_is_refused(api: Api, client: httpx.AsyncClient) -> None:
    await add_channel(api, "twitch", banned=["Ben"])

    await twitch(client, chat("!clip", author="ben"))

    assert await said(api) == "You may not use me in this channel."


async def test_a_channel_whose_video_is_not_allowed_is_told(api: Api, client: httpx.AsyncClient) -> None:
    await add_channel(api, "twitch", media_url="http://169.254.169.254/meta")

    await twitch(client, chat("!clip"))

    assert "videos are not fetched from '169.254.169.254'" in await said(api)


async def test_a_channel_without_a_video_is_told(api: Api, client: httpx.AsyncClient) -> None:
    await add_channel(api, "twitch", media_url=None)

    await twitch(client, chat("!clip"))

    assert await said(api) == "There is nothing to clip: the channel names no video."


async def test_a_vote_from_the_chat_counts_once_for_each_viewer(
    api: Api, client: httpx.AsyncClient, sam: httpx.AsyncClient
) -> None:
    await add_channel(api, "twitch")
    clip = await new_clip(sam, title="Boss fight")
    for number, (author, value) in enumerate([("vic", "up"), ("vic", "up"), ("cleo", "up"), ("mia", "down")]):
        body = chat(f"!vote {clip['id'][:8]} {value}", author)
        await twitch(client, body, message_id=f"v-{number}")

    rows = await outbox_rows(api)

    assert rows[-1].payload["text"] == "Thanks! Boss fight has 2 up and 1 down."
    assert (await sam.get(f"/v1/clips/{clip['id']}")).json()["votes"] == {"up": 2, "down": 1, "mine": None}
    async with api.context.sessions() as session:
        assert set(await session.scalars(select(Vote.voter))) == {
            "twitch:id-vic",
            "twitch:id-cleo",
            "twitch:id-mia",
        }


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("!vote ffff-ffff up", "No clip's id starts with ffff-ffff."),
        ("!vote up", "Say !vote <start of the clip's id> up, or down."),
        ("!help", "I make clips: !clip [seconds] [title]"),
        ("!status", "0 in the works, 0 ready, 0 failed."),
    ],
)
async def test_questions_are_answered(api: Api, client: httpx.AsyncClient, text: str, answer: str) -> None:
    await add_channel(api, "twitch")

    await twitch(client, chat(text))

    assert (await said(api)).startswith(answer)


async def test_the_status_tells_of_the_channels_clips(api: Api, client: httpx.AsyncClient) -> None:
    await add_channel(api, "twitch")
    await twitch(client, chat("!clip"), message_id="c-1")
    async with api.context.sessions() as session:
        clip_id = str(await session.scalar(select(Clip.id)))
    await make_ready(api, clip_id)

    await twitch(client, chat("!status"), message_id="s-1")

    words = f"0 in the works, 1 ready, 0 failed. The last one ({clip_id[:8]}) is ready."
    assert (await outbox_rows(api))[-1].payload["text"] == words


async def test_discord_pings_and_checks_that_forgeries_are_refused(client: httpx.AsyncClient) -> None:
    ping = await discord(client, {"type": 1})
    forged = await discord(client, {"type": 1}, signature="00" * 64)

    assert (ping.status_code, ping.json(), ping.headers["content-type"]) == (
        200,
        {"type": 1},
        "application/json",
    )
    assert (forged.status_code, forged.json()["code"]) == (401, "signature_wrong")


async def test_a_slash_command_is_answered_later(api: Api, client: httpx.AsyncClient) -> None:
    await add_channel(api, "discord")

    answers = [await discord(client, command("clip", ("title", "gg"), ("seconds", 20))) for _ in range(2)]

    assert [answer.json() for answer in answers] == [{"type": 5}] * 2
    (event,) = await events(api)
    assert event.reply == {"channel_id": "645", "application_id": "1100000000000000001", "token": "A_TOKEN"}
    async with api.context.sessions() as session:
        clip = (await session.scalars(select(Clip))).one()
    assert (clip.title, clip.want_start_s, clip.want_end_s) == ("gg", 0.0, 20.0)


async def test_what_discord_asks_beside_commands_is_answered_at_once(
    api: Api, client: httpx.AsyncClient
) -> None:
    button = await discord(client, {**command("clip"), "type": 3})
    unknown = await discord(client, command("dance"))

    for answer in (button, unknown):
        assert (answer.json()["type"], answer.json()["data"]["flags"]) == (4, 64)
    assert await events(api) == []


async def test_the_challenge_of_x_is_answered(client: httpx.AsyncClient) -> None:
    answer = await client.get("/v1/clipbot/x", params={"crc_token": "MjhmNWQ0YTItY2xpcG5ldA"})

    assert answer.json() == {"response_token": "sha256=syOxymc8eLhTvIYp2YsHPrL3pCz3Ddai6bCOLX5W9j8="}
    assert (await client.get("/v1/clipbot/x")).status_code == 422


async def test_a_mention_on_x_makes_a_clip_once(api: Api, client: httpx.AsyncClient) -> None:
    await add_channel(api, "x")

    answers = [await x(client, mention("@clipnet clip 15 look")) for _ in range(2)]
    forged = await x(client, mention("@clipnet clip"), secret="another")

    assert [answer.json() for answer in answers] == [{}, {}]
    assert (forged.status_code, forged.json()["code"]) == (403, "signature_refused")
    (event,) = await events(api)
    assert (event.event_id, event.reply, event.clip_id is not None) == ("77", {"post_id": "20"}, True)


@pytest.mark.parametrize("raw", [b"", b"[]", b"no json", b"\xff"])
async def test_a_signed_body_that_is_no_object_is_refused(client: httpx.AsyncClient, raw: bytes) -> None:
    mac = base64.b64encode(hmac.digest(b"x-staging-consumer-secret", raw, "sha256")).decode()

    answer = await client.post(
        "/v1/clipbot/x", content=raw, headers={"x-twitter-webhooks-signature": f"sha256={mac}"}
    )

    assert (answer.status_code, answer.json()["code"]) == (400, "body_unreadable")


@pytest.fixture
def fakes(served: Served) -> Iterator[Fakes]:
    """Twitch and Discord, who know the API's address."""
    with fakes_served("twitch", "discord", api_url=served.url) as fakes:
        yield fakes


async def test_the_fakes_and_the_api_understand_each_other(served: Served, fakes: Fakes) -> None:
    chat_body = {"type": "chat", "channel": "streamer_sam", "user": "viewer_vic", "text": "!help"}
    slash_body = {"command": "help", "user": "viewer_vic"}
    async with httpx.AsyncClient(verify=False) as control:
        heard = (
            await control.post(f"{fakes.url('twitch')}/_fake/events", json={**chat_body, "duplicate": True})
        ).json()
        asked = (await control.post(f"{fakes.url('discord')}/_fake/events", json=slash_body)).json()
        forged = (
            await control.post(
                f"{fakes.url('twitch')}/_fake/events", json={**chat_body, "bad_signature": True}
            )
        ).json()
        late = (
            await control.post(f"{fakes.url('twitch')}/_fake/events", json={**chat_body, "late_s": 700})
        ).json()

    assert [one["status"] for one in heard["sent"]] == [204, 204]
    assert [(one["status"], one["body"]) for one in asked["sent"]] == [(200, {"type": 5})]
    assert [one["status"] for one in forged["sent"] + late["sent"]] == [403, 403]
    async with served.context.sessions() as session:
        stored = (await session.scalars(select(BotEvent.platform).order_by(BotEvent.platform))).all()
    assert stored == ["discord", "twitch"]
