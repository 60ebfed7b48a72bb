"""The compose file that the emulator adds to the stack's own where Docker runs it. Pure.

It takes restarts away from Docker, because the supervisor restarts, and labels everything.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from emulator.docker.project import Project
from emulator.docker.release import RELEASE_NAMES, escaped
from emulator.topology import HEALTHCHECK, Service, Topology

_RARELY = {"interval": "30s"}
"""For what the supervisor asks by itself, over published ports: a check in a container costs a process."""

WITH_MEDIA = ("api", "worker")
"""Who shares a folder with the host."""

_ROUTES_FILE, _ROUTES = "EDGE_ROUTES_FILE", "/run/clipnet/edge"

_ASKED_INSIDE = (HEALTHCHECK, "tcp")


def is_asked_inside(service: Service) -> bool:
    """Tell whether only the container knows if it is ready: a connection to its port is no proof."""
    return service.probe.kind in _ASKED_INSIDE


def addition(topology: Topology, project: Project, user: str | None, routes: Path) -> dict[str, Any]:
    """Return the additional compose file.

    Args:
        user: Who API and worker are in their containers (`uid:gid`), so that they share a folder with the
            host; None to leave that to the image.
        routes: Where the edge keeps its routes: what a container has in memory is gone when it is restarted.
    """
    labels = dict(project.labels)
    return {
        "services": {
            service.name: _service(service, labels, user) | _of_edge(service, user, routes)
            for service in topology.services
        },
        "networks": {name: {"labels": labels} for name in ("default", *topology.networks)},
        "volumes": {name: {"labels": labels} for name in topology.volumes},
    }


def _service(service: Service, labels: Mapping[str, str], user: str | None) -> dict[str, Any]:
    body: dict[str, Any] = {"restart": "no", "labels": dict(labels)}
    if not is_asked_inside(service):
        body["healthcheck"] = dict(_RARELY)
    if user is not None and service.role in WITH_MEDIA:
        body["user"] = user
    return body | _of_release(service)


def _of_edge(service: Service, user: str | None, routes: Path) -> dict[str, Any]:
    if _ROUTES_FILE not in service.environment:
        return {}
    mount = {"type": "bind", "source": escaped(str(routes)), "target": _ROUTES}
    file = {"environment": {_ROUTES_FILE: f"{_ROUTES}/routes.json"}, "volumes": [mount]}
    return file if user is None else {**file, "user": user}


def _of_release(service: Service) -> dict[str, Any]:
    """Return what makes a service one of a release."""
    if service.contained is None:
        return {}
    said = {name: escaped(service.environment[name]) for name in RELEASE_NAMES}
    command = service.contained.command
    return {
        "image": service.contained.image,
        "environment": said,
        **({} if command is None else {"command": [escaped(word) for word in command]}),
    }
