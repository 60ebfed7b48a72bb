"""What the official clients make of keys that may not, of rate limits, and of jobs that are gone."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest
import requests
import runpod

from fakes.runpod.state import READ_ONLY_KEY
from tests.fakes.serving import Served


@pytest.fixture
def control(fake: Served) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=f"{fake.url('runpod')}/_fake", trust_env=False) as client:
        yield client
        client.post("/reset")


def test_a_key_that_may_only_read_is_unauthorized_to_run(fake: Served) -> None:
    endpoint = runpod.Endpoint("staging-clip", api_key=READ_ONLY_KEY)

    assert endpoint.health()["jobs"]["inQueue"] == 0
    with pytest.raises(RuntimeError, match="401 Unauthorized"):
        endpoint.run({"mock_return": 1})


def test_one_request_too_many_is_the_clients_http_error(endpoint: Any, control: httpx.Client) -> None:
    control.put("/rate-limits", json={"rate_limits": {"run": {"requests": 1}}})
    endpoint.run({"mock_return": 1})

    with pytest.raises(requests.HTTPError, match="429 Client Error"):
        endpoint.run({"mock_return": 1})


def test_a_rate_limit_that_ends_is_waited_for_by_the_client(endpoint: Any, control: httpx.Client) -> None:
    job = endpoint.run({"mock_return": 1})
    control.put("/faults", json={"kind": "error", "status": 429, "path": "*/status/*", "times": 1})

    assert job.status() == "COMPLETED"


def test_input_that_names_production_is_forbidden(endpoint: Any, control: httpx.Client) -> None:
    with pytest.raises(requests.HTTPError, match="403 Client Error"):
        endpoint.run_sync({"model_path": "/runpod-volume/production/clip"})

    assert control.get("/state").json()["violations"] == 1


def test_a_result_that_is_no_longer_kept_is_not_found(endpoint: Any, control: httpx.Client) -> None:
    job = endpoint.run({"mock_return": 1})
    control.post("/clock", json={"advance_s": 1801})

    with pytest.raises(requests.HTTPError, match="404 Client Error"):
        job.status()
