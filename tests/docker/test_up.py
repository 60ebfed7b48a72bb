"""`up --runtime docker`, with small containers: what starts, what is kept, what a crash or Ctrl-C leaves."""

from __future__ import annotations

import os
import shutil
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from docker import DockerClient
from docker.models.containers import Container

from emulator.ports import is_free
from emulator.processes import process
from tests.emulator.project import Project, containers, free_base, programs, service, wait_for

NAMES = ["postgres", "redis", "fakes", "api", "worker", "web"]
FOLDER = "clipnet-emulate.folder"

NewProject = Callable[[str], Project]


@pytest.fixture
def new_project(docker_engine: DockerClient, tmp_path: Path) -> Iterator[NewProject]:
    """Make a project whose stacks run in Docker; at the end nothing of it may be left there."""
    made: list[Project] = []

    def make(name: str) -> Project:
        (tmp_path / name).mkdir()
        project = Project(tmp_path / name, free_base(), tmp_path / "cache")
        project.extra_env["CLIPNET_RUNTIME"] = "docker"
        write(project)
        made.append(project)
        return project

    yield make
    for project in made:
        write(project)
        for stack in ["default", *(path.name for path in (project.path / ".clipnet").glob("*/"))]:
            project.run("down", "--wipe", "--stack", stack)
        assert left(docker_engine, project) == []


@pytest.fixture
def project(new_project: NewProject) -> Project:
    return new_project("one")


def write(project: Project, **services: object) -> None:
    project.write({**containers(programs()), **services}, volumes={"rows": None})


def running(engine: DockerClient, project: Project, stack: str = "default") -> dict[str, Container]:
    """Return the running containers of a stack by service."""
    found = engine.containers.list(filters={"label": f"{FOLDER}={project.folder(stack)}"})
    return {one.labels["com.docker.compose.service"]: one for one in found}


def left(engine: DockerClient, project: Project, stack: str = "default") -> list[str]:
    """Return the names of all containers, networks and volumes of a stack."""
    mine = {"label": f"{FOLDER}={project.folder(stack)}"}
    return [
        *(one.name for one in engine.containers.list(all=True, filters=mine)),
        *(one.name for one in engine.networks.list(filters=mine)),
        *(one.name for one in engine.volumes.list(filters=mine)),
    ]


def kill_supervisor(project: Project) -> None:
    pid = project.state()["supervisor_pid"]
    os.kill(pid, signal.SIGKILL)
    wait_for(lambda: process(pid) is None, "the supervisor ends")


def test_up_status_logs_and_down_are_what_they_are_without_docker(
    docker_engine: DockerClient, project: Project
) -> None:
    up = project.json("up", "-d")

    status = project.json("status")
    logs = project.run("logs", "api")
    there = running(docker_engine, project)
    down = project.json("down")

    assert [row["name"] for row in up["services"]] == NAMES
    assert status["runtime"] == "docker"
    assert {row["name"]: (row["state"], row["health"]) for row in status["services"]} == dict.fromkeys(
        NAMES, ("running", "healthy")
    )
    assert {row["name"]: row["pid"] for row in status["services"]} == {
        name: one.attrs["State"]["Pid"] if "State" in one.attrs else None for name, one in there.items()
    }
    assert "hello from api" in logs.stdout
    assert down["was_running"]
    assert [name for name in left(docker_engine, project) if not name.endswith("rows")] == []


def test_what_runs_counts_and_not_what_is_set(project: Project) -> None:
    project.json("up", "-d")
    del project.extra_env["CLIPNET_RUNTIME"]

    status = project.json("status")
    again = project.json("up", "-d")
    other = project.run("up", "-d", "--runtime", "embedded")

    assert (status["runtime"], again["was_up"]) == ("docker", True)
    assert other.returncode == 4
    assert "stack 'default' is running in the docker runtime, not in the embedded one" in other.stderr


def test_volumes_are_kept_until_they_are_wiped(docker_engine: DockerClient, project: Project) -> None:
    project.json("up", "-d")
    was_fresh = project.state()["was_fresh"]
    project.json("down")
    kept = left(docker_engine, project)

    project.json("up", "-d")
    is_fresh = project.state()["was_fresh"]
    project.json("down")
    project.json("down", "--wipe")

    assert [name.rpartition("_")[2] for name in kept] == ["rows"]
    assert (was_fresh, is_fresh) == (True, False)
    assert left(docker_engine, project) == []


def test_a_container_that_is_killed_is_started_again(docker_engine: DockerClient, project: Project) -> None:
    project.json("up", "-d")

    running(docker_engine, project)["web"].kill()
    wait_for(lambda: project.row("web")["restarts"] == 1, "it is restarted")
    wait_for(lambda: project.row("web")["health"] == "healthy", "it runs again")

    assert project.get("web", "/") == b""


def test_a_container_that_is_removed_is_made_again(docker_engine: DockerClient, project: Project) -> None:
    project.json("up", "-d")

    running(docker_engine, project)["web"].remove(force=True)
    wait_for(lambda: project.row("web")["restarts"] > 0, "it is made again")
    wait_for(lambda: project.row("web")["health"] == "healthy", "it runs again")

    assert project.get("web", "/") == b""


def test_down_finds_what_a_killed_supervisor_left(docker_engine: DockerClient, project: Project) -> None:
    project.json("up", "-d")
    kill_supervisor(project)
    alive = len(running(docker_engine, project))

    down = project.json("down")

    assert (alive, down["was_running"]) == (6, True)
    assert [name for name in left(docker_engine, project) if not name.endswith("rows")] == []


def test_down_finds_containers_whose_state_folder_is_gone(
    docker_engine: DockerClient, project: Project
) -> None:
    project.json("up", "-d")
    kill_supervisor(project)
    shutil.rmtree(project.path / ".clipnet")
    del project.extra_env["CLIPNET_RUNTIME"]

    down = project.json("down", "--wipe")

    assert down["was_running"]
    assert left(docker_engine, project) == []


def test_up_replaces_what_a_killed_supervisor_left(docker_engine: DockerClient, project: Project) -> None:
    project.json("up", "-d")
    before = {one.id for one in running(docker_engine, project).values()}
    kill_supervisor(project)

    up = project.json("up", "-d")

    assert not up["was_up"]
    assert before.isdisjoint(one.id for one in running(docker_engine, project).values())


def test_stacks_side_by_side_do_not_touch_each_other(
    docker_engine: DockerClient, new_project: NewProject
) -> None:
    one, two = new_project("one"), new_project("two")
    one.json("up", "-d")
    two.json("up", "-d")
    one.extra_env["CLIPNET_PORT_BASE"] = ""

    one.json("up", "-d", "--stack", "qa1")
    one.json("down")

    assert running(docker_engine, one) == {}
    assert set(running(docker_engine, one, "qa1")) == set(running(docker_engine, two)) == set(NAMES)


@pytest.mark.parametrize("steps", [("forever",), ("deaf", "forever")], ids=["polite", "deaf"])
def test_ctrl_c_while_it_starts_leaves_nothing(
    docker_engine: DockerClient, project: Project, steps: tuple[str, ...]
) -> None:
    write(project, **containers({"api": service("api", *steps)}))
    with project.started("up") as up:
        wait_for(lambda: project.row("api").get("state") == "starting", "api starts")

        up.send_signal(signal.SIGINT)
        code = up.wait(30)

    assert code == 130
    assert [name for name in left(docker_engine, project) if not name.endswith("rows")] == []
    assert all(is_free(port) for port in project.ports())


def test_ctrl_c_while_containers_are_made_leaves_nothing(
    docker_engine: DockerClient, project: Project
) -> None:
    with project.started("up") as up:
        wait_for(lambda: left(docker_engine, project), "the first of all is made")

        up.send_signal(signal.SIGINT)
        code = up.wait(30)

    assert code == 130
    assert [name for name in left(docker_engine, project) if not name.endswith("rows")] == []


def test_a_second_ctrl_c_does_not_wait(docker_engine: DockerClient, project: Project) -> None:
    body = {**service("api", "deaf", "serve"), "stop_grace_period": "60s"}
    write(project, **containers({"api": body}))
    with project.started("up") as up:
        wait_for(lambda: project.state().get("phase") == "up", "it is up", within_s=90)
        up.send_signal(signal.SIGINT)
        wait_for(lambda: project.state().get("phase") == "stopping", "it stops")

        up.send_signal(signal.SIGINT)
        code = up.wait(30)

    assert code == 130
    assert [name for name in left(docker_engine, project) if not name.endswith("rows")] == []
