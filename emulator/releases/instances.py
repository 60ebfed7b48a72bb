"""A release's services, ready to be started: command, environment, and ports that nobody has."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from emulator import ports
from emulator.environment import variables
from emulator.errors import PortTaken
from emulator.plan import Plan, speech_dir
from emulator.releases.record import Release
from emulator.runtimes import Handle, Place
from emulator.runtimes.choice import released
from emulator.topology import Service, resolve

_FIRST, _LAST = 60, 98
"""Where in the stack's block of ports instances find theirs."""


@dataclass(frozen=True, slots=True)
class Instance:
    """One running service of a release."""

    release: Release
    service: Service
    place: Place
    handle: Handle

    @property
    def address(self) -> str | None:
        """`host:port` of its first port, None if it has none."""
        port = next(iter(self.place.ports.values()), None)
        return None if port is None else f"127.0.0.1:{port}"

    @property
    def url(self) -> str:
        """The origin at its first port."""
        return f"http://{self.address}"

    @property
    def inner(self) -> str | None:
        """`host:port` of its first port as the stack's own services reach it, None if it has none."""
        return next(iter(self.handle.inner.values()), None)


def service_at(plan: Plan, release: Release, role: str, numbers: Mapping[str, int]) -> Service:
    """Return the service that plays a role, of a release, on these ports (name -> port)."""
    own = variables(plan.settings.runtime, {**plan.ports, **numbers}, plan.folder, speech_dir())
    service = resolve(plan.written, {**plan.variables, **own}).service(role)
    return released(plan.settings, plan.folder, service, release)


def free_ports(plan: Plan, names: Iterable[str], taken: Iterable[int]) -> dict[str, int]:
    """Return name -> port for ports that are free now and not `taken`, in the stack's own block.

    Raises:
        PortTaken: There are not enough.
    """
    base = min(plan.ports.values()) // ports.BLOCK * ports.BLOCK
    known = {*taken, *plan.ports.values()}
    free = (base + n for n in range(_FIRST, _LAST) if base + n not in known and ports.is_free(base + n))
    try:
        return {name: next(free) for name in names}
    except StopIteration:
        raise PortTaken(
            f"no port from {base + _FIRST} to {base + _LAST - 1} is free for another release",
            "stop what listens there",
        ) from None
