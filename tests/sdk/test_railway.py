"""gql, a GraphQL client, against the fake: with Railway's documents, and with the schema it asks for."""

# mypy: disallow-untyped-calls=False, warn-return-any=False

from collections.abc import Iterator

import pytest
from gql import Client, GraphQLRequest, gql
from gql.transport.aiohttp import AIOHTTPTransport
from gql.transport.exceptions import TransportQueryError
from graphql import print_schema

from fakes.railway.state import seeding
from tests.fakes.serving import Served, served

SHA, OTHER_SHA = "a" * 40, "b" * 40
DEPLOY = gql(
    """
    mutation Deploy($environmentId: String!, $serviceId: String!, $commitSha: String) {
      serviceInstanceDeployV2(environmentId: $environmentId, serviceId: $serviceId, commitSha: $commitSha)
    }
    """
)
DEPLOYMENT = gql("query Deployment($id: String!) { deployment(id: $id) { id status meta canRollback } }")
ROLL_BACK = gql("mutation RollBack($id: String!) { deploymentRollback(id: $id) }")
LATEST = gql(
    """
    query Latest($environmentId: String!, $serviceId: String!) {
      serviceInstance(environmentId: $environmentId, serviceId: $serviceId) {
        latestDeployment { id status meta }
      }
    }
    """
)
VARIABLES = gql(
    """
    query Variables($projectId: String!, $environmentId: String!, $serviceId: String) {
      variables(projectId: $projectId, environmentId: $environmentId, serviceId: $serviceId)
    }
    """
)
PLACE = {"environmentId": seeding.STAGING_ENVIRONMENT_ID, "serviceId": seeding.service_id("api")}


@pytest.fixture
def fakes() -> Iterator[Served]:
    with served("railway") as running:
        yield running


def client(fakes: Served, token: str = seeding.PROJECT_TOKEN) -> Client:
    """A client that validates what it sends against the schema that the fake gives."""
    transport = AIOHTTPTransport(
        url=f"{fakes.url('railway')}/graphql/v2", headers={"Project-Access-Token": token}
    )
    return Client(transport=transport, fetch_schema_from_transport=True)


def asked(document: GraphQLRequest, **variables: object) -> GraphQLRequest:
    return GraphQLRequest(document, variable_values=variables)


async def test_a_release_is_deployed_and_rolled_back(fakes: Served) -> None:
    async with client(fakes) as session:
        good = (await session.execute(asked(DEPLOY, **PLACE, commitSha=SHA)))["serviceInstanceDeployV2"]
        bad = (await session.execute(asked(DEPLOY, **PLACE, commitSha=OTHER_SHA)))["serviceInstanceDeployV2"]
        before = (await session.execute(asked(DEPLOYMENT, id=good)))["deployment"]

        rolled_back = await session.execute(asked(ROLL_BACK, id=good))

        latest = (await session.execute(asked(LATEST, **PLACE)))["serviceInstance"]["latestDeployment"]
        assert (before["status"], before["canRollback"]) == ("REMOVED", True)
        assert rolled_back == {"deploymentRollback": True}
        assert latest["id"] not in (good, bad)
        assert (latest["status"], latest["meta"]["commitHash"]) == ("SUCCESS", SHA)


async def test_variables_come_as_a_map(fakes: Served) -> None:
    async with client(fakes) as session:
        found = await session.execute(asked(VARIABLES, projectId=seeding.STAGING_PROJECT_ID, **PLACE))

        assert found["variables"]["APP_ENV"] == "staging"


async def test_a_refusal_arrives_as_an_error_of_the_query(fakes: Served) -> None:
    async with client(fakes, token="wrong") as session:
        with pytest.raises(TransportQueryError, match="Not Authorized"):
            await session.execute(asked(LATEST, **PLACE))


async def test_the_schema_can_be_fetched_whole(fakes: Served) -> None:
    async with client(fakes) as session:
        assert session.client.schema is not None
        text = print_schema(session.client.schema)

        assert "deploymentRollback(id: String!): Boolean!" in text
        assert "enum DeploymentStatus {" in text
