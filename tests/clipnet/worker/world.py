"""A worker among real servers: PostgreSQL, Redis and the fakes, with the worker in a process of its own."""

from __future__ import annotations

import asyncio
import ctypes
import json
import os
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncEngine

from clipnet import jobs, outbox
from clipnet.clock import RandomIds
from clipnet.db.engine import Sessions, create_engine, create_sessions
from clipnet.db.migrate import migrate
from clipnet.db.models import Clip, ClipStep, JobRun, OAuthAccount, Post, User
from clipnet.queue import JobQueue, Redis, connect
from clipnet.security import Vault
from clipnet.settings import Settings, load
from tests.fakes.serving import Served

T = TypeVar("T")
DEADLINE_S = 30.0
TINY_HEIGHT = 640
SPEECH = Path(__file__).parents[3] / "seed" / "media"


def environment(database_url: str, redis_url: str, fakes: Mapping[str, str], media: Path) -> dict[str, str]:
    """The environment that the worker is given."""
    nowhere = "http://127.0.0.1:9"
    url = {name: fakes.get(name, nowhere) for name in ("google", "tiktok", "twitch", "discord", "x")}
    cloudinary = fakes.get("cloudinary", nowhere)
    return {
        "APP_ENV": "staging",
        "DATABASE_URL": database_url,
        "REDIS_URL": redis_url,
        "API_URL": "http://127.0.0.1:8401",
        "WEB_URL": "http://127.0.0.1:8400",
        "SESSION_SECRET": "a-secret-for-tests-only",
        "TOKEN_KEY": "c3RhZ2luZy10b2tlbi1rZXktb2YtdGhlLWVtdWxhdG8=",
        "MEDIA_DIR": str(media),
        "CLOUDINARY_URL": "cloudinary://111222333444555:stagingSecret_AbC-123@staging"
        f"?upload_prefix={cloudinary}&cname={cloudinary.removeprefix('http://')}",
        "CLOUDINARY_FOLDER": "staging_clips",
        "RUNPOD_ENDPOINT_BASE_URL": fakes.get("runpod", nowhere) + "/v2",
        "RUNPOD_API_KEY": "rpa_staging_0000000000000000000000000000",
        "RUNPOD_NAMESPACE": "staging",
        **{
            f"RUNPOD_{name.upper()}_ENDPOINT": f"staging-{name}"
            for name in ("whisper", "blip", "motion", "clip")
        },
        "GOOGLE_ACCOUNTS_URL": url["google"],
        "GOOGLE_OAUTH_URL": url["google"],
        "GOOGLE_OPENID_URL": url["google"],
        "YOUTUBE_URL": url["google"],
        "YOUTUBE_WEB_URL": url["google"],
        "GOOGLE_CLIENT_ID": "staging.apps.googleusercontent.com",
        "GOOGLE_CLIENT_SECRET": "google-staging-secret",
        "TIKTOK_WEB_URL": url["tiktok"],
        "TIKTOK_URL": url["tiktok"],
        "TIKTOK_CLIENT_KEY": "awstaging",
        "TIKTOK_CLIENT_SECRET": "tiktok-staging-secret",
        "TWITCH_WEB_URL": url["twitch"],
        "TWITCH_AUTH_URL": url["twitch"],
        "TWITCH_URL": url["twitch"],
        "TWITCH_CLIENT_ID": "twitchstagingclient00000000000",
        "TWITCH_CLIENT_SECRET": "twitch-staging-secret",
        "TWITCH_EVENTSUB_SECRET": "clipbot-staging-secret",
        "TWITCH_BOT_USER_ID": "1000001",
        "DISCORD_WEB_URL": url["discord"],
        "DISCORD_URL": url["discord"] + "/api/v10",
        "DISCORD_CLIENT_ID": "1100000000000000001",
        "DISCORD_CLIENT_SECRET": "discord-staging-secret",
        "DISCORD_PUBLIC_KEY": "03a107bff3ce10be1d70dd18e74bc09967e4d6309ba50d5f1ddc8664125531b8",
        "DISCORD_BOT_TOKEN": "discord-staging-bot-token",
        "X_WEB_URL": url["x"],
        "X_URL": url["x"],
        "X_CLIENT_ID": "x-staging-client",
        "X_CLIENT_SECRET": "x-staging-secret",
        "X_CONSUMER_SECRET": "x-staging-consumer-secret",
        "X_BOT_TOKEN": "x-staging-bot-token",
        "POLISH_MAX_HEIGHT": str(TINY_HEIGHT),
        "START_DEADLINE_S": "20",
    }


@dataclass(slots=True)
class Program:
    """A worker's process and what it wrote."""

    process: subprocess.Popen[bytes]
    log: Path

    def lines(self) -> list[dict[str, Any]]:
        """Its log so far."""
        rows = (line for line in self.log.read_text().splitlines() if line.startswith("{"))
        return [json.loads(row) for row in rows]

    def events(self) -> list[str]:
        """The events of its log."""
        return [row["event"] for row in self.lines()]

    def kill(self) -> None:
        """End it as a crash would."""
        self.process.kill()
        self.process.wait()

    def stop(self) -> int:
        """End it politely; return its exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(20)


@contextmanager
def started(env: Mapping[str, str], folder: Path, *arguments: str) -> Iterator[Program]:
    """Run a worker; at the end it is gone."""
    log = folder / f"worker-{uuid.uuid4().hex[:6]}.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "clipnet.worker", *arguments],
            env={**os.environ, **env},
            stdout=output,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            preexec_fn=lambda: ctypes.CDLL(None).prctl(1, signal.SIGKILL),
        )
    program = Program(process, log)
    try:
        yield program
    finally:
        if process.poll() is None:
            try:
                program.stop()
            except subprocess.TimeoutExpired:
                program.kill()
        output_text = log.read_text()
        assert "Traceback" not in output_text, output_text[-4000:]


@dataclass(slots=True)
class World:
    """Everything around the worker, and short words for asking it."""

    env: dict[str, str]
    settings: Settings
    engine: AsyncEngine
    sessions: Sessions
    redis: Redis
    fakes: Served
    folder: Path
    ids: RandomIds = field(default_factory=RandomIds)

    @property
    def media(self) -> Path:
        """MEDIA_DIR."""
        return self.settings.media_dir

    async def user(self, *accounts: tuple[str, str, str]) -> uuid.UUID:
        """Add a user with accounts: (provider, access token, refresh token)."""
        identity = self.ids.uuid()
        vault = Vault(self.settings.token_key)
        async with self.sessions.begin() as session:
            session.add(User(id=identity, email=f"{identity}@clipnet.test", name="Sam"))
            await session.flush()
            for provider, access, refresh in accounts:
                session.add(
                    OAuthAccount(
                        id=self.ids.uuid(),
                        user_id=identity,
                        provider=provider,
                        provider_user_id=str(identity),
                        login="streamer_sam",
                        display_name="Sam",
                        access_token=vault.encrypt(access),
                        refresh_token=vault.encrypt(refresh),
                    )
                )
        return identity

    def upload(self, video: Path) -> str:
        """Put a file where uploads lie; return its path there."""
        name = f"uploads/{self.ids.uuid()}{video.suffix}"
        (self.media / "uploads").mkdir(exist_ok=True)
        (self.media / name).write_bytes(video.read_bytes())
        return name

    async def submit(self, video: Path | None = None, **values: Any) -> str:
        """Do what the API does: store a clip with its job in the outbox; return its id."""
        identity = self.ids.uuid()
        if video is not None:
            values |= {"source_path": self.upload(video), "source_kind": "upload"}
        job = jobs.job("clip:process", jobs.ClipPayload(str(identity)), subject=str(identity))
        async with self.sessions.begin() as session:
            session.add(Clip(id=identity, **{"source_kind": "url", "source_name": "video.mp4", **values}))
            outbox.write(session, job)
        await outbox.relay(self.sessions, JobQueue(self.redis), [job.id])
        return str(identity)

    async def clip(self, clip: str) -> Clip:
        """A clip's row."""
        async with self.sessions() as session:
            found = await session.get(Clip, uuid.UUID(clip))
            assert found is not None
            return found

    async def steps(self, clip: str) -> list[tuple[str, int, str]]:
        """A clip's history: step, attempt, state."""
        async with self.sessions() as session:
            rows = await session.execute(
                select(ClipStep.step, ClipStep.attempt, ClipStep.state)
                .where(ClipStep.clip_id == uuid.UUID(clip))
                .order_by(ClipStep.id)
            )
            return [(row.step, row.attempt, row.state) for row in rows]

    async def posts(self, clip: str) -> list[Post]:
        """A clip's posts."""
        async with self.sessions() as session:
            rows = await session.scalars(
                select(Post).where(Post.clip_id == uuid.UUID(clip)).order_by(Post.platform, Post.target)
            )
            return list(rows)

    async def runs(self, **where: Any) -> list[JobRun]:
        """Rows of `job_runs`."""
        async with self.sessions() as session:
            return list(await session.scalars(select(JobRun).filter_by(**where).order_by(JobRun.id)))

    async def settled(self, clip: str, deadline_s: float = DEADLINE_S) -> Clip:
        """Wait until a clip is ready or failed."""

        async def look() -> Clip | None:
            found = await self.clip(clip)
            return found if found.state in ("ready", "failed") else None

        return await until(look, f"clip {clip}", deadline_s)

    async def posted(self, clip: str, count: int, deadline_s: float = DEADLINE_S) -> list[Post]:
        """Wait until a clip has so many posts that are made or failed."""

        async def look() -> list[Post] | None:
            found = await self.posts(clip)
            over = [post for post in found if post.state in ("posted", "failed")]
            return found if len(over) == count else None

        return await until(look, f"{count} posts of {clip}", deadline_s)

    async def waiting(self) -> dict[str, dict[str, int]]:
        """What is in the queues."""
        return await JobQueue(self.redis).counts()


async def until(look: Callable[[], Awaitable[T | None]], what: str, deadline_s: float = DEADLINE_S) -> T:
    """Ask until there is an answer."""
    ends = time.monotonic() + deadline_s
    while (found := await look()) is None:
        if time.monotonic() > ends:
            raise TimeoutError(f"waited {deadline_s} s for {what}")
        await asyncio.sleep(0.01)
    return found


@asynccontextmanager
async def made(database_url: str, redis_url: str, fakes: Served, folder: Path) -> AsyncIterator[World]:
    """Clear everything and hand it out."""
    media = folder / "media"
    media.mkdir(exist_ok=True)
    env = environment(database_url, redis_url, fakes.urls, media)
    engine = create_engine(database_url, application="tests", pool_size=2)
    redis = connect(redis_url)
    try:
        await migrate(engine)
        async with engine.begin() as connection:
            names = "users, clips, bot_channels, bot_events, job_runs, outbox"
            await connection.execute(text(f"TRUNCATE {names} RESTART IDENTITY CASCADE"))
        await redis.flushall()
        yield World(env, load(env), engine, create_sessions(engine), redis, fakes, folder)
    finally:
        await redis.aclose()
        await engine.dispose()
