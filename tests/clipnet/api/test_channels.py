from __future__ import annotations

from typing import Any

import httpx
import pytest
from sqlalchemy import update

from clipnet.db.models import User
from tests.clipnet.api.conftest import Api
from tests.clipnet.api.platforms import chat, last_words, twitch
from tests.clipnet.api.stories import URL, link

RULES = {"media_url": URL, "permissions": {"clip": "moderator"}, "vote_threshold": 5, "banned": ["Ben"]}


async def put(
    client: httpx.AsyncClient, channel: str = "twitch/1337", settings: dict[str, Any] | None = None
) -> httpx.Response:
    return await client.put(f"/v1/channels/{channel}", json={"name": "Sam's", "settings": settings or {}})


async def test_a_streamer_adds_their_channel_and_its_rules_hold(
    api: Api, client: httpx.AsyncClient, sam: httpx.AsyncClient
) -> None:
    await link(api, "sam@example.com", "twitch", "1337")

    added = await put(sam, settings=RULES)
    await twitch(client, chat("!clip"))

    assert (added.status_code, added.json()["settings"]) == (200, RULES)
    assert (await sam.get("/v1/channels")).json()["items"] == [added.json()]
    assert await last_words(api) == "Only moderators may use !clip in this channel."


async def test_rules_are_changed_by_the_owner_alone(
    api: Api, sam: httpx.AsyncClient, cleo: httpx.AsyncClient
) -> None:
    await link(api, "sam@example.com", "twitch", "1337")
    first = (await put(sam, settings=RULES)).json()

    foreign = await put(cleo)
    changed = (await put(sam, settings={"vote_threshold": 0})).json()

    assert (foreign.status_code, foreign.json()["code"]) == (403, "not_owner")
    assert changed == {**first, "settings": {"vote_threshold": 0}}
    assert (await cleo.get("/v1/channels")).json()["items"] == []


async def test_a_channel_is_added_by_who_can_show_that_it_is_theirs(
    api: Api, sam: httpx.AsyncClient, cleo: httpx.AsyncClient
) -> None:
    refused = [await put(sam), await put(sam, "discord/645"), await put(sam, "x/11")]
    async with api.context.sessions.begin() as session:
        await session.execute(update(User).where(User.email == "cleo@example.com").values(role="admin"))
    allowed = [await put(cleo, place) for place in ("twitch/1337", "discord/645", "x/11")]

    assert [answer.json()["code"] for answer in refused] == ["account_not_linked", "not_owner", "not_owner"]
    assert [answer.status_code for answer in allowed] == [200, 200, 200]
    assert len((await cleo.get("/v1/channels")).json()["items"]) == 3


@pytest.mark.parametrize(
    ("settings", "code"),
    [
        ({"no_such": 1}, "invalid_request"),
        ({"permissions": {"clip": "nobody"}}, "invalid_request"),
        ({"permissions": {"dance": "owner"}}, "invalid_request"),
        ({"publish_to": ["myspace"]}, "invalid_request"),
        ({"vote_threshold": -1}, "invalid_request"),
        ({"banned": ["a\0b"]}, "invalid_request"),
        ({"media_url": "http://169.254.169.254/meta"}, "source_refused"),
    ],
)
async def test_rules_that_make_no_sense_are_refused(
    api: Api, sam: httpx.AsyncClient, settings: dict[str, Any], code: str
) -> None:
    await link(api, "sam@example.com", "twitch", "1337")

    answer = await put(sam, settings=settings)

    assert (answer.status_code, answer.json()["code"]) == (422, code)


async def test_a_channel_that_is_removed_is_gone(
    api: Api, sam: httpx.AsyncClient, cleo: httpx.AsyncClient
) -> None:
    await link(api, "sam@example.com", "twitch", "1337")
    await put(sam)

    answers = [await one.delete("/v1/channels/twitch/1337") for one in (cleo, sam, sam)]

    assert [answer.status_code for answer in answers] == [404, 204, 404]


async def test_who_is_not_logged_in_sees_nothing(client: httpx.AsyncClient) -> None:
    assert (await client.get("/v1/channels")).status_code == 401
