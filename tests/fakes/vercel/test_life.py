"""States, logs, promotions and rollbacks, failures, and deployments that are really carried out elsewhere."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.fakes.orders import handed_over, orders
from tests.fakes.serving import Served, served
from tests.fakes.vercel.conftest import (
    PAGE,
    PRODUCTION_HOST,
    PROJECT,
    PROJECT_ID,
    STAGING,
    Deploy,
    aliases,
    api_of,
    deployed,
    refused,
    site,
)

PROMOTE = f"/v10/projects/{PROJECT}/promote"
ROLLBACK = f"/v9/projects/{PROJECT}/rollback"


@pytest.fixture
def slow() -> Iterator[httpx.Client]:
    """The deployer of a fake that takes its time."""
    with served("vercel", timing="realistic") as fakes, api_of(fakes) as one:
        one.post("/_fake/clock", json={"freeze": True})
        yield one


@pytest.fixture
def ordered() -> Iterator[httpx.Client]:
    """The deployer of a fake whose deployments are carried out by an agent."""
    with served("vercel", deployments="agent") as fakes, api_of(fakes) as one:
        yield one


def state(client: httpx.Client, deployment: str) -> str:
    found: str = client.get(f"/v13/deployments/{deployment}").json()["readyState"]
    return found


def lines(answer: httpx.Response) -> list[dict[str, Any]]:
    return [json.loads(line) for line in answer.text.splitlines()]


def test_a_deployment_passes_through_its_states(slow: httpx.Client) -> None:
    made = deployed(slow, branch="develop")

    seen = [made["readyState"]]
    for seconds in (1, 2, 9):
        before = site(slow, STAGING).status_code
        slow.post("/_fake/clock", json={"advance_s": seconds})
        seen.append(state(slow, made["id"]))

    assert seen == ["QUEUED", "INITIALIZING", "BUILDING", "READY"]
    assert (before, site(slow, STAGING).content) == (404, PAGE)


def test_a_site_is_there_without_anybody_asking_the_api(slow: httpx.Client) -> None:
    deployed(slow, branch="develop")

    slow.post("/_fake/clock", json={"advance_s": 60})

    assert site(slow, STAGING).content == PAGE


def test_who_follows_the_log_hears_of_the_end(slow: httpx.Client) -> None:
    made = deployed(slow, branch="develop")
    params = {"follow": "1", "format": "lines", "direction": "forward"}

    with slow.stream("GET", f"/v3/now/deployments/{made['id']}/events", params=params) as answer:
        said = answer.iter_lines()
        first = json.loads(next(said))
        slow.post("/_fake/clock", json={"advance_s": 60})
        rest = [json.loads(line) for line in said]

    assert first["payload"]["text"] == f"Deploying {PROJECT} to preview"
    assert (rest[-2]["event"], rest[-2]["payload"]["value"]) == ("state", "READY")
    assert (rest[-1]["type"], STAGING in rest[-1]["alias"]) == ("alias-assigned", True)


def test_a_log_is_read_as_a_list_in_either_order(client: httpx.Client, deploy: Deploy) -> None:
    path = f"/v3/deployments/{deploy()['id']}/events"

    forward = client.get(path).json()
    backward = client.get(path, params={"direction": "backward", "limit": "1"}).json()

    assert [one["type"] for one in forward] == ["command", "stdout", "stdout"]
    assert backward == forward[-1:]


def test_a_deployment_under_way_is_cancelled_and_one_that_has_ended_is_not(slow: httpx.Client) -> None:
    made = deployed(slow, branch="develop")
    path = f"/v12/deployments/{made['id']}/cancel"

    first, second = slow.patch(path), slow.patch(path)

    assert (first.json()["readyState"], refused(second)) == ("CANCELED", (400, "bad_request"))
    slow.post("/_fake/clock", json={"advance_s": 60})
    assert (state(slow, made["id"]), aliases(slow)) == ("CANCELED", {})


def test_an_earlier_deployment_that_ends_later_does_not_take_the_branch(
    ordered: httpx.Client,
) -> None:
    first, second = (deployed(ordered, branch="develop")["id"] for _ in range(2))

    for one in (second, first):
        ordered.post(f"/_fake/deployments/{one}", json={"state": "READY"}).raise_for_status()

    assert set(aliases(ordered).values()) == {second}
    assert state(ordered, first) == "READY"


def test_a_deployment_that_fails_leaves_the_former_in_place(client: httpx.Client, deploy: Deploy) -> None:
    client.put("/_fake/state", json={"failure": "Command exited with 1"}).raise_for_status()

    made = deploy(branch="develop")

    failed = client.get(f"/v13/deployments/{made['id']}").json()
    assert (failed["readyState"], failed["errorMessage"]) == ("ERROR", "Command exited with 1")
    assert failed["aliasAssigned"] is False
    assert aliases(client) == {}
    answer = client.post(f"/v2/deployments/{made['id']}/aliases", json={"alias": STAGING})
    assert refused(answer) == (410, "gone")


def test_rolling_back_and_promoting_move_production(client: httpx.Client, deploy: Deploy) -> None:
    first = deploy(target="production")
    second = deploy({"index.html": b"two"}, target="production")

    back = client.post(f"{ROLLBACK}/{first['id']}")
    after_rollback = site(client, PRODUCTION_HOST).content
    third = deploy({"index.html": b"three"}, target="production")
    while_rolled_back = site(client, PRODUCTION_HOST).content
    again = client.post(f"{PROMOTE}/{third['id']}")

    assert (back.status_code, again.status_code) == (201, 201)
    assert (after_rollback, while_rolled_back) == (PAGE, PAGE)
    assert site(client, PRODUCTION_HOST).content == b"three"
    assert (second["readySubstate"], third["readySubstate"]) == ("PROMOTED", "STAGED")
    moved = client.get(f"/v9/projects/{PROJECT}", params={"rollbackInfo": "true"}).json()["lastAliasRequest"]
    assert {name: moved[name] for name in ("fromDeploymentId", "toDeploymentId", "jobStatus", "type")} == {
        "fromDeploymentId": first["id"],
        "toDeploymentId": third["id"],
        "jobStatus": "succeeded",
        "type": "promote",
    }
    told = client.get(f"/v1/projects/{PROJECT}/promote/aliases").json()["aliases"]
    assert [(one["alias"], one["status"]) for one in told] == [(PRODUCTION_HOST, "completed")]


@pytest.mark.parametrize("move", [PROMOTE, ROLLBACK])
def test_a_preview_is_not_moved_to_production_as_it_is(
    client: httpx.Client, deploy: Deploy, move: str
) -> None:
    assert refused(client.post(f"{move}/{deploy()['id']}")) == (400, "bad_request")
    assert refused(client.post(f"{move}/dpl_nowhere")) == (404, "not_found")


def test_what_is_not_ready_is_neither_promoted_nor_pointed_at(slow: httpx.Client) -> None:
    made = deployed(slow, target="production")

    promoted = slow.post(f"{PROMOTE}/{made['id']}")
    pointed = slow.post(f"/now/deployments/{made['id']}/aliases", json={"alias": "a.vercel.app"})

    assert refused(promoted) == refused(pointed) == (400, "deployment_not_ready")


def test_a_deployment_is_made_again_with_its_files(client: httpx.Client, deploy: Deploy) -> None:
    first = deploy(branch="develop")
    deploy({"index.html": b"two"}, "develop")

    body = {"deploymentId": first["id"], "name": PROJECT, "meta": {"action": "redeploy"}}
    again = client.post("/v13/deployments", params={"forceNew": "1"}, json=body).json()

    assert (again["projectId"], again["id"] != first["id"]) == (PROJECT_ID, True)
    assert site(client, STAGING).content == PAGE


def test_a_preview_is_promoted_by_making_it_again_for_production(
    client: httpx.Client, deploy: Deploy
) -> None:
    body = {"deploymentId": deploy()["id"], "name": PROJECT, "target": "production"}

    made = client.post("/v13/deployments", json=body | {"meta": {"action": "promote"}}).json()

    assert made["target"] == "production"
    assert site(client, PRODUCTION_HOST).content == PAGE


def test_an_agent_is_told_and_tells(ordered: httpx.Client) -> None:
    made = deployed(ordered, branch="develop")

    report = f"/_fake/deployments/{made['id']}"
    states = [made["readyState"]]
    for word in ("building", "READY", "building"):
        ordered.post(report, json={"state": word, "logs": [f"now {word}"]}).raise_for_status()
        states.append(state(ordered, made["id"]))

    assert orders(ordered) == [
        {
            "platform": "vercel",
            "project": PROJECT,
            "service": PROJECT,
            "environment": "staging",
            "deployment": made["id"],
            "action": "deploy",
            "commit": {"ref": "develop", "sha": "c" * 40, "message": None, "author": None},
            "has_files": True,
        },
    ]
    assert handed_over(ordered, made["id"]) == {"index.html": PAGE}
    assert states == ["QUEUED", "BUILDING", "READY", "READY"]
    assert site(ordered, STAGING).content == PAGE
    log = [one["text"] for one in ordered.get(f"/v3/deployments/{made['id']}/events").json()]
    assert "now building" in log


def test_what_the_agent_serves_is_led_to(ordered: httpx.Client) -> None:
    made = deployed(ordered, branch="develop")

    told = {"state": "READY", "url": "http://127.0.0.1:8400"}
    ordered.post(f"/_fake/deployments/{made['id']}", json=told).raise_for_status()

    answer = site(ordered, STAGING, "/clips")
    assert (answer.status_code, answer.headers["location"]) == (307, "http://127.0.0.1:8400/clips")


def test_an_agent_that_fails_ends_the_deployment(ordered: httpx.Client) -> None:
    made = deployed(ordered, branch="develop")

    ordered.post(f"/_fake/deployments/{made['id']}", json={"state": "failed", "logs": ["no space left"]})

    shown = ordered.get(f"/v13/deployments/{made['id']}").json()
    assert (shown["readyState"], shown["errorMessage"]) == ("ERROR", "no space left")


def test_a_host_name_that_is_moved_is_an_order(ordered: httpx.Client) -> None:
    first, second = (deployed(ordered, branch="develop")["id"] for _ in range(2))
    for one in (first, second):
        ordered.post(f"/_fake/deployments/{one}", json={"state": "READY"}).raise_for_status()

    ordered.post(f"/v2/deployments/{first}/aliases", json={"alias": STAGING}).raise_for_status()

    assert [(one["action"], one["deployment"]) for one in orders(ordered)[2:]] == [("promote", first)]


def test_a_push_to_github_deploys_who_follows_the_repository(client: httpx.Client) -> None:
    pushed = {"sha": "a" * 40, "message": "Add clips", "author": "Sam"}

    (made,) = client.post("/_fake/push", json=pushed).raise_for_status().json()["deployments"]

    shown = client.get(f"/v13/deployments/{made}").json()
    assert (shown["readyState"], STAGING in shown["alias"]) == ("READY", True)
    assert (shown["meta"]["githubCommitRef"], shown["meta"]["githubCommitSha"]) == ("develop", "a" * 40)
    assert (shown["meta"]["githubCommitMessage"], shown["source"]) == ("Add clips", "git")
    other = client.post("/_fake/push", json={**pushed, "repo": "clipnet/other"}).json()
    assert other == {"deployments": []}


def test_a_push_to_the_production_branch_is_production(client: httpx.Client) -> None:
    (made,) = client.post("/_fake/push", json={"sha": "a" * 40, "branch": "main"}).json()["deployments"]

    assert client.get(f"/v13/deployments/{made}").json()["target"] == "production"


@pytest.mark.parametrize(
    ("pushed", "words"),
    [
        ({"sha": "abc"}, "push.sha is 'abc'; it must be the 40 hex digits of a commit"),
        ({"sha": "a" * 40, "branch": 1}, "push.branch is 1; it must be a text"),
        ({"ref": "develop"}, "unknown field of push 'ref'; known are repo, branch, sha, message, author"),
    ],
)
def test_a_push_that_cannot_be_read_is_refused(
    client: httpx.Client, pushed: dict[str, Any], words: str
) -> None:
    refused = client.post("/_fake/push", json=pushed)

    assert (refused.status_code, refused.json()) == (400, {"error": words})


def test_a_state_that_there_is_not_is_refused(client: httpx.Client, deploy: Deploy) -> None:
    answer = client.post(f"/_fake/deployments/{deploy()['id']}", json={"state": "dancing"})

    assert answer.status_code == 400
    assert "unknown state 'dancing'; known are QUEUED, " in answer.json()["error"]


def test_lines_come_without_a_state(client: httpx.Client, deploy: Deploy) -> None:
    made = deploy()
    lines = [{"message": "oh no", "severity": "error"}, "go on"]

    told = client.post(f"/_fake/deployments/{made['id']}", json={"logs": lines}).json()

    assert told == {"id": made["id"], "state": "READY"}
    log = client.get(f"/v3/deployments/{made['id']}/events").json()
    assert [(one["type"], one["text"]) for one in log[-2:]] == [("stderr", "oh no"), ("stdout", "go on")]


def test_a_report_on_nothing_is_refused(client: httpx.Client) -> None:
    answer = client.post("/_fake/deployments/dpl_nowhere", json={"state": "READY"})

    assert (answer.status_code, answer.json()) == (400, {"error": "there is no deployment 'dpl_nowhere'"})


def test_all_is_there_after_a_restart(running: Served, tmp_path: Any) -> None:
    with served("vercel", folder=tmp_path) as fakes, api_of(fakes) as client:
        deployed(client, branch="develop")
    with (
        served("vercel", folder=tmp_path) as fakes,
        httpx.Client(base_url=fakes.url("vercel"), trust_env=False) as client,
    ):
        after = site(client, STAGING).content
        client.post("/_fake/reset")
        reset = site(client, STAGING).status_code

    assert (after, reset) == (PAGE, 404)
