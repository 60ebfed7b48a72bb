"""Puts database, queue, files and fakes back to the seed; restarts nothing and cuts no connection."""

from __future__ import annotations

import asyncio
import errno
import os
import shutil
import stat
import threading
import time
import uuid
from collections.abc import Mapping
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from emulator import tables
from emulator.errors import CheckFailed, EmulatorError
from emulator.jobs import QUEUES, connect
from emulator.parts import Parts
from emulator.statefolder import writing

if TYPE_CHECKING:
    from asyncpg import Connection
    from httpx import AsyncClient
    from redis.asyncio import Redis

CANCEL_CHANNEL = "bull:clipnet:cancel"
_JOBS_END_WITHIN_S = 2.0
_TRIES = 5
_BUSY = frozenset({"40P01", "55P03", "40001", "23503"})
"""Deadlock, lock not available, serialization failure, and a row that the worker added beneath us."""
_CHANGED = frozenset({"42P01", "42703", "42883", "3F000"})
"""A table, column, function or schema is not there: the tables were migrated, or nothing was seeded."""


@dataclass(frozen=True, slots=True)
class ResetReport:
    """How long a reset took, all in all and each part, in milliseconds."""

    ms: float
    parts_ms: Mapping[str, float]


class Resetter:
    """Resets one stack over connections that it keeps open: enter it once, reset as often as needed."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> Self:
        import asyncpg

        self._redis = connect(self._parts.redis_url)
        self._stack.push_async_callback(self._redis.aclose)
        self._http: AsyncClient = await self._stack.enter_async_context(fakes_client(timeout_s=10))
        self._database: Connection = await asyncpg.connect(self._parts.database_url)
        self._stack.push_async_callback(self._database.close)
        return self

    async def __aexit__(self, *_exc: object) -> None:
        await self._stack.aclose()

    async def reset(self) -> ResetReport:
        """Reset everything.

        Jobs that run are aborted first, so that nothing is written behind the reset's back; then database,
        files and fakes are reset at once, and Redis is emptied last, when no row asks for a job any more.

        Raises:
            CheckFailed: A part refused; the others are reset.
        """
        began = time.perf_counter()
        took: dict[str, float] = {}
        await _timed(took, "jobs", stop_jobs(self._redis))
        work = {
            "database": self._reset_database(),
            "files": asyncio.to_thread(restore_uploads, self._parts),
            "fakes": reset_fakes(self._http, self._parts.fakes),
        }
        done = await asyncio.gather(
            *(_timed(took, name, one) for name, one in work.items()), return_exceptions=True
        )
        await _timed(took, "redis", self._redis.flushall(asynchronous=True))
        for name, result in zip(work, done, strict=True):
            if isinstance(result, EmulatorError):
                raise result
            if isinstance(result, BaseException):
                raise CheckFailed(
                    f"reset of the {name} failed: {result}", "see: clipnet-emulate status"
                ) from result
        return ResetReport(round((time.perf_counter() - began) * 1000, 2), took)

    async def _reset_database(self) -> None:
        import asyncpg

        for again in range(_TRIES):
            try:
                if again:
                    await self._database.execute(tables.restoration(await tables.read(self._database)))
                await self._database.execute(f"SET lock_timeout = '1s'; SELECT {tables.RESTORE}")
                return
            except asyncpg.PostgresError as error:
                if error.sqlstate not in (*_BUSY, *_CHANGED) or again == _TRIES - 1:
                    raise


async def stop_jobs(redis: Redis) -> None:
    """Abort every active job and wait until the worker has let go of them, for a bounded time."""
    await redis.publish(CANCEL_CHANNEL, "*")
    deadline = time.monotonic() + _JOBS_END_WITHIN_S
    while time.monotonic() < deadline:
        async with redis.pipeline(transaction=False) as pipe:
            for queue in QUEUES:
                pipe.llen(f"bull:{queue}:active")
            active = await pipe.execute()
        if not any(active):
            return
        await asyncio.sleep(0.005)


def fakes_client(timeout_s: float) -> AsyncClient:
    """Return a client for the control surface of fakes: plain HTTP, and through no proxy.

    It trusts nobody, because reading whom everybody trusts takes longer than a reset.
    """
    import ssl

    import httpx

    nobody = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    return httpx.AsyncClient(timeout=timeout_s, trust_env=False, verify=nobody)


async def reset_fakes(http: AsyncClient, fakes: Mapping[str, str]) -> None:
    """Put every fake back to its baseline, all at once."""
    answers = await asyncio.gather(*(http.post(f"{url}/_fake/reset") for url in fakes.values()))
    for name, answer in zip(fakes, answers, strict=True):
        if answer.status_code != 200:
            raise CheckFailed(f"fake '{name}' refused to reset: {answer.status_code} {answer.text}")


def restore_uploads(parts: Parts) -> None:
    """Empty the folder of uploads and put the seeded ones back; what is moved out is deleted behind.

    Raises:
        StateFolderUnusable: The disk is full.
    """
    with writing(parts.state_dir):
        replace_content(parts.media_dir, parts.baseline_dir / "media", parts.state_dir / "tmp")


def replace_content(folder: Path, baseline: Path, trash: Path) -> None:
    """Move everything out of `folder` and link the files of `baseline` into it. The folder itself stays."""
    folder.mkdir(parents=True, exist_ok=True)
    trash.mkdir(parents=True, exist_ok=True)
    grave = trash / f"dead-{uuid.uuid4().hex}"
    grave.mkdir()
    for entry in os.scandir(folder):
        _discard(Path(entry.path), grave)
    if baseline.is_dir():
        link_tree(baseline, folder)
    threading.Thread(target=shutil.rmtree, args=(grave, True), daemon=True).start()


def _discard(path: Path, grave: Path) -> None:
    """Move something out of the way, which takes no time; delete it where that would be a copy."""
    try:
        os.rename(path, grave / path.name)
    except FileNotFoundError:
        return
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()


def link_tree(source: Path, target: Path) -> None:
    """Give `target` the same files as `source`: hard links where the file system allows them, else copies.

    New folders let in whom `target` lets in: with Docker, the stack may run as another user.
    """
    mode = target.stat().st_mode if target.is_dir() else None
    for folder, _, names in os.walk(source):
        place = target / Path(folder).relative_to(source)
        place.mkdir(parents=True, exist_ok=True)
        if mode is not None and place != target:
            place.chmod(stat.S_IMODE(mode))
        for name in names:
            link(Path(folder) / name, place / name)


def link(source: Path, target: Path) -> None:
    """Make `target` the same file as `source`, or a copy of it; one that exists is left as it is."""
    with suppress(FileExistsError):
        try:
            os.link(source, target)
        except FileExistsError:
            raise
        except OSError:
            shutil.copy2(source, target)


async def _timed(took: dict[str, float], name: str, work: Any) -> None:
    began = time.perf_counter()
    try:
        await work
    finally:
        took[name] = round((time.perf_counter() - began) * 1000, 2)


async def reset(parts: Parts) -> ResetReport:
    """Reset a stack once."""
    async with Resetter(parts) as resetter:
        return await resetter.reset()
