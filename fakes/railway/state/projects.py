"""Workspaces with projects, environments and services, and the instances of services in environments."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from sqlite3 import Row
from typing import Any, TypeVar

from fakes.kit.kit import Kit
from fakes.railway import errors

SCHEMA = """
CREATE TABLE workspaces (
    id TEXT PRIMARY KEY, name TEXT NOT NULL, plan TEXT NOT NULL, is_production INTEGER NOT NULL,
    created_s REAL NOT NULL
);
CREATE TABLE projects (
    id TEXT PRIMARY KEY, workspace_id TEXT NOT NULL, name TEXT NOT NULL, description TEXT,
    is_public INTEGER NOT NULL, pr_deploys INTEGER NOT NULL, base_environment_id TEXT,
    is_production INTEGER NOT NULL, created_s REAL NOT NULL, updated_s REAL NOT NULL
);
CREATE TABLE environments (
    id TEXT PRIMARY KEY, project_id TEXT NOT NULL, name TEXT NOT NULL, is_ephemeral INTEGER NOT NULL,
    source_id TEXT, created_s REAL NOT NULL, updated_s REAL NOT NULL, UNIQUE (project_id, name)
);
CREATE TABLE services (
    id TEXT PRIMARY KEY, project_id TEXT NOT NULL, name TEXT NOT NULL, icon TEXT,
    created_s REAL NOT NULL, updated_s REAL NOT NULL, UNIQUE (project_id, name)
);
CREATE TABLE instances (
    id TEXT PRIMARY KEY, service_id TEXT NOT NULL, environment_id TEXT NOT NULL, config TEXT NOT NULL,
    created_s REAL NOT NULL, updated_s REAL NOT NULL, UNIQUE (service_id, environment_id)
)
"""
_DEFAULTS: Mapping[str, Any] = {
    "builder": "RAILPACK",
    "restartPolicyType": "ON_FAILURE",
    "restartPolicyMaxRetries": 10,
    "numReplicas": 1,
    "region": "us-west2",
    "sleepApplication": False,
    "watchPatterns": [],
    "healthcheckTimeout": 300,
}


@dataclass(frozen=True, slots=True)
class Workspace:
    """Who pays; `plan` is FREE, HOBBY or PRO."""

    id: str
    name: str
    plan: str
    is_production: bool
    created_s: float


@dataclass(frozen=True, slots=True)
class Project:
    """One project; production's is a tripwire."""

    id: str
    workspace_id: str
    name: str
    description: str | None
    is_public: bool
    pr_deploys: bool
    base_environment_id: str | None
    is_production: bool
    created_s: float
    updated_s: float


@dataclass(frozen=True, slots=True)
class Environment:
    """One environment of a project; `source_id` is the one that it was forked from."""

    id: str
    project_id: str
    name: str
    is_ephemeral: bool
    source_id: str | None
    created_s: float
    updated_s: float


@dataclass(frozen=True, slots=True)
class Service:
    """One service of a project."""

    id: str
    project_id: str
    name: str
    icon: str | None
    created_s: float
    updated_s: float


@dataclass(frozen=True, slots=True)
class Instance:
    """A service in an environment.

    Attributes:
        config: How it is built and run, by the names of `ServiceInstanceUpdateInput`; `source` is
            `{"repo", "image"}`, `branch` the branch that it follows.
    """

    id: str
    service_id: str
    environment_id: str
    config: Mapping[str, Any]
    created_s: float
    updated_s: float

    @property
    def repo(self) -> str | None:
        """The repository that it is built from, as `owner/name`."""
        return (self.config.get("source") or {}).get("repo")

    @property
    def branch(self) -> str | None:
        """The branch that it follows."""
        return self.config.get("branch")


_Record = TypeVar("_Record", Workspace, Project, Environment, Service)


class Projects:
    """All projects and what is in them.

    Args:
        kit: Clock, ids and store.
    """

    def __init__(self, kit: Kit) -> None:
        self._kit = kit

    def add_workspace(self, workspace: Workspace) -> None:
        """Add one."""
        values = (workspace.id, workspace.name, workspace.plan, workspace.is_production, workspace.created_s)
        self._kit.store.execute("INSERT INTO workspaces VALUES (?, ?, ?, ?, ?)", values)

    def workspace(self, workspace_id: str | None) -> Workspace | None:
        """The workspace of this id."""
        return _record(Workspace, self._one("workspaces", workspace_id))

    def project(self, project_id: str | None) -> Project | None:
        """The project of this id."""
        return _record(Project, self._one("projects", project_id))

    def environment(self, environment_id: str | None) -> Environment | None:
        """The environment of this id."""
        return _record(Environment, self._one("environments", environment_id))

    def service(self, service_id: str | None) -> Service | None:
        """The service of this id."""
        return _record(Service, self._one("services", service_id))

    def instance(self, service_id: str, environment_id: str) -> Instance | None:
        """A service in an environment."""
        return _instance(
            self._kit.store.one(
                "SELECT * FROM instances WHERE service_id = ? AND environment_id = ?",
                (service_id, environment_id),
            )
        )

    def of_workspace(self, workspace_id: str) -> list[Project]:
        """Its projects, oldest first."""
        return _records(Project, self._all("projects", "workspace_id", workspace_id))

    def environments(self, project_id: str) -> list[Environment]:
        """A project's environments, oldest first."""
        return _records(Environment, self._all("environments", "project_id", project_id))

    def services(self, project_id: str) -> list[Service]:
        """A project's services, oldest first."""
        return _records(Service, self._all("services", "project_id", project_id))

    def instances_of(self, service_id: str) -> list[Instance]:
        """A service in all its environments."""
        return _instances(self._all("instances", "service_id", service_id))

    def instances_in(self, environment_id: str) -> list[Instance]:
        """All services of an environment."""
        return _instances(self._all("instances", "environment_id", environment_id))

    def following(self, repo: str, branch: str) -> list[Instance]:
        """Instances that are deployed when something is pushed to a branch."""
        rows = self._kit.store.all(
            "SELECT * FROM instances WHERE json_extract(config, '$.source.repo') = ?"
            " AND json_extract(config, '$.branch') = ? ORDER BY rowid",
            (repo, branch),
        )
        return _instances(rows)

    def create(self, project: Project) -> Project:
        """Add a project."""
        self._kit.store.execute(
            "INSERT INTO projects VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                project.id,
                project.workspace_id,
                project.name,
                project.description,
                project.is_public,
                project.pr_deploys,
                project.base_environment_id,
                project.is_production,
                project.created_s,
                project.updated_s,
            ),
        )
        return project

    def new(self, workspace_id: str, given: Mapping[str, Any]) -> Project:
        """Make a project of `ProjectCreateInput`, with its first environment."""
        now, project_id = self._kit.clock.now(), self._unused("projects")
        environment = self.add_environment(project_id, given.get("defaultEnvironmentName") or "production")
        return self.create(
            Project(
                project_id,
                workspace_id,
                given.get("name") or f"project-{self._kit.ids.hex(6)}",
                given.get("description"),
                bool(given.get("isPublic")),
                bool(given.get("prDeploys")),
                environment.id,
                False,
                now,
                now,
            )
        )

    def update(self, project_id: str, given: Mapping[str, Any]) -> None:
        """Change a project by `ProjectUpdateInput`."""
        columns = {
            "name": "name",
            "description": "description",
            "isPublic": "is_public",
            "prDeploys": "pr_deploys",
            "baseEnvironmentId": "base_environment_id",
        }
        self._set("projects", project_id, {columns[name]: value for name, value in given.items()})

    def add_environment(
        self, project_id: str, name: str, *, source: Environment | None = None, is_ephemeral: bool = False
    ) -> Environment:
        """Add an environment; one with a source has the same services.

        Raises:
            ProviderError: The project has an environment of this name.
        """
        if any(one.name == name for one in self.environments(project_id)):
            raise errors.refused(f'Environment with name "{name}" already exists in this project')  # guess
        now, made = self._kit.clock.now(), self._unused("environments")
        source_id = source.id if source else None
        self._kit.store.execute(
            "INSERT INTO environments VALUES (?, ?, ?, ?, ?, ?, ?)",
            (made, project_id, name, is_ephemeral, source_id, now, now),
        )
        for one in self.instances_in(source.id) if source else ():
            self.add_instance(one.service_id, made, one.config)
        return Environment(made, project_id, name, is_ephemeral, source_id, now, now)

    def rename_environment(self, environment_id: str, name: str) -> None:
        """Give it another name."""
        self._set("environments", environment_id, {"name": name})

    def add_service(self, project_id: str, name: str, icon: str | None = None) -> Service:
        """Add a service, which is in no environment yet.

        Raises:
            ProviderError: The project has a service of this name.
        """
        if any(one.name == name for one in self.services(project_id)):
            raise errors.refused(f'A service named "{name}" already exists in this project')  # guess: wording
        now, made = self._kit.clock.now(), self._unused("services")
        values = (made, project_id, name, icon, now, now)
        self._kit.store.execute("INSERT INTO services VALUES (?, ?, ?, ?, ?, ?)", values)
        return Service(made, project_id, name, icon, now, now)

    def update_service(self, service_id: str, given: Mapping[str, Any]) -> None:
        """Change name or icon."""
        self._set("services", service_id, given)

    def add_instance(self, service_id: str, environment_id: str, config: Mapping[str, Any]) -> Instance:
        """Put a service into an environment."""
        now, made = self._kit.clock.now(), self._unused("instances")
        whole = {**_DEFAULTS, **config}
        self._kit.store.execute(
            "INSERT INTO instances VALUES (?, ?, ?, ?, ?, ?)",
            (made, service_id, environment_id, json.dumps(whole), now, now),
        )
        return Instance(made, service_id, environment_id, whole, now, now)

    def configure(self, instance: Instance, given: Mapping[str, Any]) -> None:
        """Change how an instance is built and run."""
        config = json.dumps({**instance.config, **given})
        self._set("instances", instance.id, {"config": config})

    def remove_instance(self, instance_id: str) -> None:
        """Take a service out of an environment."""
        self._kit.store.execute("DELETE FROM instances WHERE id = ?", (instance_id,))

    def remove_service(self, service_id: str) -> None:
        """Delete a service with its instances."""
        self._kit.store.execute("DELETE FROM instances WHERE service_id = ?", (service_id,))
        self._kit.store.execute("DELETE FROM services WHERE id = ?", (service_id,))

    def remove_environment(self, environment_id: str) -> None:
        """Delete an environment with its instances."""
        self._kit.store.execute("DELETE FROM instances WHERE environment_id = ?", (environment_id,))
        self._kit.store.execute("DELETE FROM environments WHERE id = ?", (environment_id,))

    def remove(self, project_id: str) -> None:
        """Delete a project with all that is in it."""
        for service in self.services(project_id):
            self.remove_service(service.id)
        self._kit.store.execute("DELETE FROM environments WHERE project_id = ?", (project_id,))
        self._kit.store.execute("DELETE FROM projects WHERE id = ?", (project_id,))

    def _unused(self, table: str) -> str:
        return self._kit.store.unused(table, "id", self._kit.ids.uuid)

    def _set(self, table: str, row_id: str, values: Mapping[str, Any]) -> None:
        changed = {**values, "updated_s": self._kit.clock.now()}
        columns = ", ".join(f"{name} = ?" for name in changed)
        self._kit.store.execute(
            f"UPDATE {table} SET {columns} WHERE id = ?",  # noqa: S608 - own names
            (*changed.values(), row_id),
        )

    def _one(self, table: str, row_id: str | None) -> Row | None:
        return self._kit.store.one(f"SELECT * FROM {table} WHERE id = ?", (row_id,))  # noqa: S608 - own names

    def _all(self, table: str, column: str, value: str) -> list[Row]:
        return self._kit.store.all(
            f"SELECT * FROM {table} WHERE {column} = ? ORDER BY rowid",  # noqa: S608 - own names
            (value,),
        )


def _record(kind: type[_Record], row: Row | None) -> _Record | None:
    if row is None:
        return None
    values: dict[str, Any] = {name: row[name] for name in row.keys()}  # noqa: SIM118 - a Row is no dict
    flags = ("is_production", "is_public", "pr_deploys", "is_ephemeral")
    return kind(**values | {name: bool(values[name]) for name in flags if name in values})


def _records(kind: type[_Record], rows: Sequence[Row]) -> list[_Record]:
    return [one for one in (_record(kind, row) for row in rows) if one is not None]


def _instance(row: Row | None) -> Instance | None:
    if row is None:
        return None
    return Instance(
        row["id"],
        row["service_id"],
        row["environment_id"],
        json.loads(row["config"]),
        row["created_s"],
        row["updated_s"],
    )


def _instances(rows: Sequence[Row]) -> list[Instance]:
    return [one for one in map(_instance, rows) if one is not None]
