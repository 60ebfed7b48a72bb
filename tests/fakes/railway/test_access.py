"""Who may do what: tokens, their headers and scopes, production as a tripwire, and limits."""

from __future__ import annotations

import httpx
import pytest

from fakes.railway.state import seeding
from tests.fakes.railway.conftest import API, API_PLACE, DEPLOY, Api, violations_of

NOT_AUTHORIZED = (200, "Not Authorized")
ME = "{ me { name email } }"
PROJECT_TOKEN = "{ projectToken { projectId environmentId name } }"
PROJECT = "query ($i: String!) { project(id: $i) { name } }"
PROJECTS = "{ projects { edges { node { name } } } }"
TOKENS = "query ($p: String!) { projectTokens(projectId: $p) { edges { node { id displayToken } } } }"
NEW_TOKEN = "mutation ($i: ProjectTokenCreateInput!) { projectTokenCreate(input: $i) }"
NEW_ENVIRONMENT = "mutation ($i: EnvironmentCreateInput!) { environmentCreate(input: $i) { id name } }"
DEPLOYMENTS = "query ($i: DeploymentListInput!) { deployments(input: $i) { edges { node { id } } } }"


def test_an_account_is_somebody(account: Api) -> None:
    assert account.data(ME) == {"name": "Streamer Sam", "email": "sam@clipnet.test"}


def test_only_an_account_is_somebody(workspace: Api, project: Api, nobody: Api) -> None:
    assert [one.refusal(ME) for one in (workspace, project, nobody)] == [NOT_AUTHORIZED] * 3


def test_a_refusal_has_the_shape_of_graphql(nobody: Api) -> None:
    answer = nobody.post(ME).json()

    (error,) = answer["errors"]
    assert answer["data"] is None
    assert error["path"] == ["me"]
    assert error["extensions"] == {"code": "INTERNAL_SERVER_ERROR"}
    assert error["locations"] == [{"line": 1, "column": 3}]
    assert error["traceId"].isdecimal()


def test_a_project_token_knows_its_place(project: Api) -> None:
    assert project.data(PROJECT_TOKEN) == {
        "projectId": seeding.STAGING_PROJECT_ID,
        "environmentId": seeding.STAGING_ENVIRONMENT_ID,
        "name": "deploy",
    }


def test_only_a_project_token_knows_its_place(account: Api, workspace: Api, nobody: Api) -> None:
    found = [one.refusal(PROJECT_TOKEN) for one in (account, workspace, nobody)]

    assert found == [NOT_AUTHORIZED] * 3


def test_accounts_and_workspaces_see_their_projects(account: Api, workspace: Api) -> None:
    found = [one.data(PROJECTS)["edges"] for one in (account, workspace)]

    assert found == [[{"node": {"name": "clipnet-staging"}}]] * 2


def test_a_token_tells_its_workspaces(workspace: Api, project: Api) -> None:
    query = "{ apiToken { workspaces { name } } }"

    assert workspace.data(query) == {"workspaces": [{"name": "clipnet-staging"}]}
    assert project.refusal(query) == NOT_AUTHORIZED


def test_a_workspace_token_may_come_in_the_header_of_teams(fake: httpx.Client) -> None:
    team = Api(fake, {"Team-Access-Token": seeding.WORKSPACE_TOKEN})

    assert team.data(PROJECT, i=seeding.STAGING_PROJECT_ID) == {"name": "clipnet-staging"}


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Authorization": "Bearer wrong"},
        {"Authorization": seeding.ACCOUNT_TOKEN},
        {"Authorization": f"Bearer {seeding.PROJECT_TOKEN}"},
        {"Project-Access-Token": seeding.ACCOUNT_TOKEN},
        {"Team-Access-Token": seeding.ACCOUNT_TOKEN},
    ],
    ids=str,
)
def test_a_token_in_the_wrong_place_is_nobodys(fake: httpx.Client, headers: dict[str, str]) -> None:
    assert Api(fake, headers).refusal(PROJECT, i=seeding.STAGING_PROJECT_ID) == NOT_AUTHORIZED


@pytest.mark.parametrize(
    ("query", "variables"),
    [
        (PROJECT, {"i": seeding.PRODUCTION_PROJECT_ID}),
        (
            "query ($i: String!) { environment(id: $i) { name } }",
            {"i": seeding.PRODUCTION_ENVIRONMENT_ID},
        ),
        (
            "query ($i: String!) { service(id: $i) { name } }",
            {"i": seeding.service_id("api", is_production=True)},
        ),
        (
            DEPLOY,
            {
                "e": seeding.PRODUCTION_ENVIRONMENT_ID,
                "s": seeding.service_id("api", is_production=True),
            },
        ),
        (
            "mutation ($i: VariableUpsertInput!) { variableUpsert(input: $i) }",
            {
                "i": {
                    "projectId": seeding.PRODUCTION_PROJECT_ID,
                    "environmentId": seeding.PRODUCTION_ENVIRONMENT_ID,
                    "name": "A",
                    "value": "1",
                }
            },
        ),
        ("mutation ($i: String!) { projectDelete(id: $i) }", {"i": seeding.PRODUCTION_PROJECT_ID}),
    ],
    ids=["project", "environment", "service", "deploy", "variable", "delete"],
)
@pytest.mark.parametrize("kind", ["account", "workspace", "project"])
def test_no_token_of_staging_reaches_production(
    request: pytest.FixtureRequest, fake: httpx.Client, kind: str, query: str, variables: dict[str, object]
) -> None:
    api: Api = request.getfixturevalue(kind)

    assert api.refusal(query, **variables) == NOT_AUTHORIZED
    assert violations_of(fake) == ["production project 'clipnet-production' was reached for at Railway"]


def test_productions_workspace_is_out_of_reach(account: Api, fake: httpx.Client) -> None:
    query = "query ($i: String!) { workspace(workspaceId: $i) { name } }"

    assert account.refusal(query, i="b70dac70-ace0-4000-8000-00000000c11b") == NOT_AUTHORIZED
    assert violations_of(fake) == ["production workspace 'clipnet-production' was reached for at Railway"]


def test_productions_token_is_refused_and_seen(fake: httpx.Client) -> None:
    production = Api(fake, {"Project-Access-Token": seeding.PRODUCTION_TOKEN})

    assert production.refusal(PROJECT_TOKEN) == NOT_AUTHORIZED
    assert violations_of(fake) == ["production's token was used at Railway"]


def test_a_project_token_reaches_its_environment_only(account: Api, project: Api, fake: httpx.Client) -> None:
    given = {"projectId": seeding.STAGING_PROJECT_ID, "name": "qa"}
    made = account.data(NEW_ENVIRONMENT, i={**given, "sourceEnvironmentId": seeding.STAGING_ENVIRONMENT_ID})

    query = "query ($i: String!) { environment(id: $i) { name } }"
    environments = "query ($p: String!) { environments(projectId: $p) { edges { node { name } } } }"

    assert project.refusal(query, i=made["id"]) == NOT_AUTHORIZED
    assert project.refusal(DEPLOY, e=made["id"], s=API) == NOT_AUTHORIZED
    assert project.data(environments, p=seeding.STAGING_PROJECT_ID)["edges"] == [
        {"node": {"name": "staging"}}
    ]
    deployments = project.data(DEPLOYMENTS, i={"projectId": seeding.STAGING_PROJECT_ID})["edges"]
    assert len(deployments) == 4
    assert violations_of(fake) == []


@pytest.mark.parametrize(
    ("query", "variables"),
    [
        (NEW_ENVIRONMENT, {"i": {"projectId": seeding.STAGING_PROJECT_ID, "name": "qa"}}),
        (
            NEW_TOKEN,
            {
                "i": {
                    "projectId": seeding.STAGING_PROJECT_ID,
                    "environmentId": seeding.STAGING_ENVIRONMENT_ID,
                    "name": "t",
                }
            },
        ),
        (TOKENS, {"p": seeding.STAGING_PROJECT_ID}),
        ("mutation ($i: String!) { projectDelete(id: $i) }", {"i": seeding.STAGING_PROJECT_ID}),
        ("mutation ($i: String!) { serviceDelete(id: $i) }", {"i": API}),
        ('mutation { projectCreate(input: {name: "x"}) { id } }', {}),
        (PROJECTS, {}),
    ],
)
def test_a_project_token_may_not_change_what_is_more_than_its_environment(
    project: Api, query: str, variables: dict[str, object]
) -> None:
    assert project.refusal(query, **variables) == NOT_AUTHORIZED


def test_a_new_project_token_works_until_it_is_deleted(account: Api, fake: httpx.Client) -> None:
    given = {
        "projectId": seeding.STAGING_PROJECT_ID,
        "environmentId": seeding.STAGING_ENVIRONMENT_ID,
        "name": "new",
    }
    text = account.data(NEW_TOKEN, i=given)
    made = Api(fake, {"Project-Access-Token": text})
    assert made.data(PROJECT_TOKEN)["name"] == "new"
    assert text not in fake.get("/_fake/requests").text
    listed = account.data(TOKENS, p=seeding.STAGING_PROJECT_ID)["edges"]
    assert [edge["node"]["displayToken"] for edge in listed][-1] == f"****-{text[-4:]}"

    deleted = account.data(
        "mutation ($i: String!) { projectTokenDelete(id: $i) }", i=listed[-1]["node"]["id"]
    )

    assert deleted is True
    assert made.refusal(PROJECT_TOKEN) == NOT_AUTHORIZED


@pytest.mark.parametrize(
    ("query", "variables", "words"),
    [
        (PROJECT, {"i": "none"}, "Project not found"),
        ("query ($i: String!) { environment(id: $i) { name } }", {"i": "none"}, "Environment not found"),
        ("query ($i: String!) { service(id: $i) { name } }", {"i": "none"}, "Service not found"),
        ("query ($i: String!) { deployment(id: $i) { id } }", {"i": "none"}, "Deployment not found"),
        ("query ($i: String!) { workspace(workspaceId: $i) { id } }", {"i": "none"}, "Workspace not found"),
        ("mutation ($i: String!) { projectTokenDelete(id: $i) }", {"i": "none"}, "ProjectToken not found"),
        ("mutation ($i: String!) { customDomainDelete(id: $i) }", {"i": "none"}, "Domain not found"),
        (DEPLOY, {**API_PLACE, "c": "cafe"}, "Commit not found"),
    ],
)
def test_what_is_not_there_is_named(
    account: Api, query: str, variables: dict[str, object], words: str
) -> None:
    assert account.refusal(query, **variables) == (200, words)


def test_every_answer_tells_how_many_requests_are_left(account: Api) -> None:
    first, second = account.post(ME).headers, account.post(ME).headers

    assert (first["x-ratelimit-limit"], first["x-ratelimit-remaining"]) == ("10000", "9999")
    assert second["x-ratelimit-remaining"] == "9998"
    assert first["x-ratelimit-reset"] == second["x-ratelimit-reset"]


@pytest.mark.parametrize(("plan", "limit"), [("FREE", 10), ("HOBBY", 10), ("PRO", 50)])
def test_a_second_has_only_so_many_requests(
    seeded: httpx.Client, account: Api, project: Api, plan: str, limit: int
) -> None:
    seeded.put("/_fake/state", json={"plan": plan})
    seeded.post("/_fake/clock", json={"freeze": True})

    answers = [account.post(ME) for _ in range(limit + 1)]

    assert [answer.status_code for answer in answers] == [200] * limit + [429]
    last = answers[-1]
    assert last.headers["retry-after"] == "1"
    assert last.json()["errors"][0]["message"] == "Too Many Requests"
    assert project.data(PROJECT_TOKEN)["name"] == "deploy"


def test_an_hour_of_the_free_plan_has_a_hundred_requests(seeded: httpx.Client, account: Api) -> None:
    seeded.put("/_fake/state", json={"plan": "FREE"})
    seeded.post("/_fake/clock", json={"freeze": True})
    for _ in range(10):
        assert {account.post(ME).status_code for _ in range(10)} == {200}
        seeded.post("/_fake/clock", json={"advance_s": 1})

    refused = account.post(ME)
    seeded.post("/_fake/clock", json={"advance_s": 3600})
    again = account.post(ME)

    assert (refused.status_code, refused.headers["x-ratelimit-remaining"]) == (429, "0")
    assert refused.headers["retry-after"] == "3590"
    assert again.status_code == 200


def test_who_is_limited_sees_it_in_the_account(account: Api) -> None:
    account.post(ME)

    found = account.data("{ me { apiTokenRateLimit { remainingPoints } } }")

    assert found == {"apiTokenRateLimit": {"remainingPoints": 9998}}


@pytest.mark.parametrize(
    ("code", "expected"),
    {
        "too_many_requests": (429, "Too Many Requests"),
        "not_authorized": (200, "Not Authorized"),
        "two_factor_required": (200, "Two Factor Authentication Required"),
        "problem_processing_request": (200, "Problem processing request"),
        "internal_server_error": (500, "Internal Server Error"),
        "service_unavailable": (503, "Service Unavailable"),
    }.items(),
)
def test_an_error_comes_on_command_and_once(account: Api, code: str, expected: tuple[int, str]) -> None:
    account.http.put("/_fake/faults", json={"kind": "refusal", "code": code, "times": 1}).raise_for_status()

    refused, after = account.refusal(ME), account.post(ME)

    assert refused == expected
    assert "errors" not in after.json()
