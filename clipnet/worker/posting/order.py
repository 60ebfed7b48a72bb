"""What a platform is asked to post, and what comes of it."""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol

from clipnet.worker.errors import Permanent
from clipnet.worker.tagging import shorten


@dataclass(frozen=True, slots=True)
class EchoSeen:
    """A message of ClipBOT that a platform told the API of."""

    external_id: str
    text: str
    reply_to: str | None


async def _silence(_channel: str, _since: datetime) -> Sequence[EchoSeen]:
    return ()


async def _forget(_: str | None) -> None:
    return None


async def _no_token(_: bool) -> str:
    raise Permanent("no_account", "this is sent in ClipBOT's name, not in an account's")


def _no_video() -> AbstractAsyncContextManager[Path]:
    raise Permanent("no_video", "words alone have no video")


@dataclass(frozen=True, slots=True)
class Order:
    """A post to make.

    Attributes:
        key: The same for every attempt: what a platform may know the post by.
        target: The channel's id at the platform, where there are channels.
        text: What to say in front of the clip, or alone.
        link: Where the clip can be seen; None for words alone.
        reply: What is answered, as in `bot_events.reply`.
        remembered: What `remember` was told in an earlier attempt.
        remember: Writes down where the post is, before anything is sent that could be sent twice.
        token: Returns the owner's access token; `True` has it renewed first.
        video: Lends the finished file.
        echoes: What ClipBOT was heard to say in a channel since a moment, and nobody has found yet.
    """

    key: str
    target: str
    title: str
    text: str | None
    link: str | None
    description: str
    tags: tuple[str, ...]
    category: str
    remembered: str | None = None
    remember: Callable[[str | None], Awaitable[None]] = _forget
    token: Callable[[bool], Awaitable[str]] = _no_token
    video: Callable[[], AbstractAsyncContextManager[Path]] = _no_video
    reply: Mapping[str, Any] = field(default_factory=dict)
    echoes: Callable[[str, datetime], Awaitable[Sequence[EchoSeen]]] = _silence


@dataclass(frozen=True, slots=True)
class Posted:
    """A post that is there; a platform that has no public address for it leaves `url` out."""

    external_id: str | None
    url: str | None = None


class Poster(Protocol):
    """Posts at one platform."""

    async def post(self, order: Order) -> Posted:
        """Make the post, or find the one that an earlier attempt made.

        Raises:
            StepError: The platform refused, is overloaded, or did not answer.
        """
        ...


def marked(order: Order) -> Order:
    """Return the order with a mark in its text, so that a platform does not take it for a repetition.

    The mark is the same for every attempt.
    """
    sign = f"[{hashlib.sha256(order.key.encode()).hexdigest()[:4]}]"
    return replace(order, text=f"{sign} {order.text or ''}".rstrip())


def message(order: Order, longest: int, *, link_counts: int | None = None) -> str:
    """Return the words of a chat message: text, title and link, no longer than the platform takes.

    Args:
        order: What to post.
        longest: In characters, as the platform counts them.
        link_counts: How long the platform counts a link, where that is not its length.
    """
    words = " ".join(part for part in (order.text, order.title if order.link else None) if part)
    if not order.link:
        return shorten(words, longest)
    room = longest - 1 - (link_counts if link_counts is not None else len(order.link))
    return f"{shorten(words, room)} {order.link}".strip()
