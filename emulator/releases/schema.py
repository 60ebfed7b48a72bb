"""Reads what a database is made of, and makes empty databases to try migrations in.

What a difference means for a program is told by `emulator/releases/compatibility.py`.
"""

from __future__ import annotations

import asyncio
import secrets
from collections import defaultdict
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit, urlunsplit

from emulator.errors import CheckFailed

if TYPE_CHECKING:
    from asyncpg import Connection

_SCRATCH = "clipnet_scratch_"
_WITHIN_S = 30.0
_OURS = "n.nspname NOT LIKE 'pg\\_%' AND n.nspname <> 'information_schema'"
_NAME = "CASE n.nspname WHEN 'public' THEN c.relname ELSE n.nspname || '.' || c.relname END"

_COLUMNS = f"""
SELECT {_NAME} AS relation, c.relkind::text AS kind, a.attname AS name,
       format_type(a.atttypid, a.atttypmod) AS type, a.attnotnull AS is_required,
       CASE WHEN a.attidentity <> '' THEN 'identity' ELSE pg_get_expr(d.adbin, d.adrelid) END AS default,
       a.attidentity::text <> 'a' AND a.attgenerated::text = '' AS is_writable
FROM pg_class c
JOIN pg_namespace n ON n.oid = c.relnamespace
JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
WHERE c.relkind IN ('r', 'p', 'f', 'v', 'm') AND {_OURS}
ORDER BY relation, a.attnum
"""  # noqa: S608 - both parts are constants
_CONSTRAINTS = f"""
SELECT {_NAME} AS relation, k.contype::text AS kind, pg_get_constraintdef(k.oid) AS text,
       ARRAY(SELECT a.attname::text FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attnum = ANY (k.conkey)
             ORDER BY 1) AS columns,
       (SELECT CASE n.nspname WHEN 'public' THEN f.relname ELSE n.nspname || '.' || f.relname END
        FROM pg_class f JOIN pg_namespace n ON n.oid = f.relnamespace WHERE f.oid = k.confrelid) AS refers_to,
       k.confdeltype::text IN ('a', 'r') AS holds
FROM pg_constraint k
JOIN pg_class c ON c.oid = k.conrelid
JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE k.contype IN ('c', 'f', 'u', 'p', 'x') AND {_OURS}
UNION ALL
SELECT {_NAME}, CASE WHEN x.indpred IS NULL AND x.indexprs IS NULL THEN 'u' ELSE 'i' END,
       'UNIQUE INDEX ' || substring(pg_get_indexdef(x.indexrelid) FROM ' USING (.*)$'),
       ARRAY(SELECT a.attname::text FROM pg_attribute a WHERE a.attrelid = c.oid
             AND a.attnum = ANY ((x.indkey::int2[])[0:x.indnkeyatts - 1]) ORDER BY 1),
       NULL, false
FROM pg_index x
JOIN pg_class c ON c.oid = x.indrelid
JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE x.indisunique AND {_OURS}
  AND NOT EXISTS (SELECT 1 FROM pg_constraint k
                  WHERE k.conindid = x.indexrelid AND k.contype IN ('u', 'p', 'x'))
ORDER BY 1, 2, 3
"""  # noqa: S608 - both parts are constants
_ENUMS = f"""
SELECT CASE n.nspname WHEN 'public' THEN t.typname ELSE n.nspname || '.' || t.typname END AS name,
       array_agg(e.enumlabel::text ORDER BY e.enumsortorder) AS values
FROM pg_enum e JOIN pg_type t ON t.oid = e.enumtypid JOIN pg_namespace n ON n.oid = t.typnamespace
WHERE {_OURS} GROUP BY 1 ORDER BY 1
"""  # noqa: S608 - a constant


@dataclass(frozen=True, slots=True)
class Column:
    """One column."""

    type: str
    """As PostgreSQL writes it: `character varying(50)`."""
    is_required: bool = False
    """True: it is never null."""
    default: str | None = None
    """What it gets by itself: an expression, or `identity`."""
    is_writable: bool = True
    """False: it is computed, and a value for it is refused."""


@dataclass(frozen=True, slots=True)
class Constraint:
    """One rule about the rows of a table."""

    kind: str
    """As in pg_constraint.contype (c, f, u, p, x), or i for an index that is unique for some rows only."""
    text: str
    columns: tuple[str, ...]
    """In the order of their names."""
    refers_to: str | None = None
    """The table that a foreign key leads to."""
    holds: bool = False
    """True: rows that are referred to cannot be deleted."""


@dataclass(frozen=True, slots=True)
class Table:
    """One table or view."""

    is_table: bool
    columns: Mapping[str, Column]
    constraints: tuple[Constraint, ...] = ()


@dataclass(frozen=True, slots=True)
class Catalog:
    """What a database is made of, as far as programs rely on it. Tables of `public` go without its name."""

    tables: Mapping[str, Table] = field(default_factory=dict)
    enums: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


async def catalog(dsn: str) -> Catalog:
    """Read the catalog of a database.

    Raises:
        CheckFailed: It cannot be asked.
    """
    async with _connected(dsn) as database:
        with _saying(dsn):
            columns = await database.fetch(_COLUMNS)
            constraints = await database.fetch(_CONSTRAINTS)
            enums = await database.fetch(_ENUMS)
    return Catalog(_tables(columns, constraints), {row["name"]: tuple(row["values"]) for row in enums})


@asynccontextmanager
async def scratch(dsn: str) -> AsyncIterator[str]:
    """Make an empty database beside another one; yields its address, and drops it at the end.

    What an earlier one that was broken off left is dropped first: its maker held a lock on its name.

    Raises:
        CheckFailed: The server cannot be asked, or lets this user make no database.
    """
    name = f"{_SCRATCH}{secrets.token_hex(6)}"
    async with _connected(dsn) as database:
        with _saying(dsn):
            await _drop_abandoned(database)
            await database.execute("SELECT pg_advisory_lock(hashtextextended($1, 0))", name)
            await database.execute(f'CREATE DATABASE "{name}" TEMPLATE template0')
        try:
            yield urlunsplit(urlsplit(dsn)._replace(path=f"/{name}"))
        finally:
            with _saying(dsn):
                await asyncio.shield(_drop(database, name))


async def _drop_abandoned(database: Connection) -> None:
    found = await database.fetch("SELECT datname FROM pg_database WHERE starts_with(datname, $1)", _SCRATCH)
    for row in found:
        name = row["datname"]
        if await database.fetchval("SELECT pg_try_advisory_lock(hashtextextended($1, 0))", name):
            await _drop(database, name)


async def _drop(database: Connection, name: str) -> None:
    await database.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
    await database.execute("SELECT pg_advisory_unlock(hashtextextended($1, 0))", name)


@asynccontextmanager
async def _connected(dsn: str) -> AsyncIterator[Connection]:
    import asyncpg

    with _saying(dsn):
        database: Connection = await asyncpg.connect(dsn, timeout=_WITHIN_S, command_timeout=_WITHIN_S)
    try:
        yield database
    finally:
        await database.close(timeout=_WITHIN_S)


@contextmanager
def _saying(dsn: str) -> Iterator[None]:
    """Say in words why a database cannot be asked, without its password."""
    import asyncpg

    try:
        yield
    except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        place = urlsplit(dsn)
        raise CheckFailed(
            f"database '{place.path[1:]}' at {place.hostname}:{place.port} cannot be asked: "
            f"{error or type(error).__name__}",
            "see how it is with: clipnet-emulate status",
        ) from error


def _tables(columns: list[Any], constraints: list[Any]) -> dict[str, Table]:
    rules: dict[str, list[Constraint]] = defaultdict(list)
    for row in constraints:
        if not row["text"].endswith(" NOT ENFORCED"):
            text = row["text"].removesuffix(" NOT VALID")
            found = Constraint(row["kind"], text, tuple(row["columns"]), row["refers_to"], row["holds"])
            rules[row["relation"]].append(found)
    tables: dict[str, Table] = {}
    for row in columns:
        name = row["relation"]
        known = tables.setdefault(name, Table(row["kind"] in "rpf", {}, tuple(rules[name])))
        column = Column(row["type"], row["is_required"], row["default"], row["is_writable"])
        tables[name] = Table(known.is_table, {**known.columns, row["name"]: column}, known.constraints)
    return tables
