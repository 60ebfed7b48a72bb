"""Files that arrive in pieces."""

from pathlib import Path

import pytest

from fakes.kit.spool import Overtaken, Spool


def test_a_file_grows_at_its_end_and_loses_what_is_behind_a_size(tmp_path: Path) -> None:
    spool = Spool(tmp_path)
    spool.append("a", b"abc")
    spool.append("a", b"def")

    spool.truncate("a", 4)

    assert ((tmp_path / "a").read_bytes(), spool.size("a")) == (b"abcd", 4)


@pytest.mark.parametrize(("unit_bytes", "kept"), [(None, b"abcd"), (3, b"abcdef")])
def test_a_body_that_breaks_off_leaves_whole_units_or_nothing(
    tmp_path: Path, unit_bytes: int | None, kept: bytes
) -> None:
    spool = Spool(tmp_path)
    spool.append("a", b"abcd")

    with pytest.raises(ConnectionError), spool.writing("a", unit_bytes) as writer:
        writer.append(b"efgh")
        settled = spool.settled_size("a")
        raise ConnectionError

    assert (settled, (tmp_path / "a").read_bytes()) == (4, kept)


def test_a_file_has_one_writer_the_newest(tmp_path: Path) -> None:
    spool = Spool(tmp_path)

    with spool.writing("a") as first:
        first.append(b"old")
        with spool.writing("a") as second:
            second.append(b"new")
            with pytest.raises(Overtaken):
                first.append(b"late")

    assert (spool.head("a", 10), spool.settled_size("a")) == (b"new", 3)


def test_what_is_being_written_when_all_is_cleared_comes_to_nothing(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "files")

    with pytest.raises(Overtaken), spool.writing("a") as writer:
        writer.append(b"old")
        spool.clear()
        writer.append(b"late")

    assert not (tmp_path / "files").exists()


@pytest.mark.parametrize("name", ["../a", "/etc/passwd", "a/b", "..", ""])
def test_no_name_leads_out_of_the_folder(tmp_path: Path, name: str) -> None:
    with pytest.raises(ValueError, match="is not the name of a file"):
        Spool(tmp_path).path(name)
