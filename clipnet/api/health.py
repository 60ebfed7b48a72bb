"""What probes and people ask: is it alive, is it ready, what is it, how busy is it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import Final

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse, PlainTextResponse
from redis.exceptions import RedisError
from sqlalchemy import func, select, text
from sqlalchemy.exc import SQLAlchemyError

from clipnet.api.context import Context, Ctx
from clipnet.api.metrics import RequestMetrics, heading, sample
from clipnet.api.problems import MEDIA_TYPE, Problem, body, documented
from clipnet.api.wire import Health, Ready, Version
from clipnet.db.models import Clip
from clipnet.settings import banner

router = APIRouter(tags=["operation"])

_CHECK_TIMEOUT_S: Final = 2.0
_CLIP_STATES: Final = ("queued", "processing", "ready", "failed")


@router.get("/health", response_model=Health)
async def health(context: Ctx) -> Health:
    """Say that the process answers, and for which environment it works."""
    settings = context.settings
    return Health(
        status="ok",
        environment=settings.environment,
        version=settings.version,
        banner=banner(settings.environment),
        commit=settings.commit,
    )


@router.get("/ready", response_model=Ready, responses=documented("unavailable"))
async def ready(request: Request, context: Ctx) -> Response:
    """Say whether the database and the queue answer; 503 with the reason where one does not."""
    checks = await _checks(context)
    if all(said == "ok" for said in checks.values()):
        return JSONResponse({"status": "ok", "checks": checks})
    words = "; ".join(f"{part}: {said}" for part, said in checks.items() if said != "ok")
    return JSONResponse(
        body(Problem("unavailable", words, checks=checks), request.url.path), 503, media_type=MEDIA_TYPE
    )


@router.get("/version", response_model=Version)
async def version(context: Ctx) -> Version:
    """Say what runs here."""
    settings = context.settings
    return Version(version=settings.version, commit=settings.commit, environment=settings.environment)


@router.get("/metrics", response_class=PlainTextResponse)
async def metrics(request: Request, context: Ctx) -> Response:
    """Show counters in Prometheus' text format; a part that does not answer has `clipnet_up` 0."""
    counted: RequestMetrics = request.app.state.metrics
    lines = [*counted.lines()]
    up = {"redis": 1, "database": 1}
    try:
        async with asyncio.timeout(_CHECK_TIMEOUT_S):
            lines += _queue_lines(await context.queue.counts())
    except (RedisError, OSError, TimeoutError):
        up["redis"] = 0
    try:
        async with asyncio.timeout(_CHECK_TIMEOUT_S):
            lines += _clip_lines(await _clips_by_state(context))
    except (SQLAlchemyError, OSError, TimeoutError):
        up["database"] = 0
    lines += heading("clipnet_up", "gauge", "Whether a part answers.")
    lines += [sample("clipnet_up", {"part": part}, value) for part, value in up.items()]
    lines += heading("clipnet_build_info", "gauge", "What runs here.")
    labels = {"version": context.settings.version, "environment": context.settings.environment}
    lines.append(sample("clipnet_build_info", labels, 1))
    return PlainTextResponse("\n".join(lines) + "\n", media_type="text/plain; version=0.0.4; charset=utf-8")


async def check_database(context: Context) -> str:
    """Return "ok", or in words why the database does not answer."""

    async def ask() -> None:
        async with context.engine.connect() as connection:
            await connection.execute(text("SELECT 1"))

    return await _check(ask())


async def check_redis(context: Context) -> str:
    """Return "ok", or in words why Redis does not answer."""

    async def ask() -> None:
        await context.redis.ping()

    return await _check(ask())


async def _checks(context: Context) -> dict[str, str]:
    database, redis = await asyncio.gather(check_database(context), check_redis(context))
    return {"database": database, "redis": redis}


async def _check(question: Awaitable[None]) -> str:
    try:
        async with asyncio.timeout(_CHECK_TIMEOUT_S):
            await question
    except TimeoutError:
        return f"no answer within {_CHECK_TIMEOUT_S} s"
    except (SQLAlchemyError, RedisError, OSError) as error:
        return f"{type(error).__name__}: {error}".splitlines()[0][:200]
    return "ok"


async def _clips_by_state(context: Context) -> dict[str, int]:
    async with context.sessions() as session:
        rows = await session.execute(select(Clip.state, func.count().label("number")).group_by(Clip.state))
        return {row.state: row.number for row in rows}


def _queue_lines(counts: dict[str, dict[str, int]]) -> list[str]:
    name = "clipnet_queue_jobs"
    lines = [*heading(name, "gauge", "Jobs by queue and state.")]
    for queue, states in counts.items():
        lines += [sample(name, {"queue": queue, "state": state}, number) for state, number in states.items()]
    return lines


def _clip_lines(counts: dict[str, int]) -> list[str]:
    name = "clipnet_clips"
    return [
        *heading(name, "gauge", "Clips by state."),
        *(sample(name, {"state": state}, counts.get(state, 0)) for state in _CLIP_STATES),
    ]
