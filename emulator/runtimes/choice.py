"""Makes the runtime that the settings name. Each is imported only when it is chosen."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from emulator.runtimes import ReleaseRuntime
from emulator.settings import Settings
from emulator.statefolder import StateFolder
from emulator.topology import Service

if TYPE_CHECKING:
    from emulator.plan import Plan
    from emulator.releases.record import Release


def runtime_of(plan: Plan, inherited: Mapping[str, str]) -> ReleaseRuntime:
    """Return the runtime of a stack; `inherited` is what its processes see of the user's environment."""
    return _RUNTIMES[plan.settings.runtime](plan, inherited)


def released(settings: Settings, folder: StateFolder, service: Service, release: Release) -> Service:
    """Return a service as the runtime of a stack runs it for a release.

    Raises:
        ConfigurationRefused: The release does not have what the service runs, or its railway.json is wrong.
    """
    if settings.runtime == "docker":
        from emulator.docker.release import contained

        return contained(service, release, settings.stack, folder)
    from emulator.releases.service import of_release

    return of_release(service, release)


def _embedded(plan: Plan, inherited: Mapping[str, str]) -> ReleaseRuntime:
    from emulator.runtimes.embedded import EmbeddedRuntime

    return EmbeddedRuntime(plan.settings, plan.folder, plan.ports, inherited)


def _docker(plan: Plan, _inherited: Mapping[str, str]) -> ReleaseRuntime:
    from emulator.runtimes.docker import DockerRuntime

    return DockerRuntime(plan.settings, plan.folder, plan.topology, plan.ports)


_RUNTIMES: Mapping[str, Callable[[Plan, Mapping[str, str]], ReleaseRuntime]] = {
    "embedded": _embedded,
    "docker": _docker,
}
