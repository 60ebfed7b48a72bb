"""The edges of each operation: waits, times to live, streams, ended jobs."""

import asyncio
import json
from typing import Any

import pytest

from fakes.runpod.wire import CHUNK_LIMIT_BYTES, chunk_texts
from tests.fakes.runpod.conftest import Account, settled

DEADLINE_S = 10.0


async def until_running(account: Account, count: int = 1) -> None:
    async with asyncio.timeout(DEADLINE_S):
        while (await account.get("staging-clip/health"))["jobs"]["inProgress"] < count:
            pass


@pytest.mark.parametrize(
    ("query", "waits_s"),
    [
        ("", 90),
        ("?wait=", 90),
        ("?wait=2000", 2),
        ("?wait=1", 1),
        ("?wait=0", 1),
        ("?wait=" + "9" * 4400, 300),
    ],
)
async def test_runsync_waits_as_long_as_it_is_told(account: Account, query: str, waits_s: float) -> None:
    asked = asyncio.create_task(account.post(f"staging-clip/runsync{query}", {"input": {"mock_delay": 900}}))
    await until_running(account)
    account.clock.advance(waits_s - 0.001)
    await settled()
    before = asked.done()
    account.clock.advance(0.001)

    async with asyncio.timeout(DEADLINE_S):
        said = await asked

    assert not before
    assert (said["status"], set(said)) == ("IN_PROGRESS", {"delayTime", "id", "status", "workerId"})


async def test_status_sync_waits_for_the_end(account: Account) -> None:
    job = await account.run({"mock_delay": 5, "mock_return": "done"})
    await account.status(job)
    asked = [asyncio.create_task(account.get(f"staging-clip/status-sync/{job}?wait=60000")) for _ in range(2)]
    await settled()
    account.clock.advance(5)

    async with asyncio.timeout(DEADLINE_S):
        said = await asyncio.gather(*asked)

    assert [one["output"] for one in said] == ["done", "done"]


async def test_who_waits_for_a_job_that_is_removed_hears_so(account: Account) -> None:
    await account.run({"mock_delay": 60})
    job = await account.run({"mock_return": 1})
    asked = asyncio.create_task(account.client.get(f"/v2/staging-clip/status-sync/{job}"))
    await settled()

    await account.post("staging-clip/purge-queue")

    async with asyncio.timeout(DEADLINE_S):
        assert (await asked).status_code == 404


@pytest.mark.parametrize("operation", ["status", "status-sync", "stream"])
async def test_following_a_job_takes_get_and_post(account: Account, operation: str) -> None:
    job = await account.run({"mock_return": 1})
    await account.end(job)

    said = [
        await account.get(f"staging-clip/{operation}/{job}"),
        await account.post(f"staging-clip/{operation}/{job}"),
    ]

    assert [one["status"] for one in said] == ["COMPLETED", "COMPLETED"]


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "run"), ("GET", "runsync"), ("GET", "cancel/j1"), ("GET", "purge-queue"), ("POST", "health"),
     ("DELETE", "status/j1"), ("POST", "run/"), ("GET", "status/"), ("GET", "status"), ("GET", "")],
)  # fmt: skip
async def test_another_method_or_path_is_a_loud_gap(account: Account, method: str, path: str) -> None:
    answer = await account.client.request(method, f"/v2/staging-clip/{path}")

    assert answer.status_code == 501


async def test_a_result_is_removed_sooner_by_a_ttl_and_never_kept_longer(account: Account) -> None:
    job = await account.run({"mock_return": 1})
    await account.end(job)

    first = await account.get(f"staging-clip/status/{job}?ttl=6000")
    account.clock.advance(5)
    second = await account.get(f"staging-clip/status/{job}?ttl=60000")
    account.clock.advance(1)
    third = await account.client.get(f"/v2/staging-clip/status/{job}")

    assert (first, second["status"], third.status_code) == (second, "COMPLETED", 404)


async def test_a_ttl_ends_a_job_that_runs_and_frees_its_worker(account: Account) -> None:
    job = await account.run({"mock_delay": 900})
    following = await account.run({"mock_return": "next"})
    await account.get(f"staging-clip/status/{job}?ttl=6000")
    account.clock.advance(6)

    done = await account.end(following)
    gone = await account.client.get(f"/v2/staging-clip/status/{job}")

    assert (done["output"], gone.status_code) == ("next", 404)


async def test_a_ttl_that_is_no_number_is_refused(account: Account) -> None:
    answer = await account.client.get("/v2/staging-clip/status/j1?ttl=soon")

    assert (answer.status_code, answer.json()) == (
        400,
        {"error": "bad request: 'ttl' is 'soon'; it must be a number of milliseconds"},
    )


@pytest.mark.parametrize("operation", ["status", "status-sync", "stream", "cancel", "retry"])
async def test_a_job_that_nobody_knows_is_not_found(account: Account, operation: str) -> None:
    answer = await account.client.post(
        f"/v2/staging-clip/{operation}/00000000-0000-0000-0000-000000000000-u1"
    )

    assert (answer.status_code, answer.json()) == (404, {"error": "job not found"})


@pytest.mark.parametrize(
    ("given", "status"), [({"mock_return": 1}, "COMPLETED"), ({"mock_error": True}, "FAILED")]
)
async def test_a_job_that_has_ended_keeps_its_end_when_it_is_cancelled(
    account: Account, given: Any, status: str
) -> None:
    job = await account.run(given)
    done = await account.end(job)

    said = await account.post(f"staging-clip/cancel/{job}")

    assert (said, await account.status(job)) == ({"id": job, "status": status}, done)


async def test_a_cancelled_job_is_cancelled_once_and_not_retried(account: Account) -> None:
    job = await account.run({"mock_delay": 60})
    first = await account.post(f"staging-clip/cancel/{job}")
    second = await account.post(f"staging-clip/cancel/{job}")

    refused = await account.client.post(f"/v2/staging-clip/retry/{job}")

    assert (first, second) == ({"id": job, "status": "CANCELLED"},) * 2
    assert (refused.status_code, refused.json()) == (
        400,
        {"error": "bad request: the job is CANCELLED; only FAILED and TIMED_OUT jobs can be retried"},
    )


@pytest.mark.parametrize("given", [{"mock_delay": 60}, {"mock_return": 1}])
async def test_only_a_job_that_failed_is_retried(account: Account, given: Any) -> None:
    job = await account.run(given)
    status = (await account.status(job))["status"]

    refused = await account.client.post(f"/v2/staging-clip/retry/{job}")

    assert (refused.status_code, refused.json()) == (
        400,
        {"error": f"bad request: the job is {status}; only FAILED and TIMED_OUT jobs can be retried"},
    )


async def test_a_stream_says_nothing_while_a_job_waits(account: Account) -> None:
    await account.run({"mock_delay": 60})
    job = await account.run({"mock_return": ["a"]})

    assert await account.get(f"staging-clip/stream/{job}") == {"status": "IN_QUEUE", "stream": []}


async def test_the_last_items_of_a_stream_come_with_the_end(account: Account) -> None:
    job = await account.run({"mock_return": ["one", "two"], "mock_delay": 1})
    await account.status(job)
    running = await account.get(f"staging-clip/stream/{job}")
    account.clock.advance(1)
    await account.end(job)

    last = await account.get(f"staging-clip/stream/{job}")
    end = await account.get(f"staging-clip/stream/{job}")

    assert running == {"status": "IN_PROGRESS", "stream": []}
    assert last == {"status": "COMPLETED", "stream": [{"output": "one"}, {"output": "two"}]}
    assert end == {"status": "COMPLETED", "stream": []}


async def test_a_stream_hands_out_no_more_than_fits_into_an_answer(account: Account) -> None:
    state = account.state
    job = await account.run({"mock_delay": 60})
    await account.status(job)
    clip = state.endpoints.find("staging-clip")
    assert clip is not None
    for number in range(1001):
        state.streams.add(state.jobs.get(clip, job), number)
    for _ in range(11):
        state.streams.add(state.jobs.get(clip, job), "x" * (CHUNK_LIMIT_BYTES - 2))

    answers = [(await account.get(f"staging-clip/stream/{job}"))["stream"] for _ in range(4)]

    assert [len(items) for items in answers] == [1000, 11, 1, 0]
    assert [item["output"] for item in (*answers[0], answers[1][0])] == list(range(1001))


@pytest.mark.parametrize(
    ("output", "count"),
    [
        ("x" * (CHUNK_LIMIT_BYTES - 2), 1),
        ("x" * 2_500_000, 3),
        ("\N{CLAPPER BOARD}" * 200_000, 3),
        ('"\n' * 500_000, 13),
        (None, 1),
        ({"small": [1, 2]}, 1),
    ],
)
def test_an_item_over_a_megabyte_is_split(output: Any, count: int) -> None:
    texts = chunk_texts(output)

    assert (len(texts), max(len(text) for text in texts) <= CHUNK_LIMIT_BYTES) == (count, True)
    if isinstance(output, str):
        assert "".join(json.loads(text) for text in texts) == output
    else:
        assert json.loads(texts[0]) == output
