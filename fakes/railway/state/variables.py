"""Variables of services and those that an environment's services share."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from fakes.kit.kit import Kit
from fakes.railway.state.domains import Domains
from fakes.railway.state.projects import Environment, Instance, Project, Projects, Service
from fakes.railway.state.references import SHARED, references, rendered

SCHEMA = """
CREATE TABLE variables (
    id TEXT PRIMARY KEY, project_id TEXT NOT NULL, environment_id TEXT NOT NULL, service_id TEXT NOT NULL,
    name TEXT NOT NULL, value TEXT NOT NULL, created_s REAL NOT NULL, updated_s REAL NOT NULL,
    UNIQUE (environment_id, service_id, name)
)
"""
_NO_SERVICE = ""


@dataclass(frozen=True, slots=True)
class Place:
    """Where variables are: of a service in an environment, or shared there (no service)."""

    project_id: str
    environment_id: str
    service_id: str | None = None


@dataclass(frozen=True, slots=True)
class Variable:
    """One variable as it was written."""

    id: str
    place: Place
    name: str
    value: str
    created_s: float
    updated_s: float


class Variables:
    """All variables.

    Args:
        kit: Clock, ids and store.
        projects: Names of services.
        domains: What the platform tells a service about where it is reached.
    """

    def __init__(self, kit: Kit, projects: Projects, domains: Domains) -> None:
        self._kit = kit
        self._projects = projects
        self._domains = domains

    def conceal(self, values: Mapping[str, str]) -> None:
        """Keep values out of the journal; whatever is read or stored is kept out in any case."""
        self._kit.journal.conceal(values.values())

    def put(self, place: Place, values: Mapping[str, str], *, replaces: bool = False) -> None:
        """Set variables; with `replaces` all others of that place go."""
        self.conceal(values)
        now = self._kit.clock.now()
        with self._kit.store.transaction():
            if replaces:
                self.clear(place)
            for name, value in values.items():
                made = self._kit.store.unused("variables", "id", self._kit.ids.uuid)
                self._kit.store.execute(
                    "INSERT INTO variables VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
                    " ON CONFLICT (environment_id, service_id, name)"
                    " DO UPDATE SET value = excluded.value, updated_s = excluded.updated_s",
                    (
                        made,
                        place.project_id,
                        place.environment_id,
                        place.service_id or _NO_SERVICE,
                        name,
                        value,
                        now,
                        now,
                    ),
                )

    def clear(self, place: Place) -> None:
        """Delete all variables of a place."""
        self._kit.store.execute(
            "DELETE FROM variables WHERE environment_id = ? AND service_id = ?",
            (place.environment_id, place.service_id or _NO_SERVICE),
        )

    def delete(self, place: Place, name: str) -> None:
        """Delete one; it need not be there."""
        self._kit.store.execute(
            "DELETE FROM variables WHERE environment_id = ? AND service_id = ? AND name = ?",
            (place.environment_id, place.service_id or _NO_SERVICE, name),
        )

    def delete_within(self, column: str, value: str) -> None:
        """Delete those of a service, an environment or a project, by the name of its column."""
        self._kit.store.execute(f"DELETE FROM variables WHERE {column} = ?", (value,))  # noqa: S608 - own names

    def in_environment(self, environment_id: str) -> list[Variable]:
        """All of an environment, oldest first."""
        rows = self._kit.store.all(
            "SELECT * FROM variables WHERE environment_id = ? ORDER BY rowid", (environment_id,)
        )
        self._kit.journal.conceal(row["value"] for row in rows)
        return [
            Variable(
                row["id"],
                Place(row["project_id"], row["environment_id"], row["service_id"] or None),
                row["name"],
                row["value"],
                row["created_s"],
                row["updated_s"],
            )
            for row in rows
        ]

    def raw(self, place: Place) -> dict[str, str]:
        """Those of a place as they were written, by name."""
        rows = self._kit.store.all(
            "SELECT name, value FROM variables WHERE environment_id = ? AND service_id = ? ORDER BY name",
            (place.environment_id, place.service_id or _NO_SERVICE),
        )
        self._kit.journal.conceal(row["value"] for row in rows)
        return {row["name"]: row["value"] for row in rows}

    def users_of_shared(self, environment_id: str, names: Mapping[str, Any]) -> set[str]:
        """Ids of services whose variables refer to shared ones of these names."""
        wanted = {f"{SHARED}.{name}" for name in names}
        found = self.in_environment(environment_id)
        return {
            one.place.service_id
            for one in found
            if one.place.service_id is not None and wanted & set(references(one.value))
        }

    def seen(self, project: Project, environment: Environment, service: Service | None) -> dict[str, str]:
        """What a service finds in its environment, or the shared ones: all references filled in."""
        instance = self._projects.instance(service.id, environment.id) if service else None
        place = Place(project.id, environment.id, service.id if service else None)
        owner = service.name if service else SHARED
        own = self.raw(place)
        secret = frozenset(own)
        if service is not None and instance is not None:
            own |= self.provided(project, environment, service, instance)
        tables = {owner: own}

        def find(of: str | None, name: str) -> tuple[str | None, str] | None:
            of = of or owner
            if of not in tables:
                tables[of] = self._table(project, environment, of)
            value = tables[of].get(name)
            return None if value is None else (of, value)

        filled_in = {name: rendered(value, owner, find) for name, value in sorted(own.items())}
        self._kit.journal.conceal(filled_in[name] for name in secret)
        return filled_in

    def provided(
        self, project: Project, environment: Environment, service: Service, instance: Instance
    ) -> dict[str, str]:
        """What the platform itself sets (docs.railway.com/variables/reference)."""
        domain = self._domains.first(service.id, environment.id)
        told = {
            "RAILWAY_PROJECT_ID": project.id,
            "RAILWAY_PROJECT_NAME": project.name,
            "RAILWAY_ENVIRONMENT": environment.name,
            "RAILWAY_ENVIRONMENT_ID": environment.id,
            "RAILWAY_ENVIRONMENT_NAME": environment.name,
            "RAILWAY_SERVICE_ID": service.id,
            "RAILWAY_SERVICE_NAME": service.name,
            "RAILWAY_PRIVATE_DOMAIN": f"{service.name}.railway.internal",
        }
        if domain is not None:
            told |= {"RAILWAY_PUBLIC_DOMAIN": domain.domain, "RAILWAY_STATIC_URL": domain.domain}
        if instance.repo is not None:
            owner, _, name = instance.repo.partition("/")
            told |= {"RAILWAY_GIT_REPO_OWNER": owner, "RAILWAY_GIT_REPO_NAME": name}
        return told

    def _table(self, project: Project, environment: Environment, owner: str) -> dict[str, str]:
        if owner == SHARED:
            return self.raw(Place(project.id, environment.id))
        service = next((one for one in self._projects.services(project.id) if one.name == owner), None)
        instance = self._projects.instance(service.id, environment.id) if service else None
        if service is None or instance is None:
            return {}
        own = self.raw(Place(project.id, environment.id, service.id))
        return own | self.provided(project, environment, service, instance)
