"""Compose projects of tests: names that nobody else has, free ports, and nothing left behind."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from zlib import crc32

from docker import DockerClient
from docker.errors import APIError, NotFound

from emulator import ports
from emulator.compose import read
from emulator.environment import container_variables
from emulator.processes import process
from emulator.settings import load
from emulator.statefolder import StateFolder
from emulator.topology import parse
from tests.engine import CHECKOUT

OURS = f"clipnet-tests-{crc32(str(CHECKOUT).encode()):08x}"
"""How all names begin that tests of this checkout give to things in Docker."""

LABEL = "com.docker.compose.project"
BUILD_WITHIN_S = 600
_numbers = count(1)


def unique_name() -> str:
    """Return a name for a Compose project; its pid tells later whether somebody still needs it."""
    return f"{OURS}-{os.getpid()}-{next(_numbers)}"


def clean_env() -> dict[str, str]:
    """Return this process's environment without the emulator's settings."""
    return {name: value for name, value in os.environ.items() if not name.startswith("CLIPNET_")}


@dataclass(frozen=True, slots=True)
class ComposeProject:
    """`docker compose` with a project name of its own, on free ports.

    Attributes:
        ports: Port name (api, postgres, cloudinary...) -> port on 127.0.0.1.
        media: The folder of this host that API and worker share.
    """

    name: str
    files: tuple[Path, ...]
    env: Mapping[str, str]
    ports: Mapping[str, int]
    media: Path

    def run(self, *arguments: str, within_s: float = 120) -> subprocess.CompletedProcess[str]:
        """Run `docker compose` with these arguments; what it answers is the caller's to judge."""
        files = [word for file in self.files for word in ("--file", str(file))]
        command = ["docker", "compose", "--project-name", self.name, *files, *arguments]
        return subprocess.run(
            command, env=self.env, capture_output=True, text=True, timeout=within_s, check=False
        )

    def up(self) -> None:
        """Start everything and wait until it is healthy."""
        done = self.run("up", "--wait", "--wait-timeout", "120", within_s=180)
        assert done.returncode == 0, done.stderr + self.run("logs", "--tail", "20").stdout

    def execute(self, service: str, *command: str) -> subprocess.CompletedProcess[str]:
        """Run a command in a service's container."""
        return self.run("exec", "-T", service, *command)

    def url(self, port: str) -> str:
        """Return the address of the API, the frontend or a fake."""
        return f"http://127.0.0.1:{self.ports[port]}"


def build_image(engine: DockerClient) -> str:
    """Build the project's image from this checkout under a name of the tests; an older one is removed."""
    name = f"{OURS}:latest"
    before = engine.images.list(name)
    command = ["docker", "compose", "--project-name", OURS, "build", "--quiet", "api"]
    env = {**clean_env(), "EMULATE_IMAGE": name}
    done = subprocess.run(
        command, cwd=CHECKOUT, env=env, capture_output=True, text=True, timeout=BUILD_WITHIN_S, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    built = engine.images.get(name)
    for old in before:
        if old.id != built.id:
            _remove_image(engine, str(old.id))
    return name


def _remove_image(engine: DockerClient, name: str) -> None:
    """Remove an image unless a container of somebody still needs it."""
    try:
        engine.images.remove(name)
    except APIError:
        pass


@contextmanager
def compose_project(
    engine: DockerClient, image: str, folder: Path, *overrides: Path, **env: str
) -> Iterator[ComposeProject]:
    """Yield a project of this checkout's compose.yaml and overrides; whatever it made is removed at the end.

    `folder` is a new folder of the test, `env` more variables for compose.yaml.
    """
    name = unique_name()
    state = StateFolder(folder / name)
    state.create()
    state.data("media").chmod(0o777)
    settings = load({}, CHECKOUT)
    found = parse(read(settings), {}, "docker").ports
    chosen = ports.allot(found, ports.free_base(found, seed=name))
    variables = {**container_variables(chosen, state), "EMULATE_IMAGE": image, **env}
    files = (CHECKOUT / "compose.yaml", *overrides)
    try:
        yield ComposeProject(name, files, {**clean_env(), **variables}, chosen, state.data("media"))
    finally:
        remove(engine, name)


def held(engine: DockerClient, project: str) -> list[str]:
    """Return the names of what the engine still has of a project."""
    mine = {"label": f"{LABEL}={project}"}
    containers = engine.containers.list(all=True, filters=mine, ignore_removed=True)
    found = (*containers, *engine.networks.list(filters=mine), *engine.volumes.list(filters=mine))
    return [str(thing.name) for thing in found]


def remove(engine: DockerClient, project: str) -> None:
    """Remove all containers, networks and volumes of a Compose project."""
    mine = {"label": f"{LABEL}={project}"}
    for container in engine.containers.list(all=True, filters=mine, ignore_removed=True):
        try:
            container.remove(force=True, v=True)
        except NotFound:
            pass
    for network in engine.networks.list(filters=mine):
        network.remove()
    for volume in engine.volumes.list(filters=mine):
        volume.remove(force=True)


def remove_leftovers(engine: DockerClient) -> None:
    """Remove what killed test runs of this checkout left."""
    things = (
        *(container.labels for container in engine.containers.list(all=True, ignore_removed=True)),
        *(network.attrs["Labels"] or {} for network in engine.networks.list()),
        *(volume.attrs["Labels"] or {} for volume in engine.volumes.list()),
    )
    for project in {labels.get(LABEL, "") for labels in things}:
        owner = re.fullmatch(rf"{OURS}-(\d+)-\d+", project)
        if owner is not None and process(int(owner[1])) is None:
            remove(engine, project)
