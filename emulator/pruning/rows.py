"""Old rows of ClipNET's database: clips, what ClipBOT was told, runs of jobs, orders that were carried out.

A clip is old when it has ended (ready or failed) and nothing has happened to it, to its posts, votes and
commands since; one that a channel cuts from stays. Each statement that removes asks the same once more.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from emulator.errors import ConfigurationRefused
from emulator.pruning.item import Item

if TYPE_CHECKING:
    from asyncpg import Connection

_LOOKED_BACK_S = 86_400
"""The worker looks for jobs that Redis lost in the outbox of the last day."""

_OLD_CLIP = """
    c.state IN ('ready', 'failed') AND c.created_at < $1 AND c.updated_at < $1
    AND NOT EXISTS (SELECT FROM posts p WHERE p.clip_id = c.id
          AND (p.state IN ('queued', 'posting', 'delayed') OR p.created_at >= $1 OR p.posted_at >= $1))
    AND NOT EXISTS (SELECT FROM votes v WHERE v.clip_id = c.id AND v.updated_at >= $1)
    AND NOT EXISTS (SELECT FROM bot_events e WHERE e.clip_id = c.id
          AND (e.state = 'received' OR e.received_at >= $1))
    AND NOT EXISTS (SELECT FROM bot_channels b WHERE strpos(b.settings::text, c.id::text) > 0)
"""
_OLD_EVENT = "e.state <> 'received' AND e.received_at < $1"
_OLD_RUN = "r.finished_at < $1"
_OLD_ORDER = "o.sent_at < $1 AND o.created_at < $2"

_CLIPS = f"""
SELECT c.id::text, c.title, c.state, extract(epoch FROM c.updated_at)::float8 AS at_s
  FROM clips c WHERE {_OLD_CLIP} ORDER BY c.updated_at, c.id
"""  # noqa: S608 - constants of this file
_EVENTS = f"""
SELECT e.id::text, e.platform, coalesce(e.command, e.kind) AS what,
       extract(epoch FROM e.received_at)::float8 AS at_s
  FROM bot_events e WHERE {_OLD_EVENT} ORDER BY e.received_at, e.id
"""  # noqa: S608 - constants of this file
_RUNS = f"""
SELECT r.id::text, r.job_id AS what, r.clip_id::text AS clip,
       extract(epoch FROM r.finished_at)::float8 AS at_s
  FROM job_runs r WHERE {_OLD_RUN} OR (r.clip_id = ANY ($2::uuid[]) AND r.finished_at IS NOT NULL)
 ORDER BY r.id
"""  # noqa: S608 - constants of this file
_ORDERS = f"""
SELECT o.id::text, o.job_id AS what, extract(epoch FROM o.sent_at)::float8 AS at_s
  FROM outbox o WHERE {_OLD_ORDER} ORDER BY o.id
"""  # noqa: S608 - constants of this file
_POSTS = (
    "SELECT p.platform, p.external_id, p.idempotency_key, p.clip_id::text AS of FROM posts p"
    " WHERE p.clip_id = ANY ($1::uuid[])"
    " UNION ALL SELECT e.platform, a.external_id, NULL, e.id::text FROM bot_answers a"
    " JOIN bot_events e ON e.id = a.event_id WHERE e.id = ANY ($2::uuid[])"
)
_KNOWN = "SELECT c.id::text FROM clips c WHERE c.id = ANY ($1::uuid[])"
_REMOVALS: Mapping[str, tuple[str, Callable[[str], object]]] = {
    "clip": (
        f"DELETE FROM clips c WHERE c.id = ANY ($2::uuid[]) AND {_OLD_CLIP} RETURNING c.id::text",  # noqa: S608 - constants of this file
        str,
    ),
    "event": (
        f"DELETE FROM bot_events e WHERE e.id = ANY ($2::uuid[]) AND {_OLD_EVENT} RETURNING e.id::text",  # noqa: S608 - constants of this file
        str,
    ),
    "run": (
        "DELETE FROM job_runs r WHERE r.id = ANY ($2::bigint[]) AND (r.finished_at < $1 OR NOT EXISTS"
        " (SELECT FROM clips c WHERE c.id = r.clip_id)) RETURNING r.id::text",
        int,
    ),
    "order": (
        "DELETE FROM outbox o WHERE o.id = ANY ($2::bigint[]) AND o.sent_at < $1 RETURNING o.id::text",
        int,
    ),
}
"""Kind of item -> the statement that removes those that are still old ($1), and what its ids ($2) are."""


@dataclass(frozen=True, slots=True)
class Sent:
    """What a row says that a platform received; `of` is the clip or event that the row goes with."""

    platform: str
    external_id: str | None
    key: str | None
    of: str


async def check(database: Connection) -> None:
    """Look whether the database holds ClipNET's tables.

    Raises:
        ConfigurationRefused: It does not.
    """
    wanted = ("clips", "posts", "votes", "bot_events", "bot_answers", "bot_channels", "job_runs", "outbox")
    found = await database.fetch(
        "SELECT c.relname FROM pg_class c WHERE c.oid = ANY"
        " (SELECT to_regclass('public.' || name) FROM unnest($1::text[]) AS name)",
        wanted,
    )
    missing = sorted(set(wanted) - {row["relname"] for row in found})
    if missing:
        raise ConfigurationRefused(
            f"the database has no table {', '.join(missing)}: what is old in it is not known here",
            "put everything back instead with: clipnet-emulate reset",
        )


async def clips(database: Connection, before_s: float, busy: Collection[str]) -> dict[str, Item]:
    """Return the old clips by their ids, without those that a job is about."""
    found = await database.fetch(_CLIPS, _at(before_s))
    return {
        row["id"]: Item("clip", row["id"], row["at_s"], what=f"{row['title']} ({row['state']})")
        for row in found
        if row["id"] not in busy
    }


async def others(database: Connection, before_s: float, now_s: float, clips: Collection[str]) -> list[Item]:
    """Return old events, the runs of jobs and the orders of the outbox that go beside these clips."""
    at = _at(before_s)
    events = await database.fetch(_EVENTS, at)
    runs = await database.fetch(_RUNS, at, list(clips))
    orders = await database.fetch(_ORDERS, at, _at(min(before_s, now_s - _LOOKED_BACK_S)))
    return [
        *(Item("event", row["id"], row["at_s"], what=f"{row['platform']} {row['what']}") for row in events),
        *(
            Item(
                "run",
                row["id"],
                row["at_s"],
                what=row["what"],
                of=row["clip"] if row["clip"] in clips else None,
            )
            for row in runs
        ),
        *(Item("order", row["id"], row["at_s"], what=row["what"]) for row in orders),
    ]


async def sent(database: Connection, clips: Collection[str], events: Collection[str]) -> list[Sent]:
    """Return what was sent to platforms for these clips, and in answer to these events."""
    rows = await database.fetch(_POSTS, list(clips), list(events))
    return [Sent(row["platform"], row["external_id"], row["idempotency_key"], row["of"]) for row in rows]


async def known(database: Connection, ids: Collection[str]) -> set[str]:
    """Return which of these are clips."""
    return {row["id"] for row in await database.fetch(_KNOWN, list(ids))}


async def remove(database: Connection, items: Sequence[Item], before_s: float) -> set[tuple[str, str]]:
    """Remove rows, all or none; return kind and id of those that are gone: others have changed meanwhile."""
    at = _at(before_s)
    gone: set[tuple[str, str]] = set()
    async with database.transaction():
        for kind, (statement, kind_of_id) in _REMOVALS.items():
            ids = [kind_of_id(item.id) for item in items if item.kind == kind]
            rows = await database.fetch(statement, at, ids) if ids else []
            gone |= {(kind, row["id"]) for row in rows}
    return gone


def _at(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
