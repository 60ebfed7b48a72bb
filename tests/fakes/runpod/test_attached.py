"""The worker's side of the protocol: jobs that are taken, how they go, and what is said of them."""

from typing import Any

import pytest

from fakes.runpod.attached import HOLD_S, STOPPING_HOLD_S
from fakes.runpod.state import State
from fakes.runpod.state.keys import Key
from fakes.runpod.wire import CHUNK_LIMIT_BYTES
from tests.fakes.runpod.conftest import Account, settled
from tests.fakes.runpod.outside import Outside

NO_JOB = (204, None)


async def test_a_poll_that_is_held_gets_the_job_with_all_that_is_handed_on(account: Account) -> None:
    poll = Outside(account).poll()
    s3 = {"accessId": "id", "accessSecret": "secret", "bucketName": "clips", "endpointUrl": "https://s3.test"}
    job = await account.run({"a": 1}, webhook="http://127.0.0.1:1/hook", s3Config=s3)

    status, body = await poll

    assert status == 200
    assert body == {"id": job, "input": {"a": 1}, "s3Config": s3, "webhook": "http://127.0.0.1:1/hook"}
    assert set(await account.status(job)) == {"delayTime", "id", "status", "workerId"}


async def test_a_job_that_waits_is_given_to_the_first_poll(account: Account) -> None:
    await attached(account, "clip")
    job = await account.run({"a": 1})

    status, body = await Outside(account).poll()

    assert (status, body) == (200, {"id": job, "input": {"a": 1}})


async def test_a_poll_is_held_for_a_while_of_real_time(account: Account) -> None:
    poll = Outside(account).poll()
    await settled()
    account.clock.advance(600)
    account.clock.real.advance(HOLD_S - 0.1)
    await settled()
    is_early = poll.done()
    account.clock.real.advance(0.1)

    assert await poll == NO_JOB
    assert not is_early


async def test_an_answer_completes_the_job_with_its_times(account: Account) -> None:
    worker = Outside(account)
    await attached(account, "clip")
    job = await account.run({"a": 1})
    account.clock.advance(2)
    await worker.take()
    account.clock.advance(3)

    answer = await worker.done(job, {"output": {"words": 5}})

    assert answer == (200, {})
    assert await account.status(job) == {
        "delayTime": 2000,
        "executionTime": 3000,
        "id": job,
        "output": {"words": 5},
        "status": "COMPLETED",
        "workerId": "wk1",
    }


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ({"error": "no audio"}, {"error": "no audio"}),
        ({"error": ["a is missing", "b too"]}, {"error": '["a is missing", "b too"]'}),
        ({"error": "late", "output": {"part": 1}}, {"error": "late", "output": {"part": 1}}),
    ],
)
async def test_an_error_fails_the_job(account: Account, said: Any, shown: Any) -> None:
    worker = Outside(account)
    job = await taken(account, worker)

    await worker.done(job, said)

    found = await account.status(job)
    assert (found["status"], {name: found[name] for name in shown}) == ("FAILED", shown)
    assert (await account.get("staging-clip/health"))["jobs"]["failed"] == 1


async def test_progress_is_shown_while_the_job_runs(account: Account) -> None:
    worker = Outside(account)
    job = await taken(account, worker)
    await worker.done(job, {"status": "IN_PROGRESS", "output": "half"})
    running = await account.status(job)

    await worker.done(job, {})

    assert (running["status"], running["output"]) == ("IN_PROGRESS", "half")
    done = await account.status(job)
    assert (done["status"], "output" in done) == ("COMPLETED", False)


async def test_chunks_are_streamed_one_by_one(account: Account) -> None:
    worker = Outside(account)
    job = await taken(account, worker)
    for item in ("one", {"two": 2}):
        await worker.stream(job, {"output": item})
    first = await account.get(f"staging-clip/stream/{job}")
    await worker.stream(job, {"output": 3})
    await worker.done(job, {"output": ["one", {"two": 2}, 3]}, is_stream=True)

    rest = await account.get(f"staging-clip/stream/{job}")

    assert first["stream"] == [{"output": "one"}, {"output": {"two": 2}}]
    assert rest["stream"] == [{"output": 3}]
    assert (await account.status(job))["output"] == ["one", {"two": 2}, 3]


async def test_a_chunk_over_a_megabyte_is_refused_and_the_job_goes_on(account: Account) -> None:
    worker = Outside(account)
    job = await taken(account, worker)

    answer = await worker.stream(job, {"output": "x" * CHUNK_LIMIT_BYTES})

    assert answer == (400, {"error": "json is invalid; max size is 1 MB"})
    assert (await account.get(f"staging-clip/stream/{job}")) == {"status": "IN_PROGRESS", "stream": []}


async def test_a_job_cannot_stream_without_end(account: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fakes.runpod.attached.STREAM_LIMIT_BYTES", 40)
    worker = Outside(account)
    job = await taken(account, worker)

    statuses = [(await worker.stream(job, {"output": "x" * 10}))[0] for _ in range(2)]

    assert statuses == [200, 400]


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        (b"{", "json is invalid; max size is {limit} MB"),
        (b"", "json is invalid; max size is {limit} MB"),
        (b'{"output": NaN}', "json is invalid; max size is {limit} MB"),
        (b"[" * 100_000, "json is invalid; max size is {limit} MB"),
        ([1], "bad request: the body is not a JSON object"),
    ],
)
async def test_an_answer_that_cannot_be_read_is_refused_and_changes_nothing(
    account: Account, said: Any, reason: str
) -> None:
    worker = Outside(account)
    job = await taken(account, worker)

    answers = [await worker.done(job, said), await worker.stream(job, said)]

    assert answers == [(400, {"error": reason.format(limit=limit)}) for limit in (20, 1)]
    assert (await account.status(job))["status"] == "IN_PROGRESS"


async def test_a_chunk_without_output_is_refused(account: Account) -> None:
    worker = Outside(account)
    job = await taken(account, worker)

    answer = await worker.stream(job, {"out": 1})

    assert answer == (400, {"error": "bad request: the body has no field 'output'"})


async def test_a_batch_is_given_in_the_order_in_which_the_jobs_came(account: Account) -> None:
    await attached(account, "clip")
    jobs = [await account.run({"number": number}) for number in range(4)]

    status, body = await Outside(account).poll(batch=3)

    assert (status, [job["id"] for job in body]) == (200, jobs[:3])
    states = [(await account.status(job))["status"] for job in jobs]
    assert states == ["IN_PROGRESS"] * 3 + ["IN_QUEUE"]
    assert (await account.get("staging-clip/health"))["workers"]["running"] == 1


async def test_a_worker_takes_more_while_it_has_a_job(account: Account) -> None:
    worker = Outside(account)
    first = await taken(account, worker)
    poll = worker.poll(busy=True)
    second = await account.run({"a": 2})

    given = await poll
    await worker.done(first, {"output": 1})
    await worker.done(second, {"output": 2})

    assert given == (200, {"id": second, "input": {"a": 2}})
    assert [(await account.status(job))["output"] for job in (first, second)] == [1, 2]


async def test_several_workers_share_an_endpoint_as_far_as_the_gpu_has_places(account: Account) -> None:
    one, other = Outside(account, "wk1"), Outside(account, "wk2")
    first = await taken(account, one)
    poll = other.poll()
    second = await account.run({"a": 2})
    waiting = (await account.status(second))["status"]

    await account.client.put("/_fake/gpu", json={"workers": 2})

    assert (waiting, await poll) == ("IN_QUEUE", (200, {"id": second, "input": {"a": 2}}))
    assert [(await account.status(job))["workerId"] for job in (first, second)] == ["wk1", "wk2"]


async def test_an_attached_worker_holds_a_place_while_it_has_a_job(account: Account) -> None:
    worker = Outside(account)
    job = await taken(account, worker)
    other = await account.run({"mock_return": 1}, "staging-blip")
    waiting = (await account.status(other, "staging-blip"))["status"]

    await worker.done(job, {"output": 1})

    assert waiting == "IN_QUEUE"
    assert (await account.end(other, "staging-blip"))["status"] == "COMPLETED"


async def test_a_worker_that_is_up_takes_a_job_at_once_however_the_endpoint_scales(account: Account) -> None:
    account.app.load({"timing": "realistic", "workers": 2})
    await taken(account, Outside(account, "wk1"))
    poll = Outside(account, "wk2").poll()

    job = await account.run({"a": 2}, policy={"lowPriority": True})

    assert await poll == (200, {"id": job, "input": {"a": 2}})
    assert (await account.status(job))["delayTime"] == 0


async def test_no_more_workers_run_than_the_endpoint_has_at_most(account: Account) -> None:
    account.app.load({"workers": 8})
    state = account.app.parts.state
    assert isinstance(state, State)
    workers = [Outside(account, f"wk{number}") for number in range(4)]
    polls = [worker.poll() for worker in workers]

    jobs = [await account.run({"a": number}) for number in range(4)]

    await settled()
    assert [poll.done() for poll in polls] == [True, True, True, False]
    assert (await account.status(jobs[3]))["status"] == "IN_QUEUE"
    polls[3].cancel()


async def test_a_cancelled_job_is_stopped_and_its_late_answer_changes_nothing(account: Account) -> None:
    worker = Outside(account)
    job = await taken(account, worker)
    channel = worker.listen()
    await account.post(f"staging-clip/cancel/{job}")

    told = await channel
    answers = [await worker.done(job, {"output": 1}) for _ in range(2)]

    assert told == (200, {"jobsToStop": [job]})
    assert answers == [(200, {}), (200, {})]
    found = await account.status(job)
    assert (found["status"], "output" in found) == ("CANCELLED", False)


async def test_a_stop_waits_for_the_next_poll_of_its_channel_and_is_said_again(account: Account) -> None:
    worker = Outside(account)
    job = await taken(account, worker)
    await account.post(f"staging-clip/cancel/{job}")

    first = await worker.listen()
    again = worker.listen()
    await settled()
    is_at_once = again.done()
    account.clock.real.advance(HOLD_S)

    assert (first, await again) == ((200, {"jobsToStop": [job]}),) * 2
    assert not is_at_once


async def test_the_stop_channel_is_quiet_when_there_is_nothing_to_stop(account: Account) -> None:
    channel = Outside(account).listen()
    await settled()
    account.clock.real.advance(HOLD_S)

    assert await channel == NO_JOB


async def test_a_worker_that_goes_on_with_a_cancelled_job_keeps_its_place(account: Account) -> None:
    worker = Outside(account)
    job = await taken(account, worker)
    await account.post(f"staging-clip/cancel/{job}")
    other = await account.run({"mock_return": 1}, "staging-blip")
    waiting = (await account.status(other, "staging-blip"))["status"]

    await worker.done(job, {"output": 1})

    assert waiting == "IN_QUEUE"
    assert (await account.end(other, "staging-blip"))["status"] == "COMPLETED"


async def test_a_job_over_the_endpoints_limit_is_stopped_and_given_to_another_worker(
    account: Account,
) -> None:
    account.app.load({"workers": 2})
    one, other = Outside(account, "wk1"), Outside(account, "wk2")
    job = await taken(account, one)
    channel, poll = one.listen(), other.poll()
    await settled()
    account.clock.advance(600)

    stopped, given = await channel, await poll
    await one.done(job, {"output": "too late"})
    again = await account.status(job)
    account.clock.advance(600)
    await settled()

    assert stopped == (200, {"jobsToStop": [job]})
    assert given == (200, {"id": job, "input": {"a": 1}})
    assert (again["status"], again["retries"], again["workerId"]) == ("IN_PROGRESS", 1, "wk2")
    failed = await account.status(job)
    assert (failed["status"], failed["error"]) == ("FAILED", "job timed out after 1 retries")


async def test_a_job_is_given_back_to_a_worker_once_it_is_no_longer_at_it(account: Account) -> None:
    worker = Outside(account)
    job = await taken(account, worker)
    channel, poll = worker.listen(), worker.poll(busy=True)
    await settled()
    account.clock.advance(600)
    stopped, ended = await channel, await poll
    still_busy = worker.poll(busy=True)
    await settled()
    account.clock.real.advance(STOPPING_HOLD_S)

    given = await still_busy, await worker.poll()

    assert (stopped, ended) == ((200, {"jobsToStop": [job]}), NO_JOB)
    assert given == (NO_JOB, (200, {"id": job, "input": {"a": 1}}))


async def test_a_heartbeat_says_that_a_job_has_stopped(account: Account) -> None:
    worker = Outside(account)
    job = await taken(account, worker)
    await account.post(f"staging-clip/cancel/{job}")
    before = (await account.get("staging-clip/health"))["workers"]["running"]

    await worker.ping(runpod_version="1.12.0")

    assert (before, (await account.get("staging-clip/health"))["workers"]["running"]) == (1, 0)


async def test_a_job_over_its_own_limit_times_out(account: Account) -> None:
    worker = Outside(account)
    await attached(account, "clip")
    job = await account.run({"a": 1}, policy={"executionTimeout": 5000})
    await worker.take()
    channel = worker.listen()
    await settled()

    account.clock.advance(5)

    assert await channel == (200, {"jobsToStop": [job]})
    assert (await account.status(job))["status"] == "TIMED_OUT"


async def test_an_answer_of_another_worker_or_endpoint_changes_nothing(account: Account) -> None:
    job = await taken(account, Outside(account))

    strange = Outside(account, "wk2")
    elsewhere = Outside(account, "wk1", "staging-blip")
    answers = [await worker.done(job, {"output": 1}) for worker in (strange, elsewhere)]
    chunk = await strange.stream(job, {"output": 1})

    assert [*answers, chunk] == [(200, {})] * 3
    assert (await account.status(job))["status"] == "IN_PROGRESS"
    assert (await account.get(f"staging-clip/stream/{job}"))["stream"] == []


@pytest.mark.parametrize("path", ["job-take/wk1", "job-take-batch/wk1", "job-stop/wk1", "ping/wk1"])
async def test_production_is_not_found_with_stagings_key(account: Account, path: str) -> None:
    answer = await account.client.get(f"/v2/production-clip/{path}")

    assert (answer.status_code, answer.json()) == (404, {"error": "endpoint not found"})
    assert violations(account) == ["production endpoint 'production-clip' called with a staging key"]


@pytest.mark.parametrize("path", ["job-done/wk1/job", "job-stream/wk1/job"])
async def test_production_gets_no_answers_with_stagings_key(account: Account, path: str) -> None:
    answer = await account.client.post(f"/v2/production-clip/{path}", json={"output": 1})

    assert answer.status_code == 404
    assert violations(account) == ["production endpoint 'production-clip' called with a staging key"]


async def test_a_worker_needs_a_key_that_may_write(account: Account) -> None:
    state = account.app.parts.state
    assert isinstance(state, State)
    state.keys.add("rpa_reader", Key("staging", "read"))
    keys = ("", "rpa_unknown", "rpa_reader")

    answers = [
        await account.client.get("/v2/staging-clip/job-take/wk1", headers={"Authorization": key})
        for key in keys
    ]

    assert [answer.status_code for answer in answers] == [401, 401, 401]


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("job-take-batch/wk1?batch_size=0", "'batch_size' is '0'; it must be from 1 to 1000"),
        ("job-take-batch/wk1?batch_size=many", "'batch_size' is 'many'; it must be from 1 to 1000"),
        (
            "job-take-batch/wk1?batch_size=" + "1" * 5000,
            f"'batch_size' is '{'1' * 100}'; it must be from 1 to 1000",
        ),
        ("job-take/" + "w" * 101, "a worker's id has 100 characters at most"),
    ],
)
async def test_a_poll_that_asks_for_nothing_is_refused(account: Account, path: str, reason: str) -> None:
    answer = await account.client.get(f"/v2/staging-clip/{path}")

    assert (answer.status_code, answer.json()) == (400, {"error": f"bad request: {reason}"})


async def attached(account: Account, *models: str) -> None:
    """Let jobs of these endpoints wait for workers from outside."""
    await account.client.put("/_fake/gpu", json={"attached": list(models)})


async def taken(account: Account, worker: Outside) -> str:
    """A job that a worker has taken."""
    poll = worker.poll()
    job = await account.run({"a": 1})
    assert (await poll)[1]["id"] == job
    return job


def violations(account: Account) -> list[str | None]:
    return [entry.violation for entry in account.app.kit.journal.find(violations=True)]
