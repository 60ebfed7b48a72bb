"""The tables of the stack's database: their order, their sequences, and the copy that a reset returns to.

Nothing here knows which tables there are: an API of one's own with tables of its own is reset as well.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from asyncpg import Connection

BASELINE = "seed"
"""The schema with a copy of every table, made when a seed was loaded."""

RESTORE = f"{BASELINE}.restore()"
"""The function that puts all tables back."""

KEPT = frozenset({"alembic_version"})
"""Tables that describe the database itself."""

_TABLES = """
SELECT c.relname, n.nspname,
       (SELECT array_agg(a.attname ORDER BY a.attnum) FROM pg_index i
          JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = ANY (i.indkey)
         WHERE i.indrelid = c.oid AND i.indisprimary) AS key,
       (SELECT array_agg(a.attname) FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid
         WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
           AND t.typname IN ('json', 'xml', 'point', 'polygon')) AS unequal,
       (SELECT array_agg(a.attname ORDER BY a.attnum) FROM pg_attribute a
         WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = '') AS columns,
       (SELECT array_agg(DISTINCT p.relname) FROM pg_constraint f JOIN pg_class p ON p.oid = f.confrelid
         WHERE f.conrelid = c.oid AND f.contype = 'f' AND f.confrelid <> f.conrelid) AS parents
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
 WHERE n.nspname IN ('public', $1) AND c.relkind = 'r' ORDER BY c.relname
"""
_SEQUENCES = """
SELECT t.relname, a.attname, s.relname AS sequence
  FROM pg_depend d
  JOIN pg_class s ON s.oid = d.objid AND s.relkind = 'S'
  JOIN pg_class t ON t.oid = d.refobjid
  JOIN pg_namespace n ON n.oid = t.relnamespace AND n.nspname = 'public'
  JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = d.refobjsubid
 WHERE d.deptype IN ('a', 'i')
"""


@dataclass(frozen=True, slots=True)
class Table:
    """One table of the application.

    `key` is its primary key, empty where it has none; `unequal` are columns that only compare as text;
    `parents` are the tables that its rows point to.
    """

    name: str
    columns: tuple[str, ...]
    key: tuple[str, ...]
    unequal: frozenset[str]
    parents: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Numbering:
    """The sequence that numbers a column."""

    table: str
    column: str
    name: str


@dataclass(frozen=True, slots=True)
class Tables:
    """The application's tables, parents first; `kept` are the columns of those that have a copy."""

    tables: tuple[Table, ...]
    sequences: tuple[Numbering, ...]
    kept: Mapping[str, tuple[str, ...]]


async def read(connection: Connection) -> Tables:
    """Read which tables there are."""
    rows = await connection.fetch(_TABLES, BASELINE)
    numbered = await connection.fetch(_SEQUENCES)
    public = [
        Table(
            row["relname"],
            tuple(row["columns"] or ()),
            tuple(row["key"] or ()),
            frozenset(row["unequal"] or ()),
            tuple(row["parents"] or ()),
        )
        for row in rows
        if row["nspname"] == "public" and row["relname"] not in KEPT
    ]
    return Tables(
        tables=parents_first(public),
        sequences=tuple(Numbering(row["relname"], row["attname"], row["sequence"]) for row in numbered),
        kept={row["relname"]: tuple(row["columns"] or ()) for row in rows if row["nspname"] == BASELINE},
    )


def parents_first(tables: Sequence[Table]) -> tuple[Table, ...]:
    """Return the tables in an order in which rows can be inserted; a circle is cut where it was met."""
    by_name = {table.name: table for table in tables}
    placed: dict[str, Table] = {}

    def place(table: Table, waiting: frozenset[str]) -> None:
        for parent in table.parents:
            if parent in by_name and parent not in placed and parent not in waiting:
                place(by_name[parent], waiting | {table.name})
        placed.setdefault(table.name, table)

    for table in tables:
        place(table, frozenset())
    return tuple(placed.values())


def deletion(tables: Tables) -> str:
    """Return the statements that empty all tables, children first. For few rows DELETE beats TRUNCATE."""
    names = [_quoted(table.name) for table in reversed(tables.tables)]
    return "".join(f"DELETE FROM public.{name};" for name in names)  # noqa: S608 - quoted names of the catalogue


def restoration(tables: Tables) -> str:
    """Return the statement that makes the function which puts all tables back to their copies.

    Only rows that differ are touched. Rows go children first, then once more: when a parent went, PostgreSQL
    may have set the column of a child that was right to null. As a function its plans are made once per
    connection.
    """
    rows_out = [_removal(table, tables.kept.get(table.name)) for table in reversed(tables.tables)]
    rows_in = [
        _refill(table, tables.kept[table.name]) for table in tables.tables if table.name in tables.kept
    ]
    counted = [f"{statement} GET DIAGNOSTICS n = ROW_COUNT; gone := gone + n;" for statement in rows_out]
    again = f"IF gone > 0 THEN {''.join(rows_out)} END IF;"
    numbers = numbering(tables).replace("SELECT setval", "PERFORM setval")
    body = "".join([*counted, again, *rows_in, numbers])
    return (
        f"CREATE SCHEMA IF NOT EXISTS {BASELINE}; CREATE OR REPLACE FUNCTION {RESTORE} RETURNS void"
        f" LANGUAGE plpgsql AS $body$ DECLARE n bigint; gone bigint := 0; BEGIN {body} END $body$;"
    )


def _removal(table: Table, kept: Sequence[str] | None) -> str:
    name = _quoted(table.name)
    if kept is None or not table.key:
        return f"DELETE FROM public.{name};"  # noqa: S608 - quoted name of the catalogue
    columns = [column for column in kept if column in table.columns]
    now, then = (", ".join(_comparable(side, one, table) for one in columns) for side in ("t", "s"))
    same = f"{_same_key(table)} AND ROW({now}) IS NOT DISTINCT FROM ROW({then})"
    return f"DELETE FROM public.{name} t WHERE NOT EXISTS (SELECT FROM {BASELINE}.{name} s WHERE {same});"  # noqa: S608 - quoted


def _refill(table: Table, kept: Sequence[str]) -> str:
    columns = [_quoted(column) for column in kept if column in table.columns]
    name = _quoted(table.name)
    known = f" WHERE NOT EXISTS (SELECT FROM public.{name} t WHERE {_same_key(table)})" if table.key else ""
    values = ", ".join(f"s.{column}" for column in columns)
    return (
        f"INSERT INTO public.{name} ({', '.join(columns)}) SELECT {values} FROM {BASELINE}.{name} s{known};"  # noqa: S608 - quoted
    )


def _same_key(table: Table) -> str:
    return " AND ".join(f"s.{_quoted(column)} = t.{_quoted(column)}" for column in table.key)


def _comparable(side: str, column: str, table: Table) -> str:
    return f"{side}.{_quoted(column)}" + ("::text" if column in table.unequal else "")


def numbering(tables: Tables) -> str:
    """Return the statements that let every sequence go on behind the rows that there are."""
    return "".join(
        f"SELECT setval('public.{_quoted(one.name)}',"  # noqa: S608 - quoted names of the catalogue
        f" coalesce(max({_quoted(one.column)}), 0) + 1, false) FROM public.{_quoted(one.table)};"
        for one in tables.sequences
    )


def keeping(tables: Tables) -> str:
    """Return the statements that make the copies anew from the tables as they are."""
    copies = "".join(
        f"CREATE TABLE {BASELINE}.{_quoted(table.name)} AS TABLE public.{_quoted(table.name)};"
        for table in tables.tables
    )
    return f"DROP SCHEMA IF EXISTS {BASELINE} CASCADE; CREATE SCHEMA {BASELINE};{copies}ANALYZE;"


async def prepare(connection: Connection) -> None:
    """Let a connection write JSON columns from plain values, in COPY too."""
    import json

    def encoded(value: Any) -> bytes:
        return b"\x01" + json.dumps(value, separators=(",", ":")).encode()

    def decoded(raw: bytes) -> Any:
        return json.loads(raw[1:])

    await connection.set_type_codec(
        "jsonb", encoder=encoded, decoder=decoded, schema="pg_catalog", format="binary"
    )


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
