"""What `releases` tells: every release that is there, where it serves, and how the deployments went."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from emulator.releases.record import APPLICATION, Deployment, Release, StepState, builtin
from emulator.releases.store import Store


@dataclass(frozen=True, slots=True)
class Entry:
    """One release, with the services that it serves and the deployments that were about it."""

    release: Release
    serves: tuple[str, ...]
    deployments: tuple[Deployment, ...]

    def public(self) -> dict[str, Any]:
        """Return the entry as plain values."""
        return {
            **self.release.to_json(),
            "serves": list(self.serves),
            "deployments": [one.to_json() for one in self.deployments],
        }


def entries(store: Store) -> tuple[Entry, ...]:
    """Return all releases, the newest first, the installed package last."""
    current, deployments = store.current(), store.deployments()
    known = (*reversed(store.releases()), builtin())
    return tuple(_entry(release, current, deployments) for release in known)


def entry(store: Store, version: str) -> Entry:
    """Return one release.

    Raises:
        ConfigurationRefused: There is none of this version.
    """
    return _entry(store.release(version), store.current(), store.deployments())


def outcome(deployment: Deployment) -> str:
    """Return how a deployment ended, and at which step if that was early."""
    failed = next((step.name for step in deployment.steps if step.state is StepState.FAILED), None)
    at = f" at {failed}" if failed else ""
    return f"{deployment.state.value}{at}"


def _entry(release: Release, current: Mapping[str, str], deployments: tuple[Deployment, ...]) -> Entry:
    serving = {role: current.get(role, builtin().version) for role in APPLICATION}
    return Entry(
        release,
        tuple(role for role, version in serving.items() if version == release.version),
        tuple(one for one in deployments if one.release == release.version),
    )
