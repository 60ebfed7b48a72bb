"""Bring the database to the newest schema; `python -m clipnet.db.migrate` does it from a shell.

Alembic is imported only when there is something to do: asking costs one query.
"""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from typing import TYPE_CHECKING, Final

from sqlalchemy import text

from clipnet.db.engine import create_engine

if TYPE_CHECKING:
    from alembic.config import Config
    from sqlalchemy import Connection
    from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

HEAD: Final = "0002"
"""The newest revision in `clipnet/db/migrations/versions`."""
_LOCK: Final = 7_362_401
"""Advisory lock: one migration at a time, whoever starts it."""


async def migrate(engine: AsyncEngine) -> bool:
    """Bring the schema to `HEAD`; return whether there was anything to do. Any number may call at once."""
    async with engine.connect() as connection:
        if await revision(connection) == HEAD:
            return False

    async with engine.begin() as connection:
        await connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
        if await revision(connection) == HEAD:
            return False
        await connection.run_sync(_upgrade)
    return True


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


async def _main() -> None:
    engine = create_engine(os.environ["DATABASE_URL"], application="clipnet-migrate", pool_size=1)
    try:
        await migrate(engine)
    finally:
        await engine.dispose()


if __name__ == "__main__":
    asyncio.run(_main())
