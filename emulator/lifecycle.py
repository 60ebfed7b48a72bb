"""The states of a service, the events that move it, and the one table of both.

Pure; knows no process and no clock.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum


class State(Enum):
    """Where a service is in its life."""

    STOPPED = "stopped"
    WAITING = "waiting"
    STARTING = "starting"
    RUNNING = "running"
    RESTARTING = "restarting"
    STOPPING = "stopping"
    FAILED = "failed"


class Health(Enum):
    """What the last probes of a service said."""

    UNKNOWN = "unknown"
    HEALTHY = "healthy"
    UNHEALTHY = "unhealthy"


class Event(Enum):
    """What can happen to a service."""

    WANTED = "wanted"
    STARTED = "started"
    READY = "ready"
    EXITED = "exited"
    GIVEN_UP = "given up"
    STOP = "stop"
    GONE = "gone"


class ImpossibleTransition(Exception):
    """An event that cannot happen in this state: a bug of ours."""


_ALIVE = (State.WAITING, State.STARTING, State.RUNNING, State.RESTARTING, State.STOPPING, State.FAILED)

TRANSITIONS: Mapping[tuple[State, Event], State] = {
    (State.STOPPED, Event.WANTED): State.WAITING,
    (State.FAILED, Event.WANTED): State.WAITING,
    (State.WAITING, Event.STARTED): State.STARTING,
    (State.WAITING, Event.EXITED): State.RESTARTING,
    (State.RESTARTING, Event.STARTED): State.STARTING,
    (State.STARTING, Event.READY): State.RUNNING,
    (State.STARTING, Event.EXITED): State.RESTARTING,
    (State.RUNNING, Event.EXITED): State.RESTARTING,
    (State.RESTARTING, Event.EXITED): State.RESTARTING,
    (State.STARTING, Event.GIVEN_UP): State.FAILED,
    (State.RESTARTING, Event.GIVEN_UP): State.FAILED,
    **{(state, Event.STOP): State.STOPPING for state in _ALIVE},
    (State.STOPPED, Event.STOP): State.STOPPED,
    (State.STOPPING, Event.GONE): State.STOPPED,
    (State.STOPPED, Event.GONE): State.STOPPED,
}
"""What is not in here cannot happen."""


def next_state(state: State, event: Event) -> State:
    """Return the state after `event`.

    Raises:
        ImpossibleTransition: The table has no such row.
    """
    try:
        return TRANSITIONS[state, event]
    except KeyError:
        raise ImpossibleTransition(
            f"'{event.value}' cannot happen to a service that is {state.value}"
        ) from None


@dataclass(frozen=True, slots=True)
class RestartPolicy:
    """How often and how fast a crashed service is started again."""

    limit: int = 5
    """Restarts in a row before giving up."""
    first_delay_s: float = 0.2
    longest_delay_s: float = 10.0
    stable_after_s: float = 10.0
    """A service that lived this long starts a new row, as a container does at Docker."""

    def delay_s(self, in_a_row: int) -> float:
        """Return the pause before restart number `in_a_row` (from 1): it doubles each time."""
        return float(min(self.first_delay_s * 2 ** (in_a_row - 1), self.longest_delay_s))

    def row_after(self, in_a_row: int, lived_s: float) -> int:
        """Return the number of the next restart in a row, after a life of `lived_s`."""
        return 1 if lived_s >= self.stable_after_s else in_a_row + 1

    def allows(self, in_a_row: int) -> bool:
        """Tell whether restart number `in_a_row` may happen."""
        return in_a_row <= self.limit
