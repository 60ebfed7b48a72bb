"""A running stack as its clients see it: addresses, environment, state."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from time import monotonic, sleep
from typing import Any, NoReturn

from emulator.alerts import Alert, alerts, version_alerts
from emulator.compose import read
from emulator.errors import ConfigurationRefused, PrerequisiteMissing, StackNotRunning, StartFailed
from emulator.lifecycle import Health, State
from emulator.plan import as_it_is_kept, folder_of
from emulator.processes import all_processes, memory_bytes, process, tree, uptime_s
from emulator.record import ServiceRecord, StackRecord
from emulator.settings import Settings
from emulator.statefolder import StateFolder, holder
from emulator.topology import parse
from emulator.versions import Addresses

_POLL_S = 0.05

Progress = Callable[[Mapping[str, ServiceRecord], float], None]


@dataclass(frozen=True, slots=True)
class Stack:
    """One running stack."""

    name: str
    folder: StateFolder
    record: StackRecord

    @classmethod
    def running(cls, settings: Settings) -> Stack:
        """Return the stack that the settings name.

        Raises:
            StackNotRunning: It is not up.
        """
        folder = folder_of(settings)
        record = _living(folder)
        if record is None or record.phase != "up":
            raise not_running(settings)
        return cls(settings.stack, folder, record)

    @property
    def directory(self) -> Path:
        """The state folder."""
        return self.folder.path

    @property
    def ports(self) -> Mapping[str, int]:
        """Port name (api, web, postgres, redis, and each fake) -> port on 127.0.0.1."""
        return self.record.ports

    def url(self, port_name: str) -> str:
        """Return `http://127.0.0.1:PORT` of api, web or a fake."""
        return f"http://127.0.0.1:{self.record.ports[port_name]}"

    def env(self) -> dict[str, str]:
        """Return what a program on the host needs."""
        return dict(self.record.env)


def not_running(settings: Settings, waited_s: float | None = None) -> StackNotRunning:
    """Return the error that says so, and how to start the stack where it keeps its data."""
    runtime = as_it_is_kept(settings).runtime
    return StackNotRunning(settings.stack, waited_s, runtime if runtime != settings.runtime else None)


def status(settings: Settings) -> dict[str, Any]:
    """Return the stack's state in the form of `status --json`; when it is down, every service is stopped."""
    record = _living(folder_of(settings))
    if record is None:
        settings = as_it_is_kept(settings)
        services = tuple(ServiceRecord(name) for name in _written(settings))
        return {
            "stack": settings.stack,
            "runtime": settings.runtime,
            "services": [_row(service, {}) for service in services],
            "alerts": [],
        }
    processes = all_processes()
    hidden = _hidden(settings, record)
    return {
        "stack": record.stack,
        "runtime": record.runtime,
        "services": [
            {**_row(service, processes), **hidden.get(service.name, {})} for service in record.services
        ],
        "alerts": [alert.public() for alert in _alerts(record)],
    }


def _hidden(settings: Settings, record: StackRecord) -> Mapping[str, Mapping[str, float]]:
    """Return uptime and memory of services in containers whose processes are not this host's."""
    if record.runtime != "docker":
        return {}
    from emulator.docker.project import Project
    from emulator.docker.usage import hidden

    found = hidden(settings, Project(record.stack, folder_of(settings).path), record.services)
    return {name: _measured(usage.uptime_s, usage.memory_bytes) for name, usage in found.items()}


def _alerts(record: StackRecord) -> tuple[Alert, ...]:
    return (*alerts(_fakes(record)), *version_alerts(Addresses.of(record.ports, record.env)))


def _fakes(record: StackRecord) -> Mapping[str, int]:
    """The fakes that run, with their ports."""
    serving = (service for service in record.services if "cloudinary" in service.ports and service.pid)
    return next((service.ports for service in serving), {})


def log_files(settings: Settings, services: Sequence[str]) -> dict[str, Path]:
    """Return the log files of the named services, of all and the supervisor if none is named.

    Raises:
        ConfigurationRefused: There is no such service.
    """
    settings = as_it_is_kept(settings)
    folder = folder_of(settings)
    known = (*_written(settings), "supervisor")
    for name in services:
        if name not in known:
            raise ConfigurationRefused(f"there is no service '{name}'", f"services: {', '.join(known)}")
    return {name: folder.log(name) for name in services or known}


def _written(settings: Settings) -> tuple[str, ...]:
    """Return the names of the services that the compose file has for the settings' runtime."""
    topology = parse(read(settings), settings.variables, settings.runtime)
    return tuple(service.name for service in topology.services)


def become(words: Sequence[str], env: Mapping[str, str]) -> NoReturn:
    """Run a command in this process's place.

    Raises:
        PrerequisiteMissing: There is no such command.
    """
    try:
        os.execvpe(words[0], list(words), dict(env))
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else str(error)
        raise PrerequisiteMissing(
            f"'{words[0]}' cannot be run: {why}", "check its name and the PATH"
        ) from error


def wait(settings: Settings, within_s: float, progress: Progress) -> dict[str, Any]:
    """Wait until the stack is up and every service healthy; return its status.

    `progress` is told the services' records, none while there is no stack, and the seconds so far.

    Raises:
        StackNotRunning: There was no stack all the while.
        StartFailed: A service was not healthy in time.
    """
    began = monotonic()
    while True:
        record = _living(folder_of(settings))
        late = [service for service in record.services if not _is_fine(service)] if record else []
        if record is not None and record.phase == "up" and not late:
            return status(settings)
        waited_s = monotonic() - began
        if waited_s > within_s:
            break
        progress({service.name: service for service in record.services} if record else {}, waited_s)
        sleep(_POLL_S)
    if record is None:
        raise not_running(settings, waited_s=within_s)
    names = (
        ", ".join(f"'{service.name}' ({service.state.value}: {service.detail})" for service in late)
        or "the stack"
    )
    raise StartFailed(
        f"not healthy after {within_s:.1f} s: {names}", "read the logs with: clipnet-emulate logs"
    )


def _is_fine(service: ServiceRecord) -> bool:
    return service.state is State.RUNNING and service.health is Health.HEALTHY


def is_well(status: Mapping[str, Any]) -> bool:
    """Tell whether every service of a `status` runs and is healthy."""
    return all(
        row["state"] == State.RUNNING.value and row["health"] == Health.HEALTHY.value
        for row in status["services"]
    )


def _row(service: ServiceRecord, processes: Mapping[int, Any]) -> dict[str, Any]:
    found = process(service.pid) if service.pid is not None else None
    members = tree(found.pid, processes) if found else ()
    measured: Mapping[str, float | None] = {"uptime_s": None, "memory_mb": None}
    if found is not None:
        measured = _measured(uptime_s(found), memory_bytes(member.pid for member in members))
    return {
        "name": service.name,
        "state": service.state.value,
        "health": service.health.value,
        "address": service.address,
        "pid": service.pid,
        "version": service.version,
        "restarts": service.restarts,
        **measured,
    }


def _measured(uptime_s: float, used_bytes: int) -> dict[str, float]:
    return {"uptime_s": round(uptime_s, 1), "memory_mb": round(used_bytes / 1_048_576, 1)}


def _living(folder: StateFolder) -> StackRecord | None:
    if holder(folder) is None:
        return None
    return StackRecord.read(folder)
