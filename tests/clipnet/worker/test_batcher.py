from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence

import pytest

from clipnet.worker.batcher import Batcher, Item, Outcome
from clipnet.worker.errors import Permanent, StepError, Transient
from tests.clipnet.worker.world import until


class Company:
    """Others as the test says."""

    def __init__(self, *, may_join: bool = False, near: bool = False) -> None:
        self.join, self.near = may_join, near

    async def may_join(self) -> bool:
        return self.join

    async def are_near(self) -> bool:
        return self.near


class Gpu:
    """Remembers the calls; an item "bad" fails alone, "all" fails the call, "slow" never ends."""

    def __init__(self) -> None:
        self.calls: list[list[str]] = []
        self.given_up = 0

    async def __call__(self, items: Sequence[Item]) -> Sequence[Outcome]:
        names = [str(item["id"]) for item in items]
        self.calls.append(names)
        if "all" in names:
            raise Transient("gpu_failed", "the GPU is gone")
        if "slow" in names:
            try:
                await asyncio.Event().wait()
            finally:
                self.given_up += 1
        return [Permanent("unreadable", "no sound") if name == "bad" else {"id": name} for name in names]


def batcher(gpu: Gpu, company: Company, lane: asyncio.Lock | None = None, window_s: float = 5.0) -> Batcher:
    return Batcher(gpu, lane or asyncio.Lock(), company, window_s=window_s)


async def told(condition: Callable[[], bool]) -> None:
    async def look() -> bool | None:
        return condition() or None

    await until(look, "the batcher", 5)


async def submit_all(to: Batcher, *names: str) -> list[object]:
    return list(await asyncio.gather(*(to.submit({"id": name}) for name in names), return_exceptions=True))


async def test_a_lone_item_does_not_wait() -> None:
    gpu = Gpu()
    started = time.monotonic()

    await batcher(gpu, Company()).submit({"id": "a"})

    assert gpu.calls == [["a"]]
    assert time.monotonic() - started < 1.0


async def test_a_full_batch_does_not_wait() -> None:
    gpu = Gpu()

    found = await submit_all(batcher(gpu, Company(may_join=True)), *"abcdefgh")

    assert gpu.calls == [list("abcdefgh")]
    assert found == [{"id": name} for name in "abcdefgh"]


async def test_items_that_come_within_the_window_share_a_call() -> None:
    gpu, company = Gpu(), Company(may_join=True)
    to = batcher(gpu, company)
    first = asyncio.create_task(to.submit({"id": "a"}))
    await told(lambda: len(to._waiting) == 1)

    second = asyncio.create_task(to.submit({"id": "b"}))
    await told(lambda: len(to._waiting) == 2)
    company.join = False
    to._joined.set()
    await asyncio.gather(first, second)

    assert gpu.calls == [["a", "b"]]


async def test_the_window_ends() -> None:
    gpu = Gpu()

    await batcher(gpu, Company(may_join=True), window_s=0.02).submit({"id": "a"})

    assert gpu.calls == [["a"]]


async def test_more_than_a_batch_goes_in_several_calls() -> None:
    gpu = Gpu()

    await submit_all(batcher(gpu, Company()), *"abcdefghij")

    assert [len(call) for call in gpu.calls] == [8, 2]


async def test_what_comes_while_the_lane_is_taken_joins() -> None:
    gpu, lane = Gpu(), asyncio.Lock()
    to = batcher(gpu, Company(), lane)
    async with lane:
        tasks = [asyncio.create_task(to.submit({"id": name})) for name in "abc"]
        await told(lambda: len(to._waiting) == 3)
    await asyncio.gather(*tasks)

    assert gpu.calls == [["a", "b", "c"]]


async def test_one_bad_item_fails_alone() -> None:
    gpu = Gpu()

    good, bad, other = await submit_all(batcher(gpu, Company()), "a", "bad", "c")

    assert (good, other) == ({"id": "a"}, {"id": "c"})
    assert isinstance(bad, Permanent)


async def test_a_call_that_fails_fails_all_of_its_items() -> None:
    found = await submit_all(batcher(Gpu(), Company()), "a", "all")

    assert [type(one) for one in found] == [Transient, Transient]


async def test_an_item_that_is_given_up_leaves_the_others_alone() -> None:
    gpu, lane = Gpu(), asyncio.Lock()
    to = batcher(gpu, Company(), lane)
    async with lane:
        kept, given_up = (asyncio.create_task(to.submit({"id": name})) for name in "ab")
        await told(lambda: len(to._waiting) == 2)
        given_up.cancel()
        await asyncio.gather(given_up, return_exceptions=True)

    assert await kept == {"id": "a"}
    assert gpu.calls == [["a"]]


async def test_a_call_that_nobody_waits_for_is_given_up() -> None:
    gpu = Gpu()
    to = batcher(gpu, Company())
    task = asyncio.create_task(to.submit({"id": "slow"}))
    await told(lambda: bool(gpu.calls))

    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    await told(lambda: gpu.given_up == 1)

    assert await to.submit({"id": "a"}) == {"id": "a"}


async def test_a_missing_outcome_is_an_error_of_its_item() -> None:
    async def short(items: Sequence[Item]) -> Sequence[Outcome]:
        return [{"id": items[0]["id"]}]

    found = await submit_all(Batcher(short, asyncio.Lock(), Company()), "a", "b")

    assert found[0] == {"id": "a"}
    with pytest.raises(StepError, match="leaves this item out"):
        raise found[1]  # type: ignore[misc]  # - an exception, as the line above it says
