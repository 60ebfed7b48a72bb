import tempfile
from pathlib import Path

import pytest

from emulator.reset import replace_content


@pytest.mark.parametrize("elsewhere", [None, "/dev/shm"], ids=["same file system", "another one"])
def test_old_content_gives_way_to_the_baseline(elsewhere: str | None, tmp_path: Path) -> None:
    baseline = tmp_path / "baseline"
    (baseline / "uploads").mkdir(parents=True)
    (baseline / "uploads/new.mp4").write_bytes(b"new")
    with tempfile.TemporaryDirectory(dir=elsewhere) as name:
        folder = Path(name)
        (folder / "uploads").mkdir()
        (folder / "uploads/old.mp4").write_bytes(b"old")
        (folder / "loose.txt").write_bytes(b"old")

        replace_content(folder, baseline, tmp_path / "trash")

        found = {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}
    assert found == {"uploads/new.mp4"}
