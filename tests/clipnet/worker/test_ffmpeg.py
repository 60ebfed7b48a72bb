from __future__ import annotations

import asyncio
import os
from pathlib import Path

import pytest

from clipnet.worker import ffmpeg
from clipnet.worker.errors import Permanent, Transient

ENDLESS = ["-re", "-f", "lavfi", "-i", "testsrc2=size=64x64:rate=10", "-f", "null", "-"]


def running() -> set[int]:
    """FFmpeg processes that are children of ours."""
    found = set()
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                fields = (entry / "stat").read_text().rpartition(")")[2].split()
                command = (entry / "cmdline").read_bytes()
            except OSError:
                continue
            if int(fields[1]) == os.getpid() and b"ffmpeg" in command and fields[0] != "Z":
                found.add(int(entry.name))
    return found


async def test_progress_is_told_and_the_end_awaited(tmp_path: Path) -> None:
    told: list[float] = []
    source = ["-f", "lavfi", "-i", "testsrc2=size=64x64:rate=10:duration=2"]

    await ffmpeg.run([*source, str(tmp_path / "a.mp4")], time_limit_s=20, on_progress=told.append)

    assert told[-1] == pytest.approx(2.0, abs=0.2)
    assert (tmp_path / "a.mp4").stat().st_size > 0


async def test_what_is_too_slow_is_killed() -> None:
    with pytest.raises(Transient, match=r"stopped after 0 s"):
        await ffmpeg.run(ENDLESS, time_limit_s=0.2)

    assert not running()


async def test_ffmpeg_dies_with_its_job() -> None:
    begun = asyncio.Event()
    task = asyncio.create_task(ffmpeg.run(ENDLESS, time_limit_s=20, on_progress=lambda _: begun.set()))
    await asyncio.wait_for(begun.wait(), 10)

    task.cancel()
    await asyncio.gather(task, return_exceptions=True)

    assert task.cancelled()
    assert not running()


async def test_a_file_that_is_no_video_is_a_permanent_error_with_its_last_words(tmp_path: Path) -> None:
    path = tmp_path / "note.mp4"
    path.write_text("this is not a video " * 100)

    with pytest.raises(Permanent, match="Invalid data found") as caught:
        await ffmpeg.run([*ffmpeg.input_options(str(path)), "-f", "null", "-"], time_limit_s=20)

    assert caught.value.code == "not_a_video"
    assert " @ 0x" not in str(caught.value)
    assert str(tmp_path) not in str(caught.value)


async def test_a_playlist_that_names_local_files_is_not_opened(tmp_path: Path) -> None:
    path = tmp_path / "list.m3u8"
    path.write_text("#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nfile:///etc/passwd\n")

    with pytest.raises(Permanent):
        await ffmpeg.run([*ffmpeg.input_options(str(path)), "-f", "null", "-"], time_limit_s=20)


async def test_a_wrong_option_is_not_the_files_fault(tmp_path: Path) -> None:
    with pytest.raises(Transient, match="failed with code"):
        await ffmpeg.run(["-no-such-option"], time_limit_s=20)
