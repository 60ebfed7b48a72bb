"""Deployments, their events and the host names that lead to them."""

import json
import string
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from fakes.kit.clock import Clock
from fakes.kit.ids import Ids
from fakes.kit.store import Store
from fakes.vercel import errors, hostnames
from fakes.vercel.life import ReadyState, Times, state_at
from fakes.vercel.state.projects import Project

SCHEMA = """
CREATE TABLE deployments (
    id TEXT PRIMARY KEY, host TEXT NOT NULL UNIQUE, project_id TEXT NOT NULL, name TEXT NOT NULL,
    target TEXT, environment_id TEXT, branch TEXT, sha TEXT, meta TEXT NOT NULL, git_source TEXT,
    source TEXT, has_files INTEGER NOT NULL,
    created_s REAL NOT NULL, initializing_s REAL NOT NULL, building_s REAL NOT NULL, ready_s REAL NOT NULL,
    told TEXT, outcome TEXT, ended_s REAL, error TEXT, site_url TEXT,
    assigned_s REAL, substate TEXT, is_settled INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX deployments_of_project ON deployments (project_id, created_s);
CREATE TABLE events (
    number INTEGER PRIMARY KEY, deployment_id TEXT NOT NULL, at_s REAL NOT NULL, type TEXT NOT NULL,
    text TEXT NOT NULL
);
CREATE INDEX events_of_deployment ON events (deployment_id);
CREATE TABLE aliases (
    alias TEXT PRIMARY KEY, uid TEXT NOT NULL, deployment_id TEXT NOT NULL, project_id TEXT NOT NULL,
    created_s REAL NOT NULL
);
"""
Substate = Literal["STAGED", "ROLLING", "PROMOTED"]
_MARK = string.ascii_lowercase + string.digits
_ID = string.ascii_letters + string.digits


@dataclass(frozen=True, slots=True)
class Draft:
    """A deployment that was asked for.

    Attributes:
        target: `production`, or None for a preview.
        environment_id: Its custom environment.
        meta: What it was given, and what is known of the commit, as texts.
    """

    name: str
    target: str | None
    environment_id: str | None
    branch: str | None
    sha: str | None
    meta: Mapping[str, str]
    git_source: Mapping[str, Any] | None
    source: str | None
    has_files: bool


@dataclass(frozen=True, slots=True)
class Deployment:
    """A deployment as it stands now.

    Attributes:
        host: Its own host name, which never leads anywhere else.
        error: Why it failed.
        site_url: Where it is really reached, when its files are not served here.
        assigned_s: When host names were pointed at it.
    """

    id: str
    host: str
    project_id: str
    draft: Draft
    times: Times
    state: ReadyState
    error: str | None
    site_url: str | None
    assigned_s: float | None
    substate: Substate | None
    is_settled: bool

    @property
    def environment(self) -> str:
        """The word for where it is deployed: `production` or `preview`."""
        return self.draft.target or "preview"


@dataclass(frozen=True, slots=True)
class Event:
    """A line of a deployment's log."""

    number: int
    at_s: float
    type: str
    text: str


@dataclass(frozen=True, slots=True)
class Alias:
    """A host name that leads to a deployment."""

    alias: str
    uid: str
    deployment_id: str
    project_id: str
    created_s: float


@dataclass(frozen=True, slots=True)
class Filter:
    """Which deployments of a list are asked for; None is any."""

    project_ids: Sequence[str]
    target: str | None = None
    branch: str | None = None
    sha: str | None = None
    states: Sequence[str] = ()
    meta: Sequence[tuple[str, str]] = ()
    until_s: float | None = None


class Deployments:
    """All deployments of all projects."""

    def __init__(self, store: Store, clock: Clock, ids: Ids) -> None:
        self._store = store
        self._clock = clock
        self._ids = ids

    def new_id(self) -> str:
        """An id that no deployment has."""
        return self._store.unused("deployments", "id", lambda: f"dpl_{self._ids.text(28, _ID)}")

    def add(
        self, deployment_id: str, project: Project, draft: Draft, times: Times, told: ReadyState | None
    ) -> Deployment:
        """Begin a deployment; with `told` it waits to be told how it goes on."""
        host = self._store.unused(
            "deployments",
            "host",
            lambda: hostnames.unique(project.name, self._ids.text(9, _MARK), project.team.slug),
        )
        git_source = None if draft.git_source is None else json.dumps(draft.git_source)
        row = (
            *(deployment_id, host, project.id, draft.name, draft.target, draft.environment_id),
            *(draft.branch, draft.sha, json.dumps(draft.meta), git_source, draft.source, draft.has_files),
            *(times.created_s, times.initializing_s, times.building_s, times.ready_s, told),
        )
        columns = "id, host, project_id, name, target, environment_id, branch, sha, meta, git_source, source"
        columns += ", has_files, created_s, initializing_s, building_s, ready_s, told"
        marks = ", ".join("?" * len(row))
        self._store.execute(f"INSERT INTO deployments ({columns}) VALUES ({marks})", row)  # noqa: S608 - own names
        return self.existing(deployment_id)

    def find(self, name: str) -> Deployment | None:
        """A deployment by its id, its host name or a host name that leads to it."""
        row = self._store.one("SELECT * FROM deployments WHERE id = ? OR host = ?", (name, name))
        if row is not None:
            return self._deployment(row)
        alias = self.alias(name)
        return None if alias is None else self.existing(alias.deployment_id)

    def existing(self, deployment_id: str) -> Deployment:
        """A deployment that is known to be there."""
        row = self._store.one("SELECT * FROM deployments WHERE id = ?", (deployment_id,))
        if row is None:
            raise errors.deployment_not_found(deployment_id)
        return self._deployment(row)

    def matching(self, asked: Filter) -> list[Deployment]:
        """Deployments, newest first."""
        marks = ", ".join("?" * len(asked.project_ids))
        rows = self._store.all(
            f"SELECT * FROM deployments WHERE project_id IN ({marks}) ORDER BY created_s DESC, rowid DESC",  # noqa: S608
            tuple(asked.project_ids),
        )
        return [one for one in map(self._deployment, rows) if _fits(one, asked)]

    def unsettled(self) -> list[Deployment]:
        """Deployments of which nothing has followed from their end yet, oldest first."""
        rows = self._store.all("SELECT * FROM deployments WHERE is_settled = 0 ORDER BY created_s, rowid")
        return [self._deployment(row) for row in rows]

    def settle(self, deployment: Deployment) -> None:
        """Note that all has followed from its end."""
        self._store.execute("UPDATE deployments SET is_settled = 1 WHERE id = ?", (deployment.id,))

    def assigned(self, deployment: Deployment, substate: Substate | None) -> None:
        """Note that host names were pointed at it."""
        self._store.execute(
            "UPDATE deployments SET assigned_s = ?, substate = ? WHERE id = ?",
            (self._clock.now(), substate, deployment.id),
        )

    def end(self, deployment: Deployment, outcome: ReadyState, why: str | None = None) -> None:
        """End a deployment otherwise than by its time."""
        self._store.execute(
            "UPDATE deployments SET outcome = ?, ended_s = ?, error = ? WHERE id = ?",
            (outcome, self._clock.now(), why, deployment.id),
        )

    def tell(self, deployment: Deployment, state: ReadyState, url: str | None) -> None:
        """Note how far it has come, as whoever carries it out says."""
        column = {"INITIALIZING": "initializing_s", "BUILDING": "building_s", "READY": "ready_s"}.get(state)
        self._store.execute(
            "UPDATE deployments SET told = ?, site_url = coalesce(?, site_url) WHERE id = ?",
            (state, url, deployment.id),
        )
        if column is not None:
            self._store.execute(
                f"UPDATE deployments SET {column} = ? WHERE id = ?",  # noqa: S608 - own names
                (self._clock.now(), deployment.id),
            )

    def remove(self, deployment: Deployment) -> None:
        """Delete a deployment with all that leads to it."""
        with self._store.transaction():
            self._store.execute("DELETE FROM deployments WHERE id = ?", (deployment.id,))
            self._store.execute("DELETE FROM aliases WHERE deployment_id = ?", (deployment.id,))
            self._store.execute("DELETE FROM events WHERE deployment_id = ?", (deployment.id,))

    def log(self, deployment: Deployment, kind: str, *lines: str) -> None:
        """Add lines to its log."""
        now = self._clock.now()
        self._store.execute_many(
            "INSERT INTO events (deployment_id, at_s, type, text) VALUES (?, ?, ?, ?)",
            [(deployment.id, now, kind, line) for line in lines],
        )

    def events(self, deployment: Deployment, after: int = 0) -> list[Event]:
        """Its log from a line on."""
        rows = self._store.all(
            "SELECT number, at_s, type, text FROM events"
            " WHERE deployment_id = ? AND number > ? ORDER BY number",
            (deployment.id, after),
        )
        return [Event(**dict(row)) for row in rows]

    def alias(self, name: str) -> Alias | None:
        """A host name by itself or its uid."""
        row = self._store.one("SELECT * FROM aliases WHERE alias = ? OR uid = ?", (name, name))
        return None if row is None else Alias(**dict(row))

    def aliases(self, project_ids: Sequence[str]) -> list[Alias]:
        """The host names of projects, newest first."""
        marks = ", ".join("?" * len(project_ids))
        rows = self._store.all(
            f"SELECT * FROM aliases WHERE project_id IN ({marks}) ORDER BY created_s DESC, rowid DESC",  # noqa: S608
            tuple(project_ids),
        )
        return [Alias(**dict(row)) for row in rows]

    def aliases_of(self, deployment: Deployment) -> list[Alias]:
        """The host names that lead to a deployment."""
        rows = self._store.all(
            "SELECT * FROM aliases WHERE deployment_id = ? ORDER BY created_s, rowid", (deployment.id,)
        )
        return [Alias(**dict(row)) for row in rows]

    def point(self, name: str, deployment: Deployment) -> Alias:
        """Let a host name lead to a deployment."""
        former = self.alias(name)
        uid = former.uid if former else self._ids.text(20)
        row = (name, uid, deployment.id, deployment.project_id, self._clock.now())
        self._store.execute("INSERT OR REPLACE INTO aliases VALUES (?, ?, ?, ?, ?)", row)
        return Alias(*row)

    def unpoint(self, alias: Alias) -> None:
        """Let a host name lead nowhere."""
        self._store.execute("DELETE FROM aliases WHERE alias = ?", (alias.alias,))

    def _deployment(self, row: Any) -> Deployment:
        git_source = json.loads(row["git_source"] or "null")
        draft = Draft(
            *(row["name"], row["target"], row["environment_id"], row["branch"], row["sha"]),
            *(json.loads(row["meta"]), git_source, row["source"], bool(row["has_files"])),
        )
        times = Times(row["created_s"], row["initializing_s"], row["building_s"], row["ready_s"])
        state: ReadyState = row["outcome"] or row["told"] or state_at(times, self._clock.now())
        return Deployment(
            id=row["id"],
            host=row["host"],
            project_id=row["project_id"],
            draft=draft,
            times=times,
            state=state,
            error=row["error"],
            site_url=row["site_url"],
            assigned_s=row["assigned_s"],
            substate=row["substate"],
            is_settled=bool(row["is_settled"]),
        )


def _fits(one: Deployment, asked: Filter) -> bool:
    """Whether a deployment is asked for, its project aside."""
    if asked.target is not None and asked.target != one.environment:
        return False
    if asked.until_s is not None and one.times.created_s >= asked.until_s:
        return False
    if asked.states and one.state not in asked.states:
        return False
    if asked.branch not in (None, one.draft.branch) or asked.sha not in (None, one.draft.sha):
        return False
    return all(one.draft.meta.get(name) == value for name, value in asked.meta)
