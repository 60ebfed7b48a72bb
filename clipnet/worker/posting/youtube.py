"""Uploads to YouTube with the resumable protocol, which tells whether an earlier attempt got through.

Sources: developers.google.com/youtube/v3/guides/using_resumable_upload_protocol, .../docs/videos/insert and
.../docs/errors.
"""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from clipnet.worker.calls import Answer, Calls
from clipnet.worker.errors import Permanent, Postponed, StepError, Transient
from clipnet.worker.posting.order import Order, Posted
from clipnet.worker.tagging import shorten

_SERVICE: Final = "youtube"
CHUNK_BYTES: Final = 1024 * 1024
_CAP_PAUSE_S: Final = 3600.0
_DAY_S: Final = 86_400
_PACIFIC_S: Final = -8 * 3600
_MOST_RESUMES: Final = 4
_TAGS_CHARS: Final = 500
_RECONNECT: Final = frozenset({"insufficientPermissions", "youtubeSignupRequired", "authError", "forbidden"})
_QUOTA: Final = frozenset({"quotaExceeded", "dailyLimitExceeded"})
_CAP: Final = "uploadLimitExceeded"
_RATE: Final = frozenset({"rateLimitExceeded", "userRateLimitExceeded"})
_RANGE = re.compile(r"bytes=0-(\d+)")


class Youtube:
    """Posts videos to the owner's channel."""

    def __init__(
        self,
        origin: str,
        web: str,
        calls: Calls,
        *,
        chunk_bytes: int = CHUNK_BYTES,
        now: Callable[[], float] = time.time,
    ) -> None:
        """Post with these addresses.

        Args:
            origin: Of the API.
            web: Origin of the pages that show videos.
            calls: Sends the requests.
            chunk_bytes: A multiple of 256 KiB; what a cut connection loses at most.
            now: Unix seconds.
        """
        self._now = now
        self._web = web
        self._insert = f"{origin}/upload/youtube/v3/videos"
        self._calls = calls
        self._chunk_bytes = chunk_bytes

    async def post(self, order: Order) -> Posted:
        """Upload the clip; a session of an earlier attempt is asked how far it came, and gone on with."""
        async with order.video() as path:
            size = (await asyncio.to_thread(path.stat)).st_size
            session, offset = order.remembered, 0
            if session is not None:
                answer = await self._ask(session, size)
                if answer.ok:
                    return self._posted(answer)
                offset = _stored(answer)
                session = session if answer.status == 308 else None
            if session is None:
                session, offset = await self._begin(order, size), 0
                await order.remember(session)
            return await self._upload(order, session, path, size, offset)

    async def _begin(self, order: Order, size: int) -> str:
        """Return the address of a new upload session: nothing is posted before its last byte."""
        answer = await self._authorized(order, size, force=False)
        if answer.status == 401 and _reason(answer) != "youtubeSignupRequired":
            answer = await self._authorized(order, size, force=True)
        location = answer.headers.get("location")
        if not answer.ok or not location:
            raise _failure(answer, self._now())
        return location

    async def _authorized(self, order: Order, size: int, *, force: bool) -> Answer:
        headers = {
            "Authorization": f"Bearer {await order.token(force)}",
            "X-Upload-Content-Type": "video/mp4",
            "X-Upload-Content-Length": str(size),
            "Idempotency-Key": order.key,
        }
        query = {"uploadType": "resumable", "part": "snippet,status"}
        return await self._calls.send(
            _SERVICE, "POST", self._insert, headers=headers, params=query, json=video_resource(order)
        )

    async def _upload(self, order: Order, session: str, path: Path, size: int, offset: int) -> Posted:
        """Send what is missing; after a failure the session says where to go on."""
        for left in range(_MOST_RESUMES, -1, -1):
            try:
                return await self._send_from(session, path, size, offset)
            except Transient:
                if left == 0:
                    raise
            answer = await self._ask(session, size)
            if answer.ok:
                return self._posted(answer)
            if answer.status != 308:
                await order.remember(None)
                raise _failure(answer, self._now())
            offset = _stored(answer)
        raise AssertionError("the last round raises")

    async def _send_from(self, session: str, path: Path, size: int, offset: int) -> Posted:
        with path.open("rb") as file:
            while True:
                file.seek(offset)
                chunk = await asyncio.to_thread(file.read, self._chunk_bytes)
                headers = {
                    "Content-Type": "video/mp4",
                    "Content-Range": f"bytes {offset}-{offset + len(chunk) - 1}/{size}",
                }
                answer = await self._calls.send(
                    _SERVICE, "PUT", session, headers=headers, content=chunk, timeout_s=120.0
                )
                if answer.ok:
                    return self._posted(answer)
                if answer.status != 308:
                    raise _failure(answer, self._now())
                stored = _stored(answer)
                if stored <= offset:
                    raise Transient("youtube_stuck", "YouTube does not store what it is sent")
                offset = stored

    def _posted(self, answer: Answer) -> Posted:
        video = answer.json().get("id")
        if not isinstance(video, str) or not video:
            raise Transient("youtube_unreadable", "YouTube did not say which video it made")
        return Posted(video, f"{self._web}/watch?v={video}")

    async def _ask(self, session: str, size: int) -> Answer:
        """Ask a session how far it is: 308 with a range, or 200 with the finished video."""
        answer = await self._calls.send(
            _SERVICE, "PUT", session, headers={"Content-Range": f"bytes */{size}", "Content-Length": "0"}
        )
        if (error := answer.unavailable()) is not None:
            raise error
        return answer


def video_resource(order: Order) -> dict[str, Any]:
    """Return a video's metadata within YouTube's limits (title 100, description 5000 bytes, tags 500)."""
    title = shorten(re.sub(r"[<>]", "", order.title).strip() or "Clip", 100)
    description = re.sub(r"[<>]", "", order.description).encode()[:4900].decode("utf-8", "ignore")
    return {
        "snippet": {
            "title": title,
            "description": description,
            "tags": _fitting(order.tags[:15]),
            "categoryId": order.category,
        },
        "status": {"privacyStatus": "public", "selfDeclaredMadeForKids": False},
    }


def _fitting(tags: Sequence[str]) -> list[str]:
    """Return as many tags as fit: commas between them and quotes around those with spaces count."""
    chosen: list[str] = []
    left = _TAGS_CHARS
    for tag in (re.sub(r"[<>,]", "", tag).strip() for tag in tags):
        left -= len(tag) + 1 + 2 * (" " in tag)
        if left >= 0 and tag:
            chosen.append(tag)
    return chosen


def quota_pause_s(now_s: float) -> float:
    """Return how long a project's quota stays used up: until midnight Pacific (in summer an hour more)."""
    return _DAY_S - (now_s + _PACIFIC_S) % _DAY_S


def _stored(answer: Answer) -> int:
    """Return how many bytes a session holds: a 308 without a range holds none."""
    found = _RANGE.fullmatch(answer.headers.get("range", ""))
    return int(found.group(1)) + 1 if found else 0


def _reason(answer: Answer) -> str:
    error = answer.json().get("error")
    errors: Any = error.get("errors") if isinstance(error, Mapping) else None
    first = errors[0] if isinstance(errors, list) and errors else {}
    return str(first.get("reason", "")) if isinstance(first, Mapping) else ""


def _failure(answer: Answer, now_s: float) -> StepError:
    reason = _reason(answer)
    error = answer.json().get("error")
    said = str(error.get("message", "")) if isinstance(error, Mapping) else answer.said()
    said = re.sub(r"<[^>]+>", "", said)[:300]
    if reason in _QUOTA:
        pause_s = quota_pause_s(now_s)
        reset = datetime.fromtimestamp(now_s + pause_s, UTC).strftime("%Y-%m-%d %H:%M UTC")
        words = f"YouTube's quota is used up; ClipNET posts the clip by itself at {reset}"
        return Postponed("youtube_quota", words, after_s=pause_s)
    if reason == _CAP:
        words = f"YouTube takes no more videos from this channel today; ClipNET tries again by itself: {said}"
        return Postponed("youtube_cap", words, after_s=_CAP_PAUSE_S)
    if reason in _RATE:
        return Transient("youtube_rate", f"YouTube asks us to slow down: {said}")
    if (error_of_service := answer.unavailable()) is not None:
        return error_of_service
    if answer.ok:
        return Transient("youtube_unreadable", "YouTube sent an answer that cannot be read")
    if answer.status == 401 or reason in _RECONNECT:
        return Permanent(
            "youtube_access", f"YouTube does not accept the connected account; reconnect YouTube: {said}"
        )
    if answer.status in (404, 410):
        return Transient("youtube_session_lost", "YouTube no longer knows the upload; it starts over")
    return Permanent("youtube_refused", f"YouTube refused the video ({reason or answer.status}): {said}")
