"""Projects, domains, environments, host names, webhooks, and who may do what."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest

from fakes.vercel.refusals import ON_COMMAND
from fakes.vercel.state.hooks import signature
from tests.fakes.receiver import Receiver
from tests.fakes.vercel.conftest import (
    PROJECT,
    PROJECT_ID,
    STAGING,
    TEAM,
    Deploy,
    aliases,
    refused,
    site,
    violations,
)
from tests.servers import wait_until

ENV = f"/v10/projects/{PROJECT}/env"
PRODUCTION_DEPLOYMENT = "dpl_clipnetproductionweb00001"


def test_the_deployer_and_its_team_are_known(client: httpx.Client) -> None:
    user = client.get("/v2/user").json()["user"]

    assert (user["username"], user["defaultTeamId"]) == ("clipnet-deployer", TEAM)
    assert client.get(f"/teams/{TEAM}").json()["slug"] == "clipnet-staging"
    assert [one["id"] for one in client.get("/v1/teams").json()["teams"]] == [TEAM]


@pytest.mark.parametrize(
    "token", [None, "Bearer x", "Bearer vercel_staging_toke", "Basic abc", "Bearer \xff"]
)
def test_no_other_token_is_let_in(client: httpx.Client, token: str | None) -> None:
    headers = [] if token is None else [(b"authorization", token.encode("latin-1"))]
    with httpx.Client(base_url=client.base_url, trust_env=False) as stranger:
        answer = stranger.get("/v2/user", headers=headers)

    told = {"code": "forbidden", "message": "Not authorized", "invalidToken": True}
    assert (answer.status_code, answer.json()) == (403, {"error": told})
    assert violations(client) == []


@pytest.mark.parametrize(
    ("method", "path", "body", "expected"),
    [
        ("GET", "/v9/projects/clipnet-web", None, (404, "not_found")),
        ("GET", "/v9/projects/prj_clipnetproductionweb0001", None, (404, "not_found")),
        ("PATCH", "/v9/projects/clipnet-web", {"name": "mine"}, (404, "not_found")),
        ("DELETE", "/v9/projects/clipnet-web", None, (404, "not_found")),
        ("GET", "/v10/projects/clipnet-web/env", None, (404, "not_found")),
        ("POST", "/v10/projects/clipnet-web/env", {"key": "A"}, (404, "not_found")),
        ("POST", "/v10/projects", {"name": "clipnet-web"}, (409, "conflict")),
        ("POST", "/v13/deployments", {"name": "clipnet-web", "files": []}, (404, "not_found")),
        ("GET", f"/v13/deployments/{PRODUCTION_DEPLOYMENT}", None, (404, "not_found")),
        ("GET", "/v13/deployments/clipnet-web.vercel.app", None, (404, "not_found")),
        ("GET", "/v13/deployments/clipnet.ai", None, (404, "not_found")),
        ("DELETE", f"/v13/deployments/{PRODUCTION_DEPLOYMENT}", None, (404, "not_found")),
        ("POST", f"/v9/projects/{PROJECT}/rollback/{PRODUCTION_DEPLOYMENT}", None, (404, "not_found")),
        (
            "POST",
            "/v13/deployments",
            {"name": "a", "deploymentId": PRODUCTION_DEPLOYMENT},
            (404, "not_found"),
        ),
        ("GET", "/v5/domains/clipnet.ai", None, (403, "forbidden")),
        ("POST", f"/v10/projects/{PROJECT}/domains", {"name": "www.clipnet.ai"}, (403, "forbidden")),
        ("DELETE", f"/v9/projects/{PROJECT}/domains/clipnet.ai", None, (404, "not_found")),
        ("POST", f"/v10/projects/{PROJECT}/domains", {"name": "app.clipnet.ai"}, (403, "forbidden")),
        ("DELETE", "/v2/aliases/clipnet.ai", None, (404, "not_found")),
        ("GET", "/v9/projects?teamId=team_clipnetproduction00000001", None, (403, "forbidden")),
        ("GET", "/v9/projects?slug=clipnet", None, (403, "forbidden")),
        ("GET", "/v2/teams/clipnet", None, (403, "forbidden")),
        ("GET", "/v6/deployments?projectId=clipnet-web", None, (404, "not_found")),
    ],
)
def test_production_is_out_of_reach_and_the_attempt_is_noted(
    client: httpx.Client, method: str, path: str, body: Any, expected: tuple[int, str]
) -> None:
    answer = client.request(method, path, json=body)

    assert refused(answer) == expected
    assert len(violations(client)) == 1


def test_no_alias_of_production_is_taken(client: httpx.Client, deploy: Deploy) -> None:
    path = f"/v2/deployments/{deploy()['id']}/aliases"

    answers = [client.post(path, json={"alias": name}) for name in ("clipnet.ai", "clipnet-web.vercel.app")]

    assert [refused(one) for one in answers] == [(403, "forbidden")] * 2
    assert len(violations(client)) == 2


@pytest.mark.parametrize("target", [{"target": "production"}, {}])
def test_a_project_whose_name_makes_a_host_name_of_others_does_not_get_it(
    client: httpx.Client, deploy: Deploy, target: dict[str, str]
) -> None:
    made = deploy(project="clipnet.web", name="clipnet.web", **target)

    shown = client.get(f"/v13/deployments/{made['id']}").json()

    assert (shown["readyState"], shown["alias"]) == ("READY", [])
    assert refused(client.get("/v13/deployments/clipnet-web.vercel.app")) == (404, "not_found")


def test_the_token_of_production_is_noted(client: httpx.Client) -> None:
    answer = client.get("/v2/user", headers={"Authorization": "Bearer vercel_production_token"})

    assert refused(answer) == (403, "forbidden")
    assert violations(client) == ["the token of production was shown"]


def test_who_opens_a_site_of_production_is_noted(client: httpx.Client) -> None:
    assert site(client, "www.clipnet.ai").status_code == 404
    assert violations(client) == ["host name 'www.clipnet.ai' of production was asked for"]


def test_lists_show_nothing_of_production(client: httpx.Client) -> None:
    client.post("/_fake/reset")

    assert [one["name"] for one in client.get("/v9/projects").json()["projects"]] == [PROJECT]
    assert [one["name"] for one in client.get("/v5/domains").json()["domains"]] == [STAGING]
    assert client.get("/v4/aliases").json()["aliases"] == []
    assert violations(client) == []


def test_a_project_is_made_changed_and_deleted(client: httpx.Client, deploy: Deploy) -> None:
    made = client.post("/v11/projects", json={"name": "pages", "framework": "vite"}).json()
    deploy(project="pages", name="pages")
    path = f"/v9/projects/{made['id']}"

    changed = client.patch(path, json={"name": "leaves", "outputDirectory": "dist"}).json()
    gone = client.delete(path)

    assert (made["framework"], changed["framework"], changed["outputDirectory"]) == ("vite", "vite", "dist")
    assert (changed["name"], gone.status_code) == ("leaves", 204)
    assert refused(client.get(path)) == (404, "not_found")
    assert client.get("/v6/deployments").json()["deployments"] == []


@pytest.mark.parametrize("name", ["Upper", "a---b", "a b", "x" * 101, "../x"])
def test_a_name_that_no_project_may_have_is_refused(client: httpx.Client, name: str) -> None:
    assert refused(client.post("/v10/projects", json={"name": name})) == (400, "invalid_name")


def test_a_name_that_is_taken_is_refused(client: httpx.Client) -> None:
    client.post("/v10/projects", json={"name": "pages"})

    assert refused(client.post("/v10/projects", json={"name": "pages"})) == (409, "conflict")
    for name, expected in ((PROJECT, (409, "conflict")), ("No Name", (400, "invalid_name"))):
        assert refused(client.patch("/v9/projects/pages", json={"name": name})) == expected


def test_a_domain_of_a_branch_follows_it(client: httpx.Client, deploy: Deploy) -> None:
    path = f"/v10/projects/{PROJECT}/domains"
    added = client.post(path, json={"name": "qa.clipnet.test", "gitBranch": "qa"})
    again = client.post(path, json={"name": "qa.clipnet.test"})

    made = deploy(branch="qa")

    assert (added.json()["gitBranch"], refused(again)) == ("qa", (409, "domain_already_in_use"))
    assert aliases(client)["qa.clipnet.test"] == made["id"]
    assert client.delete(f"/v9/projects/{PROJECT}/domains/qa.clipnet.test").status_code == 200
    assert refused(client.get(f"/v9/projects/{PROJECT}/domains/qa.clipnet.test")) == (404, "not_found")
    assert refused(client.post(path, json={"name": "no host"})) == (400, "invalid_domain")
    body = {"name": "b.clipnet.test", "customEnvironmentId": "env_nowhere"}
    assert refused(client.post(path, json=body)) == (404, "not_found")


@pytest.mark.parametrize(
    ("matcher", "branch", "is_followed"),
    [
        ({"type": "startsWith", "pattern": "qa/"}, "qa/1", True),
        ({"type": "endsWith", "pattern": "-qa"}, "one-qa", True),
        ({"type": "equals", "pattern": "qa"}, "qa/1", False),
    ],
)
def test_a_custom_environment_follows_branches(
    client: httpx.Client, deploy: Deploy, matcher: dict[str, str], branch: str, is_followed: bool
) -> None:
    path = f"/v9/projects/{PROJECT}/custom-environments"
    made = client.post(path, json={"slug": "qa", "branchMatcher": matcher})

    deployed = deploy(branch=branch)

    assert (made.status_code, made.json()["branchMatcher"]) == (201, matcher)
    assert ("customEnvironment" in deployed) is is_followed
    assert [one["slug"] for one in client.get(path).json()["environments"]] == ["staging", "qa"]
    assert client.get(f"{path}/qa").json()["id"] == made.json()["id"]


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"slug": "production"}, (400, "bad_request")),
        ({"slug": "staging"}, (409, "conflict")),
        ({"slug": "qa", "branchMatcher": {"type": "like", "pattern": "a"}}, (400, "bad_request")),
        ({}, (400, "bad_request")),
    ],
)
def test_an_environment_that_cannot_be_is_refused(
    client: httpx.Client, body: dict[str, Any], expected: tuple[int, str]
) -> None:
    assert refused(client.post(f"/v9/projects/{PROJECT}/custom-environments", json=body)) == expected


def test_a_host_name_is_pointed_elsewhere_and_taken_away(client: httpx.Client, deploy: Deploy) -> None:
    first, second = deploy(branch="develop"), deploy()

    pointed = client.post(f"/v2/deployments/{second['id']}/aliases", json={"alias": STAGING}).json()
    found = client.get(f"/v4/aliases/{STAGING}").json()

    assert (pointed["alias"], pointed["oldDeploymentId"]) == (STAGING, first["id"])
    assert (found["deploymentId"], found["uid"]) == (second["id"], pointed["uid"])
    listed = client.get(f"/now/deployments/{second['id']}/aliases").json()["aliases"]
    assert [one["alias"] for one in listed] == [STAGING]
    assert client.delete(f"/v2/aliases/{pointed['uid']}").json() == {"status": "SUCCESS"}
    assert refused(client.get(f"/v4/aliases/{STAGING}")) == (404, "not_found")


def test_a_host_name_of_another_project_is_in_use(client: httpx.Client, deploy: Deploy) -> None:
    other = deploy(project="pages", name="pages")
    path = f"/v2/deployments/{other['id']}/aliases"

    assert refused(client.post(path, json={"alias": STAGING})) == (409, "alias_in_use")
    assert refused(client.post(path, json={"alias": "no host"})) == (400, "invalid_alias")


def test_webhooks_are_told_with_a_signature(client: httpx.Client, deploy: Deploy, agent: Receiver) -> None:
    events = ["deployment.created", "deployment.succeeded", "deployment.error"]
    body = {"url": f"{agent.url}/hook", "events": events, "projectIds": [PROJECT_ID]}
    hook = client.post("/v1/webhooks", json=body).json()
    agent.received.clear()

    made = deploy(branch="develop")
    wait_until(lambda: len(agent.received) == 2, lambda: f"two events, not {len(agent.received)}")

    told = {json.loads(one.body)["type"]: one for one in agent.received}
    assert set(told) == {"deployment.created", "deployment.succeeded"}
    last = told["deployment.succeeded"]
    assert last.headers["x-vercel-signature"] == signature(hook["secret"], last.body)
    payload = json.loads(last.body)["payload"]
    assert (payload["deployment"]["id"], payload["project"]["id"]) == (made["id"], PROJECT_ID)
    assert [one["id"] for one in client.get("/v1/webhooks").json()] == [hook["id"]]
    assert "secret" not in client.get(f"/v1/webhooks/{hook['id']}").json()
    assert client.delete(f"/v1/webhooks/{hook['id']}").status_code == 204
    assert refused(client.get(f"/v1/webhooks/{hook['id']}")) == (404, "not_found")


def test_the_signature_is_that_of_the_documents() -> None:
    body = b'{"id":"evt_1","type":"deployment.succeeded"}'

    assert signature("vercel-staging-secret", body) == "13a48f4ffc2b4082f57a9b0b153e2667974d2da5"


@pytest.mark.parametrize(
    "change", [{"events": ["moon.landed"]}, {"events": []}, {"url": "https://example.com/hook"}, {"url": 1}]
)
def test_a_webhook_that_cannot_be_is_refused(client: httpx.Client, change: dict[str, Any]) -> None:
    body = {"url": "http://127.0.0.1:1/", "events": ["deployment.created"], **change}

    assert client.post("/v1/webhooks", json=body).status_code == 400


@pytest.mark.parametrize("code", ON_COMMAND)
def test_an_error_comes_on_command_and_once(client: httpx.Client, code: str) -> None:
    client.put("/_fake/faults", json={"kind": "refusal", "code": code, "times": 1}).raise_for_status()

    first, second = client.get("/v2/user"), client.get("/v2/user")

    assert (first.json()["error"]["code"], second.status_code) == (code, 200)


def test_calls_are_counted_and_too_many_are_refused(client: httpx.Client) -> None:
    client.post("/_fake/clock", json={"freeze": True})
    answers = [client.get("/v2/user") for _ in range(1001)]
    client.post("/_fake/clock", json={"advance_s": 60})

    assert answers[0].headers["x-ratelimit-remaining"] == "999"
    assert {one.status_code for one in answers[:-1]} == {200}
    assert refused(answers[-1]) == (429, "rate_limited")
    assert answers[-1].json()["error"]["limit"]["remaining"] == 0
    assert answers[-1].headers["retry-after"] == "60"
    assert client.get("/v2/user").status_code == 200
    client.post("/_fake/clock", json={"real": True})


@pytest.mark.parametrize("content", [b"{", b"[]", b"\xff", b'{"name": NaN}'])
def test_a_body_that_is_no_object_is_refused(client: httpx.Client, content: bytes) -> None:
    assert refused(client.post("/v13/deployments", content=content)) == (400, "bad_request")


def test_a_seed_document_brings_projects_and_variables(client: httpx.Client) -> None:
    document = {
        "projects": [{"name": "pages", "domains": ["pages.clipnet.test"]}],
        "variables": [{"key": "API_URL", "value": "http://a", "type": "plain", "target": ["preview"]}],
    }
    client.put("/_fake/state", json=document).raise_for_status()

    assert client.get("/v9/projects/pages/domains").json()["domains"][0]["name"] == "pages.clipnet.test"
    assert client.get(ENV).json()["envs"][0]["value"] == "http://a"


@pytest.mark.parametrize(
    ("document", "words"),
    [
        ({"project": []}, "unknown field 'project'; known are projects, failure, variables"),
        ({"projects": [{"name": "A B"}]}, "Project names can be up to 100 characters"),
        ({"projects": [{"name": "a", "domains": ["no host"]}]}, "The domain name no host is not valid."),
        ({"variables": [{"project": "nowhere"}]}, "variables[0].project is 'nowhere'"),
        ({"variables": [{"key": 5}]}, "`key` should be string"),
        ({"failure": 5}, "failure is 5; it must be a text"),
    ],
)
def test_a_seed_document_that_is_not_of_the_shape_is_refused(
    client: httpx.Client, document: dict[str, Any], words: str
) -> None:
    answer = client.put("/_fake/state", json=document)

    assert (answer.status_code, words in answer.json()["error"]) == (400, True), answer.text
