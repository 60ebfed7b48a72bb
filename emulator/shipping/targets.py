"""Where staging is at the platforms: addresses, tokens and ids, all of them named by the environment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import urlsplit

from emulator.errors import ConfigurationRefused
from emulator.isolation import refuse_names_of_production

ENVIRONMENT: Final = "staging"
"""The one environment that anything is deployed to."""

RAILWAY_SERVICES: Final[Mapping[str, str]] = {
    "api": "RAILWAY_API_SERVICE_ID",
    "worker": "RAILWAY_WORKER_SERVICE_ID",
}
"""What is deployed at Railway, and the variable with its service's id."""

RAILWAY: Final[Mapping[str, str]] = {
    "RAILWAY_API_URL": "origin of Railway's public API",
    "RAILWAY_TOKEN": "project token of staging's environment (secret)",
    "RAILWAY_PROJECT_ID": "staging's project",
    "RAILWAY_ENVIRONMENT_ID": "its environment",
    "RAILWAY_API_SERVICE_ID": "service of the API",
    "RAILWAY_WORKER_SERVICE_ID": "service of the worker",
}
VERCEL: Final[Mapping[str, str]] = {
    "VERCEL_API_URL": "origin of Vercel's API",
    "VERCEL_TOKEN": "token that may deploy staging's project (secret)",
    "VERCEL_ORG_ID": "staging's team",
    "VERCEL_PROJECT_ID": "staging's project",
}


@dataclass(frozen=True, slots=True)
class RailwayTarget:
    """Staging at Railway; `services` holds ids by `api` and `worker`."""

    url: str
    token: str = field(repr=False)
    project_id: str
    environment_id: str
    services: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class VercelTarget:
    """Staging at Vercel."""

    url: str
    token: str = field(repr=False)
    team_id: str
    project_id: str


def railway(env: Mapping[str, str]) -> RailwayTarget:
    """Read where staging is at Railway.

    Raises:
        ConfigurationRefused: Something is not named, or the address is none.
        ProductionRefused: Something names production.
    """
    given = _given(env, RAILWAY)
    return RailwayTarget(
        _origin("RAILWAY_API_URL", given),
        given["RAILWAY_TOKEN"],
        given["RAILWAY_PROJECT_ID"],
        given["RAILWAY_ENVIRONMENT_ID"],
        {service: given[name] for service, name in RAILWAY_SERVICES.items()},
    )


def vercel(env: Mapping[str, str]) -> VercelTarget:
    """Read where staging is at Vercel.

    Raises:
        ConfigurationRefused: Something is not named, or the address is none.
        ProductionRefused: Something names production.
    """
    given = _given(env, VERCEL)
    return VercelTarget(
        _origin("VERCEL_API_URL", given),
        given["VERCEL_TOKEN"],
        given["VERCEL_ORG_ID"],
        given["VERCEL_PROJECT_ID"],
    )


def _given(env: Mapping[str, str], wanted: Mapping[str, str]) -> dict[str, str]:
    given = {name: env.get(name, "").strip() for name in wanted}
    missing = [f"{name} ({wanted[name]})" for name, value in given.items() if not value]
    if missing:
        raise ConfigurationRefused(
            f"not set: {', '.join(missing)}",
            "there are no defaults; name staging's in the environment, as docs/workflows.md lists them",
        )
    refuse_names_of_production(given)
    return given


def _origin(name: str, given: Mapping[str, str]) -> str:
    value = given[name].rstrip("/")
    try:
        url = urlsplit(value)
        is_origin = url.scheme in ("http", "https") and bool(url.hostname) and not url.path and url.port != 0
    except ValueError:
        is_origin = False
    if not is_origin or "@" in value:
        raise ConfigurationRefused(
            f"{name} is no address such as http://127.0.0.1:8418", "write scheme, host and port alone"
        )
    return value
