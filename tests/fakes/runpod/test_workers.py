"""Workers as `health` shows them, step by step, as RunPod documents them and as they were captured there."""

from typing import Any

import pytest

from tests.fakes.runpod.conftest import Account

QUICK = {"mock_return": 1}
LONG = {"mock_delay": 60}
BY_DELAY: dict[str, Any] = {"scalerType": "QUEUE_DELAY", "scalerValue": 4}
BY_COUNT: dict[str, Any] = {"scalerType": "REQUEST_COUNT", "scalerValue": 1}


@pytest.fixture
def realistic(account: Account) -> Account:
    account.app.load({"timing": "realistic", "workers": 2})
    account.clock.freeze()
    return account


async def states(account: Account, *jobs: str) -> list[str]:
    return [(await account.status(job))["status"] for job in jobs]


async def test_a_cold_job_with_a_second_worker_coming_up_as_captured(realistic: Account) -> None:
    """The sequence of golden path 15: idle 2; initializing 1; initializing 1, running 1; then idle ones."""
    seen = [await realistic.health()]
    job = await realistic.run(QUICK)
    seen.append(await realistic.health())
    await realistic.pass_(4)
    seen.append(await realistic.health())
    await realistic.pass_(4)
    seen.append(await realistic.health())
    await realistic.pass_(0.3)
    seen.append(await realistic.health())
    await realistic.pass_(3.7, 5)
    seen.append(await realistic.health())

    assert seen == [
        {"jobs": {}, "workers": {"idle": 2, "ready": 2}},
        {"jobs": {"inQueue": 1}, "workers": {"idle": 1, "initializing": 1, "ready": 1}},
        {"jobs": {"inQueue": 1}, "workers": {"initializing": 2}},
        {"jobs": {"inProgress": 1}, "workers": {"initializing": 1, "running": 1}},
        {"jobs": {"completed": 1}, "workers": {"idle": 1, "initializing": 1, "ready": 1}},
        {"jobs": {"completed": 1}, "workers": {"idle": 2, "ready": 2}},
    ]
    assert (await realistic.status(job))["delayTime"] == 8000


async def test_a_job_that_no_worker_answers_as_captured(realistic: Account) -> None:
    """Golden path 15: given out again about 40 s after it began, and failed about 40 s after that."""
    job = await realistic.run({})
    await realistic.pass_(8, 39.9)
    first = await realistic.status(job)
    await realistic.pass_(0.1)
    second, health = await realistic.status(job), await realistic.health()
    await realistic.pass_(40)

    last = await realistic.status(job)
    assert (first["status"], first["delayTime"]) == ("IN_PROGRESS", 8000)
    assert (second["status"], second["delayTime"], second["retries"]) == ("IN_PROGRESS", 48_000, 1)
    assert second["workerId"] == first["workerId"]
    assert health["jobs"] == {"inProgress": 1, "retried": 1}
    assert last == {
        "delayTime": 48_000,
        "error": "job timed out after 1 retries",
        "executionTime": 40_000,
        "id": job,
        "retries": 1,
        "status": "FAILED",
        "workerId": first["workerId"],
    }
    assert (await realistic.health())["jobs"] == {"failed": 1, "retried": 1}


async def test_a_ten_minute_timeout_takes_no_time_to_test(account: Account) -> None:
    job = await account.run({"mock_delay": 3600})

    await account.pass_(599)
    before = await account.status(job)
    await account.pass_(1)
    again = await account.status(job)
    await account.pass_(600)

    after = await account.status(job)
    assert (before["status"], "retries" in before) == ("IN_PROGRESS", False)
    assert (again["status"], again["retries"], again["delayTime"]) == ("IN_PROGRESS", 1, 600_000)
    assert (after["status"], after["executionTime"]) == ("FAILED", 600_000)


async def test_queue_delay_adds_one_worker_each_time_that_a_job_has_waited_for_so_long(
    account: Account,
) -> None:
    account.app.load({"workers": 4})
    await account.scale(**BY_DELAY, workersMax=3)
    for _ in range(6):
        await account.run(LONG)

    running = []
    for _ in range(5):
        running.append((await account.health())["workers"]["running"])
        await account.pass_(3.5)
        running.append((await account.health())["workers"]["running"])
        await account.pass_(0.5)

    assert running == [1, 1, 2, 2, 3, 3, 3, 3, 3, 3]


@pytest.mark.parametrize(("value", "running"), [(1, 3), (2, 2), (4, 1)])
async def test_request_count_wants_a_worker_for_so_many_jobs_waiting_or_running(
    account: Account, value: int, running: int
) -> None:
    account.app.load({"workers": 4})
    await account.scale(scalerType="REQUEST_COUNT", scalerValue=value, workersMax=3)

    for _ in range(4):
        await account.run(LONG)

    assert (await account.health())["workers"]["running"] == running


async def test_no_workers_at_all_drain_an_endpoint_and_its_jobs_wait(account: Account) -> None:
    jobs = [await account.run(LONG) for _ in range(2)]

    await account.scale(workersMax=0)
    await account.pass_(60, 60)
    drained = await states(account, *jobs), await account.health()
    await account.scale(workersMax=1)
    await account.pass_(60)

    assert drained == (["COMPLETED", "IN_QUEUE"], {"jobs": {"completed": 1, "inQueue": 1}, "workers": {}})
    assert await states(account, *jobs) == ["COMPLETED", "COMPLETED"]


async def test_fewer_workers_stop_those_that_are_idle_or_coming_up_but_no_job(realistic: Account) -> None:
    await realistic.scale(**BY_COUNT)
    jobs = [await realistic.run(LONG) for _ in range(2)]
    await realistic.pass_(8)

    await realistic.scale(workersMax=1)
    both = await realistic.health()
    await realistic.pass_(60)

    assert both["workers"] == {"running": 2}
    assert await states(realistic, *jobs) == ["COMPLETED", "COMPLETED"]
    assert (await realistic.health())["workers"] == {"idle": 1, "ready": 1}


async def test_more_active_workers_than_places_share_these_and_the_rest_is_throttled(
    account: Account,
) -> None:
    await account.scale("staging-blip", workersMin=1, workersMax=1)
    await account.scale(workersMin=1, workersMax=1)

    jobs = [await account.run(QUICK, endpoint) for endpoint in ("staging-blip", "staging-clip")]

    assert (await account.status(jobs[0], "staging-blip"))["status"] == "COMPLETED"
    assert (await account.status(jobs[1]))["status"] == "IN_QUEUE"
    assert (await account.health())["workers"] == {"throttled": 1}
    assert (await account.health("staging-blip"))["workers"] == {"idle": 1, "ready": 1}


async def test_an_active_worker_without_a_job_loses_its_place_when_places_go(account: Account) -> None:
    account.app.load({"workers": 2})
    await account.scale("staging-blip", workersMin=1)
    running = await account.run(LONG)
    await account.client.put("/_fake/gpu", json={"workers": 1})

    waiting = await account.run(QUICK, "staging-blip")
    before = await account.status(waiting, "staging-blip")
    await account.pass_(60)

    assert before["status"] == "IN_QUEUE"
    assert await states(account, running) == ["COMPLETED"]
    assert (await account.status(waiting, "staging-blip"))["status"] == "COMPLETED"


async def test_a_crashed_worker_is_unhealthy_for_longer_each_time_and_others_take_its_job(
    realistic: Account,
) -> None:
    await realistic.scale(workersMax=2)
    job = await realistic.run({"mock_crash": True})
    await realistic.pass_(8)
    first = await realistic.health()
    await realistic.pass_(8)
    second = await realistic.health(), await realistic.status(job)
    await realistic.pass_(2)
    third = await realistic.health()
    await realistic.pass_(8)

    assert first == {
        "jobs": {"inQueue": 1, "retried": 1},
        "workers": {"initializing": 1, "unhealthy": 1},
    }
    assert second[0] == {"jobs": {"failed": 1, "retried": 1}, "workers": {"unhealthy": 2}}
    assert (second[1]["status"], second[1]["retries"]) == ("FAILED", 1)
    assert third["workers"] == {"idle": 1, "ready": 1, "unhealthy": 1}
    assert (await realistic.health())["workers"] == {"idle": 2, "ready": 2}


async def test_a_crash_loop_slows_down_and_a_job_that_is_well_ends_it(realistic: Account) -> None:
    await realistic.scale(workersMax=1)
    begun = []
    for input_ in ({"mock_crash": True}, QUICK, {"mock_crash": True}):
        job = await realistic.run(input_)
        for _ in range(120):
            if (await realistic.status(job))["status"] in ("COMPLETED", "FAILED"):
                break
            await realistic.pass_(0.5)
        begun.append((await realistic.status(job))["delayTime"])

    # cold, crash, 10 s and cold; crash, 20 s and cold; warm, crash, 10 s and cold
    assert begun == [26_000, 28_000, 18_000]


async def test_a_worker_that_starts_for_more_than_seven_minutes_is_unhealthy(account: Account) -> None:
    await account.client.put("/_fake/faults", json={"kind": "cold-start", "ms": 600_000})
    job = await account.run(QUICK)
    await account.pass_(419)
    starting = await account.health()
    await account.pass_(1)
    late = await account.health()
    await account.pass_(180)

    assert (starting["workers"], late["workers"]) == ({"initializing": 1}, {"unhealthy": 1})
    assert await states(account, job) == ["COMPLETED"]


async def test_a_worker_that_lost_its_place_while_it_started_has_not_run(realistic: Account) -> None:
    await realistic.scale(workersMax=1)
    job = await realistic.run(QUICK)
    await realistic.pass_(4)
    await realistic.client.put("/_fake/faults", json={"kind": "cold-start", "ms": 1000})
    await realistic.client.delete("/_fake/faults")
    await realistic.pass_(7.5)
    still = await realistic.health()
    await realistic.pass_(0.5, 0.3)

    assert still["workers"] == {"initializing": 1}
    assert (await realistic.status(job))["delayTime"] == 12_000


async def test_without_flashboot_every_start_is_cold(realistic: Account) -> None:
    await realistic.scale(workersMax=1, flashboot=False)
    delays: list[Any] = []
    for _ in range(2):
        job = await realistic.run(QUICK)
        await realistic.pass_(8, 0.3, 5)
        delays.append((await realistic.status(job))["delayTime"])

    assert delays == [8000, 8000]


async def test_an_endpoints_own_scaling_stays_when_the_gpu_is_changed(account: Account) -> None:
    account.app.load({"workers": 2})
    await account.scale(**BY_DELAY)
    await account.client.put("/_fake/gpu", json={"workers": 3})

    jobs = [await account.run(LONG) for _ in range(2)]
    before = await states(account, *jobs)
    await account.pass_(4)

    assert (before, await states(account, *jobs)) == (["IN_PROGRESS", "IN_QUEUE"], ["IN_PROGRESS"] * 2)
