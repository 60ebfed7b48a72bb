"""What the tests of the emulator share: servers, and projects with stacks of small programs."""

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from emulator.errors import EmulatorError
from emulator.parts import Parts
from emulator.settings import load
from emulator.shutdown import down
from tests.emulator.project import Project, free_base, programs
from tests.emulator.stacks import servers


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
    return free_base()


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
        with suppress(EmulatorError):
            down(load(project.env, tmp_path, stack=stack), wipe=False)
    project.check_for_leaks()


@pytest.fixture
def with_fake(real_fakes: Project) -> Project:
    """A project whose stack has the real fakes of Cloudinary and RunPod, and is up."""
    real_fakes.json("up", "-d")
    return real_fakes


@pytest.fixture
def real_fakes(project: Project) -> Project:
    """The same project before it is up."""
    stack = programs()
    stack["fakes"]["environment"] = {
        "FAKES_PORTS": "cloudinary=${CLOUDINARY_LISTEN:-1},runpod=${RUNPOD_LISTEN:-1}",
        "FAKES_STATE_DIR": "${FAKES_STATE_DIR:-}",
        "BLOBS_DIR": "${BLOBS_DIR:-}",
    }
    stack["fakes"]["ports"].append("127.0.0.1:${RUNPOD_PORT:-8411}:8411")
    stack["fakes"]["x-embedded"] |= {
        "command": ["python", "-m", "fakes"],
        "ports": {"cloudinary": 8410, "runpod": 8411},
        "probe": {"http": "http://${CLOUDINARY_ADDR:-x}/_fake/health"},
    }
    project.write(stack)
    return project
