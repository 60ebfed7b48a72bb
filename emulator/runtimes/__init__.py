"""Where services run: the seam between the supervisor and processes or containers.

A runtime starts one service and hands back a handle. Order, probes, restarts and shutdown are the
supervisor's.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from emulator.topology import Service


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
