"""What all Docker tests share: the marker, the engine, the image that is built once, a stack to look at."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import docker
import pytest
from docker import DockerClient

from emulator.testing.own import OwnStack, own_stack
from tests.docker.projects import (
    ComposeProject,
    build_image,
    clean_env,
    compose_project,
    remove_leftovers,
)

HERE = Path(__file__).parent

NewProject = Callable[..., ComposeProject]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.docker)
            item.add_marker(pytest.mark.slow)


@pytest.fixture(scope="session")
def docker_engine() -> Iterator[DockerClient]:
    """The engine, freed of what killed test runs of this checkout left there."""
    client = docker.from_env(timeout=60)
    try:
        remove_leftovers(client)
        yield client
    finally:
        client.close()


@pytest.fixture(scope="session")
def project_image(docker_engine: DockerClient) -> str:
    """The name of the project's image, built once from this checkout; put it into EMULATE_IMAGE."""
    return build_image(docker_engine)


@pytest.fixture(scope="session")
def new_project(
    docker_engine: DockerClient, project_image: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[NewProject]:
    """Make a Compose project (see `compose_project`); it is removed at the end of the session."""
    folder = tmp_path_factory.mktemp("compose")

    with ExitStack() as stack:

        def make(*overrides: Path, **env: str) -> ComposeProject:
            return stack.enter_context(
                compose_project(docker_engine, project_image, folder, *overrides, **env)
            )

        yield make


@pytest.fixture(scope="session")
def composed(new_project: NewProject) -> ComposeProject:
    """The plain `docker compose up --wait`, for all tests that look at it and leave it as it was."""
    project = new_project()
    project.up()
    return project


@pytest.fixture(scope="session")
def docker_stack(
    docker_engine: DockerClient, project_image: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[OwnStack]:
    """`up --runtime docker`, for all tests that look at it and leave it as it was."""
    env = {**clean_env(), "EMULATE_IMAGE": project_image}
    with own_stack(tmp_path_factory.mktemp("project"), env, runtime="docker") as stack:
        yield stack
