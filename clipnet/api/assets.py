"""Removes at Cloudinary what deleted clips left there.

What is to be removed is a row first, in the transaction that deletes the clip: when Cloudinary does not
answer, the sweep tries again until it does.
"""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import parse_qsl, unquote, urlsplit

from sqlalchemy import Select, func, select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncSession

from clipnet.db.models import Clip, OutboxRow
from clipnet.log import span, trace_headers
from clipnet.settings import Secret

if TYPE_CHECKING:
    from clipnet.api.context import Context

log = logging.getLogger("clipnet")
QUEUE: Final = "assets"
"""In the outbox; not a queue of jobs, so the relay of jobs leaves these rows alone."""
_TIMEOUT_S: Final = 10.0


def write_removal(session: AsyncSession, clip: Clip, folder: str) -> str | None:
    """Note in this transaction that the clip's assets are to go; returns the note's id, if any."""
    if clip.state == "queued" and clip.video_public_id is None:
        return None
    public_id = clip.video_public_id or f"{folder}/{clip.id}"  # it may be on its way
    identity = f"{clip.id}-asset_destroy"
    session.add(
        OutboxRow(
            job_id=identity,
            queue=QUEUE,
            name="asset:destroy",
            payload={"public_id": public_id},
            opts={},
        )
    )
    return identity


async def remove(context: Context, identity: str | None) -> None:
    """Remove the assets of one note now; a failure is logged and left to the sweep."""
    if identity is not None:
        await _remove(context, _waiting().where(OutboxRow.job_id == identity))


async def sweep(context: Context) -> None:
    """Try again what is still to be removed, a few at a time."""
    await _remove(context, _waiting().limit(10))


def connection_options(cloudinary_url: Secret) -> dict[str, Any]:
    """Return the official SDK's options for this address: cloud, key, secret and `upload_prefix`."""
    parts = urlsplit(cloudinary_url.reveal())
    credentials, _, cloud = parts.netloc.rpartition("@")
    key, _, secret = credentials.partition(":")
    return {
        "cloud_name": cloud,
        "api_key": unquote(key),
        "api_secret": unquote(secret),
        **dict(parse_qsl(parts.query)),
    }


def _waiting() -> Select[Any]:
    wanted = select(OutboxRow).where(OutboxRow.queue == QUEUE, OutboxRow.sent_at.is_(None))
    return wanted.order_by(OutboxRow.id).with_for_update(skip_locked=True)


async def _remove(context: Context, wanted: Select[Any]) -> None:
    try:
        async with context.sessions.begin() as session:
            for row in (await session.scalars(wanted)).all():
                if await _destroy(context, str(row.payload["public_id"])):
                    row.sent_at = func.now()
    except (SQLAlchemyError, OSError) as error:
        log.warning("assets not removed", extra={"error": f"{type(error).__name__}: {error}"[:300]})


async def _destroy(context: Context, public_id: str) -> bool:
    """Remove the video and its poster; an asset that is already gone counts as removed."""
    from cloudinary import uploader
    from cloudinary.exceptions import Error

    options = connection_options(context.settings.cloudinary.url)
    try:
        for kind in ("video", "image"):
            with span(f"destroy {kind}", public_id=public_id):
                await asyncio.to_thread(
                    uploader.destroy,
                    public_id,
                    resource_type=kind,
                    invalidate=True,
                    timeout=_TIMEOUT_S,
                    extra_headers=trace_headers(),
                    **options,
                )
    except Error as error:
        log.warning("asset not removed", extra={"public_id": public_id, "error": str(error)[:300]})
        return False
    return True
