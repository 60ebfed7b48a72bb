"""Bring the database to the newest schema; `python -m clipnet.db.migrate` does it from a shell.

Alembic is imported only when there is something to do: asking costs one query. A schema that is newer than
this program is left alone: migrations go forward only, and what went back is the program.
"""

from __future__ import annotations

import asyncio
import logging
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

from sqlalchemy import text

from clipnet.db.engine import create_engine

if TYPE_CHECKING:
    from alembic.config import Config
    from sqlalchemy import Connection
    from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

REVISIONS: Final = ("0001", "0002")
"""All in `clipnet/db/migrations/versions`, oldest first."""
HEAD: Final = REVISIONS[-1]
_LOCK: Final = 7_362_401
"""Advisory lock: one migration at a time, whoever starts it."""
_BAD_SETTING: Final = 2
_UNAVAILABLE: Final = 3
log = logging.getLogger("clipnet")


async def migrate(engine: AsyncEngine) -> bool:
    """Bring the schema to `HEAD`; return whether there was anything to do.

    Any number may call at once, of older and newer programs. One whose schema is newer is left as it is.
    """
    async with engine.connect() as connection:
        if not _is_behind(await revision(connection)):
            return False

    async with engine.begin() as connection:
        await connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
        found = await revision(connection)
        if not _is_behind(found):
            return False
        await connection.run_sync(_upgrade)
    log.info("schema migrated", extra={"before": found, "revision": HEAD})
    return True


def _is_behind(found: str | None) -> bool:
    """Tell whether there is anything to do about a revision; say so of one that we do not know."""
    if found is None or found in REVISIONS[:-1]:
        return True
    if found != HEAD:
        log.warning("schema is newer than this program", extra={"revision": found, "known": HEAD})
    return False


async def revision(connection: AsyncConnection) -> str | None:
    """Return the revision that the database is at, or None for an empty one."""
    # not to_regclass: after a wait for the lock that still answers from before another's commit
    there = "SELECT 1 FROM pg_class WHERE relname = 'alembic_version' AND pg_table_is_visible(oid)"
    if await connection.scalar(text(there)) is None:
        return None
    found: str | None = await connection.scalar(text("SELECT version_num FROM alembic_version"))
    return found


def alembic_config() -> Config:
    """Return Alembic's configuration for our migrations."""
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    return config


def _upgrade(connection: Connection) -> None:
    from alembic import command

    config = alembic_config()
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


async def _migrate(url: str) -> None:
    engine = create_engine(url, application="clipnet-migrate", pool_size=1)
    try:
        await migrate(engine)
    finally:
        await engine.dispose()


def main() -> int:
    """Migrate what DATABASE_URL names; return the exit code (2: it is not set, 3: it does not answer)."""
    from clipnet.log import configure

    configure("migrate", os.environ.get("LOG_FORMAT", "json"))
    url = os.environ.get("DATABASE_URL", "")
    if not url:
        log.error("not migrated", extra={"reason": "DATABASE_URL is missing"})
        return _BAD_SETTING
    try:
        asyncio.run(_migrate(url))
    except OSError as error:
        log.error("not migrated", extra={"reason": f"the database does not answer: {error}"})
        return _UNAVAILABLE
    return 0


if __name__ == "__main__":
    sys.exit(main())
