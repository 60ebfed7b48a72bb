"""What is deployed at Railway is deployed here: by commit, by upload, back again, and not at all."""

from __future__ import annotations

import io
import os
import subprocess
import tarfile
from typing import Any

import httpx

from fakes.railway.state import seeding
from tests.emulator.platforms.conftest import API_URL, World, until
from tests.fakes.railway.conftest import API, DEPLOYMENT, REDIS, ROLL_BACK, WORKER
from tests.fakes.railway.test_deployments import do

TOKEN = {"Project-Access-Token": seeding.PROJECT_TOKEN}
DEPLOY = "mutation ($e: String!, $s: String!, $c: String) {"
DEPLOY += " serviceInstanceDeployV2(environmentId: $e, serviceId: $s, commitSha: $c) }"
LOGS = "query ($i: String!) { %s(deploymentId: $i) { message severity } }"
UP = f"/project/{seeding.STAGING_PROJECT_ID}/environment/{seeding.STAGING_ENVIRONMENT_ID}/up"


class Platform:
    """Railway as a workflow sees it."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self.client = client
        self.seen: list[str] = []

    async def data(self, query: str, **variables: Any) -> Any:
        answer = await self.client.post("/graphql/v2", json={"query": query, "variables": variables})
        body = answer.json()
        assert "errors" not in body, body
        return next(iter(body["data"].values()))

    async def deploy(self, sha: str, service: str = API) -> str:
        made: str = await self.data(DEPLOY, e=seeding.STAGING_ENVIRONMENT_ID, s=service, c=sha)
        return made

    async def status(self, deployment: str) -> str:
        found: str = (await self.data(DEPLOYMENT, i=deployment))["status"]
        if found not in self.seen[-1:]:
            self.seen.append(found)
        return found

    async def becomes(self, deployment: str, status: str) -> None:
        async def is_there() -> bool:
            return await self.status(deployment) == status

        await until(is_there, lambda: f"{status}, but {self.seen}")

    async def log(self, kind: str, deployment: str) -> list[str]:
        lines = await self.data(LOGS % kind, i=deployment)
        return [line["message"] for line in lines]


def platform(world: World) -> Platform:
    return Platform(world.client("railway", TOKEN))


def pushed(world: World) -> str:
    """A commit in the stack's repository; returns all its digits."""
    repository = world.folder.path / "repository.git"
    identity = ["-c", "user.name=Sam", "-c", "user.email=sam@clipnet.test"]

    def git(*words: str) -> str:
        command = ["git", *identity, *words]
        done = subprocess.run(command, cwd=repository, input=b"", capture_output=True, check=True, timeout=20)
        return done.stdout.decode().strip()

    repository.mkdir()
    git("init", "--bare", "--quiet", "--initial-branch=develop")
    sha = git("commit-tree", git("mktree"), "-m", "Begin")
    git("update-ref", "refs/heads/develop", sha)
    return sha


def archive(files: dict[str, bytes]) -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as tar:
        for name, content in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            tar.addfile(entry, io.BytesIO(content))
    return packed.getvalue()


async def test_a_commit_is_deployed_step_by_step(world: World) -> None:
    sha, railway = pushed(world), platform(world)
    async with world.agent():
        made = await railway.deploy(sha)
        await railway.becomes(made, "SUCCESS")

    assert world.engine.calls[-1:] == [("deploy", "repository.git", sha, ("api",), "railway")]
    assert (await railway.data(DEPLOYMENT, i=made))["url"] == API_URL
    build, deploy = [await railway.log(kind, made) for kind in ("buildLogs", "deploymentLogs")]
    assert ("waits for deployment 4" in build, "deployment 5 of 0.1.0+abc" in build) == (True, True)
    assert ("did build" in build, "did migrate" in build) == (True, False)
    assert ("did migrate" in deploy, "did build" in deploy) == (True, False)


async def test_a_deployment_that_fails_says_where_and_why(world: World) -> None:
    sha, railway = pushed(world), platform(world)
    world.engine.fails_at = "migrate"
    async with world.agent():
        made = await railway.deploy(sha, WORKER)
        await railway.becomes(made, "FAILED")

    log = await railway.log("deploymentLogs", made)
    assert "migrate: failed, as scripted" in log
    assert "step 'migrate' failed; see: deploy-5.log" in log


async def test_a_commit_that_nobody_pushed_fails_with_the_next_step(world: World) -> None:
    railway = platform(world)
    async with world.agent():
        unknown = await railway.deploy("a" * 40)
        await railway.becomes(unknown, "FAILED")
        pushed(world)
        other = await railway.deploy("b" * 40)
        await railway.becomes(other, "FAILED")

    first, second = [await railway.log("buildLogs", one) for one in (unknown, other)]
    assert any("make one with: clipnet-emulate remote" in line for line in first)
    assert any("b" * 40 in line for line in second)
    assert [call for call in world.engine.calls if call[0] == "deploy"] == []


async def test_a_rollback_is_the_engines(world: World) -> None:
    sha, railway = pushed(world), platform(world)
    async with world.agent():
        first = await railway.deploy(sha)
        await railway.becomes(first, "SUCCESS")
        second = await railway.deploy(sha)
        await railway.becomes(second, "SUCCESS")
        await railway.data(ROLL_BACK, i=first)
        await until(lambda: len(asked(world)) == 3, lambda: world.engine.calls)

    assert asked(world)[2] == ("rollback", sha, ("api",), "railway")


def asked(world: World) -> list[tuple[object, ...]]:
    return [call for call in world.engine.calls if call[0] != "show"]


async def test_a_restart_that_fails_leaves_what_serves(world: World) -> None:
    sha, railway = pushed(world), platform(world)
    async with world.agent():
        made = await railway.deploy(sha, WORKER)
        await railway.becomes(made, "SUCCESS")
        world.engine.fails_at = "start"
        await railway.data(do("deploymentRestart"), i=made)

        async def is_told() -> bool:
            return "step 'start' failed" in await railway.log("deploymentLogs", made)

        await until(is_told, lambda: world.engine.calls)

    assert asked(world)[1] == ("restart", "worker", "railway")
    assert await railway.status(made) == "SUCCESS"


async def test_a_cancelled_deployment_is_cancelled_here(world: World) -> None:
    sha, railway = pushed(world), platform(world)
    world.engine.stays_at = "build"
    async with world.agent():
        made = await railway.deploy(sha)
        await railway.becomes(made, "BUILDING")
        await railway.data(do("deploymentCancel"), i=made)
        await until(lambda: world.engine.was_cancelled, lambda: "the engine goes on")

    assert await railway.status(made) == "REMOVED"


async def test_an_uploaded_tree_is_deployed_as_the_same_commit_each_time(world: World) -> None:
    railway, made = platform(world), []
    tree = archive({"railway.json": b"{}", ".gitignore": b"railway.json\n", ".git": b"gitdir: /elsewhere"})
    async with world.agent():
        for _ in range(2):
            answer = await railway.client.post(
                UP, params={"serviceId": API}, content=tree, headers={"Content-Type": "application/gzip"}
            )
            made.append(answer.json()["deploymentId"])
            await railway.becomes(made[-1], "SUCCESS")

    first, second = asked(world)
    assert first == second
    assert (first[0], first[1], len(str(first[2])), first[3]) == ("deploy", "tree", 40, ("api",))
    assert world.engine.files == {"railway.json": b"{}", ".gitignore": b"railway.json\n"}
    assert os.listdir(world.folder.path / "uploads") == []


async def test_what_is_no_service_of_ours_counts_as_deployed(world: World) -> None:
    railway = platform(world)
    async with world.agent():
        last = await railway.data(
            "query ($i: DeploymentListInput!) { deployments(input: $i, first: 1) { edges { node { id } } } }",
            i={"serviceId": REDIS, "environmentId": seeding.STAGING_ENVIRONMENT_ID},
        )
        again = await railway.data(
            "mutation ($i: String!) { deploymentRedeploy(id: $i) { id } }", i=last["edges"][0]["node"]["id"]
        )
        await railway.becomes(again["id"], "SUCCESS")

    assert asked(world) == []
    assert any(
        "'redis' is no service of" in line for line in await railway.log("deploymentLogs", again["id"])
    )


async def test_what_was_under_way_begins_again_with_the_next_agent(world: World) -> None:
    sha, railway = pushed(world), platform(world)
    world.engine.stays_at = "build"
    async with world.agent():
        made = await railway.deploy(sha)
        await railway.becomes(made, "BUILDING")
    between = await railway.status(made)
    world.engine.stays_at = None
    async with world.agent():
        await railway.becomes(made, "SUCCESS")
    async with world.agent():
        await railway.becomes(await railway.deploy(sha, WORKER), "SUCCESS")

    assert between == "BUILDING"
    assert [call[3] for call in asked(world)] == [("api",), ("api",), ("worker",)]


async def test_a_reset_of_the_fake_ends_what_is_under_way(world: World) -> None:
    sha, railway = pushed(world), platform(world)
    world.engine.stays_at = "build"
    async with world.agent():
        await railway.becomes(await railway.deploy(sha), "BUILDING")
        await railway.client.post("/_fake/reset")
        await until(lambda: world.engine.was_cancelled, lambda: "the engine goes on")
        world.engine.stays_at = None
        await railway.becomes(await railway.deploy(sha), "SUCCESS")

    assert len(asked(world)) == 2
