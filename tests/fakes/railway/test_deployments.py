"""Deployments that the fake makes up: commits, stages, what serves, rollback, and the rest of their life."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest

from fakes.railway.state import lifecycle, seeding
from tests.fakes.railway.conftest import (
    API,
    API_PLACE,
    DEPLOY,
    DEPLOYMENT,
    OTHER_SHA,
    REDIS,
    ROLL_BACK,
    SHA,
    WORKER,
    Api,
)
from tests.fakes.serving import served

EVENTS = "query ($i: String!) { deploymentEvents(id: $i)"
EVENTS += " { edges { node { step completedAt payload { error } } } } }"
LIST = "query ($i: DeploymentListInput!, $f: Int, $a: String) { deployments(input: $i, first: $f, after: $a)"
LIST += " { edges { node { id status } } pageInfo { hasNextPage endCursor } } }"
INSTANCE = "query ($e: String!, $s: String!) { serviceInstance(environmentId: $e, serviceId: $s)"
INSTANCE += " { serviceName source { repo image } healthcheckPath restartPolicyType restartPolicyMaxRetries"
INSTANCE += " latestDeployment { id status } activeDeployments { id status } } }"
REDEPLOY = "mutation ($i: String!, $u: Boolean) { deploymentRedeploy(id: $i, usePreviousImageTag: $u)"
REDEPLOY += " { id status meta } }"
FULL_WAY = ["SNAPSHOT_CODE", "BUILD_IMAGE", "PUBLISH_IMAGE", "CREATE_CONTAINER", "HEALTHCHECK"]


def do(field: str) -> str:
    return f"mutation ($i: String!) {{ {field}(id: $i) }}"


def steps(api: Api, deployment_id: str) -> list[str]:
    return [edge["node"]["step"] for edge in api.data(EVENTS, i=deployment_id)["edges"]]


def active(api: Api, service: str = API) -> list[dict[str, str]]:
    found = api.data(INSTANCE, e=seeding.STAGING_ENVIRONMENT_ID, s=service)
    return list(found["activeDeployments"])


def first_of(api: Api, service: str = API) -> str:
    return active(api, service)[0]["id"]


def test_a_deployment_of_a_commit_takes_the_place_of_what_served(project: Api) -> None:
    before = first_of(project)

    made = project.deploy(SHA)

    found = project.deployment(made)
    assert found["status"] == "SUCCESS"
    assert found["meta"]["commitHash"] == SHA
    assert found["meta"]["branch"] == "develop"
    assert found["url"] == "api-staging.up.railway.app"
    assert found["instances"] == [{"status": "RUNNING"}]
    assert (found["canRollback"], found["deploymentStopped"]) == (False, False)
    assert active(project) == [{"id": made, "status": "SUCCESS"}]
    replaced = project.deployment(before)
    assert (replaced["status"], replaced["canRollback"]) == ("REMOVED", True)
    assert steps(project, made) == FULL_WAY


def test_without_a_commit_that_of_the_last_time_is_deployed(project: Api) -> None:
    project.deploy(SHA)

    made = project.deploy(None)

    assert project.deployment(made)["meta"]["commitHash"] == SHA


def test_the_latest_commit_is_deployed_where_it_is_asked_for(project: Api) -> None:
    project.deploy(SHA)
    query = "mutation ($e: String!, $s: String!) { serviceInstanceDeploy("
    query += "environmentId: $e, serviceId: $s, latestCommit: true) }"

    assert project.data(query, **API_PLACE) is True

    meta = project.deployment(first_of(project))["meta"]
    assert (meta["commitHash"], meta["commitAuthor"]) == (seeding.FIRST_SHA, "streamer_sam")


def test_commits_that_nobody_told_of_can_be_unknown(seeded: httpx.Client, project: Api) -> None:
    commit = {"sha": OTHER_SHA, "message": "Fix it", "author": "mod_mia"}
    seeded.put("/_fake/state", json={"only_known_commits": True, "commits": [commit]}).raise_for_status()

    assert project.refusal(DEPLOY, **API_PLACE, c=SHA) == (200, "Commit not found")

    found = project.deployment(project.deploy(OTHER_SHA))["meta"]
    assert (found["commitMessage"], found["commitAuthor"]) == ("Fix it", "mod_mia")


def test_an_image_is_deployed_without_a_build(project: Api) -> None:
    made = project.deploy(None, REDIS)

    assert project.deployment(made)["meta"] == {"reason": "deploy", "image": "redis:8"}
    assert steps(project, made) == ["CREATE_CONTAINER"]


def test_a_service_without_a_source_cannot_be_deployed(account: Api) -> None:
    account.data("mutation ($i: String!) { serviceDisconnect(id: $i) { id } }", i=API)

    assert account.refusal(DEPLOY, **API_PLACE) == (200, "Service has no source to deploy from")


def test_a_rollback_brings_commit_and_variables_back(project: Api) -> None:
    upsert = "mutation ($i: VariableUpsertInput!) { variableUpsert(input: $i) }"
    place = {"projectId": seeding.STAGING_PROJECT_ID, "environmentId": seeding.STAGING_ENVIRONMENT_ID}
    good = project.deploy(SHA)
    change = {**place, "serviceId": API, "name": "APP_ENV", "value": "broken", "skipDeploys": True}
    project.data(upsert, i=change)
    bad = project.deploy(OTHER_SHA)

    assert project.data(ROLL_BACK, i=good) is True

    (serving,) = active(project)
    meta = project.deployment(serving["id"])["meta"]
    assert serving["id"] not in (good, bad)
    assert (meta["commitHash"], meta["reason"]) == (SHA, "rollback")
    assert steps(project, serving["id"]) == ["CREATE_CONTAINER", "HEALTHCHECK"]
    variables = "query ($p: String!, $e: String!, $s: String!)"
    variables += " { variables(projectId: $p, environmentId: $e, serviceId: $s, unrendered: true) }"
    seen = project.data(variables, p=seeding.STAGING_PROJECT_ID, **API_PLACE)
    assert seen == {"APP_ENV": "${{shared.APP_ENV}}"}


def test_a_rollback_to_what_serves_is_refused(project: Api) -> None:
    assert project.refusal(ROLL_BACK, i=first_of(project)) == (200, "Cannot rollback to this deployment")


def test_images_are_kept_for_some_days(seeded: httpx.Client, project: Api) -> None:
    good = project.deploy(SHA)
    project.deploy(OTHER_SHA)
    seeded.post("/_fake/clock", json={"advance_s": 5 * 86_400 + 1})

    assert project.deployment(good)["canRollback"] is False
    assert project.refusal(ROLL_BACK, i=good) == (200, "Cannot rollback to this deployment")


def test_a_deployment_that_fails_leaves_the_old_one_serving(seeded: httpx.Client, project: Api) -> None:
    seeded.put("/_fake/state", json={"outcomes": {"api": "FAILED"}}).raise_for_status()
    before = active(project)

    made = project.deploy(SHA)

    assert project.status(made) == "FAILED"
    assert active(project) == before
    assert project.deployment(made)["instances"] == []
    last = project.data(EVENTS, i=made)["edges"][-1]["node"]
    assert (last["step"], last["payload"]) == ("HEALTHCHECK", {"error": "Deployment failed"})
    assert project.refusal(ROLL_BACK, i=made) == (200, "Cannot rollback to this deployment")
    assert project.status(project.deploy(SHA, WORKER)) == "SUCCESS"


def test_a_deployment_that_crashes_had_taken_the_place(seeded: httpx.Client, project: Api) -> None:
    seeded.put("/_fake/state", json={"outcomes": {"api": "CRASHED"}}).raise_for_status()

    made = project.deploy(SHA)

    assert active(project) == [{"id": made, "status": "CRASHED"}]
    assert project.deployment(made)["instances"] == [{"status": "CRASHED"}]
    assert project.data(do("deploymentRestart"), i=made) is True
    assert project.status(made) == "SUCCESS"


def test_a_redeployment_repeats_the_commit(project: Api) -> None:
    made = project.deploy(SHA)

    again = project.data(REDEPLOY, i=made)

    assert again["id"] != made
    assert (again["meta"]["commitHash"], again["meta"]["reason"]) == (SHA, "redeploy")
    assert steps(project, again["id"]) == FULL_WAY


def test_a_redeployment_may_use_the_image_that_is_there(project: Api) -> None:
    again = project.data(REDEPLOY, i=project.deploy(SHA), u=True)

    assert steps(project, again["id"]) == ["CREATE_CONTAINER", "HEALTHCHECK"]


def test_a_service_in_an_environment_is_redeployed(project: Api) -> None:
    before = first_of(project)
    query = (
        "mutation ($e: String!, $s: String!) { serviceInstanceRedeploy(environmentId: $e, serviceId: $s) }"
    )

    assert project.data(query, **API_PLACE) is True

    assert first_of(project) != before


def test_a_deployment_that_is_stopped_stays_what_it_is(project: Api) -> None:
    made = project.deploy(SHA)

    assert project.data(do("deploymentStop"), i=made) is True

    found = project.deployment(made)
    assert (found["status"], found["deploymentStopped"]) == ("SUCCESS", True)
    assert found["instances"] == [{"status": "STOPPED"}]


def test_a_deployment_that_is_removed_serves_no_longer(project: Api) -> None:
    made = project.deploy(SHA)

    assert project.data(do("deploymentRemove"), i=made) is True
    assert project.data(do("deploymentRemove"), i=made) is True

    assert project.status(made) == "REMOVED"
    assert active(project) == []


@pytest.mark.parametrize(
    ("field", "words"),
    [
        ("deploymentCancel", "Cannot cancel a deployment that is not in progress"),
        ("deploymentApprove", "Deployment does not need approval"),
    ],
)
def test_what_serves_is_neither_cancelled_nor_approved(project: Api, field: str, words: str) -> None:
    assert project.refusal(do(field), i=first_of(project)) == (200, words)


@pytest.mark.parametrize(
    ("field", "words"),
    [
        ("deploymentRestart", "Cannot restart a deployment that is not active"),
        ("deploymentStop", "Cannot stop a deployment that is not active"),
    ],
)
def test_what_is_removed_is_neither_restarted_nor_stopped(project: Api, field: str, words: str) -> None:
    before = first_of(project)
    project.deploy(SHA)

    assert project.refusal(do(field), i=before) == (200, words)


def test_the_list_is_cut_into_pages_and_newest_first(project: Api) -> None:
    made = [project.deploy(SHA) for _ in range(3)]
    given = {"projectId": seeding.STAGING_PROJECT_ID, "serviceId": API}

    first = project.data(LIST, i=given, f=2)
    second = project.data(LIST, i=given, f=2, a=first["pageInfo"]["endCursor"])

    ids = [edge["node"]["id"] for page in (first, second) for edge in page["edges"]]
    assert ids[:3] == made[::-1]
    assert (first["pageInfo"]["hasNextPage"], second["pageInfo"]["hasNextPage"]) == (True, False)


def test_the_list_is_filtered_by_status(project: Api) -> None:
    made = project.deploy(SHA)
    given = {"serviceId": API, "environmentId": seeding.STAGING_ENVIRONMENT_ID}

    serving = project.data(LIST, i={**given, "status": {"in": ["SUCCESS"]}})["edges"]
    others = project.data(LIST, i={**given, "status": {"notIn": ["SUCCESS"]}})["edges"]

    assert [edge["node"]["id"] for edge in serving] == [made]
    assert [edge["node"]["status"] for edge in others] == ["REMOVED"]


def test_a_list_of_nothing_in_particular_is_refused(project: Api) -> None:
    assert project.refusal(LIST, i={}) == (200, "Problem processing request")


def test_a_push_deploys_all_that_follow_the_branch(project: Api) -> None:
    commit = {"sha": OTHER_SHA, "branch": "develop", "message": "More", "author": "mod_mia"}

    told = project.http.post("/_fake/push", json=commit).json()

    assert [first_of(project), first_of(project, WORKER)] == told["deployments"]
    assert project.deployment(told["deployments"][0])["meta"]["commitMessage"] == "More"


def test_a_push_to_another_branch_deploys_nothing(fake: httpx.Client) -> None:
    told = fake.post("/_fake/push", json={"sha": SHA, "branch": "feature"}).json()

    assert told == {"deployments": []}


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"sha": "cafe"}, "sha is 'cafe'; it must be 40 lower-case hex digits"),
        ({"sha": 1}, "push.sha is 1; it must be a text"),
        ({"ref": "a"}, "unknown field of push 'ref'; known are repo, branch, sha, message, author"),
        ([], "not a JSON object"),
    ],
)
def test_a_bad_push_is_refused_by_name(fake: httpx.Client, body: object, words: str) -> None:
    answer = fake.post("/_fake/push", json=body)

    assert (answer.status_code, answer.json()) == (400, {"error": words})


def test_a_trigger_deploys_the_latest_of_its_branch(project: Api) -> None:
    project.http.post("/_fake/push", json={"sha": OTHER_SHA})
    project.deploy(SHA)
    given = {
        "projectId": seeding.STAGING_PROJECT_ID,
        "environmentId": seeding.STAGING_ENVIRONMENT_ID,
        "serviceId": API,
    }
    query = "mutation ($i: EnvironmentTriggersDeployInput!) { environmentTriggersDeploy(input: $i) }"

    assert project.data(query, i=given) is True
    assert project.deployment(first_of(project))["meta"]["commitHash"] == OTHER_SHA
    refused = project.refusal(query, i={**given, "serviceId": REDIS})
    assert refused == (200, "No deployment trigger found for this service")


def test_the_state_tells_what_serves(project: Api) -> None:
    made = project.deploy(SHA)

    state = project.http.get("/_fake/state").json()["state"]

    assert state["deployments"] == {"REMOVED": 1, "SUCCESS": 4}
    assert (state["staging"]["api"]["id"], state["staging"]["api"]["status"]) == (made, "SUCCESS")


class TestRealisticTiming:
    """With time, a deployment goes through its stages by the fake's clock."""

    @pytest.fixture
    def timed(self) -> Iterator[Api]:
        with (
            served("railway", timing="realistic") as running,
            httpx.Client(base_url=running.url("railway"), trust_env=False, timeout=10) as http,
        ):
            http.post("/_fake/clock", json={"freeze": True})
            yield Api(http, {"Project-Access-Token": seeding.PROJECT_TOKEN})

    def advance(self, api: Api, seconds: float) -> None:
        api.http.post("/_fake/clock", json={"advance_s": seconds}).raise_for_status()

    def test_every_stage_takes_its_time(self, timed: Api) -> None:
        before, made = first_of(timed), timed.deploy(SHA)
        seen = [timed.status(made)]
        for stage in lifecycle.WITH_BUILD:
            serving = first_of(timed)
            assert serving == before
            self.advance(timed, stage.lasts_s)
            seen.append(timed.status(made))

        assert seen == ["QUEUED", "INITIALIZING", "BUILDING", "DEPLOYING", "SUCCESS"]
        assert first_of(timed) == made

    def test_a_long_absence_skips_no_stage(self, timed: Api) -> None:
        made = timed.deploy(SHA)

        self.advance(timed, 3600)

        assert timed.status(made) == "SUCCESS"
        assert steps(timed, made) == FULL_WAY

    def test_what_is_under_way_can_be_cancelled(self, timed: Api) -> None:
        before, made = first_of(timed), timed.deploy(SHA)
        self.advance(timed, 10)

        assert timed.data(do("deploymentCancel"), i=made) is True

        self.advance(timed, 3600)
        assert (timed.status(made), first_of(timed)) == ("REMOVED", before)

    def test_what_was_asked_for_last_serves_in_the_end(self, timed: Api) -> None:
        slow = timed.deploy(SHA)
        self.advance(timed, 1)
        fast = timed.data(REDEPLOY, i=first_of(timed), u=True)["id"]

        self.advance(timed, 3600)

        assert (timed.status(slow), timed.status(fast)) == ("REMOVED", "SUCCESS")
        assert first_of(timed) == fast

    def test_what_is_under_way_is_not_redeployed(self, timed: Api) -> None:
        made = timed.deploy(SHA)

        refused = timed.refusal(REDEPLOY, i=made)

        assert refused == (200, "Cannot redeploy a deployment that is in progress")
        assert timed.data(DEPLOYMENT, i=made)["canRedeploy"] is False
