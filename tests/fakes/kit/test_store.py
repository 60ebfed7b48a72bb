"""A fake's state in SQLite."""

import os
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from fakes.kit.store import Store, TooManySteps

SCHEMA = "CREATE TABLE thing (id TEXT PRIMARY KEY, size INT); CREATE INDEX thing_size ON thing (size);"


def test_a_restored_baseline_forgets_what_came_after_and_brings_back_what_went() -> None:
    store = Store(None, SCHEMA)
    store.execute("INSERT INTO thing VALUES ('kept', 1)")
    store.mark_baseline()
    store.execute("DELETE FROM thing")
    store.execute("INSERT INTO thing VALUES ('new', 2)")

    store.restore_baseline()

    assert [tuple(row) for row in store.all("SELECT * FROM thing")] == [("kept", 1)]


def test_rows_and_baseline_survive_a_restart(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    first = Store(path, SCHEMA)
    first.execute("INSERT INTO thing VALUES ('kept', 1)")
    first.mark_baseline()
    first.close()

    second = Store(path, SCHEMA)

    assert (second.has_baseline, second.count("thing")) == (True, 1)


def test_another_schema_starts_afresh(tmp_path: Path) -> None:
    first = Store(tmp_path / "a.db", SCHEMA)
    first.execute("INSERT INTO thing VALUES ('old', 1)")
    first.mark_baseline()
    first.close()

    second = Store(tmp_path / "a.db", "CREATE TABLE other (id TEXT)")

    assert (second.has_baseline, second.count("other")) == (False, 0)


def test_a_failed_transaction_leaves_nothing_behind() -> None:
    store = Store(None, SCHEMA)

    with pytest.raises(RuntimeError), store.transaction():
        store.execute("INSERT INTO thing VALUES ('half', 1)")
        with store.transaction():
            store.execute("INSERT INTO thing VALUES ('inner', 1)")
        raise RuntimeError

    assert store.count("thing") == 0


def test_a_write_survives_kill_9(tmp_path: Path) -> None:
    program = (
        "import os, signal, sys; from pathlib import Path; from fakes.kit.store import Store\n"
        f"store = Store(Path(sys.argv[1]), {SCHEMA!r})\n"
        "store.execute(\"INSERT INTO thing VALUES ('kept', 1)\")\n"
        "os.kill(os.getpid(), signal.SIGKILL)"
    )

    ended = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path / "a.db")], env=dict(os.environ), check=False
    )

    assert ended.returncode == -signal.SIGKILL
    assert Store(tmp_path / "a.db", SCHEMA).count("thing") == 1


def test_each_restore_undoes_what_came_after_the_one_before() -> None:
    store = Store(None, "CREATE TABLE rows (id TEXT)")
    store.execute("INSERT INTO rows VALUES ('kept')")
    store.mark_baseline()

    seen = []
    for change in ("INSERT INTO rows VALUES ('new')", "DELETE FROM rows", "UPDATE rows SET id = 'other'"):
        store.restore_baseline()
        store.execute(change)
        store.restore_baseline()
        seen.append([row["id"] for row in store.all("SELECT id FROM rows")])

    assert seen == [["kept"]] * 3


def test_a_new_id_is_one_that_no_row_has() -> None:
    store = Store(None, SCHEMA)
    store.execute("INSERT INTO thing VALUES ('a', 1)")
    ids = iter("aab")

    assert store.unused("thing", "id", lambda: next(ids)) == "b"


def test_statements_can_be_given_a_number_of_steps() -> None:
    store = Store(None, "CREATE TABLE t (i INTEGER)")
    endless = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i FROM n LIMIT ?"

    with store.limited(100_000) as outer:
        with pytest.raises(TooManySteps), store.limited(10_000):
            store.all(endless, (1_000_000,))
        store.all(endless, (1_000,))

    assert 10_000 < outer.taken < 100_000
    assert len(store.all(endless, (100_000,))) == 100_000
    with pytest.raises(sqlite3.OperationalError), store.limited(10_000):
        store.all("SELECT nothing")
    store.close()


def test_a_lasting_table_is_no_part_of_the_state() -> None:
    store = Store(None, SCHEMA + "CREATE TABLE lasting_note (text TEXT)")
    store.mark_baseline()
    store.execute("INSERT INTO lasting_note VALUES ('a')")

    store.restore_baseline()
    store.clear()

    assert store.count("lasting_note") == 1
