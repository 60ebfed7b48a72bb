"""What Docker says, in our words: texts that the engine, its SDK and Compose printed, one per condition."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from emulator.docker.errors import fetching_failed, in_words

_NOWHERE = "unix:///nowhere"
_NO_HOST = "dial tcp: lookup registry-1.docker.io on 10.0.0.1:53: no such host"
_TEXTS = {
    "a disk that is full while containers are made": (
        "Error response from daemon: mkdir /var/lib/docker/overlay2/4f-init: no space left on device",
        "StartFailed",
        "starting 'api' failed: there is no space left on the Docker engine's disk",
    ),
    "a disk that is full inside of a build": (
        "#5 0.5 cp: error writing '/tmp/x': No space left on device\n"
        "failed to solve: executor failed running [/bin/sh -c cp]: exit code: 1",
        "StartFailed",
        "there is no space left on the Docker engine's disk",
    ),
    "no engine": (
        "Cannot connect to the Docker daemon at unix:///nowhere. Is the docker daemon running?",
        "PrerequisiteMissing",
        "the Docker engine is not running: nobody listens on '/nowhere'",
    ),
    "no engine, as the SDK says it": (
        "('Connection aborted.', FileNotFoundError(2, 'No such file or directory'))",
        "PrerequisiteMissing",
        "the Docker engine is not running",
    ),
    "a closed socket": (
        "permission denied while trying to connect to the Docker daemon socket at unix:///nowhere: Get x",
        "PrerequisiteMissing",
        "this user may not use the Docker engine: '/nowhere' is closed to it",
    ),
    "a closed socket, as the SDK says it": (
        "('Connection aborted.', PermissionError(13, 'Permission denied'))",
        "PrerequisiteMissing",
        "this user may not use the Docker engine",
    ),
    "an image that nobody has": (
        "Error response from daemon: pull access denied for nosuch/x, repository does not exist or may "
        "require 'docker login': denied: requested access to the resource is denied",
        "PrerequisiteMissing",
        "image 'nosuch/x' is not here and cannot be fetched",
    ),
    "a tag that nobody has": (
        "Error response from daemon: manifest for redis:99 not found: manifest unknown: manifest unknown",
        "PrerequisiteMissing",
        "image 'redis:99' is not here",
    ),
    "an image that is gone": (
        "Error response from daemon: No such image: clipnet-emulate:0.1.0",
        "PrerequisiteMissing",
        "image 'clipnet-emulate:0.1.0' is not here",
    ),
    "a base image without a registry": (
        '#3 ERROR: failed to do request: Head "https://registry-1.docker.io/v2/library/python/manifests'
        f'/3.13-slim": '
        f"{_NO_HOST}",
        "PrerequisiteMissing",
        "image 'python:3.13-slim' is not here",
    ),
    "a base image that a newer BuildKit does not find": (
        "failed to solve: docker.io/library/python:3.99: failed to resolve source metadata for x: not found",
        "PrerequisiteMissing",
        "image 'python:3.99' is not here",
    ),
    "no registry": (
        f'Error response from daemon: Get "https://registry-1.docker.io/v2/": {_NO_HOST}',
        "PrerequisiteMissing",
        "starting 'api' failed: the registry 'registry-1.docker.io' cannot be reached",
    ),
    "too many networks": (
        "failed to create network a_stack: Error response from daemon: could not find an available, "
        "non-overlapping IPv4 address pool among the defaults to assign to the network",
        "StartFailed",
        "no addresses left for another network",
    ),
    "an unknown key": (
        "validating /p/compose.override.yaml: services.a Additional property imag is not allowed",
        "ConfigurationRefused",
        "Docker Compose refuses the stack: /p/compose.override.yaml: services.a Additional property imag is",
    ),
    "a service that is not there": (
        'service "a" depends on undefined service "b": invalid compose project',
        "ConfigurationRefused",
        'Docker Compose refuses the stack: service "a" depends on undefined service "b"',
    ),
    "a key that the engine is too old for": (
        " Container a-1  Creating\n"
        "can't set healthcheck.start_interval as feature require Docker Engine v25 or later",
        "PrerequisiteMissing",
        "can't set healthcheck.start_interval as feature require Docker Engine v25 or later",
    ),
    "a build of nothing": (
        'unable to prepare context: path "/p/mine" not found',
        "ConfigurationRefused",
        "starting 'api' failed: there is no '/p/mine'",
    ),
    "a build without a Dockerfile": (
        "failed to solve: failed to read dockerfile: open /var/lib/docker/tmp/buildkit-mount27/Dockerfile: "
        "no such file or directory",
        "ConfigurationRefused",
        "there is no 'Dockerfile'",
    ),
    "a program that its image does not have": (
        "Error response from daemon: OCI runtime create failed: starting container process "
        'caused: exec: "serve": executable file not found in $PATH: unknown',
        "StartFailed",
        "its image has no program 'serve'",
    ),
    "a step of a build": (
        '#5 0.4 Get "https://example.com/v2/": no\n#5 ERROR: process "/bin/sh -c false" did not complete '
        "successfully: exit code: 1",
        "StartFailed",
        "starting 'api' failed:\n  #5 0.4 Get",
    ),
    "anything else": ("\x1b[31mboom\x1b[0m\n", "StartFailed", "starting 'api' failed:\n  boom"),
    "nothing": ("", "StartFailed", "starting 'api' failed:\n  (nothing was said)"),
}


@pytest.mark.parametrize("condition", _TEXTS)
def test_what_docker_says_is_put_into_words(condition: str) -> None:
    said, code, expected = _TEXTS[condition]

    error = in_words(said, "starting 'api'", _NOWHERE)

    assert (error.code, expected in error.what) == (code, True), error.what


@pytest.mark.parametrize(
    "condition", [name for name in _TEXTS if name not in ("anything else", "nothing", "a step of a build")]
)
def test_what_is_known_comes_with_the_next_step(condition: str) -> None:
    assert in_words(_TEXTS[condition][0], "x", _NOWHERE).hint


@pytest.mark.parametrize(
    "said",
    [
        "driver failed programming external connectivity on endpoint a: Bind for 127.0.0.1:{} failed: "
        "port is already allocated",
        "driver failed programming external connectivity on endpoint a: Error starting userland proxy: "
        "listen tcp4 127.0.0.1:{}: bind: address already in use",
        "failed to bind host port for 127.0.0.1:{}:172.18.0.2:8401/tcp: address already in use",
        "Ports are not available: exposing port TCP 127.0.0.1:{} -> 127.0.0.1:0: listen tcp 127.0.0.1:{}: "
        "bind: address already in use",
    ],
)
def test_who_holds_a_port_is_named(said: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]

        error = in_words(said.replace("{}", str(port)), "starting 'api'", _NOWHERE)

    assert error.code == "PortTaken"
    assert error.what.startswith(f"starting 'api' failed: port {port} is taken by process ")


def test_the_last_lines_are_quoted_and_the_log_is_named() -> None:
    error = in_words("\n".join(f"line {n}" for n in range(100)), "building", _NOWHERE, Path("/p/image.log"))

    assert error.what.splitlines()[0] == "building failed:"
    assert error.what.splitlines()[1:] == [f"  line {n}" for n in range(88, 100)]
    assert error.hint == "all of it is in /p/image.log"


def test_fetching_fails_with_the_name_of_the_image() -> None:
    error = fetching_failed("redis:8", f'Get "https://registry-1.docker.io/v2/": {_NO_HOST}')
    full = fetching_failed("redis:8", "write /var/lib/docker/tmp/x: no space left on device")

    assert error.what.startswith("image 'redis:8' is not here and cannot be fetched: Get")
    assert "docker pull redis:8" in error.hint
    assert (
        full.what == "fetching the image 'redis:8' failed: there is no space left on the Docker engine's disk"
    )
