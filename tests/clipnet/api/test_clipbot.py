"""ClipBOT's webhooks: signatures, commands, and what becomes of them."""

from __future__ import annotations

import asyncio
import base64
import hmac
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest
from nacl.signing import SigningKey
from sqlalchemy import select, text, update

from clipnet.db.models import BotChannel, BotEvent, Clip, OutboxRow, Post, Vote
from tests.clipnet.api.conftest import START, Api, Served
from tests.clipnet.api.stories import URL, link, make_ready, new_clip, outbox_rows
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


def chat(text: str, author: str = "vic", number: int = 1, *badges: str) -> dict[str, Any]:
    return {
        "subscription": {"type": "channel.chat.message", "status": "enabled"},
        "event": {
            "broadcaster_user_id": "1337",
            "chatter_user_id": f"id-{author}",
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


async def until_any(look: Callable[[], Awaitable[Sequence[OutboxRow]]]) -> Sequence[OutboxRow]:
    """Ask until there is something that was sent on."""
    async with asyncio.timeout(20):
        while not (found := [row for row in await look() if row.sent_at]):  # noqa: ASYNC110 - nobody tells
            await asyncio.sleep(0.01)
        return found


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


async def test_a_channel_says_who_may_clip(api: Api, client: httpx.AsyncClient) -> None:
    await add_channel(api, "twitch", permissions={"clip": "moderator"})

    await twitch(client, chat("!clip", "vic", 1, "subscriber"))
    await twitch(client, chat("!clip", "mia", 2, "moderator"))

    refused, allowed = await outbox_rows(api)
    assert refused.payload["text"] == "Only moderators may use !clip in this channel."
    assert allowed.name == "clip:process"


async def test_the_owner_of_a_channel_in_clipnet_may_do_everything_in_it(
    api: Api, client: httpx.AsyncClient, sam: httpx.AsyncClient
) -> None:
    channel = await add_channel(api, "x", permissions={"clip": "owner"})
    await link(api, "sam@example.com", "x", "22")
    async with api.context.sessions.begin() as session:
        owner = (await sam.get("/v1/me")).json()["user"]["id"]
        await session.execute(
            update(BotChannel).where(BotChannel.id == channel.id).values(user_id=UUID(owner))
        )

    await x(client, mention("@clipnet clip"))

    (row,) = await outbox_rows(api)
    assert row.name == "clip:process"


async def test_a_channel_names_its_moderators_where_the_platform_knows_none(
    api: Api, client: httpx.AsyncClient
) -> None:
    await add_channel(api, "x", permissions={"clip": "moderator", "status": "owner"}, moderators=["22"])

    await x(client, mention("@clipnet clip"))
    await x(client, mention("@clipnet status", "21"))

    allowed, refused = await outbox_rows(api)
    assert allowed.name == "clip:process"
    assert refused.payload["text"] == "Only the channel's owner may use status in this channel."


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
        await twitch(client, chat(f"!vote {clip['id'][:8]} {value}", author, number))

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
        ("!vote", "Say !vote <start of the clip's id> up, or down."),
        ("!vote up", "There is no clip to vote for yet."),
        ("!top", "No clip of this channel has votes yet."),
        ("!clpi 20", "I do not know !clpi. Did you mean !clip [seconds] [title]?"),
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
    await twitch(client, chat("!clip"))
    async with api.context.sessions() as session:
        clip_id = str(await session.scalar(select(Clip.id)))
    await make_ready(api, clip_id)

    await twitch(client, chat("!status", number=2))

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
    assert event.state == "received"
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
    assert unknown.json()["data"]["content"].startswith("I do not know /dance. I know: /clip")
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
    assert (event.event_id, event.reply, event.clip_id is not None) == ("20", {"post_id": "20"}, True)


@pytest.mark.parametrize("raw", [b"", b"[]", b"no json", b"\xff"])
async def test_a_signed_body_that_is_no_object_is_refused(client: httpx.AsyncClient, raw: bytes) -> None:
    mac = base64.b64encode(hmac.digest(b"x-staging-consumer-secret", raw, "sha256")).decode()

    answer = await client.post(
        "/v1/clipbot/x", content=raw, headers={"x-twitter-webhooks-signature": f"sha256={mac}"}
    )

    assert (answer.status_code, answer.json()["code"]) == (400, "body_unreadable")


async def test_what_the_bot_says_itself_is_noted_and_not_obeyed(api: Api, client: httpx.AsyncClient) -> None:
    await add_channel(api, "twitch")
    body = chat("I make clips: !clip")
    body["event"] |= {"chatter_user_id": "1000001", "reply": {"parent_message_id": "chat-0"}}

    answers = [await twitch(client, body) for _ in range(2)]

    (event,) = await events(api)
    assert [answer.status_code for answer in answers] == [204, 204]
    assert (event.state, event.command, event.event_id) == ("ignored", None, "chat-1")
    assert event.reply == {"channel_id": "1337", "reply_to": "chat-0"}
    assert event.payload == {"text": "I make clips: !clip"}
    assert await outbox_rows(api) == []


@pytest.mark.parametrize("event", [{}, {"message_id": "m"}, {"message_id": "m", "message": "text"}])
async def test_an_event_of_another_shape_harms_nobody(
    api: Api, client: httpx.AsyncClient, event: dict[str, Any]
) -> None:
    answer = await twitch(client, {"subscription": {"type": "channel.chat.message"}, "event": event})

    assert answer.status_code in (204, 400)
    assert await events(api) == []


async def test_private_answers_are_promised_as_such(api: Api, client: httpx.AsyncClient) -> None:
    await add_channel(api, "discord", permissions={"vote": "owner"})

    asked = await discord(client, command("status"))
    refused = await discord(client, {**command("vote", ("vote", "up")), "id": "787"})
    clipped = await discord(client, {**command("clip"), "id": "788"})

    assert [answer.json() for answer in (asked, refused)] == [{"type": 5, "data": {"flags": 64}}] * 2
    assert clipped.json() == {"type": 5}
    assert [event.reply.get("is_private") for event in await events(api)] == [True, True, None]


@asynccontextmanager
async def stuck(served: Served) -> AsyncIterator[None]:
    """The database keeps everybody waiting who writes events."""
    async with served.context.engine.begin() as connection:
        await connection.execute(text("LOCK TABLE bot_events IN ACCESS EXCLUSIVE MODE"))
        yield


@pytest.mark.slow
async def test_discord_is_answered_in_time_though_the_database_is_slow(served: Served) -> None:
    now = datetime.now(UTC)
    async with httpx.AsyncClient(base_url=served.url) as client, stuck(served):
        answer = await discord(client, command("status"), at=now)

    async def stored() -> Sequence[OutboxRow]:
        async with served.context.sessions() as session:
            return (await session.scalars(select(OutboxRow))).all()

    (row,) = await until_any(stored)
    assert (answer.json(), answer.elapsed < timedelta(seconds=2.5)) == (
        {"type": 5, "data": {"flags": 64}},
        True,
    )
    assert (row.name, row.sent_at is not None) == ("clipbot:notify", True)


@pytest.mark.slow
async def test_a_platform_that_sends_again_is_told_to_when_the_database_is_slow(served: Served) -> None:
    now = datetime.now(UTC)
    async with httpx.AsyncClient(base_url=served.url) as client:
        async with stuck(served):
            first = await twitch(client, chat("!help"), at=now)
        second = await twitch(client, chat("!help"), at=now)

    async with served.context.sessions() as session:
        stored = (await session.scalars(select(BotEvent.event_id))).all()
    assert (first.status_code, first.json()["code"], second.status_code) == (503, "unavailable", 204)
    assert (first.elapsed < timedelta(seconds=4), list(stored)) == (True, ["chat-1"])


async def test_a_command_that_cannot_be_stored_is_answered_so(api: Api, client: httpx.AsyncClient) -> None:
    async with api.context.engine.begin() as connection:
        await connection.execute(text("ALTER TABLE bot_events RENAME TO away"))
    try:
        answer = await discord(client, command("clip"))
    finally:
        async with api.context.engine.begin() as connection:
            await connection.execute(text("ALTER TABLE away RENAME TO bot_events"))

    assert answer.json()["data"]["content"] == "I cannot do that right now. Please try it again in a moment."


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


async def posts_of(api: Api, clip_id: str) -> list[tuple[str, str]]:
    async with api.context.sessions() as session:
        rows = await session.scalars(
            select(Post).where(Post.clip_id == UUID(clip_id)).order_by(Post.platform)
        )
        return [(post.platform, post.state) for post in rows]


async def last_words(api: Api) -> str:
    rows = [row for row in await outbox_rows(api) if row.name == "clipbot:notify"]
    words: str = rows[-1].payload["text"]
    return words


async def test_enough_votes_post_a_clip_once(api: Api, client: httpx.AsyncClient) -> None:
    clip = await channel_clip(api, client, vote_threshold=2, vote_publish_to=["youtube", "discord"])
    await make_ready(api, clip)

    before = await posts_of(api, clip)
    await vote(client, "vic")
    await vote(client, "mia")
    words = await last_words(api)
    await vote(client, "cleo")
    await vote(client, "cleo", "down")
    await vote(client, "mia", "down")
    await vote(client, "mia", "up", clip[:8])

    assert before == []
    assert words == "Thanks! Goal 1 has 2 up and 0 down. That is enough: it is posted to YouTube and Discord."
    assert await posts_of(api, clip) == [("discord", "queued"), ("youtube", "queued")]
    jobs = [row.name for row in await outbox_rows(api)]
    assert (jobs.count("post:youtube"), jobs.count("clipbot:post")) == (1, 1)


async def test_votes_for_a_clip_that_is_not_ready_post_it_when_it_is(
    api: Api, client: httpx.AsyncClient
) -> None:
    clip = await channel_clip(api, client, vote_threshold=1, vote_publish_to=["tiktok"])

    await vote(client, "vic")

    async with api.context.sessions() as session:
        found = await session.get(Clip, UUID(clip))
    assert found is not None
    assert (found.publish_to, await posts_of(api, clip)) == (["tiktok"], [])
    assert (await last_words(api)).endswith("it will be posted when it is ready to TikTok.")


async def test_by_default_votes_post_to_what_the_owner_has_linked(
    api: Api, client: httpx.AsyncClient, sam: httpx.AsyncClient
) -> None:
    clip = await channel_clip(api, client, vote_threshold=1)
    await vote(client, "vic")
    without = await last_words(api)
    await link(api, "sam@example.com", "google")
    async with api.context.sessions.begin() as session:
        owner = UUID((await sam.get("/v1/me")).json()["user"]["id"])
        await session.execute(update(Clip).where(Clip.id == UUID(clip)).values(user_id=owner))
    await vote(client, "vic", "down")
    await vote(client, "vic", "up", clip[:8])

    assert without.endswith("enough to post it, but its owner has linked neither YouTube nor TikTok.")
    assert (await last_words(api)).endswith("it will be posted when it is ready to YouTube.")


async def test_votes_at_the_same_moment_reach_the_threshold_once(api: Api, client: httpx.AsyncClient) -> None:
    clip = await channel_clip(api, client, vote_threshold=5, vote_publish_to=["youtube"])
    await make_ready(api, clip)

    await asyncio.gather(*(vote(client, f"viewer{number}" * number) for number in range(1, 9)))

    names = [row.name for row in await outbox_rows(api)]
    enough = [row for row in await outbox_rows(api) if "That is enough" in str(row.payload.get("text"))]
    assert (names.count("post:youtube"), len(enough)) == (1, 1)


async def test_a_person_has_one_vote_in_the_web_and_in_the_chat(
    api: Api, client: httpx.AsyncClient, sam: httpx.AsyncClient
) -> None:
    clip = await channel_clip(api, client, vote_threshold=2, vote_publish_to=["youtube"])
    await make_ready(api, clip)
    await link(api, "sam@example.com", "twitch", "id-sam")

    await vote(client, "sam")
    voted = (await sam.put(f"/v1/clips/{clip}/vote", json={"value": 1})).json()
    await vote(client, "vic")

    assert voted == {"up": 1, "down": 0, "mine": 1}
    assert await posts_of(api, clip) == [("youtube", "queued")]


async def test_a_vote_in_the_web_can_be_the_one_that_is_enough(
    api: Api, client: httpx.AsyncClient, sam: httpx.AsyncClient
) -> None:
    clip = await channel_clip(api, client, vote_threshold=1, vote_publish_to=["youtube"])
    await make_ready(api, clip)

    await sam.put(f"/v1/clips/{clip}/vote", json={"value": 1})

    assert await posts_of(api, clip) == [("youtube", "queued")]
    assert "post:youtube" in [row.name for row in await outbox_rows(api)]


async def test_a_clip_that_was_not_made_in_a_channel_is_not_posted_by_votes(
    api: Api, client: httpx.AsyncClient, sam: httpx.AsyncClient
) -> None:
    await add_channel(api, "twitch", vote_threshold=1, vote_publish_to=["youtube"])
    clip = await new_clip(sam, title="Mine")

    await vote(client, "vic", clip=clip["id"][:8])

    assert await last_words(api) == "Thanks! Mine has 1 up and 0 down."
    assert await posts_of(api, clip["id"]) == []


async def test_the_top_clips_are_named_best_first(api: Api, client: httpx.AsyncClient) -> None:
    clips = [await channel_clip(api, client, number, vote_threshold=0) for number in (1, 2, 3)]
    for clip in clips:
        await make_ready(api, clip)
    await vote(client, "vic", clip=clips[0])
    await vote(client, "vic", clip=clips[1])
    await vote(client, "mia", clip=clips[1])
    await vote(client, "vic", "down", clip=clips[2])

    await twitch(client, chat("!top", number=9))

    second, first = clips[0][:8], clips[1][:8]
    assert await last_words(api) == f"Top clips: 1. Goal 2 ({first}) +2 -0, 2. Goal 1 ({second}) +1 -0"


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
    assert [(one["status"], one["body"]) for one in asked["sent"]] == [
        (200, {"type": 5, "data": {"flags": 64}})
    ]
    assert [one["status"] for one in forged["sent"] + late["sent"]] == [403, 403]
    async with served.context.sessions() as session:
        stored = (await session.scalars(select(BotEvent.platform).order_by(BotEvent.platform))).all()
    assert stored == ["discord", "twitch"]
