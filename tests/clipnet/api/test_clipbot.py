"""ClipBOT's webhooks: signatures, shapes, and answers in time."""

from __future__ import annotations

import asyncio
import base64
import hmac
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy import select, text

from clipnet.db.models import BotEvent, Clip, OutboxRow
from tests.clipnet.api.conftest import START, Api, Served
from tests.clipnet.api.platforms import (
    add_channel,
    chat,
    command,
    discord,
    events,
    mention,
    twitch,
    x,
)
from tests.clipnet.api.stories import URL
from tests.fakes.serving import Served as Fakes
from tests.fakes.serving import served as fakes_served


async def until_any(look: Callable[[], Awaitable[Sequence[OutboxRow]]]) -> Sequence[OutboxRow]:
    """Ask until there is something that was sent on."""
    async with asyncio.timeout(20):
        while not (found := [row for row in await look() if row.sent_at]):  # noqa: ASYNC110 - nobody tells
            await asyncio.sleep(0.01)
        return found


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


async def test_characters_that_cannot_be_stored_are_left_out(api: Api, client: httpx.AsyncClient) -> None:
    await add_channel(api, "twitch", media_url=URL)

    answer = await twitch(client, chat("!clip 20 what\x00 a \ud83d play"))

    async with api.context.sessions() as session:
        clip = (await session.scalars(select(Clip))).one()
    assert (answer.status_code, clip.title) == (204, "what a ? play")


async def test_a_subscription_that_is_no_object_is_refused(client: httpx.AsyncClient) -> None:
    answer = await twitch(client, {"subscription": "none", "event": {}})

    assert (answer.status_code, answer.json()["code"]) == (400, "body_unreadable")


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


async def test_the_challenge_of_x_signs_no_event(client: httpx.AsyncClient) -> None:
    event = json.dumps(mention("@clipnet clip"), separators=(",", ":"))

    answer = await client.get("/v1/clipbot/x", params={"crc_token": event})

    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_request")


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


@pytest.mark.slow
@pytest.mark.parametrize("platform", ["twitch", "discord", "x"])
async def test_a_platform_is_answered_at_once_though_redis_is_slow(served: Served, platform: str) -> None:
    now = datetime.now(UTC)
    await served.context.redis.client_pause(4000, all=True)

    async with httpx.AsyncClient(base_url=served.url) as client:
        match platform:
            case "twitch":
                answer = await twitch(client, chat("!help"), at=now)
            case "discord":
                answer = await discord(client, command("help"), at=now)
            case _:
                answer = await x(client, mention("@clipnet help"))

    async def stored() -> Sequence[OutboxRow]:
        async with served.context.sessions() as session:
            return (await session.scalars(select(OutboxRow))).all()

    (row,) = await until_any(stored)
    assert (answer.is_success, answer.elapsed < timedelta(seconds=3), row.name) == (
        True,
        True,
        "clipbot:notify",
    )


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
