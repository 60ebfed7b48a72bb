"""Environment variables: who sees which value, and what a deployment gets."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from tests.fakes.vercel.conftest import PROJECT, PROJECT_ID, Deploy, refused

ENV = f"/v10/projects/{PROJECT}/env"


def test_a_variable_is_kept_and_shown_as_far_as_its_type_allows(client: httpx.Client) -> None:
    for kind in ("plain", "encrypted", "sensitive"):
        body = {"key": kind.upper(), "value": "v", "type": kind, "target": ["preview"]}
        added = client.post(ENV, json=body)
        assert (added.status_code, added.json()["failed"]) == (201, [])

    def shown(**params: str) -> dict[str, str]:
        return {one["key"]: one["value"] for one in client.get(ENV, params=params).json()["envs"]}

    assert shown() == {"PLAIN": "v", "ENCRYPTED": "", "SENSITIVE": ""}
    assert shown(decrypt="true") == {"PLAIN": "v", "ENCRYPTED": "v", "SENSITIVE": ""}
    pulled = client.get(f"/v3/env/pull/{PROJECT_ID}/preview").json()["env"]
    assert pulled == {"PLAIN": "v", "ENCRYPTED": "v"}


def test_a_variable_of_a_branch_is_pulled_for_that_branch_only(client: httpx.Client) -> None:
    body = {"key": "A", "value": "v", "type": "plain", "target": ["preview"], "gitBranch": "feature/a"}
    client.post(ENV, json=body).raise_for_status()

    pull = f"/v3/env/pull/{PROJECT_ID}/preview"
    found = [client.get(path).json()["env"] for path in (pull, f"{pull}/main", f"{pull}/feature/a")]

    assert found == [{}, {}, {"A": "v"}]


def test_a_variable_is_changed_replaced_and_deleted(client: httpx.Client) -> None:
    body = {"key": "A", "value": "1", "type": "plain", "target": ["preview"]}
    made = client.post(ENV, json=body).json()["created"]
    path = f"/v9/projects/{PROJECT}/env/{made['id']}"

    changed = client.patch(path, json={"value": "2"}).json()
    replaced = client.post(ENV, params={"upsert": "true"}, json=[{**body, "value": "3"}]).json()
    client.delete(path).raise_for_status()

    assert (changed["value"], changed["id"]) == ("2", made["id"])
    assert [(one["value"], one["id"]) for one in replaced["created"]] == [("3", made["id"])]
    assert client.get(ENV).json()["envs"] == []
    assert refused(client.delete(path)) == (404, "ENV_NOT_FOUND")


def test_two_variables_of_one_name_and_target_are_a_conflict(client: httpx.Client) -> None:
    body = {"key": "A", "value": "1", "type": "plain", "target": ["preview", "production"]}
    client.post(ENV, json=body)

    one = client.post(ENV, json={**body, "target": ["production"]})
    several = client.post(ENV, json=[body, {**body, "key": "B"}]).json()

    assert refused(one) == (400, "ENV_CONFLICT")
    assert ([row["error"]["code"] for row in several["failed"]], len(several["created"])) == (
        ["ENV_CONFLICT"],
        1,
    )


def test_the_journal_keeps_no_value(client: httpx.Client, deploy: Deploy) -> None:
    body = {"key": "A", "value": "hidden-1", "type": "plain", "target": ["preview"]}
    made = client.post(ENV, json=body).json()["created"]
    client.post(ENV, json=[{**body, "value": "hidden-2", "target": ["moon"]}])
    client.patch(f"/v9/projects/{PROJECT}/env/{made['id']}", json={"value": "hidden-3"}).raise_for_status()
    client.get(ENV, params={"decrypt": "true"}).raise_for_status()
    client.get(f"/v3/env/pull/{PROJECT_ID}/preview").raise_for_status()
    deploy(env={"A": "hidden-4"}, build={"env": {"A": "hidden-5"}})

    journal = client.get("/_fake/requests").text

    assert ("hidden-" in journal, journal.count("***") > 5) == (False, True)


@pytest.mark.parametrize(
    "change",
    [
        {"target": ["moon"]},
        {"target": []},
        {"type": "loud"},
        {"value": 5},
        {"key": ""},
        {"gitBranch": "a", "target": ["production"]},
        {"customEnvironmentIds": [1]},
    ],
)
def test_a_variable_that_cannot_be_is_refused(client: httpx.Client, change: dict[str, Any]) -> None:
    body = {"key": "A", "value": "1", "type": "plain", "target": ["preview"], **change}

    assert refused(client.post(ENV, json=body)) == (400, "bad_request")
