"""The emulator's own settings: from flags, the environment and `.env`, in this order.

Services get theirs from compose.yaml, never from here.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from emulator.errors import ConfigurationRefused
from emulator.interpolation import dotenv

STACK_MARKER = "CLIPNET_STACK_DIR"
"""Environment variable that every process of a stack carries, so that strays are found after a crash."""

T = TypeVar("T")

STACK_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,30}")

RUNTIMES = ("embedded", "docker")

NAMES: Mapping[str, str] = {
    "CLIPNET_STACK": "name of the stack (default: default)",
    "CLIPNET_STATE_DIR": "folder of all stacks' state (default: .clipnet in the working folder)",
    "CLIPNET_CACHE_DIR": "folder of prepared data for all projects (default: ~/.cache/clipnet-emulate)",
    "CLIPNET_RUNTIME": "embedded runs processes of this machine, docker containers (default: embedded)",
    "CLIPNET_COMPOSE_FILE": "the compose.yaml to run (default: the project's own, else the packaged one)",
    "CLIPNET_PORT_BASE": "first port of the stack's block of 100 (default: 8400 for the default stack)",
    "CLIPNET_TLS": "on serves the providers' real host names over TLS (default: on in Docker, else off)",
    "CLIPNET_FSYNC": "on keeps the database through a power loss, off is for throw-away stacks (default: on)",
    "CLIPNET_POSTGRES_BIN": "folder with postgres and initdb to use instead of the bundled ones",
    "CLIPNET_REDIS_BIN": "redis-server (or valkey-server) to use instead of the bundled one",
    "CLIPNET_START_TIMEOUT_S": "seconds that a start may take (default: 60)",
    STACK_MARKER: "set by the emulator for the services of a stack; not a setting",
}
"""Every CLIPNET_ name there is, with what it means."""


@dataclass(frozen=True, slots=True)
class Settings:
    """What the emulator was asked to do, parsed."""

    stack: str
    runtime: str
    """One of `RUNTIMES`."""
    project_dir: Path
    state_dir: Path
    cache_dir: Path
    compose_file: Path | None
    port_base: int | None
    tls: bool | None
    """Whether real host names are served; None for what the runtime does by itself."""
    fsync: bool
    postgres_bin: Path | None
    redis_bin: Path | None
    start_timeout_s: float
    variables: Mapping[str, str]
    """Values for compose interpolation: `.env`, overridden by the environment."""
    dotenv: Mapping[str, str]
    """What `.env` says, for the isolation check."""
    overrides: tuple[Path, ...] = ()
    """More compose files, each laid over those before it."""


def load(
    env: Mapping[str, str],
    cwd: Path,
    *,
    stack: str | None = None,
    compose_file: str | None = None,
    runtime: str | None = None,
) -> Settings:
    """Build the settings; `stack`, `compose_file` and `runtime` are the command line's flags.

    Raises:
        ConfigurationRefused: An unknown CLIPNET_ name, or a value that cannot be used.
    """
    file_env = _dotenv_file(cwd / ".env")
    both = {**file_env, **env}
    _refuse_unknown(both)

    cache_home = both.get("XDG_CACHE_HOME") or str(Path(both.get("HOME", "/tmp")) / ".cache")
    file = compose_file or both.get("CLIPNET_COMPOSE_FILE")
    return Settings(
        stack=stack_name(stack or both.get("CLIPNET_STACK") or "default"),
        runtime=runtime_name(runtime or both.get("CLIPNET_RUNTIME") or "embedded"),
        project_dir=cwd,
        state_dir=cwd / (both.get("CLIPNET_STATE_DIR") or ".clipnet"),
        cache_dir=cwd / (both.get("CLIPNET_CACHE_DIR") or f"{cache_home}/clipnet-emulate"),
        compose_file=cwd / file if file else None,
        port_base=_optional(both, "CLIPNET_PORT_BASE", _port_base),
        tls=_optional(both, "CLIPNET_TLS", _on_or_off),
        fsync=_optional(both, "CLIPNET_FSYNC", _on_or_off) is not False,
        postgres_bin=_optional(both, "CLIPNET_POSTGRES_BIN", Path),
        redis_bin=_optional(both, "CLIPNET_REDIS_BIN", Path),
        start_timeout_s=_optional(both, "CLIPNET_START_TIMEOUT_S", _seconds) or 60.0,
        variables=both,
        dotenv=file_env,
    )


def stack_name(name: str) -> str:
    """Return `name` if it can name a stack.

    Raises:
        ConfigurationRefused: It cannot.
    """
    if STACK_NAME.fullmatch(name):
        return name
    raise ConfigurationRefused(
        f"'{name}' cannot name a stack",
        "use 1 to 31 lower-case letters, digits, '-' and '_', starting with a letter or a digit",
    )


def runtime_name(name: str) -> str:
    """Return `name` if there is such a runtime.

    Raises:
        ConfigurationRefused: There is none.
    """
    if name in RUNTIMES:
        return name
    raise ConfigurationRefused(f"there is no runtime '{name}'", f"runtimes: {', '.join(RUNTIMES)}")


def _dotenv_file(path: Path) -> dict[str, str]:
    try:
        return dotenv(path.read_text())
    except (FileNotFoundError, IsADirectoryError):
        return {}
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationRefused(f"'{path}' cannot be read: {error}") from error


def _refuse_unknown(env: Mapping[str, str]) -> None:
    unknown = sorted(name for name in env if name.startswith("CLIPNET_") and name not in NAMES)
    if not unknown:
        return
    from difflib import get_close_matches

    nearest = get_close_matches(unknown[0], NAMES, n=1)
    known = f"did you mean {nearest[0]}?" if nearest else "known names: " + ", ".join(NAMES)
    plural = "settings" if len(unknown) > 1 else "setting"
    raise ConfigurationRefused(f"unknown {plural} {', '.join(unknown)}", known)


def _optional(env: Mapping[str, str], name: str, parse: Callable[[str], T]) -> T | None:
    text = env.get(name, "").strip()
    if not text:
        return None
    try:
        return parse(text)
    except ValueError as error:
        raise ConfigurationRefused(f"{name} is '{text}', {error}") from error


def _port_base(text: str) -> int:
    if not text.isdecimal() or not 1024 <= int(text) <= 32668:
        raise ValueError("not a port from 1024 to 32668")
    return int(text)


def _seconds(text: str) -> float:
    try:
        value = float(text)
    except ValueError as error:
        raise ValueError("not a number of seconds") from error
    if not 0 < value < 86_400:
        raise ValueError("not between 0 and 86400 seconds")
    return value


def _on_or_off(text: str) -> bool:
    if text.lower() not in {"on", "off"}:
        raise ValueError("not 'on' or 'off'")
    return text.lower() == "on"
