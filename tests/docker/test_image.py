"""Our image: built when it is missing, never again until its sources change; others are fetched."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from docker import DockerClient

from emulator.docker.engine import Engine, find
from emulator.docker.image import SOURCES_LABEL, Builder, Sources, ensure_own, fetch_missing
from emulator.errors import EmulatorError, PrerequisiteMissing, StartFailed
from tests.docker.projects import clean_env

_FILES = {
    "Dockerfile": "FROM python:3.13-slim\nCOPY clipnet /app\n",
    "compose.yaml": "services: {fakes: {image: '${EMULATE_IMAGE:-x}', build: .}}\n",
    "clipnet/api.py": "one\n",
}


@pytest.fixture(scope="module")
def engine() -> Engine:
    return find(clean_env())


class Bench:
    """Sources of an image that is built in no time, and what was told while that was done."""

    def __init__(self, engine: Engine, folder: Path) -> None:
        self.root = folder / "sources"
        self.told: list[str] = []
        self.log = folder / "logs/image.log"
        self.builder = Builder(engine, folder / "cache", self.log, self.told.append)
        for name, text in _FILES.items():
            self.write(name, text)

    def write(self, name: str, text: str) -> None:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        path.chmod(0o600)

    def ensure(self) -> str:
        return self.builder.ensure(Sources(self.root, {name: self.root / name for name in _FILES}))

    def failure(self) -> EmulatorError:
        with pytest.raises(EmulatorError) as caught:
            self.ensure()
        return caught.value


@pytest.fixture
def bench(engine: Engine, docker_engine: DockerClient, tmp_path: Path) -> Iterator[Bench]:
    bench = Bench(engine, tmp_path)
    yield bench
    for image in docker_engine.images.list(filters={"label": f"{SOURCES_LABEL}={bench.root}"}):
        docker_engine.images.remove(image.id, force=True)
    assert list((tmp_path / "cache").glob("*")) == []


def test_the_image_is_built_once_and_again_when_its_sources_change(
    bench: Bench, docker_engine: DockerClient
) -> None:
    first = bench.ensure()
    again = bench.ensure()
    bench.write("clipnet/api.py", "two\n")
    second = bench.ensure()

    assert (first == again, first == second) == (True, False)
    assert bench.told == [
        f"building the image '{name}', the first time only (its log: {bench.log})" for name in (first, second)
    ]
    assert docker_engine.containers.run(second, ["cat", "/app/api.py"], remove=True) == b"two\n"
    assert bench.builder.engine.has_image(second)
    assert not bench.builder.engine.has_image(first)


def test_what_is_closed_on_this_machine_is_readable_in_the_image(
    bench: Bench, docker_engine: DockerClient
) -> None:
    said = docker_engine.containers.run(bench.ensure(), ["cat", "/app/api.py"], user="10001", remove=True)

    assert said == b"one\n"


def test_an_image_that_a_container_uses_is_kept(bench: Bench, docker_engine: DockerClient) -> None:
    first = bench.ensure()
    container = docker_engine.containers.create(first, ["true"])
    bench.write("clipnet/api.py", "two\n")
    try:
        bench.ensure()

        assert bench.builder.engine.has_image(first)
    finally:
        container.remove()


def test_a_build_that_fails_says_its_last_lines_and_where_all_of_them_are(bench: Bench) -> None:
    bench.write("Dockerfile", "FROM python:3.13-slim\nRUN echo the reason && exit 7\n")

    error = bench.failure()

    assert isinstance(error, StartFailed)
    assert error.what.startswith("building the image 'clipnet-emulate:")
    assert "the reason" in error.what
    assert "exit code: 7" in error.what
    assert error.hint == f"all of it is in {bench.log}"
    assert "RUN echo the reason" in bench.log.read_text()


def test_a_base_image_that_cannot_be_fetched_is_named(bench: Bench) -> None:
    bench.write("Dockerfile", "FROM localhost:1/nosuch/base:3\n")

    error = bench.failure()

    assert isinstance(error, PrerequisiteMissing)
    assert "nosuch/base:3' is not here and cannot be fetched" in error.what
    assert "docker load --input FILE" in error.hint


def test_a_disk_that_is_full_while_building(bench: Bench) -> None:
    bench.write("Dockerfile", "FROM python:3.13-slim\nRUN head -c 1G /dev/zero >/dev/shm/full\n")

    error = bench.failure()

    assert isinstance(error, StartFailed)
    assert error.what.endswith("failed: there is no space left on the Docker engine's disk")


def test_an_image_that_the_user_names_is_not_built(engine: Engine, tmp_path: Path) -> None:
    told: list[str] = []

    name = ensure_own(engine, {"EMULATE_IMAGE": "mine:1"}, tmp_path, tmp_path / "log", told.append)

    assert (name, told) == ("mine:1", [])


def test_an_image_that_is_here_is_not_fetched_and_one_that_nobody_has_is_named(engine: Engine) -> None:
    told: list[str] = []

    with pytest.raises(PrerequisiteMissing) as caught:
        fetch_missing(engine, ["redis:8", "localhost:1/nosuch:9"], told.append)

    assert told == ["fetching the image 'localhost:1/nosuch:9'"]
    assert caught.value.what.startswith(
        "image 'localhost:1/nosuch:9' is not here and cannot be fetched: Get "
    )
