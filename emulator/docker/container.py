"""One container at the Docker engine: starts it, reads its output, asks how it is, ends it.

Everything here blocks: the runtime calls it in threads.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from math import ceil
from pathlib import Path
from threading import Thread
from time import sleep
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from docker.api import APIClient
    from docker.types import CancellableStream

ENGINE_FAILED = 125
"""The exit code of a container whose end the engine did not tell.

Source: docs.docker.com/reference/cli/docker/container/run, "Exit status".
"""

_KILLED = 137
_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 0.005, 1.0
_VERSIONS = ("PG_VERSION", "REDIS_VERSION", "RCLONE_VERSION")
_LABEL = "org.opencontainers.image.version"


@dataclass(frozen=True, slots=True)
class Seen:
    """A container as the engine describes it."""

    pid: int | None
    version: str | None
    is_running: bool
    health: str | None
    """starting, healthy or unhealthy; None for a container without a health check."""
    last_answer: str
    """What the last health check printed."""


@dataclass(frozen=True, slots=True)
class Container:
    """One container.

    Attributes:
        is_passing: It is removed when it has ended, or cannot be started.
    """

    id: str
    is_passing: bool = False

    def start(self, api: APIClient, log: Path, on_end: Callable[[int], None]) -> Seen:
        """Start it; its output goes to `log` until it ends, and then `on_end` is told the exit code.

        Attached before it starts, so that no line is missed and none of an earlier life is read again.
        """
        output = api.attach(self.id, stdout=True, stderr=True, stream=True)
        try:
            api.start(self.id)
            seen = self.look(api)
        except BaseException:
            _close(output)
            self._pass(api)
            raise
        name = f"container {self.id[:12]}"
        Thread(target=self._follow, args=(api, output, log, on_end), name=name, daemon=True).start()
        return seen

    def look(self, api: APIClient) -> Seen:
        """Ask the engine how it is."""
        found = api.inspect_container(self.id)
        state = found["State"]
        health = state.get("Health") or {}
        answers: Sequence[Mapping[str, Any]] = health.get("Log") or ({},)
        return Seen(
            pid=state["Pid"] or None,
            version=_version(found["Config"]),
            is_running=bool(state["Running"]),
            health=None if health.get("Status") in (None, "none") else str(health["Status"]),
            last_answer=" ".join(str(answers[-1].get("Output", "")).split()),
        )

    def stop(self, api: APIClient, within_s: float) -> None:
        """Send its stop signal, and kill it when the time is over. It may have ended already."""
        from docker.errors import NotFound

        with suppress(NotFound):
            api.stop(self.id, timeout=ceil(within_s))

    def kill(self, api: APIClient) -> None:
        """End it at once. It may have ended already."""
        from docker.errors import APIError

        try:
            api.kill(self.id)
        except APIError as error:
            if error.status_code not in (404, 409):
                raise

    def remove(self, api: APIClient) -> None:
        """Remove it. It may be gone already."""
        from docker.errors import NotFound

        with suppress(NotFound):
            api.remove_container(self.id, force=True, v=True)

    def _follow(
        self, api: APIClient, output: CancellableStream, log: Path, on_end: Callable[[int], None]
    ) -> None:
        """Write down what it says for as long as it lives."""
        from docker.errors import DockerException, NotFound
        from requests.exceptions import RequestException

        try:
            with log.open("ab", buffering=0) as file:
                for block in output:
                    file.write(block)
            _close(output)
            code = self._exit_code(api)
        except NotFound:
            code = _KILLED
        except (DockerException, RequestException, OSError):
            code = ENGINE_FAILED
        with suppress(DockerException, RequestException):
            self._pass(api)
        on_end(code)

    def _pass(self, api: APIClient) -> None:
        """Remove it if it is not to stay."""
        if self.is_passing:
            self.remove(api)

    def _exit_code(self, api: APIClient) -> int:
        """Return the exit code of a container whose output has ended.

        The engine's own `wait` may never answer for a container that is removed meanwhile (seen with 20.10).
        """
        pause_s = _FIRST_PAUSE_S
        while (state := api.inspect_container(self.id)["State"])["Running"]:
            sleep(pause_s)
            pause_s = min(pause_s * 2, _LONGEST_PAUSE_S)
        return int(state["ExitCode"])


def _close(output: CancellableStream) -> None:
    """Close a stream whose end was reached: its own `close` leaves the socket open."""
    output._response.close()


def _version(config: Mapping[str, Any]) -> str | None:
    """Return the version of the program in an image: as the image tells it, else its tag."""
    env = dict(entry.partition("=")[::2] for entry in config.get("Env") or ())
    told = next((env[name] for name in _VERSIONS if name in env), None)
    told = told or (config.get("Labels") or {}).get(_LABEL)
    if told:
        return str(told).partition("-")[0]
    name, _, tag = str(config.get("Image", "")).rpartition(":")
    return tag if name and "/" not in tag else None
