"""Keeps the books of posts: who posts what, once. The platforms' files do the talking.

A post's row goes from `queued` over `posting` to `posted`. While it is `posting`, `external_id` holds what
the platform can be asked about (an upload session, a publish id). An attempt that was killed after the post
was made and before that was written down is found out there, or known to the platform by the post's key.
"""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

from sqlalchemy import func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from clipnet.clipbot import CHAT
from clipnet.db.models import BotAnswer, BotEvent, Clip, ClipTag, OAuthAccount, Post
from clipnet.jobs import BotPayload, PostPayload
from clipnet.log import span, trace_headers
from clipnet.oauth import AccessLost, OAuthClient, OAuthError
from clipnet.worker import records
from clipnet.worker.calls import Calls, unreachable
from clipnet.worker.cloudinary import Storage
from clipnet.worker.errors import Gone, Permanent, StepError, Transient, words_of
from clipnet.worker.posting.order import EchoSeen, Order, Posted, Poster
from clipnet.worker.queue import Run
from clipnet.worker.records import Records
from clipnet.worker.tagging import DEFAULT, TEMPLATES
from clipnet.worker.workplace import Workplace

_PROVIDERS: Final[Mapping[str, tuple[str, str]]] = {
    "youtube": ("google", "YouTube"),
    "tiktok": ("tiktok", "TikTok"),
}
_CATEGORIES: Final = {template.name: template.youtube_category for template in (*TEMPLATES, DEFAULT)}
_BLOCK_BYTES: Final = 256 * 1024
_CLOCKS_DIFFER: Final = timedelta(seconds=60)
_MOST_ECHOES: Final = 500
_LONG_AGO: Final = datetime(2000, 1, 1, tzinfo=UTC)


class Desk:
    """The handlers of `post:youtube`, `post:tiktok`, `clipbot:post` and `clipbot:notify`."""

    def __init__(
        self,
        keep: Records,
        posters: Mapping[str, Poster],
        oauth: Callable[[], OAuthClient],
        calls: Calls,
        storage: Storage,
        workplace: Workplace,
    ) -> None:
        self._records = keep
        self._posters = posters
        self._oauth = oauth
        self._calls = calls
        self._storage = storage
        self._workplace = workplace

    async def handle(self, run: Run) -> Mapping[str, Any]:
        """Make a post, or send words alone."""
        post = run.payload.post if isinstance(run.payload, PostPayload | BotPayload) else None
        return await self._make(run, post) if post else await self._say(run)

    async def failed(self, run: Run, error: BaseException) -> None:
        """Write that a post, or the answer to an event, failed. Idempotent.

        What a post remembers stays unless the platform refused it: the last attempt may have got through, and
        whoever asks for the post again shall find it there.
        """
        changes: dict[str, Any] = {"state": "failed", "error": words_of(error)}
        if isinstance(error, Permanent):
            changes["external_id"] = None
        async with self._records.sessions.begin() as session:
            if isinstance(run.payload, PostPayload | BotPayload) and run.payload.post:
                await session.execute(
                    update(Post)
                    .where(Post.id == _id(run.payload.post), Post.state != "posted")
                    .values(**changes)
                )
            await _end_event(session, run, "failed")

    async def _make(self, run: Run, post_id: str) -> Mapping[str, Any]:
        post, clip, tags, event = await self._claim(run, post_id)
        if post.state == "posted":
            return {"already": True, "external_id": post.external_id}
        step_id = await self._records.begin_step(str(clip.id), f"{run.name}", None)
        detail: dict[str, Any] = {"platform": post.platform, "target": post.target}
        try:
            posted = await self._poster(post.platform).post(self._order(run, post, clip, tags, event))
        except StepError as error:
            state = "failed" if run.is_last or isinstance(error, Permanent) else "retrying"
            await self._records.end_step(step_id, state, detail, words_of(error))
            if not isinstance(error, Permanent):
                await self._change(post.id, state="delayed", error=words_of(error))
            raise
        detail |= {"external_id": posted.external_id, "url": posted.url}
        await self._write(run, post.id, posted, step_id, detail)
        return {"external_id": posted.external_id, "url": posted.url}

    async def _claim(self, run: Run, post_id: str) -> tuple[Post, Clip, tuple[str, ...], BotEvent | None]:
        """Take the post over: from now on it is `posting`."""
        async with self._records.sessions.begin() as session:
            post = await session.scalar(select(Post).where(Post.id == _id(post_id)).with_for_update())
            clip = await session.get(Clip, post.clip_id) if post else None
            if post is None or clip is None:
                raise Gone(f"post {post_id}")
            if post.state != "posted":
                post.state, post.attempts = "posting", post.attempts + 1
            tags = await session.scalars(
                select(ClipTag.tag).where(ClipTag.clip_id == clip.id).order_by(ClipTag.tag)
            )
            event = await _event_of(session, run)
            return post, clip, tuple(tags.all()), event

    async def _write(
        self, run: Run, post: uuid.UUID, posted: Posted, step_id: int, detail: Mapping[str, Any]
    ) -> None:
        async with self._records.sessions.begin() as session:
            await session.execute(
                update(Post)
                .where(Post.id == post)
                .values(
                    state="posted",
                    external_id=posted.external_id,
                    url=posted.url,
                    error=None,
                    posted_at=func.now(),
                )
            )
            await records.end_step(session, step_id, "done", detail)
            await _end_event(session, run, "done")

    async def _say(self, run: Run) -> Mapping[str, Any]:
        """Answer an event with words, once."""
        payload = run.payload
        async with self._records.sessions.begin() as session:
            event = await _event_of(session, run)
            clip = await session.get(Clip, _id(payload.clip)) if payload.clip else None
            if event is None:
                raise Gone(f"the event of job {run.job_id}")
            row = {"job_id": run.job_id, "event_id": event.id}
            await session.execute(insert(BotAnswer).values(row).on_conflict_do_nothing())
            answer = await session.get_one(BotAnswer, run.job_id)
        if answer.sent_at is not None:
            return {"already": True, "external_id": answer.external_id}
        text = payload.text if isinstance(payload, BotPayload) else None
        shown = clip if run.name == "clipbot:post" else None

        async def remember(told: str | None) -> None:
            await self._answered(run, remembered=told)

        order = Order(
            key=run.job_id,
            target=str(event.reply.get("channel_id") or ""),
            title=shown.title if shown else "",
            text=text,
            link=shown.video_url if shown else None,
            description="",
            tags=(),
            category=DEFAULT.youtube_category,
            reply=event.reply,
            remembered=answer.remembered,
            remember=remember,
            echoes=self._echoes,
        )
        posted = await self._poster(event.platform).post(order)
        await self._answered(run, external_id=posted.external_id, remembered=None, sent_at=func.now())
        return {"external_id": posted.external_id}

    async def _answered(self, run: Run, **values: Any) -> None:
        """Change what is known of an answer; once it is sent its event is over."""
        async with self._records.sessions.begin() as session:
            changed = update(BotAnswer).where(BotAnswer.job_id == run.job_id).values(**values)
            if await session.scalar(changed.returning(BotAnswer.job_id)) is None:
                raise Gone(f"the answer of job {run.job_id}")
            if "sent_at" in values:
                await _end_event(session, run, "done")

    async def _echoes(self, channel: str, since: datetime) -> Sequence[EchoSeen]:
        """Return what ClipBOT was heard to say in a channel of Twitch, without what is known already."""
        found = select(Post.external_id).where(
            Post.external_id == BotEvent.event_id, Post.platform == "twitch"
        )
        answered = select(BotAnswer.external_id).where(BotAnswer.external_id == BotEvent.event_id)
        heard = (
            select(BotEvent)
            .where(
                BotEvent.platform == "twitch",
                BotEvent.state == "ignored",
                BotEvent.kind == CHAT,
                BotEvent.reply["channel_id"].astext == channel,
                BotEvent.received_at >= since - _CLOCKS_DIFFER,
                ~found.exists(),
                ~answered.exists(),
            )
            .order_by(BotEvent.received_at)
            .limit(_MOST_ECHOES)
        )
        async with self._records.sessions() as session:
            return [
                EchoSeen(echo.event_id, str(echo.payload.get("text") or ""), echo.reply.get("reply_to"))
                for echo in await session.scalars(heard)
            ]

    def _order(
        self, run: Run, post: Post, clip: Clip, tags: tuple[str, ...], event: BotEvent | None
    ) -> Order:
        if not clip.video_url:
            raise Permanent("not_ready", "the clip has no finished video yet")
        video_url = clip.video_url

        async def remember(text: str | None) -> None:
            await self._change(post.id, external_id=text)

        async def token(renew: bool) -> str:
            return await self._token(post.platform, post.user_id or clip.user_id, renew)

        return Order(
            key=post.idempotency_key,
            target=post.target,
            title=clip.title,
            text=run.payload.text if isinstance(run.payload, BotPayload) else None,
            link=video_url,
            description=clip.description or clip.transcript or "",
            tags=tags,
            category=_CATEGORIES.get(clip.template or "", DEFAULT.youtube_category),
            remembered=post.external_id,
            remember=remember,
            token=token,
            video=lambda: self._video(str(post.id), video_url),
            reply=event.reply if event is not None else {},
            echoes=self._echoes,
        )

    @asynccontextmanager
    async def _video(self, post: str, video_url: str) -> AsyncIterator[Path]:
        """Lend the finished video, fetched from where it is stored."""
        with self._workplace.for_post(post) as folder:
            path = folder / "clip.mp4"
            await self._fetch(self._storage.reachable(video_url), path)
            yield path

    async def _fetch(self, url: str, path: Path) -> None:
        import httpx

        try:
            with span("GET cloudinary", url=url) as call:
                async with self._calls.client.stream("GET", url, headers=trace_headers()) as response:
                    call.fields["status"] = response.status_code
                    if response.status_code != 200:
                        raise Transient(
                            "video_unavailable",
                            f"the finished video cannot be fetched (HTTP {response.status_code})",
                        )
                    with path.open("wb") as file:
                        async for block in response.aiter_bytes(_BLOCK_BYTES):
                            file.write(block)
        except httpx.HTTPError as error:
            raise unreachable("cloudinary", error) from error

    async def _token(self, platform: str, user: uuid.UUID | None, renew: bool) -> str:
        """Return the owner's access token for a platform.

        Raises:
            Permanent: No account is connected, or its consent was withdrawn: only the owner can help.
            Transient: The provider cannot be asked now.
        """
        provider, title = _PROVIDERS[platform]
        async with self._records.sessions() as session:
            account = await session.scalar(
                select(OAuthAccount)
                .where(OAuthAccount.user_id == user, OAuthAccount.provider == provider)
                .order_by(OAuthAccount.state, OAuthAccount.created_at)
                .limit(1)
            )
            if account is None:
                raise Permanent(f"no_{platform}", f"no {title} account is connected; connect {title} first")
            if renew:
                await session.execute(
                    update(OAuthAccount).where(OAuthAccount.id == account.id).values(expires_at=_LONG_AGO)
                )
                await session.commit()
            try:
                return await self._oauth().fresh_token(session, account)
            except AccessLost as error:
                raise Permanent(
                    f"{platform}_access", f"access to {title} was withdrawn; reconnect {title}"
                ) from error
            except OAuthError as error:
                raise Transient(f"{provider}_unavailable", str(error)) from error

    async def _change(self, post: uuid.UUID, **values: Any) -> None:
        async with self._records.sessions.begin() as session:
            changed = await session.execute(
                update(Post)
                .where(Post.id == post, Post.state != "posted")
                .values(**values)
                .returning(Post.id)
            )
            if changed.scalar_one_or_none() is None:
                raise Gone(f"post {post}")

    def _poster(self, platform: str) -> Poster:
        try:
            return self._posters[platform]
        except KeyError as error:
            raise Permanent("no_platform", f"ClipNET cannot post to {platform!r}") from error


async def _event_of(session: AsyncSession, run: Run) -> BotEvent | None:
    event = run.payload.event if isinstance(run.payload, BotPayload) else None
    return await session.get(BotEvent, _id(event)) if event else None


async def _end_event(session: AsyncSession, run: Run, state: str) -> None:
    if isinstance(run.payload, BotPayload) and run.payload.event:
        await session.execute(
            update(BotEvent).where(BotEvent.id == _id(run.payload.event)).values(state=state)
        )


def _id(text: str) -> uuid.UUID:
    try:
        return uuid.UUID(text)
    except ValueError as error:
        raise Gone(f"{text!r} is no id") from error
