"""`topology`: says what the stack consists of, and proves on a running one that there is exactly one of each.

The proof looks at sockets: whoever is connected to this stack's PostgreSQL or Redis and is not one of its
services is judged: one that listens on a port of its own is a second API, one that waits for jobs is a
second worker. Where services are containers, `docker/proof.py` looks at those too.
"""

from __future__ import annotations

import socket
from collections.abc import Collection, Container, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from emulator import versions
from emulator.errors import CheckFailed, StackNotRunning
from emulator.plan import Plan, as_it_is_kept, plan
from emulator.processes import Process, all_processes, connected, listening, tree
from emulator.record import ServiceRecord
from emulator.settings import Settings
from emulator.stack import Stack
from emulator.topology import ROLES, start_order

WAITS = "waits for jobs of this stack's queue"
SERVES = "serves and uses this stack's database or queue"
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
    planned = plan(as_it_is_kept(settings))
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
    folders = {
        service.environment["CLOUDINARY_FOLDER"]
        for service in planned.topology.services
        if "CLOUDINARY_FOLDER" in service.environment
    }
    listed = ", ".join(sorted(folders)) or "no service names one"
    look = _containers if stack.record.runtime == "docker" else _processes
    folder = Check("one Cloudinary folder", len(folders) <= 1, listed)
    return (*look(planned, stack), folder, *_one_version(stack))


def _one_version(stack: Stack) -> Iterator[Check]:
    """Tell whether API, frontend and worker are of one release, if the stack has all three."""
    addresses = versions.Addresses.of(stack.record.ports, stack.record.env)
    if addresses is not None:
        found = versions.ask(addresses)
        differ = versions.mismatch(found)
        yield Check("one version", differ is None, differ or versions.summary(found))


def _containers(planned: Plan, stack: Stack) -> Iterator[Check]:
    from emulator.docker.proof import prove

    return prove(planned, stack)


def _processes(planned: Plan, stack: Stack) -> Iterator[Check]:
    processes = all_processes()
    records = {record.name: record for record in stack.record.services}
    for role in ROLES:
        record = records[planned.topology.service(role).name]
        ports = set(record.ports.values())
        yield runs_once(role, record, processes, ports) or Check(f"one {role}", True, f"process {record.pid}")
    ours = {entry.pid for entry in tree(stack.record.supervisor_pid, processes)}  # a release beside, too
    guests = Guests.of(planned, ours)
    try:
        waiting = {int(address.rpartition(":")[2]) for address in waiting_addresses(guests.redis_port)}
    except (OSError, ValueError) as error:
        yield unanswered(error)
        return
    workers = {pid for pid, ports in guests.of_redis.items() if ports & waiting}
    yield verdict("no second worker", (guests.told(pid, WAITS) for pid in sorted(workers)))
    yield verdict("no second API", (guests.told(pid, SERVES) for pid in guests.listeners() - workers))


def runs_once(
    role: str,
    record: ServiceRecord,
    processes: Mapping[int, Process],
    ports: Collection[int],
    namespace: int | None = None,
) -> Check | None:
    """Return what is wrong with a service that is to be one process group; None if nothing is.

    Of an HTTP service, one process accepts connections at its ports, in the network namespace of a process.
    """
    name = f"one {role}"
    if record.pid is None or record.pid not in processes:
        return Check(name, False, f"service '{record.name}' is {record.state.value}")
    listeners = listening(tree(record.pid, processes), namespace)
    accepting = [processes[pid] for pid, found in listeners.items() if found.intersection(ports)]
    parents = {entry.parent for entry in accepting}
    leaves = [entry for entry in accepting if entry.pid not in parents]
    if role != "postgres" and len(leaves) > 1:
        listed = ", ".join(str(entry.pid) for entry in leaves)
        return Check(name, False, f"service '{record.name}' serves with {len(leaves)} processes: {listed}")
    return None


@dataclass(frozen=True, slots=True)
class Guests:
    """The processes of this host that are connected to the stack's stores and are not the stack's own."""

    redis_port: int
    processes: Mapping[int, Process]
    of_redis: Mapping[int, set[int]]
    """Those that are connected to Redis: pid -> their own ports."""

    @classmethod
    def of(cls, planned: Plan, ours: Container[int]) -> Guests:
        """Look who is connected."""
        redis_port, postgres_port = (
            planned.ports[planned.topology.service(role).ports[0].name] for role in ("redis", "postgres")
        )
        processes: dict[int, Process] = {}
        of_redis: dict[int, set[int]] = {}
        for port in (redis_port, postgres_port):
            for entry, local in connected(port):
                if entry.pid not in ours:
                    processes[entry.pid] = entry
                    if port == redis_port:
                        of_redis.setdefault(entry.pid, set()).add(local)
        return cls(redis_port, processes, of_redis)

    def listeners(self) -> set[int]:
        """Return those that listen on a port of their own."""
        return {pid for pid, ports in listening(self.processes.values()).items() if ports}

    def told(self, pid: int, what: str) -> str:
        """Say of one what it does."""
        return f"process {pid} ({self.processes[pid].command}) {what}"


def verdict(name: str, found: Iterable[str]) -> Check:
    """Return a check that fails with everything that was found."""
    listed = "; ".join(found)
    return Check(name, not listed, listed or "none")


def unanswered(error: Exception) -> Check:
    """Return the check that fails because Redis does not say who waits."""
    return Check("no second worker", False, f"redis does not tell who is connected: {error}")


def waiting_addresses(redis_port: int) -> set[str]:
    """Return the addresses of the clients that Redis lets wait for a job."""
    found = set()
    for line in _client_list(redis_port).splitlines():
        fields = dict(pair.partition("=")[::2] for pair in line.split(" "))
        if "b" in fields.get("flags", "") or fields.get("cmd", "").partition("|")[0] in _BLOCKING:
            found.add(fields["addr"])
    return found


def _client_list(port: int) -> str:
    with socket.create_connection(("127.0.0.1", port), timeout=2) as client:
        client.sendall(b"*2\r\n$6\r\nCLIENT\r\n$4\r\nLIST\r\n")
        answer = client.makefile("rb")
        length = int(answer.readline()[1:])
        return answer.read(length).decode(errors="replace")
