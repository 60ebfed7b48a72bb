"""Nothing that a request does grows with the jobs that have ended."""

from collections.abc import AsyncIterator

import pytest

from fakes.runpod.state import State
from fakes.runpod.wire import Submission
from tests.fakes.runpod.conftest import Account

ENDPOINT = "staging-clip"
MANY = 4_000
STEPS = 4_000
"""Of SQLite's machine: far fewer than it takes to look at so many jobs."""


@pytest.fixture
async def busy(account: Account) -> AsyncIterator[Account]:
    """After many jobs; a statement that looks at them all fails its request."""
    state, store = account.app.parts.state, account.app.kit.store
    assert isinstance(state, State)
    hosted = state.endpoints.find(ENDPOINT)
    assert hosted is not None
    with store.transaction():
        for position in range(1, MANY + 1):
            state.jobs.submit(hosted, Submission(input={"mock_return": 1}))
            state.jobs.finish(state.jobs.take(hosted, position, "w" * 14).job, "COMPLETED", output=1)
    with store.limited(STEPS):
        yield account


async def test_jobs_are_submitted_run_and_looked_at(busy: Account) -> None:
    job_id = await busy.run({"mock_return": 1})

    assert (await busy.end(job_id))["status"] == "COMPLETED"
    assert (await busy.get(f"{ENDPOINT}/stream/{job_id}"))["status"] == "COMPLETED"


async def test_health_counts_what_waits_and_runs(busy: Account) -> None:
    await busy.run({"mock_delay": 60})
    await busy.run({"mock_delay": 60})

    jobs = (await busy.get(f"{ENDPOINT}/health"))["jobs"]

    assert jobs == {"completed": MANY, "failed": 0, "inProgress": 1, "inQueue": 1, "retried": 0}


async def test_the_latest_jobs_are_listed(busy: Account) -> None:
    assert len((await busy.get(f"{ENDPOINT}/requests"))["requests"]) == 100


async def test_jobs_are_cancelled_and_purged(busy: Account) -> None:
    running = await busy.run({"mock_delay": 60})
    await busy.run({"mock_delay": 60})

    cancelled = await busy.post(f"{ENDPOINT}/cancel/{running}")
    await busy.run({"mock_delay": 60})
    purged = await busy.post(f"{ENDPOINT}/purge-queue")

    assert (cancelled["status"], purged["removed"]) == ("CANCELLED", 1)


async def test_a_failed_job_is_retried(busy: Account) -> None:
    failed = await busy.run({"mock_error": True})
    await busy.end(failed)

    assert (await busy.post(f"{ENDPOINT}/retry/{failed}"))["status"] == "IN_QUEUE"
