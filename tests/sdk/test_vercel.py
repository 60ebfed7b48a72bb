"""The official command line program and the official client library against the Vercel fake."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.fakes.serving import Served, served
from tests.sdk import nodejs

PROGRAM = nodejs.VERCEL / "node_modules" / "vercel" / "dist" / "index.js"
STAGING = "staging.clipnet.ai"
PRODUCTION = "clipnet-web-staging.vercel.app"
Vercel = Callable[..., subprocess.CompletedProcess[str]]
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def running() -> Iterator[Served]:
    with served("vercel") as fakes:
        yield fakes


@pytest.fixture
def site(running: Served) -> Iterator[Callable[[str], str]]:
    """What a host name shows."""
    with httpx.Client(base_url=running.url("vercel"), trust_env=False) as client:
        client.post("/_fake/reset")
        yield lambda host: client.get("/", headers={"Host": host}).text


@pytest.fixture
def vercel(running: Served, site: Callable[[str], str], tmp_path: Path) -> Vercel:
    """Runs the program in a folder with a page, as a workflow does."""
    folder = tmp_path / "page"
    folder.mkdir()
    env = {"HOME": str(tmp_path), "CI": "1", "VERCEL_TELEMETRY_DISABLED": "1"}
    env |= {"VERCEL_ORG_ID": "team_clipnetstaging0000000001"}
    env |= {"VERCEL_PROJECT_ID": "prj_clipnetstagingweb0000001"}

    def run(*arguments: str, page: str | None = None, given: str = "") -> subprocess.CompletedProcess[str]:
        if page is not None:
            (folder / "index.html").write_text(page)
        return nodejs.node(
            [str(PROGRAM), *arguments, "--api", running.url("vercel"), "--token", "vercel_staging_token"],
            env,
            60,
            libraries=nodejs.VERCEL,
            folder=folder,
            given=given,
        )

    return run


def said(done: subprocess.CompletedProcess[str]) -> str:
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_develop_is_deployed_listed_and_looked_at(vercel: Vercel, site: Callable[[str], str]) -> None:
    url = said(vercel("deploy", "--yes", "-m", "githubCommitRef=develop", page="one"))

    assert site(STAGING) == site(url.removeprefix("https://")) == "one"
    assert url in said(vercel("ls"))
    looked = vercel("inspect", url)
    assert (looked.returncode, f"https://{STAGING}" in looked.stderr) == (0, True)
    assert "Deployment completed" in vercel("inspect", url, "--logs").stderr


def test_the_branch_of_a_checkout_is_what_is_deployed(
    vercel: Vercel, site: Callable[[str], str], tmp_path: Path
) -> None:
    folder = tmp_path / "page"
    (folder / "index.html").write_text("committed")
    author = ["-c", "user.name=Sam", "-c", "user.email=sam@clipnet.test"]
    for command in (
        ["init", "-q", "-b", "develop"],
        ["remote", "add", "origin", "https://github.com/clipnet/clipnet.git"],
        ["add", "."],
        [*author, "commit", "-q", "-m", "One page"],
    ):
        subprocess.run(["git", *command], cwd=folder, check=True, timeout=20)

    said(vercel("deploy", "--yes"))

    assert site(STAGING) == "committed"


def test_what_was_built_is_deployed_as_an_archive(
    vercel: Vercel, site: Callable[[str], str], tmp_path: Path
) -> None:
    built = tmp_path / "page" / ".vercel" / "output" / "static"
    built.mkdir(parents=True)
    (built / "index.html").write_text("built")
    (built.parent / "config.json").write_text('{"version": 3}')

    said(vercel("deploy", "--yes", "--prebuilt", "--archive=tgz", "--target=staging"))

    assert site(STAGING) == "built"


def test_the_staging_frontend_goes_back_to_a_former_deployment(
    vercel: Vercel, site: Callable[[str], str]
) -> None:
    first = said(vercel("deploy", "--yes", "-m", "githubCommitRef=develop", page="one"))
    said(vercel("deploy", "--yes", "-m", "githubCommitRef=develop", page="two"))
    before = site(STAGING)

    said(vercel("alias", "set", first, STAGING))

    assert (before, site(STAGING)) == ("two", "one")


def test_production_of_the_project_is_rolled_back_and_promoted(
    vercel: Vercel, site: Callable[[str], str]
) -> None:
    first, second = (said(vercel("deploy", "--yes", "--prod", page=page)) for page in ("one", "two"))

    said(vercel("rollback", first, "--yes"))
    rolled_back = site(PRODUCTION)
    said(vercel("promote", second, "--yes"))

    assert (rolled_back, site(PRODUCTION)) == ("one", "two")


def test_a_preview_is_promoted_and_made_again(vercel: Vercel, site: Callable[[str], str]) -> None:
    first = said(vercel("deploy", "--yes", page="one"))

    said(vercel("promote", first, "--yes"))
    again = said(vercel("redeploy", first))

    assert site(PRODUCTION) == site(again.removeprefix("https://")) == "one"


def test_variables_are_added_listed_pulled_and_removed(vercel: Vercel, tmp_path: Path) -> None:
    add = ("env", "add", "API_URL", "preview", "develop", "--type", "config")
    said(vercel(*add, given="http://127.0.0.1:8401"))

    assert "API_URL" in said(vercel("env", "ls"))
    said(vercel("env", "pull", "pulled", "--environment=preview", "--git-branch=develop", "--yes"))
    assert 'API_URL="http://127.0.0.1:8401"' in (tmp_path / "page" / "pulled").read_text()
    said(vercel("env", "rm", "API_URL", "--yes"))
    assert "API_URL" not in vercel("env", "ls").stdout


def test_production_is_not_for_staging_to_take(vercel: Vercel, running: Served) -> None:
    url = said(vercel("deploy", "--yes", page="one"))

    refused = vercel("alias", "set", url, "clipnet.ai")

    assert (refused.returncode, "don't have access to the domain clipnet.ai" in refused.stderr) == (1, True)
    assert [one.violation for one in running.apps["vercel"].kit.journal.find(violations=True)] == [
        "host name 'clipnet.ai' of production was asked for"
    ]


def test_the_deployer_is_who_the_token_says(vercel: Vercel) -> None:
    assert said(vercel("whoami")) == "clipnet-deployer"


LIBRARY = """
const { Vercel } = await import("@vercel/sdk");
const { createHash } = await import("node:crypto");
const vercel = new Vercel({ bearerToken: "vercel_staging_token", serverURL: process.env.URL });
const teamId = "team_clipnetstaging0000000001", project = "clipnet-web-staging";
const content = new TextEncoder().encode("one");
const sha = createHash("sha1").update(content).digest("hex");
const deploy = (more) => vercel.deployments.createDeployment({
  teamId,
  requestBody: { name: project, files: [{ file: "index.html", sha, size: content.length }], ...more },
});
"""
"""The library checks the shape of every answer, so what it returns without an error is whole."""


def library(running: Served, script: str) -> Any:
    return nodejs.run(LIBRARY + script, {"URL": running.url("vercel")}, nodejs.VERCEL)


def test_the_library_takes_every_answer(running: Served, site: Callable[[str], str]) -> None:
    found = library(
        running,
        """
        const missing = await deploy({}).then(() => null, (error) => JSON.parse(error.body).error);
        await vercel.deployments.uploadFile({
          teamId, xVercelDigest: sha, contentLength: content.length, requestBody: content,
        });
        const made = await deploy({ gitMetadata: { commitRef: "develop" } });
        const [id, idOrName] = [made.id, project];
        const production = await deploy({ target: "production" });
        const asked = { teamId, projectId: project, deploymentId: production.id };
        const text = { key: "A", value: "b", type: "encrypted", target: ["preview"] };
        await vercel.user.getAuthUser();
        await vercel.teams.getTeams({});
        await vercel.teams.getTeam({ teamId });
        await vercel.deployments.getDeploymentEvents({ idOrUrl: id, teamId });
        await vercel.projects.getProjects({ teamId });
        await vercel.projects.createProject({ teamId, requestBody: { name: "made" } });
        await vercel.projects.getProjectDomains({ teamId, idOrName });
        await vercel.projects.addProjectDomain({
          teamId, idOrName, requestBody: { name: "qa.clipnet.test", gitBranch: "qa" },
        });
        await vercel.projects.createProjectEnv({ teamId, idOrName, requestBody: text });
        await vercel.projects.filterProjectEnvs({ teamId, idOrName });
        await vercel.aliases.listAliases({ teamId });
        await vercel.aliases.assignAlias({ teamId, id, requestBody: { alias: "qa.vercel.app" } });
        await vercel.aliases.getAlias({ teamId, idOrAlias: "qa.vercel.app" });
        await vercel.aliases.listDeploymentAliases({ teamId, id });
        await vercel.projects.requestRollback(asked);
        await vercel.projects.requestPromote(asked);
        await vercel.projects.listPromoteAliases({ teamId, projectId: project });
        await vercel.domains.getDomains({ teamId });
        await vercel.domains.getDomain({ teamId, domain: "staging.clipnet.ai" });
        await vercel.webhooks.createWebhook({
          teamId, requestBody: { url: "http://127.0.0.1:1/", events: ["deployment.created"] },
        });
        const one = await vercel.deployments.getDeployment({ idOrUrl: id, teamId });
        const all = await vercel.deployments.getDeployments({ teamId });
        return {
          missing, sha, state: one.readyState,
          sameId: one.id === id, deployments: all.deployments.length,
        };
        """,
    )

    sha = "fe05bcdcdc4928012781a5f1a2a77cbb5398e106"
    missing = {"code": "missing_files", "message": "Missing files", "missing": [sha]}
    assert found == {"missing": missing, "sha": sha, "state": "READY", "sameId": True, "deployments": 2}
    assert site(STAGING) == "one"
