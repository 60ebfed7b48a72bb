"""`up --runtime docker` where something is missing or in the way: one clear sentence, nothing left."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from docker import DockerClient

from tests.docker.projects import unique_name
from tests.docker.test_up import left, write
from tests.emulator.project import OFFSETS, Project, containers, free_base, programs


@pytest.fixture
def project(docker_engine: DockerClient, tmp_path: Path) -> Iterator[Project]:
    """A project of small containers that is refused; nothing of it may be there afterwards."""
    project = Project(tmp_path, free_base(), tmp_path / "cache")
    project.extra_env["CLIPNET_RUNTIME"] = "docker"
    write(project)
    yield project
    assert [name for name in left(docker_engine, project) if not name.endswith(("rows", "small"))] == []
    project.extra_env.pop("DOCKER_HOST", None)
    write(project)
    project.run("down", "--wipe")


def refused(project: Project, code: int) -> str:
    """Start the stack and return what is said of why it cannot be."""
    done = project.run("up", "-d")
    assert (done.returncode, done.stdout) == (code, ""), done.stderr
    assert "Traceback" not in done.stderr
    return done.stderr


def test_no_engine(project: Project) -> None:
    project.extra_env["DOCKER_HOST"] = "unix:///nowhere"

    said = refused(project, 6)

    assert "error: the Docker engine is not running: there is no socket '/nowhere'\n" in said
    assert "hint: start it with: sudo systemctl start docker" in said


def test_an_error_is_json_where_that_is_asked_for(project: Project) -> None:
    project.extra_env["DOCKER_HOST"] = "tcp://10.0.0.5:2375"

    error = json.loads(project.run("up", "-d", "--json").stdout)["error"]

    assert (error["code"], error["exit_code"]) == ("ConfigurationRefused", 4)
    assert error["what"].startswith("DOCKER_HOST leads to 'tcp://10.0.0.5:2375'")


def test_an_image_that_nobody_has(project: Project) -> None:
    stack = containers(programs())
    stack["api"]["image"] = "localhost:1/nosuch:9"
    write(project, api=stack["api"])

    said = refused(project, 6)

    assert "error: image 'localhost:1/nosuch:9' is not here and cannot be fetched: " in said
    assert "docker pull localhost:1/nosuch:9" in said
    assert "docker load --input FILE" in said


def test_a_port_that_a_container_holds(project: Project, docker_engine: DockerClient) -> None:
    port = project.port_base + OFFSETS["api"]
    name = unique_name()
    holder = docker_engine.containers.run(
        "redis:8", name=name, ports={"6379/tcp": ("127.0.0.1", port)}, detach=True
    )
    try:
        said = refused(project, 7)
    finally:
        holder.remove(force=True, v=True)

    assert f"error: port {port} of service 'api' is taken by container '{name}'\n" in said
    assert "hint: stop that program, or move this stack with CLIPNET_PORT_BASE=9400" in said


def test_a_disk_that_is_full_while_containers_are_made(project: Project) -> None:
    stack = containers(programs())
    stack["api"]["volumes"].append("small:/usr/local")
    small = {"driver_opts": {"type": "tmpfs", "device": "tmpfs", "o": "size=64k"}}
    project.write({**stack}, volumes={"rows": None, "small": small})

    said = refused(project, 9)

    assert "failed: there is no space left on the Docker engine's disk\n" in said
    assert "make room with: docker image prune" in said


def test_a_key_that_compose_does_not_know(project: Project) -> None:
    stack = containers(programs())
    stack["api"]["mem_limit"] = ["much"]
    write(project, api=stack["api"])

    said = refused(project, 4)

    assert "error: Docker Compose refuses the stack: " in said
    assert "mem_limit" in said


def test_a_build_of_the_users_that_fails(project: Project) -> None:
    (project.path / "mine").mkdir()
    (project.path / "mine/Dockerfile").write_text("FROM python:3.13-slim\nRUN echo the reason && exit 7\n")
    name = f"{unique_name()}-mine"
    project.write({"api": {"build": "./mine", "image": name}}, "compose.override.yaml")
    try:
        said = refused(project, 9)
    finally:
        subprocess.run(["docker", "image", "rm", name], capture_output=True, check=False)

    assert "error: building api failed:\n" in said
    assert "the reason" in said
    assert f"all of it is in {project.folder()}/logs/build.log" in said
