from __future__ import annotations

import asyncio
import os
from pathlib import Path

import httpx
from sqlalchemy import select

from clipnet.api import upkeep
from clipnet.db.models import BotEvent, IdempotencyKey
from tests.clipnet.api.conftest import Api, Served
from tests.clipnet.api.stories import URL, new_clip


async def test_idempotency_keys_are_forgotten_after_a_day(api: Api, sam: httpx.AsyncClient) -> None:
    for key in ("old", "young"):
        await sam.post("/v1/clips", json={"url": URL}, headers={"idempotency-key": key})
        api.clock.advance(13 * 3_600)

    await upkeep.forget_idempotency_keys(api.context)

    async with api.context.sessions() as session:
        assert (await session.scalars(select(IdempotencyKey.key))).all() == ["young"]


async def test_what_the_bot_was_heard_to_say_is_forgotten_after_a_day(api: Api) -> None:
    bot = api.context.settings.twitch.bot_user_id
    for name, author in (("old", bot), ("another's", "1000013"), ("young", bot)):
        async with api.context.sessions.begin() as session:
            session.add(
                BotEvent(
                    id=api.context.ids.uuid(),
                    platform="twitch",
                    event_id=name,
                    kind="channel.chat.message",
                    author_id=author,
                    state="ignored",
                    received_at=api.clock.now(),
                )
            )
        api.clock.advance(13 * 3_600)

    await upkeep.forget_echoes(api.context)

    async with api.context.sessions() as session:
        kept = await session.scalars(select(BotEvent.event_id).order_by(BotEvent.received_at))
        assert kept.all() == ["another's", "young"]


async def test_only_old_uploads_that_no_clip_knows_are_removed(api: Api, sam: httpx.AsyncClient) -> None:
    uploads = api.context.settings.media_dir / "uploads"
    known = (await new_clip(sam))["id"]
    stray, young = str(api.context.ids.uuid()), str(api.context.ids.uuid())
    for name in (known, stray, young, "not ours"):
        (uploads / name).mkdir(parents=True)
        (uploads / name / "source").touch()
        if name != young:
            os.utime(uploads / name, (0, 0))

    await upkeep.remove_stray_uploads(api.context)

    assert {folder.name for folder in uploads.iterdir()} == {known, young, "not ours"}


async def test_no_uploads_at_all_is_fine(api: Api, tmp_path: Path) -> None:
    await upkeep.remove_stray_uploads(api.context)


async def test_what_lies_in_the_outbox_is_sent_while_the_api_runs(served: Served) -> None:
    context = served.context
    async with context.engine.begin() as connection:
        await connection.exec_driver_sql(
            "INSERT INTO outbox (job_id, queue, name, payload, opts, created_at) VALUES "
            "('left-behind', 'clipnet', 'clip:process', '{}', '{\"jobId\": \"left-behind\"}', '2026-01-01')"
        )

    job = "bull:clipnet:left-behind"
    async with asyncio.timeout(20):
        while not await context.redis.exists(job):  # noqa: ASYNC110 - the sweep tells nobody
            await asyncio.sleep(0.02)

    assert await context.redis.hget(job, "name") == "clip:process"
