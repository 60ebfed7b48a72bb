"""A repository with ClipNET in it, deployments of it, and clients that go on meanwhile."""

from __future__ import annotations

import shutil
import subprocess
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import httpx

import clipnet as application
from emulator.errors import Relayed
from emulator.statefolder import StateFolder
from emulator.steering import connect
from emulator.testing.access import Clipnet
from tests.e2e.kills import OWNER, service

_PROJECT = Path(application.__file__).parents[1]
_AUTHOR = {"GIT_AUTHOR_NAME": "Anna", "GIT_AUTHOR_EMAIL": "anna@clipnet.test"}
_COMMITTER = {"GIT_COMMITTER_NAME": "Anna", "GIT_COMMITTER_EMAIL": "anna@clipnet.test"}


class Repository:
    """Somebody's checkout of ClipNET, on `develop`."""

    def __init__(self, path: Path) -> None:
        self.path = path
        shutil.copytree(
            _PROJECT / "clipnet", path / "clipnet", ignore=shutil.ignore_patterns("__pycache__", "*.pyc")
        )
        shutil.copy(_PROJECT / "pyproject.toml", path)
        self.git("init", "--quiet", "--initial-branch", "develop")
        self.commit("Begin")

    def git(self, *words: str) -> str:
        """Run git and return what it prints."""
        done = subprocess.run(
            ["git", "-c", "core.hooksPath=/dev/null", *words],
            cwd=self.path,
            env={"PATH": "/usr/bin:/bin", "HOME": str(self.path), **_AUTHOR, **_COMMITTER},
            capture_output=True,
            text=True,
            check=True,
        )
        return done.stdout.strip()

    def change(self, file: str, old: str, new: str) -> None:
        """Replace a text that a file has once."""
        path = self.path / file
        text = path.read_text()
        assert text.count(old) == 1, f"{file} has {text.count(old)} times: {old}"
        path.write_text(text.replace(old, new))

    def commit(self, subject: str) -> str:
        """Commit everything and return the commit."""
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "--message", subject)
        return self.git("rev-parse", "HEAD")


def asked(clipnet: Clipnet, **request: Any) -> list[dict[str, Any]]:
    """Ask the supervisor for something and return all that it answers.

    Raises:
        Relayed: It failed.
    """
    with connect(StateFolder(clipnet.parts.state_dir)) as steering:
        messages = list(steering.ask(request))
    if "error" in messages[-1]:
        raise Relayed(messages[-1]["error"])
    return messages


def versions(clipnet: Clipnet) -> dict[str, str]:
    """Return which version API and frontend tell everybody, and the supervisor knows of the worker."""
    return {
        "api": httpx.get(f"{clipnet.api_url}/version").json()["version"],
        "web": httpx.get(f"{clipnet.web_url}/config.json").json()["version"],
        "worker": service(clipnet, "worker")["version"],
    }


def everywhere(version: str) -> dict[str, str]:
    """Return the versions of a stack in which everything is of one release."""
    return dict.fromkeys(("api", "web", "worker"), version)


@dataclass
class Load:
    """What clients saw while they went on."""

    clips: list[str] = field(default_factory=list)
    answers: Counter[str] = field(default_factory=Counter)
    troubles: list[str] = field(default_factory=list)


@contextmanager
def load(clipnet: Clipnet, at_once: int = 2) -> Iterator[Load]:
    """Let clients read as long as the block lasts, and one post clips, so many of which are on their way.

    None tries anything twice.
    """
    seen, stop = Load(), threading.Event()
    data = {"publish_to": "youtube"}  # TikTok takes six a minute
    files = {"file": ("clip.mp4", clipnet.video("forecast").read_bytes(), "video/mp4")}

    def counted(kind: str, ask: Callable[[], httpx.Response]) -> httpx.Response | None:
        try:
            answer = ask()
        except httpx.HTTPError as error:
            seen.troubles.append(f"{kind}: {type(error).__name__}: {error}")
            return None
        seen.answers[kind] += 1
        if answer.status_code >= 400:
            seen.troubles.append(f"{kind}: {answer.status_code} {answer.text[:200]}")
            return None
        return answer

    def post() -> None:
        with httpx.Client(base_url=clipnet.api_url, timeout=60, trust_env=False) as client:
            body = {"email": OWNER, "password": "clipnet-demo"}
            client.post("/v1/session", json=body).raise_for_status()
            on_their_way: list[str] = []
            while not stop.wait(0.1):
                for clip in tuple(on_their_way):
                    found = counted("look at a clip", partial(client.get, f"/v1/clips/{clip}"))
                    if found is not None and found.json()["state"] == "ready":
                        on_their_way.remove(clip)
                if len(on_their_way) < at_once:
                    made = counted("post a clip", partial(client.post, "/v1/clips", files=files, data=data))
                    if made is not None:
                        on_their_way.append(made.json()["id"])
                        seen.clips.append(made.json()["id"])

    def read(kind: str, url: str, *, anew: bool) -> None:
        client = httpx.Client(timeout=60, trust_env=False)
        while not stop.is_set():
            if anew:
                client.close()
                client = httpx.Client(timeout=60, trust_env=False)
            counted(kind, partial(client.get, url))
            stop.wait(0.02)
        client.close()

    threads = [
        threading.Thread(target=post),
        threading.Thread(target=read, args=("ready", f"{clipnet.api_url}/ready"), kwargs={"anew": False}),
        threading.Thread(target=read, args=("health", f"{clipnet.api_url}/health"), kwargs={"anew": True}),
        threading.Thread(target=read, args=("page", f"{clipnet.web_url}/"), kwargs={"anew": False}),
    ]
    for thread in threads:
        thread.start()
    try:
        yield seen
    finally:
        stop.set()
        for thread in threads:
            thread.join()
