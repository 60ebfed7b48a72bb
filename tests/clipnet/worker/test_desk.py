"""ClipBOT answers by the real worker: once, though it is killed before it notes that, and in due time."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

import httpx
import pytest
from sqlalchemy import select, text

from clipnet import jobs, outbox
from clipnet.clipbot import CHAT
from clipnet.db.models import BotAnswer, BotChannel, BotEvent, Clip, Post
from clipnet.oauth import OAuthClient
from clipnet.queue import JobQueue
from clipnet.worker.calls import Calls, new_client
from clipnet.worker.cloudinary import Storage
from clipnet.worker.errors import Permanent, StepError, Transient
from clipnet.worker.posting.desk import Desk
from clipnet.worker.queue import Flow, Run
from clipnet.worker.records import Records
from clipnet.worker.workplace import Workplace
from tests.clipnet.worker.control import fault, posts
from tests.clipnet.worker.world import World, started, until

pytestmark = pytest.mark.slow

CHANNELS = {"twitch": "1000011", "discord": "645027906669510667", "x": "1111111111111111111"}
CALLS = {"twitch": "/helix/chat/messages", "discord": "*/messages", "x": "/2/tweets"}


async def ask(world: World, platform: str, words: str) -> str:
    """Have a command answered with these words; return the id of the job that does it."""
    channel, event = CHANNELS[platform], world.ids.uuid()
    reply = await mentioned(world) if platform == "x" else {"channel_id": channel}
    payload = jobs.BotPayload(event=str(event), text=words)
    job = jobs.job("clipbot:notify", payload, subject=str(event))
    async with world.sessions.begin() as session:
        known = select(BotChannel).where(BotChannel.platform == platform)
        if await session.scalar(known) is None:
            session.add(BotChannel(id=world.ids.uuid(), platform=platform, external_id=channel, name="clips"))
        session.add(
            BotEvent(
                id=event,
                platform=platform,
                event_id=str(event),
                kind="command",
                command="status",
                reply=reply,
                state="received",
            )
        )
        outbox.write(session, job)
    await outbox.relay(world.sessions, JobQueue(world.redis), [job.id])
    return job.id


async def mentioned(world: World) -> dict[str, str]:
    async with httpx.AsyncClient() as client:
        body = {"text": f"@clipnet status {uuid.uuid4().hex}"}
        sent = (await client.post(f"{world.fakes.url('x')}/_fake/events", json=body)).json()["sent"]
    return {"post_id": sent[0]["post_id"]}


@pytest.mark.parametrize(
    ("error", "remembered"),
    [
        (Transient("x_unreachable", "X could not be reached"), "sending since 2026-11-21T06:00:00+00:00"),
        (Permanent("x_refused", "X refused the post"), None),
    ],
)
async def test_a_post_that_failed_remembers_what_may_have_got_through(
    world: World, error: StepError, remembered: str | None
) -> None:
    clip, identity = world.ids.uuid(), world.ids.uuid()
    trace = "sending since 2026-11-21T06:00:00+00:00"
    async with world.sessions.begin() as session:
        session.add(Clip(id=clip, source_kind="url", source_name="video.mp4"))
        await session.flush()
        row = {"id": identity, "clip_id": clip, "platform": "x", "target": "", "idempotency_key": "k"}
        session.add(Post(**row, state="posting", external_id=trace))

    payload = jobs.BotPayload(clip=str(clip), post=str(identity))
    run = Run("job", "clipbot:post", payload, 3, True, "", 1, cast(Flow, None))
    async with new_client() as client:
        calls, storage = Calls(client), Storage(world.settings.cloudinary)
        desk = Desk(
            Records(world.engine), {}, lambda: cast(OAuthClient, None), calls, storage, Workplace(world.media)
        )
        await desk.failed(run, error)

    (post,) = await world.posts(str(clip))
    assert (post.state, post.error, post.external_id) == ("failed", str(error), remembered)


async def answer(world: World, job_id: str) -> BotAnswer | None:
    async with world.sessions() as session:
        return await session.get(BotAnswer, job_id)


async def answered(world: World, job_id: str, deadline_s: float = 30.0) -> BotAnswer:
    async def look() -> BotAnswer | None:
        found = await answer(world, job_id)
        return found if found is not None and found.sent_at is not None else None

    return await until(look, f"the answer of {job_id}", deadline_s)


@asynccontextmanager
async def locked(world: World, job_id: str) -> AsyncIterator[None]:
    """Nobody can write that an answer was sent."""
    async with world.engine.begin() as connection:
        await connection.execute(
            text("SELECT 1 FROM bot_answers WHERE job_id = :id FOR UPDATE"), {"id": job_id}
        )
        yield


def said(world: World, platform: str, words: str) -> list[dict[str, Any]]:
    return [post for post in posts(world.fakes, platform) if words in post["text"]]


async def echo(world: World, message: dict[str, Any]) -> None:
    """Do what the API does when Twitch tells what ClipBOT said."""
    async with world.sessions.begin() as session:
        session.add(
            BotEvent(
                id=world.ids.uuid(),
                platform="twitch",
                event_id=message["id"],
                kind=CHAT,
                reply={"channel_id": CHANNELS["twitch"], "reply_to": None},
                payload={"text": message["text"]},
                state="ignored",
                received_at=datetime.now(UTC),
            )
        )


@pytest.mark.parametrize("platform", CHANNELS)
async def test_a_worker_that_is_killed_after_it_answered_answers_once(
    world: World, tmp_path: Path, platform: str
) -> None:
    words = f"Status {uuid.uuid4().hex}"
    fault(world.fakes, platform, kind="latency", ms=1000, path=CALLS[platform], method="POST", times=1)
    with started(world.env, tmp_path) as first:
        job_id = await ask(world, platform, words)

        async def is_sending() -> bool | None:
            found = await answer(world, job_id)
            return True if found and found.remembered else None

        async def has_arrived() -> dict[str, Any] | None:
            return next(iter(said(world, platform, words)), None)

        await until(is_sending, "the answer to be sent")
        async with locked(world, job_id):
            message = await until(has_arrived, "the answer at the platform")
            first.kill()
    if platform == "twitch":
        await echo(world, message)
    with started(world.env, tmp_path):
        found = await answered(world, job_id)

    assert [post["id"] for post in said(world, platform, words)] == [found.external_id]
    async with world.sessions() as session:
        event = await session.get(BotEvent, found.event_id)
        assert event is not None
        assert event.state == "done"


async def test_an_answer_that_is_limited_comes_when_discord_says_and_costs_no_attempt(
    world: World, tmp_path: Path
) -> None:
    words = [f"Status {uuid.uuid4().hex}" for _ in range(7)]
    with started(world.env, tmp_path):
        ids = [await ask(world, "discord", one) for one in words]
        await asyncio.gather(*(answered(world, job_id) for job_id in ids))

    assert [len(said(world, "discord", one)) for one in words] == [1] * 7
    runs = await world.runs(name="clipbot:notify")
    assert {run.state for run in runs} == {"completed", "delayed"}
    assert {run.attempt for run in runs} == {1}


async def test_an_answer_that_redis_forgot_is_given_at_the_start_and_one_that_was_given_is_not(
    world: World, tmp_path: Path
) -> None:
    given, forgotten = (f"Status {uuid.uuid4().hex}" for _ in range(2))
    with started(world.env, tmp_path):
        await answered(world, await ask(world, "discord", given))
    job_id = await ask(world, "discord", forgotten)
    await world.redis.flushall()

    with started(world.env, tmp_path):
        await answered(world, job_id)

    assert [len(said(world, "discord", words)) for words in (given, forgotten)] == [1, 1]
