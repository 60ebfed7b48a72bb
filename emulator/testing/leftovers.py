"""Finds and removes the stacks in Docker whose test run was killed."""

from __future__ import annotations

import os
import shutil
import socket
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from emulator.docker.project import FOLDER_LABEL, OURS, STACK_LABEL, Project
from emulator.processes import is_alive, process
from emulator.statefolder import StateFolder, holder
from emulator.testing.containers import PREFIX
from emulator.testing.own import NAME as OWN_STACK

if TYPE_CHECKING:
    from docker.api import APIClient

OWNER = f"{OURS}.owner"
"""Label of all that a test run made at the engine: host, pid and when that process started."""


def owner_label() -> dict[str, str]:
    """Return the label that names this process."""
    me = process(os.getpid())
    return {OWNER: f"{socket.gethostname()} {os.getpid()} {me.started if me else 0}"}


def remove_leftovers(engine: APIClient) -> None:
    """Remove every stack whose test run is gone, and its folder. Who runs on other hosts is not known."""
    for project in {_project(labels) for labels in _labels(engine) if _is_left(labels)}:
        project.remove(engine, with_volumes=True)
        if project.folder.parent.name.startswith(PREFIX):
            shutil.rmtree(project.folder.parent, ignore_errors=True)


def _labels(engine: APIClient) -> Iterator[Mapping[str, str]]:
    """Yield the labels of each container, network and volume of our stacks."""
    filters = {"label": FOLDER_LABEL}
    found = [
        *engine.containers(all=True, filters=filters),
        *engine.networks(filters=filters),
        *(engine.volumes(filters=filters)["Volumes"] or ()),
    ]
    for thing in found:
        yield thing["Labels"] or {}


def _is_left(labels: Mapping[str, str]) -> bool:
    if OWNER in labels:
        host, pid, started = labels[OWNER].rsplit(" ", 2)
        return host == socket.gethostname() and not is_alive(int(pid), int(started))
    return labels[STACK_LABEL] == OWN_STACK and holder(StateFolder(_folder(labels))) is None


def _project(labels: Mapping[str, str]) -> Project:
    return Project(labels[STACK_LABEL], _folder(labels))


def _folder(labels: Mapping[str, str]) -> Path:
    return Path(labels[FOLDER_LABEL])
