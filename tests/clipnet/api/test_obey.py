"""Commands of viewers: what they do, who may give them, what is answered."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import httpx
import pytest
from sqlalchemy import select, update

from clipnet.db.models import BotChannel, Clip
from tests.clipnet.api.conftest import Api
from tests.clipnet.api.platforms import (
    add_channel,
    channel_clip,
    chat,
    command,
    discord,
    events,
    last_words,
    mention,
    said,
    twitch,
    vote,
    x,
)
from tests.clipnet.api.stories import URL, link, make_ready, outbox_rows


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


async def test_an_unknown_channel_is_told_how_to_begin(api: Api, client: httpx.AsyncClient) -> None:
    await twitch(client, chat("!clip"))

    assert await said(api) == "I am not set up for this channel yet. Its owner can add it (1337) in ClipNET."


async def test_who_is_banned_is_refused(api: Api, client: httpx.AsyncClient) -> None:
    await add_channel(api, "twitch", banned=["Ben"])

    await twitch(client, chat("!clip", author="ben"))

    assert await said(api) == "You may not use me in this channel."


async def test_a_name_that_anybody_may_take_makes_nobody_a_moderator(
    api: Api, client: httpx.AsyncClient
) -> None:
    rules: dict[str, Any] = {"permissions": {"top": "moderator"}, "moderators": ["Mod_Mia"]}
    await add_channel(api, "discord", **rules)
    mia, vic = command("top"), command("top") | {"id": "787"}
    mia["member"] = {"user": {"id": "1", "username": "mod_mia", "global_name": "Mia"}}
    vic["member"] = {"user": {"id": "2", "username": "viewer_vic", "global_name": "mod_mia"}}

    await discord(client, mia)
    await discord(client, vic)

    allowed, refused = await outbox_rows(api)
    assert allowed.payload["text"] == "No clip of this channel has votes yet."
    assert refused.payload["text"] == "Only moderators may use /top in this channel."


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
