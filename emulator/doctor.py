"""`doctor`: what this machine has of all that a stack needs, and what it lacks."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from emulator import VERSION, compose, ports
from emulator.docker import engine, image
from emulator.errors import CheckFailed, EmulatorError
from emulator.plan import Plan, plan
from emulator.runtimes import embedded_postgres, embedded_redis
from emulator.runtimes.unprivileged import identity
from emulator.settings import Settings
from emulator.statefolder import holder

_WANTED_DISK_BYTES = 1_000_000_000
_ANSWER_WITHIN_S = 10
_RUNTIMES = {
    "embedded": "embedded: processes of this machine (containers with CLIPNET_RUNTIME=docker)",
    "docker": "docker: containers (processes of this machine with CLIPNET_RUNTIME=embedded)",
}
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
    """Look for everything; one thing missing does not hide the next.

    What only the other runtime needs is optional.
    """
    checks = [
        Check("clipnet-emulate", True, VERSION),
        Check("python", sys.version_info >= (3, 11), f"{platform.python_version()} ({sys.executable})"),
        Check("runtime", True, _RUNTIMES[settings.runtime]),
        _found("ffmpeg", _ffmpeg),
        _disk("disk", settings.state_dir),
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
    checks += [_unless(settings.runtime == "embedded", check) for check in _embedded(settings)]
    checks += [_unless(settings.runtime == "docker", check) for check in _docker(settings)]
    return Examination(tuple(checks))


def _unless(is_needed: bool, check: Check) -> Check:
    return check if is_needed else replace(check, is_optional=True)


def _embedded(settings: Settings) -> Iterator[Check]:
    yield _found("postgres", lambda: _postgres(settings))
    yield _found("redis", lambda: _redis(settings))
    yield Check("identity", True, _IDENTITIES[identity().kind])


def _docker(settings: Settings) -> Iterator[Check]:
    """Look at the engine and Compose, and, if the engine answers, at its disk and its images."""
    yield _found("docker compose", lambda: _compose(settings))
    try:
        path, version, api_version = engine.find_engine(settings.variables)
    except EmulatorError as error:
        yield Check("docker engine", False, f"{error.what}; {error.hint}")
        return
    yield Check("docker engine", True, f"{version}, API {api_version} ({path})")
    folder = Path((engine.look(path, "/info") or {}).get("DockerRootDir", "/var/lib/docker"))
    if os.path.exists(folder):
        yield _disk("docker disk", folder, is_ours=False)
    try:
        yield _images(settings, path)
    except EmulatorError as error:
        yield Check("docker images", False, error.what)


def _compose(settings: Settings) -> str:
    words, version = engine.find_compose(settings.variables)
    return f"{version} ({' '.join(words)})"


def _images(settings: Settings, path: Path) -> Check:
    """Tell which images are here. A start builds ours, unless the user names one, and fetches the rest."""
    given = settings.variables.get(image.SETTING)
    own = given or image.sources(settings.variables).image
    variables = {**settings.variables, image.SETTING: own}
    images = dict.fromkeys(image.named(compose.read(settings), variables).values())
    is_built = not given and own in images and not engine.has_image(path, own)
    if is_built:
        images = dict.fromkeys(
            (*(name for name in images if name != own), image.base_image(settings.variables))
        )
    here = {name: engine.has_image(path, name) for name in images}
    told = {
        "here": [name for name, is_here in here.items() if is_here],
        "fetched at the first start": [name for name, is_here in here.items() if not is_here],
        "built at the first start": [own] if is_built else [],
    }
    detail = "; ".join(f"{what}: {', '.join(names)}" for what, names in told.items() if names)
    is_complete = all(here.values()) and not is_built
    return Check("docker images", is_complete, detail or "no service names one", is_optional=True)


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


def _disk(name: str, wanted: Path, *, is_ours: bool = True) -> Check:
    folder = next(path for path in (wanted, *wanted.parents) if path.exists())
    free = shutil.disk_usage(folder).free
    is_usable = not is_ours or os.access(folder, os.W_OK)
    detail = f"{free / 1e9:.0f} GB free in {folder}" + ("" if is_usable else ", which cannot be written")
    return Check(name, is_usable and free >= _WANTED_DISK_BYTES, detail)


def _ports(planned: Plan) -> str:
    numbers = sorted(planned.ports.values())
    if holder(planned.folder) is not None:
        return f"{numbers[0]} to {numbers[-1]}, used by this stack"
    ports.refuse_taken(planned.ports, planned.settings.stack, planned.settings.variables)
    return f"{numbers[0]} to {numbers[-1]} are free"
