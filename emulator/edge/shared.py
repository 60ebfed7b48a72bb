"""What all connections of the edge share."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from emulator.edge.journal import Journal
from emulator.edge.routes import Routes
from emulator.edge.settings import Limits
from emulator.edge.upstream import Upstreams


class Sweepable(Protocol):
    """A client's connection, as the one who looks after all of them sees it."""

    def sweep(self, now_s: float) -> None:
        """End what took too long."""

    def stop(self) -> None:
        """End it once what is under way is over."""

    def abort(self) -> None:
        """End it at once."""


@dataclass(slots=True)
class Shared:
    """The tables, the journal, the limits and the clocks."""

    loop: asyncio.AbstractEventLoop
    routes: Routes
    journal: Journal
    limits: Limits
    domain: str
    wall_s: Callable[[], float]
    """Unix time."""
    upstreams: Upstreams = field(default_factory=Upstreams)
    clients: set[Sweepable] = field(default_factory=set)
    random_hex: Callable[[int], str] = secrets.token_hex
    is_stopping: bool = False
