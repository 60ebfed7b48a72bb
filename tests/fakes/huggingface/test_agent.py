"""An agent carries deployments out: it is told what to do, and the stage is what it tells."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.fakes.huggingface.conftest import (
    API,
    SPACE,
    USER,
    WRITE,
    advance,
    committed,
    created,
    file,
    header,
    runtime,
    seeded,
    stage,
)
from tests.fakes.receiver import Answer, Receiver, receiving
from tests.fakes.serving import Served, served
from tests.servers import wait_until


@pytest.fixture(scope="module")
def agent_server() -> Iterator[Receiver]:
    with receiving() as running:
        yield running


@pytest.fixture(scope="module")
def running(agent_server: Receiver) -> Iterator[Served]:
    with served("huggingface", deploy_url=f"{agent_server.url}/deployments") as fakes:
        yield fakes


@pytest.fixture
def agent(agent_server: Receiver) -> Iterator[Receiver]:
    yield agent_server
    agent_server.received.clear()
    agent_server.answer = Receiver("").answer


@pytest.fixture
def hub(running: Served, agent: Receiver) -> Iterator[httpx.Client]:
    url = running.url("huggingface")
    with httpx.Client(base_url=url, headers=WRITE, trust_env=False, timeout=10) as client:
        seeded(client, {})
        yield client
        client.post("/_fake/reset")


def orders(agent: Receiver, count: int) -> list[dict[str, Any]]:
    wait_until(lambda: len(agent.received) >= count, lambda: f"{count} orders; there are {agent.received}")
    return [json.loads(one.body) for one in agent.received]


def deployed(hub: httpx.Client, agent: Receiver) -> dict[str, Any]:
    """A Space with one version under way; what the agent was told of it."""
    created(hub)
    committed(hub, header("Deploy"), file("Dockerfile", b"FROM scratch\n"), file("app/main.py", b"print()\n"))
    return orders(agent, 1)[0]


def told(hub: httpx.Client, deployment: str, **progress: Any) -> httpx.Response:
    return hub.post(f"/_fake/deployments/{deployment}", json=progress)


def test_the_agent_is_told_what_to_deploy(hub: httpx.Client, agent: Receiver) -> None:
    order = deployed(hub, agent)

    files = Path(order.pop("files"))
    deployment = order.pop("deployment")
    sha = hub.get(API).json()["sha"]
    assert order == {
        "platform": "huggingface",
        "project": USER,
        "service": "clipnet-api",
        "environment": "main",
        "commit": {"sha": sha, "ref": "main", "message": "Deploy", "author": USER},
        "action": "deploy",
    }
    assert ((files / "app/main.py").read_text(), files.is_absolute()) == ("print()\n", True)
    listed = hub.get("/_fake/deployments").json()["deployments"]
    assert [(one["id"], one["state"], one["sha"]) for one in listed] == [(deployment, "BUILDING", sha)]


def test_the_stage_is_what_the_agent_tells(hub: httpx.Client, agent: Receiver) -> None:
    deployment = deployed(hub, agent)["deployment"]
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


def test_what_the_agent_writes_is_in_the_logs(hub: httpx.Client, agent: Receiver) -> None:
    deployment = deployed(hub, agent)["deployment"]

    told(hub, deployment, logs=["step 1"])
    told(hub, deployment, state="BUILD_ERROR", logs=[{"message": "step 2 failed", "stage": "build"}])

    with hub.stream("GET", f"{API}/logs/build") as answer:
        log = answer.read().decode()
    assert (stage(hub), "step 1\\n" in log, "step 2 failed\\n" in log) == ("BUILD_ERROR", True, True)


def test_an_agent_that_refuses_fails_the_deployment(hub: httpx.Client, agent: Receiver) -> None:
    agent.answer = lambda _: Answer(503)
    deployed(hub, agent)

    def has_failed() -> bool:
        advance(hub, 5)
        return stage(hub) == "BUILD_ERROR"

    wait_until(has_failed, lambda: f"the failure, not {stage(hub)}")
    assert runtime(hub)["errorMessage"].endswith("/deployments' answered 503")


def test_a_pause_a_restart_and_the_end_are_told(hub: httpx.Client, agent: Receiver) -> None:
    deployment = deployed(hub, agent)["deployment"]
    told(hub, deployment, state="RUNNING")
    hub.post(f"{API}/pause")
    hub.post(f"{API}/restart")
    hub.request("DELETE", "/api/repos/delete", json={"name": "clipnet-api", "type": "space"})

    found = sorted(orders(agent, 4), key=lambda one: one["action"])

    assert [one["action"] for one in found] == ["cancel", "cancel", "deploy", "restart"]
    assert [one["files"] is None for one in found] == [True, True, False, False]
    assert deployment in [one["deployment"] for one in found[:2]]


def test_what_was_seeded_runs_without_the_agent(hub: httpx.Client, agent: Receiver) -> None:
    seeded(hub, {"build_s": 45, "spaces": [{"id": SPACE, "files": {"Dockerfile": "FROM scratch"}}]})

    assert (stage(hub), agent.received) == ("RUNNING", [])


@pytest.mark.parametrize(
    ("progress", "words"),
    [
        ({"state": "READY"}, "state is 'READY'; known are BUILDING, APP_STARTING, RUNNING"),
        ({"status": "RUNNING"}, "unknown field 'status'"),
        ({"logs": "a"}, "logs must be a list"),
    ],
)
def test_a_report_that_means_nothing_is_refused(
    hub: httpx.Client, agent: Receiver, progress: dict[str, Any], words: str
) -> None:
    deployment = deployed(hub, agent)["deployment"]

    refused = told(hub, deployment, **progress)

    assert (refused.status_code, words in refused.json()["error"]) == (400, True)
    assert stage(hub) == "BUILDING"


def test_a_report_on_an_unknown_deployment_is_refused(hub: httpx.Client) -> None:
    refused = told(hub, "spd-unknown", state="RUNNING")

    words = "there is no deployment 'spd-unknown'; GET /_fake/deployments lists them"
    assert (refused.status_code, refused.json()) == (400, {"error": words})
