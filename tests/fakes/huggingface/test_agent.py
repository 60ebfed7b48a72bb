"""An agent carries deployments out: it is told what to do, and the stage is what it tells."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.fakes.huggingface.conftest import (
    API,
    SPACE,
    USER,
    committed,
    created,
    file,
    header,
    runtime,
    seeded,
    stage,
)
from tests.fakes.orders import handed_over, orders
from tests.fakes.serving import Served, served


@pytest.fixture(scope="module")
def running() -> Iterator[Served]:
    with served("huggingface", deployments="agent") as fakes:
        yield fakes


def deployed(hub: httpx.Client) -> dict[str, Any]:
    """A Space with one version under way; what the agent is told of it."""
    created(hub)
    committed(hub, header("Deploy"), file("Dockerfile", b"FROM scratch\n"), file("app/main.py", b"print()\n"))
    return orders(hub)[0]


def told(hub: httpx.Client, deployment: str, **progress: Any) -> httpx.Response:
    return hub.post(f"/_fake/deployments/{deployment}", json=progress)


def test_the_agent_is_told_what_to_deploy(hub: httpx.Client) -> None:
    order = deployed(hub)

    deployment = order.pop("deployment")
    sha = hub.get(API).json()["sha"]
    assert order == {
        "platform": "huggingface",
        "project": USER,
        "service": "clipnet-api",
        "environment": "main",
        "commit": {"sha": sha, "ref": "main", "message": "Deploy", "author": USER},
        "action": "deploy",
        "has_files": True,
    }
    assert handed_over(hub, deployment)["app/main.py"] == b"print()\n"
    listed = hub.get("/_fake/spaces").json()["deployments"]
    assert [(one["id"], one["state"], one["sha"]) for one in listed] == [(deployment, "BUILDING", sha)]


def test_the_stage_is_what_the_agent_tells(hub: httpx.Client) -> None:
    deployment = deployed(hub)["deployment"]
    found = [stage(hub)]

    for state in ("APP_STARTING", "RUNNING"):
        told(hub, deployment, state=state, logs=[f"now {state}"], url="http://127.0.0.1:7860")
        found.append(stage(hub))

    assert found == ["BUILDING", "APP_STARTING", "RUNNING"]
    assert 'href="http://127.0.0.1:7860"' in hub.get(f"/spaces/{SPACE}").text
    committed(hub, header(), file("a.txt"))
    assert stage(hub) == "RUNNING_BUILDING"
    told(hub, deployment, state="RUNTIME_ERROR")
    assert stage(hub) == "RUNNING_BUILDING"


def test_what_the_agent_writes_is_in_the_logs(hub: httpx.Client) -> None:
    deployment = deployed(hub)["deployment"]

    told(hub, deployment, logs=["step 1"])
    told(hub, deployment, state="BUILD_ERROR", logs=[{"message": "step 2 failed", "stage": "build"}])

    with hub.stream("GET", f"{API}/logs/build") as answer:
        log = answer.read().decode()
    assert (stage(hub), "step 1\\n" in log, "step 2 failed\\n" in log) == ("BUILD_ERROR", True, True)


def test_what_the_agent_says_of_a_failure_is_shown(hub: httpx.Client) -> None:
    deployment = deployed(hub)["deployment"]

    told(hub, deployment, state="RUNTIME_ERROR", logs=["Traceback", "KeyError: 'HOST'"])

    assert (stage(hub), runtime(hub)["errorMessage"]) == ("RUNTIME_ERROR", "Traceback\nKeyError: 'HOST'")


def test_a_pause_a_restart_and_the_end_are_told(hub: httpx.Client) -> None:
    deployment = deployed(hub)["deployment"]
    told(hub, deployment, state="RUNNING")
    hub.post(f"{API}/pause")
    hub.post(f"{API}/restart")
    hub.request("DELETE", "/api/repos/delete", json={"name": "clipnet-api", "type": "space"})

    found = orders(hub)

    assert [one["action"] for one in found] == ["deploy", "cancel", "restart", "cancel"]
    assert [one["has_files"] for one in found] == [True, False, True, False]
    assert [one["deployment"] for one in found[:2]] == [deployment, deployment]


def test_what_was_seeded_runs_without_the_agent(hub: httpx.Client) -> None:
    seeded(hub, {"build_s": 45, "spaces": [{"id": SPACE, "files": {"Dockerfile": "FROM scratch"}}]})

    assert (stage(hub), orders(hub)) == ("RUNNING", [])


@pytest.mark.parametrize(
    ("progress", "words"),
    [
        ({"state": "READY"}, "state is 'READY'; known are BUILDING, APP_STARTING, RUNNING"),
        ({"status": "RUNNING"}, "unknown field 'status'"),
        ({"logs": "a"}, "logs must be a list"),
    ],
)
def test_a_report_that_means_nothing_is_refused(
    hub: httpx.Client, progress: dict[str, Any], words: str
) -> None:
    deployment = deployed(hub)["deployment"]

    refused = told(hub, deployment, **progress)

    assert (refused.status_code, words in refused.json()["error"]) == (400, True)
    assert stage(hub) == "BUILDING"


def test_a_report_on_an_unknown_deployment_is_refused(hub: httpx.Client) -> None:
    refused = told(hub, "spd-unknown", state="RUNNING")

    words = "there is no deployment 'spd-unknown'; GET /_fake/spaces lists them"
    assert (refused.status_code, refused.json()) == (400, {"error": words})
