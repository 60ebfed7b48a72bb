"""What the API does between requests: sends what was left in the outbox, tidies up, keeps commands known."""

from __future__ import annotations

import asyncio
import logging
import shutil
import time
from datetime import timedelta
from pathlib import Path
from typing import Final
from uuid import UUID

from sqlalchemy import delete, select
from sqlalchemy.exc import SQLAlchemyError

from clipnet import outbox
from clipnet.api import assets, discord
from clipnet.api.context import Context
from clipnet.api.idempotency import KEPT_H
from clipnet.db.models import BotEvent, Clip, IdempotencyKey

log = logging.getLogger("clipnet")
_TIDY_EVERY_S: Final = 600.0
_ASSETS_EVERY_S: Final = 5.0
_ECHOES_KEPT: Final = timedelta(days=1)
_STRAY_AFTER_S: Final = 3_600.0
_COMMANDS_AFTER_S: Final = 2.0
_COMMANDS_EVERY_S: Final = 600.0
_COMMANDS_AGAIN_S: Final = 30.0


async def run(context: Context) -> None:
    """Work until cancelled; a loop that fails is logged and goes on."""
    async with asyncio.TaskGroup() as group:
        group.create_task(outbox.sweep_forever(context.sessions, context.queue))
        group.create_task(_sweep_assets(context))
        group.create_task(_tidy(context))
        group.create_task(_keep_commands(context))


async def _sweep_assets(context: Context) -> None:
    while True:
        await asyncio.sleep(_ASSETS_EVERY_S)
        await assets.sweep(context)


async def _tidy(context: Context) -> None:
    while True:
        try:
            await forget_idempotency_keys(context)
            await forget_echoes(context)
            await remove_stray_uploads(context)
        except (SQLAlchemyError, OSError) as error:
            log.warning("not tidied", extra={"error": f"{type(error).__name__}: {error}"[:300]})
        await asyncio.sleep(_TIDY_EVERY_S)


async def _keep_commands(context: Context) -> None:
    """See to it that Discord offers our commands; somebody may have changed them there."""
    await asyncio.sleep(_COMMANDS_AFTER_S)
    while True:
        wait_s = _COMMANDS_EVERY_S if await offer_commands(context) else _COMMANDS_AGAIN_S
        await asyncio.sleep(wait_s)


async def offer_commands(context: Context) -> bool:
    """Register the slash commands if Discord has others; return whether it has ours now."""
    import httpx

    try:
        if await discord.register_commands(context):
            log.info("slash commands registered")
    except (httpx.HTTPError, ValueError, discord.DiscordRefused) as error:
        log.warning(
            "slash commands not registered", extra={"error": f"{type(error).__name__}: {error}"[:300]}
        )
        return False
    return True


async def forget_idempotency_keys(context: Context) -> None:
    """Delete keys that were kept long enough."""
    oldest = context.clock.now() - timedelta(hours=KEPT_H)
    async with context.sessions.begin() as session:
        await session.execute(delete(IdempotencyKey).where(IdempotencyKey.created_at < oldest))


async def forget_echoes(context: Context) -> None:
    """Delete what ClipBOT was heard to say long ago: nobody looks for it any more."""
    oldest = context.clock.now() - _ECHOES_KEPT
    own = (BotEvent.platform == "twitch", BotEvent.author_id == context.settings.twitch.bot_user_id)
    async with context.sessions.begin() as session:
        await session.execute(
            delete(BotEvent).where(*own, BotEvent.state == "ignored", BotEvent.received_at < oldest)
        )


async def remove_stray_uploads(context: Context) -> None:
    """Remove uploads that no clip knows: what an API that was killed left behind."""
    folders = await asyncio.to_thread(_old_folders, context.settings.media_dir / "uploads")
    if not folders:
        return
    async with context.sessions() as session:
        known = set(await session.scalars(select(Clip.id).where(Clip.id.in_(folders))))
    for identity, folder in folders.items():
        if identity not in known:
            log.info("stray upload removed", extra={"folder": folder.name})
            await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)


def _old_folders(uploads: Path) -> dict[UUID, Path]:
    found: dict[UUID, Path] = {}
    if not uploads.is_dir():
        return found
    for folder in uploads.iterdir():
        try:
            identity = UUID(folder.name)
            is_old = time.time() - folder.stat().st_mtime > _STRAY_AFTER_S
        except (ValueError, FileNotFoundError):
            continue
        if is_old:
            found[identity] = folder
    return found
