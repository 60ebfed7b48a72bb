"""Makes the runtime that the settings name. Each is imported only when it is chosen."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from emulator.plan import Plan
from emulator.runtimes import Runtime


def runtime_of(plan: Plan, inherited: Mapping[str, str]) -> Runtime:
    """Return the runtime of a stack; `inherited` is what its processes see of the user's environment."""
    return _RUNTIMES[plan.settings.runtime](plan, inherited)


def _embedded(plan: Plan, inherited: Mapping[str, str]) -> Runtime:
    from emulator.runtimes.embedded import EmbeddedRuntime

    return EmbeddedRuntime(plan.settings, plan.folder, plan.ports, inherited)


def _docker(plan: Plan, _inherited: Mapping[str, str]) -> Runtime:
    from emulator.runtimes.docker import DockerRuntime

    return DockerRuntime(plan.settings, plan.folder, plan.topology, plan.ports)


_RUNTIMES: Mapping[str, Callable[[Plan, Mapping[str, str]], Runtime]] = {
    "embedded": _embedded,
    "docker": _docker,
}
