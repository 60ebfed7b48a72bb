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


@pytest.mark.parametrize("jump", ["set", "reset"])
async def test_a_jump_back_leaves_sleepers_what_is_left_of_their_time(jump: str) -> None:
    clock = ManualClock()
    real_s = clock.now()
    clock.advance(31_536_000)
    sleeper = asyncio.create_task(clock.sleep(10))
    await asyncio.sleep(0)
    clock.advance(4)

    if jump == "set":
        clock.set(real_s)
    else:
        clock.reset()
        clock.freeze()
    clock.advance(5.9)
    await asyncio.sleep(0)
    is_early = sleeper.done()
    clock.advance(0.2)
    await asyncio.wait_for(sleeper, 5)

    assert not is_early


def test_what_has_passed_grows_with_jumps_ahead_and_is_left_by_jumps_back() -> None:
    clock = ManualClock(1000.0)

    passed = [clock.passed()]
    clock.advance(50)
    passed.append(clock.passed())
    clock.set(700.0)
    passed.append(clock.passed())
    clock.advance(5)
    passed.append(clock.passed())

    assert passed == [1000.0, 1050.0, 1050.0, 1055.0]
    assert clock.now() == 705.0


@pytest.mark.parametrize("seconds", [1e12, float("inf"), float("nan")])
def test_a_clock_does_not_go_where_no_date_is(seconds: float) -> None:
    clock = ManualClock(1000.0)

    with pytest.raises(ValueError, match="beyond the year 9999"):
        clock.advance(seconds)
    with pytest.raises(ValueError, match="before the year 1970"):
        clock.set(-1)

    assert clock.now() == 1000.0


async def test_a_running_clock_wakes_sleepers_by_itself() -> None:
    clock = SettableClock()

    await asyncio.wait_for(clock.sleep(0.02), 5)

    assert clock.now() > 0


def test_times_are_written_in_utc() -> None:
    assert iso(1_795_240_800.5) == "2026-11-21T06:00:00Z"
    assert iso(1_795_240_800.5, micros=True) == "2026-11-21T06:00:00.500000Z"


async def test_the_real_clock_goes_on_whatever_is_set() -> None:
    clock = SettableClock()
    before_s = clock.real.passed()

    clock.advance(3600)
    clock.freeze()
    await asyncio.wait_for(clock.real.sleep(0.01), 5)

    assert 0.009 < clock.real.passed() - before_s < 60
    assert clock.now() - clock.real.now() > 3000


async def test_the_real_clock_of_a_manual_one_is_moved_by_itself() -> None:
    clock = ManualClock(1000.0)
    sleeper = asyncio.create_task(clock.real.sleep(10))
    await asyncio.sleep(0)
    clock.advance(600)
    await asyncio.sleep(0)
    is_early = sleeper.done()

    clock.real.advance(10)
    await asyncio.wait_for(sleeper, 5)

    assert (is_early, clock.now(), clock.real.now()) == (False, 1600.0, 1010.0)


async def test_who_waits_no_longer_leaves_nothing_behind() -> None:
    clock = ManualClock()
    patient = asyncio.create_task(clock.sleep(5))

    for _ in range(100):
        task = asyncio.create_task(clock.sleep(600))
        await asyncio.sleep(0)
        task.cancel()
        await asyncio.wait({task})
    kept = len(clock._sleepers)
    clock.advance(5)
    await patient

    assert kept <= 3
