"""The supervisor's process: runs the stack, writes down each change, reports to its starter, cleans up."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import signal
import socket
import traceback
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from emulator import strays
from emulator.environment import ROUTES, inner_addresses
from emulator.errors import EmulatorError, SupervisorLost
from emulator.logs import tail
from emulator.plan import Plan
from emulator.processes import all_processes, process, tree
from emulator.record import ServiceRecord, StackRecord
from emulator.runtimes import Handle
from emulator.runtimes.choice import runtime_of
from emulator.runtimes.spawn import adopt_orphans
from emulator.statefolder import replace_json, writing
from emulator.steering import Listener, Tell
from emulator.supervisor import LAST_LINES, Pace, Supervisor

if TYPE_CHECKING:
    from emulator.releases.engine import Engine

log = logging.getLogger("emulator")

DETACH = b"d"
"""Sent by the starter when it leaves a stack that is up alone."""


def serve(plan: Plan, link: socket.socket, inherited: Mapping[str, str], ready_within_s: float) -> int:
    """Run the stack until it is told to stop; return the process's exit code."""
    logging.basicConfig(level=logging.INFO, handlers=[_Handler()], force=True)
    adopt_orphans()
    try:
        asyncio.run(_Daemon(plan, link, inherited, ready_within_s).run())
    except EmulatorError as error:
        _send(link, {"error": error.record()})
        log.error("stack failed", extra={"fields": {"what": error.what}})
        return error.exit_code
    except Exception as error:  # noqa: BLE001 - last resort: nobody else would see it
        log.error("supervisor crashed", extra={"fields": {"traceback": traceback.format_exc()}})
        hint = f"this is a bug; its log is {plan.folder.log('supervisor')}"
        _send(link, {"error": SupervisorLost(f"the supervisor crashed: {error!r}", hint).record()})
        return 1
    return 0


class _Daemon:
    def __init__(
        self, plan: Plan, link: socket.socket, inherited: Mapping[str, str], ready_within_s: float
    ) -> None:
        self._plan = plan
        self._link: socket.socket | None = link
        self._runtime = runtime_of(plan, inherited)
        self._pace = Pace(ready_within_s=ready_within_s)
        me = process(os.getpid())
        self._record = StackRecord(
            stack=plan.settings.stack,
            runtime=self._runtime.name,
            phase="starting",
            supervisor_pid=os.getpid(),
            supervisor_started=me.started if me else 0,
            ports=plan.ports,
            env=plan.env,
            inner=inner_addresses(plan.settings.runtime, plan.topology, plan.ports),
            services=tuple(ServiceRecord(service.name) for service in plan.topology.services),
        )

    async def run(self) -> None:
        loop = asyncio.get_running_loop()
        self._stop = asyncio.Event()
        self._hard = asyncio.Event()
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            loop.add_signal_handler(number, self._on_stop)
        loop.add_signal_handler(signal.SIGCHLD, _reap_orphans)
        signal.pthread_sigmask(signal.SIG_SETMASK, [])
        if self._link is not None:
            loop.add_reader(self._link, self._on_link)

        (self._plan.folder.tmp / ROUTES).unlink(missing_ok=True)  # they led to what ran before
        self._supervisor = Supervisor(
            self._plan.topology.services, self._runtime, self._pace, self._on_change, self._last_lines
        )
        loop.add_signal_handler(signal.SIGUSR1, self._supervisor.want_all)
        self._engine: Engine | None = None
        self._listener = Listener(self._plan.folder, self._serve)
        self._write()
        self._report({"pid": os.getpid()})
        try:
            await self._until_stopped()
        finally:
            self._phase("stopping")
            await self._or_hard(self._give_up_deployments())
            await self._stop_all()
            await self._runtime.close()
            self._clean()
            self._phase("down")

    async def _until_stopped(self) -> None:
        stop = asyncio.create_task(self._stop.wait())
        start = asyncio.create_task(self._supervisor.start())
        try:
            await asyncio.wait([start, stop], return_when=asyncio.FIRST_COMPLETED)
            if stop.done():
                return
            start.result()
            self._note_new_database()
            self._record = replace(self._record, was_fresh=self._plan.folder.unseeded.exists())
            await self._listener.open()
            self._phase("up")
            self._report({"up": True})
            platforms = asyncio.create_task(self._serve_platforms())
            watch = asyncio.create_task(self._supervisor.watch())
            await asyncio.wait([watch, stop], return_when=asyncio.FIRST_COMPLETED)
            if watch.done():
                watch.result()
            watch.cancel()
            platforms.cancel()
            await asyncio.gather(platforms, return_exceptions=True)
        finally:
            stop.cancel()
            if not start.done():
                self._phase("stopping")
                start.cancel()
                await self._or_hard(asyncio.wait([start]))
                self._note_new_database()

    def _note_new_database(self) -> None:
        """Leave word that a database was made: the next start seeds it if this one does not."""
        if self._runtime.is_fresh:
            with writing(self._plan.folder.unseeded):
                self._plan.folder.unseeded.touch()

    async def _give_up_deployments(self) -> None:
        if self._engine is not None:
            await self._engine.close()
        await self._listener.close()

    async def _serve(self, request: Mapping[str, Any], tell: Tell) -> None:
        """Answer a request at the control socket."""
        await self._deployments().serve(request, tell)

    def _deployments(self) -> Engine:
        if self._engine is None:
            from emulator.releases.engine import Engine  # late: a start shall not wait for it
            from emulator.releases.ground import Ground

            self._engine = Engine(Ground(self._plan, self._supervisor, self._runtime, os.environ))
        return self._engine

    async def _serve_platforms(self) -> None:
        """Make real what is deployed at the platforms' fakes, as long as the stack is up."""
        from emulator.platforms.agent import serve_stack

        try:
            await serve_stack(self._plan, self._deployments())
        except Exception:
            log.exception("deployments at platforms are not carried out any more")

    async def _stop_all(self) -> None:
        await self._or_hard(self._supervisor.stop())

    async def _or_hard(self, polite: Any) -> None:
        """Await a polite stop; on the second request to stop, kill everything beside it."""
        stopping = asyncio.ensure_future(polite)
        hard = asyncio.create_task(self._hard.wait())
        await asyncio.wait([stopping, hard], return_when=asyncio.FIRST_COMPLETED)
        if not stopping.done():
            await self._supervisor.stop(hard=True)
        hard.cancel()
        await stopping

    def _on_stop(self) -> None:
        if self._stop.is_set():
            self._hard.set()
        self._stop.set()

    def _on_link(self) -> None:
        """The starter left: with a word, the stack stays; without one, everything ends."""
        if self._link is None:
            return
        try:
            word = self._link.recv(16)
        except OSError:
            word = b""
        asyncio.get_running_loop().remove_reader(self._link)
        if word == DETACH:
            self._link.close()
            self._link = None
        else:
            self._stop.set()

    def _on_change(self, record: ServiceRecord) -> None:
        services = tuple(record if old.name == record.name else old for old in self._record.services)
        self._record = replace(self._record, services=services)
        self._write()
        self._report({"service": record.to_json()})

    def _phase(self, phase: str) -> None:
        self._record = replace(self._record, phase=phase)
        self._write()

    def _write(self) -> None:
        try:
            replace_json(self._plan.folder.state, self._record.to_json())
        except OSError as error:
            log.error("state not written", extra={"fields": {"error": str(error)}})

    def _report(self, message: Mapping[str, Any]) -> None:
        if self._link is not None:
            _send(self._link, message)

    def _last_lines(self, name: str, handle: Handle) -> tuple[str, ...]:
        offset = getattr(handle, "log_offset", 0)
        return tail(self._plan.folder.log(name), LAST_LINES, offset)

    def _clean(self) -> None:
        """Kill what escaped its group, and empty the temporary folder."""
        for entry in tree(os.getpid(), all_processes())[1:]:
            with suppress(ProcessLookupError):
                os.kill(entry.pid, signal.SIGKILL)
            with suppress(ChildProcessError):
                os.waitpid(entry.pid, 0)
        strays.clear(self._plan.folder)


def _reap_orphans() -> None:
    """Collect adopted processes that ended. Services' own exits are collected by their handles."""
    with suppress(ChildProcessError):
        while True:
            ended = os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
            if ended is None or _is_leader(ended.si_pid):
                return
            os.waitpid(ended.si_pid, 0)


def _is_leader(pid: int) -> bool:
    """Services lead a session of their own; orphans of services are members of one."""
    try:
        return os.getsid(pid) == pid
    except ProcessLookupError:
        return False


def _send(link: socket.socket, message: Mapping[str, Any]) -> None:
    with suppress(OSError):
        link.sendall(json.dumps(message).encode() + b"\n")


class _Handler(logging.Handler):
    """Writes JSON lines to the supervisor's log, which is its standard error."""

    def emit(self, record: logging.LogRecord) -> None:
        from datetime import UTC, datetime

        fields = getattr(record, "fields", {})
        stamp = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        line = {
            "ts": stamp,
            "level": record.levelname.lower(),
            "event": record.getMessage(),
            "service": "supervisor",
            **fields,
        }
        if record.exc_info:
            line["traceback"] = logging.Formatter().formatException(record.exc_info)
        with suppress(OSError):
            os.write(2, json.dumps(line).encode() + b"\n")
