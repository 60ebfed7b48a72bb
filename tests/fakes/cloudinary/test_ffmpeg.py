import asyncio
import subprocess
import sys
import time
from pathlib import Path

import pytest

from fakes.cloudinary.render.ffmpeg import Ffmpeg
from fakes.kit.errors import ProviderError
from tests.servers import wait_until

ENDLESS = ("-v", "error", "-re", "-f", "lavfi", "-i", "testsrc=s=64x64:d=1000", "-f", "null", "-")


async def test_its_last_words_come_back() -> None:
    words = await Ffmpeg().run(
        ("-v", "info", "-f", "lavfi", "-i", "testsrc=s=64x64:d=0.1", "-f", "null", "-")
    )

    assert "Output #0, null" in words


async def test_a_failure_is_refused_in_cloudinarys_words() -> None:
    with pytest.raises(ProviderError, match="Unsupported video format or file"):
        await Ffmpeg().run(("-v", "error", "-i", "file:/does/not/exist", "-f", "null", "-"))


async def test_what_takes_too_long_is_ended() -> None:
    began = time.monotonic()

    with pytest.raises(ProviderError, match="too large to process synchronously") as refusal:
        await Ffmpeg(time_limit_s=0.3).run(ENDLESS)

    assert refusal.value.status == 400
    assert time.monotonic() - began < 5


async def test_closing_ends_what_is_running() -> None:
    ffmpeg = Ffmpeg()
    task = asyncio.create_task(ffmpeg.run(ENDLESS))
    async with asyncio.timeout(10):
        while not ffmpeg.running_count:  # noqa: ASYNC110 - a process has no event for its start
            await asyncio.sleep(0.01)

    ffmpeg.close()

    with pytest.raises(ProviderError):
        await task
    assert ffmpeg.running_count == 0


async def test_what_writes_too_much_is_ended(tmp_path: Path) -> None:
    noise = ("-f", "lavfi", "-i", "nullsrc=s=640x360:d=60,noise=alls=100:allf=t")
    target = tmp_path / "x.avi"

    with pytest.raises(ProviderError):
        await Ffmpeg(output_limit_bytes=1 << 20).run((*noise, "-c:v", "rawvideo", "-f", "avi", str(target)))

    assert target.stat().st_size <= 1 << 20


def test_it_dies_with_its_parent() -> None:
    imports = "import asyncio; from fakes.cloudinary.render.ffmpeg import Ffmpeg"
    code = f"{imports}; asyncio.run(Ffmpeg().run({ENDLESS}))"
    parent = subprocess.Popen([sys.executable, "-c", code])
    children = Path(f"/proc/{parent.pid}/task/{parent.pid}/children")
    wait_until(lambda: "lavfi" in commands(children.read_text().split()), lambda: "no child")
    [child] = children.read_text().split()

    parent.kill()
    parent.wait()

    wait_until(lambda: "lavfi" not in commands([child]), lambda: f"{child} is still there")


def commands(pids: list[str]) -> str:
    """The command lines of processes; nothing of those that are gone."""
    found = [Path(f"/proc/{pid}/cmdline") for pid in pids]
    return " ".join(path.read_text() for path in found if path.exists())
