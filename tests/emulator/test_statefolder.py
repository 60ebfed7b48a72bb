from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from emulator.errors import StateFolderUnusable
from emulator.record import StackRecord
from emulator.statefolder import StateFolder, holder, is_locked, replace_json, try_lock, writing


@pytest.fixture
def folder(tmp_path: Path) -> StateFolder:
    folder = StateFolder(tmp_path / ".clipnet" / "default")
    folder.create()
    return folder


def test_only_one_holds_the_lock(folder: StateFolder) -> None:
    first = try_lock(folder.lock)
    second, locked = try_lock(folder.lock), is_locked(folder.lock)
    assert first is not None
    os.close(first)

    assert (second, locked, is_locked(folder.lock)) == (None, True, False)


def test_a_holder_that_is_gone_does_not_count(folder: StateFolder) -> None:
    folder.lock.write_text("1 999999999999\n")

    assert holder(folder) is None


def test_a_file_is_replaced_as_a_whole(folder: StateFolder) -> None:
    replace_json(folder.state, {"a": 1})
    replace_json(folder.state, {"a": 2})

    assert folder.read(folder.state) == {"a": 2}
    assert [path.name for path in folder.path.glob("state.json*")] == ["state.json"]


def test_what_is_not_there_is_none_and_what_is_damaged_is_named(folder: StateFolder) -> None:
    missing = folder.read(folder.state)
    folder.state.write_text("{")

    with pytest.raises(StateFolderUnusable, match=r"state\.json' is damaged") as damaged:
        folder.read(folder.state)

    assert missing is None
    assert damaged.value.hint == f"stop the stack with: clipnet-emulate down; then: rm '{folder.state}'"


@pytest.mark.parametrize(
    ("body", "why"),
    [("[]", "it holds no map"), ("{}", "it has no 'services'"), ('{"services": []}', "missing 7 required")],
)
def test_a_record_that_is_not_ours_is_damaged(folder: StateFolder, body: str, why: str) -> None:
    folder.state.write_text(body)

    with pytest.raises(StateFolderUnusable, match=f"is damaged: .*{why}"):
        StackRecord.read(folder)


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (errno.ENOSPC, "there is no space left on the disk"),
        (errno.EACCES, "cannot be written: Permission denied"),
    ],
)
def test_trouble_with_the_disk_is_told_in_words(number: int, words: str) -> None:
    with pytest.raises(StateFolderUnusable, match=words), writing(Path("/somewhere")):
        raise OSError(number, os.strerror(number))
