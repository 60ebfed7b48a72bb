"""A project folder with a stack of small programs, driven through the real command line."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic, sleep
from typing import Any
from urllib.request import urlopen

import yaml

from emulator.ports import is_free
from emulator.processes import marked, process

PROGRAM = Path(__file__).with_name("program.py")
OFFSETS = {"web": 0, "api": 1, "postgres": 2, "redis": 3, "cloudinary": 10}
DEADLINE_S = 30.0
MARKS = {"environment": "staging", "cloudinary_folder": "staging_clips", "runpod_namespace": "staging"}


def wait_for(question: Any, what: str, within_s: float = DEADLINE_S, *, ask_every_s: float = 0.01) -> Any:
    """Ask until the answer is truthy, and return it."""
    deadline = monotonic() + within_s
    while not (answer := question()):
        assert monotonic() < deadline, f"{what} within {within_s} s"
        sleep(ask_every_s)
    return answer


def service(port: str | None, *steps: str, needs: tuple[str, ...] = (), **embedded: Any) -> dict[str, Any]:
    """Return a service that runs the test program; it is ready when it answers HTTP."""
    body: dict[str, Any] = {"depends_on": list(needs)}
    x: dict[str, Any] = {"command": ["python", str(PROGRAM), *steps], **embedded}
    if port is not None:
        upper, number = port.upper(), 8400 + OFFSETS[port]
        body["ports"] = [f"127.0.0.1:${{{upper}_PORT:-{number}}}:{number}"]
        body["environment"] = {"PORT": f"${{{upper}_LISTEN:-{number}}}"}
        x["ports"] = {port: number}
        x.setdefault("probe", {"http": f"http://${{{upper}_ADDR:-x}}/"})
    return {**body, "x-embedded": x}


def programs() -> dict[str, Any]:
    """Return a stack in which everything, the servers too, is the test program."""
    return {
        "postgres": service("postgres", "print:store", "serve", role="postgres"),
        "redis": service("redis", "serve", role="redis"),
        "fakes": service("cloudinary", "serve", start="early"),
        "api": service("api", "print:hello from api", "serve", needs=("postgres", "redis")),
        "worker": service(None, "forever", needs=("api",), probe={"http": "http://${API_ADDR:-x}/"}),
        "web": service("web", "serve", start="early"),
    }


def with_servers() -> dict[str, Any]:
    """Return the same stack with a real PostgreSQL and a real Redis."""
    stack = programs()
    for name, probe in (
        ("postgres", {"postgres": "postgresql://clipnet:clipnet@${POSTGRES_ADDR:-x}/clipnet"}),
        ("redis", {"redis": "redis://${REDIS_ADDR:-x}/0"}),
    ):
        stack[name] = {"ports": stack[name]["ports"], "x-embedded": {"server": name, "probe": probe}}
    return stack


def containers(services: Mapping[str, Any]) -> dict[str, Any]:
    """Return services of the test program so that Docker runs them, too; `postgres` has a volume."""
    stack = {}
    for name, body in services.items():
        stack[name] = {
            **body,
            "image": "python:3.13-slim",
            "init": True,
            "command": body["x-embedded"]["command"],
            "environment": {**body.get("environment", {}), "HOST": "0.0.0.0", "TMPDIR": "/tmp"},
            "volumes": [f"{PROGRAM}:{PROGRAM}:ro", *(["rows:/rows"] if name == "postgres" else [])],
        }
    return stack


def free_base() -> int:
    """Return the first port of a free block."""
    while True:
        base = random.randrange(10_000, 32_000, 100)
        if all(is_free(base + offset) for offset in OFFSETS.values()):
            return base


@dataclass
class Project:
    """One project folder. Leaves nothing behind: `check_for_leaks` says so."""

    path: Path
    port_base: int
    cache: Path
    extra_env: dict[str, str] = field(default_factory=dict)

    def write(self, services: Mapping[str, Any], name: str = "compose.yaml", **others: Any) -> None:
        """Write a compose file; `others` are its sections besides services."""
        marks = {
            "environment": "staging",
            "cloudinary_folder": "staging_clips",
            "runpod_namespace": "staging",
        }
        body = {"services": services, **others}
        if "override" not in name:
            body["x-clipnet"] = marks
        (self.path / name).write_text(yaml.safe_dump(body, sort_keys=False))

    @property
    def env(self) -> dict[str, str]:
        """The environment of the commands."""
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("CLIPNET_")}
        own = {
            "CLIPNET_CACHE_DIR": str(self.cache),
            "CLIPNET_PORT_BASE": str(self.port_base),
            "CLIPNET_FSYNC": "off",
        }
        return {**inherited, **own, **self.extra_env}

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run a command to its end."""
        return subprocess.run(
            [sys.executable, "-m", "emulator", *words],
            cwd=self.path,
            env=self.env,
            capture_output=True,
            text=True,
            timeout=DEADLINE_S * 2,
        )

    def json(self, *words: str) -> Any:
        """Run a command with --json and return what it prints."""
        done = self.run(*words, "--json")
        assert done.stdout, done.stderr
        return json.loads(done.stdout)

    @contextmanager
    def started(self, *words: str, stderr: int = subprocess.STDOUT) -> Iterator[subprocess.Popen[str]]:
        """Start a command, and end it with the block; its errors are in its output unless told otherwise."""
        with subprocess.Popen(
            [sys.executable, "-m", "emulator", *words],
            cwd=self.path,
            env=self.env,
            stdout=subprocess.PIPE,
            stderr=stderr,
            text=True,
            start_new_session=True,
        ) as running:
            try:
                yield running
            finally:
                if running.poll() is None:
                    running.send_signal(signal.SIGKILL)

    def folder(self, stack: str = "default") -> Path:
        """Return a stack's state folder."""
        return (self.path / ".clipnet" / stack).resolve()

    def state(self, stack: str = "default") -> dict[str, Any]:
        """Return what the supervisor wrote down, {} if nothing."""
        try:
            found = json.loads((self.folder(stack) / "state.json").read_bytes())
        except FileNotFoundError:
            return {}
        assert isinstance(found, dict)
        return found

    def log(self, name: str) -> list[dict[str, Any]]:
        """Return a log that is made of JSON lines."""
        return [
            json.loads(line) for line in (self.folder() / "logs" / f"{name}.log").read_text().splitlines()
        ]

    def row(self, name: str, stack: str = "default") -> dict[str, Any]:
        """Return one service of the state, {} if there is none."""
        services = self.state(stack).get("services", [])
        return next((row for row in services if row["name"] == name), {})

    def get(self, port: str, path: str) -> bytes:
        """Ask one of the test programs over HTTP."""
        with urlopen(f"http://127.0.0.1:{self.port_base + OFFSETS[port]}{path}", timeout=5) as answer:
            return bytes(answer.read())

    def tell_to_exit(self, port: str, code: int) -> None:
        """Have one of the test programs end, and wait until it has."""
        pid = self.row(next(name for name in self._names() if port in self.row(name)["ports"]))["pid"]
        try:
            self.get(port, f"/exit/{code}")
        except OSError:
            pass
        wait_for(lambda: process(pid) is None, f"process {pid} ends")

    def _names(self) -> list[str]:
        return [row["name"] for row in self.state()["services"]]

    def ports(self) -> list[int]:
        """Return the ports that the default stack uses."""
        return [self.port_base + offset for offset in OFFSETS.values()]

    def check_for_leaks(self) -> None:
        """Fail if a process, a port or a temporary file is left."""
        folders = list((self.path / ".clipnet").glob("*/"))
        left = [entry for folder in folders for entry in marked(folder.resolve())]
        assert left == [], [entry.command for entry in left]
        assert [port for port in self.ports() if not is_free(port)] == []
        assert [path for folder in folders for path in (folder / "tmp").glob("*")] == []
        assert [path for folder in folders for path in folder.glob("*.tmp-*")] == []
        assert list(self.cache.glob("*.tmp-*")) == []
