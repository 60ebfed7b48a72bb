from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from tests.emulator.project import Project, programs
from tests.engine import CHECKOUT

EMBEDDED = ["postgres", "redis", "identity"]
BOTH = ["clipnet-emulate", "python", "runtime", "ffmpeg", "disk", "configuration", "ports"]


def checks(found: Any) -> dict[str, dict[str, Any]]:
    return {check["name"]: check for check in found["checks"]}


def test_a_machine_that_has_everything_but_docker(project: Project) -> None:
    project.extra_env |= {"DOCKER_HOST": "unix:///nowhere", "PATH": ""}

    found = project.json("doctor")

    assert found["ok"]
    assert [*checks(found)] == [*BOTH, *EMBEDDED, "docker compose", "docker engine"]
    assert [name for name, check in checks(found).items() if check["optional"]] == [
        "docker compose",
        "docker engine",
    ]
    assert checks(found)["docker engine"]["detail"].startswith("Docker is not installed: there is no program")
    assert checks(found)["runtime"]["detail"].startswith("embedded: ")


def test_what_docker_lacks_fails_where_docker_is_the_runtime(project: Project, tmp_path: Path) -> None:
    docker = tmp_path / "docker"
    docker.write_text("#!/bin/sh\necho 2.17.3\n")
    docker.chmod(0o755)
    project.extra_env |= {
        "CLIPNET_RUNTIME": "docker",
        "DOCKER_HOST": "unix:///nowhere",
        "PATH": str(tmp_path),
        "CLIPNET_POSTGRES_BIN": "/nowhere",
    }

    done = project.run("doctor")

    assert done.returncode == 1
    assert "ok      runtime: docker: containers" in done.stdout
    assert "none    postgres: there is no PostgreSQL in '/nowhere'" in done.stdout
    assert (
        "FAILED  docker compose: 'docker compose' is version 2.17.3, and 2.24.4 or newer is needed; "
        "install the plugin" in done.stdout
    )
    assert (
        "FAILED  docker engine: the Docker engine is not running: there is no socket '/nowhere'; start it"
        in (done.stdout)
    )
    assert "docker engine" in done.stderr
    assert "postgres" not in done.stderr


@pytest.mark.docker
def test_a_machine_that_has_docker(project: Project) -> None:
    project.extra_env["CLIPNET_COMPOSE_FILE"] = str(CHECKOUT / "compose.yaml")

    found = checks(project.json("doctor"))

    assert [*found] == [
        *(*BOTH, *EMBEDDED),
        *("docker compose", "docker engine", "docker disk", "docker images"),
    ]
    assert re.fullmatch(r"[\d.]+\S* \(\S+ compose\)", found["docker compose"]["detail"])
    assert re.fullmatch(r"\S+, API 1\.\d+ \(/\S+\)", found["docker engine"]["detail"])
    assert found["docker images"]["detail"].startswith("here: postgres:18, redis:8, rclone/rclone:1")


@pytest.mark.docker
def test_images_that_are_not_there_are_named(project: Project) -> None:
    project.extra_env["EMULATE_IMAGE"] = "nosuch/image:1"
    stack = {name: {**body, "image": "${EMULATE_IMAGE}"} for name, body in programs().items()}
    project.write(stack)

    found = checks(project.json("doctor"))["docker images"]

    assert (found["ok"], found["optional"]) == (False, True)
    assert found["detail"] == "fetched at the first start: nosuch/image:1"


def test_what_is_missing_is_named_with_the_next_step(project: Project, tmp_path: Path) -> None:
    project.extra_env |= {"CLIPNET_POSTGRES_BIN": str(tmp_path), "CLIPNET_REDIS_BIN": "/bin/true"}

    done = project.run("doctor")

    assert done.returncode == 1
    assert f"FAILED  postgres: there is no PostgreSQL in '{tmp_path}'; install it with:" in done.stdout
    assert "FAILED  redis: '/bin/true' is no Redis server" in done.stdout


@pytest.mark.parametrize("server", ["POSTGRES", "REDIS"])
def test_up_says_the_same_before_it_starts_anything(project: Project, server: str) -> None:
    from tests.emulator.project import with_servers

    project.write(with_servers())
    project.extra_env[f"CLIPNET_{server}_BIN"] = "/nowhere"

    done = project.run("up", "-d")

    assert done.returncode == 6
    assert "/nowhere" in done.stderr


def test_ports_of_the_running_stack_are_its_own(project: Project) -> None:
    project.json("up", "-d")

    found = project.json("doctor")

    assert found["ok"]
    assert "used by this stack" in str(found["checks"])
