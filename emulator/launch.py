"""`up`: starts the supervisor in a process of its own, follows its start, and hands over or stays.

The supervisor is forked, not executed anew: everything it needs is already imported. It holds the stack's
lock from before the fork, and a socket to its starter; if the starter dies before the stack is up, the
supervisor ends everything.
"""

from __future__ import annotations

import json
import os
import select
import signal
import socket
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from time import monotonic
from typing import Any, NoReturn, Self

from emulator import ports, strays
from emulator.daemon import DETACH, serve
from emulator.environment import inherited
from emulator.errors import ConfigurationRefused, Interrupted, Relayed, StackBusy, StartFailed, SupervisorLost
from emulator.lifecycle import State
from emulator.logs import POLL_S, Follower, Line
from emulator.plan import Plan
from emulator.processes import process
from emulator.record import ServiceRecord, StackRecord
from emulator.statefolder import StateFolder, holder, replace_json, try_lock, writing

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_TICK_S = 0.1
_SEEDED = {"DATABASE_URL", "REDIS_URL", "CLOUDINARY_URL", "TOKEN_KEY"}
"""What a stack's environment names when there is something that a seed goes into."""

Progress = Callable[[Mapping[str, ServiceRecord], float], None]
"""Told all services' records and the seconds since the start, ten times a second."""


@dataclass(frozen=True, slots=True)
class Started:
    """A stack that is up."""

    record: StackRecord
    took_s: float
    was_up: bool

    @property
    def has_new_database(self) -> bool:
        """Tell whether this start, or one before it that was interrupted, made the database."""
        return self.record.was_fresh and not self.was_up


class Supervision:
    """The socket to the supervisor. A block that is left by an exception has everything stopped.

    It is there before the supervisor is, so that no moment is left at which an interrupt could lose it.
    """

    def __init__(self) -> None:
        self._link, self.theirs = socket.socketpair()
        self._rest = b""
        self.pid: int | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is not None:
            self.end()
        self.theirs.close()
        self._link.close()

    def messages(self, tick: Callable[[], None]) -> Iterator[dict[str, Any]]:
        """Yield the supervisor's messages until it ends; call `tick` ten times a second."""
        while True:
            if not select.select([self._link], [], [], _TICK_S)[0]:
                tick()
                continue
            block = self._receive()
            if not block:
                return
            *lines, self._rest = (self._rest + block).split(b"\n")
            for line in lines:
                message = json.loads(line)
                self.pid = message.get("pid", self.pid)
                yield message

    def has_ended(self) -> bool:
        """Tell, without waiting, whether the supervisor is gone; drops its messages."""
        while select.select([self._link], [], [], 0)[0]:
            if not self._receive():
                return True
        return False

    def wait(self, within_s: float) -> None:
        """Wait for a message or the supervisor's end."""
        select.select([self._link], [], [], within_s)

    def detach(self) -> None:
        """Leave the stack alone."""
        with suppress(OSError):
            self._link.sendall(DETACH)
        self._link.close()

    def end(self) -> None:
        """Have everything stopped and wait for it. A second interrupt kills it hard."""
        while True:
            try:
                self.theirs.close()
                with suppress(OSError):
                    self._link.shutdown(socket.SHUT_WR)
                while self._receive():
                    pass
                return
            except (Interrupted, KeyboardInterrupt):
                if self.pid is not None:
                    with suppress(ProcessLookupError):
                        os.kill(self.pid, signal.SIGTERM)

    def _receive(self) -> bytes:
        try:
            return self._link.recv(65536)
        except OSError:
            return b""


@contextmanager
def interruptible() -> Iterator[None]:
    """Turn SIGINT, SIGTERM and SIGHUP into `Interrupted`."""

    def interrupt(number: int, _frame: object) -> NoReturn:
        raise Interrupted(number)

    before = {number: signal.signal(number, interrupt) for number in _SIGNALS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def with_images(plan: Plan, progress: Callable[[str], None]) -> Plan:
    """Build and fetch what the plan's containers are made of, if it has any and they do not run already.

    Raises:
        EmulatorError: There is no Docker engine, or an image cannot be had.
    """
    if plan.settings.runtime != "docker" or holder(plan.folder) is not None:
        return plan
    from emulator.docker.image import ensure_all
    from emulator.docker.release import ensure

    plan.folder.create()
    log = plan.folder.log("build")
    ready = replace(plan, settings=ensure_all(plan.settings, log, progress))
    ensure(ready, log, progress)
    return ready


def up(
    plan: Plan, env: Mapping[str, str], timeout_s: float, link: Supervision, progress: Progress
) -> Started:
    """Start what is not running and return when all is healthy. Call it inside `interruptible()`.

    The link is the supervisor's, if this starts one: call it inside the link's block.

    Raises:
        StackBusy: Another `up` or `down` of this stack is at work.
        PortTaken: A port is in use.
        EmulatorError: Whatever the supervisor met.
    """
    began = monotonic()
    plan.folder.create()
    lock = try_lock(plan.folder.lock)
    if lock is None:
        record = _revive(plan, timeout_s, progress)
        return Started(record, monotonic() - began, was_up=True)
    try:
        strays.clear(plan.folder)
        if plan.settings.runtime == "docker":
            from emulator.docker.strays import clear as clear_containers

            clear_containers(plan.settings, plan.folder)
        ports.refuse_taken(plan.ports, plan.settings.stack, env)
        with writing(plan.folder.ports):
            replace_json(plan.folder.ports, plan.ports)
        _fork(plan, lock, link.theirs, inherited(env), timeout_s)
    finally:
        os.close(lock)
    _await_up(link, plan, progress, began)
    return Started(read_record(plan.folder), monotonic() - began, was_up=False)


def seed_fresh(started: Started, plan: Plan, name: str | None, progress: Callable[[str], None]) -> bool:
    """Load a seed if the database is new; tell whether it did.

    Without a name it is `small`, unless the stack is somebody's own, with another database or other fakes.
    """
    if not started.has_new_database:
        return False
    is_wanted = name != "none" and (name is not None or _SEEDED.issubset(started.record.env))
    is_seeded = is_wanted and _seed(started, plan, name, progress)
    plan.folder.unseeded.unlink(missing_ok=True)
    return is_seeded


def _seed(started: Started, plan: Plan, name: str | None, progress: Callable[[str], None]) -> bool:
    import asyncio

    from emulator.parts import of_record
    from emulator.seeding import load

    found = of_record(started.record, plan.folder.path, plan.settings.cache_dir)
    try:
        asyncio.run(load(found, name or "small", progress=progress))
    except ConfigurationRefused as error:
        if name is not None:
            raise
        progress(f"no seed is loaded: {error.what}")
        return False
    return True


def attach(link: Supervision, plan: Plan, show: Callable[[Line], None]) -> None:
    """Show the logs of a stack until it ends."""
    follower = Follower(log_files(plan))
    while not link.has_ended():
        for line in follower.new_lines():
            show(line)
        link.wait(POLL_S)


def log_files(plan: Plan) -> dict[str, Path]:
    """Return the log file of each service, and of the supervisor."""
    names = (*(service.name for service in plan.topology.services), "supervisor")
    return {name: plan.folder.log(name) for name in names}


def read_record(folder: StateFolder) -> StackRecord:
    """Return what the supervisor wrote down.

    Raises:
        SupervisorLost: Nothing.
    """
    record = StackRecord.read(folder)
    if record is None:
        raise SupervisorLost(
            f"there is no '{folder.state}'", "start the stack again with: clipnet-emulate up -d"
        )
    return record


def _await_up(supervision: Supervision, plan: Plan, progress: Progress, began: float) -> None:
    services = {service.name: ServiceRecord(service.name) for service in plan.topology.services}

    def tick() -> None:
        if all(record.state is not State.STOPPING for record in services.values()):
            progress(services, monotonic() - began)

    for message in supervision.messages(tick):
        if "error" in message:
            raise Relayed(message["error"])
        if "up" in message:
            return
        if "service" in message:
            record = ServiceRecord.from_json(message["service"])
            services[record.name] = record
    raise _lost(plan)


def _lost(plan: Plan) -> SupervisorLost:
    return SupervisorLost(
        f"stack '{plan.settings.stack}' was stopped while it started",
        f"its log is {plan.folder.log('supervisor')}",
    )


def _fork(plan: Plan, lock: int, theirs: socket.socket, env: Mapping[str, str], timeout_s: float) -> None:
    """Fork the supervisor twice, so that it belongs to nobody; signals are held until it can handle them."""
    sys.stdout.flush()
    sys.stderr.flush()
    held = signal.pthread_sigmask(signal.SIG_BLOCK, _SIGNALS)
    pid = os.fork()
    if pid == 0:
        code = 1
        try:
            os.setsid()
            if os.fork() == 0:
                _become_supervisor(plan, lock, theirs)
                code = serve(plan, theirs, env, timeout_s)
            else:
                code = 0
        finally:
            os._exit(code)
    try:
        theirs.close()
        os.waitpid(pid, 0)
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, held)


def _become_supervisor(plan: Plan, lock: int, link: socket.socket) -> None:
    """Let go of the terminal and of every descriptor but the lock and the link."""
    for number in _SIGNALS:
        signal.signal(number, signal.SIG_IGN if number == signal.SIGHUP else signal.SIG_DFL)
    null = os.open(os.devnull, os.O_RDONLY)
    output = os.open(plan.folder.log("supervisor"), os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    os.dup2(null, 0)
    os.dup2(output, 1)
    os.dup2(output, 2)
    low = 3
    for kept in sorted((lock, link.fileno())):
        os.closerange(low, kept)
        low = kept + 1
    os.closerange(low, os.sysconf("SC_OPEN_MAX") if os.sysconf("SC_OPEN_MAX") < 65536 else 65536)
    os.chdir("/")
    me = process(os.getpid())
    os.ftruncate(lock, 0)
    os.pwrite(lock, f"{os.getpid()} {me.started if me else 0}\n".encode(), 0)


def _revive(plan: Plan, timeout_s: float, progress: Progress) -> StackRecord:
    """Have a running supervisor start again what it gave up, and wait for it."""
    stack = plan.settings.stack
    found = StackRecord.read(plan.folder)
    pid = holder(plan.folder)
    if found is None or pid is None or found.phase != "up" or found.supervisor_pid != pid:
        raise StackBusy(
            f"another 'up' or 'down' of stack '{stack}' is at work" + (f" (process {pid})" if pid else ""),
            "wait for it with: clipnet-emulate wait",
        )
    began = monotonic()
    if any(service.state is State.FAILED for service in found.services):
        os.kill(pid, signal.SIGUSR1)
    while True:
        record = read_record(plan.folder)
        if all(service.state is State.RUNNING for service in record.services):
            return record
        if holder(plan.folder) != pid:
            raise _lost(plan)
        if monotonic() - began > timeout_s:
            late = next(service for service in record.services if service.state is not State.RUNNING)
            raise StartFailed(
                f"service '{late.name}' was not ready after {timeout_s:.1f} s "
                f"({late.state.value}: {late.detail})",
                f"read its log with: clipnet-emulate logs {late.name}",
            )
        progress({service.name: service for service in record.services}, monotonic() - began)
        select.select([], [], [], _TICK_S)
