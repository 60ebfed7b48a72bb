"""A GPU that is slow, cold, throttled, unhealthy, or loses workers."""

import re
from pathlib import Path
from typing import Any

import pytest

from fakes.kit.faults import Condition
from fakes.runpod.conditions import CONDITIONS
from fakes.runpod.impairment import Impairments
from tests.fakes.runpod.conftest import Account, settled

PAGE = Path(__file__).parents[3] / "docs/fakes/runpod.md"
WORK = {"mock_return": "done"}


async def begin(account: Account, kind: str, **options: Any) -> str:
    answer = await account.client.put("/_fake/faults", json={"kind": kind, **options})
    await settled()
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


async def clear(account: Account) -> None:
    await account.client.delete("/_fake/faults")
    await settled()


async def listed(account: Account) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (await account.client.get("/_fake/faults")).json()["faults"]
    return found


async def workers(account: Account) -> dict[str, int]:
    found: dict[str, int] = (await account.get("staging-clip/health"))["workers"]
    return {state: count for state, count in found.items() if count}


async def test_a_slow_gpu_takes_longer_for_each_job(account: Account) -> None:
    await begin(account, "slow", ms=1500)
    await begin(account, "slow", ms=500)
    job = await account.run({"mock_delay": 1})
    account.clock.advance(1)
    await settled()
    running = await account.status(job)
    account.clock.advance(2)

    done = await account.end(job)

    assert (running["status"], done["executionTime"]) == ("IN_PROGRESS", 3000)


def test_a_slow_gpu_takes_longer_for_more_input() -> None:
    impairments = Impairments(lambda _kind: None)
    for options in ({"ms": 500, "ms_per_input_s": 200}, {"ms": 0, "ms_per_input_s": 10}):
        impairments.begin(Condition("f1", "slow", options))

    assert (impairments.longer_s(0), impairments.longer_s(2)) == (0.5, 0.92)


async def test_what_was_slow_is_fast_again_when_it_is_cleared(account: Account) -> None:
    await begin(account, "slow", ms=5000)
    await clear(account)

    done = await account.end(await account.run(WORK))

    assert done["executionTime"] == 0


async def test_every_worker_starts_cold(account: Account) -> None:
    await account.end(await account.run(WORK))
    await begin(account, "cold-start", ms=8000)
    job = await account.run(WORK)
    booting = await workers(account)
    account.clock.advance(8)

    done = await account.end(job)

    assert booting["initializing"] == 1
    assert (done["delayTime"], done["executionTime"]) == (8000, 0)


async def test_a_worker_that_is_up_stays_up_when_starts_are_cold(account: Account) -> None:
    await begin(account, "cold-start", ms=8000)
    first = await account.run(WORK)
    account.clock.advance(8)
    await account.end(first)

    second = await account.end(await account.run(WORK))

    assert second["delayTime"] == 0


@pytest.mark.parametrize("kind", ["throttled", "unhealthy"])
async def test_jobs_wait_while_workers_have_no_place(account: Account, kind: str) -> None:
    running = await account.run({"mock_delay": 1})
    await begin(account, kind)
    job = await account.run(WORK)
    account.clock.advance(5)
    first = await account.end(running)
    waiting, health = await account.status(job), await workers(account)

    await clear(account)
    done = await account.end(job)

    assert first["status"] == "COMPLETED"
    assert (waiting["status"], health[kind], health.get("ready", 0)) == ("IN_QUEUE", 1, 0)
    assert (done["status"], done["delayTime"]) == ("COMPLETED", 5000)


async def test_one_of_two_places_is_left(account: Account) -> None:
    account.app.load({"workers": 2})
    await begin(account, "throttled", workers=1)

    jobs = [await account.run({"mock_delay": 1}) for _ in range(2)]

    assert [(await account.status(job))["status"] for job in jobs] == ["IN_PROGRESS", "IN_QUEUE"]


async def test_a_crash_costs_a_job_its_worker_once(account: Account) -> None:
    await begin(account, "crash")

    done = await account.end(await account.run(WORK))
    later = await account.end(await account.run(WORK))

    assert (done["status"], done["retries"], "retries" in later) == ("COMPLETED", 1, False)
    assert await listed(account) == []


async def test_a_job_that_loses_its_worker_twice_fails(account: Account) -> None:
    fault_id = await begin(account, "crash", attempts=3)

    done = await account.end(await account.run(WORK))

    assert (done["status"], done["error"]) == ("FAILED", "job timed out after 1 retries")
    assert await listed(account) == [{"id": fault_id, "kind": "crash", "attempts": 1}]


async def test_a_crash_is_for_jobs_of_staging(account: Account) -> None:
    fault_id = await begin(account, "crash")
    await begin(account, "production-load", jobs_per_minute=60, seconds_per_job=0.1)
    account.clock.advance(0.2)
    await settled()

    held = await listed(account)

    assert {"id": fault_id, "kind": "crash", "attempts": 1} in held


async def test_a_reset_mends_everything(account: Account) -> None:
    for kind, options in (("slow", {"ms": 9}), ("cold-start", {"ms": 9}), ("throttled", {}), ("crash", {})):
        await begin(account, kind, **options)

    account.app.reset()
    account.clock.freeze()
    done = await account.end(await account.run(WORK))

    assert (done["status"], done["delayTime"], done["executionTime"]) == ("COMPLETED", 0, 0)
    assert await listed(account) == []


async def test_every_condition_is_told_with_an_example_that_works(account: Account) -> None:
    section = PAGE.read_text().split("## Faults of the GPU\n")[1].split("\n## ")[0]
    rows = re.findall(r"(?m)^\| `([a-z-]+)((?: --[a-z-]+ [0-9.]+)*)` \|", section)

    for kind, words in rows:
        options = re.findall(r"--([a-z-]+) ([0-9.]+)", words)
        await begin(account, kind, **{name.replace("-", "_"): float(value) for name, value in options})

    assert [kind for kind, _ in rows] == [kind.name for kind in CONDITIONS]
