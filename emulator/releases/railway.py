"""Reads what a project says to Railway in `railway.toml` or `railway.json`.

Source: docs.railway.com/config-as-code/reference. What is not listed here means nothing without the platform.
"""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from emulator.errors import ConfigurationRefused

_NAMES = ("railway.toml", "railway.json")
_PATH = re.compile(r"/(?!/)[!-~]*")

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Railway:
    """What is said; None where nothing is."""

    file: Path | None = None
    build_command: str | None = None
    start_command: str | None = None
    pre_deploy_commands: tuple[str, ...] = ()
    """Run before a release starts, in this order; for example migrations."""
    healthcheck_path: str | None = None
    healthcheck_timeout_s: float | None = None
    draining_s: float | None = None
    """How long the old one may go on after it was asked to end."""
    overlap_s: float | None = None
    """How long the old one still runs beside the new one."""


def read(folder: Path, environment: str, service: str | None = None) -> Railway:
    """Return what a project says about one of its services in one environment.

    Args:
        folder: The project.
        environment: What `environments.<name>` says is laid over the rest.
        service: Its own file comes before the project's: `<service>/railway.*` or `railway.<service>.*`.

    Raises:
        ConfigurationRefused: A file cannot be read, or says something of a wrong type.
    """
    for path in _candidates(folder, service):
        if path.is_file():
            return _railway(path, environment)
    return Railway()


def _candidates(folder: Path, service: str | None) -> list[Path]:
    own = [folder / name for name in _NAMES]
    if service is None:
        return own
    beside = [folder / f"railway.{service}.{kind}" for kind in ("toml", "json")]
    return [*(folder / service / name for name in _NAMES), *beside, *own]


def _railway(path: Path, environment: str) -> Railway:
    body = _body(path)
    overlays = _map(path, body, "environments")
    overlay = _map(path, overlays, environment, "environments.")
    build = {**_map(path, body, "build"), **_map(path, overlay, "build")}
    deploy = {**_map(path, body, "deploy"), **_map(path, overlay, "deploy")}
    return Railway(
        file=path,
        build_command=_read(path, "build.buildCommand", build, _text),
        start_command=_read(path, "deploy.startCommand", deploy, _text),
        pre_deploy_commands=_read(path, "deploy.preDeployCommand", deploy, _texts) or (),
        healthcheck_path=_read(path, "deploy.healthcheckPath", deploy, _path),
        healthcheck_timeout_s=_read(path, "deploy.healthcheckTimeout", deploy, _seconds),
        draining_s=_read(path, "deploy.drainingSeconds", deploy, _seconds),
        overlap_s=_read(path, "deploy.overlapSeconds", deploy, _seconds),
    )


def _body(path: Path) -> Mapping[str, Any]:
    try:
        text = path.read_text()
        body = tomllib.loads(text) if path.suffix == ".toml" else json.loads(text)
    except (OSError, ValueError, RecursionError) as error:
        raise ConfigurationRefused(
            f"'{path.name}' cannot be read: {error}", "correct it, and commit"
        ) from error
    if not isinstance(body, Mapping):
        raise _wrong(path, "the whole", body, "is no map")
    return body


def _map(path: Path, body: Mapping[str, Any], key: str, prefix: str = "") -> Mapping[str, Any]:
    found = body.get(key)
    if found is None:
        return {}
    if not isinstance(found, Mapping):
        raise _wrong(path, prefix + key, found, "is no map")
    return found


def _read(path: Path, name: str, body: Mapping[str, Any], parse: Callable[[Any], T]) -> T | None:
    value = body.get(name.rpartition(".")[2])
    if value is None:
        return None
    try:
        return parse(value)
    except ValueError as error:
        raise _wrong(path, name, value, str(error)) from error


def _wrong(path: Path, name: str, value: Any, why: str) -> ConfigurationRefused:
    shown = json.dumps(value, default=str)[:80]
    return ConfigurationRefused(f"in '{path.name}', {name} is {shown}, which {why}", "correct it, and commit")


def _text(value: Any) -> str:
    if not isinstance(value, str) or not value.strip():
        raise ValueError("is no command")
    return value.strip()


def _texts(value: Any) -> tuple[str, ...]:
    return tuple(_text(each) for each in (value if isinstance(value, list) else [value]))


def _path(value: Any) -> str:
    """No `//host`, which would lead the health check to somebody else, and nothing that ends a line."""
    if not isinstance(value, str) or not _PATH.fullmatch(value):
        raise ValueError("is no path that starts with '/'")
    return value


def _seconds(value: Any) -> float:
    """Also digits in quotes, which the platform takes."""
    number = float(value) if isinstance(value, str) and value.isdecimal() else value
    if isinstance(number, bool) or not isinstance(number, (int, float)) or not 0 <= number < 86_400:
        raise ValueError("is no number of seconds from 0 to 86400")
    return float(number)
