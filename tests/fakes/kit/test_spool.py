"""Files that arrive in pieces."""

from pathlib import Path

import pytest

from fakes.kit.spool import Spool


def test_a_file_grows_at_its_end_and_loses_what_is_behind_a_size(tmp_path: Path) -> None:
    spool = Spool(tmp_path)
    spool.append("a", b"abc")
    spool.append("a", b"def")

    spool.truncate("a", 4)

    assert ((tmp_path / "a").read_bytes(), spool.size("a")) == (b"abcd", 4)


@pytest.mark.parametrize("name", ["../a", "/etc/passwd", "a/b", "..", ""])
def test_no_name_leads_out_of_the_folder(tmp_path: Path, name: str) -> None:
    with pytest.raises(ValueError, match="is not the name of a file"):
        Spool(tmp_path).path(name)
