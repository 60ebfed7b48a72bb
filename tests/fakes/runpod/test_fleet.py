"""Workers on the one GPU as RunPod's own timing has them: cold starts, scaling, places that are taken."""

from typing import Any

import pytest

from fakes.runpod.state import Scaling, State
from tests.fakes.runpod.conftest import Account

NOTHING = {"idle": 0, "initializing": 0, "ready": 0, "running": 0, "throttled": 0, "unhealthy": 0}


@pytest.fixture
def realistic(account: Account) -> Account:
    account.app.load({"timing": "realistic"})
    return account


async def test_a_cold_worker_takes_its_time_and_the_job_waits_for_it(realistic: Account) -> None:
    job = await realistic.run({"mock_return": 1})
    cold = await workers(realistic)
    realistic.clock.advance(7.5)
    still_cold = await realistic.status(job)
    realistic.clock.advance(0.5)
    running = await realistic.status(job)
    realistic.clock.advance(0.3)

    done = await realistic.end(job)

    assert cold == NOTHING | {"initializing": 1}
    assert (still_cold["status"], running["status"]) == ("IN_QUEUE", "IN_PROGRESS")
    assert (done["delayTime"], done["executionTime"]) == (8000, 300)


async def test_a_worker_stays_warm_until_its_idle_timeout_and_comes_back_faster(realistic: Account) -> None:
    await finished(realistic, boot_s=8)
    realistic.clock.advance(4.9)
    warm = await finished(realistic, boot_s=0)
    realistic.clock.advance(5)
    flashed = await finished(realistic, boot_s=2)

    assert (warm["delayTime"], flashed["delayTime"]) == (0, 2000)


async def test_a_second_worker_comes_when_a_job_has_waited_for_the_queue_delay(realistic: Account) -> None:
    realistic.app.load({"timing": "realistic", "workers": 2})
    await realistic.run({"mock_delay": 600})
    realistic.clock.advance(8)
    waiting = await realistic.run({"mock_return": 1})
    before = await workers(realistic)
    realistic.clock.advance(4)
    after = await workers(realistic)
    realistic.clock.advance(8)
    await workers(realistic)
    realistic.clock.advance(1)

    done = await realistic.end(waiting)

    assert before == NOTHING | {"idle": 1, "ready": 1, "running": 1}
    assert after == NOTHING | {"initializing": 1, "running": 1}
    assert done["delayTime"] == 12_000


async def test_an_idle_worker_gives_its_place_to_another_endpoint(realistic: Account) -> None:
    await finished(realistic, boot_s=8)

    job = await realistic.run({"mock_return": 1}, "staging-blip")

    assert (await workers(realistic, "staging-blip"))["initializing"] == 1
    assert (await workers(realistic))["initializing"] == 0
    realistic.clock.advance(8)
    assert (await realistic.status(job, "staging-blip"))["status"] == "IN_PROGRESS"


async def test_an_endpoint_without_a_place_is_throttled(account: Account) -> None:
    await account.run({"mock_delay": 60}, "staging-blip")

    await account.run({"mock_delay": 60})

    assert await workers(account) == NOTHING | {"throttled": 1}


async def test_a_job_of_low_priority_brings_no_worker_and_takes_one_that_is_there(account: Account) -> None:
    low = await account.run({"mock_return": "low"}, policy={"lowPriority": True})
    waiting = await account.status(low)
    normal = await account.run({"mock_return": "normal"})

    done = [await account.end(job) for job in (low, normal)]

    assert waiting["status"] == "IN_QUEUE"
    assert [one["output"] for one in done] == ["low", "normal"]


async def test_an_active_worker_is_up_before_any_job_and_keeps_its_place(realistic: Account) -> None:
    state = realistic.app.parts.state
    assert isinstance(state, State)
    state.endpoints.scale("staging-clip", Scaling(workers_min=1))
    await realistic.client.put("/_fake/gpu", json={})
    realistic.clock.advance(600)
    await realistic.run({"mock_return": 1}, "staging-blip")

    done = await finished(realistic, boot_s=0)

    assert done["delayTime"] == 0
    assert (await workers(realistic, "staging-blip"))["throttled"] == 1


async def test_the_gpu_is_changed_while_it_works(account: Account) -> None:
    jobs = [await account.run({"mock_delay": 60}) for _ in range(2)]
    before = [(await account.status(job))["status"] for job in jobs]

    answer = await account.client.put("/_fake/gpu", json={"workers": 2})
    after = [(await account.status(job))["status"] for job in jobs]

    assert (before, after) == (["IN_PROGRESS", "IN_QUEUE"], ["IN_PROGRESS", "IN_PROGRESS"])
    assert (answer.json()["workers"], answer.json()["timing"]) == (2, "instant")


async def test_a_change_of_the_gpu_that_is_wrong_is_refused(account: Account) -> None:
    answer = await account.client.put("/_fake/gpu", json={"workers": 0})

    assert (answer.status_code, answer.json()) == (
        400,
        {"error": "'workers' is 0; it must be a whole number from 1 to 8"},
    )


async def test_a_wait_ends_when_the_job_is_forgotten(account: Account) -> None:
    await account.run({"mock_delay": 60})
    job = await account.run({"mock_return": 1}, policy={"ttl": 10_000})
    account.clock.advance(10)

    answer = await account.client.get(f"/v2/staging-clip/status-sync/{job}")

    assert answer.status_code == 404


async def finished(account: Account, boot_s: float) -> Any:
    """A job that has ended; its worker takes these seconds to come up."""
    job = await account.run({"mock_return": 1})
    account.clock.advance(boot_s)
    await account.status(job)
    account.clock.advance(0.3)
    return await account.end(job)


async def workers(account: Account, endpoint: str = "staging-clip") -> Any:
    return (await account.get(f"{endpoint}/health"))["workers"]
