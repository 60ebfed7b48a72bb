"""The stack that Docker tests share, and what becomes of what a killed run left."""

import subprocess
import sys

from docker import DockerClient

from tests.docker.conftest import NewProject
from tests.docker.projects import LABEL, OURS, ComposeProject, remove_leftovers


def test_every_service_of_the_plain_stack_is_healthy(composed: ComposeProject) -> None:
    done = composed.run("ps", "--format", "{{.Service}} {{.Health}}")

    assert sorted(done.stdout.splitlines()) == [
        f"{name} healthy"
        for name in ("api", "edge", "fakes", "objects", "postgres", "redis", "web", "worker")
    ]


def test_what_a_killed_run_left_is_removed_and_what_a_living_one_has_is_not(
    docker_engine: DockerClient, new_project: NewProject
) -> None:
    killed = subprocess.run(
        [sys.executable, "-c", "import os; print(os.getpid())"], capture_output=True, check=True
    )
    left = f"{OURS}-{int(killed.stdout)}-1"
    ours = new_project()
    for project in (left, ours.name):
        docker_engine.networks.create(f"{project}_stack", labels={LABEL: project}, internal=True)
        docker_engine.volumes.create(f"{project}_data", labels={LABEL: project})

    remove_leftovers(docker_engine)

    networks = {network.name for network in docker_engine.networks.list()}
    volumes = {volume.name for volume in docker_engine.volumes.list()}
    assert (f"{left}_stack" in networks, f"{left}_data" in volumes) == (False, False)
    assert (f"{ours.name}_stack" in networks, f"{ours.name}_data" in volumes) == (True, True)
