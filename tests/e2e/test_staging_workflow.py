"""Every step of staging.yml, carried out against a running stack's Railway and Vercel."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from emulator.parts import Parts
from emulator.testing.own import own_stack
from fakes.railway.state import seeding
from fakes.vercel.state import accounts
from tests.workflows.document import ROOT, load
from tests.workflows.machine import furnish
from tests.workflows.run import Done, Event, Runner

TESTS = "-q -p no:cacheprovider tests/emulator/test_isolation.py"
"""What `make test` runs here, in place of all tests."""

pytestmark = pytest.mark.embedded("starts a stack of its own, of processes")

JOBS = ("test", "deploy-api", "deploy-worker", "deploy-frontend", "smoke-test")


def git(folder: Path, *words: str) -> str:
    author = ("-c", "user.name=Sam", "-c", "user.email=sam@clipnet.test")
    command = ["git", "-C", str(folder), *author, *words]
    return subprocess.run(command, check=True, timeout=60, capture_output=True, text=True).stdout.strip()


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Parts]:
    """A stack of its own, since other releases serve in it afterwards, with a repository to push to."""
    with own_stack(tmp_path_factory.mktemp("project"), os.environ) as own:
        where = {"CLIPNET_STATE_DIR": str(own.parts.state_dir.parent), "CLIPNET_STACK": own.parts.stack}
        command = [sys.executable, "-m", "emulator", "remote"]
        subprocess.run(command, env={**os.environ, **where}, check=True, timeout=60, capture_output=True)
        yield own.parts


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """This repository, with `develop` as its branch."""
    if not (ROOT / ".git").exists():
        pytest.skip("this is no checkout of a repository")
    folder = tmp_path_factory.mktemp("repository")
    git(folder, "clone", "-q", str(ROOT), ".")
    git(folder, "switch", "-q", "-C", "develop")
    return folder


def pushed(repository: Path, words: str) -> Event:
    """A push of one more commit to develop."""
    git(repository, "commit", "-q", "--allow-empty", "-m", words)
    return Event(repository, git(repository, "rev-parse", "HEAD"))


@pytest.fixture
def runner(stack: Parts, tmp_path: Path) -> Runner:
    """A machine that knows where staging is, as docs/workflows.md has it."""
    programs = {"PATH": os.environ["PATH"], "HOME": str(tmp_path / "home"), "ARGS": TESTS}
    cache = {"CLIPNET_CACHE_DIR": str(stack.cache_dir)}
    return Runner(tmp_path, {"vars": variables(stack), "secrets": SECRETS}, {**programs, **cache}, furnish)


SECRETS: Mapping[str, str] = {"RAILWAY_TOKEN": seeding.PROJECT_TOKEN, "VERCEL_TOKEN": accounts.TOKEN}


def variables(stack: Parts) -> dict[str, str]:
    return {
        "RAILWAY_API_URL": stack.fakes["railway"],
        "RAILWAY_PROJECT_ID": seeding.STAGING_PROJECT_ID,
        "RAILWAY_ENVIRONMENT_ID": seeding.STAGING_ENVIRONMENT_ID,
        "RAILWAY_API_SERVICE_ID": seeding.service_id("api"),
        "RAILWAY_WORKER_SERVICE_ID": seeding.service_id("worker"),
        "VERCEL_API_URL": stack.fakes["vercel"],
        "VERCEL_ORG_ID": accounts.STAGING_TEAM.id,
        "VERCEL_PROJECT_ID": accounts.STAGING_PROJECT_ID,
        "STAGING_REPOSITORY": str(stack.state_dir / "repository.git"),
        "STAGING_API_URL": stack.api_url,
        "STAGING_WEB_URL": stack.web_url,
    }


def told(done: list[Done]) -> str:
    """All that the steps said, for a test that fails."""
    return "\n".join(f"--- {one.job}: {one.command} ({one.code})\n{one.output}" for one in done)


def test_pushes_are_deployed_and_the_last_is_taken_back(
    runner: Runner, repository: Path, stack: Parts
) -> None:
    staging = load("staging.yml")
    first, second = pushed(repository, "One release"), pushed(repository, "Another release")

    deployed = [runner.carry_out(staging, event) for event in (first, second)]
    back = runner.carry_out(staging, replace(second, name="workflow_dispatch", inputs={"to": ""}))

    commands = [(name, command) for name in JOBS for command in staging.jobs[name].commands]
    for done in deployed:
        assert [one.code for one in done] == [0] * len(commands), told(done)
        assert [(one.job, one.command) for one in done] == commands
    assert [one.code for one in back] == [0] * len(staging.jobs["rollback"].commands), told(back)
    assert {one.job for one in back} == {"rollback"}
    assert served(stack) == first.sha
    assert back[1].summary.count(first.sha[:12]) == 3


def test_what_fails_ends_the_run_there_and_shows_no_secret(
    runner: Runner, repository: Path, stack: Parts
) -> None:
    values = {**runner.values, "secrets": {**SECRETS, "RAILWAY_TOKEN": "not-the-token"}}
    event = pushed(repository, "A release that nobody may deploy")

    done = replace(runner, values=values).carry_out(load("staging.yml"), event)

    assert [one.job for one in done] == ["test"] + 3 * ["deploy-api"], told(done)
    assert [one.code for one in done] == [0, 0, 0, 4]
    assert "::error title=deploy-api::Railway refused it: Not Authorized" in done[-1].output
    assert "not-the-token" not in told(done)


def test_a_release_that_does_not_start_ends_the_run_and_leaves_what_serves(
    runner: Runner, repository: Path, stack: Parts
) -> None:
    before = served(stack)
    (repository / "clipnet" / "api" / "__main__.py").write_text('raise SystemExit("the api is broken")\n')
    git(repository, "add", ".")

    done = runner.carry_out(load("staging.yml"), pushed(repository, "A release that does not start"))

    git(repository, "reset", "-q", "--hard", "HEAD~1")
    assert [one.code for one in done] == [0, 0, 0, 14], told(done)
    assert {one.job for one in done} == {"test", "deploy-api"}
    assert "the api is broken" in done[-1].output
    assert "::error title=deploy-api::" in done[-1].output
    assert served(stack) == before


def served(stack: Parts) -> str | None:
    """The commit that API and frontend say they are made of; None where they differ."""
    with httpx.Client(trust_env=False, timeout=10) as client:
        api = client.get(f"{stack.api_url}/version").json()["commit"]
        web = client.get(f"{stack.web_url}/config.json").json()["commit"]
    return str(api) if api == web else None
