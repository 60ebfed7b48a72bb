"""Attached workers on the GPU: their places, and what limits and stopped jobs do to them."""

from tests.fakes.runpod.conftest import Account, settled
from tests.fakes.runpod.outside import Outside
from tests.fakes.runpod.test_attached import attached, taken


async def test_the_built_in_worker_gives_its_place_away_after_its_job_when_one_is_attached(
    account: Account,
) -> None:
    job = await account.run({"mock_delay": 5})
    poll = Outside(account).poll()
    await settled()
    other = await account.run({"mock_delay": 1}, "staging-blip")
    before = await account.health()
    account.clock.advance(5)
    await settled()

    after = await account.status(other, "staging-blip")

    assert (before["workers"], after["status"]) == ({"idle": 1, "ready": 1, "running": 1}, "IN_PROGRESS")
    assert (await account.status(job))["status"] == "COMPLETED"
    poll.cancel()


async def test_attached_workers_count_with_built_in_ones_that_are_still_at_a_job(account: Account) -> None:
    account.app.load({"workers": 4})
    await account.scale(workersMax=1)
    job = await account.run({"mock_delay": 5})
    poll = Outside(account).poll()
    await settled()
    following = await account.run({"a": 1})
    waiting = await account.status(following)
    account.clock.advance(5)
    await settled()

    given = await poll

    assert (waiting["status"], given[1]["id"]) == ("IN_QUEUE", following)
    assert (await account.status(job))["status"] == "COMPLETED"


async def test_a_worker_whose_place_was_taken_away_gets_no_more_jobs(account: Account) -> None:
    worker = Outside(account)
    first = await taken(account, worker)
    await account.client.put("/_fake/faults", json={"kind": "throttled"})
    poll = worker.poll(busy=True)
    following = await account.run({"a": 2})
    waiting = await account.status(following)

    await account.client.delete("/_fake/faults")

    assert waiting["status"] == "IN_QUEUE"
    assert (await poll)[1]["id"] == following
    assert (await account.status(first))["status"] == "IN_PROGRESS"


async def test_a_job_outside_whose_time_to_live_ends_before_its_own_limit_has_not_timed_out(
    account: Account,
) -> None:
    worker = Outside(account)
    await attached(account, "clip")
    job = await account.run({"a": 1}, policy={"executionTimeout": 10_000})
    assert await worker.take() == job
    await account.get(f"staging-clip/status/{job}?ttl=1000")

    await account.pass_(4)

    assert (await account.health())["jobs"] == {}
    assert (await worker.done(job, {"output": 1}))[0] == 200
    assert (await account.health())["jobs"] == {}


async def test_a_job_that_its_worker_does_not_stop_holds_up_no_other(account: Account) -> None:
    worker = Outside(account)
    job = await taken(account, worker)
    channel = worker.listen()
    await settled()
    await account.pass_(600)
    stopped = await channel
    following = await account.run({"a": 2})

    given = await worker.take(busy=True)

    states = [(await account.status(one))["status"] for one in (job, following)]
    assert (stopped, given) == ((200, {"jobsToStop": [job]}), following)
    assert states == ["IN_QUEUE", "IN_PROGRESS"]
