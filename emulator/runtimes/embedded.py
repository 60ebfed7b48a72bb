"""Runs services as processes of this host: servers from wheels, everything else by its command."""

from __future__ import annotations

import shutil
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from emulator import VERSION, probe
from emulator.errors import PrerequisiteMissing
from emulator.logs import follow, rotate
from emulator.runtimes import Place, embedded_postgres, embedded_redis
from emulator.runtimes.spawn import Child, Command, spawn
from emulator.settings import STACK_MARKER, Settings
from emulator.statefolder import StateFolder, writing
from emulator.topology import Service

if TYPE_CHECKING:
    from emulator.releases.record import Release
    from emulator.releases.workshop import Workshop

_OURS = ("clipnet.", "emulator.edge", "fakes")
COMMIT = "APP_COMMIT"
"""Environment variable that names the commit of a release."""


@dataclass(frozen=True, slots=True)
class EmbeddedHandle:
    """One running process."""

    service: Service
    ports: Mapping[str, int]
    version: str | None
    child: Child
    command: Command
    log_offset: int

    @property
    def inner(self) -> Mapping[str, str]:
        """Port name -> `host:port`: everybody is on this host."""
        return {name: f"127.0.0.1:{port}" for name, port in self.ports.items()}

    @property
    def pid(self) -> int:
        """The process on this host."""
        return self.child.pid

    def lines(self) -> AsyncIterator[str]:
        """Yield its log from its start, until it ends."""
        return follow(self.command.log, self.log_offset, lambda: self.child.has_ended)

    async def ask(self, deadline_s: float) -> None:
        """Return if the service is ready."""
        await probe.ask(self.service.probe, deadline_s)

    async def wait(self) -> int:
        """Return the exit code once it has ended."""
        return await self.child.wait()

    async def stop(self, *, hard: bool = False) -> int:
        """Ask it to end, then make it."""
        return await self.child.stop(hard=hard)


class EmbeddedRuntime:
    """Starts services as child processes in the state folder."""

    name = "embedded"
    installs = True

    def __init__(
        self, settings: Settings, folder: StateFolder, ports: Mapping[str, int], inherited: Mapping[str, str]
    ) -> None:
        self._settings = settings
        self._folder = folder
        self._ports = ports
        self._inherited = inherited
        self._postgres: embedded_postgres.Postgres | None = None
        self._redis: embedded_redis.Redis | None = None
        self._is_fresh = False

    @property
    def is_fresh(self) -> bool:
        """True if there was no data folder of the database when `prepare` looked."""
        return self._is_fresh

    async def prepare(self, services: Sequence[Service]) -> None:
        """Find every program.

        Raises:
            PrerequisiteMissing: One is not installed.
        """
        self._is_fresh = not self._folder.data("postgres").exists()
        for service in services:
            if service.server == "postgres":
                self._postgres = embedded_postgres.find(self._settings.postgres_bin)
            elif service.server == "redis":
                self._redis = embedded_redis.find(self._settings.redis_bin, self._inherited.get("PATH"))
            else:
                self._argv(service)

    async def start(
        self, service: Service, env: Mapping[str, str], place: Place | None = None
    ) -> EmbeddedHandle:
        """Start one service."""
        log = self._folder.log(place.log if place else service.name)
        with writing(log):
            rotate(log)
            offset = log.stat().st_size if log.exists() else 0
        command, version = await self._command(service, env, log)
        with writing(self._folder.path):
            child = spawn(command)
        ports = place.ports if place else {port.name: self._ports[port.name] for port in service.ports}
        return EmbeddedHandle(service, ports, version, child, command, offset)

    async def close(self) -> None:
        """Do nothing: no process outlives its handle."""

    async def make_ready(self, release: Release, shop: Workshop) -> None:
        """Do nothing: a release is its files and its interpreter."""

    async def run(self, what: str, service: Service, shop: Workshop) -> None:
        """Run a service's command once.

        Raises:
            BuildFailed: It failed; with its last lines.
        """
        folder = self._folder
        env = {**service.environment, "TMPDIR": str(folder.tmp), STACK_MARKER: str(folder.path)}
        await shop.run(what, self._argv(service), service.directory or folder.tmp, env)

    async def keep_only(self, releases: Sequence[Release]) -> None:
        """Do nothing: files of a release lie in its folder."""

    async def _command(
        self, service: Service, env: Mapping[str, str], log: Path
    ) -> tuple[Command, str | None]:
        folder = self._folder
        full = {**self._inherited, **env, "TMPDIR": str(folder.tmp), STACK_MARKER: str(folder.path)}
        if service.server == "postgres":
            postgres = self._postgres or embedded_postgres.find(self._settings.postgres_bin)
            place = embedded_postgres.Place(
                data=folder.data("postgres"),
                cache=self._settings.cache_dir,
                log=log,
                tmp=folder.tmp,
                env={**self._inherited, "TMPDIR": str(folder.tmp), STACK_MARKER: str(folder.path)},
                port=self._ports[service.ports[0].name],
                fsync=self._settings.fsync,
            )
            return await embedded_postgres.command(postgres, place), postgres.version
        if service.server == "redis":
            redis = self._redis or embedded_redis.find(self._settings.redis_bin, self._inherited.get("PATH"))
            port = self._ports[service.ports[0].name]
            return embedded_redis.command(redis, folder.data("redis"), port, log, full), redis.version
        argv = self._argv(service)
        command = Command(
            argv=argv,
            env={"PYTHONUNBUFFERED": "1", **full},
            cwd=service.directory or folder.tmp,
            log=log,
            stop_within_s=service.stop_within_s,
        )
        return command, _version(service, env)

    def _argv(self, service: Service) -> tuple[str, ...]:
        program, *arguments = service.words
        if program in ("python", "python3"):
            return (sys.executable, *arguments)
        if service.directory is not None and not service.directory.is_dir():
            raise PrerequisiteMissing(
                f"service '{service.name}' is to run in '{service.directory}', which is no folder",
                "correct x-embedded.directory in compose.override.yaml",
            )
        found = shutil.which(
            str(service.directory / program) if service.directory and program.startswith(".") else program,
            path=self._inherited.get("PATH"),
        )
        if found is None:
            raise PrerequisiteMissing(
                f"service '{service.name}' runs '{program}', which is not installed",
                f"install '{program}', or put it on the PATH",
            )
        return (found, *arguments)


def _version(service: Service, env: Mapping[str, str]) -> str | None:
    """Return the version of a release, or of what is ours; nobody knows that of somebody's own program."""
    if COMMIT in env:
        return env.get("APP_VERSION")
    is_ours = service.command[:2] == ("python", "-m") and service.command[2].startswith(_OURS)
    return VERSION if is_ours else None
