"""Variables: set, replaced, deleted, shared, referred to, and deployed with."""

from __future__ import annotations

from collections.abc import Mapping

import httpx
import pytest

from fakes.railway.state import seeding
from fakes.railway.state.references import references, rendered
from tests.fakes.railway.conftest import API, WORKER, Api
from tests.fakes.railway.test_deployments import first_of

SHARED = {"projectId": seeding.STAGING_PROJECT_ID, "environmentId": seeding.STAGING_ENVIRONMENT_ID}
OF_API = {**SHARED, "serviceId": API}
UPSERT = "mutation ($i: VariableUpsertInput!) { variableUpsert(input: $i) }"
UPSERT_ALL = "mutation ($i: VariableCollectionUpsertInput!) { variableCollectionUpsert(input: $i) }"
DELETE = "mutation ($i: VariableDeleteInput!) { variableDelete(input: $i) }"
VARIABLES = "query ($p: String!, $e: String!, $s: String, $u: Boolean)"
VARIABLES += " { variables(projectId: $p, environmentId: $e, serviceId: $s, unrendered: $u) }"


def raw(api: Api, service: str | None = API) -> dict[str, str]:
    place = {"p": seeding.STAGING_PROJECT_ID, "e": seeding.STAGING_ENVIRONMENT_ID}
    return dict(api.data(VARIABLES, **place, s=service, u=True))


def seen(api: Api, service: str | None = API) -> dict[str, str]:
    place = {"p": seeding.STAGING_PROJECT_ID, "e": seeding.STAGING_ENVIRONMENT_ID}
    found = api.data(VARIABLES, **place, s=service)
    return {name: value for name, value in found.items() if not name.startswith("RAILWAY_")}


def test_a_variable_is_set_and_set_again(project: Api) -> None:
    for value in ("1", "2"):
        assert project.data(UPSERT, i={**OF_API, "name": "A", "value": value}) is True

    assert raw(project) == {"A": "2", "APP_ENV": "${{shared.APP_ENV}}"}


def test_the_journal_keeps_no_value(project: Api) -> None:
    inline = f'serviceId: "{API}", name: "C", value: "hidden-1"'
    place = f'projectId: "{SHARED["projectId"]}", environmentId: "{SHARED["environmentId"]}"'
    project.data(f"mutation {{ variableUpsert(input: {{ {place}, {inline} }}) }}")
    project.data(UPSERT_ALL, i={**OF_API, "variables": {"A": "hidden-2", "B": "${{A}}/hidden-3"}})
    assert seen(project)["B"] == "hidden-2/hidden-3"
    raw(project)

    journal = project.http.get("/_fake/requests").text

    assert ("hidden-" in journal, "***" in journal) == (False, True)


def test_many_variables_are_set_at_once(project: Api) -> None:
    project.data(UPSERT_ALL, i={**OF_API, "variables": {"A": "1", "B": "2"}})

    assert raw(project) == {"A": "1", "APP_ENV": "${{shared.APP_ENV}}", "B": "2"}


def test_many_variables_take_the_place_of_all(project: Api) -> None:
    project.data(UPSERT_ALL, i={**OF_API, "variables": {"A": "1"}, "replace": True})

    assert raw(project) == {"A": "1"}
    assert raw(project, WORKER) == {"APP_ENV": "${{shared.APP_ENV}}"}


def test_a_variable_is_deleted(project: Api) -> None:
    assert project.data(DELETE, i={**OF_API, "name": "APP_ENV"}) is True

    assert raw(project) == {}


@pytest.mark.parametrize("variables", [{"A": 1}, ["A"], "A"])
def test_variables_are_texts(project: Api, variables: object) -> None:
    refused = project.refusal(UPSERT_ALL, i={**OF_API, "variables": variables})

    assert refused == (200, "Variables must be an object of strings")


def test_a_shared_variable_is_seen_where_it_is_referred_to(project: Api) -> None:
    project.data(UPSERT, i={**SHARED, "name": "APP_ENV", "value": "changed"})

    assert raw(project, None) == {"APP_ENV": "changed"}
    assert seen(project) == seen(project, WORKER) == {"APP_ENV": "changed"}


def test_a_variable_refers_to_another_service(project: Api) -> None:
    project.data(UPSERT, i={**OF_API, "name": "PORT", "value": "8401"})
    given = {"API": "http://${{api.RAILWAY_PRIVATE_DOMAIN}}:${{ api.PORT }}", "NONE": "${{api.NOTHING}}"}
    project.data(UPSERT_ALL, i={**SHARED, "serviceId": WORKER, "variables": given})

    found = seen(project, WORKER)

    assert (found["API"], found["NONE"]) == ("http://api.railway.internal:8401", "")


def test_the_platform_tells_a_service_where_it_is(project: Api) -> None:
    place = {"p": seeding.STAGING_PROJECT_ID, "e": seeding.STAGING_ENVIRONMENT_ID}
    query = "query ($p: String!, $e: String!, $s: String!)"
    query += " { variablesForServiceDeployment(projectId: $p, environmentId: $e, serviceId: $s) }"

    found = project.data(query, **place, s=API)

    assert found["RAILWAY_ENVIRONMENT_NAME"] == "staging"
    assert found["RAILWAY_PUBLIC_DOMAIN"] == "api-staging.up.railway.app"
    assert (found["RAILWAY_GIT_REPO_OWNER"], found["RAILWAY_GIT_REPO_NAME"]) == ("clipnet", "clipnet")


def test_a_change_deploys_the_service_anew(project: Api) -> None:
    before = first_of(project), first_of(project, WORKER)

    project.data(UPSERT, i={**OF_API, "name": "A", "value": "1"})

    after = first_of(project), first_of(project, WORKER)
    assert after[0] != before[0]
    assert after[1] == before[1]
    assert project.deployment(after[0])["meta"]["reason"] == "redeploy"


def test_a_change_of_a_shared_variable_deploys_those_that_refer_to_it(project: Api) -> None:
    before = first_of(project), first_of(project, WORKER)

    project.data(UPSERT, i={**SHARED, "name": "OTHER", "value": "1"})
    assert (first_of(project), first_of(project, WORKER)) == before
    project.data(UPSERT, i={**SHARED, "name": "APP_ENV", "value": "1"})

    assert first_of(project) != before[0]
    assert first_of(project, WORKER) != before[1]


def test_a_change_need_not_deploy_anything(project: Api) -> None:
    before = first_of(project)

    project.data(UPSERT, i={**OF_API, "name": "A", "value": "1", "skipDeploys": True})

    assert first_of(project) == before


def test_a_deployment_keeps_the_variables_that_it_was_made_with(project: Api) -> None:
    made = project.deploy()
    project.data(UPSERT, i={**OF_API, "name": "A", "value": "1"})

    query = "query ($i: String!) { deploymentSnapshot(deploymentId: $i) { variables } }"

    assert project.data(query, i=made) == {"variables": {"APP_ENV": "${{shared.APP_ENV}}"}}


def test_a_seed_document_sets_variables(seeded: httpx.Client, project: Api) -> None:
    given = {"variables": {"api": {"A": "1"}, "shared": {"B": "2"}}}

    seeded.put("/_fake/state", json=given).raise_for_status()

    assert raw(project)["A"] == "1"
    assert raw(project, None)["B"] == "2"


@pytest.mark.parametrize(
    ("document", "words"),
    [
        ({"variables": []}, None),
        ({"variables": ["A"]}, "variables must be an object of objects"),
        (
            {"variables": {"web": {}}},
            "variables names 'web'; known services are api, worker, postgres, redis, shared",
        ),
        ({"variables": {"api": {"A": 1}}}, "variables.api must be an object of texts"),
        ({"plan": "BIG"}, "plan is 'BIG'; it must be one of FREE, HOBBY, PRO"),
        (
            {"outcomes": {"api": "READY"}},
            "outcomes must name SUCCESS, FAILED, CRASHED for each service; it is {'api': 'READY'}",
        ),
        ({"only_known_commits": 1}, "only_known_commits is 1; it must be true or false"),
        ({"image_retention_s": -1}, "image_retention_s is -1; it must be a number of seconds"),
        ({"commits": [{"sha": "x"}]}, "sha is 'x'; it must be 40 lower-case hex digits"),
        (
            {"projects": []},
            "unknown field 'projects'; known are commits, plan, variables, outcomes, only_known_commits,"
            " image_retention_s",
        ),
    ],
)
def test_a_bad_seed_document_is_refused_by_name(
    seeded: httpx.Client, document: object, words: str | None
) -> None:
    answer = seeded.put("/_fake/state", json=document)

    assert answer.json().get("error") == words
    assert answer.status_code == (200 if words is None else 400)


TABLES: Mapping[str | None, Mapping[str, str]] = {
    "api": {"PORT": "1", "URL": "http://h:${{PORT}}", "LOOP": "${{worker.LOOP}}"},
    "worker": {"LOOP": "${{api.LOOP}}", "PORT": "2"},
    "shared": {"ENV": "staging"},
}


def find(owner: str | None, name: str) -> tuple[str | None, str] | None:
    value = TABLES.get(owner, {}).get(name)
    return None if value is None else (owner, value)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("plain", "plain"),
        ("${{PORT}}", "2"),
        ("${{ api.URL }}/x", "http://h:1/x"),
        ("${{shared.ENV}}-${{shared.ENV}}", "staging-staging"),
        ("${{none.ENV}}", ""),
        ("<${{LOOP}}>", "<>"),
        ("${PORT} {{PORT}}", "${PORT} {{PORT}}"),
    ],
)
def test_references_are_filled_in(text: str, expected: str) -> None:
    assert rendered(text, "worker", find) == expected


def test_references_are_listed() -> None:
    assert references("${{A}} ${{ b.C }} {{D}}") == ["A", "b.C"]
