"""One thing that is old: what the dry run lists, and what the real run removes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

KINDS: Mapping[str, tuple[str, str]] = {
    "clip": ("clip", "clips"),
    "event": ("command of ClipBOT", "commands of ClipBOT"),
    "run": ("run of a job", "runs of jobs"),
    "order": ("order of the outbox", "orders of the outbox"),
    "upload": ("upload", "uploads"),
    "asset": ("asset", "assets"),
    "job": ("finished job", "finished jobs"),
    "post": ("post", "posts"),
    "release": ("release", "releases"),
    "log": ("log", "logs"),
}
"""Kind -> what one and many of it are called; in the order in which they are removed."""


@dataclass(frozen=True, slots=True)
class Item:
    """One thing that goes.

    Attributes:
        kind: One of `KINDS`.
        id: What it is found by: of an asset `<resource type>/<public id>`, of a job `<queue>/<id>`, of a post
            `<fake>/<id>`, else its own.
        at_s: When something last happened to it, in unix seconds.
        bytes: What it takes on disk, 0 where that is not known.
        what: What a person knows it by.
        of: The clip or event that it goes with; it stays when that turns out to have changed meanwhile.
    """

    kind: str
    id: str
    at_s: float
    bytes: int = 0
    what: str = ""
    of: str | None = None

    def public(self) -> dict[str, Any]:
        """Return the item as plain values."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Pruning:
    """What is old, or was removed as such; `kept` are those that had changed when their turn came."""

    before_s: float
    items: tuple[Item, ...]
    kept: tuple[Item, ...] = field(default=())

    def public(self) -> dict[str, Any]:
        """Return the pruning as plain values, with counts and bytes of each kind."""
        return {
            "before_s": self.before_s,
            "count": len(self.items),
            "bytes": sum(item.bytes for item in self.items),
            "kinds": totals(self.items),
            "items": [item.public() for item in self.items],
            "kept": [item.public() for item in self.kept],
        }


def totals(items: Iterable[Item]) -> dict[str, dict[str, int]]:
    """Return count and bytes of each kind that there is, in the order of `KINDS`."""
    found = {kind: {"count": 0, "bytes": 0} for kind in KINDS}
    for item in items:
        found[item.kind]["count"] += 1
        found[item.kind]["bytes"] += item.bytes
    return {kind: total for kind, total in found.items() if total["count"]}
