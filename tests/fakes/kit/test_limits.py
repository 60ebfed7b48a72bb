"""Fixed windows: they begin with their first request and end by the clock."""

from fakes.kit.clock import ManualClock
from fakes.kit.limits import Taken, Windows


def test_a_window_is_spent_and_begins_anew() -> None:
    clock = ManualClock(1000.0)
    windows = Windows(clock)

    taken = [windows.take("a", 2, 10.0) for _ in range(3)]
    clock.advance(10)
    anew = windows.take("a", 2, 10.0)

    assert taken == [
        Taken(2, 1, 1010.0, False),
        Taken(2, 0, 1010.0, False),
        Taken(2, 0, 1010.0, True),
    ]
    assert anew == Taken(2, 1, 1020.0, False)


def test_keys_do_not_share_a_window_and_clearing_forgets_all() -> None:
    windows = Windows(ManualClock())
    windows.take("a", 1, 10.0)

    other = windows.take("b", 1, 10.0)
    windows.clear()

    assert not other.is_over
    assert not windows.take("a", 1, 10.0).is_over


def test_a_clock_that_is_set_back_does_not_lock_a_window_for_ever() -> None:
    clock = ManualClock(1000.0)
    windows = Windows(clock)
    windows.take("a", 1, 10.0)

    clock.set(500.0)

    assert not windows.take("a", 1, 10.0).is_over


def test_windows_that_are_over_are_forgotten() -> None:
    clock = ManualClock(1000.0)
    windows = Windows(clock)
    for number in range(1000):
        windows.take(str(number), 1, 10.0)

    clock.advance(11)
    windows.take("new", 1, 10.0)

    assert len(windows._windows) == 1
