"""What /proc tells about processes: trees, memory, sockets, and which ones belong to a stack. Linux only."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from emulator.settings import STACK_MARKER

_TICKS_PER_S = os.sysconf("SC_CLK_TCK")
_PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")
_LISTEN = "0A"
_ESTABLISHED = "01"


@dataclass(frozen=True, slots=True)
class Process:
    """One process; `started` (clock ticks since boot) tells it from a later one with the same pid."""

    pid: int
    parent: int
    group: int
    started: int
    rss_bytes: int
    is_zombie: bool = False

    @property
    def is_postgres(self) -> bool:
        """True for a process of PostgreSQL."""
        try:
            return os.path.basename(os.readlink(f"/proc/{self.pid}/exe")) == "postgres"
        except OSError:
            return False

    @property
    def command(self) -> str:
        """Its command line, at most 80 characters."""
        try:
            raw = Path(f"/proc/{self.pid}/cmdline").read_bytes()
        except OSError:
            return "?"
        return " ".join(raw.replace(b"\0", b" ").decode(errors="replace").split())[:80] or "?"


def process(pid: int) -> Process | None:
    """Return the process with this pid, if it lives (a zombie does not)."""
    found = _read(pid)
    return None if found is None or found.is_zombie else found


def is_alive(pid: int, started: int) -> bool:
    """Tell whether this very process lives."""
    found = process(pid)
    return found is not None and found.started == started


def all_processes() -> dict[int, Process]:
    """Return every process by pid."""
    found = (_read(int(name)) for name in os.listdir("/proc") if name.isdecimal())
    return {process.pid: process for process in found if process is not None}


def tree(root: int, processes: Mapping[int, Process]) -> tuple[Process, ...]:
    """Return a process and all its descendants, parents first."""
    children: dict[int, list[Process]] = {}
    for entry in processes.values():
        children.setdefault(entry.parent, []).append(entry)
    found = [processes[root]] if root in processes else []
    for entry in found:
        found.extend(children.get(entry.pid, ()))
    return tuple(found)


def memory_bytes(pids: Iterable[int]) -> int:
    """Return the memory of processes, shared pages counted once (PSS); resident memory if that is hidden."""
    return sum(_pss_bytes(pid) for pid in pids)


def uptime_s(process: Process) -> float:
    """Return the seconds since a process started."""
    with open("/proc/uptime") as file:
        now_s = float(file.read().split()[0])
    return max(0.0, now_s - process.started / _TICKS_PER_S)


def marked(folder: Path) -> tuple[Process, ...]:
    """Return the living processes that were started for the stack in `folder`, however they were orphaned.

    They carry the folder in their environment. PostgreSQL overwrites its own, but works in its data folder.
    """
    marker = f"{STACK_MARKER}={folder}".encode()
    mine = os.getpid()
    return tuple(
        entry
        for entry in all_processes().values()
        if entry.pid != mine
        and not entry.is_zombie
        and (_has_marker(entry.pid, marker) or (entry.is_postgres and _works_below(entry.pid, folder)))
    )


def listener(port: int) -> Process | None:
    """Return who listens on a TCP port, if /proc tells."""
    inodes = {inode for local, _, state, inode in _sockets() if state == _LISTEN and local == port}
    return next((entry for entry, _ in socket_owners(inodes)), None)


def connected(port: int) -> Iterator[tuple[Process, int]]:
    """Yield each process that holds a connection to a local TCP port, with its own port."""
    clients = {
        inode: local for local, remote, state, inode in _sockets() if state == _ESTABLISHED and remote == port
    }
    for entry, inode in socket_owners(clients):
        yield entry, clients[inode]


def listening(processes: Iterable[Process], namespace: int | None = None) -> dict[int, set[int]]:
    """Return pid -> the TCP ports it listens on; `namespace`: a process whose network is not this one's."""
    ports = {inode: local for local, _, state, inode in _sockets(namespace) if state == _LISTEN}
    return {
        entry.pid: {ports[inode] for inode in _socket_inodes(entry.pid) if inode in ports}
        for entry in processes
    }


def socket_owners(inodes: Iterable[str]) -> Iterator[tuple[Process, str]]:
    """Yield each process that holds one of the sockets, with the socket."""
    wanted = set(inodes)
    if not wanted:
        return
    for entry in all_processes().values():
        for inode in wanted & _socket_inodes(entry.pid):
            yield entry, inode


def _read(pid: int) -> Process | None:
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:
            text = file.read()
    except OSError:
        return None
    fields = text[text.rindex(b")") + 2 :].split()
    return Process(
        pid=pid,
        parent=int(fields[1]),
        group=int(fields[2]),
        started=int(fields[19]),
        rss_bytes=int(fields[21]) * _PAGE_BYTES,
        is_zombie=fields[0] in (b"Z", b"X"),
    )


def _pss_bytes(pid: int) -> int:
    try:
        with open(f"/proc/{pid}/smaps_rollup") as file:
            for line in file:
                if line.startswith("Pss:"):
                    return int(line.split()[1]) * 1024
    except OSError:
        pass
    found = _read(pid)
    return found.rss_bytes if found else 0


def _has_marker(pid: int, marker: bytes) -> bool:
    try:
        with open(f"/proc/{pid}/environ", "rb") as file:
            return marker in file.read().split(b"\0")
    except OSError:
        return False


def _works_below(pid: int, folder: Path) -> bool:
    try:
        return Path(os.readlink(f"/proc/{pid}/cwd")).is_relative_to(folder)
    except OSError:
        return False


def _sockets(namespace: int | None = None) -> Iterator[tuple[int, int, str, str]]:
    """Yield local port, remote port, state and inode of every TCP socket, here or in a process's network."""
    for table in ("tcp", "tcp6"):
        try:
            with open(f"/proc/{namespace or 'self'}/net/{table}") as file:
                lines = file.readlines()[1:]
        except OSError:
            continue
        for line in lines:
            fields = line.split()
            yield (
                int(fields[1].rpartition(":")[2], 16),
                int(fields[2].rpartition(":")[2], 16),
                fields[3],
                fields[9],
            )


def _socket_inodes(pid: int) -> set[str]:
    found = set()
    try:
        with os.scandir(f"/proc/{pid}/fd") as entries:
            for entry in entries:
                try:
                    target = os.readlink(entry.path)
                except OSError:
                    continue
                if target.startswith("socket:["):
                    found.add(target[8:-1])
    except OSError:
        pass
    return found
