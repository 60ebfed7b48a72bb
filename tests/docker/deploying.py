"""A stack in Docker that is driven by the command line, and a repository to deploy from."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from docker import DockerClient
from docker.models.containers import Container
from redis import Redis

from emulator.docker.project import FOLDER_LABEL
from emulator.parts import running
from emulator.processes import process
from emulator.settings import load
from emulator.testing.access import Clipnet
from emulator.versions import LEASE_KEY, of_api, of_web, of_worker
from tests.e2e.deploying import Repository
from tests.emulator.project import wait_for
from tests.engine import CHECKOUT

_SERVICE = "com.docker.compose.service"
_WITHIN_S = 420


class WholeRepository(Repository):
    """Somebody's clone of this project, with all that its image is made of."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        listed = subprocess.run(["git", "ls-files", "-z"], cwd=CHECKOUT, capture_output=True, check=True)
        for name in filter(None, listed.stdout.decode().split("\0")):
            if (CHECKOUT / name).is_file() and not name.startswith(("clipnet/", "docs/", "tests/")):
                (path / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(CHECKOUT / name, path / name)
        self.commit("Add what the image is made of")


@dataclass
class Stack:
    """One stack, by the commands that a person types."""

    folder: Path
    env: Mapping[str, str]
    engine: DockerClient

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run a command to its end, whatever that is."""
        return subprocess.run(
            [sys.executable, "-m", "emulator", *words],
            cwd=self.folder,
            env=dict(self.env),
            capture_output=True,
            text=True,
            timeout=_WITHIN_S,
            check=False,
        )

    def done(self, *words: str) -> str:
        """Run a command that must succeed, and return what it prints."""
        ran = self.run(*words)
        assert ran.returncode == 0, ran.stdout + ran.stderr
        return ran.stdout

    def failed(self, *words: str) -> str:
        """Run a command that must fail, and return its errors."""
        ran = self.run(*words)
        assert ran.returncode != 0, ran.stdout
        return ran.stderr

    @property
    def state_folder(self) -> Path:
        """Where it keeps everything."""
        return (Path(self.env["CLIPNET_STATE_DIR"]) / self.env["CLIPNET_STACK"]).resolve()

    @property
    def state(self) -> dict[str, Any]:
        """What the supervisor wrote down."""
        found: dict[str, Any] = json.loads((self.state_folder / "state.json").read_text())
        return found

    def row(self, name: str) -> dict[str, Any]:
        """Return what the supervisor wrote down of a service."""
        found: dict[str, Any] = next(row for row in self.state["services"] if row["name"] == name)
        return found

    @contextmanager
    def access(self) -> Iterator[Clipnet]:
        """Yield the API, the database and the rest of it."""
        with Clipnet(running(load(self.env, self.folder))) as access:
            yield access

    def versions(self) -> dict[str, str | None]:
        """Return what API, frontend and worker say that they are, where everybody asks them."""
        env = self.state["env"]
        told = (of_api(env["API_URL"]), of_web(env["WEB_URL"]), of_worker(env["REDIS_URL"], LEASE_KEY))
        return {one.service: one.version for one in told}

    def containers(self, name: str | None = None) -> list[Container]:
        """Return its containers, running or not; only those of one service if asked."""
        found = self.engine.containers.list(
            all=True, filters={"label": f"{FOLDER_LABEL}={self.state_folder}"}, ignore_removed=True
        )
        return [one for one in found if name in (None, one.labels[_SERVICE])]

    def running(self, name: str) -> list[Container]:
        """Return the running containers of a service."""
        return [one for one in self.containers(name) if one.status == "running"]

    def kill(self, name: str) -> None:
        """Kill the container of a service and wait until another one, or the same again, is healthy."""
        before, lease = self.row(name), self._lease()
        (container,) = self.running(name)
        container.kill()
        wait_for(
            lambda: (
                self.row(name)["pid"] not in (None, before["pid"]) and self.row(name)["health"] == "healthy"
            ),
            f"{name} runs again",
            60,
        )
        if name == "worker":  # the lease of the one that was killed stays for some seconds
            wait_for(lambda: self._lease() not in (None, lease), "the worker has a lease of its own")

    def _lease(self) -> object:
        with Redis.from_url(self.state["env"]["REDIS_URL"]) as redis:
            return redis.get(LEASE_KEY)

    def kill_supervisor(self) -> None:
        """Kill the supervisor alone; the containers run on."""
        pid = self.state["supervisor_pid"]
        os.kill(pid, signal.SIGKILL)
        wait_for(lambda: process(pid) is None, "the supervisor ends")

    def left(self) -> list[str]:
        """Return the names of all that the engine has of it."""
        mine = {"label": f"{FOLDER_LABEL}={self.state_folder}"}
        return [
            *(str(one.name) for one in self.containers()),
            *(str(one.name) for one in self.engine.networks.list(filters=mine)),
            *(str(one.name) for one in self.engine.volumes.list(filters=mine)),
            *self.images(),
        ]

    def images(self) -> list[str]:
        """Return the names of the images of its releases."""
        mine = {"label": f"{FOLDER_LABEL}={self.state_folder}"}
        return [str(tag) for one in self.engine.images.list(filters=mine) for tag in one.tags]
