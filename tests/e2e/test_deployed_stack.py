"""What becomes of a deployed release when its stack ends, politely or not, and of a deployment then."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from emulator import VERSION
from emulator.processes import marked
from tests.e2e.deploying import Repository, everywhere
from tests.emulator.project import Project, free_base, wait_for

pytestmark = pytest.mark.embedded("ends processes")


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Project]:
    (tmp_path / "here").mkdir()
    made = Project(tmp_path / "here", free_base(), Path.home() / ".cache/clipnet-emulate")
    yield made
    made.run("down", "--wipe")
    made.check_for_leaks()


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    return Repository(tmp_path / "clipnet")


def up(project: Project) -> None:
    done = project.run("up", "-d", "--seed", "none")
    assert done.returncode == 0, done.stderr


def versions(project: Project) -> dict[str, str]:
    return {name: project.row(name)["version"] for name in ("api", "worker", "web")}


def deployed(project: Project, repository: Repository) -> str:
    done: dict[str, Any] = project.json("deploy", "--no-smoke", "--source", str(repository.path))
    assert done["state"] == "live"
    return str(done["release"])


def kill_supervisor(project: Project) -> None:
    os.kill(project.state()["supervisor_pid"], signal.SIGKILL)
    wait_for(lambda: not marked(project.folder()), "everything ends with its supervisor")


def test_what_was_deployed_serves_after_the_stack_was_down_or_killed(
    project: Project, repository: Repository
) -> None:
    up(project)
    version = deployed(project, repository)

    project.run("down")
    up(project)
    assert versions(project) == everywhere(version)

    kill_supervisor(project)
    up(project)
    assert versions(project) == everywhere(version)


@pytest.mark.parametrize("end", ["down", "kill"])
def test_a_stack_that_ends_in_a_deployment_leaves_nothing_and_serves_as_before(
    project: Project, repository: Repository, end: str
) -> None:
    up(project)
    with project.started("deploy", "--source", str(repository.path)) as deploying:
        assert deploying.stdout is not None
        for line in deploying.stdout:
            if line.startswith("handover"):
                break
        if end == "down":
            assert project.run("down").returncode == 0
        else:
            kill_supervisor(project)
        assert deploying.wait(30) != 0
    assert not marked(project.folder())

    up(project)
    assert versions(project) == everywhere(VERSION)
    last = project.json("releases")["deployments"][-1]
    assert last["state"] == ("cancelled" if end == "down" else "failed")
