"""How many workers an endpoint wants."""

import pytest

from fakes.runpod.scaling import Demand, back_off_s, boot_s, countable, wanted
from fakes.runpod.state.records import Timing
from fakes.runpod.wire.resources import Scaling

BY_DELAY = Scaling(workers_max=3, scaler_type="QUEUE_DELAY", scaler_value=4)
BY_COUNT = Scaling(workers_max=3, scaler_type="REQUEST_COUNT", scaler_value=2)


@pytest.mark.parametrize(
    ("scaling", "demand", "count"),
    [
        (BY_DELAY, Demand(0, 0, 0, 0.0), 0),
        (BY_DELAY, Demand(1, 0, 0, 0.0), 1),
        (BY_DELAY, Demand(5, 1, 1, 3.9), 1),
        (BY_DELAY, Demand(5, 1, 1, 4.0), 2),
        (BY_DELAY, Demand(5, 3, 3, 60.0), 3),
        (BY_COUNT, Demand(1, 0, 0, 0.0), 1),
        (BY_COUNT, Demand(2, 1, 1, 0.0), 2),
        (BY_COUNT, Demand(9, 9, 2, 0.0), 3),
        (BY_COUNT, Demand(0, 0, 2, 0.0), 2),
        (Scaling(workers_min=1), Demand(0, 0, 0, 0.0), 1),
        (Scaling(workers_max=0), Demand(1, 0, 0, 60.0), 0),
        (Scaling(workers_max=1), Demand(1, 2, 2, 60.0), 1),
        (Scaling(workers_min=2, workers_max=1), Demand(1, 0, 0, 60.0), 1),
    ],
)
def test_workers_follow_the_queue(scaling: Scaling, demand: Demand, count: int) -> None:
    assert wanted(scaling, demand) == count


@pytest.mark.parametrize("scaling", [BY_DELAY, BY_COUNT])
def test_no_more_waiting_jobs_than_these_make_a_difference(scaling: Scaling) -> None:
    limit = countable(scaling)

    assert wanted(scaling, Demand(limit, 0, 0, 9.0)) == wanted(scaling, Demand(10 * limit, 0, 0, 9.0))


@pytest.mark.parametrize(
    ("has_run", "flashboot", "seconds"),
    [(False, True, 8.0), (True, True, 2.0), (True, False, 8.0), (False, False, 8.0)],
)
def test_flashboot_is_for_workers_that_ran_before(has_run: bool, flashboot: bool, seconds: float) -> None:
    timing = Timing(cold_start_ms=8000, flashboot_ms=2000)

    assert boot_s(Scaling(flashboot=flashboot), timing, has_run=has_run) == seconds


@pytest.mark.parametrize(("crashes", "seconds"), [(1, 10), (2, 20), (5, 160), (6, 300), (5000, 300)])
def test_a_worker_that_crashes_again_is_left_alone_for_longer(crashes: int, seconds: float) -> None:
    assert back_off_s(Timing(back_off_ms=10_000), crashes) == seconds


def test_without_back_off_a_crashed_worker_starts_at_once() -> None:
    assert back_off_s(Timing(), 5000) == 0
