"""Keeps the services of a stack alive: order, probes with deadlines, restarts with a limit, reverse stop.

Knows neither processes nor containers (those are the runtime's), neither files nor sockets (those are the
caller's).
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from emulator import probe
from emulator.errors import EmulatorError, StartFailed
from emulator.lifecycle import Event, Health, RestartPolicy, State, next_state
from emulator.probe import NotReady
from emulator.record import ServiceRecord
from emulator.runtimes import Handle, Place, Runtime
from emulator.topology import Probe, Service

log = logging.getLogger(__name__)

LAST_LINES = 12


@dataclass(frozen=True, slots=True)
class Pace:
    """How often and how long the supervisor asks and waits."""

    ready_within_s: float = 30.0
    """For one service, from its start to its first good answer."""
    ask_every_s: float = 0.02
    answer_within_s: float = 2.0
    watch_every_s: float = 2.0
    unhealthy_after: int = 3
    """Bad answers in a row."""
    restarts: RestartPolicy = field(default_factory=RestartPolicy)


class Supervisor:
    """Runs one stack. `on_change` is told each service's new record."""

    def __init__(
        self,
        services: Sequence[Service],
        runtime: Runtime,
        pace: Pace,
        on_change: Callable[[ServiceRecord], None],
        last_lines: Callable[[str, Handle], Sequence[str]],
    ) -> None:
        self._services = {service.name: service for service in services}
        self._runtime = runtime
        self._pace = pace
        self._on_change = on_change
        self._last_lines = last_lines
        self._records = {service.name: ServiceRecord(service.name) for service in services}
        self._handles: dict[str, Handle] = {}
        self._places: dict[str, Place] = {}
        self._beside: dict[int, Handle] = {}
        self._kept_anew = asyncio.Event()
        self._ready = {service.name: asyncio.Event() for service in services}
        self._wanted = {service.name: asyncio.Event() for service in services}
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._loop = asyncio.get_running_loop()

    @property
    def records(self) -> tuple[ServiceRecord, ...]:
        """All services, as they are now."""
        return tuple(self._records.values())

    async def start(self) -> None:
        """Start everything and return when all is healthy. On failure nothing is left running.

        Raises:
            StartFailed: A service died or was not ready in time.
            EmulatorError: Whatever else kept a service from starting.
        """
        try:
            services = tuple(self._services.values())
            await self._runtime.prepare(services)
            async with asyncio.timeout(self._pace.ready_within_s):
                for service in services:
                    self._tasks[service.name] = asyncio.create_task(self._keep(service), name=service.name)
                await self._all_ready()
        except TimeoutError:
            failure = self._too_slow()
            await self.stop()
            raise failure from None
        except BaseException:
            await self.stop()
            raise

    async def watch(self) -> None:
        """Wait for as long as all is kept; raise what ended that (a bug of ours)."""
        while True:
            self._kept_anew.clear()
            anew = asyncio.create_task(self._kept_anew.wait())
            try:
                await asyncio.wait([anew, *self._tasks.values()], return_when=asyncio.FIRST_COMPLETED)
            finally:
                anew.cancel()
            for task in self._tasks.values():
                if task.done():
                    task.result()

    def want_all(self) -> bool:
        """Start again what was given up; tell whether there was anything."""
        failed = [record.name for record in self.records if record.state is State.FAILED]
        for name in failed:
            self._wanted[name].set()
        return bool(failed)

    async def stop(self, *, hard: bool = False) -> None:
        """Stop everything, in reverse order; idempotent. `hard`: all at once, without asking."""
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        gone = {name: asyncio.Event() for name in self._services}
        await asyncio.gather(
            *(handle.stop(hard=hard) for handle in self._beside.values()),
            *(self._stop_service(service, gone, hard=hard) for service in self._services.values()),
        )
        self._beside.clear()

    async def start_beside(
        self, service: Service, place: Place, within_s: float | None = None, question: Probe | None = None
    ) -> Handle:
        """Start one more instance of a service and return when it is ready. Nobody restarts it.

        Args:
            service: What to start.
            place: Where.
            within_s: How long it may take.
            question: What tells that it is ready, if that is not the service's own probe.

        Raises:
            StartFailed: It died or was not ready in time; it does not run any more.
            EmulatorError: Whatever else kept it from starting.
        """
        handle = await self._runtime.start(service, service.environment, place)
        self._beside[id(handle)] = handle
        try:
            limit_s = within_s or self._pace.ready_within_s
            trouble = await self._answers(handle, limit_s, lambda _seen: None, question)
        except BaseException:
            await self.stop_beside(handle)
            raise
        if trouble is not None:
            await self.stop_beside(handle)
            quoted = self._quoted(place.log, handle)
            raise StartFailed(f"service '{service.name}' {trouble}{quoted}")
        return handle

    async def stop_beside(self, handle: Handle) -> int:
        """Stop an instance that nobody keeps and return its exit code. Idempotent."""
        code = await handle.stop()
        self._beside.pop(id(handle), None)
        return code

    async def let_go(self, name: str) -> Handle | None:
        """Keep a service no longer, and return its instance if it has one, which runs on."""
        task = self._tasks.pop(name, None)
        if task is not None:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
        handle = self._handles.pop(name, None)
        if handle is not None:
            self._beside[id(handle)] = handle
        return handle

    def kept(self, name: str) -> tuple[Service, Place | None]:
        """Return a service as it is kept now, and where; None for the stack's own place."""
        return self._services[name], self._places.get(name)

    def inner(self, name: str) -> Mapping[str, str]:
        """Return port name -> `host:port` at which the stack's services reach a service, as it runs now.

        Raises:
            StartFailed: It does not run.
        """
        handle = self._handles.get(name)
        if handle is None:
            raise StartFailed(f"service '{name}' does not run", "see: clipnet-emulate status")
        return handle.inner

    def is_kept(self, name: str) -> bool:
        """Tell whether anybody looks after a service."""
        return name in self._tasks

    def keep_anew(self, service: Service, place: Place | None) -> None:
        """Keep a service that was let go and does not run: it is started as one that ended by itself."""
        self._services[service.name] = service
        if place is None:
            self._places.pop(service.name, None)
        else:
            self._places[service.name] = place
        record = self._records[service.name]
        self._write(replace(record, state=State.RESTARTING, pid=None, health=Health.UNHEALTHY))
        self._tasks[service.name] = asyncio.create_task(self._keep_again(service), name=service.name)
        self._kept_anew.set()

    async def keep(self, service: Service, handle: Handle, place: Place) -> None:
        """Keep an instance that was started beside as the one of its service, which was let go."""
        self._beside.pop(id(handle), None)
        self._services[service.name] = service
        self._places[service.name] = place
        self._handles[service.name] = handle
        record = replace(
            self._seen(service, handle), restarts=0, state=State.RUNNING, health=Health.HEALTHY, detail=None
        )
        self._write(record)
        self._tasks[service.name] = asyncio.create_task(self._keep_running(service), name=service.name)
        self._kept_anew.set()

    async def _stop_service(self, service: Service, gone: Mapping[str, asyncio.Event], *, hard: bool) -> None:
        """Stop a service when nobody who needs it is left, or at once if it is `hard`."""
        for other in self._services.values():
            if service.name in other.needs and not hard:
                await gone[other.name].wait()
        self._move(service, Event.STOP)
        handle = self._handles.get(service.name)
        if handle is not None:
            code = await handle.stop(hard=hard)
            log.info("service stopped", extra={"fields": {"name": service.name, "exit_code": code}})
        self._handles.pop(service.name, None)
        self._move(service, Event.GONE, pid=None, health=Health.UNKNOWN)
        gone[service.name].set()

    async def _all_ready(self) -> None:
        ready = asyncio.gather(*(event.wait() for event in self._ready.values()))
        try:
            waited: list[asyncio.Future[Any]] = [ready, *self._tasks.values()]
            await asyncio.wait(waited, return_when=asyncio.FIRST_COMPLETED)
            for task in self._tasks.values():
                if task.done():
                    task.result()
            await ready
        finally:
            ready.cancel()

    async def _keep(self, service: Service) -> None:
        """Run one service for as long as this task lives. Raises if its first start fails."""
        self._move(service, Event.WANTED)
        if not service.starts_early:
            for need in service.needs:
                await self._ready[need].wait()
        await self._first_start(service)
        await self._keep_running(service)

    async def _keep_again(self, service: Service) -> None:
        await self._again(service, 1, "it was let go")
        await self._keep_running(service)

    async def _keep_running(self, service: Service) -> None:
        in_a_row = 0
        while True:
            lived_s, code = await self._watch(service)
            in_a_row = self._pace.restarts.row_after(in_a_row, lived_s)
            in_a_row = await self._again(service, in_a_row, f"it ended with exit code {code}")

    async def _first_start(self, service: Service) -> None:
        handle = await self._launch(service)
        trouble = await self._until_ready(service, handle, self._pace.ready_within_s)
        if trouble is None:
            return
        raise StartFailed(
            f"service '{service.name}' {trouble}{self._quoted(service.name, handle)}",
            "if its data folder is broken, start afresh with: clipnet-emulate down --wipe"
            if service.server
            else f"read its log with: clipnet-emulate logs {service.name}",
        )

    async def _again(self, service: Service, in_a_row: int, reason: str) -> int:
        """Restart a service until it is ready; return how many restarts in a row that took."""
        while True:
            if not self._pace.restarts.allows(in_a_row):
                self._move(
                    service, Event.GIVEN_UP, pid=None, health=Health.UNHEALTHY, detail=f"given up: {reason}"
                )
                log.error("service given up", extra={"fields": {"name": service.name, "reason": reason}})
                self._wanted[service.name].clear()
                await self._wanted[service.name].wait()
                self._move(service, Event.WANTED)
                in_a_row = 0
            else:
                delay_s = self._pace.restarts.delay_s(in_a_row)
                log.warning(
                    "service restarts",
                    extra={"fields": {"name": service.name, "reason": reason, "in_s": delay_s}},
                )
                await asyncio.sleep(delay_s)
            restarts = self._records[service.name].restarts + 1
            try:
                handle = await self._launch(service, restarts=restarts)
            except EmulatorError as error:
                trouble: str | None = error.what
            else:
                trouble = await self._until_ready(service, handle, self._pace.ready_within_s)
                if trouble is None:
                    return in_a_row
                await handle.stop()
                self._handles.pop(service.name, None)
            reason = trouble or ""
            in_a_row += 1
            self._move(service, Event.EXITED, pid=None, health=Health.UNHEALTHY, detail=reason)

    async def _launch(self, service: Service, *, restarts: int = 0) -> Handle:
        handle = await self._runtime.start(service, service.environment, self._places.get(service.name))
        self._handles[service.name] = handle
        self._records[service.name] = self._seen(service, handle)
        self._move(service, Event.STARTED, restarts=restarts, health=Health.UNKNOWN, detail=None)
        return handle

    def _seen(self, service: Service, handle: Handle) -> ServiceRecord:
        """Return the service's record with what its instance tells of itself."""
        return replace(
            self._records[service.name],
            pid=handle.pid,
            version=handle.version,
            ports=dict(handle.ports),
            address=_address(service, handle),
        )

    async def _until_ready(self, service: Service, handle: Handle, within_s: float) -> str | None:
        """Return None when the service is ready, else what went wrong."""
        began = self._loop.time()
        trouble = await self._answers(handle, within_s, lambda seen: self._note(service, seen))
        if trouble is None:
            self._is_ready(service, self._loop.time() - began)
        return trouble

    async def _answers(
        self, handle: Handle, within_s: float, note: Callable[[str], None], question: Probe | None = None
    ) -> str | None:
        """Return None when an instance answers its probe, else what went wrong."""
        began = self._loop.time()
        last = None
        ended = asyncio.ensure_future(handle.wait())
        try:
            while self._loop.time() - began < within_s:
                if ended.done():
                    return f"ended with exit code {ended.result()} before it was ready"
                try:
                    if question is None:
                        await handle.ask(self._pace.answer_within_s)
                    else:
                        await probe.ask(question, self._pace.answer_within_s)
                except NotReady as seen:
                    last = str(seen)
                    note(last)
                    await asyncio.wait([ended], timeout=self._pace.ask_every_s)
                    continue
                if ended.done():
                    continue
                return None
        finally:
            ended.cancel()
        return f"was not ready after {within_s:.1f} s (last probe: {last})"

    def _is_ready(self, service: Service, after_s: float) -> None:
        self._move(service, Event.READY, health=Health.HEALTHY, ready_after_s=round(after_s, 3), detail=None)
        self._ready[service.name].set()
        log.info("service ready", extra={"fields": {"name": service.name, "took_s": round(after_s, 3)}})

    async def _watch(self, service: Service) -> tuple[float, int]:
        """Probe a running service until it ends; return how long it lived and its exit code."""
        began = self._loop.time()
        handle = self._handles[service.name]
        ended = asyncio.ensure_future(handle.wait())
        bad_in_a_row = 0
        try:
            while not (await asyncio.wait([ended], timeout=self._pace.watch_every_s))[0]:
                try:
                    await handle.ask(self._pace.answer_within_s)
                except NotReady as seen:
                    bad_in_a_row += 1
                    if bad_in_a_row >= self._pace.unhealthy_after:
                        self._set_health(service, Health.UNHEALTHY, str(seen))
                else:
                    bad_in_a_row = 0
                    self._set_health(service, Health.HEALTHY, None)
        finally:
            ended.cancel()
        code = await handle.wait()
        self._handles.pop(service.name, None)
        self._move(
            service, Event.EXITED, pid=None, health=Health.UNHEALTHY, detail=f"ended with exit code {code}"
        )
        return self._loop.time() - began, code

    def _set_health(self, service: Service, health: Health, detail: str | None) -> None:
        record = self._records[service.name]
        if record.health is health and record.detail == detail:
            return
        if record.health is not health:
            log.warning(
                "service health",
                extra={"fields": {"name": service.name, "health": health.value, "detail": detail}},
            )
        self._write(replace(record, health=health, detail=detail))

    def _note(self, service: Service, seen: str) -> None:
        self._records[service.name] = replace(self._records[service.name], detail=seen)

    def _move(self, service: Service, event: Event, **changes: Any) -> None:
        record = self._records[service.name]
        state = next_state(record.state, event)
        self._write(replace(record, state=state, **changes))

    def _write(self, record: ServiceRecord) -> None:
        self._records[record.name] = record
        self._on_change(record)

    def _quoted(self, name: str, handle: Handle) -> str:
        lines = self._last_lines(name, handle)
        if not lines:
            return "; its log is empty"
        return ", its last lines:\n" + "\n".join(f"  {line}" for line in lines)

    def _too_slow(self) -> StartFailed:
        late = [record for record in self.records if record.state is not State.RUNNING]
        culprit = next(
            (record for record in late if record.state is State.STARTING),
            late[0] if late else self.records[0],
        )
        handle = self._handles.get(culprit.name)
        seen = f"last probe: {culprit.detail}" if culprit.detail else f"it was still {culprit.state.value}"
        others = [record.name for record in late if record is not culprit]
        waiting = f"; also not ready: {', '.join(others)}" if others else ""
        return StartFailed(
            f"service '{culprit.name}' was not ready after {self._pace.ready_within_s:.1f} s "
            f"({seen}){waiting}" + (self._quoted(culprit.name, handle) if handle else ""),
            "give it more time with: clipnet-emulate up --timeout SECONDS",
        )


def _address(service: Service, handle: Handle) -> str | None:
    """Return the address of a service's first port, with the scheme that its probe speaks."""
    port = next(iter(handle.ports.values()), None)
    if port is None:
        return None
    scheme = {"http": "http://", "postgres": "postgresql://", "redis": "redis://"}.get(service.probe.kind, "")
    return f"{scheme}127.0.0.1:{port}"
