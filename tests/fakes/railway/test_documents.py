"""What a body may be, what a document may ask for, and how loud a gap is."""

from __future__ import annotations

import subprocess
import sys

import httpx
import pytest

from fakes.railway.graph.absent import ABSENT
from fakes.railway.state import seeding
from tests.fakes.railway.conftest import PLACE, Api

NO_BODY = "POST body missing, invalid Content-Type, or JSON object has no keys."


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b"{}",
        b'{"query": 1}',
        b'{"query": ""}',
        b'{"query": "{me{id}}", "variables": []}',
        b'{"query": "{me{id}}", "operationName": 1}',
    ],
)
def test_a_body_without_a_document_is_refused(fake: httpx.Client, body: bytes) -> None:
    answer = fake.post("/graphql/v2", content=body)

    assert answer.status_code == 400
    assert answer.json()["errors"][0]["message"] == NO_BODY


@pytest.mark.parametrize(
    ("query", "words", "code"),
    [
        ("{", "Syntax Error: Expected Name, found <EOF>.", "GRAPHQL_PARSE_FAILED"),
        ("{ nothing }", 'Cannot query field "nothing" on type "Query".', "GRAPHQL_VALIDATION_FAILED"),
        ("{ project { id } }", None, "GRAPHQL_VALIDATION_FAILED"),
        (
            'mutation { deploymentRollback(id: "x") { id } }',
            'Field "deploymentRollback" must not have a selection since type "Boolean!" has no subfields.',
            "GRAPHQL_VALIDATION_FAILED",
        ),
        ("query ($i: String!) { project(id: $i) { id } }", None, "BAD_USER_INPUT"),
        ("query A { me { id } } query B { me { id } }", None, "BAD_USER_INPUT"),
    ],
)
def test_a_bad_document_is_named(account: Api, query: str, words: str | None, code: str) -> None:
    answer = account.post(query)

    (error,) = answer.json()["errors"]
    assert answer.status_code == 400
    assert error["extensions"]["code"] == code
    assert words in (None, error["message"])


def test_a_filter_that_the_schema_has_not_is_refused(account: Api) -> None:
    query = "query ($i: DeploymentListInput!) { deployments(input: $i) { edges { node { id } } } }"

    status, message = account.refusal(query, i={"status": {"successfulOnly": True}})

    assert status == 400
    assert "successfulOnly" in message


def test_the_operation_of_a_name_is_carried_out(account: Api) -> None:
    body = {"query": "query A { me { id } } query B { me { name } }", "operationName": "B"}

    answer = account.http.post("/graphql/v2", json=body, headers=account.headers)

    assert answer.json() == {"data": {"me": {"name": "Streamer Sam"}}}


def test_a_field_that_fails_leaves_those_that_may_be_nothing(account: Api) -> None:
    good = seeding.STAGING_ENVIRONMENT_ID
    answer = account.post(
        f'{{ a: deploymentSnapshot(deploymentId: "x") {{ id }} b: environment(id: "{good}") {{ name }} }}'
    )

    body = answer.json()
    assert body["data"] == {"a": None, "b": {"name": "staging"}}
    assert body["errors"][0]["path"] == ["a"]


def test_a_mutation_that_fails_changes_nothing(account: Api) -> None:
    given = {"projectId": PLACE["p"], "name": "half", "source": {"image": "x:1"}, "variables": {"A": 1}}
    create = "mutation ($i: ServiceCreateInput!) { serviceCreate(input: $i) { id } }"

    refused = account.refusal(create, i=given)

    assert refused == (200, "Variables must be an object of strings")
    found = account.data(
        "query ($p: String!) { project(id: $p) { services { edges { node { name } } } } }", p=PLACE["p"]
    )
    assert "half" not in [edge["node"]["name"] for edge in found["services"]["edges"]]


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("{ metrics { measurement } }", "Query.metrics"),
        ('mutation { volumeCreate(input: {projectId: "x"}) { id } }', "Mutation.volumeCreate"),
        ("{ projects { edges { node { id members { name } } } } }", "Project.members"),
    ],
)
def test_what_railway_has_and_the_fake_has_not_is_a_gap(account: Api, query: str, words: str) -> None:
    answer = account.post(query)

    text = f"fake 'railway' does not cover {words}"
    assert (answer.status_code, answer.json()["error"]) == (501, text)
    assert account.http.get("/_fake/requests").json()["requests"][-1]["is_covered"] is False


def test_graphql_is_loaded_with_the_first_document_only() -> None:
    code = "import sys, fakes.railway.routes; sys.exit('graphql' in sys.modules)"

    ran = subprocess.run([sys.executable, "-c", code], check=False, timeout=20)

    assert ran.returncode == 0


def test_subscriptions_are_a_gap(fake: httpx.Client) -> None:
    assert fake.get("/graphql/v2").status_code == 501


def test_no_field_is_both_there_and_absent(account: Api) -> None:
    query = "{ __schema { types { name fields { name } } } }"

    types = {one["name"]: one["fields"] for one in account.data(query)["types"]}

    for name, absent in ABSENT.items():
        assert not absent & {field["name"] for field in types[name]}


def test_the_schema_can_be_asked_for_by_anybody(nobody: Api) -> None:
    query = '{ __type(name: "Mutation") { fields { name type { kind } } } }'

    fields = {one["name"] for one in nobody.data(query)["fields"]}

    assert {"serviceInstanceDeployV2", "deploymentRollback", "variableCollectionUpsert"} <= fields


CHAIN = " ".join(f"fragment F{number} on Query {{ ...F{number + 1} }}" for number in range(400))


@pytest.mark.parametrize(
    "query",
    [
        "{ me " * 900 + "}" * 900,
        "{" + " a: me { id }" * 3000 + "}",
        f"{{ ...F0 }} {CHAIN} fragment F400 on Query {{ me {{ id }} }}",
        "{ ...A } fragment A on Query { ...B } fragment B on Query { ...A }",
        "query (" + "$a: [" * 900 + "Int" + "]" * 900 + ") { me { id } }",
    ],
    ids=["deep", "long", "chain of fragments", "circle of fragments", "deep type"],
)
def test_a_document_that_asks_for_too_much_ends_well(account: Api, query: str) -> None:
    answer = account.post(query)

    assert answer.status_code in (200, 400)
    assert set(answer.json()) <= {"data", "errors"}


def test_a_document_that_goes_round_in_circles_is_too_complex(account: Api) -> None:
    inner = "{ id }"
    for _ in range(6):
        inner = f"{{ workspace {{ projects {{ edges {{ node {inner} }} }} }} }}"

    status, message = account.refusal(f"{{ projects {{ edges {{ node {inner} }} }} }}")

    assert (status, message) == (400, "Query is too complex")


def test_a_body_without_end_is_refused(account: Api) -> None:
    answer = account.http.post("/graphql/v2", content=b" " * (1 << 20) + b"{}", headers=account.headers)

    assert answer.status_code == 413
