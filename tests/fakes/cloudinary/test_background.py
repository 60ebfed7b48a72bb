import asyncio

import pytest

from fakes.cloudinary import background
from fakes.cloudinary.background import Background
from fakes.kit.errors import ProviderError


async def test_work_goes_on_and_can_be_ended() -> None:
    done = list[str]()
    work = Background()

    async def quick() -> None:
        done.append("quick")

    async def slow() -> None:
        try:
            await asyncio.sleep(3600)
        finally:
            done.append("ended")

    work.start(quick())
    work.start(slow())
    await asyncio.sleep(0)
    work.clear()
    await asyncio.sleep(0)
    await asyncio.sleep(0)

    assert done == ["quick", "ended"]


async def test_there_is_an_end_to_what_is_taken_on() -> None:
    work = Background()

    async def never() -> None:
        await asyncio.sleep(3600)

    for _ in range(background.MOST):
        work.start(never())
    with pytest.raises(ProviderError, match="Rate Limit Exceeded") as refused:
        work.start(never())
    work.clear()
    await asyncio.sleep(0)

    assert refused.value.status == 420
