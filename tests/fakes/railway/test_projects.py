"""Projects, environments, services, their instances and domains."""

from __future__ import annotations

import pytest

from fakes.railway.state import seeding
from tests.fakes.railway.conftest import API, API_PLACE, REDIS, WORKER, Api
from tests.fakes.railway.test_deployments import active

CREATE = "mutation ($i: ProjectCreateInput!) { projectCreate(input: $i) { id name baseEnvironment { name }"
CREATE += " services { edges { node { name } } } } }"
NEW_ENVIRONMENT = "mutation ($i: EnvironmentCreateInput!) { environmentCreate(input: $i)"
NEW_ENVIRONMENT += " { id name isEphemeral sourceEnvironment { name } } }"
NEW_SERVICE = "mutation ($i: ServiceCreateInput!) { serviceCreate(input: $i) { id name } }"
TREE = "query ($i: String!) { project(id: $i) { name workspace { name } environments { edges { node { name"
TREE += " serviceInstances { edges { node { serviceName latestDeployment { status } } } } } } }"
TREE += " services { edges { node { name serviceInstances { edges { node { environmentId } } } } } } } }"
INSTANCE = (
    "query ($e: String!, $s: String!) { serviceInstance(environmentId: $e, serviceId: $s) { serviceName"
)
INSTANCE += " builder numReplicas startCommand healthcheckPath restartPolicyType restartPolicyMaxRetries"
INSTANCE += " source { repo image } domains { serviceDomains { id domain targetPort suffix }"
INSTANCE += " customDomains { id domain status { verified dnsRecords { hostlabel zone } } } } } }"
CONFIGURE = "mutation ($e: String, $s: String!, $i: ServiceInstanceUpdateInput!)"
CONFIGURE += " { serviceInstanceUpdate(environmentId: $e, serviceId: $s, input: $i) }"
GIVE = "mutation ($i: ServiceDomainCreateInput!) { serviceDomainCreate(input: $i) { id domain } }"
RENAME = "mutation ($i: ServiceDomainUpdateInput!) { serviceDomainUpdate(input: $i) }"
BIND = "mutation ($i: CustomDomainCreateInput!) { customDomainCreate(input: $i) { id domain } }"
IN_PROJECT = {"projectId": seeding.STAGING_PROJECT_ID}
OF_API = {"environmentId": seeding.STAGING_ENVIRONMENT_ID, "serviceId": API}


def names(connection: dict[str, list[dict[str, dict[str, str]]]], field: str = "name") -> list[str]:
    return [edge["node"][field] for edge in connection["edges"]]


def test_a_project_shows_all_that_is_in_it(account: Api) -> None:
    found = account.data(TREE, i=seeding.STAGING_PROJECT_ID)

    assert found["workspace"] == {"name": "clipnet-staging"}
    (environment,) = found["environments"]["edges"]
    assert environment["node"]["name"] == "staging"
    services = ["api", "worker", "postgres", "redis"]
    assert names(environment["node"]["serviceInstances"], "serviceName") == services
    assert names(found["services"]) == services


def test_there_are_no_volumes_and_buckets(account: Api) -> None:
    query = "query ($i: String!) { project(id: $i) { volumes { edges { node { id } } } buckets { edges { node"
    query += " { id } } } environments { edges { node { volumeInstances { edges { node { id } } } } } } } }"

    found = account.data(query, i=seeding.STAGING_PROJECT_ID)

    assert (found["volumes"], found["buckets"]) == ({"edges": []}, {"edges": []})
    assert found["environments"]["edges"] == [{"node": {"volumeInstances": {"edges": []}}}]


def test_a_project_is_made_renamed_and_deleted(account: Api) -> None:
    made = account.data(CREATE, i={"name": "probe", "defaultEnvironmentName": "staging"})
    assert made == {
        "id": made["id"],
        "name": "probe",
        "baseEnvironment": {"name": "staging"},
        "services": {"edges": []},
    }
    update = "mutation ($p: String!, $i: ProjectUpdateInput!) { projectUpdate(id: $p, input: $i) { name } }"
    assert account.data(update, p=made["id"], i={"name": "other"}) == {"name": "other"}

    assert account.data("mutation ($i: String!) { projectDelete(id: $i) }", i=made["id"]) is True

    gone = account.refusal(TREE, i=made["id"])
    assert gone == (200, "Project not found")


def test_a_project_of_a_repository_is_deployed(account: Api) -> None:
    repo = {"fullRepoName": "clipnet/web", "branch": "develop"}

    made = account.data(CREATE, i={"name": "web", "repo": repo})

    assert names(made["services"]) == ["web"]
    (environment,) = account.data(TREE, i=made["id"])["environments"]["edges"]
    (instance,) = environment["node"]["serviceInstances"]["edges"]
    assert instance["node"]["latestDeployment"] == {"status": "SUCCESS"}


def test_an_environment_is_forked_with_services_and_variables(account: Api) -> None:
    given = {**IN_PROJECT, "name": "pr-1", "sourceEnvironmentId": seeding.STAGING_ENVIRONMENT_ID}

    made = account.data(NEW_ENVIRONMENT, i={**given, "ephemeral": True})

    assert (made["isEphemeral"], made["sourceEnvironment"]) == (True, {"name": "staging"})
    variables = "query ($p: String!, $e: String!) { variables(projectId: $p, environmentId: $e) }"
    assert account.data(variables, p=seeding.STAGING_PROJECT_ID, e=made["id"]) == {"APP_ENV": "staging"}
    query = "query ($e: String!, $s: String!) { serviceInstance(environmentId: $e, serviceId: $s)"
    query += " { latestDeployment { status } } }"
    assert account.data(query, e=made["id"], s=API) == {"latestDeployment": {"status": "SUCCESS"}}
    assert account.refusal(NEW_ENVIRONMENT, i=given)[1].startswith('Environment with name "pr-1"')


def test_an_environment_is_renamed_and_deleted(account: Api) -> None:
    made = account.data(NEW_ENVIRONMENT, i={**IN_PROJECT, "name": "qa"})
    rename = 'mutation ($e: String!) { environmentRename(id: $e, input: {name: "qa2"}) { name } }'
    assert account.data(rename, e=made["id"]) == {"name": "qa2"}

    assert account.data("mutation ($e: String!) { environmentDelete(id: $e) }", e=made["id"]) is True

    query = "query ($e: String!) { environment(id: $e) { name } }"
    assert account.refusal(query, e=made["id"]) == (200, "Environment not found")
    assert active(account) != []


def test_a_service_is_made_in_one_environment_with_its_variables(project: Api) -> None:
    given = {**IN_PROJECT, "environmentId": seeding.STAGING_ENVIRONMENT_ID, "variables": {"A": "1"}}

    made = project.data(NEW_SERVICE, i={**given, "source": {"image": "ghcr.io/clipnet/probe:1"}})

    assert made["name"] == "probe"
    assert active(project, made["id"])[0]["status"] == "SUCCESS"
    again = project.refusal(NEW_SERVICE, i={**given, "name": "probe"})
    assert again == (200, 'A service named "probe" already exists in this project')


def test_a_service_is_renamed_and_deleted(account: Api) -> None:
    rename = 'mutation ($i: String!) { serviceUpdate(id: $i, input: {name: "cache"}) { name } }'
    assert account.data(rename, i=REDIS) == {"name": "cache"}

    assert account.data("mutation ($i: String!) { serviceDelete(id: $i) }", i=REDIS) is True

    query = "query ($i: String!) { service(id: $i) { name } }"
    assert account.refusal(query, i=REDIS) == (200, "Service not found")


def test_a_service_leaves_one_environment(project: Api) -> None:
    query = "mutation ($e: String, $i: String!) { serviceDelete(environmentId: $e, id: $i) }"

    assert project.data(query, e=seeding.STAGING_ENVIRONMENT_ID, i=REDIS) is True

    refused = project.refusal(INSTANCE, e=seeding.STAGING_ENVIRONMENT_ID, s=REDIS)
    assert refused == (200, "ServiceInstance not found")


def test_an_instance_is_configured(project: Api) -> None:
    before = project.data(INSTANCE, **API_PLACE)
    given = {
        "startCommand": "python -m clipnet.api",
        "healthcheckPath": "/ready",
        "restartPolicyMaxRetries": 3,
    }

    assert project.data(CONFIGURE, **API_PLACE, i=given) is True

    after = project.data(INSTANCE, **API_PLACE)
    assert (before["builder"], before["restartPolicyType"], before["restartPolicyMaxRetries"]) == (
        "RAILPACK",
        "ON_FAILURE",
        10,
    )
    assert after == {**before, **given}


def test_a_service_is_connected_to_another_branch(account: Api) -> None:
    query = 'mutation ($i: String!) { serviceConnect(id: $i, input: {repo: "clipnet/fork", branch: "v2"})'
    account.data(query + " { id } }", i=WORKER)
    sha = "c" * 40

    told = account.http.post("/_fake/push", json={"repo": "clipnet/fork", "branch": "v2", "sha": sha}).json()

    assert active(account, WORKER)[0]["id"] in told["deployments"]
    assert len(told["deployments"]) == 1


def test_a_service_is_given_domains(project: Api) -> None:
    worker = {**OF_API, "serviceId": WORKER, "targetPort": 8080}
    first = project.data(GIVE, i=worker)
    second = project.data(GIVE, i=worker)

    assert first["domain"] == "worker-staging.up.railway.app"
    assert second["domain"].startswith("worker-staging-")
    found = project.data(INSTANCE, e=seeding.STAGING_ENVIRONMENT_ID, s=WORKER)["domains"]["serviceDomains"]
    assert [one["targetPort"] for one in found] == [8080, 8080]


def test_a_domain_is_renamed_and_deleted(project: Api) -> None:
    made = project.data(GIVE, i={**OF_API, "serviceId": WORKER})
    given = {**OF_API, "serviceId": WORKER, "serviceDomainId": made["id"]}

    assert project.data(RENAME, i={**given, "domain": "clips.up.railway.app"}) is True
    taken = project.refusal(RENAME, i={**given, "domain": "api-staging.up.railway.app"})
    foreign = project.refusal(RENAME, i={**given, "domain": "clips.test"})

    assert (taken[1], foreign[1]) == ("Domain is not available", "Domain is not valid")
    assert project.data("mutation ($i: String!) { serviceDomainDelete(id: $i) }", i=made["id"]) is True
    found = project.data(INSTANCE, e=seeding.STAGING_ENVIRONMENT_ID, s=WORKER)
    assert found["domains"]["serviceDomains"] == []


def test_somebodys_own_domain_is_bound(project: Api) -> None:
    given = {**OF_API, **IN_PROJECT, "domain": "api.clipnet.test"}

    made = project.data(BIND, i=given)

    (found,) = project.data(INSTANCE, **API_PLACE)["domains"]["customDomains"]
    status = {"verified": True, "dnsRecords": [{"hostlabel": "api", "zone": "clipnet.test"}]}
    assert found == {**made, "status": status}
    assert project.refusal(BIND, i=given) == (200, "Domain is not available")
    available = "query ($d: String!) { customDomainAvailable(domain: $d) { available } }"
    assert project.data(available, d="api.clipnet.test") == {"available": False}
    assert project.data(available, d="other.clipnet.test") == {"available": True}
    update = (
        "mutation ($e: String!, $i: String!) { customDomainUpdate(environmentId: $e, id: $i, targetPort: 1) }"
    )
    assert project.data(update, e=seeding.STAGING_ENVIRONMENT_ID, i=made["id"]) is True
    query = "query ($p: String!, $i: String!) { customDomain(projectId: $p, id: $i) { targetPort } }"
    assert project.data(query, p=seeding.STAGING_PROJECT_ID, i=made["id"]) == {"targetPort": 1}
    assert project.data("mutation ($i: String!) { customDomainDelete(id: $i) }", i=made["id"]) is True


@pytest.mark.parametrize("name", ["clipnet", "-a.test", "a b.test", "x.up.railway.app", ""])
def test_what_is_no_domain_is_refused(project: Api, name: str) -> None:
    refused = project.refusal(BIND, i={**OF_API, **IN_PROJECT, "domain": name})

    assert refused == (200, "Domain is not valid")


def test_a_domain_of_railways_is_asked_for_by_its_first_label(project: Api) -> None:
    query = "query ($d: String!) { serviceDomainAvailable(domain: $d) { available message } }"

    assert project.data(query, d="api-staging") == {"available": False, "message": "Domain is not available"}
    assert project.data(query, d="free.up.railway.app")["available"] is True


def test_domains_and_triggers_are_listed(project: Api) -> None:
    place = {**API_PLACE, "p": seeding.STAGING_PROJECT_ID}
    arguments = "projectId: $p, environmentId: $e, serviceId: $s"
    domains = "query ($p: String!, $e: String!, $s: String!) { domains(" + arguments
    domains += ") { serviceDomains { domain } customDomains { domain } } }"
    triggers = "query ($p: String!, $e: String!, $s: String!) { deploymentTriggers(" + arguments
    triggers += ") { edges { node { repository branch provider } } } }"

    assert project.data(domains, **place) == {
        "serviceDomains": [{"domain": "api-staging.up.railway.app"}],
        "customDomains": [],
    }
    found = {"repository": "clipnet/clipnet", "branch": "develop", "provider": "github"}
    assert project.data(triggers, **place) == {"edges": [{"node": found}]}
    assert project.data(triggers, **{**place, "s": REDIS}) == {"edges": []}
