"""The official package's asyncio client against the fake."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from runpod.endpoint.asyncio.asyncio_runner import Endpoint
from runpod.http_client import ClientSession

from fakes.runpod.state import STAGING_KEY
from tests.fakes.serving import Served
from tests.sdk.runpod.workers import control


@pytest.fixture
async def endpoint(fake: Served) -> AsyncIterator[Any]:
    async with ClientSession() as session:
        yield Endpoint("staging-clip", session, api_key=STAGING_KEY)


async def test_a_job_runs_to_its_output(endpoint: Any) -> None:
    job = await endpoint.run({"mock_return": {"answer": 42}})

    assert await job.output(timeout=10) == {"answer": 42}
    assert await job.status() == "COMPLETED"


async def test_a_failed_job_has_no_output(endpoint: Any) -> None:
    job = await endpoint.run({"mock_error": True})

    assert (await job.output(timeout=10), await job.status()) == (None, "FAILED")


async def test_a_job_that_takes_too_long_for_its_caller_goes_on(endpoint: Any, fake: Served) -> None:
    job = await endpoint.run({"mock_delay": 60, "mock_return": "late"})

    with pytest.raises(TimeoutError, match=r"Job timed out\."):
        await job.output(timeout=0.1)
    before = await job.status()
    control(fake, "POST", "clock", {"advance_s": 60})

    assert (before, await job.output(timeout=10)) == ("IN_PROGRESS", "late")


async def test_a_running_job_is_cancelled_and_the_queue_purged(endpoint: Any) -> None:
    running, _waiting = [await endpoint.run({"mock_delay": 600}) for _ in range(2)]
    before = await endpoint.health()

    purged, cancelled = await endpoint.purge_queue(), await running.cancel()

    assert (before["jobs"]["inProgress"], before["jobs"]["inQueue"]) == (1, 1)
    assert purged == {"removed": 1, "status": "completed"}
    assert cancelled == {"id": running.job_id, "status": "CANCELLED"}
    assert await running.status() == "CANCELLED"


@pytest.mark.slow
async def test_the_stream_yields_what_the_handler_yields(endpoint: Any) -> None:
    job = await endpoint.run({"mock_return": ["one", {"two": 2}]})

    assert [item async for item in job.stream()] == ["one", {"two": 2}]


async def test_health_counts_workers(endpoint: Any) -> None:
    health = await endpoint.health()

    assert health["workers"]["ready"] == 1
