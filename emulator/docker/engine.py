"""Finds the Docker engine of this machine and the program that speaks Compose to it.

What the engine and Compose answer when something goes wrong is put into words in `docker/errors.py`.
"""

from __future__ import annotations

import http.client
import json
import os
import re
import shutil
import socket
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from emulator.errors import ConfigurationRefused, EmulatorError, PrerequisiteMissing

if TYPE_CHECKING:
    from docker import DockerClient

OLDEST_API = (1, 41)
"""That of engine 20.10."""

OLDEST_COMPOSE = (2, 24, 4)
"""The first that knows `!override`, which compose.override.yaml may use.

Source: docs.docker.com/reference/compose-file/merge. Others need less: `${A:-${B}}` 2.5, `!reset` 2.18.
"""

_INSTALL = "see https://docs.docker.com/engine/install, or leave --runtime docker out"
SYSTEM_SOCKET = Path("/var/run/docker.sock")
_ANSWER_WITHIN_S = 10.0
_NOT_FOR_COMPOSE = ("COMPOSE_", "DOCKER_CONTEXT")
"""The user's settings of other projects, which would choose another file, name or engine."""


@dataclass(frozen=True, slots=True)
class Engine:
    """A Docker engine that can run a stack, and the program that brings stacks up on it."""

    socket: Path
    version: str
    api_version: str
    compose: tuple[str, ...]
    """The words that every call of Compose starts with."""
    compose_version: str
    env: Mapping[str, str]
    """The environment that Compose is called with: the user's, and this engine."""

    @property
    def address(self) -> str:
        """The engine as DOCKER_HOST names it."""
        return f"unix://{self.socket}"

    def client(self) -> DockerClient:
        """Return a client of the Docker SDK; close it after use. Slow to import, hence only here."""
        import docker

        return docker.DockerClient(base_url=self.address, version=self.api_version)

    def has_image(self, name: str) -> bool:
        """Tell, within milliseconds, whether the engine holds an image."""
        return has_image(self.socket, name)


def find(env: Mapping[str, str]) -> Engine:
    """Find the engine that this environment names, and Compose.

    Raises:
        ConfigurationRefused: The engine that is asked for is not of this machine.
        PrerequisiteMissing: Docker or Compose is not installed, too old, not running, or closed to this user.
    """
    path, version, api_version = find_engine(env)
    compose, compose_version = find_compose(env)
    return Engine(path, version, api_version, compose, compose_version, _env_of_compose(env, path))


def find_engine(env: Mapping[str, str]) -> tuple[Path, str, str]:
    """Return the engine's socket, its version, and the newest API that it speaks.

    Raises:
        ConfigurationRefused: The engine that is asked for is not of this machine.
        PrerequisiteMissing: It is not installed, too old, not running, or closed to this user.
    """
    path = engine_socket(env)
    if not _programs(env) and not os.path.exists(path):
        raise PrerequisiteMissing(
            "Docker is not installed: there is no program 'docker'", f"install it: {_INSTALL}"
        )
    found = look(path, "/version")
    if not isinstance(found, dict) or "ApiVersion" not in found:
        raise not_running(path, ValueError("it does not tell its version"))
    version, api_version = str(found.get("Version")), str(found["ApiVersion"])
    if numbers(api_version) < OLDEST_API:
        raise PrerequisiteMissing(
            f"the Docker engine is {version} (API {api_version}), and 20.10 or newer is needed",
            "install a newer one: https://docs.docker.com/engine/install",
        )
    return path, version, api_version


def find_compose(env: Mapping[str, str]) -> tuple[tuple[str, ...], str]:
    """Return the words that Compose is called with, and its version; the engine need not run.

    Raises:
        PrerequisiteMissing: There is no Compose that is new enough.
    """
    found = {way: version for way in _programs(env) if (version := _compose_version(way, env))}
    for way, version in found.items():
        if numbers(version) >= OLDEST_COMPOSE:
            return way, version
    wanted = ".".join(str(number) for number in OLDEST_COMPOSE)
    hint = "install the plugin 'docker compose': https://docs.docker.com/compose/install"
    if not found:
        raise PrerequisiteMissing(f"Docker Compose is not installed, and {wanted} or newer is needed", hint)
    way, version = next(iter(found.items()))
    called = "docker compose" if len(way) > 1 else "docker-compose"
    raise PrerequisiteMissing(f"'{called}' is version {version}, and {wanted} or newer is needed", hint)


def _programs(env: Mapping[str, str]) -> list[tuple[str, ...]]:
    """Return the ways in which Compose may be called here: the plugin, else the program of its own."""
    program = shutil.which("docker", path=env.get("PATH", ""))
    standalone = shutil.which("docker-compose", path=env.get("PATH", ""))
    ways: list[tuple[str, ...]] = [(program, "compose")] if program else []
    return [*ways, (standalone,)] if standalone else ways


def _compose_version(way: tuple[str, ...], env: Mapping[str, str]) -> str:
    """Return the version of Compose that is called this way; empty if there is none."""
    try:
        done = subprocess.run(
            [*way, "version", "--short"],
            capture_output=True,
            text=True,
            timeout=_ANSWER_WITHIN_S,
            env=dict(env),
        )
    except (OSError, subprocess.SubprocessError):
        return ""
    words = done.stdout.split()
    return words[-1].removeprefix("v") if done.returncode == 0 and words else ""


def _env_of_compose(env: Mapping[str, str], path: Path) -> dict[str, str]:
    kept = {name: value for name, value in env.items() if not name.startswith(_NOT_FOR_COMPOSE)}
    return {**kept, "DOCKER_HOST": f"unix://{path}"}


def has_image(path: Path, name: str) -> bool:
    """Tell whether the engine that listens on this socket holds an image.

    Raises:
        PrerequisiteMissing: It does not answer, or not this user.
    """
    return look(path, f"/images/{quote(name, safe='/:@')}/json") is not None


def publisher(port: int, env: Mapping[str, str]) -> str | None:
    """Return the name of the running container that publishes a port of this machine, if an engine tells."""
    filters = quote(json.dumps({"publish": [str(port)], "status": ["running"]}))
    try:
        found = look(engine_socket(env), f"/containers/json?filters={filters}") or []
    except EmulatorError:
        return None
    held = [row for row in found if any(entry.get("PublicPort") == port for entry in row.get("Ports") or ())]
    return str(held[0]["Names"][0]).removeprefix("/") if held else None


def engine_socket(env: Mapping[str, str], system: Path = SYSTEM_SOCKET) -> Path:
    """Return the socket of the engine that is asked for, as the `docker` program would choose it.

    Without a word of the user's that is the system's, else one that belongs to this user (rootless, Desktop).

    Raises:
        ConfigurationRefused: DOCKER_HOST or the context leads to another machine, or to nothing.
    """
    context = env.get("DOCKER_CONTEXT") or ("" if env.get("DOCKER_HOST") else _current_context(env))
    if context and context != "default":
        return _unix_path(
            _context_address(context, env), f"the Docker context '{context}'", "docker context use default"
        )
    if env.get("DOCKER_HOST") and not context:
        return _unix_path(env["DOCKER_HOST"], "DOCKER_HOST", f"export DOCKER_HOST=unix://{SYSTEM_SOCKET}")
    return next((path for path in (system, *_sockets_of_user(env)) if os.path.exists(path)), system)


def _sockets_of_user(env: Mapping[str, str]) -> tuple[Path, ...]:
    """Where rootless engines and Docker Desktop listen. Source: docs.docker.com/engine/security/rootless."""
    home = Path(env.get("HOME") or "/")
    runtime = [Path(env["XDG_RUNTIME_DIR"]) / "docker.sock"] if env.get("XDG_RUNTIME_DIR") else []
    return (*runtime, home / ".docker/run/docker.sock", home / ".docker/desktop/docker.sock")


def _docker_folder(env: Mapping[str, str]) -> Path:
    return Path(env.get("DOCKER_CONFIG") or Path(env.get("HOME") or "/") / ".docker")


def _current_context(env: Mapping[str, str]) -> str:
    return str(_json_file(_docker_folder(env) / "config.json").get("currentContext") or "")


def _context_address(name: str, env: Mapping[str, str]) -> str:
    """Return where a context leads. The file's name: docker/cli, cli/context/store/metadatastore.go."""
    file = _docker_folder(env) / "contexts/meta" / sha256(name.encode()).hexdigest() / "meta.json"
    try:
        return str(_json_file(file)["Endpoints"]["docker"]["Host"])
    except (KeyError, TypeError) as error:
        raise ConfigurationRefused(
            f"there is no Docker context '{name}'", "choose one that 'docker context ls' lists"
        ) from error


def _json_file(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _unix_path(address: str, what: str, other: str) -> Path:
    scheme, _, path = address.partition("://")
    if scheme == "unix" and path.startswith("/"):
        return Path(path)
    raise ConfigurationRefused(
        f"{what} leads to '{address}', which is no socket of this machine: the stack's ports would not be on "
        "127.0.0.1, nor its files here",
        f"choose an engine of this machine with: {other}",
    )


class _Connection(http.client.HTTPConnection):
    """HTTP over a socket of this machine."""

    def __init__(self, path: Path) -> None:
        super().__init__("localhost", timeout=_ANSWER_WITHIN_S)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(str(self._path))


def look(path: Path, resource: str) -> Any:
    """Return what the engine that listens on this socket answers to one GET; None if it has no such thing.

    Takes milliseconds, where the SDK takes half a second to be imported.

    Raises:
        PrerequisiteMissing: It does not answer, or not this user.
    """
    connection = _Connection(path)
    try:
        connection.request("GET", resource)
        answer = connection.getresponse()
        body = json.loads(answer.read())
    except PermissionError as error:
        raise no_permission(path) from error
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise not_running(path, error) from error
    finally:
        connection.close()
    return body if answer.status == http.client.OK else None


def no_permission(path: Path) -> PrerequisiteMissing:
    """Return the error of a socket that is closed to this user."""
    return PrerequisiteMissing(
        f"this user may not use the Docker engine: '{path}' is closed to it",
        "join its group with: sudo usermod -aG docker $USER; then log in again",
    )


def not_running(path: Path, error: Exception | None = None) -> PrerequisiteMissing:
    """Return the error of an engine that does not answer."""
    match error:
        case FileNotFoundError() | NotADirectoryError():
            why = f"there is no socket '{path}'"
        case ConnectionRefusedError() | None:
            why = f"nobody listens on '{path}'"
        case TimeoutError():
            why = f"'{path}' gave no answer within {_ANSWER_WITHIN_S:g} s"
        case _:
            why = f"'{path}' gave no answer of an engine ({error})"
    return PrerequisiteMissing(
        f"the Docker engine is not running: {why}",
        "start it with: sudo systemctl start docker (or start Docker Desktop)",
    )


def numbers(version: str) -> tuple[int, ...]:
    """Return the leading numbers of a version: (2, 26, 1) of '2.26.1-4'."""
    match = re.match(r"v?(\d+(?:\.\d+)*)", version)
    return tuple(int(part) for part in match[1].split(".")) if match else ()
