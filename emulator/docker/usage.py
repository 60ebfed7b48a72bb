"""Memory and uptime of containers whose processes this host does not see, as Docker Desktop keeps them."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

from emulator.docker.engine import engine_socket, look
from emulator.docker.project import Project, service_of
from emulator.errors import EmulatorError
from emulator.record import ServiceRecord
from emulator.settings import Settings


@dataclass(frozen=True, slots=True)
class Usage:
    """What one service uses."""

    uptime_s: float
    memory_bytes: int


def hidden(settings: Settings, project: Project, records: Iterable[ServiceRecord]) -> dict[str, Usage]:
    """Return the usage of each running service whose pid is no process of its container here.

    A few milliseconds where all of them are here; nothing of an engine that does not answer.
    """
    pids = {record.name: record.pid for record in records if record.pid is not None}
    try:
        path = engine_socket(settings.variables)
        filters = quote(json.dumps({name: [value] for name, value in project.filters.items()}))
        rows = look(path, f"/containers/json?filters={filters}") or ()
    except EmulatorError:
        return {}
    ids: dict[str, list[str]] = {}
    for row in rows:
        ids.setdefault(service_of(row), []).append(str(row["Id"]))
    wanted = [
        (name, one, pid if len(ids[name]) > 1 else None)
        for name, pid in pids.items()
        if not any(_is_here(pid, one) for one in ids.get(name, ()))
        for one in ids.get(name, ())
    ]
    if not wanted:
        return {}
    with ThreadPoolExecutor(len(wanted)) as pool:
        found = pool.map(lambda one: _usage(path, *one[1:]), wanted)
        return {one[0]: usage for one, usage in zip(wanted, found, strict=True) if usage is not None}


def _is_here(pid: int, container: str) -> bool:
    """Tell whether a pid is one of this host's, and in that container: control groups bear its id."""
    try:
        return container in Path(f"/proc/{pid}/cgroup").read_text()
    except OSError:
        return False


def _usage(path: Path, container: str, pid: int | None) -> Usage | None:
    """Return what a running container uses; if a process is named, only if it is that one's."""
    try:
        state = look(path, f"/containers/{container}/json")
        stats = look(path, f"/containers/{container}/stats?stream=false&one-shot=true")
    except EmulatorError:
        return None
    if not state or not stats or not state["State"]["Running"]:
        return None
    if pid not in (None, state["State"]["Pid"]):
        return None
    started = datetime.fromisoformat(state["State"]["StartedAt"][:19] + "+00:00")
    return Usage(max(0.0, time.time() - started.timestamp()), _memory_bytes(stats.get("memory_stats") or {}))


def _memory_bytes(stats: dict[str, Any]) -> int:
    """Return what is used without the cache of files, as `docker stats` does.

    Source: docker/cli, cli/command/container/stats_helpers.go.
    """
    details = stats.get("stats") or {}
    cached = details.get("total_inactive_file", details.get("inactive_file", 0))
    used = int(stats.get("usage", 0))
    return used - cached if cached < used else used
