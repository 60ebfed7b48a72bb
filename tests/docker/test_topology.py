"""`topology` on containers: whatever got into the stack beside its own services is found and named."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from docker import DockerClient

from emulator.docker.project import Project
from emulator.inspection import inspect
from emulator.statefolder import StateFolder
from emulator.testing.own import OwnStack
from tests.docker.projects import unique_name
from tests.emulator.project import wait_for
from tests.engine import CHECKOUT

_WAITS = ["redis-cli", "-h", "redis", "BZPOPMIN", "bull", "0"]
_WAITS_HERE = """
import socket, sys
queue = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
queue.sendall(b"*3\\r\\n$8\\r\\nBZPOPMIN\\r\\n$4\\r\\nbull\\r\\n$1\\r\\n0\\r\\n")
print("waits", flush=True)
queue.recv(1)
"""


def failed(stack: OwnStack) -> dict[str, str]:
    """Return the checks that say no, with what they say."""
    found = inspect(stack.settings).to_json()
    return {check["name"]: check["detail"] for check in found["checks"] if not check["ok"]}


def project_of(stack: OwnStack) -> Project:
    return Project(stack.parts.stack, stack.parts.state_dir)


@contextmanager
def container(engine: DockerClient, command: list[str], network: str) -> Iterator[str]:
    name = unique_name()
    running = engine.containers.run("redis:8", command, name=name, network=network, detach=True)
    try:
        yield name
    finally:
        running.remove(force=True, v=True)


def test_one_of_each_is_proven(docker_stack: OwnStack) -> None:
    found = inspect(docker_stack.settings).to_json()

    assert found["ok"], found
    assert [check["name"] for check in found["checks"]] == [
        *(f"one {role}" for role in ("postgres", "redis", "fakes", "api", "worker", "web")),
        *("no second worker", "no second API", "no foreign container", "one Cloudinary folder"),
        "one version",
    ]
    name = project_of(docker_stack).name
    assert found["checks"][4]["detail"].startswith(f"container {name}-worker-1, process ")


def test_a_second_worker_in_the_stacks_network_is_found_by_what_it_does(
    docker_stack: OwnStack, docker_engine: DockerClient
) -> None:
    with container(docker_engine, _WAITS, f"{project_of(docker_stack).name}_stack") as name:
        wait_for(lambda: "no second worker" in failed(docker_stack), "it waits", ask_every_s=0.2)

        found = failed(docker_stack)

    assert found == {"no second worker": f"container '{name}' waits for jobs of this stack's queue"}


@pytest.mark.parametrize(("service", "check"), [("worker", "no second worker"), ("api", "no second API")])
def test_what_compose_is_told_to_run_once_more_is_found(
    docker_stack: OwnStack, docker_engine: DockerClient, service: str, check: str
) -> None:
    project = project_of(docker_stack)
    name = unique_name()
    addition = StateFolder(Path(docker_stack.parts.state_dir)).addition
    files = ("--file", str(CHECKOUT / "compose.yaml"), "--file", str(addition))
    run = ("run", "--detach", "--no-deps", "--name", name, service, "sleep", "60")
    subprocess.run(
        ["docker", "compose", "--project-name", project.name, *files, *run],
        env=dict(docker_stack.settings.variables),
        capture_output=True,
        check=True,
    )
    try:
        found = failed(docker_stack)
    finally:
        docker_engine.containers.get(name).remove(force=True)

    assert [*found] == [check]
    assert found[check].startswith(f"container '{name}' ")


@pytest.mark.parametrize("network", ["{}_stack", "{}_published", "container:{}-api-1"])
def test_a_container_that_only_got_in_is_found(
    docker_stack: OwnStack, docker_engine: DockerClient, network: str
) -> None:
    place = network.format(project_of(docker_stack).name)
    with container(docker_engine, ["sleep", "60"], place) as name:
        found = failed(docker_stack)

    assert found == {"no foreign container": f"container '{name}' is in the stack's networks"}


def test_a_container_elsewhere_is_nobodys_business(
    docker_stack: OwnStack, docker_engine: DockerClient
) -> None:
    with container(docker_engine, ["sleep", "60"], "bridge"):
        assert failed(docker_stack) == {}


def test_a_program_of_this_host_that_waits_for_jobs_is_found(docker_stack: OwnStack) -> None:
    port = docker_stack.parts.redis_url.rpartition(":")[2].partition("/")[0]
    with subprocess.Popen(
        [sys.executable, "-c", _WAITS_HERE, port], stdout=subprocess.PIPE, text=True
    ) as program:
        assert program.stdout is not None
        program.stdout.readline()
        wait_for(lambda: failed(docker_stack), "it is seen", ask_every_s=0.2)

        found = failed(docker_stack)

        program.kill()
    assert [*found] == ["no second worker"]
    assert found["no second worker"].startswith(f"process {program.pid} (")
