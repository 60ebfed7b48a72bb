"""How a deployment lives: its states, and which words of a report mean which. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

ReadyState = Literal["QUEUED", "INITIALIZING", "BUILDING", "READY", "ERROR", "CANCELED"]
ENDED: frozenset[ReadyState] = frozenset({"READY", "ERROR", "CANCELED"})

REPORTED: Mapping[str, ReadyState] = {
    "QUEUED": "QUEUED",
    "INITIALIZING": "INITIALIZING",
    "BUILDING": "BUILDING",
    "DEPLOYING": "BUILDING",
    "READY": "READY",
    "SUCCESS": "READY",
    "ERROR": "ERROR",
    "FAILED": "ERROR",
    "CRASHED": "ERROR",
    "CANCELED": "CANCELED",
}
"""Vercel's state for each word of whoever carries out deployments."""


@dataclass(frozen=True, slots=True)
class Pace:
    """Seconds that a deployment spends in each state."""

    queued_s: float
    initializing_s: float
    building_s: float


INSTANT = Pace(0.0, 0.0, 0.0)
REALISTIC = Pace(1.0, 2.0, 9.0)  # guess: of a small static frontend


@dataclass(frozen=True, slots=True)
class Times:
    """When a deployment that nobody carries out passes from state to state, in Unix seconds."""

    created_s: float
    initializing_s: float
    building_s: float
    ready_s: float


def times(created_s: float, pace: Pace) -> Times:
    """The times of a deployment that begins now."""
    initializing_s = created_s + pace.queued_s
    building_s = initializing_s + pace.initializing_s
    return Times(created_s, initializing_s, building_s, building_s + pace.building_s)


def state_at(times: Times, now_s: float) -> ReadyState:
    """The state at a time, unless something goes wrong."""
    if now_s >= times.ready_s:
        return "READY"
    if now_s >= times.building_s:
        return "BUILDING"
    return "INITIALIZING" if now_s >= times.initializing_s else "QUEUED"
