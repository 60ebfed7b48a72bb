"""What the edge is told by its environment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from emulator.edge.routes import BadRoute, Route, address_of

ENTRANCES: Final = ("api", "web", "edge", "control")
"""Ports: one each for the API and the frontend, one by Host, one for the control surface."""


class BadSetting(ValueError):
    """A setting cannot be used; the text names it, its value and what to write instead."""


@dataclass(frozen=True, slots=True)
class Limits:
    """How long the edge waits."""

    answer_s: float = 300.0
    """For the next byte of an answer. Source: Railway's five minutes for a request (station.railway.com)."""
    connect_s: float = 5.0
    refused_s: float = 0.5
    """A new request whose application refuses the connection is tried again for so long."""
    head_s: float = 30.0
    """For a request's head, once it began."""
    keep_alive_s: float = 75.0
    """For the next request of a connection."""
    linger_s: float = 2.0
    """For a client to see an answer that was given before all of its request was read; five times in all."""
    grace_s: float = 2.0
    """For what is under way when the edge is told to stop."""


@dataclass(frozen=True, slots=True)
class EdgeSettings:
    """All of it."""

    host: str
    ports: Mapping[str, int]
    routes: Mapping[str, Route]
    routes_file: Path | None
    domain: str
    limits: Limits = field(default_factory=Limits)


def load(env: Mapping[str, str]) -> EdgeSettings:
    """Read the environment.

    Raises:
        BadSetting: A value cannot be used.
    """
    release = env.get("APP_VERSION") or None
    file = env.get("EDGE_ROUTES_FILE")
    return EdgeSettings(
        host=env.get("EDGE_HOST", "127.0.0.1"),
        ports=_ports(env.get("EDGE_PORTS", "web=8400,api=8401,edge=8405,control=8406")),
        routes=_routes(env.get("EDGE_ROUTES", ""), release),
        routes_file=Path(file) if file else None,
        domain=env.get("EDGE_DOMAIN", "staging.clipnet.localhost").lower(),
        limits=Limits(
            answer_s=_seconds(env, "EDGE_ANSWER_WITHIN_S", 300.0), grace_s=_seconds(env, "EDGE_GRACE_S", 2.0)
        ),
    )


def _ports(text: str) -> dict[str, int]:
    ports: dict[str, int] = {}
    for name, value in _pairs("EDGE_PORTS", text):
        if name not in ENTRANCES:
            raise BadSetting(f"EDGE_PORTS names '{name}'; there are: {', '.join(ENTRANCES)}")
        if not value.isdecimal() or not int(value) < 65536:
            raise BadSetting(f"EDGE_PORTS has '{value}' for '{name}'; write a port below 65536")
        ports[name] = int(value)
    if missing := [name for name in ENTRANCES if name not in ports]:
        raise BadSetting(f"EDGE_PORTS names no port for: {', '.join(missing)}")
    return ports


def _routes(text: str, release: str | None) -> dict[str, Route]:
    try:
        return {
            name: Route(address_of(name, value), None, release) for name, value in _pairs("EDGE_ROUTES", text)
        }
    except BadRoute as error:
        raise BadSetting(f"EDGE_ROUTES: {error}") from error


def _pairs(setting: str, text: str) -> list[tuple[str, str]]:
    pairs = []
    for part in filter(None, (part.strip() for part in text.split(","))):
        name, separator, value = part.partition("=")
        if not separator:
            raise BadSetting(f"{setting} has '{part}'; write it like api=8401,web=8400")
        pairs.append((name.strip(), value.strip()))
    return pairs


def _seconds(env: Mapping[str, str], name: str, otherwise: float) -> float:
    text = env.get(name)
    if not text:
        return otherwise
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 < value < 86_400:
        raise BadSetting(f"{name} is '{text}'; write seconds, such as {otherwise:g}")
    return value
