import asyncio
import time

import pytest

from fakes.cloudinary.render.ffmpeg import Ffmpeg
from fakes.kit.errors import ProviderError

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
