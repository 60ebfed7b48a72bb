"""What a platform's fake wants to be carried out. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

RESET = "reset"
"""The action that says: everything that was deployed is forgotten."""


@dataclass(frozen=True, slots=True)
class Order:
    """One order.

    Attributes:
        action: deploy, redeploy, rollback, promote, restart, stop, cancel or reset.
        commit: All digits of the commit; None for files that were uploaded.
        ref: Branch that the commit is of, where that is known.
        author: Who made the commit, where that is known.
    """

    number: int
    platform: str
    action: str
    project: str
    service: str
    environment: str
    deployment: str
    commit: str | None
    ref: str | None
    author: str | None
    has_files: bool

    @property
    def actor(self) -> str:
        """Who is said to have asked for it."""
        return f"{self.platform}, {self.author}" if self.author else self.platform


def read(body: Mapping[str, Any]) -> Order:
    """Read an order as a fake tells it."""
    commit: Mapping[str, Any] = body["commit"] or {}
    return Order(
        number=int(body["number"]),
        platform=body["platform"],
        action=body["action"],
        project=body["project"],
        service=body["service"],
        environment=body["environment"],
        deployment=body["deployment"],
        commit=commit.get("sha") or None,
        ref=commit.get("ref") or commit.get("branch") or None,
        author=commit.get("author") or None,
        has_files=bool(body["has_files"]),
    )
