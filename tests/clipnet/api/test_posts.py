from __future__ import annotations

import json

import httpx

from clipnet.db.models import BotChannel
from tests.clipnet.api.conftest import Api
from tests.clipnet.api.stories import link, make_ready, new_clip


async def ready_clip(api: Api, client: httpx.AsyncClient) -> str:
    clip_id: str = (await new_clip(client))["id"]
    await make_ready(api, clip_id)
    return f"/v1/clips/{clip_id}"


async def test_publishing_asks_for_one_post_at_each_platform(api: Api, sam: httpx.AsyncClient) -> None:
    path = await ready_clip(api, sam)
    await link(api, "sam@example.com", "google")
    await link(api, "sam@example.com", "tiktok")

    answer = await sam.post(f"{path}/publish", json={"platforms": ["tiktok", "youtube", "tiktok"]})

    posts = answer.json()["posts"]
    assert answer.status_code == 202
    assert [(post["platform"], post["state"]) for post in posts] == [
        ("tiktok", "queued"),
        ("youtube", "queued"),
    ]
    for post in posts:
        job = await api.context.redis.hgetall(f"bull:clipnet:{post['id']}-post_{post['platform']}")
        assert json.loads(job["data"]) == {"clip": path.removeprefix("/v1/clips/"), "post": post["id"]}
    assert (await sam.get(f"{path}/posts")).json()["items"] == posts
    assert (await sam.get(path)).json()["posts"] == posts


async def test_a_second_asking_changes_nothing(api: Api, sam: httpx.AsyncClient) -> None:
    path = await ready_clip(api, sam)
    await link(api, "sam@example.com", "google")
    first = await sam.post(f"{path}/publish", json={"platforms": ["youtube"]})

    again = await sam.post(f"{path}/publish", json={"platforms": ["youtube"]})

    assert again.json() == first.json()


async def test_a_failed_post_is_asked_for_again(api: Api, sam: httpx.AsyncClient) -> None:
    path = await ready_clip(api, sam)
    await link(api, "sam@example.com", "google")
    (post,) = (await sam.post(f"{path}/publish", json={"platforms": ["youtube"]})).json()["posts"]
    async with api.context.engine.begin() as connection:
        await connection.exec_driver_sql("UPDATE posts SET state = 'failed', attempts = 1, error = 'quota'")

    (again,) = (await sam.post(f"{path}/publish", json={"platforms": ["youtube"]})).json()["posts"]

    assert (again["id"], again["state"], again["error"]) == (post["id"], "queued", None)
    assert await api.context.redis.exists(f"bull:clipnet:{post['id']}-post_youtube-2")


async def test_a_clip_is_published_when_it_is_ready(api: Api, sam: httpx.AsyncClient) -> None:
    clip = await new_clip(sam)

    answer = await sam.post(f"/v1/clips/{clip['id']}/publish", json={"platforms": ["youtube"]})

    assert (answer.status_code, answer.json()["code"]) == (409, "clip_not_ready")
    assert "queued" in answer.json()["detail"]


async def test_publishing_needs_a_linked_account(api: Api, sam: httpx.AsyncClient) -> None:
    path = await ready_clip(api, sam)

    youtube = await sam.post(f"{path}/publish", json={"platforms": ["youtube"]})
    twitch = await sam.post(f"{path}/publish", json={"platforms": ["twitch"]})

    assert (youtube.status_code, youtube.json()["code"]) == (409, "account_not_linked")
    assert youtube.json()["detail"] == "Link your Google account to post to YouTube."
    assert twitch.json()["detail"] == "ClipBOT is in no Twitch channel of the clip's owner."


async def test_a_clip_goes_into_the_owners_channel(api: Api, sam: httpx.AsyncClient) -> None:
    path = await ready_clip(api, sam)
    user = (await sam.get("/v1/me")).json()["user"]
    async with api.context.sessions.begin() as session:
        channel = BotChannel(
            platform="discord", external_id="645", name="clips", user_id=user["id"], settings={}
        )
        channel.id = api.context.ids.uuid()
        session.add(channel)

    (post,) = (await sam.post(f"{path}/publish", json={"platforms": ["discord"]})).json()["posts"]

    assert (post["platform"], post["target"]) == ("discord", "645")
    job = await api.context.redis.hgetall(f"bull:clipnet:{post['id']}-clipbot_post")
    assert json.loads(job["data"])["post"] == post["id"]
