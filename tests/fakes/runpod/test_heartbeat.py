"""When a process outside should have been heard."""

import pytest

from fakes.runpod.heartbeat import Heartbeat


@pytest.mark.parametrize(
    ("pings", "interval_s"),
    [
        ((), 10),
        ((100,), 10),
        ((100, 101), 10),
        ((100, 101, 102), 1),
        ((100, 110, 120.5), 10.5),
        ((100, 110, 120, 120.2), 10),  # the process was started anew
        ((100, 100, 100), 1),
    ],
)
def test_the_interval_is_learned_from_the_pings(pings: tuple[float, ...], interval_s: float) -> None:
    heartbeat = heard(*pings)

    assert heartbeat.interval_s == interval_s


@pytest.mark.parametrize(
    ("pings", "now_s", "is_missing"),
    [
        ((), 1e9, False),
        ((100,), 130, False),
        ((100,), 130.1, True),
        ((100, 101, 102), 105, False),
        ((100, 101, 102), 105.1, True),
    ],
)
def test_three_intervals_without_a_ping_are_the_end(
    pings: tuple[float, ...], now_s: float, is_missing: bool
) -> None:
    assert heard(*pings).is_missing(now_s) is is_missing


def heard(*pings: float) -> Heartbeat:
    heartbeat = Heartbeat()
    for at_s in pings:
        heartbeat.beat(at_s)
    return heartbeat
