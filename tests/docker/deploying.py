"""A stack in Docker driven by the command line, a repository to deploy from, and clients meanwhile."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import httpx
from docker import DockerClient
from docker.models.containers import Container

from emulator.docker.project import FOLDER_LABEL
from emulator.parts import running
from emulator.processes import process
from emulator.settings import load
from emulator.testing.access import Clipnet
from emulator.versions import LEASE_KEY, of_api, of_web, of_worker
from tests.emulator.project import wait_for
from tests.engine import CHECKOUT

_SERVICE = "com.docker.compose.service"
_AUTHOR = {"GIT_AUTHOR_NAME": "Anna", "GIT_AUTHOR_EMAIL": "anna@clipnet.test"}
_COMMITTER = {"GIT_COMMITTER_NAME": "Anna", "GIT_COMMITTER_EMAIL": "anna@clipnet.test"}
_WITHIN_S = 420


class Repository:
    """Somebody's clone of this project, on `develop`."""

    def __init__(self, path: Path) -> None:
        self.path = path
        listed = subprocess.run(["git", "ls-files", "-z"], cwd=CHECKOUT, capture_output=True, check=True)
        for name in filter(None, listed.stdout.decode().split("\0")):
            if (CHECKOUT / name).is_file() and not name.startswith(("tests/", "docs/")):
                (path / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(CHECKOUT / name, path / name)
        self.git("init", "--quiet", "--initial-branch", "develop")
        self.commit("Begin")

    def git(self, *words: str) -> str:
        """Run git and return what it prints."""
        done = subprocess.run(
            ["git", "-c", "core.hooksPath=/dev/null", *words],
            cwd=self.path,
            env={"PATH": os.environ["PATH"], "HOME": str(self.path), **_AUTHOR, **_COMMITTER},
            capture_output=True,
            text=True,
            check=True,
        )
        return done.stdout.strip()

    def change(self, file: str, old: str, new: str) -> None:
        """Replace a text that a file has once."""
        text = (self.path / file).read_text()
        assert text.count(old) == 1, f"{file} has {text.count(old)} times: {old}"
        (self.path / file).write_text(text.replace(old, new))

    def commit(self, subject: str) -> str:
        """Commit everything and return the commit."""
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "--message", subject)
        return self.git("rev-parse", "HEAD")


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
        before = self.row(name)
        (container,) = self.running(name)
        container.kill()
        wait_for(
            lambda: (
                self.row(name)["pid"] not in (None, before["pid"]) and self.row(name)["health"] == "healthy"
            ),
            f"{name} runs again",
            60,
        )

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


@dataclass
class Seen:
    """What clients saw while they went on."""

    clips: list[str] = field(default_factory=list)
    answers: int = 0
    troubles: list[str] = field(default_factory=list)


@contextmanager
def clients(access: Clipnet, clip_every_s: float) -> Iterator[Seen]:
    """Let clients read, and one post clips, as long as the block lasts; none tries anything twice."""
    seen, stop = Seen(), threading.Event()
    files = {"file": ("clip.mp4", access.video("forecast").read_bytes(), "video/mp4")}

    def counted(what: str, ask: Callable[[], httpx.Response]) -> httpx.Response | None:
        try:
            answer = ask()
        except httpx.HTTPError as error:
            seen.troubles.append(f"{what}: {error!r}")
            return None
        if answer.status_code >= 400:
            seen.troubles.append(f"{what}: {answer.status_code} {answer.text[:200]}")
            return None
        seen.answers += 1
        return answer

    def post() -> None:
        with httpx.Client(base_url=access.api_url, timeout=60, trust_env=False) as client:
            body = {"email": f"{uuid.uuid4().hex}@clipnet.test", "password": "correct horse", "name": "Load"}
            client.post("/v1/users", json=body).raise_for_status()
            while not stop.is_set():
                made = counted("post a clip", partial(client.post, "/v1/clips", files=files))
                if made is not None:
                    seen.clips.append(made.json()["id"])
                stop.wait(clip_every_s)

    def read(url: str) -> None:
        while not stop.is_set():
            with httpx.Client(timeout=60, trust_env=False) as client:
                for _ in range(5):
                    counted(url, partial(client.get, url))
                    stop.wait(0.05)

    threads = [
        threading.Thread(target=post),
        threading.Thread(target=read, args=(f"{access.api_url}/health",)),
        threading.Thread(target=read, args=(f"{access.web_url}/",)),
    ]
    for thread in threads:
        thread.start()
    try:
        yield seen
    finally:
        stop.set()
        for thread in threads:
            thread.join()
