"""A runtime without processes: services follow the steps of `tests/emulator/program.py` inside the test."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Mapping, Sequence

from emulator.errors import PrerequisiteMissing, StartFailed
from emulator.ports import is_free
from emulator.probe import ask
from emulator.runtimes import Place
from emulator.topology import Port, Probe, Service
from tests.emulator.project import PROGRAM

_SIGTERM, _SIGKILL = 143, 137


def scripted_service(name: str, *steps: str, needs: tuple[str, ...] = ()) -> Service:
    """Return a service that does the steps, on a port of its own."""
    number = next(port for port in iter(lambda: random.randrange(10_000, 32_000), 0) if is_free(port))
    return Service(
        name=name,
        role=None,
        server=None,
        command=("python", str(PROGRAM), *steps),
        directory=None,
        environment={"PORT": str(number)},
        ports=(Port(name, number, number),),
        needs=needs,
        probe=Probe("tcp", f"127.0.0.1:{number}"),
        starts_early=False,
        stop_within_s=0.3,
    )


class ScriptedHandle:
    """One scripted service."""

    version = "scripted"
    pid = None

    def __init__(self, service: Service, steps: Sequence[str], stopped: list[str]) -> None:
        self.service = service
        self.ports: Mapping[str, int] = {port.name: port.container for port in service.ports}
        self.inner = {name: f"127.0.0.1:{port}" for name, port in self.ports.items()}
        self.is_deaf = False
        self._steps = steps
        self._stopped = stopped
        self._lines: list[str] = []
        self._ended: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self._server: asyncio.Server | None = None
        self._run = asyncio.create_task(self._follow_script())

    @property
    def is_alive(self) -> bool:
        return not self._ended.done()

    async def lines(self) -> AsyncIterator[str]:
        position = 0
        while True:
            ended = self._ended.done()
            while position < len(self._lines):
                yield self._lines[position]
                position += 1
            if ended:
                return
            await asyncio.wait([self._ended], timeout=0.01)

    async def ask(self, deadline_s: float) -> None:
        await ask(self.service.probe, deadline_s)

    async def wait(self) -> int:
        return await asyncio.shield(self._ended)

    async def stop(self, *, hard: bool = False) -> int:
        if self.is_alive:
            await asyncio.sleep(0)
            self._stopped.append(self.service.name)
            if self.is_deaf and not hard:
                await asyncio.wait([self._ended], timeout=self.service.stop_within_s)
            self.end(_SIGKILL if hard or self.is_deaf else _SIGTERM)
        return await self.wait()

    def end(self, code: int) -> None:
        if self.is_alive:
            self.mute()
            self._run.cancel()
            self._ended.set_result(code)

    def mute(self) -> None:
        if self._server is not None:
            self._server.close()
            self._server = None

    async def serve(self) -> None:
        port = next(iter(self.ports.values()))
        self._server = await asyncio.start_server(lambda _, writer: writer.close(), "127.0.0.1", port)

    async def _follow_script(self) -> None:
        for step in self._steps:
            name, _, value = step.partition(":")
            match name:
                case "print":
                    self._lines.append(value)
                case "exit":
                    self.end(int(value))
                    return
                case "deaf":
                    self.is_deaf = True
                case "serve":
                    await self.serve()


class ScriptedRuntime:
    """Starts scripted services, and lets a test play with them."""

    name = "scripted"
    is_fresh = True

    def __init__(self) -> None:
        self.started: list[str] = []
        self.stopped: list[str] = []
        self.is_closed = False
        self._handles: dict[str, ScriptedHandle] = {}
        self._scripts: dict[str, tuple[str, ...]] = {}
        self._refused: dict[str, str] = {}

    async def prepare(self, services: Sequence[Service]) -> None:
        for service in services:
            if service.command[0] != "python":
                raise PrerequisiteMissing(
                    f"service '{service.name}' runs '{service.command[0]}', which is not installed",
                    f"install '{service.command[0]}', or put it on the PATH",
                )

    async def start(
        self, service: Service, env: Mapping[str, str], place: Place | None = None
    ) -> ScriptedHandle:
        self.started.append(service.name)
        if service.name in self._refused:
            raise StartFailed(self._refused[service.name], "try again")
        steps = self._scripts.get(service.name, service.command[2:])
        handle = ScriptedHandle(service, steps, self.stopped)
        if place is not None:
            handle.ports = place.ports
        self._handles[place.log if place else service.name] = handle
        return handle

    async def close(self) -> None:
        self.is_closed = True

    def script(self, name: str, *steps: str) -> None:
        """Give a service other steps from its next start on."""
        self._scripts[name] = steps

    def refuse(self, name: str, why: str) -> None:
        """Let no start of a service succeed from now on."""
        self._refused[name] = why

    def relent(self, name: str) -> None:
        """Let it start again."""
        del self._refused[name]

    def crash(self, name: str, code: int) -> None:
        """End a service as if by itself."""
        self._handles[name].end(code)

    def mute(self, name: str) -> None:
        """Let a service run but not answer any more."""
        self._handles[name].mute()

    async def unmute(self, name: str) -> None:
        """Let it answer again."""
        await self._handles[name].serve()

    def alive(self) -> list[str]:
        """Return the services that run."""
        return [name for name, handle in self._handles.items() if handle.is_alive]
