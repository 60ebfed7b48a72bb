"""Where services run: the seam between the supervisor and processes or containers.

A runtime starts one service and hands back a handle. Order, probes, restarts and shutdown are the
supervisor's.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from emulator.topology import Service

if TYPE_CHECKING:
    from emulator.releases.record import Release
    from emulator.releases.workshop import Workshop


@dataclass(frozen=True, slots=True)
class Place:
    """Where an instance runs that is not the one the stack began with.

    Attributes:
        ports: Port name -> port on 127.0.0.1.
        log: Name of its log.
    """

    ports: Mapping[str, int]
    log: str


class Handle(Protocol):
    """One running service."""

    @property
    def service(self) -> Service:
        """What runs."""
        ...

    @property
    def ports(self) -> Mapping[str, int]:
        """Port name -> port on 127.0.0.1."""
        ...

    @property
    def inner(self) -> Mapping[str, str]:
        """Port name -> `host:port`, as the stack's own services reach it."""
        ...

    @property
    def pid(self) -> int | None:
        """The process on this host, where there is one."""
        ...

    @property
    def version(self) -> str | None:
        """Version of the program, where the runtime knows it."""
        ...

    def lines(self) -> AsyncIterator[str]:
        """Yield its log from its start, until it ends."""
        ...

    async def ask(self, deadline_s: float) -> None:
        """Return if the service is ready.

        Raises:
            NotReady: It is not, or did not say so within `deadline_s`.
        """
        ...

    async def wait(self) -> int:
        """Return the exit code once it has ended (128 + signal number if a signal ended it)."""
        ...

    async def stop(self, *, hard: bool = False) -> int:
        """Ask it to end, then make it; return the exit code. Idempotent. `hard`: make it at once."""
        ...


class Runtime(Protocol):
    """Starts services. Knows nothing of order, probes or restarts."""

    @property
    def name(self) -> str:
        """How `status` calls it."""
        ...

    @property
    def is_fresh(self) -> bool:
        """True if `prepare` found no database: this start makes it."""
        ...

    async def prepare(self, services: Sequence[Service]) -> None:
        """Make sure that all of them can be started. Takes as long as it takes to fetch what is missing.

        Raises:
            PrerequisiteMissing: A program or an image is not there.
        """
        ...

    async def start(self, service: Service, env: Mapping[str, str], place: Place | None = None) -> Handle:
        """Start one service with exactly this environment of its own.

        A cancelled start leaves nothing behind. With a place, it runs there, beside the instance that runs
        on the stack's own ports.
        """
        ...

    async def close(self) -> None:
        """Remove what outlives the services; nothing runs any more. Idempotent."""
        ...


class ReleaseRuntime(Runtime, Protocol):
    """A runtime of which releases can be made and run."""

    @property
    def installs(self) -> bool:
        """True if releases run on this host: with an interpreter and packages that are installed here."""
        ...

    async def make_ready(self, release: Release, shop: Workshop) -> None:
        """Make what services of a release are started from, if it is not there.

        Raises:
            BuildFailed: That failed.
            ConfigurationRefused: The release does not say how it is made.
        """
        ...

    async def run(self, what: str, service: Service, shop: Workshop) -> None:
        """Run a service's command once, to its end, where its services run.

        Raises:
            BuildFailed: It failed; with its last lines.
        """
        ...

    async def keep_only(self, releases: Sequence[Release]) -> None:
        """Remove what was made for other releases and is not used."""
        ...
