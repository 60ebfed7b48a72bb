"""A Railway on a free port, and clients with each kind of token."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from fakes.railway.state import seeding

SHA, OTHER_SHA = "a" * 40, "b" * 40
API, WORKER, REDIS = (seeding.service_id(name) for name in ("api", "worker", "redis"))
PLACE = {"p": seeding.STAGING_PROJECT_ID, "e": seeding.STAGING_ENVIRONMENT_ID}
API_PLACE = {"e": seeding.STAGING_ENVIRONMENT_ID, "s": API}

DEPLOY = "mutation ($e: String!, $s: String!, $c: String) {"
DEPLOY += " serviceInstanceDeployV2(environmentId: $e, serviceId: $s, commitSha: $c) }"
DEPLOYMENT = "query ($i: String!) { deployment(id: $i) { id status meta url canRollback canRedeploy"
DEPLOYMENT += " deploymentStopped instances { status } } }"
ROLL_BACK = "mutation ($i: String!) { deploymentRollback(id: $i) }"


class Api:
    """Sends documents with one token."""

    def __init__(self, http: httpx.Client, headers: dict[str, str]) -> None:
        self.http = http
        self.headers = headers

    def post(self, query: str, **variables: Any) -> httpx.Response:
        """The answer as it comes."""
        body = {"query": query, "variables": variables}
        return self.http.post("/graphql/v2", json=body, headers=self.headers)

    def data(self, query: str, **variables: Any) -> Any:
        """The data of an answer without errors: that of its only field."""
        answer = self.post(query, **variables).json()
        assert "errors" not in answer, answer["errors"]
        return next(iter(answer["data"].values()))

    def refusal(self, query: str, **variables: Any) -> tuple[int, str]:
        """Status and message of an answer with one error."""
        answer = self.post(query, **variables)
        (error,) = answer.json()["errors"]
        return answer.status_code, error["message"]

    def deploy(self, sha: str | None = SHA, service: str = API) -> str:
        """Deploy a commit of a service to staging; returns the deployment's id."""
        return str(self.data(DEPLOY, e=seeding.STAGING_ENVIRONMENT_ID, s=service, c=sha))

    def deployment(self, deployment_id: str) -> dict[str, Any]:
        """What is known of a deployment."""
        return dict(self.data(DEPLOYMENT, i=deployment_id))

    def status(self, deployment_id: str) -> str:
        """The status of a deployment."""
        return str(self.deployment(deployment_id)["status"])


@pytest.fixture(scope="module")
def platform() -> str:
    return "railway"


@pytest.fixture
def account(fake: httpx.Client) -> Api:
    return Api(fake, {"Authorization": f"Bearer {seeding.ACCOUNT_TOKEN}"})


@pytest.fixture
def workspace(fake: httpx.Client) -> Api:
    return Api(fake, {"Authorization": f"Bearer {seeding.WORKSPACE_TOKEN}"})


@pytest.fixture
def project(fake: httpx.Client) -> Api:
    return Api(fake, {"Project-Access-Token": seeding.PROJECT_TOKEN})


@pytest.fixture
def nobody(fake: httpx.Client) -> Api:
    return Api(fake, {})


@pytest.fixture
def seeded(fake: httpx.Client) -> Iterator[httpx.Client]:
    """The client of a fake whose seed document goes again after the test."""
    yield fake
    fake.put("/_fake/state", json={})


def violations_of(fake: httpx.Client) -> list[str]:
    requests = fake.get("/_fake/requests", params={"violations": "1"}).json()["requests"]
    return [request["violation"] for request in requests]
