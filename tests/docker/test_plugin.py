"""The stack in Docker of a test session ends with the session, however that ends."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from docker import DockerClient

from emulator.docker.project import Project
from emulator.statefolder import StateFolder, holder
from emulator.testing.leftovers import remove_leftovers
from emulator.testing.own import NAME
from tests.docker.projects import LABEL, clean_env, held
from tests.servers import wait_until

HOLD = """
import os, threading
from pathlib import Path
from emulator.testing.own import own_stack
with own_stack(Path.cwd(), os.environ, "none", "docker") as own:
    print(own.parts.state_dir, flush=True)
    threading.Event().wait()
"""


def test_a_killed_session_takes_its_containers_along_and_the_next_removes_its_volumes(
    docker_engine: DockerClient, project_image: str, tmp_path: Path
) -> None:
    env = {**clean_env(), "EMULATE_IMAGE": project_image}
    command = [sys.executable, "-c", HOLD]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=env, cwd=tmp_path) as process:
        assert process.stdout is not None
        folder = Path(process.stdout.readline().strip())
        process.kill()
    project = Project(NAME, folder)
    of_stack = {"label": f"{LABEL}={project.name}"}

    wait_until(
        lambda: (
            not docker_engine.containers.list(all=True, filters=of_stack, ignore_removed=True)
            and not docker_engine.networks.list(filters=of_stack)
            and holder(StateFolder(folder)) is None
        ),
        lambda: f"{held(docker_engine, project.name)} to go",
        60,
    )
    volumes = held(docker_engine, project.name)
    remove_leftovers(docker_engine.api)

    assert len(volumes) > 3
    assert held(docker_engine, project.name) == []
    assert not folder.exists()
