"""Deployments into containers: what serves, what comes back, what is lost (nothing) and left (nothing)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import httpx
import pytest
from docker import DockerClient

from clipnet.db.migrate import REVISIONS
from emulator import VERSION
from emulator.releases.record import DeploymentState
from emulator.releases.store import Store
from emulator.statefolder import StateFolder
from emulator.steering import connect
from emulator.testing.access import Clipnet
from tests.docker.deploying import Stack, WholeRepository
from tests.docker.projects import clean_env
from tests.e2e.deploying import Load, Repository, everywhere, load
from tests.e2e.kills import Sent, check_that_nothing_is_lost_or_posted_twice, received
from tests.emulator.project import wait_for

APPLICATION = ("api", "web", "worker")


@pytest.fixture(scope="module")
def stack(
    docker_engine: DockerClient, project_image: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Stack]:
    """A stack that is up; at the end nothing of it may be left."""
    folder = tmp_path_factory.mktemp("deploy")
    env = {
        **clean_env(),
        "EMULATE_IMAGE": project_image,
        "CLIPNET_RUNTIME": "docker",
        "CLIPNET_STACK": "deploy",
        "CLIPNET_STATE_DIR": str(folder / "state"),
        "CLIPNET_FSYNC": "off",
    }
    stack = Stack(folder, env, docker_engine)
    try:
        stack.done("up", "-d")
        yield stack
    finally:
        stack.run("down", "--wipe")
    assert stack.left() == []


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Repository:
    repository = WholeRepository(tmp_path_factory.mktemp("repository") / "clipnet")
    repository.change("pyproject.toml", f'\nversion = "{VERSION}"', '\nversion = "7.0.0"')
    repository.commit("Change the version")
    repository.git("tag", "whole")
    return repository


@pytest.fixture(scope="module")
def release(stack: Stack, repository: Repository) -> str:
    """Return the version of a release that is made and has not served yet."""
    stack.done("deploy", "--source", str(repository.path), "--ref", "whole", "--hold")
    (version,) = {path.parent.name for path in stack.state_folder.glob("releases/7.0.0+*/release.json")}
    return version


@pytest.fixture
def broken(repository: Repository) -> Iterator[Repository]:
    """Let a test commit what it likes; the next one begins with what is whole."""
    yield repository
    repository.git("reset", "--quiet", "--hard", "whole")


def deploy(stack: Stack, repository: Repository, *words: str) -> str:
    """Deploy what is broken, and return why that failed."""
    return stack.failed("deploy", "--source", str(repository.path), "--ref", "develop", *words)


def assert_one_of_each(stack: Stack, of: str) -> None:
    """Everything is of this version, runs once, and `topology` has nothing to say."""
    assert stack.versions() == everywhere(of)
    assert_runs_once(stack)
    stack.done("topology")


def assert_runs_once(stack: Stack) -> None:
    """API, frontend and worker run in one container each."""
    found = {name: [(one.name, one.status) for one in stack.containers(name)] for name in APPLICATION}
    running = {name: [one for one in rows if one[1] == "running"] for name, rows in found.items()}
    assert {name: len(rows) for name, rows in running.items()} == dict.fromkeys(APPLICATION, 1), (
        f"{found} {stack.state['services']}"
    )


def routed(stack: Stack) -> dict[str, str]:
    """Return what the edge takes the releases for that it leads to."""
    port = stack.state["ports"]["edge-control"]
    found = httpx.get(f"http://127.0.0.1:{port}/_edge/routes").json()["routes"]
    return {name: route["release"] for name, route in found.items()}


def is_cancelled(stack: Stack, number: int) -> bool:
    found = Store(stack.state_folder / "releases").deployments()
    return next(one for one in found if one.number == number).state is DeploymentState.CANCELLED


def assert_nothing_lost(access: Clipnet, seen: Load, before: tuple[tuple[str, str], ...]) -> None:
    """Every request was answered well; every clip is ready, and each platform received it once."""
    assert seen.troubles == []
    assert len(seen.clips) > 2
    assert min(seen.answers.values()) > 2
    check_that_nothing_is_lost_or_posted_twice(access, Sent(tuple(seen.clips), before, ("youtube",)))


def test_a_deployment_a_failed_one_and_a_rollback_lose_nothing(
    stack: Stack, release: str, broken: Repository
) -> None:
    case = 'case "clip:process":\n'
    raises = f'case "clip:process" if run.payload:\n{" " * 16}raise RuntimeError("broken")\n{" " * 12}'
    broken.change("clipnet/worker/program.py", case, raises + case)
    broken.commit("Break the worker")
    with stack.access() as access:
        posted = received(access)

    with stack.access() as access, load(access) as seen:
        stack.done("promote", release, "--no-smoke")
        assert_one_of_each(stack, release)

        error = deploy(stack, broken)
        assert "failed at 'smoke'" in error
        assert f"release {release} goes on serving" in error
        assert_one_of_each(stack, release)

        stack.done("rollback", "--no-smoke")
        assert_one_of_each(stack, VERSION)

    with stack.access() as access:
        assert_nothing_lost(access, seen, posted)


def test_what_served_serves_again_whatever_ended(stack: Stack, release: str) -> None:
    stack.done("promote", release, "--no-smoke")
    place = stack.row("api")["ports"]

    for name in ("api", "worker", "edge"):
        stack.kill(name)
        assert stack.versions() == everywhere(release), f"after {name} was killed"
    assert stack.row("api")["ports"] == place
    assert_one_of_each(stack, release)

    stack.done("down")
    assert stack.containers() == []
    stack.done("up", "-d")
    assert_one_of_each(stack, release)
    assert stack.row("api")["version"] == release
    wait_for(lambda: routed(stack) == {"api": release, "web": release}, "the edge knows of which release")

    stack.kill_supervisor()
    stack.done("up", "-d")
    assert_one_of_each(stack, release)

    stack.done("rollback", "--no-smoke")
    assert_one_of_each(stack, VERSION)


def test_who_hangs_up_cancels_and_leaves_nothing_beside(stack: Stack, release: str) -> None:
    before, containers = stack.versions(), {one.id for one in stack.containers()}
    request = {"do": "promote", "version": release, "smoke": False}

    for step in ("migrate", *["start"] * 5):
        with connect(StateFolder(stack.state_folder)) as steering:
            number = 0
            for message in steering.ask(request):
                number = message.get("deployment", {}).get("number", number)
                if message.get("step") == step:
                    break
        wait_for(partial(is_cancelled, stack, number), "it is cancelled")
        assert {one.id for one in stack.containers()} == containers, f"after {step}"

    assert stack.versions() == before


def test_an_api_that_does_not_start_changes_nothing(stack: Stack, release: str, broken: Repository) -> None:
    before = stack.versions()
    broken.change(
        "clipnet/api/__main__.py", "def main() -> int:\n", 'def main() -> int:\n    sys.exit("no, not I")\n'
    )
    broken.commit("Break the API")

    error = deploy(stack, broken, "--no-smoke")

    assert "failed at 'start': service 'api' ended with exit code 1 before it was ready" in error
    assert "\n  no, not I\n" in error
    assert stack.versions() == before
    assert_runs_once(stack)


def test_a_release_without_a_dockerfile_is_refused(stack: Stack, broken: Repository) -> None:
    broken.git("rm", "--quiet", "Dockerfile")
    commit = broken.commit("Remove the Dockerfile")

    error = deploy(stack, broken)

    wanted = f"release '7.0.0+{commit[:7]}' of project 'clipnet-emulate' has no Dockerfile"
    assert f"failed at 'build': {wanted}, of which its containers could be made" in error


def test_a_migration_runs_in_a_container_and_is_tried_before(stack: Stack, broken: Repository) -> None:
    head, following = REVISIONS[-1], f"{int(REVISIONS[-1]) + 1:04}"
    known = f"REVISIONS: Final = {json.dumps(REVISIONS)}".replace("[", "(").replace("]", ")")
    broken.change("clipnet/db/migrate.py", known, f'{known[:-1]}, "{following}")')
    (broken.path / f"clipnet/db/migrations/versions/{following}_change.py").write_text(
        f'from alembic import op\n\nrevision = "{following}"\ndown_revision = "{head}"\n\n\n'
        'def upgrade() -> None:\n    op.execute("ALTER TABLE clips DROP COLUMN title")\n'
    )
    broken.commit("Drop a column")

    error = deploy(stack, broken, "--no-smoke")

    assert "failed at 'compatibility'" in error
    assert "title" in error
    with stack.access() as access:
        assert access.database.fetch("SELECT title FROM clips LIMIT 1") is not None


def test_images_of_releases_that_are_gone_go_too(stack: Stack, release: str) -> None:
    made = {path.parent.name for path in stack.state_folder.glob("releases/*+*/release.json")}

    kept = {name.partition(":")[2].rpartition("-")[0] for name in stack.images()}

    assert release.replace("+", "-") in kept
    assert kept <= {version.replace("+", "-") for version in made}


def test_path_of_a_release_is_no_path_of_a_container(stack: Stack, release: str) -> None:
    stack.done("promote", release, "--no-smoke")
    (container,) = stack.running("api")
    config = container.attrs["Config"]

    assert not [entry for entry in config["Env"] if str(Path(stack.state_folder)) in entry]
    assert f"RELEASE={release}" in config["Env"]
    assert container.attrs["HostConfig"]["ReadonlyRootfs"]
    assert container.attrs["HostConfig"]["CapDrop"] == ["ALL"]
    stack.done("rollback", "--no-smoke")
