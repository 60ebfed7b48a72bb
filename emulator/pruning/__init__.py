"""Removes old staging data: clips with everything of them, finished jobs, files, posts, releases, logs.

What goes is first found, all of it, and only then removed: a dry run is the first half of a real one. Rows go
first, in one transaction that asks again whether they are old; what belongs to a row that stays, stays.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Iterable, Sequence
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Any, Self

from emulator import jobs
from emulator.errors import CheckFailed
from emulator.parts import Parts
from emulator.pruning import assets, files, posts, releases, rows
from emulator.pruning.item import KINDS, Item, Pruning, totals
from emulator.releases.store import Store
from emulator.reset import fakes_client

if TYPE_CHECKING:
    from asyncpg import Connection
    from httpx import AsyncClient

__all__ = ["KINDS", "Item", "Pruning", "prune", "totals"]

_ROWS = ("clip", "event", "run", "order")
_ALL = 10_000_000


async def prune(parts: Parts, older_than_s: float, now_s: float, *, is_dry: bool) -> Pruning:
    """Find what is older, and remove it unless this is a dry run; return what went, or would go.

    Raises:
        ConfigurationRefused: The database is not ClipNET's.
        CheckFailed: A part of the stack does not answer.
    """
    before_s = now_s - older_than_s
    async with _Pruner(parts, before_s, now_s) as pruner:
        items = await pruner.find()
        if is_dry:
            return Pruning(before_s, tuple(items))
        gone = await pruner.remove(items)
    return Pruning(
        before_s,
        tuple(item for item in items if (item.kind, item.id) in gone),
        tuple(item for item in items if (item.kind, item.id) not in gone),
    )


class _Pruner:
    """One run against one stack, over connections of its own."""

    def __init__(self, parts: Parts, before_s: float, now_s: float) -> None:
        self._parts = parts
        self._before_s = before_s
        self._now_s = now_s
        self._store = Store(parts.state_dir / "releases")
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> Self:
        import asyncpg

        try:
            self._redis = jobs.connect(self._parts.redis_url)
            self._stack.push_async_callback(self._redis.aclose)
            self._http: AsyncClient = await self._stack.enter_async_context(fakes_client(timeout_s=60))
            self._database: Connection = await asyncpg.connect(self._parts.database_url)
            self._stack.push_async_callback(self._database.close)
        except OSError as error:
            await self._stack.aclose()
            raise CheckFailed(
                f"the stack cannot be reached: {error}", "see: clipnet-emulate status"
            ) from error
        return self

    async def __aexit__(self, *_exc: object) -> None:
        await self._stack.aclose()

    async def find(self) -> list[Item]:
        """Return everything that is old, by kind, the oldest first within most."""
        await rows.check(self._database)
        queued = await jobs.listed(self._redis, self._now_s, limit=_ALL)
        busy = {_clip_of(job) for job in queued if job.state not in jobs.FINISHED}
        clips = await rows.clips(self._database, self._before_s, busy)
        others = await rows.others(self._database, self._before_s, self._now_s, clips)
        events = [item.id for item in others if item.kind == "event"]
        sent = await rows.sent(self._database, clips, events)

        folders = await asyncio.to_thread(files.upload_folders, self._parts.media_dir)
        found = await assets.listed(self._http, self._parts)
        named = {*folders, *map(assets.clip_of, found)}
        known = await rows.known(self._database, named)
        return [
            *clips.values(),
            *others,
            *await asyncio.to_thread(lambda: list(files.uploads(folders, clips, known, self._before_s))),
            *assets.assets(found, clips, known, self._before_s),
            *self._finished(queued, clips, busy),
            *await asyncio.to_thread(posts.referred, self._parts.fakes, sent),
            *await asyncio.to_thread(lambda: list(releases.old(self._store, self._before_s))),
            *files.logs(self._parts.logs_dir, self._before_s),
        ]

    async def remove(self, items: Sequence[Item]) -> set[tuple[str, str]]:
        """Remove what was found; return kind and id of what is gone."""
        gone = await rows.remove(self._database, [one for one in items if one.kind in _ROWS], self._before_s)
        owners = {item.id for item in items if item.kind in ("clip", "event")}
        free = owners - {name for kind, name in gone if kind in ("clip", "event")}
        left = [item for item in items if item.kind not in _ROWS and item.of not in free]

        def of(kind: str) -> list[Item]:
            return [item for item in left if item.kind == kind]

        gone |= {("asset", name) for name in await assets.remove(self._http, self._parts, of("asset"))}
        gone |= {("job", name) for name in await self._forget(of("job"))}
        gone |= {
            ("post", name) for name in await asyncio.to_thread(posts.remove, self._parts.fakes, of("post"))
        }
        gone |= await asyncio.to_thread(
            _each, of("upload"), lambda item: files.remove_upload(self._parts.media_dir, item)
        )
        gone |= await asyncio.to_thread(_each, of("release"), lambda item: releases.remove(self._store, item))
        gone |= await asyncio.to_thread(
            _each, of("log"), lambda item: files.remove_log(self._parts.logs_dir, item)
        )
        return gone

    def _finished(
        self, queued: Iterable[jobs.Job], clips: Collection[str], busy: Collection[str]
    ) -> list[Item]:
        """Return jobs that have ended, but for those to whose clip something is still to be done."""
        found = []
        for job in queued:
            at_s = job.finished_s or job.added_s
            clip = _clip_of(job)
            is_done = job.state in jobs.FINISHED and (not clip or clip not in busy)
            if is_done and (at_s < self._before_s or clip in clips):
                of = clip if clip in clips else None
                name = f"{job.queue}/{job.id}"
                found.append(Item("job", name, at_s, what=f"{job.name} {job.state}", of=of))
        return found

    async def _forget(self, items: Iterable[Item]) -> set[str]:
        by_queue: dict[str, list[str]] = {}
        for item in items:
            queue, _, job = item.id.partition("/")
            by_queue.setdefault(queue, []).append(job)
        return {
            f"{queue}/{job}"
            for queue, ids in by_queue.items()
            for job in await jobs.forget(self._redis, queue, ids)
        }


def _clip_of(job: jobs.Job) -> str:
    """Return the id of the clip that a job is about, empty if it is about none."""
    clip: Any = job.payload.get("clip") if isinstance(job.payload, dict) else None
    return clip if isinstance(clip, str) else ""


def _each(items: Iterable[Item], remove: Callable[[Item], bool]) -> set[tuple[str, str]]:
    return {(item.kind, item.id) for item in items if remove(item)}
