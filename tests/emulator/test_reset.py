import tempfile
from pathlib import Path

import pytest

from emulator.reset import fakes_client, replace_content, reset_fakes
from tests.fakes.receiver import receiving


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
        (folder / "link").symlink_to(baseline)

        replace_content(folder, baseline, tmp_path / "trash")

        found = {str(path.relative_to(folder)) for path in folder.rglob("*")}
    assert found == {"uploads", "uploads/new.mp4"}


async def test_no_proxy_stands_between_a_reset_and_the_fakes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    with receiving() as receiver:
        async with fakes_client(timeout_s=10) as http:
            await reset_fakes(http, {"x": receiver.url})

    assert [one.path for one in receiver.received] == ["/_fake/reset"]
