"""Votes: one for each person and clip, and enough of them post the clip."""

from __future__ import annotations

import asyncio
from uuid import UUID

import httpx
from sqlalchemy import select, update

from clipnet.db.models import Clip, Post, Vote
from tests.clipnet.api.conftest import Api
from tests.clipnet.api.platforms import (
    add_channel,
    channel_clip,
    chat,
    last_words,
    twitch,
    vote,
)
from tests.clipnet.api.stories import link, make_ready, new_clip, outbox_rows


async def posts_of(api: Api, clip_id: str) -> list[tuple[str, str]]:
    async with api.context.sessions() as session:
        rows = await session.scalars(
            select(Post).where(Post.clip_id == UUID(clip_id)).order_by(Post.platform)
        )
        return [(post.platform, post.state) for post in rows]


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
