"""What the agent needs of the stack: the one who puts releases into service."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

OnMessage = Callable[[Mapping[str, Any]], None]
"""Told how it goes, in the messages of the control socket: `queued`, `deployment`, `step`, `line`."""


@dataclass(frozen=True, slots=True)
class Site:
    """A frontend that a platform serves itself.

    Attributes:
        address: `host:port` at which the edge reaches it.
        host: What the Host header says there.
        deployment: Its id at the platform.
        commit: All digits of the commit that it was made of, where that is known.
        version: What its config.json says that it is, where it says that.
    """

    address: str
    host: str
    deployment: str
    commit: str | None
    version: str | None = None


class Engine(Protocol):
    """Puts releases into service; one after another, whoever asks. Being cancelled ends what was asked for.

    All raise EmulatorError when it fails; everything is as before then.
    """

    async def deploy(
        self, source: Path, ref: str, services: Sequence[str], actor: str, on_message: OnMessage
    ) -> None:
        """Make a release of a commit and let these services be of it."""
        ...

    async def rollback(self, commit: str, services: Sequence[str], actor: str, on_message: OnMessage) -> None:
        """Let these services be of the release of a commit that served before."""
        ...

    async def restart(self, service: str, actor: str, on_message: OnMessage) -> None:
        """Start a service anew, of the release that it is of."""
        ...

    async def show(self, site: Site | None, actor: str) -> None:
        """Lead the frontend's public address to a site; None leads it to the web service again."""
        ...
