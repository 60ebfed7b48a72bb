"""What a stack writes down about itself (`state.json`), and what `status` shows of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from emulator.lifecycle import Health, State
from emulator.statefolder import StateFolder, damaged


@dataclass(frozen=True, slots=True)
class ServiceRecord:
    """One service, as last seen by the supervisor."""

    name: str
    state: State = State.STOPPED
    health: Health = Health.UNKNOWN
    address: str | None = None
    ports: Mapping[str, int] = field(default_factory=dict)
    pid: int | None = None
    version: str | None = None
    restarts: int = 0
    ready_after_s: float | None = None
    detail: str | None = None
    """Why it is not well, in words."""

    def to_json(self) -> dict[str, Any]:
        """Return the record as plain values."""
        return {**asdict(self), "state": self.state.value, "health": self.health.value}

    @classmethod
    def from_json(cls, body: Mapping[str, Any]) -> ServiceRecord:
        """Read what `to_json` wrote."""
        return cls(**{**body, "state": State(body["state"]), "health": Health(body["health"])})


@dataclass(frozen=True, slots=True)
class StackRecord:
    """One stack, as its supervisor wrote it down."""

    stack: str
    runtime: str
    phase: str
    """starting, up, stopping, or down."""
    supervisor_pid: int
    supervisor_started: int
    ports: Mapping[str, int]
    env: Mapping[str, str]
    """What a program on the host needs."""
    services: tuple[ServiceRecord, ...]
    inner: Mapping[str, str] = field(default_factory=dict)
    """Port name -> the address at which the stack's own services reach it."""
    was_fresh: bool = False
    """True: the database is new, and no seed was put into it yet."""

    def to_json(self) -> dict[str, Any]:
        """Return the record as plain values."""
        return {**asdict(self), "services": [service.to_json() for service in self.services]}

    @classmethod
    def from_json(cls, body: Mapping[str, Any]) -> StackRecord:
        """Read what `to_json` wrote."""
        services = tuple(ServiceRecord.from_json(service) for service in body["services"])
        return cls(**{**body, "services": services})

    @classmethod
    def read(cls, folder: StateFolder) -> StackRecord | None:
        """Return what the supervisor wrote into a state folder, None if nothing.

        Raises:
            StateFolderUnusable: The file does not hold what `to_json` returns.
        """
        body = folder.read(folder.state)
        if body is None:
            return None
        try:
            return cls.from_json(body)
        except KeyError as error:
            raise damaged(folder.state, f"it has no {error}") from error
        except (TypeError, ValueError) as error:
            raise damaged(folder.state, str(error)) from error
