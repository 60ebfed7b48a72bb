"""Catalogs of real databases, and databases that are made to try migrations in."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import AsyncExitStack

import asyncpg
import pytest
from sqlalchemy import Connection
from sqlalchemy.ext.asyncio import AsyncConnection

from clipnet.db.engine import create_engine
from clipnet.db.migrate import alembic_config, migrate
from emulator.errors import CheckFailed
from emulator.releases.compatibility import incompatible
from emulator.releases.schema import Catalog, Column, Constraint, catalog, scratch
from tests import servers


@pytest.fixture(scope="module")
def dsn() -> Iterator[str]:
    with servers.postgres() as running:
        yield running


async def run(dsn: str, *statements: str) -> None:
    database = await asyncpg.connect(dsn)
    try:
        for statement in statements:
            await database.execute(statement)
    finally:
        await database.close()


async def scratches(dsn: str) -> list[str]:
    database = await asyncpg.connect(dsn)
    try:
        rows = await database.fetch(
            "SELECT datname FROM pg_database WHERE datname LIKE '%scratch%' ORDER BY 1"
        )
    finally:
        await database.close()
    return [row["datname"] for row in rows]


async def test_an_empty_database_has_nothing(dsn: str) -> None:
    async with scratch(dsn) as empty:
        assert await catalog(empty) == Catalog()


async def test_tables_columns_constraints_and_enums_are_read(dsn: str) -> None:
    async with scratch(dsn) as empty:
        await run(
            empty,
            "CREATE TYPE mood AS ENUM ('glad', 'sad')",
            "CREATE SCHEMA other",
            """CREATE TABLE people (id int PRIMARY KEY, name varchar(5) NOT NULL DEFAULT 'x', mood mood,
               twice int GENERATED ALWAYS AS (id * 2) STORED, CHECK (id > 0) NOT ENFORCED)""",
            "CREATE TABLE other.notes (id bigint GENERATED ALWAYS AS IDENTITY, person int)",
            "ALTER TABLE other.notes ADD FOREIGN KEY (person) REFERENCES people ON DELETE CASCADE NOT VALID",
            "CREATE UNIQUE INDEX ON other.notes (person, id) INCLUDE (person)",
            "CREATE UNIQUE INDEX ON other.notes (person) WHERE id > 1",
            "CREATE VIEW names AS SELECT name FROM people",
        )
        found = await catalog(empty)

    assert found.enums == {"mood": ("glad", "sad")}
    assert sorted(found.tables) == ["names", "other.notes", "people"]
    people, notes, names = (found.tables[name] for name in ("people", "other.notes", "names"))
    assert people.columns == {
        "id": Column("integer", is_required=True),
        "name": Column("character varying(5)", is_required=True, default="'x'::character varying"),
        "mood": Column("mood"),
        "twice": Column("integer", default="(id * 2)", is_writable=False),
    }
    assert people.constraints == (Constraint("p", "PRIMARY KEY (id)", ("id",)),)
    assert notes.columns["id"] == Column("bigint", is_required=True, default="identity", is_writable=False)
    foreign = "FOREIGN KEY (person) REFERENCES people(id) ON DELETE CASCADE"
    assert notes.constraints == (
        Constraint("f", foreign, ("person",), refers_to="people"),
        Constraint("i", "UNIQUE INDEX btree (person) WHERE (id > 1)", ("person",)),
        Constraint("u", "UNIQUE INDEX btree (person, id) INCLUDE (person)", ("id", "person")),
    )
    assert (names.is_table, names.columns) == (False, {"name": Column("character varying(5)")})


async def test_a_scratch_database_is_dropped_whatever_happens_in_it(dsn: str) -> None:
    with pytest.raises(ZeroDivisionError):
        async with scratch(dsn) as empty:
            await run(empty, "CREATE TABLE a (id int)")
            made = await scratches(dsn)
            raise ZeroDivisionError

    assert len(made) == 1
    assert empty.endswith(f"/{made[0]}")
    assert await scratches(dsn) == []


async def test_a_scratch_database_is_dropped_when_somebody_still_uses_it(dsn: str) -> None:
    async with AsyncExitStack() as stack:
        empty = await stack.enter_async_context(scratch(dsn))
        forgotten = await asyncpg.connect(empty)

    assert await scratches(dsn) == []
    assert forgotten.is_closed() or await closes(forgotten)


async def closes(connection: asyncpg.Connection) -> bool:
    with pytest.raises((asyncpg.PostgresError, asyncpg.InterfaceError, OSError)):
        await connection.execute("SELECT 1")
    return True


async def test_a_cancelled_trial_leaves_no_database(dsn: str) -> None:
    entered = asyncio.Event()

    async def trial() -> None:
        async with scratch(dsn):
            entered.set()
            await asyncio.Event().wait()

    work = asyncio.create_task(trial())
    await asyncio.wait_for(entered.wait(), 20)
    work.cancel()
    with pytest.raises(asyncio.CancelledError):
        await work

    assert await scratches(dsn) == []


async def test_what_a_broken_off_trial_left_is_dropped_and_another_ones_is_not(dsn: str) -> None:
    await run(dsn, "CREATE DATABASE clipnet_scratch_left")

    async with scratch(dsn) as one, scratch(dsn) as other:
        names = await scratches(dsn)

    assert sorted(f"/{name}" for name in names) == sorted(
        ["/" + one.rpartition("/")[2], "/" + other.rpartition("/")[2]]
    )
    assert await scratches(dsn) == []


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda dsn: dsn.replace("/clipnet", "/nowhere"), "database 'nowhere' at 127.0.0.1:"),
        (lambda dsn: dsn.replace(":clipnet@", ":wrong@"), "password authentication failed"),
        (lambda dsn: "postgresql://clipnet:clipnet@127.0.0.1:1/clipnet", "cannot be asked"),
    ],
)
async def test_a_database_that_cannot_be_asked_is_named_without_its_password(
    dsn: str, change: object, said: str
) -> None:
    assert callable(change)

    with pytest.raises(CheckFailed) as failed:
        await catalog(change(dsn))

    assert said in failed.value.what
    assert "wrong@" not in failed.value.what


async def test_a_user_who_may_make_no_database_is_told_so(dsn: str) -> None:
    await run(dsn, "DROP ROLE IF EXISTS small", "CREATE ROLE small LOGIN PASSWORD 'small'")

    with pytest.raises(CheckFailed, match="permission denied to create database"):
        async with scratch(dsn.replace("clipnet:clipnet@", "small:small@")):
            pass


async def upgrade(dsn: str, target: str) -> None:
    from alembic import command

    def to_target(connection: Connection) -> None:
        config = alembic_config()
        config.attributes["connection"] = connection
        command.upgrade(config, target)

    engine = create_engine(dsn, application="test", pool_size=1)
    try:
        async with engine.begin() as connection:
            began: AsyncConnection = connection
            await began.run_sync(to_target)
    finally:
        await engine.dispose()


def revisions() -> list[str]:
    from alembic.script import ScriptDirectory

    return [one.revision for one in ScriptDirectory.from_config(alembic_config()).walk_revisions()][::-1]


async def test_every_migration_of_ours_lets_the_release_before_it_go_on(dsn: str) -> None:
    catalogs = []
    async with scratch(dsn) as empty:
        for revision in revisions():
            await upgrade(empty, revision)
            catalogs.append(await catalog(empty))

    judged = [incompatible(one, other) for i, one in enumerate(catalogs) for other in catalogs[i:]]
    assert len(catalogs) >= 2
    assert set(judged) == {()}


async def test_after_a_rollback_the_first_release_goes_on_with_the_newest_schema(dsn: str) -> None:
    async with scratch(dsn) as old, scratch(dsn) as real:
        await upgrade(old, "0001")
        engine = create_engine(real, application="test", pool_size=1)
        await migrate(engine)
        await engine.dispose()
        before, after = await catalog(old), await catalog(real)

    assert incompatible(before, after) == ()
    assert "table 'bot_answers' is gone" in incompatible(after, before)
