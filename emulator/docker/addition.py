"""The compose file that the emulator adds to the stack's own where Docker runs it. Pure.

It takes restarts away from Docker, because the supervisor restarts, and labels everything.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from emulator.docker.project import Project
from emulator.topology import HEALTHCHECK, Service, Topology

_RARELY = {"interval": "30s"}
"""For what the supervisor asks by itself, over published ports: a check in a container costs a process."""

WITH_MEDIA = ("api", "worker")
"""Who shares a folder with the host."""

_ASKED_INSIDE = (HEALTHCHECK, "tcp")


def is_asked_inside(service: Service) -> bool:
    """Tell whether only the container knows if it is ready: a connection to its port is no proof."""
    return service.probe.kind in _ASKED_INSIDE


def addition(topology: Topology, project: Project, user: str | None) -> dict[str, Any]:
    """Return the additional compose file.

    Args:
        user: Who API and worker are in their containers (`uid:gid`), so that they share a folder with the
            host; None to leave that to the image.
    """
    labels = dict(project.labels)
    return {
        "services": {service.name: _service(service, labels, user) for service in topology.services},
        "networks": {name: {"labels": labels} for name in ("default", *topology.networks)},
        "volumes": {name: {"labels": labels} for name in topology.volumes},
    }


def _service(service: Service, labels: Mapping[str, str], user: str | None) -> dict[str, Any]:
    body: dict[str, Any] = {"restart": "no", "labels": dict(labels)}
    if not is_asked_inside(service):
        body["healthcheck"] = dict(_RARELY)
    if user is not None and service.role in WITH_MEDIA:
        body["user"] = user
    return body
