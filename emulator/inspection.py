"""`topology`: says what the stack consists of, and proves on a running one that there is exactly one of each.

The proof looks at sockets: whoever is connected to this stack's PostgreSQL or Redis and is not one of its
services is judged: one that listens on a port of its own is a second API, one that waits for jobs is a
second worker.
"""

from __future__ import annotations

import socket
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from emulator.errors import CheckFailed, StackNotRunning
from emulator.plan import Plan, plan
from emulator.processes import Process, all_processes, connected, listening, tree
from emulator.record import ServiceRecord
from emulator.settings import Settings
from emulator.stack import Stack
from emulator.topology import ROLES, start_order

_BLOCKING = frozenset(
    {"bzpopmin", "bzpopmax", "blmove", "brpoplpush", "blpop", "brpop", "xread", "xreadgroup"}
)


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at on the running stack."""

    name: str
    ok: bool
    detail: str


@dataclass(frozen=True, slots=True)
class Inspection:
    """What is written, and what was found on the running stack (nothing if it is down)."""

    written: Mapping[str, Any]
    checks: tuple[Check, ...]

    def to_json(self) -> dict[str, Any]:
        """Return the inspection as plain values."""
        checks = [{"name": check.name, "ok": check.ok, "detail": check.detail} for check in self.checks]
        return {**self.written, "ok": all(check.ok for check in self.checks), "checks": checks}

    def raise_if_failed(self) -> None:
        """Raise if a check failed.

        Raises:
            CheckFailed: With every check that did.
        """
        failed = [f"{check.name}: {check.detail}" for check in self.checks if not check.ok]
        if failed:
            raise CheckFailed(
                "there is not exactly one of each:\n" + "\n".join(f"  - {line}" for line in failed)
            )


def inspect(settings: Settings) -> Inspection:
    """Describe the stack and, if it runs, prove it."""
    planned = plan(settings)
    try:
        stack = Stack.running(settings)
    except StackNotRunning:
        return Inspection(described(planned), ())
    return Inspection(described(planned), prove(planned, stack))


def described(planned: Plan) -> dict[str, Any]:
    """Return the stack as it is written: files, waves of the start, services."""
    services = [
        {
            "name": service.name,
            "role": service.role,
            "runs": service.server or " ".join(service.command),
            "needs": list(service.needs),
            "ports": {port.name: planned.ports[port.name] for port in service.ports},
            "probe": f"{service.probe.kind} {service.probe.target}",
        }
        for service in planned.topology.services
    ]
    return {
        "stack": planned.settings.stack,
        "files": [str(path) for path in planned.topology.paths],
        "environment": planned.topology.environment,
        "cloudinary_folder": planned.topology.cloudinary_folder,
        "waves": [[service.name for service in wave] for wave in start_order(planned.topology.services)],
        "services": services,
    }


def prove(planned: Plan, stack: Stack) -> tuple[Check, ...]:
    """Look at the running stack and tell whether there is exactly one of each."""
    processes = all_processes()
    by_role = {service.role: service.name for service in planned.topology.services}
    records = {record.name: record for record in stack.record.services}
    checks = [_runs_once(role, records[by_role[role]], processes) for role in ROLES]
    checks += _guests(planned, stack, processes)
    folders = {
        service.environment["CLOUDINARY_FOLDER"]
        for service in planned.topology.services
        if "CLOUDINARY_FOLDER" in service.environment
    }
    checks.append(
        Check(
            "one Cloudinary folder", len(folders) <= 1, ", ".join(sorted(folders)) or "no service names one"
        )
    )
    return tuple(checks)


def _runs_once(role: str, record: ServiceRecord, processes: Mapping[int, Process]) -> Check:
    """One process group serves the role; of an HTTP service, one process accepts connections."""
    name = f"one {role}"
    if record.pid is None or record.pid not in processes:
        return Check(name, False, f"service '{record.name}' is {record.state.value}")
    members = tree(record.pid, processes)
    ports = set(record.ports.values())
    accepting = [entry for entry in members if ports & listening([entry])[entry.pid]]
    parents = {entry.parent for entry in accepting}
    leaves = [entry for entry in accepting if entry.pid not in parents]
    if role != "postgres" and len(leaves) > 1:
        listed = ", ".join(str(entry.pid) for entry in leaves)
        return Check(name, False, f"service '{record.name}' serves with {len(leaves)} processes: {listed}")
    return Check(name, True, f"process {record.pid}")


def _guests(planned: Plan, stack: Stack, processes: Mapping[int, Process]) -> Iterator[Check]:
    """Judge every process that is connected to the stack's stores and is not one of its services."""
    ours = {
        entry.pid for record in stack.record.services if record.pid for entry in tree(record.pid, processes)
    }
    ours |= {stack.record.supervisor_pid}
    redis_port = planned.ports[planned.topology.service("redis").ports[0].name]
    postgres_port = planned.ports[planned.topology.service("postgres").ports[0].name]
    try:
        waiting = _waiting_ports(redis_port)
    except (OSError, ValueError) as error:
        yield Check("no second worker", False, f"redis does not tell who is connected: {error}")
        return
    guests: dict[int, Process] = {}
    workers: set[int] = set()
    for port in (redis_port, postgres_port):
        for entry, local in connected(port):
            if entry.pid in ours:
                continue
            guests[entry.pid] = entry
            if port == redis_port and local in waiting:
                workers.add(entry.pid)
    listeners = {pid for pid, ports in listening(guests.values()).items() if ports}
    yield _verdict("no second worker", workers, guests, "waits for jobs of this stack's queue")
    yield _verdict(
        "no second API", listeners - workers, guests, "serves and uses this stack's database or queue"
    )


def _verdict(name: str, pids: set[int], guests: Mapping[int, Process], what: str) -> Check:
    listed = "; ".join(f"process {pid} ({guests[pid].command}) {what}" for pid in sorted(pids))
    return Check(name, not pids, listed or "none")


def _waiting_ports(redis_port: int) -> set[int]:
    """Return the client ports of the connections on which Redis lets somebody wait for a job."""
    found = set()
    for line in _client_list(redis_port).splitlines():
        fields = dict(pair.partition("=")[::2] for pair in line.split(" "))
        if "b" in fields.get("flags", "") or fields.get("cmd", "").partition("|")[0] in _BLOCKING:
            found.add(int(fields["addr"].rpartition(":")[2]))
    return found


def _client_list(port: int) -> str:
    with socket.create_connection(("127.0.0.1", port), timeout=2) as client:
        client.sendall(b"*2\r\n$6\r\nCLIENT\r\n$4\r\nLIST\r\n")
        answer = client.makefile("rb")
        length = int(answer.readline()[1:])
        return answer.read(length).decode(errors="replace")
