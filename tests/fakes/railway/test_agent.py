"""Deployments that an agent makes real: what it is told, and what it tells."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest

from fakes.railway.state import seeding
from tests.fakes.orders import orders
from tests.fakes.railway.conftest import OTHER_SHA, ROLL_BACK, SHA, Api
from tests.fakes.railway.test_deployments import do, first_of
from tests.fakes.serving import served

BUILD_LOGS = "query ($i: String!) { buildLogs(deploymentId: $i) { message severity } }"
LOGS = "query ($i: String!) { deploymentLogs(deploymentId: $i) { message severity } }"


@pytest.fixture
def api() -> Iterator[Api]:
    with (
        served("railway", deployments="agent") as running,
        httpx.Client(base_url=running.url("railway"), trust_env=False, timeout=10) as http,
    ):
        yield Api(http, {"Project-Access-Token": seeding.PROJECT_TOKEN})


def tell(api: Api, deployment_id: str, **body: object) -> httpx.Response:
    return api.http.post(f"/_fake/deployments/{deployment_id}", json=body)


def test_the_agent_is_told_what_to_deploy(api: Api) -> None:
    made = api.deploy(SHA)

    (order,) = orders(api.http)
    assert order == {
        "platform": "railway",
        "project": "clipnet-staging",
        "service": "api",
        "environment": "staging",
        "deployment": made,
        "commit": {"repo": "clipnet/clipnet", "branch": "develop", "sha": SHA, "message": "", "author": ""},
        "action": "deploy",
        "has_files": False,
    }
    assert api.status(made) == "QUEUED"


def test_what_the_agent_tells_is_what_everybody_sees(api: Api) -> None:
    before, made = first_of(api), api.deploy(SHA)
    for state in ("BUILDING", "DEPLOYING"):
        tell(api, made, state=state, logs=[{"message": state.lower(), "stage": "build"}]).raise_for_status()
        assert (api.status(made), first_of(api)) == (state, before)

    answer = tell(api, made, state="SUCCESS", logs=["listening"], url="http://127.0.0.1:18418")

    assert answer.json() == {"id": made, "state": "SUCCESS", "url": "http://127.0.0.1:18418"}
    assert first_of(api) == made
    assert api.deployment(made)["url"] == "http://127.0.0.1:18418"
    assert {"message": "deploying", "severity": "info"} in api.data(BUILD_LOGS, i=made)
    assert {"message": "listening", "severity": "info"} in api.data(LOGS, i=made)


def test_a_failure_leaves_the_old_one_serving(api: Api) -> None:
    before, made = first_of(api), api.deploy(SHA)

    tell(api, made, state="FAILED").raise_for_status()

    assert (api.status(made), first_of(api)) == ("FAILED", before)


def test_rollback_restart_stop_and_cancel_are_handed_over(api: Api) -> None:
    first = api.deploy(SHA)
    tell(api, first, state="SUCCESS")
    second = api.deploy(OTHER_SHA)
    tell(api, second, state="SUCCESS")
    api.data(ROLL_BACK, i=first)
    third = str(orders(api.http)[-1]["deployment"])
    tell(api, third, state="SUCCESS")
    api.data(do("deploymentRestart"), i=third)
    api.data(do("deploymentStop"), i=third)
    fourth = api.deploy(SHA)
    api.data(do("deploymentCancel"), i=fourth)

    found = [(one["action"], one["deployment"]) for one in orders(api.http)]

    assert found[2:] == [
        ("rollback", third),
        ("restart", third),
        ("stop", third),
        ("deploy", fourth),
        ("cancel", fourth),
    ]
    assert api.status(fourth) == "REMOVED"


def test_what_is_over_takes_no_more_progress(api: Api) -> None:
    made = api.deploy(SHA)
    tell(api, made, state="FAILED")

    refused = tell(api, made, state="SUCCESS")

    assert refused.status_code == 400
    assert refused.json() == {"error": f"deployment '{made}' is FAILED; that is its end"}
    assert tell(api, made, logs=["the last words"]).status_code == 200


def test_an_unknown_deployment_or_state_is_named(api: Api) -> None:
    unknown = tell(api, "none", state="SUCCESS").json()["error"]
    state = tell(api, api.deploy(SHA), state="READY").json()["error"]

    assert unknown == "no deployment 'none' on fake 'railway'"
    assert state.startswith("unknown state 'READY'; known are BUILDING, CRASHED, DEPLOYING, FAILED")


def test_a_deployment_can_wait_for_approval(api: Api) -> None:
    made = api.deploy(SHA)
    tell(api, made, state="NEEDS_APPROVAL")

    assert api.data(do("deploymentApprove"), i=made) is True

    assert [(one["action"], one["deployment"]) for one in orders(api.http)] == [("deploy", made)] * 2
