"""A worker's process outside, as its calls show it: what it asks for, what it is at, and whether it lives.

Who gets which job and what becomes of it is in `attached`. All times are real ones.
"""

import asyncio
from dataclasses import dataclass, field
from typing import Any

from fakes.kit.peer import Peer
from fakes.runpod.attempt import Attempt
from fakes.runpod.heartbeat import Heartbeat
from fakes.runpod.worker import Worker

GONE_AFTER_S = 1.5
"""How long after the last of its connections a process is gone, though its pings may go on."""
SILENT_AFTER_S = 30.0
"""How long a process from which nothing is expected may be silent."""


@dataclass(slots=True, eq=False)
class Poll:
    """A job-take that is held open.

    Attributes:
        count: How many jobs it asks for.
        attempts: What it gets.
        ended: Set when it is to be answered.
    """

    count: int
    peer: Peer
    attempts: list[Attempt] = field(default_factory=list)
    ended: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def left(self) -> int:
        """How many more jobs it takes."""
        return self.count - len(self.attempts)


@dataclass(slots=True, eq=False)
class Held:
    """A job that a process has, or may still be at after it was told to stop.

    Attributes:
        peer: Who took it.
        is_told: Whether the process was told to stop.
    """

    attempt: Attempt
    peer: Peer
    is_told: bool = False
    streamed_bytes: int = 0


@dataclass(slots=True, eq=False)
class Process:
    """A process outside, as its calls show it.

    Attributes:
        heard_s: When it made its last call.
        peers: Its connections, as of its last call that was no ping.
        left_s: Since when it is known to have closed all of them.
        has_stop_channel: Whether it polls for stop signals, and so always has a connection.
    """

    worker: Worker
    heard_s: float
    heartbeat: Heartbeat = field(default_factory=Heartbeat)
    peers: set[Peer] = field(default_factory=set)
    left_s: float | None = None
    has_stop_channel: bool = False
    polls: list[Poll] = field(default_factory=list)
    stop_polls: list[asyncio.Event] = field(default_factory=list)
    held: dict[str, Held] = field(default_factory=dict)

    def call(self, peer: Peer, now_s: float) -> None:
        """It makes a call."""
        self.heard_s, self.left_s = now_s, None
        self.peers = {one for one in self.peers if one.is_connected} | {peer}

    def ping(self, now_s: float) -> None:
        """It sends a heartbeat."""
        self.heard_s = now_s
        self.heartbeat.beat(now_s)

    def count_asks(self) -> None:
        """Tell the fleet how many jobs it asks for."""
        self.worker.asks = sum(poll.left for poll in self.polls)

    def stopped(self) -> list[str]:
        """Jobs that it has been, or is to be, told to stop."""
        return [job_id for job_id, held in self.held.items() if held.attempt.is_stopped]

    def summary(self) -> dict[str, Any]:
        """What it is at, and what it is told to stop."""
        stopping = self.stopped()
        jobs = [job_id for job_id in self.held if job_id not in stopping]
        return {
            "worker": self.worker.id,
            "endpoint": self.worker.endpoint,
            "jobs": jobs,
            "stopping": stopping,
        }

    def look(self, now_s: float) -> None:
        """Note whether it has closed its connections."""
        if self.left_s is None and self.has_stop_channel and all(peer.has_left for peer in self.peers):
            self.left_s = now_s

    def is_gone(self, now_s: float) -> bool:
        """Whether it does not live any more."""
        is_working = any(not held.attempt.is_stopped for held in self.held.values())
        is_here = is_working or self.polls or self.stop_polls
        is_silent = not is_here and now_s - self.heard_s > SILENT_AFTER_S
        has_left = self.left_s is not None and now_s - self.left_s >= GONE_AFTER_S
        return has_left or is_silent or self.heartbeat.is_missing(now_s)
