"""What the tests of the emulator share: servers, and projects with stacks of small programs."""

import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from emulator.parts import Parts
from emulator.ports import is_free
from tests.emulator.project import OFFSETS, Project, programs
from tests.emulator.stacks import servers


@pytest.fixture(scope="session")
def media_cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the seeds' videos are rendered once per test run."""
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(scope="module")
def parts(media_cache: Path) -> Iterator[Parts]:
    """A stack without API, worker and web."""
    with servers("cloudinary", "google", "twitch", cache=media_cache) as running:
        yield running


@pytest.fixture(scope="session")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A cache of prepared data folders for all tests of this session."""
    return tmp_path_factory.mktemp("clusters")


@pytest.fixture
def port_base() -> int:
    """The first port of a free block."""
    while True:
        base = random.randrange(10_000, 32_000, 100)
        if all(is_free(base + offset) for offset in OFFSETS.values()):
            return base


@pytest.fixture
def project(tmp_path: Path, cache: Path, port_base: int) -> Iterator[Project]:
    """A project whose stack is made of the test program; compared with before at its end."""
    project = Project(tmp_path, port_base, cache)
    project.write(programs())
    yield project
    stacks = [path.name for path in (tmp_path / ".clipnet").glob("*/")]
    project.write(programs())
    (tmp_path / "compose.override.yaml").unlink(missing_ok=True)
    project.extra_env.clear()
    for stack in stacks:
        project.run("down", "--stack", stack)
    project.check_for_leaks()
