"""Production at work on the GPU that staging uses, too."""

import asyncio
from typing import Any

import httpx
import pytest

from fakes.kit.app import FakeApp
from fakes.kit.clock import ManualClock
from fakes.kit.kit import FakeSettings
from fakes.runpod.load import QUEUE_LIMIT, Rate
from tests.fakes.runpod.conftest import Account, settled

YEAR_S = 31_536_000


async def begin(account: Account, **options: Any) -> httpx.Response:
    body = {"kind": "production-load", **options}
    answer = await account.client.put("/_fake/faults", json=body)
    await settled()
    return answer


async def clear(account: Account) -> None:
    await account.client.delete("/_fake/faults")
    await settled()


async def pass_(account: Account, seconds: float, step_s: float = 0.5) -> None:
    for _ in range(round(seconds / step_s)):
        account.clock.advance(step_s)
        await settled()


async def jobs(account: Account) -> dict[str, int]:
    """Jobs of all endpoints by status, as a person at the machine sees them."""
    found: dict[str, int] = (await account.client.get("/_fake/state")).json()["state"]["jobs"]
    return found


async def test_staging_waits_for_the_job_of_production_that_runs(account: Account) -> None:
    await begin(account, jobs_per_minute=20, seconds_per_job=2)  # busy from 0 to 2, 3 to 5, 6 to 8 ...
    await pass_(account, 3.5)
    job = await account.run({"mock_delay": 0.5})
    health = await account.get("staging-clip/health")

    await pass_(account, 2)

    assert (health["workers"]["throttled"], health["jobs"]["inQueue"]) == (1, 1)
    done = await account.status(job)
    assert (done["status"], done["delayTime"], done["executionTime"]) == ("COMPLETED", 1500, 500)


@pytest.mark.parametrize(("after_s", "arrived"), [(1, 1), (29, 8), (59, 15), (119, 30)])
async def test_more_load_than_the_gpu_can_take_makes_the_queue_grow(
    account: Account, after_s: int, arrived: int
) -> None:
    await begin(account, jobs_per_minute=15, seconds_per_job=6)  # work for one place and a half
    await pass_(account, after_s)
    job = await account.run({"mock_delay": 0.5})

    await pass_(account, after_s + 10)

    assert (await account.status(job))["delayTime"] == (arrived * 6 - after_s) * 1000


async def test_a_second_place_takes_the_contention_away(account: Account) -> None:
    account.app.load({"workers": 2})
    await begin(account, jobs_per_minute=20, seconds_per_job=2)
    await pass_(account, 3.5)

    job = await account.run({"mock_delay": 0.5})
    await pass_(account, 0.5)

    assert (await account.status(job))["delayTime"] == 0


async def test_jobs_of_production_come_to_all_its_endpoints_and_staging_sees_none(account: Account) -> None:
    await begin(account, jobs_per_minute=60, seconds_per_job=0.5)
    await pass_(account, 8)

    counted = await account.client.get("/_fake/gpu")
    seen = [await account.get(f"staging-{model}/requests") for model in ("whisper", "blip", "motion", "clip")]
    health = await account.get("staging-whisper/health")

    completed = await jobs(account)
    assert completed == {"COMPLETED": 8, "IN_PROGRESS": 1}
    assert counted.json()["endpoints"]["production-clip"]["running"] in (0, 1)
    assert [one["requests"] for one in seen] == [[]] * 4
    assert set(health["jobs"].values()) == {0}


async def test_clearing_takes_the_jobs_of_production_away_at_once(account: Account) -> None:
    await begin(account, jobs_per_minute=60, seconds_per_job=100)
    await pass_(account, 10)
    job = await account.run({"mock_delay": 1})
    before = await jobs(account)

    await clear(account)
    running = await account.status(job)
    await pass_(account, 5)

    assert before == {"IN_PROGRESS": 1, "IN_QUEUE": 11}
    assert running["status"] == "IN_PROGRESS"
    assert await jobs(account) == {"CANCELLED": 11, "COMPLETED": 1}


async def test_a_reset_ends_the_load(account: Account) -> None:
    await begin(account, jobs_per_minute=60, seconds_per_job=100)
    await pass_(account, 5)

    account.app.reset()
    account.clock.freeze()
    await pass_(account, 5)

    assert await jobs(account) == {}


async def test_one_load_at_a_time(account: Account) -> None:
    await begin(account, jobs_per_minute=1)

    second = await begin(account, jobs_per_minute=2)
    await clear(account)
    third = await begin(account, jobs_per_minute=3)

    assert (second.status_code, third.status_code) == (400, 201)
    assert second.json() == {"error": "there is a load of production already; clear it first"}


@pytest.mark.parametrize("jump_s", [3600, YEAR_S, 100 * YEAR_S])
async def test_however_far_the_clock_jumps_few_jobs_come(account: Account, jump_s: float) -> None:
    await begin(account, jobs_per_minute=600, seconds_per_job=300)
    await pass_(account, 1)

    account.clock.advance(jump_s)
    await settled()
    heavy = await jobs(account)
    await clear(account)
    await begin(account, jobs_per_minute=600, seconds_per_job=0.1)
    account.clock.advance(jump_s)
    await settled()

    assert heavy["IN_PROGRESS"] == 1
    assert QUEUE_LIMIT * 0.8 < heavy["IN_QUEUE"] <= QUEUE_LIMIT
    assert (await jobs(account)).get("IN_QUEUE", 0) <= 1


async def test_what_is_kept_does_not_grow_with_time(account: Account) -> None:
    await begin(account, jobs_per_minute=600, seconds_per_job=0.1)
    rows = []
    for _ in range(3):
        await pass_(account, 61, step_s=0.1)
        rows.append(sum((await jobs(account)).values()))

    assert rows == sorted(rows, reverse=True)
    assert rows[0] < 620


async def test_a_load_goes_on_after_the_clock_was_set_back(account: Account) -> None:
    await begin(account, jobs_per_minute=20, seconds_per_job=1)
    account.clock.advance(YEAR_S)
    await settled()
    account.clock.set(account.clock.now() - YEAR_S)
    await settled()

    await pass_(account, 12)

    assert await jobs(account) == {"COMPLETED": 4, "IN_PROGRESS": 1}


async def test_a_restart_forgets_the_load_and_its_jobs(tmp_path: Any) -> None:
    settings = FakeSettings(public_urls={"runpod": "http://runpod.test"}, state_dir=tmp_path)
    first = FakeApp("runpod", settings, ManualClock())
    first.faults.add({"kind": "production-load", "jobs_per_minute": 600, "seconds_per_job": 100})
    await asyncio.sleep(0)
    first.kit.clock.advance(10)
    await settled()
    left = first.kit.store.all("SELECT status FROM jobs")

    second = FakeApp("runpod", settings, ManualClock())
    await settled()

    assert len(left) > 50
    assert second.parts.state.summary()["jobs"] == {}
    assert second.faults.list() == ()
    for app in (second, first):
        await app.close()


@pytest.mark.parametrize(
    ("late_s", "arrived"), [(0, 1), (1.999, 1), (2, 2), (2.0000001, 2), (1.99999999, 2), (7, 4)]
)
def test_jobs_arrive_evenly(late_s: float, arrived: int) -> None:
    assert Rate(every_s=2, job_s=1).due(late_s) == arrived


@pytest.mark.parametrize(
    ("arrived", "queued", "workers", "left"),
    [
        (1, 0, 1, 1),
        (1, 5, 1, 1),
        (1, QUEUE_LIMIT, 1, 0),
        (31, 0, 1, 16),  # a minute's arrivals, of which 15 are done
        (31, 10, 1, 26),  # 10 that waited were done first
        (31, 0, 2, 1),
        (31, 95, 1, 5),
    ],
)
def test_a_jump_in_time_leaves_what_could_not_be_done_in_it(
    arrived: int, queued: int, workers: int, left: int
) -> None:
    assert Rate(every_s=2, job_s=4).left(arrived, queued, workers) == left
