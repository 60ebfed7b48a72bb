"""A fake's state in one SQLite file, with a baseline to return to."""

import hashlib
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_PREFIX = "baseline__"
_TICK_STEPS = 1000
_LASTING = "lasting_"


class TooManySteps(Exception):
    """Statements took more steps than they were given."""


@dataclass(slots=True)
class Steps:
    """How many steps of SQLite's machine statements have taken, to the nearest thousand each."""

    limit: int
    taken: int = 0


class Store:
    """Tables of one fake.

    Each statement commits by itself unless it runs within `transaction()`. A write survives the end of the
    process at any moment; it need not survive a power cut. A table whose name begins with `lasting_` keeps
    account of things outside of the store: `clear` and the baseline leave it alone.

    Args:
        path: The SQLite file, or None for a state that lives in memory.
        schema: `CREATE TABLE`/`CREATE INDEX` statements. Another schema than the file's starts afresh.
    """

    def __init__(self, path: Path | None, schema: str) -> None:
        self._db = sqlite3.connect(path or ":memory:", isolation_level=None, check_same_thread=False)
        self._db.row_factory = sqlite3.Row
        self._changes_at_baseline: int | None = None
        self._watches: list[Steps] = []
        self._db.execute("PRAGMA journal_mode=WAL")
        self._db.execute("PRAGMA synchronous=OFF")
        version = int.from_bytes(hashlib.sha256(schema.encode()).digest()[:4]) >> 1
        stored = self._db.execute("PRAGMA user_version").fetchone()[0]
        if stored != version:
            with self.transaction():
                for table in self._all_tables():
                    self._db.execute(f'DROP TABLE "{table}"')
                for statement in filter(str.strip, schema.split(";")):
                    self._db.execute(statement)
                self._db.execute(f"PRAGMA user_version={version}")

    @property
    def has_baseline(self) -> bool:
        """Whether `mark_baseline` was ever called on this file."""
        return any(name.startswith(_PREFIX) for name in self._all_tables())

    def opened_again(self) -> int:
        """How often this file was opened when it held rows; each call counts one more."""
        opened = int(self._db.execute("PRAGMA application_id").fetchone()[0]) + 1
        self._db.execute(f"PRAGMA application_id={opened}")
        return opened

    @property
    def changes(self) -> int:
        """How many rows were ever written; what was computed from rows holds until it changes."""
        return self._db.total_changes

    def add_function(self, name: str, arguments: int, call: Callable[..., Any]) -> None:
        """Let statements call a function whose result depends on its arguments only."""
        self._db.create_function(name, arguments, call, deterministic=True)

    def execute(self, sql: str, params: Sequence[Any] | dict[str, Any] = ()) -> sqlite3.Cursor:
        """Run one statement."""
        return self._db.execute(sql, params)

    def execute_many(self, sql: str, rows: Sequence[Sequence[Any]]) -> None:
        """Run one statement for each row, in one transaction."""
        with self.transaction():
            self._db.executemany(sql, rows)

    def one(self, sql: str, params: Sequence[Any] | dict[str, Any] = ()) -> sqlite3.Row | None:
        """The first row, or None."""
        row: sqlite3.Row | None = self._db.execute(sql, params).fetchone()
        return row

    def all(self, sql: str, params: Sequence[Any] | dict[str, Any] = ()) -> list[sqlite3.Row]:
        """All rows."""
        return self._db.execute(sql, params).fetchall()

    def count(self, table: str) -> int:
        """Number of rows of one table."""
        return int(self._db.execute(f'SELECT count(*) FROM "{table}"').fetchone()[0])  # noqa: S608 - own table names

    def unused(self, table: str, column: str, make: Callable[[], str]) -> str:
        """A text that no row has: the ids repeat after a restart or a reset, the rows may be there still."""
        while True:
            text = make()
            if self.one(f'SELECT 1 FROM "{table}" WHERE "{column}" = ?', (text,)) is None:  # noqa: S608 - own names
                return text

    @contextmanager
    def limited(self, limit: int) -> Iterator[Steps]:
        """Count the steps of statements, and stop the one that goes beyond what all may take together.

        Raises:
            TooManySteps: One was stopped.
        """
        steps = Steps(limit)
        self._watches.append(steps)
        self._db.set_progress_handler(self._tick, _TICK_STEPS)
        try:
            yield steps
        except sqlite3.OperationalError as error:
            if steps.taken > limit:
                raise TooManySteps(f"more than {limit} steps") from error
            raise
        finally:
            self._watches.remove(steps)
            if not self._watches:
                self._db.set_progress_handler(None, 0)

    def _tick(self) -> bool:
        """Count; whether to stop."""
        for steps in self._watches:
            steps.taken += _TICK_STEPS
        return any(steps.taken > steps.limit for steps in self._watches)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing; within another transaction it joins that one."""
        if self._db.in_transaction:
            yield
            return
        self._db.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._db.execute("ROLLBACK")
            raise
        self._db.execute("COMMIT")

    def clear(self) -> None:
        """Delete all rows."""
        with self.transaction():
            for table in self._tables():
                self._db.execute(f'DELETE FROM "{table}"')  # noqa: S608 - own table names

    def mark_baseline(self) -> None:
        """Remember the present rows as what `restore_baseline` returns to."""
        with self.transaction():
            for table in self._tables():
                self._db.execute(f'DROP TABLE IF EXISTS "{_PREFIX}{table}"')
                self._db.execute(f'CREATE TABLE "{_PREFIX}{table}" AS SELECT * FROM "{table}"')  # noqa: S608 - own names
        self._changes_at_baseline = self._db.total_changes

    def restore_baseline(self) -> None:
        """Return to the rows of the last `mark_baseline`; costs nothing when no row has changed since."""
        if self._db.total_changes == self._changes_at_baseline:
            return
        with self.transaction():
            for table in self._tables():
                self._db.execute(f'DELETE FROM "{table}"')  # noqa: S608 - own table names
                self._db.execute(f'INSERT INTO "{table}" SELECT * FROM "{_PREFIX}{table}"')  # noqa: S608 - own names
        self._changes_at_baseline = self._db.total_changes

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    def _tables(self) -> list[str]:
        """The tables of the state itself."""
        return [name for name in self._all_tables() if not name.startswith((_PREFIX, _LASTING))]

    def _all_tables(self) -> list[str]:
        rows = self._db.execute(
            "SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name"
        ).fetchall()
        return [str(row[0]) for row in rows if not str(row[0]).startswith("sqlite_")]
