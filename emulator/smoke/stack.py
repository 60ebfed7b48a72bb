"""Sends one clip and one ClipBOT command through the whole stack, and checks every part at the part itself.

Upload: API -> Redis -> worker -> PostgreSQL -> Cloudinary -> web. ClipBOT: Twitch event -> API -> Redis ->
worker -> message. What it made is removed when all went well; after a failure everything stays for a closer
look.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import time
from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, unquote, urlsplit

from emulator.errors import CheckFailed
from emulator.jobs import connect
from emulator.parts import Parts
from emulator.smoke.public import POLL_S, Addresses, PublicChecks, expect, own_video
from emulator.smoke.report import Plan, Report, Step, StepFailed, take

if TYPE_CHECKING:
    from asyncpg import Connection
    from httpx import AsyncClient

_ECHO_WITHIN_S = 1.0
_JOB_WITHIN_S = 3.0

CHANNEL, VIEWER, CHANNEL_ID = "streamer_sam", "viewer_vic", "1000011"
"""The Twitch channel in which the command is given, who gives it, and the channel's id."""


@dataclass(slots=True)
class _Bot:
    """What the run's command to ClipBOT has made so far."""

    channel_row: str | None = None
    event_row: str | None = None
    clip_id: str | None = None
    message_id: str | None = None


class Smoke:
    """One run against one stack; use it as a context manager.

    Args:
        parts: The stack.
        video: The file to send, or None for one of the seed's.
        run: A few characters that no other run has, for the user's address and the titles.
        within_s: How long each clip may take.
        beside: Where `api` and `web` are asked that are not the ones everybody finds.
    """

    def __init__(
        self,
        parts: Parts,
        video: Path | None,
        run: str,
        within_s: float,
        beside: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        self._parts = parts
        self._beside = beside
        self._video = video
        self._run = run
        self._within_s = within_s
        self._bot = _Bot()
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> Smoke:
        import asyncpg

        at = Addresses(
            self._parts.api_url,
            self._parts.web_url,
            self._parts.env["CLOUDINARY_FOLDER"],
            api_at=self._beside.get("api"),
            web_at=self._beside.get("web"),
        )
        self._public = await self._stack.enter_async_context(
            PublicChecks(at, self._the_video, self._run, self._within_s)
        )
        self._made, self._http = self._public.made, self._public.http
        self._redis = connect(self._parts.redis_url, decode_responses=True)
        self._stack.push_async_callback(self._redis.aclose)
        self._database: Connection = await asyncpg.connect(self._parts.database_url)
        self._stack.push_async_callback(self._database.close)
        return self

    def _the_video(self) -> Path:
        return self._video or own_video(self._parts.cache_dir)

    async def __aexit__(self, *_exc: object) -> None:
        await self._stack.aclose()

    async def check(self, on_step: Callable[[Step], None], *, keep: bool) -> Report:
        """Take every step, the first failure ends it; `on_step` is told of each as it ends."""
        steps = await take(self._plan(), on_step)
        ok = all(step.ok for step in steps)
        if ok and not keep:
            await self._remove()
        return Report(ok, self._made.clip_id, self._made.trace_id, steps)

    def _plan(self) -> Plan:
        return (
            ("api", self._sign_up),
            ("api upload", self._public.upload),
            ("redis job", self._job_of_clip),
            ("worker", self._clip_ready),
            ("postgres rows", self._rows),
            ("cloudinary asset", self._public.asset),
            ("web page", self._public.page),
            ("twitch event", self._say),
            ("postgres event", self._event),
            ("redis clipbot job", self._job_of_event),
            ("worker clipbot", self._bot_clip_ready),
            ("twitch message", self._message),
        )

    async def _sign_up(self) -> str:
        await self._public.sign_up()
        email = self._made.email
        stored = await self._database.fetchval(
            "SELECT email FROM users WHERE id::text = $1", self._made.user_id
        )
        if stored != email:
            raise StepFailed(f"the new user is not in the database (found {stored!r})")
        return f"ready, and user {email} is in the database"

    async def _job_of_clip(self) -> str:
        return await self._job(f"{self._made.clip_id}-clip_process", "clip:process")

    async def _clip_ready(self) -> str:
        await self._public.clip_ready()
        runs = await self._database.fetch(
            "SELECT DISTINCT name FROM job_runs WHERE clip_id::text = $1 AND state = 'completed' ORDER BY 1",
            self._made.clip_id,
        )
        return f"ready after {', '.join(row['name'] for row in runs)}"

    async def _rows(self) -> str:
        clip_id = self._made.clip_id
        state = await self._database.fetchval("SELECT state FROM clips WHERE id::text = $1", clip_id)
        if state != "ready":
            raise StepFailed(f"the clip's row says '{state}', not 'ready'")
        steps = await self._database.fetch(
            "SELECT step, state FROM clip_steps WHERE clip_id::text = $1 AND finished_at IS NOT NULL", clip_id
        )
        done = {row["step"] for row in steps if row["state"] in ("done", "skipped")}
        if missing := {"probe", "polish", "whisper", "score", "upload"} - done:
            raise StepFailed(f"the history lacks: {', '.join(sorted(missing))}")
        words = await self._database.fetchval(
            "SELECT coalesce(sum(jsonb_array_length(words)), 0) FROM segments WHERE clip_id::text = $1",
            clip_id,
        )
        if self._video is None and not words:
            raise StepFailed("the clip has speech, but there are no segments")
        total = await self._database.fetchval("SELECT total FROM scores WHERE clip_id::text = $1", clip_id)
        if total is None or not 0 <= total <= 100:
            raise StepFailed(f"the clip's score is {total!r}, not a number from 0 to 100")
        return f"{len(done)} steps done, {words} words, score {total}"

    async def _say(self) -> str:
        await self._provide_channel()
        text = f"!clip 5 Smoke {self._run}"
        answer = await self._http.post(
            f"{self._parts.fakes['twitch']}/_fake/events",
            json={"type": "chat", "channel": CHANNEL, "user": VIEWER, "text": text},
        )
        expect(answer, 200, "POST /_fake/events")
        sent = answer.json()["sent"][0]
        if sent["status"] != 204:
            raise StepFailed(f"the API answered Twitch with {sent['status']}: {sent['body']}")
        self._event_ids = [sent["id"], sent["chat_message_id"]]
        return f"{VIEWER} wrote '{text}', the API took it"

    async def _event(self) -> str:
        row = await self._database.fetchrow(
            "SELECT id::text, clip_id::text, command FROM bot_events"
            " WHERE platform = 'twitch' AND event_id = ANY ($1)",
            self._event_ids,
        )
        if row is None or row["clip_id"] is None:
            raise StepFailed(f"the event is not in the database with its clip (found {row and dict(row)})")
        self._bot.event_row, self._bot.clip_id = row["id"], row["clip_id"]
        return f"command '{row['command']}' made clip {row['clip_id']}"

    async def _job_of_event(self) -> str:
        return await self._job(f"{self._bot.clip_id}-clip_process", "clip:process")

    async def _bot_clip_ready(self) -> str:
        clip = await self._public.wait_for_clip(str(self._bot.clip_id))
        return f"'{clip['title']}' is ready"

    async def _message(self) -> str:
        deadline = time.monotonic() + self._within_s
        while True:
            known = await self._http.get(f"{self._parts.fakes['twitch']}/_fake/posts")
            expect(known, 200, "GET /_fake/posts")
            messages = [post for post in known.json()["posts"] if self._is_answer(str(post["text"]))]
            state = await self._database.fetchval(
                "SELECT state FROM bot_events WHERE id::text = $1", self._bot.event_row
            )
            if messages and state == "done":
                break
            if time.monotonic() > deadline:
                raise StepFailed(f"no message in the chat after {self._within_s} s (the event is '{state}')")
            await asyncio.sleep(POLL_S)
        self._bot.message_id = str(messages[0]["id"])
        if len(messages) > 1:
            raise StepFailed(f"the answer was posted {len(messages)} times: {messages}")
        return f"in {messages[0]['channel']}: {messages[0]['text']}"

    def _is_answer(self, text: str) -> bool:
        return self._run in text or str(self._bot.clip_id)[:8] in text

    async def _job(self, job_id: str, name: str) -> str:
        """Find a job. The API may answer first and enqueue right after."""
        deadline = time.monotonic() + _JOB_WITHIN_S
        while not (found := await self._redis.hgetall(f"bull:clipnet:{job_id}")):
            if time.monotonic() > deadline:
                raise StepFailed(f"there is no job '{job_id}' in Redis")
            await asyncio.sleep(POLL_S)
        kind = str(found.get("name"))
        if kind != name:
            raise StepFailed(f"job '{job_id}' is a '{kind}', not a '{name}'")
        return f"job {job_id}, {kind}"

    async def _provide_channel(self) -> None:
        """Make the channel known where no seed did: it is cut from the clip that was just made."""
        source = self._parts.seen_inside(self._made.clip["video_url"], "cloudinary")
        settings = json.dumps({"media_url": source})
        self._bot.channel_row = await self._database.fetchval(
            "INSERT INTO bot_channels (id, platform, external_id, name, settings) "
            "VALUES (gen_random_uuid(), 'twitch', $1, $2, $3::jsonb) ON CONFLICT DO NOTHING"
            " RETURNING id::text",
            CHANNEL_ID,
            CHANNEL,
            settings,
        )

    async def _forget_echo(self) -> None:
        """Remove the row by which the application notes that Twitch told of the bot's message, if it does."""
        deadline = time.monotonic() + _ECHO_WITHIN_S
        echo = "DELETE FROM bot_events WHERE platform = 'twitch' AND event_id = $1"
        while await self._database.execute(echo, self._bot.message_id) == "DELETE 0":
            if self._bot.message_id is None or time.monotonic() > deadline:
                return
            await asyncio.sleep(POLL_S)

    async def _remove(self) -> None:
        """Remove what this run made: rows, jobs and files. What the platforms received stays there."""
        made, bot = self._made, self._bot
        await self._forget_echo()
        clips = [str(made.clip_id), str(bot.clip_id)]
        async with self._database.transaction():
            await self._database.execute("DELETE FROM bot_events WHERE id::text = $1", bot.event_row)
            await self._database.execute("DELETE FROM bot_channels WHERE id::text = $1", bot.channel_row)
            await self._database.execute("DELETE FROM job_runs WHERE clip_id::text = ANY ($1)", clips)
            await self._database.execute("DELETE FROM outbox WHERE payload->>'clip' = ANY ($1)", clips)
            await self._database.execute("DELETE FROM clips WHERE id::text = ANY ($1)", clips)
            await self._database.execute("DELETE FROM idempotency_keys WHERE key = $1", f"smoke-{self._run}")
            await self._database.execute("DELETE FROM users WHERE id::text = $1", made.user_id)
        folder = self._parts.env["CLOUDINARY_FOLDER"]
        for clip in clips:
            for kind in ("video", "image"):
                await destroy(self._http, self._parts, kind, f"{folder}/{clip}")


async def destroy(http: AsyncClient, parts: Parts, resource_type: str, public_id: str) -> None:
    """Delete an asset of the stack's Cloudinary, signed as its upload API wants it.

    Source: cloudinary.com/documentation/authentication_signatures (SHA-1 over sorted parameters and secret).
    """
    url = urlsplit(parts.env["CLOUDINARY_URL"])
    prefix = parse_qs(url.query)["upload_prefix"][0]
    fields = {"public_id": public_id, "timestamp": str(int(time.time()))}
    signed = "&".join(f"{name}={value}" for name, value in sorted(fields.items()))
    signature = hashlib.sha1((signed + unquote(url.password or "")).encode()).hexdigest()
    fields |= {"api_key": unquote(url.username or ""), "signature": signature}
    await http.post(f"{prefix}/v1_1/{url.hostname}/{resource_type}/destroy", data=fields)


async def smoke(
    parts: Parts,
    run: str,
    *,
    video: Path | None = None,
    keep: bool = False,
    within_s: float = 120.0,
    on_step: Callable[[Step], None] = lambda _step: None,
    beside: Mapping[str, str] = MappingProxyType({}),
) -> Report:
    """Check a running stack once; `beside` has other addresses of `api` and `web` than the public ones.

    Raises:
        CheckFailed: The database or Redis cannot be reached at all.
    """
    try:
        checker = await Smoke(parts, video, run, within_s, beside).__aenter__()
    except OSError as error:
        raise CheckFailed(f"the stack cannot be reached: {error}", "see: clipnet-emulate status") from error
    async with AsyncExitStack() as stack:
        stack.push_async_exit(checker.__aexit__)
        return await checker.check(on_step, keep=keep)
