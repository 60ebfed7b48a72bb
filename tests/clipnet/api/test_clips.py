from __future__ import annotations

import asyncio
import base64
import json
from typing import Any
from uuid import UUID

import httpx
import pytest
from sqlalchemy import select

from clipnet.db.models import Clip
from tests.clipnet.api.conftest import Api, SignUp
from tests.clipnet.api.stories import URL, change_clip, make_ready, new_clip, outbox_rows

NOBODY = "00000000-0000-4000-8000-000000000000"
BEFORE_ALL_TIME = base64.b64encode(f"0001-01-01T00:00:00+14:00|{NOBODY}".encode()).decode()


async def test_a_clip_from_an_address_is_queued_and_its_job_is_in_redis(
    api: Api, sam: httpx.AsyncClient
) -> None:
    body = {"title": " A play ", "start_s": 3, "end_s": 9.5, "publish_to": ["youtube", "tiktok", "youtube"]}

    clip = await new_clip(sam, **body)

    assert (clip["state"], clip["progress"], clip["attempt"], clip["step"]) == ("queued", 0, 1, None)
    assert (clip["title"], clip["want_start_s"], clip["want_end_s"]) == ("A play", 3, 9.5)
    assert (clip["source_kind"], clip["source_url"]) == ("url", URL)
    assert (clip["publish_to"], clip["owner"]["name"]) == (["youtube", "tiktok"], "Sam")
    job = await api.context.redis.hgetall(f"bull:clipnet:{clip['id']}-clip_process")
    assert (job["name"], json.loads(job["data"])) == ("clip:process", {"clip": clip["id"]})
    opts = json.loads(job["opts"])
    assert json.loads(opts["tm"])["traceparent"].split("-")[1] == clip["trace_id"]
    assert await api.context.redis.zcard("bull:clipnet:prioritized") == 1
    (row,) = await outbox_rows(api)
    assert (row.job_id, row.sent_at is not None) == (f"{clip['id']}-clip_process", True)


async def test_a_clip_asked_for_while_redis_is_away_is_not_lost(api: Api, sam: httpx.AsyncClient) -> None:
    from clipnet import outbox
    from clipnet.queue import JobQueue, connect

    away = connect("redis://127.0.0.1:9/0", socket_connect_timeout=0.2)
    present, api.context.queue = api.context.queue, JobQueue(away)
    clip = await new_clip(sam)
    (row,) = await outbox_rows(api)
    assert row.sent_at is None

    sent = await outbox.sweep(api.context.sessions, present, older_than_s=-1)

    assert sent == 1
    assert await api.context.redis.exists(f"bull:clipnet:{clip['id']}-clip_process")
    await away.aclose()


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("http://example.com/a.mp4", "allowed are: 127.0.0.1, localhost"),
        ("http://169.254.169.254/latest/meta-data", "allowed are"),
        ("http://127.0.0.1:8401/v1/me", "a part of ClipNET itself"),
        ("http://localhost:8401/v1/me", "a part of ClipNET itself"),
        ("file:///etc/passwd", "must start with http"),
        ("http://user:secret@127.0.0.1:9000/a.mp4", "must not hold a user name"),
        ("http://127.0.0.1.example.com/a.mp4", "allowed are"),
        ("http://127.0.0.1:99999/a.mp4", "not an address"),
        ("http://[::1", "not an address"),
        ("no address at all", "must start with http"),
    ],
)
async def test_an_address_that_is_not_allowed_is_refused_in_words(
    sam: httpx.AsyncClient, url: str, words: str
) -> None:
    answer = await sam.post("/v1/clips", json={"url": url})

    assert (answer.status_code, answer.json()["code"]) == (422, "source_refused")
    assert words in answer.json()["detail"]


async def test_the_database_and_redis_are_no_sources(sam: httpx.AsyncClient, env: dict[str, str]) -> None:
    for name in ("DATABASE_URL", "REDIS_URL"):
        place = env[name].split("@")[-1].removeprefix("redis://").split("/")[0]

        answer = await sam.post("/v1/clips", json={"url": f"http://{place}/x.mp4"})

        assert answer.json()["code"] == "source_refused"


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "url"),
        ({"url": URL, "title": "x" * 201}, "title"),
        ({"url": URL, "start_s": -1}, "start_s"),
        ({"url": URL, "start_s": 9, "end_s": 3}, "body"),
        ({"url": URL, "publish_to": ["myspace"]}, "publish_to.0"),
        ({"url": URL, "owner": "me"}, "owner"),
        ({"url": URL, "title": "a\x00b"}, "title"),
    ],
)
async def test_a_wrong_field_is_named(sam: httpx.AsyncClient, body: dict[str, Any], field: str) -> None:
    answer = await sam.post("/v1/clips", json=body)

    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_request")
    assert [error["field"] for error in answer.json()["errors"]] == [field]


async def test_other_media_types_are_refused(sam: httpx.AsyncClient) -> None:
    answer = await sam.post("/v1/clips", content=b"hello", headers={"content-type": "text/plain"})

    assert (answer.status_code, answer.json()["code"]) == (415, "media_type_unsupported")


async def test_a_repeated_request_with_the_same_key_gives_the_same_clip(
    api: Api, sam: httpx.AsyncClient
) -> None:
    key = {"idempotency-key": "abc"}
    first = await sam.post("/v1/clips", json={"url": URL, "title": "one"}, headers=key)
    again = await sam.post("/v1/clips", json={"title": "one", "url": URL}, headers=key)

    other = await sam.post("/v1/clips", json={"url": URL, "title": "two"}, headers=key)

    assert (first.status_code, again.status_code, again.json()) == (201, 201, first.json())
    assert again.headers["idempotency-replayed"] == "true"
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")
    assert len(await outbox_rows(api)) == 1


async def test_the_same_key_at_the_same_time_makes_one_clip(api: Api, sam: httpx.AsyncClient) -> None:
    key = {"idempotency-key": "abc"}

    answers = await asyncio.gather(*(sam.post("/v1/clips", json={"url": URL}, headers=key) for _ in range(8)))

    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.json()["id"] for answer in answers}) == 1
    assert len(await outbox_rows(api)) == 1


async def test_a_key_belongs_to_its_user(sam: httpx.AsyncClient, cleo: httpx.AsyncClient) -> None:
    key = {"idempotency-key": "abc"}

    answers = [await one.post("/v1/clips", json={"url": URL}, headers=key) for one in (sam, cleo)]

    assert answers[0].json()["id"] != answers[1].json()["id"]


async def test_pages_show_every_clip_once_newest_first(api: Api, sam: httpx.AsyncClient) -> None:
    made = [(await new_clip(sam, title=str(number)))["id"] for number in range(7)]  # all at the same moment
    api.clock.advance(1)
    newest = (await new_clip(sam))["id"]

    seen: list[str] = []
    cursor: str | None = ""
    while cursor is not None:
        page = (
            await sam.get("/v1/clips", params={"limit": 3, **({"cursor": cursor} if cursor else {})})
        ).json()
        seen += [clip["id"] for clip in page["items"]]
        cursor = page["next_cursor"]
        await new_clip(sam)  # what comes in meanwhile does not move the pages

    assert seen[0] == newest
    assert seen == [newest, *sorted(made, reverse=True)]


async def test_the_list_can_be_narrowed(api: Api, sam: httpx.AsyncClient, cleo: httpx.AsyncClient) -> None:
    own, other = await new_clip(sam), await new_clip(cleo)
    await change_clip(
        api, own["id"], state="failed", error_code="not_a_video", error_detail="This is not a video."
    )

    failed = (await cleo.get("/v1/clips", params={"state": "failed"})).json()["items"]
    mine = (await cleo.get("/v1/clips", params={"mine": 1})).json()["items"]

    assert [clip["id"] for clip in failed] == [own["id"]]
    assert failed[0]["error_detail"] == "This is not a video."
    assert [clip["id"] for clip in mine] == [other["id"]]


@pytest.mark.parametrize("cursor", ["nonsense", "!!!", "MjAyNi0xMS0yMXx4", "eA", BEFORE_ALL_TIME])
async def test_a_cursor_that_is_not_ours_is_refused(sam: httpx.AsyncClient, cursor: str) -> None:
    answer = await sam.get("/v1/clips", params={"cursor": cursor})

    assert (answer.status_code, answer.json()["code"]) == (400, "cursor_invalid")


async def test_a_ready_clip_shows_all_that_is_known(
    api: Api, sam: httpx.AsyncClient, cleo: httpx.AsyncClient
) -> None:
    clip = await new_clip(sam)
    await make_ready(api, clip["id"])

    seen = (await cleo.get(f"/v1/clips/{clip['id']}")).json()
    segments = (await cleo.get(f"/v1/clips/{clip['id']}/segments")).json()["items"]

    assert (seen["state"], seen["scores"]["total"], seen["votes"]) == (
        "ready",
        71.5,
        {"up": 0, "down": 0, "mine": None},
    )
    assert seen["segments"] == segments
    assert segments[0]["words"] == [{"word": "hello", "start": 0.0, "end": 0.5}]


async def test_the_timeline_tells_every_step(api: Api, sam: httpx.AsyncClient) -> None:
    clip = await new_clip(sam)
    await make_ready(api, clip["id"])

    items = (await sam.get(f"/v1/clips/{clip['id']}/timeline")).json()["items"]

    told = [(item["step"], item["state"], item["duration_ms"], item["error"]) for item in items]
    assert told == [
        ("fetch", "done", 10.0, None),
        ("polish", "failed", 250.0, "out of memory"),
        ("score", "running", None, None),
    ]


async def test_an_owner_changes_words_and_tags(sam: httpx.AsyncClient) -> None:
    clip = await new_clip(sam)
    path = f"/v1/clips/{clip['id']}"
    await sam.patch(path, json={"tags": ["Boss Fight", "win"]})

    changed = await sam.patch(path, json={"title": "New", "tags": ["win", "gg", "win"]})

    assert changed.status_code == 200
    assert (changed.json()["title"], changed.json()["tags"]) == ("New", ["gg", "win"])


async def test_only_the_owner_and_an_admin_change_a_clip(
    api: Api, sam: httpx.AsyncClient, cleo: httpx.AsyncClient, sign_up: SignUp
) -> None:
    clip = await new_clip(sam)
    path = f"/v1/clips/{clip['id']}"
    admin = await sign_up("admin")
    async with api.context.engine.begin() as connection:
        await connection.exec_driver_sql("UPDATE users SET role = 'admin' WHERE email = 'admin@example.com'")

    refused = [
        await cleo.patch(path, json={"title": "Mine"}),
        await cleo.delete(path),
        await cleo.post(f"{path}/retry"),
        await cleo.post(f"{path}/publish", json={"platforms": ["youtube"]}),
    ]
    allowed = await admin.patch(path, json={"title": "Better"})

    assert [(answer.status_code, answer.json()["code"]) for answer in refused] == [(403, "not_owner")] * 4
    assert allowed.json()["title"] == "Better"


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "", None),
        ("PATCH", "", {"title": "x"}),
        ("DELETE", "", None),
        ("GET", "/timeline", None),
        ("GET", "/segments", None),
        ("GET", "/posts", None),
        ("POST", "/retry", None),
        ("POST", "/publish", {"platforms": ["youtube"]}),
        ("PUT", "/vote", {"value": 1}),
        ("DELETE", "/vote", None),
    ],
)
async def test_a_clip_that_is_not_there_is_not_found(
    sam: httpx.AsyncClient, client: httpx.AsyncClient, method: str, path: str, body: dict[str, Any] | None
) -> None:
    missing = await sam.request(method, f"/v1/clips/{NOBODY}{path}", json=body)
    no_id = await sam.request(method, f"/v1/clips/nonsense{path}", json=body)
    nobody = await client.request(method, f"/v1/clips/{NOBODY}{path}", json=body)

    assert (missing.status_code, missing.json()["code"]) == (404, "not_found")
    assert (no_id.status_code, no_id.json()["code"]) == (422, "invalid_request")
    assert (nobody.status_code, nobody.json()["code"]) == (401, "not_logged_in")


async def test_a_failed_clip_is_tried_again_under_a_new_job_id(api: Api, sam: httpx.AsyncClient) -> None:
    clip = await new_clip(sam)
    early = await sam.post(f"/v1/clips/{clip['id']}/retry")
    await change_clip(
        api, clip["id"], state="failed", progress=40, error_code="gpu", error_detail="The GPU is full."
    )

    again = await sam.post(f"/v1/clips/{clip['id']}/retry")

    assert (early.status_code, early.json()["code"]) == (409, "clip_not_failed")
    seen = again.json()
    assert (again.status_code, seen["state"], seen["attempt"], seen["progress"]) == (202, "queued", 2, 0)
    assert (seen["error_code"], seen["error_detail"]) == (None, None)
    assert await api.context.redis.exists(f"bull:clipnet:{clip['id']}-clip_process-2")


async def test_deleting_a_clip_cancels_its_job_and_forgets_it(api: Api, sam: httpx.AsyncClient) -> None:
    clip = await new_clip(sam)
    listener = api.context.redis.pubsub()
    await listener.subscribe("bull:clipnet:cancel")
    await listener.get_message(timeout=5)

    answer = await sam.delete(f"/v1/clips/{clip['id']}")

    message = await listener.get_message(ignore_subscribe_messages=True, timeout=5)
    await listener.aclose()  # type: ignore[no-untyped-call]  # - redis-py does not say
    assert answer.status_code == 204
    assert message is not None
    assert message["data"] == f"{clip['id']}-clip_process"
    assert (await sam.get(f"/v1/clips/{clip['id']}")).status_code == 404
    async with api.context.sessions() as session:
        assert (await session.scalars(select(Clip.id).where(Clip.id == UUID(clip["id"])))).all() == []
