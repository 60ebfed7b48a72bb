"""Orders are carried out once, also when the supervisor ends in between."""

from __future__ import annotations

from pathlib import Path

import pytest

from emulator.errors import StateFolderUnusable
from emulator.platforms.bookmarks import FILE, Bookmarks


def test_what_is_open_holds_the_number_back(tmp_path: Path) -> None:
    marks = Bookmarks(tmp_path)

    marks.note("vercel", 1, set())
    marks.note("vercel", 3, {2})
    marks.note("vercel", 4, {2})

    again = Bookmarks(tmp_path)
    assert again.behind("vercel") == 1
    assert [again.is_done("vercel", number) for number in (1, 2, 3, 4, 5)] == [True, False, True, True, False]


def test_the_last_open_one_lets_go_of_all(tmp_path: Path) -> None:
    marks = Bookmarks(tmp_path)
    marks.note("vercel", 3, {2})

    marks.note("vercel", 2, set())

    assert (marks.behind("vercel"), marks.behind("railway")) == (3, 0)
    assert (tmp_path / FILE).read_text() == '{"vercel": {"behind": 3, "done": []}}'


def test_a_restart_forgets_what_was_done(tmp_path: Path) -> None:
    marks = Bookmarks(tmp_path)
    marks.note("vercel", 3, {2})

    marks.restart("vercel")

    assert Bookmarks(tmp_path).is_done("vercel", 3) is False


@pytest.mark.parametrize("text", ["{", "[]", '{"vercel": 1}', '{"vercel": {"behind": 1}}'])
def test_a_damaged_file_is_named(tmp_path: Path, text: str) -> None:
    (tmp_path / FILE).write_text(text)

    with pytest.raises(StateFolderUnusable, match=r"platforms\.json' is damaged"):
        Bookmarks(tmp_path)
