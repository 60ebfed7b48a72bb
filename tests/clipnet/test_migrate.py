from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator

import pytest
from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import AsyncEngine

from clipnet.db.engine import create_engine
from clipnet.db.migrate import HEAD, alembic_config, migrate, revision
from clipnet.db.models import Base


@pytest.fixture
async def engine(database_url: str) -> AsyncIterator[AsyncEngine]:
    """A database of its own without any table."""
    admin = create_engine(database_url, application="test")
    async with admin.connect() as connection:
        await connection.execution_options(isolation_level="AUTOCOMMIT")
        await connection.execute(text("DROP DATABASE IF EXISTS empty WITH (FORCE)"))
        await connection.execute(text("CREATE DATABASE empty"))
    empty = create_engine(database_url.rpartition("/")[0] + "/empty", application="test")
    yield empty
    await empty.dispose()
    await admin.dispose()


async def test_an_empty_database_is_brought_to_the_newest_schema_once(engine: AsyncEngine) -> None:
    done = [await migrate(engine), await migrate(engine)]

    async with engine.connect() as connection:
        assert await revision(connection) == HEAD
    assert done == [True, False]


async def test_many_at_once_migrate_once(engine: AsyncEngine) -> None:
    done = await asyncio.gather(*(migrate(engine) for _ in range(4)))

    assert sorted(done) == [False, False, False, True]


async def test_the_migrations_make_what_the_models_say(engine: AsyncEngine) -> None:
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext

    def differences(connection: Connection) -> list[object]:
        return list(compare_metadata(MigrationContext.configure(connection), Base.metadata))

    await migrate(engine)

    async with engine.connect() as connection:
        assert await connection.run_sync(differences) == []


async def test_the_first_migration_can_be_taken_back(engine: AsyncEngine) -> None:
    from alembic import command

    def downgrade(connection: Connection) -> None:
        config = alembic_config()
        config.attributes["connection"] = connection
        command.downgrade(config, "base")

    await migrate(engine)
    async with engine.begin() as connection:
        await connection.run_sync(downgrade)

    async with engine.connect() as connection:
        tables = await connection.scalars(text("SELECT tablename FROM pg_tables WHERE schemaname = 'public'"))
        assert tables.all() == ["alembic_version"]


def test_the_quick_check_knows_the_newest_revision() -> None:
    from alembic.script import ScriptDirectory

    assert ScriptDirectory.from_config(alembic_config()).get_current_head() == HEAD


def test_alembic_is_not_imported_to_find_that_nothing_is_to_do() -> None:
    code = "import clipnet.api.app, sys; print('alembic' in sys.modules, 'bullmq' in sys.modules)"

    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True
    )

    assert done.stdout.split() == ["False", "False"]
