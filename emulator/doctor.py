"""`doctor`: what this machine has of all that a stack needs, and what it lacks."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from emulator import VERSION, ports
from emulator.errors import CheckFailed, EmulatorError
from emulator.plan import Plan, plan
from emulator.runtimes import embedded_postgres, embedded_redis
from emulator.runtimes.unprivileged import identity
from emulator.settings import Settings
from emulator.statefolder import holder

_WANTED_DISK_BYTES = 1_000_000_000
_ANSWER_WITHIN_S = 10
_IDENTITIES = {
    "as it is": "servers run as this user",
    "namespace": "this is root: PostgreSQL runs in a user namespace of its own",
    "uid": "this is root and user namespaces are refused: PostgreSQL runs with the uid of nobody",
}


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked for."""

    name: str
    ok: bool
    detail: str
    is_optional: bool = False


@dataclass(frozen=True, slots=True)
class Examination:
    """All that was looked for."""

    checks: tuple[Check, ...]

    def to_json(self) -> dict[str, Any]:
        """Return the examination as plain values."""
        checks = [
            {"name": check.name, "ok": check.ok, "detail": check.detail, "optional": check.is_optional}
            for check in self.checks
        ]
        return {"ok": not self._failed(), "checks": checks}

    def raise_if_failed(self) -> None:
        """Raise if something needed is missing.

        Raises:
            CheckFailed: With everything that is.
        """
        if self._failed():
            raise CheckFailed("a stack cannot run here: " + "; ".join(self._failed()))

    def _failed(self) -> list[str]:
        return [
            f"{check.name}: {check.detail}" for check in self.checks if not check.ok and not check.is_optional
        ]


def examine(settings: Settings) -> Examination:
    """Look for everything; one thing missing does not hide the next."""
    checks = [
        Check("clipnet-emulate", True, VERSION),
        Check("python", sys.version_info >= (3, 11), f"{platform.python_version()} ({sys.executable})"),
        _found("postgres", lambda: _postgres(settings)),
        _found("redis", lambda: _redis(settings)),
        _found("ffmpeg", _ffmpeg),
        Check("identity", True, _IDENTITIES[identity().kind]),
        _disk(settings),
    ]
    try:
        planned = plan(settings)
    except EmulatorError as error:
        checks.append(Check("configuration", False, error.what))
    else:
        checks.append(
            Check("configuration", True, " and ".join(str(path) for path in planned.topology.paths))
        )
        checks.append(_found("ports", lambda: _ports(planned)))
    return Examination((*checks, _docker()))


def _found(name: str, look: Callable[[], str]) -> Check:
    try:
        return Check(name, True, look())
    except EmulatorError as error:
        return Check(name, False, f"{error.what}; {error.hint}" if error.hint else error.what)


def _postgres(settings: Settings) -> str:
    found = embedded_postgres.find(settings.postgres_bin)
    return f"{found.version} ({found.folder})"


def _redis(settings: Settings) -> str:
    found = embedded_redis.find(settings.redis_bin, os.environ.get("PATH"))
    return f"{found.version} ({found.binary})"


def _ffmpeg() -> str:
    import imageio_ffmpeg

    try:
        binary = imageio_ffmpeg.get_ffmpeg_exe()
    except RuntimeError as error:
        raise CheckFailed("ffmpeg is not installed", "install it with: pip install imageio-ffmpeg") from error
    return f"{_version_of((binary, '-version'))} ({binary})"


def _version_of(argv: tuple[str, ...]) -> str:
    try:
        answer = subprocess.run(argv, capture_output=True, text=True, timeout=_ANSWER_WITHIN_S, check=True)
    except (OSError, subprocess.SubprocessError) as error:
        raise CheckFailed(f"'{argv[0]}' does not run: {error}") from error
    words = answer.stdout.split()
    return words[words.index("version") + 1].rstrip(",") if "version" in words else answer.stdout.strip()


def _disk(settings: Settings) -> Check:
    folder = next(path for path in (settings.state_dir, *settings.state_dir.parents) if path.exists())
    free = shutil.disk_usage(folder).free
    is_writable = os.access(folder, os.W_OK)
    detail = f"{free / 1e9:.0f} GB free in {folder}" + ("" if is_writable else ", which cannot be written")
    return Check("disk", is_writable and free >= _WANTED_DISK_BYTES, detail)


def _ports(planned: Plan) -> str:
    numbers = sorted(planned.ports.values())
    if holder(planned.folder) is not None:
        return f"{numbers[0]} to {numbers[-1]}, used by this stack"
    ports.refuse_taken(planned.ports, planned.settings.stack, planned.settings.variables)
    return f"{numbers[0]} to {numbers[-1]} are free"


def _docker() -> Check:
    binary = shutil.which("docker")
    if binary is None:
        return Check("docker", False, "not installed; not needed for the embedded stack", is_optional=True)
    runs = Path("/var/run/docker.sock").exists()
    try:
        version = _version_of((binary, "--version"))
        detail = version if runs else f"{version} is installed, but does not run; not needed either"
        return Check("docker", runs, detail, is_optional=True)
    except EmulatorError as error:
        return Check("docker", False, error.what, is_optional=True)
