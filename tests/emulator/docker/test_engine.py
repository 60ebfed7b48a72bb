"""Finding the Docker engine and Compose: every way in which they are not there is told in words."""

from __future__ import annotations

import json
import os
import socket
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from socketserver import ThreadingUnixStreamServer
from threading import Thread

import pytest

from emulator.docker.engine import engine_socket, find, numbers
from emulator.errors import ConfigurationRefused, EmulatorError, PrerequisiteMissing

_NOBODY = 65534
_IS_THERE = 'echo "2.26.1-4"'
_IS_NOT = "echo \"docker: 'compose' is not a docker command.\" >&2; exit 1"


@contextmanager
def serving(path: Path, answer: bytes) -> Iterator[Path]:
    """Answer every GET on a socket."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_arguments: object) -> None:
            pass

        def address_string(self) -> str:
            return "test"

    with ThreadingUnixStreamServer(str(path), Handler) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield path
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder that everybody may enter, with a path that is short enough for a socket."""
    with tempfile.TemporaryDirectory() as name:
        path = Path(name)
        path.chmod(0o755)
        yield path


@pytest.fixture
def engine(folder: Path) -> Iterator[Path]:
    """A socket that answers as an engine of version 20.10 does."""
    with serving(folder / "s", b'{"Version": "20.10.24+dfsg1", "ApiVersion": "1.41"}') as path:
        yield path


def programs(folder: Path, **scripts: str) -> str:
    """Write shell scripts (`docker_compose` is docker-compose) and return a PATH of nothing else."""
    path = folder / "bin"
    path.mkdir(exist_ok=True)
    for name, script in scripts.items():
        program = path / name.replace("_", "-")
        program.write_text(f"#!/bin/sh\n{script}\n")
        program.chmod(0o755)
    return str(path)


def refused(env: dict[str, str]) -> EmulatorError:
    with pytest.raises(EmulatorError) as caught:
        find(env)
    return caught.value


def context(folder: Path, name: str, address: str, *, current: bool = False) -> dict[str, str]:
    """Write a context as `docker context create` does, and return the environment that leads there."""
    meta = folder / "contexts/meta" / sha256(name.encode()).hexdigest() / "meta.json"
    meta.parent.mkdir(parents=True)
    meta.write_text(json.dumps({"Name": name, "Endpoints": {"docker": {"Host": address}}}))
    if current:
        (folder / "config.json").write_text(json.dumps({"currentContext": name}))
    return {"DOCKER_CONFIG": str(folder)}


def test_an_engine_and_compose_are_found_with_their_versions(engine: Path, folder: Path) -> None:
    path = programs(folder, docker=_IS_THERE)
    foreign = {"COMPOSE_FILE": "other.yaml", "COMPOSE_PROJECT_NAME": "other", "KEPT": "yes"}

    found = find({"PATH": path, "DOCKER_HOST": f"unix://{engine}", **foreign})

    assert (found.socket, found.version, found.compose_version) == (engine, "20.10.24+dfsg1", "2.26.1-4")
    assert found.compose == (f"{path}/docker", "compose")
    assert found.env == {"PATH": path, "DOCKER_HOST": f"unix://{engine}", "KEPT": "yes"}


def test_docker_that_is_not_installed(folder: Path) -> None:
    error = refused({"PATH": programs(folder), "DOCKER_HOST": "unix:///nowhere"})

    assert isinstance(error, PrerequisiteMissing)
    assert error.what == "Docker is not installed: there is no program 'docker'"
    assert "https://docs.docker.com/engine/install" in error.hint


def test_an_engine_that_does_not_run(folder: Path) -> None:
    error = refused({"PATH": programs(folder, docker=_IS_THERE), "DOCKER_HOST": "unix:///nowhere"})

    assert isinstance(error, PrerequisiteMissing)
    assert error.what == "the Docker engine is not running: there is no socket '/nowhere'"
    assert error.hint == "start it with: sudo systemctl start docker (or start Docker Desktop)"


def test_a_socket_that_nobody_listens_on(folder: Path) -> None:
    with socket.socket(socket.AF_UNIX) as left:
        left.bind(str(folder / "s"))

    error = refused({"PATH": programs(folder, docker=_IS_THERE), "DOCKER_HOST": f"unix://{folder}/s"})

    assert error.what == f"the Docker engine is not running: nobody listens on '{folder}/s'"


def test_a_socket_on_which_something_else_answers(folder: Path) -> None:
    with serving(folder / "s", b"<html>"):
        error = refused({"PATH": programs(folder, docker=_IS_THERE), "DOCKER_HOST": f"unix://{folder}/s"})

    assert error.what.startswith(
        f"the Docker engine is not running: '{folder}/s' gave no answer of an engine"
    )


def test_a_socket_that_is_closed_to_this_user(engine: Path, folder: Path) -> None:
    engine.chmod(0)
    path = programs(folder, docker=_IS_THERE)

    me = os.geteuid()
    if me == 0:
        os.seteuid(_NOBODY)
    try:
        error = refused({"PATH": path, "DOCKER_HOST": f"unix://{engine}"})
    finally:
        os.seteuid(me)

    assert isinstance(error, PrerequisiteMissing)
    assert error.what == f"this user may not use the Docker engine: '{engine}' is closed to it"
    assert error.hint == "join its group with: sudo usermod -aG docker $USER; then log in again"


@pytest.mark.parametrize(
    "address", ["tcp://10.0.0.5:2375", "ssh://me@far", "npipe:////./pipe/docker", "unix://x"]
)
def test_an_engine_of_another_machine_is_refused(address: str) -> None:
    error = refused({"PATH": "", "DOCKER_HOST": address})

    assert isinstance(error, ConfigurationRefused)
    assert error.what.startswith(f"DOCKER_HOST leads to '{address}', which is no socket of this machine")
    assert "127.0.0.1" in error.what
    assert (
        error.hint == "choose an engine of this machine with: export DOCKER_HOST=unix:///var/run/docker.sock"
    )


def test_a_context_of_another_machine_is_refused_by_its_name(folder: Path) -> None:
    error = refused(context(folder, "far", "ssh://me@far", current=True))

    assert error.what.startswith("the Docker context 'far' leads to 'ssh://me@far'")
    assert error.hint == "choose an engine of this machine with: docker context use default"


def test_a_context_that_is_not_there(folder: Path) -> None:
    error = refused({"DOCKER_CONFIG": str(folder), "DOCKER_CONTEXT": "gone"})

    assert isinstance(error, ConfigurationRefused)
    assert (error.what, error.hint) == (
        "there is no Docker context 'gone'",
        "choose one that 'docker context ls' lists",
    )


def test_the_engine_is_chosen_as_docker_does(folder: Path) -> None:
    env = context(folder, "near", "unix:///run/near.sock", current=True)
    system = folder / "system.sock"
    host = {"DOCKER_HOST": "unix:///run/host.sock"}

    assert engine_socket(env) == Path("/run/near.sock")
    assert engine_socket({**env, **host}) == Path("/run/host.sock")
    assert engine_socket({**env, **host, "DOCKER_CONTEXT": "near"}) == Path("/run/near.sock")
    assert engine_socket({**env, "DOCKER_CONTEXT": "default"}, system) == system


def test_an_engine_of_the_user_is_found_where_the_system_has_none(folder: Path) -> None:
    system, rootless = folder / "system.sock", folder / "docker.sock"
    env = {"HOME": "/nonexistent", "XDG_RUNTIME_DIR": str(folder)}

    assert engine_socket(env, system) == system
    rootless.touch()
    assert engine_socket(env, system) == rootless
    system.touch()
    assert engine_socket(env, system) == system


def test_an_engine_that_is_too_old(folder: Path) -> None:
    with serving(folder / "s", b'{"Version": "19.03.15", "ApiVersion": "1.40"}'):
        error = refused({"PATH": programs(folder, docker=_IS_THERE), "DOCKER_HOST": f"unix://{folder}/s"})

    assert error.what == "the Docker engine is 19.03.15 (API 1.40), and 20.10 or newer is needed"


def test_compose_that_is_missing(engine: Path, folder: Path) -> None:
    error = refused({"PATH": programs(folder, docker=_IS_NOT), "DOCKER_HOST": f"unix://{engine}"})

    assert error.what == "Docker Compose is not installed, and 2.24.4 or newer is needed"
    assert error.hint == "install the plugin 'docker compose': https://docs.docker.com/compose/install"


@pytest.mark.parametrize(
    ("scripts", "called"),
    [
        ({"docker": _IS_NOT, "docker_compose": "echo 1.29.2"}, "'docker-compose' is version 1.29.2"),
        ({"docker": "echo v2.24.3"}, "'docker compose' is version 2.24.3"),
    ],
)
def test_compose_that_is_too_old(engine: Path, folder: Path, scripts: dict[str, str], called: str) -> None:
    error = refused({"PATH": programs(folder, **scripts), "DOCKER_HOST": f"unix://{engine}"})

    assert isinstance(error, PrerequisiteMissing)
    assert error.what == f"{called}, and 2.24.4 or newer is needed"


@pytest.mark.parametrize("version", ["2.24.4", "2.40.3-desktop.1", "v5.0.0"])
def test_compose_that_is_a_program_of_its_own_will_do(engine: Path, folder: Path, version: str) -> None:
    path = programs(folder, docker="echo 2.10.0", docker_compose=f"echo {version}")

    found = find({"PATH": path, "DOCKER_HOST": f"unix://{engine}"})

    assert found.compose == (f"{path}/docker-compose",)
    assert found.compose_version == version.removeprefix("v")


@pytest.mark.parametrize(
    ("version", "expected"),
    [("2.26.1-4", (2, 26, 1)), ("v5.0.0", (5, 0, 0)), ("20.10.24+dfsg1", (20, 10, 24)), ("dev", ())],
)
def test_versions_are_compared_by_their_numbers(version: str, expected: tuple[int, ...]) -> None:
    assert numbers(version) == expected
