"""The settable clock."""

import asyncio

import pytest

from fakes.kit.clock import ManualClock, SettableClock, iso


def test_a_manual_clock_stands_still_until_it_is_advanced() -> None:
    clock = ManualClock(1000.0)

    clock.advance(2.5)

    assert (clock.now(), clock.is_frozen) == (1002.5, True)


def test_setting_back_and_resetting_return_to_the_real_time() -> None:
    clock = SettableClock(lambda: 50.0)
    clock.set(10.0)

    before = clock.now()
    clock.reset()

    assert (before, clock.now()) == (10.0, 50.0)


def test_a_negative_advance_is_refused() -> None:
    with pytest.raises(ValueError, match=r"cannot be advanced by -1 s; use set"):
        ManualClock().advance(-1)


async def test_sleepers_wake_in_order_when_time_is_moved() -> None:
    clock, woken = ManualClock(), list[str]()

    async def sleeper(name: str, seconds: float) -> None:
        await clock.sleep(seconds)
        woken.append(name)

    tasks = [
        asyncio.create_task(sleeper(name, s)) for name, s in (("late", 600), ("soon", 5), ("never", 9000))
    ]
    await asyncio.sleep(0)
    clock.advance(601)
    await asyncio.wait_for(asyncio.gather(*tasks[:2]), 5)

    assert woken == ["soon", "late"]
    assert not tasks[2].done()
    tasks[2].cancel()


async def test_a_running_clock_wakes_sleepers_by_itself() -> None:
    clock = SettableClock()

    await asyncio.wait_for(clock.sleep(0.02), 5)

    assert clock.now() > 0


def test_times_are_written_in_utc() -> None:
    assert iso(1_795_240_800.5) == "2026-11-21T06:00:00Z"
    assert iso(1_795_240_800.5, micros=True) == "2026-11-21T06:00:00.500000Z"
