from __future__ import annotations

import asyncio
import json
import os
import shutil
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import AsyncEngine

import clipnet
from clipnet.db.engine import create_engine
from clipnet.db.migrate import HEAD, REVISIONS, alembic_config, migrate, revision
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


def test_the_quick_check_knows_all_revisions() -> None:
    from alembic.script import ScriptDirectory

    scripts = ScriptDirectory.from_config(alembic_config()).walk_revisions()

    assert [script.revision for script in scripts] == list(reversed(REVISIONS))


async def test_a_schema_of_a_newer_program_is_left_alone_and_told(
    engine: AsyncEngine, caplog: pytest.LogCaptureFixture
) -> None:
    await migrate(engine)
    async with engine.begin() as connection:
        await connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))

    assert await migrate(engine) is False

    async with engine.connect() as connection:
        assert await revision(connection) == "9999"
    (told,) = [record for record in caplog.records if record.message == "schema is newer than this program"]
    assert (vars(told)["revision"], vars(told)["known"]) == ("9999", HEAD)


@pytest.fixture
def newer_program(tmp_path: Path) -> Path:
    """The folder of a later release of the application, with one more migration."""
    shutil.copytree(Path(clipnet.__file__).parent, tmp_path / "clipnet")
    database = tmp_path / "clipnet" / "db"
    list_of_all = (database / "migrate.py").read_text()
    (database / "migrate.py").write_text(list_of_all.replace('"0002")', '"0002", "0003")'))
    (database / "migrations" / "versions" / "0003_colours.py").write_text(
        "import sqlalchemy as sa\nfrom alembic import op\n\n"
        "revision, down_revision, branch_labels, depends_on = '0003', '0002', None, None\n\n\n"
        "def upgrade() -> None:\n    op.add_column('clips', sa.Column('colour', sa.Text(), nullable=True))\n"
    )
    return tmp_path


def migrating(engine: AsyncEngine, program: Path) -> subprocess.Popen[str]:
    """Start the migration of a program in a process of its own."""
    url = engine.url.render_as_string(hide_password=False).replace("+asyncpg", "")
    return subprocess.Popen(
        [sys.executable, "-m", "clipnet.db.migrate"],
        env={**os.environ, "PYTHONPATH": str(program), "DATABASE_URL": url},
        stdout=subprocess.PIPE,
        text=True,
        cwd=program,
    )


async def test_old_and_new_programs_may_migrate_at_once_and_afterwards(
    engine: AsyncEngine, newer_program: Path
) -> None:
    ours = Path(clipnet.__file__).parents[1]
    at_once = [migrating(engine, program) for program in (ours, newer_program) * 2]
    codes = [(process.communicate(timeout=60), process.returncode)[1] for process in at_once]
    rollback = migrating(engine, ours)
    said, _ = rollback.communicate(timeout=60)

    async with engine.connect() as connection:
        assert await revision(connection) == "0003"
    assert codes == [0, 0, 0, 0]
    assert rollback.returncode == 0
    (line,) = [json.loads(line) for line in said.splitlines()]
    assert (line["event"], line["revision"], line["known"]) == (
        "schema is newer than this program",
        "0003",
        "0002",
    )


@pytest.mark.parametrize(
    ("url", "code", "reason"),
    [
        ("", 2, "DATABASE_URL is missing"),
        ("postgresql://a:b@127.0.0.1:9/c", 3, "the database does not answer: "),
    ],
)
def test_a_migration_that_cannot_be_says_why(url: str, code: int, reason: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "clipnet.db.migrate"],
        env={**os.environ, "DATABASE_URL": url},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert done.returncode == code
    assert json.loads(done.stdout)["reason"].startswith(reason)


def test_alembic_is_not_imported_to_find_that_nothing_is_to_do() -> None:
    code = "import clipnet.api.app, sys; print('alembic' in sys.modules, 'bullmq' in sys.modules)"

    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True
    )

    assert done.stdout.split() == ["False", "False"]
