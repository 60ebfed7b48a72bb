"""Runs services as containers: Docker Compose makes them, this starts, watches and ends each.

Knows no order and no restarts: those are the supervisor's. The SDK is imported late, because it is slow.
"""

from __future__ import annotations

import asyncio
import os
import re
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from emulator import compose, probe
from emulator.docker.addition import addition, is_asked_inside
from emulator.docker.connection import Connection
from emulator.docker.container import Container, Seen
from emulator.docker.errors import in_words
from emulator.docker.pattern import Pattern, Wanted, command_of
from emulator.docker.project import BESIDE_LABEL, Project, service_of
from emulator.docker.release import RELEASE_NAMES, image_of, ordered
from emulator.environment import for_compose, inner_addresses
from emulator.errors import EmulatorError
from emulator.interpolation import interpolate
from emulator.logs import follow, rotate
from emulator.probe import NotReady
from emulator.releases.journal import to_the_end
from emulator.releases.record import APPLICATION, Release
from emulator.releases.store import Store
from emulator.runtimes import Place
from emulator.runtimes.spawn import Command, run
from emulator.settings import Settings
from emulator.statefolder import StateFolder, replace_json, writing
from emulator.topology import HEALTHCHECK, Service, Topology

if TYPE_CHECKING:
    from docker.api import APIClient

    from emulator.releases.workshop import Workshop

_LOOK_AGAIN_S = 0.1
SHARED_MODE = 0o777
"""Of the folder that containers of any user share with root; the state folder lets nobody else in."""


class DockerHandle:
    """One running container."""

    def __init__(
        self,
        service: Service,
        ports: Mapping[str, int],
        inner: Mapping[str, str],
        connection: Connection,
        container: Container,
        log: Path,
    ) -> None:
        self.service = service
        self.ports = ports
        self.inner = inner
        self.pid: int | None = None
        self.version: str | None = None
        self.log_offset = log.stat().st_size if log.exists() else 0
        self._connection = connection
        self._container = container
        self._log = log
        self._loop = asyncio.get_running_loop()
        self._ended: asyncio.Future[int] = self._loop.create_future()

    async def begin(self) -> None:
        """Start the container. When this is cancelled, it does not run.

        Raises:
            EmulatorError: The engine refused.
        """
        doing = f"starting service '{self.service.name}'"
        starting = asyncio.ensure_future(
            self._connection.call(
                doing, lambda api: self._container.start(api, self._log, self._end_was_told)
            )
        )
        try:
            seen = await asyncio.shield(starting)
        except asyncio.CancelledError:
            await to_the_end(self._undo(starting))
            raise
        of_release = self.service.environment["APP_VERSION"] if self.service.contained else None
        self.pid, self.version = seen.pid, of_release or seen.version

    def lines(self) -> AsyncIterator[str]:
        """Yield its log from its start, until it ends."""
        return follow(self._log, self.log_offset, self._ended.done)

    async def ask(self, deadline_s: float) -> None:
        """Return if the service is ready.

        Raises:
            NotReady: It is not.
        """
        if not is_asked_inside(self.service):
            await probe.ask(self.service.probe, deadline_s)
            return
        try:
            async with asyncio.timeout(deadline_s):
                await self._ask_inside()
        except TimeoutError:
            raise NotReady(f"the Docker engine gave no answer within {deadline_s:g} s") from None
        except EmulatorError as error:
            raise NotReady(error.what) from error

    async def _undo(self, starting: asyncio.Future[Seen]) -> None:
        await asyncio.wait([starting])
        if starting.exception() is None:
            await self.stop(hard=True)

    async def wait(self) -> int:
        """Return the exit code once it has ended."""
        return await asyncio.shield(self._ended)

    async def stop(self, *, hard: bool = False) -> int:
        """Ask it to end, then make it."""
        if not self._ended.done():
            await self._connection.call(
                f"stopping service '{self.service.name}'", self._container.kill if hard else self._stop
            )
        return await self.wait()

    def _stop(self, api: APIClient) -> None:
        self._container.stop(api, self.service.stop_within_s)

    async def _ask_inside(self) -> None:
        """Ask for the container's health; if it has no health check, whether it runs and lets somebody in."""
        seen = await self._connection.call(f"looking at service '{self.service.name}'", self._container.look)
        if seen.health == "healthy":
            return
        if seen.health is not None:
            await asyncio.sleep(_LOOK_AGAIN_S)
            raise NotReady(f"its health check says '{seen.health}' ({seen.last_answer or 'no answer yet'})")
        if not seen.is_running:
            raise NotReady("the container does not run")
        if self.service.probe.kind != HEALTHCHECK:
            await probe.stays_open(self.service.probe.target)

    def _end_was_told(self, code: int) -> None:
        """Called in the thread that read the output."""
        with suppress(RuntimeError):  # the loop may be closed
            self._loop.call_soon_threadsafe(self._set_ended, code)

    def _set_ended(self, code: int) -> None:
        if not self._ended.done():
            self._ended.set_result(code)


class DockerRuntime:
    """Starts the containers of one stack."""

    name = "docker"
    installs = False

    def __init__(
        self, settings: Settings, folder: StateFolder, topology: Topology, ports: Mapping[str, int]
    ) -> None:
        self._settings = settings
        self._folder = folder
        self._topology = topology
        self._ports = ports
        self._project = Project(settings.stack, folder.path)
        self._connection: Connection | None = None
        self._ids: Mapping[str, str] = {}
        self._patterns: Mapping[str, Pattern] = {}
        self._is_fresh = False

    @property
    def is_fresh(self) -> bool:
        """True if `prepare` made the volume of the database."""
        return self._is_fresh

    async def prepare(self, services: Sequence[Service]) -> None:
        """Find the engine, and have Compose make networks, volumes and containers.

        Raises:
            PrerequisiteMissing: Docker, Compose or an image is missing.
            EmulatorError: The engine refused.
        """
        connection = await self._connect()
        kept = await connection.look(f"/volumes?filters={self._project.query}")
        user = user_of_shared_files(await connection.look("/info"))
        with writing(self._folder.path):
            added = addition(self._topology, self._project, user, self._folder.routes)
            replace_json(self._folder.addition, added)
            self._folder.routes.mkdir(exist_ok=True)
            if user is None:
                self._folder.data("media").chmod(SHARED_MODE)
                self._folder.routes.chmod(SHARED_MODE)
        _, _, file = await asyncio.gather(
            self._create(connection), connection.api(), asyncio.to_thread(compose.read, self._settings)
        )
        found = await connection.call("looking for containers", self._project.containers)
        self._ids = {service_of(one): str(one["Id"]) for one in found if BESIDE_LABEL not in one["Labels"]}
        self._patterns = await connection.call(
            "looking at containers", lambda api: self._patterns_of(api, file.body["services"])
        )
        stores = {service.name for service in services if service.role == "postgres"}
        await self.keep_only(Store(self._folder.data("releases")).releases())
        mounted = {mount.get("Name") for one in found if service_of(one) in stores for mount in one["Mounts"]}
        self._is_fresh = not mounted & {volume["Name"] for volume in kept["Volumes"] or ()}

    async def start(
        self, service: Service, env: Mapping[str, str], place: Place | None = None
    ) -> DockerHandle:
        """Start one service in its container, made anew if it is gone; Compose gave the environment.

        With a place, it is one more container, which goes when it ends.
        """
        connection = await self._connect()
        log = self._folder.log(place.log if place else service.name)
        with writing(log):
            rotate(log)
            log.touch()
        if place is not None:
            return await self._start_beside(connection, service, place, log)
        if not await self._is_there(connection, service):
            await self.prepare(self._topology.services)
        ports = {port.name: self._ports[port.name] for port in service.ports}
        inner = {port.name: f"{service.name}:{port.container}" for port in service.ports}
        container = Container(self._ids[service.name])
        handle = DockerHandle(service, ports, inner, connection, container, log)
        await handle.begin()
        return handle

    async def make_ready(self, release: Release, shop: Workshop) -> None:
        """Build the image of a release, if it is missing.

        Raises:
            BuildFailed: That failed.
            ConfigurationRefused: The release has no Dockerfile.
        """
        connection = await self._connect()
        name = image_of(self._project, release)
        if release.is_builtin or await connection.look(f"/images/{quote(name, safe='/:')}/json") is not None:
            return
        engine = connection.engine
        with ordered(self._project, release, self._settings.variables, self._folder) as words:
            await shop.run(f"docker build {name}", (*engine.compose, *words), self._folder.tmp, engine.env)

    async def run(self, what: str, service: Service, shop: Workshop) -> None:
        """Run a service's command once, in a container of its own that is removed afterwards.

        Raises:
            BuildFailed: It failed; with its last lines.
        """
        connection = await self._connect()
        pattern = self._patterns[service.name]
        wanted = Wanted(
            self._image(connection, service, pattern),
            service.words,
            {**_of_release(service), **self._given(service)},
            published={},
            is_once=True,
        )

        async def started() -> DockerHandle:
            container = await _made(connection, pattern, wanted, service)
            handle = DockerHandle(service, {}, {}, connection, container, shop.log)
            await handle.begin()
            return handle

        await shop.hear(what, started)

    async def keep_only(self, releases: Sequence[Release]) -> None:
        """Remove the images of other releases."""
        connection = await self._connect()
        kept = [image_of(self._project, release) for release in releases]
        await connection.call("removing images", lambda api: self._project.remove_images(api, kept))

    async def close(self) -> None:
        """Remove containers and networks; what a Compose that was cancelled still asked for, too."""
        if self._connection is None:
            return
        while await self._connection.call("removing containers", self._project.remove):
            pass
        await self._connection.close()
        self._connection = None

    async def _connect(self) -> Connection:
        """Find the engine once."""
        if self._connection is None:
            self._connection = await Connection.open(self._settings.variables)
        return self._connection

    async def _start_beside(
        self, connection: Connection, service: Service, place: Place, log: Path
    ) -> DockerHandle:
        """Make one more container of a service, and start it."""
        pattern = self._patterns[service.name]
        number = next(iter(place.ports.values()), None)
        alias = "" if number is None else f"{service.name}-{number}"
        variables = for_compose(connection.engine.env, self._ports, self._folder)
        wanted = Wanted(
            self._image(connection, service, pattern),
            command_of(pattern.said, variables, service),
            _of_release(service),
            published={port.container: place.ports[port.name] for port in service.ports},
            alias=alias,
        )
        container = await _made(connection, pattern, wanted, service)
        inner = {port.name: f"{alias}:{port.container}" for port in service.ports}
        handle = DockerHandle(service, place.ports, inner, connection, container, log)
        await handle.begin()
        return handle

    def _patterns_of(self, api: APIClient, said: Mapping[str, Any]) -> dict[str, Pattern]:
        """Ask the engine what the containers are made as of which there may be more."""
        return {
            service.name: Pattern.of(api, self._ids[service.name], said.get(service.name) or {})
            for service in self._topology.services
            if service.role in APPLICATION
        }

    def _image(self, connection: Connection, service: Service, pattern: Pattern) -> str:
        """Return the image of a service: its release's, else what the compose file says."""
        if service.contained is not None:
            return service.contained.image
        variables = for_compose(connection.engine.env, self._ports, self._folder)
        named = pattern.said.get("image")
        return interpolate(str(named), variables) if named else f"{self._project.name}-{service.name}"

    def _given(self, service: Service) -> dict[str, str]:
        """Return what a service's environment has that the stack's does not, with addresses of containers."""
        own = next(one for one in self._topology.services if one.name == service.name).environment
        inner = inner_addresses(self.name, self._topology, self._ports)
        return {
            name: _from_within(value, self._ports, inner)
            for name, value in service.environment.items()
            if name not in RELEASE_NAMES and own.get(name) != value
        }

    async def _is_there(self, connection: Connection, service: Service) -> bool:
        container = self._ids.get(service.name)
        return container is not None and await connection.look(f"/containers/{container}/json") is not None

    async def _create(self, connection: Connection) -> None:
        """Have Compose make what is not there, and start nothing.

        Raises:
            EmulatorError: It failed; what it said, in words.
        """
        files = (*self._topology.paths, self._folder.addition)
        log = self._folder.log("compose")
        with writing(log):
            log.write_bytes(b"")
        code = await run(
            Command(
                argv=(
                    *connection.engine.compose,
                    *("--project-name", self._project.name),
                    *("--project-directory", str(self._topology.paths[-1].parent)),
                    *(word for file in files for word in ("--file", str(file))),
                    *("create", "--pull", "never", "--no-build"),
                ),
                env=for_compose(connection.engine.env, self._ports, self._folder),
                cwd=self._folder.path,
                log=log,
            )
        )
        if code != 0:
            doing = f"making the containers of stack '{self._settings.stack}'"
            raise in_words(log.read_text(errors="replace"), doing, connection.engine.address, log)


async def _made(connection: Connection, pattern: Pattern, wanted: Wanted, service: Service) -> Container:
    """Make a container; if this is cancelled, it is not there."""
    doing = f"making a container of service '{service.name}'"
    making = asyncio.ensure_future(connection.call(doing, lambda api: pattern.make(api, wanted)))
    try:
        return Container(await asyncio.shield(making), is_passing=True)
    except asyncio.CancelledError:
        await to_the_end(_unmade(connection, making, service))
        raise


async def _unmade(connection: Connection, making: asyncio.Future[str], service: Service) -> None:
    await asyncio.wait([making])
    if making.exception() is None:
        doing = f"removing a container of service '{service.name}'"
        await connection.call(doing, Container(making.result(), is_passing=True).remove)


def _of_release(service: Service) -> dict[str, str | None]:
    """Return what a service's environment says of its release; None for what is not to be there."""
    return {name: service.environment.get(name) for name in RELEASE_NAMES}


def _from_within(value: str, ports: Mapping[str, int], inner: Mapping[str, str]) -> str:
    """Return a value of this host's environment with the addresses at which containers reach each other."""
    for name, port in ports.items():
        if name in inner:
            value = re.sub(rf"127\.0\.0\.1:{port}(?!\d)", inner[name], value)
    return value


def user_of_shared_files(engine: Mapping[str, Any]) -> str | None:
    """Return who API and worker must be to share files with this user; None if anybody may.

    `engine` is what the engine says of itself (`/info`). Root in a rootless one is the user who runs it.
    """
    if os.geteuid() == 0:
        return None
    is_rootless = any("rootless" in str(option) for option in engine.get("SecurityOptions") or ())
    return "0:0" if is_rootless else f"{os.geteuid()}:{os.getegid()}"
