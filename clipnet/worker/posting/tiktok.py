"""Direct posts to TikTok: creator's settings, init, upload in chunks, then its status until it is there.

Sources: developers.tiktok.com/doc/content-posting-api-reference-direct-post, .../content-posting-api-media-
transfer-guide and .../content-posting-api-reference-get-video-status.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from clipnet.worker.calls import Answer, Calls
from clipnet.worker.errors import Permanent, Postponed, StepError, Transient
from clipnet.worker.posting.order import Order, Posted
from clipnet.worker.tagging import shorten

log = logging.getLogger("clipnet")
_SERVICE: Final = "tiktok"
_MB: Final = 1024 * 1024
_CHUNK_BYTES: Final = 10 * _MB
_MOST_RESUMES: Final = 4
_LOST: Final = "tiktok_upload_lost"
_BEGIN_ANEW: Final = frozenset({"internal", "publish_cancelled", "auth_removed"})
_FIRST_PAUSE_S: Final = 0.1
_LONGEST_PAUSE_S: Final = 2.0
_PATIENCE_S: Final = 60.0
_CAP_PAUSE_S: Final = 900.0
_PRIVACY: Final = ("PUBLIC_TO_EVERYONE", "FOLLOWER_OF_CREATOR", "MUTUAL_FOLLOW_FRIENDS", "SELF_ONLY")
_ONLY_PRIVATE: Final = "unaudited_client_can_only_post_to_private_accounts"
_CAPS: Final = frozenset(
    {"spam_risk_too_many_posts", "reached_active_user_cap", "spam_risk_too_many_pending_share"}
)
_NO_ACCESS: Final = frozenset({"access_token_invalid", "scope_not_authorized", "scope_permission_missed"})


@dataclass(frozen=True, slots=True)
class Plan:
    """How a file is cut: `count` chunks of `chunk_bytes`, the last one takes the rest."""

    size: int
    chunk_bytes: int
    count: int

    def ranges(self) -> tuple[tuple[int, int], ...]:
        """Return first and last byte of each chunk."""
        starts = [number * self.chunk_bytes for number in range(self.count)]
        ends = [*(start - 1 for start in starts[1:]), self.size - 1]
        return tuple(zip(starts, ends, strict=True))


def plan_chunks(size: int) -> Plan:
    """Return the plan for a file of this size: chunks of 10 MB, what is below two of them in one."""
    count = size // _CHUNK_BYTES
    return Plan(size, _CHUNK_BYTES, count) if count > 1 else Plan(size, size, 1)


@dataclass(frozen=True, slots=True)
class Begun:
    """A post that was announced; `upload_url` is good for an hour."""

    publish_id: str
    upload_url: str

    def written(self) -> str:
        """Return it as what a post remembers."""
        return json.dumps({"publish_id": self.publish_id, "upload_url": self.upload_url})


def read_begun(text: str) -> Begun:
    """Read what a post remembers."""
    known = json.loads(text)
    return Begun(str(known["publish_id"]), str(known["upload_url"]))


class Tiktok:
    """Posts videos to the owner's account."""

    def __init__(self, origin: str, web: str, calls: Calls) -> None:
        self._origin = origin
        self._web = web
        self._calls = calls

    async def post(self, order: Order) -> Posted:
        """Post the clip; what became of an earlier attempt is asked first, and its upload gone on with."""
        begun = read_begun(order.remembered) if order.remembered is not None else None
        offset = 0
        if begun is not None:
            status = await self._standing(order, begun)
            if status is None:
                begun = None
            elif status.get("status") != "PROCESSING_UPLOAD":
                return await self._published(order, begun.publish_id)
            else:
                offset = int(status.get("uploaded_bytes") or 0)
        async with order.video() as path:
            plan = plan_chunks((await asyncio.to_thread(path.stat)).st_size)
            if begun is None:
                begun = await self._init(order, plan)
                await order.remember(begun.written())
            await self._upload(order, begun, path, plan, offset)
        return await self._published(order, begun.publish_id)

    async def _init(self, order: Order, plan: Plan) -> Begun:
        creator = await self._call(order, "/v2/post/publish/creator_info/query/", {})
        options = [str(option) for option in creator.get("privacy_level_options") or ()]
        source = {
            "source": "FILE_UPLOAD",
            "video_size": plan.size,
            "chunk_size": plan.chunk_bytes,
            "total_chunk_count": plan.count,
        }
        levels = [level for level in _PRIVACY if level in options] or ["SELF_ONLY"]
        try:
            answer = await self._try_init(order, creator, source, levels[0])
        except Permanent as error:
            if error.code != _ONLY_PRIVATE or "SELF_ONLY" not in options:
                raise
            answer = await self._try_init(order, creator, source, "SELF_ONLY")
        try:
            return Begun(str(answer["publish_id"]), str(answer["upload_url"]))
        except KeyError as error:
            raise Transient("tiktok_unreadable", "TikTok did not say where to upload") from error

    async def _try_init(
        self, order: Order, creator: Mapping[str, Any], source: Mapping[str, Any], level: str
    ) -> Mapping[str, Any]:
        post_info = {
            "title": shorten(caption(order), 2200),
            "privacy_level": level,
            "disable_duet": bool(creator.get("duet_disabled")),
            "disable_stitch": bool(creator.get("stitch_disabled")),
            "disable_comment": bool(creator.get("comment_disabled")),
            "video_cover_timestamp_ms": 1000,
        }
        body = {"post_info": post_info, "source_info": source}
        return await self._call(order, "/v2/post/publish/video/init/", body)

    async def _upload(self, order: Order, begun: Begun, path: Path, plan: Plan, offset: int) -> None:
        """Send the chunks that are missing; after a failure TikTok says how many bytes it has."""
        for left in range(_MOST_RESUMES, -1, -1):
            try:
                return await self._send_from(begun.upload_url, path, plan, offset)
            except Transient as error:
                if error.code == _LOST:
                    await self._forget(order, begun)
                if left == 0 or error.code == _LOST:
                    raise
            status = await self._standing(order, begun)
            if status is None:
                await order.remember(None)
                raise Transient(_LOST, "TikTok no longer knows the upload; it starts over")
            if status.get("status") != "PROCESSING_UPLOAD":
                return None
            offset = int(status.get("uploaded_bytes") or 0)
        raise AssertionError("the last round raises")

    async def _send_from(self, upload_url: str, path: Path, plan: Plan, offset: int) -> None:
        with path.open("rb") as file:
            for first, last in plan.ranges():
                if last < offset:
                    continue
                file.seek(first)
                chunk = await asyncio.to_thread(file.read, last - first + 1)
                headers = {
                    "Content-Type": "video/mp4",
                    "Content-Range": f"bytes {first}-{last}/{plan.size}",
                }
                answer = await self._calls.send(
                    _SERVICE, "PUT", upload_url, headers=headers, content=chunk, timeout_s=300.0
                )
                if answer.status in (403, 404):
                    raise Transient(_LOST, "TikTok no longer takes the upload; it starts over")
                if answer.status not in (201, 206):
                    said = f"HTTP {answer.status}: {answer.said()[:200]}"
                    raise answer.unavailable() or Transient(
                        "tiktok_upload", f"TikTok broke off the upload ({said})"
                    )

    async def _standing(self, order: Order, begun: Begun) -> Mapping[str, Any] | None:
        """Return where a post that was begun stands; None where it has to be begun anew."""
        try:
            status = await self._status(order, begun.publish_id)
        except Permanent as error:
            if error.code == "invalid_publish_id":
                return None
            raise
        if status.get("status") == "FAILED" and status.get("fail_reason") in _BEGIN_ANEW:
            return None
        return status

    async def _forget(self, order: Order, begun: Begun) -> None:
        """Take back a post that never got all of its video; it cannot appear by itself in any case."""
        try:
            await self._call(order, "/v2/post/publish/cancel/", {"publish_id": begun.publish_id})
        except StepError as error:
            log.info("post not taken back", extra={"publish_id": begun.publish_id, "reason": str(error)})
        await order.remember(None)

    async def _published(self, order: Order, publish_id: str) -> Posted:
        """Wait until the post is there.

        Raises:
            Permanent: TikTok rejected the video.
            Postponed: It is still being processed after `_PATIENCE_S`.
        """
        pause_s, waited_s = _FIRST_PAUSE_S, 0.0
        while True:
            status = await self._status(order, publish_id)
            if status.get("status") in ("PUBLISH_COMPLETE", "SEND_TO_USER_INBOX"):
                return await self._found(order, publish_id, status.get("publicaly_available_post_id"))
            if status.get("status") == "FAILED":
                raise _rejected(str(status.get("fail_reason", "")))
            if waited_s >= _PATIENCE_S:
                raise Postponed("tiktok_processing", "TikTok is still working on the video", after_s=10.0)
            await asyncio.sleep(pause_s)
            waited_s += pause_s
            pause_s = min(pause_s * 1.6, _LONGEST_PAUSE_S)

    async def _found(self, order: Order, publish_id: str, posts: Any) -> Posted:
        """Return the post; one that is not public has no number and no address of its own."""
        if not isinstance(posts, list) or not posts:
            return Posted(publish_id)
        creator = await self._call(order, "/v2/post/publish/creator_info/query/", {})
        return Posted(str(posts[0]), f"{self._web}/@{creator.get('creator_username', '')}/video/{posts[0]}")

    async def _status(self, order: Order, publish_id: str) -> Mapping[str, Any]:
        return await self._call(order, "/v2/post/publish/status/fetch/", {"publish_id": publish_id})

    async def _call(self, order: Order, path: str, body: Mapping[str, Any]) -> Mapping[str, Any]:
        """Call the API; a token that is no longer accepted is renewed once."""
        answer = await self._send(order, path, body, await order.token(False))
        if answer.status == 401 and _code(answer) == "access_token_invalid":
            answer = await self._send(order, path, body, await order.token(True))
        if not answer.ok or _code(answer) != "ok":
            raise _failure(answer)
        data = answer.json().get("data")
        return data if isinstance(data, dict) else {}

    async def _send(self, order: Order, path: str, body: Mapping[str, Any], token: str) -> Answer:
        return await self._calls.send(
            _SERVICE,
            "POST",
            self._origin + path,
            headers={"Authorization": f"Bearer {token}", "Idempotency-Key": order.key},
            json=dict(body),
        )


def caption(order: Order) -> str:
    """Return a post's caption: the title, then the tags."""
    tags = " ".join(f"#{tag.replace(' ', '')}" for tag in order.tags[:6])
    return f"{order.title} {tags}".strip()


def _code(answer: Answer) -> str:
    error = answer.json().get("error")
    return str(error.get("code", "")) if isinstance(error, Mapping) else ""


def _rejected(reason: str) -> StepError:
    if reason == "internal":
        return Transient("tiktok_internal", "TikTok failed to process the video")
    if reason == "spam_risk_too_many_posts":
        return Postponed("tiktok_cap", "TikTok takes no more posts today", after_s=_CAP_PAUSE_S)
    if reason == "auth_removed":
        return Permanent("tiktok_access", "TikTok access was withdrawn; reconnect TikTok")
    return Permanent("tiktok_rejected", f"TikTok rejected the video: {reason or 'no reason given'}")


def _failure(answer: Answer) -> StepError:
    code = _code(answer)
    error = answer.json().get("error")
    said = str(error.get("message", ""))[:300] if isinstance(error, Mapping) else answer.said()[:200]
    if code in _CAPS:
        return Postponed(
            "tiktok_cap", f"TikTok takes no more posts now: {said or code}", after_s=_CAP_PAUSE_S
        )
    if (error_of_service := answer.unavailable()) is not None:
        return error_of_service
    if answer.ok and not code:
        return Transient("tiktok_unreadable", "TikTok sent an answer that cannot be read")
    if answer.status == 401 or code in _NO_ACCESS:
        return Permanent(
            "tiktok_access", f"TikTok does not accept the connected account; reconnect TikTok: {said}"
        )
    if code in (_ONLY_PRIVATE, "invalid_publish_id"):
        return Permanent(code, f"TikTok refused the post: {said or code}")
    return Permanent("tiktok_refused", f"TikTok refused the post ({code or answer.status}): {said}")
