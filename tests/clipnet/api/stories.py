"""What the worker would have done: rows that tests of the API need."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx
from sqlalchemy import select, update

from clipnet.db.models import Clip, ClipStep, OAuthAccount, OutboxRow, Score, Segment, User
from tests.clipnet.api.conftest import START, Api

URL = "http://127.0.0.1:9000/video.mp4"


async def new_clip(client: httpx.AsyncClient, **body: Any) -> dict[str, Any]:
    """Ask for a clip from an address."""
    answer = await client.post("/v1/clips", json={"url": URL, **body})
    assert answer.status_code == 201, answer.text
    clip: dict[str, Any] = answer.json()
    return clip


async def change_clip(api: Api, clip_id: str, **values: Any) -> None:
    """Change columns of a clip."""
    async with api.context.sessions.begin() as session:
        await session.execute(update(Clip).where(Clip.id == UUID(clip_id)).values(**values))


async def make_ready(api: Api, clip_id: str) -> None:
    """Finish a clip: steps, segments, scores, a video."""
    identity = UUID(clip_id)
    values = {"state": "ready", "step": None, "progress": 100, "score": 71.5, "ready_at": START}
    await change_clip(api, clip_id, **values, video_public_id=f"staging_clips/{clip_id}")
    words = [{"word": "hello", "start": 0.0, "end": 0.5}]
    async with api.context.sessions.begin() as session:
        session.add(Segment(clip_id=identity, position=0, start_s=0.0, end_s=0.5, text="hello", words=words))
        session.add(
            Score(
                clip_id=identity,
                total=71.5,
                motion=0.5,
                speech=0.7,
                visual=0.9,
                relevance=0.6,
                model="blip+motion",
            )
        )
        for step, state, took_ms in (
            ("fetch", "done", 10),
            ("polish", "failed", 250),
            ("score", "running", None),
        ):
            ended = None if took_ms is None else START + timedelta(milliseconds=took_ms)
            error = "out of memory" if state == "failed" else None
            session.add(
                ClipStep(
                    clip_id=identity,
                    step=step,
                    attempt=1,
                    state=state,
                    started_at=START,
                    finished_at=ended,
                    detail={},
                    error=error,
                )
            )


async def link(api: Api, email: str, provider: str, account: str = "1") -> None:
    """Link an account at a provider to a user."""
    vault = api.context.oauth()._vault
    async with api.context.sessions.begin() as session:
        user_id = await session.scalar(select(User.id).where(User.email == email))
        session.add(
            OAuthAccount(
                id=api.context.ids.uuid(),
                user_id=user_id,
                provider=provider,
                provider_user_id=account,
                login="sam",
                display_name="Sam",
                access_token=vault.encrypt("token"),
            )
        )


async def outbox_rows(api: Api) -> list[OutboxRow]:
    """Return the outbox, oldest first."""
    async with api.context.sessions() as session:
        return list(await session.scalars(select(OutboxRow).order_by(OutboxRow.id)))
