"""`topology` where services are containers: there is one of each, and nobody else in the stack's networks."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

from emulator.docker.engine import engine_socket, look
from emulator.docker.project import BESIDE_LABEL, ONCE, Project
from emulator.errors import EmulatorError
from emulator.inspection import (
    SERVES,
    WAITS,
    Check,
    Guests,
    runs_once,
    unanswered,
    verdict,
    waiting_addresses,
)
from emulator.plan import Plan
from emulator.processes import Process, all_processes
from emulator.record import ServiceRecord
from emulator.stack import Stack
from emulator.topology import MODULES, ROLES, Port

_COMPOSE = "com.docker.compose"


@dataclass(frozen=True, slots=True)
class Container:
    """A running container, as the engine lists it."""

    id: str
    name: str
    project: str
    service: str
    is_one_off: bool
    """True: made by `docker compose run`."""
    command: str
    networks: frozenset[str]
    """Ids."""
    addresses: frozenset[str]
    shares: str
    """The container whose network it uses instead of one of its own; empty if none."""

    @classmethod
    def listed(cls, row: Mapping[str, Any]) -> Container:
        """Read one row of the engine's list."""
        labels = row.get("Labels") or {}
        networks = [*((row.get("NetworkSettings") or {}).get("Networks") or {}).values()]
        beside = labels.get(BESIDE_LABEL, "")
        mode = str((row.get("HostConfig") or {}).get("NetworkMode", ""))
        return cls(
            id=str(row["Id"]),
            name=str(row["Names"][0]).removeprefix("/"),
            project=labels.get(f"{_COMPOSE}.project", ""),
            service="" if beside == ONCE else labels.get(f"{_COMPOSE}.service", ""),
            is_one_off=not beside and labels.get(f"{_COMPOSE}.oneoff") == "True",
            command=str(row.get("Command", "")),
            networks=frozenset(str(network["NetworkID"]) for network in networks),
            addresses=frozenset(str(network["IPAddress"]) for network in networks if network["IPAddress"]),
            shares=mode.partition(":")[2] if mode.startswith("container:") else "",
        )


@dataclass(frozen=True, slots=True)
class Around:
    """The containers of a stack and those that got into its networks."""

    own: tuple[Container, ...]
    foreign: tuple[Container, ...]

    @classmethod
    def of(cls, containers: Iterable[Container], networks: frozenset[str], project: str) -> Around:
        """Tell them apart."""
        there = tuple(containers)
        own = tuple(one for one in there if one.project == project and not one.is_one_off)
        names = {one.id for one in own}
        return cls(
            own,
            tuple(
                one for one in there if one not in own and (one.networks & networks or one.shares in names)
            ),
        )

    def named(self, service: str) -> tuple[Container, ...]:
        """Return the containers that run a service of the stack."""
        return tuple(one for one in self.own if one.service == service)


def prove(planned: Plan, stack: Stack) -> Iterator[Check]:
    """Look at containers, and at the programs of this host that use the published ports."""
    try:
        around = _look_around(engine_socket(planned.settings.variables), stack)
    except EmulatorError as error:
        yield Check("docker engine", False, error.what)
        return
    processes = all_processes()
    records = {record.name: record for record in stack.record.services}
    for role in ROLES:
        service = planned.topology.service(role)
        yield runs_in_one(role, service.ports, records[service.name], around.named(service.name), processes)
    guests = Guests.of(planned, {stack.record.supervisor_pid})
    try:
        waiting = {address.rpartition(":")[0] for address in waiting_addresses(guests.redis_port)}
    except (OSError, ValueError) as error:
        yield unanswered(error)
        return
    roles = {service.name: service.role for service in planned.topology.services}
    yield from strangers(around, guests, waiting, roles)


def _look_around(path: Path, stack: Stack) -> Around:
    project = Project(stack.name, stack.folder.path).name
    filters = quote(json.dumps({"label": [f"{_COMPOSE}.project={project}"]}))
    networks = frozenset(str(row["Id"]) for row in look(path, f"/networks?filters={filters}") or ())
    return Around.of(map(Container.listed, look(path, "/containers/json") or ()), networks, project)


def runs_in_one(
    role: str,
    ports: Sequence[Port],
    record: ServiceRecord,
    found: Sequence[Container],
    processes: Mapping[int, Process],
) -> Check:
    """One container serves the role and, as far as this host tells, one process in it."""
    name = f"one {role}"
    if len(found) != 1 or record.pid is None:
        listed = ", ".join(one.name for one in found) or "none"
        what = f"service '{record.name}' is {record.state.value} and has {len(found)} containers: {listed}"
        return Check(name, False, what)
    numbers = {port.container for port in ports}
    wrong = runs_once(role, record, processes, numbers, record.pid) if record.pid in processes else None
    return wrong or Check(name, True, f"container {found[0].name}, process {record.pid}")


def strangers(
    around: Around, guests: Guests, waiting: Set[str], roles: Mapping[str, str | None]
) -> Iterator[Check]:
    """Judge what is not of the stack.

    Args:
        around: The containers.
        guests: The programs of this host.
        waiting: Hosts from which somebody waits for a job; published ports are reached from elsewhere than
            the stack's own containers.
        roles: Service -> the role that it plays.
    """
    played = {one: _role(one, roles, waiting) for one in around.foreign}
    known = {address for one in (*around.own, *around.foreign) for address in one.addresses}
    comes_through_ports = bool(waiting - known)
    workers = set(guests.of_redis) if comes_through_ports else set()
    told = [guests.told(pid, WAITS) for pid in sorted(workers)]
    if comes_through_ports and not workers:
        told = [f"a program of another user {WAITS}"]
    yield verdict("no second worker", [*_told(played, "worker", WAITS), *told])
    listeners = sorted(guests.listeners() - workers)
    yield verdict(
        "no second API", [*_told(played, "api", SERVES), *(guests.told(pid, SERVES) for pid in listeners)]
    )
    yield verdict("no foreign container", _told(played, None, "is in the stack's networks"))


def _role(container: Container, roles: Mapping[str, str | None], waiting: Set[str]) -> str | None:
    """Tell what a foreign container is: what it does, what Compose calls it, or what it runs."""
    if container.addresses & waiting:
        return "worker"
    role = roles.get(container.service) if container.is_one_off else None
    role = role or next((role for module, role in MODULES.items() if module in container.command), None)
    return role if role in ("worker", "api") else None


def _told(played: Mapping[Container, str | None], role: str | None, what: str) -> list[str]:
    return [f"container '{one.name}' {what}" for one, found in played.items() if found == role]
