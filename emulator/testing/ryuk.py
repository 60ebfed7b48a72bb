"""Has Ryuk, the container of testcontainers that removes what killed tests left, know of this process."""

from __future__ import annotations

import atexit
import socket
import time
from contextlib import closing
from functools import cache

from docker import APIClient
from docker.errors import DockerException
from testcontainers.core.config import testcontainers_config
from testcontainers.core.container import Reaper
from testcontainers.core.labels import LABEL_SESSION_ID, SESSION_ID

from emulator.errors import PrerequisiteMissing

_PORT = 8080
_HEARS_WITHIN_S = 30.0
_POLL_S = 0.1
_ACKNOWLEDGED = b"ACK"


@cache
def watch_over_us(engine: str) -> socket.socket | None:
    """Have what carries this session's label removed when this process is gone; None if Ryuk is turned off.

    `engine` is its address, as DOCKER_HOST names it.

    testcontainers connects to Ryuk once, without waiting for it to listen: where that came too early, nothing
    would be removed. So this asks until it is heard, and keeps its own connection while the process lives.

    Raises:
        PrerequisiteMissing: Ryuk cannot be started, or does not answer.
    """
    if testcontainers_config.ryuk_disabled:
        return None
    try:
        Reaper.get_instance()
        connection = _heard(engine)
    except (DockerException, OSError) as error:
        raise PrerequisiteMissing(
            f"Ryuk, which cleans up after killed tests, cannot be started: {error}",
            f"fetch '{testcontainers_config.ryuk_image}', or turn it off with: "
            "export TESTCONTAINERS_RYUK_DISABLED=true",
        ) from error
    atexit.register(connection.close)
    return connection


def _heard(engine: str) -> socket.socket:
    """Tell Ryuk the label until it says that it has heard it, and return the connection.

    Source: github.com/testcontainers/moby-ryuk, README.
    """
    with closing(APIClient(base_url=engine, version="auto")) as client:
        port = int(client.port(f"testcontainers-ryuk-{SESSION_ID}", _PORT)[0]["HostPort"])
    deadline = time.monotonic() + _HEARS_WITHIN_S
    while True:
        connection = socket.create_connection(("127.0.0.1", port), timeout=_HEARS_WITHIN_S)
        try:
            connection.sendall(f"label={LABEL_SESSION_ID}={SESSION_ID}\n".encode())
            if connection.recv(len(_ACKNOWLEDGED)) == _ACKNOWLEDGED:
                return connection
            raise ConnectionResetError("it gave no answer")
        except OSError:
            connection.close()
            if time.monotonic() > deadline:
                raise
        time.sleep(_POLL_S)
