"""Domains of services: those that Railway gives, and people's own."""

import re
from dataclasses import dataclass
from sqlite3 import Row

from fakes.kit.kit import Kit
from fakes.railway import errors
from fakes.railway.state.projects import Environment, Service

SCHEMA = """
CREATE TABLE domains (
    id TEXT PRIMARY KEY, is_custom INTEGER NOT NULL, project_id TEXT NOT NULL, environment_id TEXT NOT NULL,
    service_id TEXT NOT NULL, domain TEXT NOT NULL UNIQUE, target_port INTEGER, created_s REAL NOT NULL,
    updated_s REAL NOT NULL
)
"""
SUFFIX = "up.railway.app"
_LABEL = r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?"
_NAME = re.compile(rf"({_LABEL}\.)+{_LABEL}")


@dataclass(frozen=True, slots=True)
class ServiceAddress:
    """One domain of a service in an environment; a custom one is somebody's own."""

    id: str
    is_custom: bool
    project_id: str
    environment_id: str
    service_id: str
    domain: str
    target_port: int | None
    created_s: float
    updated_s: float


class Domains:
    """All domains.

    Args:
        kit: Clock, ids and store.
    """

    def __init__(self, kit: Kit) -> None:
        self._kit = kit

    def give(self, service: Service, environment: Environment, target_port: int | None) -> ServiceAddress:
        """Give a service a domain of Railway's: `api-staging.up.railway.app`, longer if that is taken."""
        stem = re.sub(r"[^a-z0-9]+", "-", f"{service.name}-{environment.name}".lower()).strip("-")
        name = f"{stem}.{SUFFIX}"
        while not self.is_free(name):
            name = f"{stem}-{self._kit.ids.hex(4)}.{SUFFIX}"
        return self._add(service, environment, name, target_port, is_custom=False)

    def add_custom(
        self, service: Service, environment: Environment, name: str, target_port: int | None
    ) -> ServiceAddress:
        """Bind somebody's own domain.

        Raises:
            ProviderError: It is no domain, Railway's own, or taken.
        """
        self._check(name, is_custom=True)
        return self._add(service, environment, name, target_port, is_custom=True)

    def rename(self, address: ServiceAddress, name: str, target_port: int | None) -> None:
        """Give it another name or port.

        Raises:
            ProviderError: It is no domain of this kind, or taken.
        """
        if name != address.domain:
            self._check(name, is_custom=address.is_custom)
        self._kit.store.execute(
            "UPDATE domains SET domain = ?, target_port = ?, updated_s = ? WHERE id = ?",
            (name, target_port, self._kit.clock.now(), address.id),
        )

    def by_id(self, domain_id: str, *, is_custom: bool) -> ServiceAddress | None:
        """The domain of this id and kind."""
        row = self._kit.store.one(
            "SELECT * FROM domains WHERE id = ? AND is_custom = ?", (domain_id, is_custom)
        )
        return _address(row) if row else None

    def of(self, service_id: str, environment_id: str) -> list[ServiceAddress]:
        """Those of a service in an environment, oldest first."""
        rows = self._kit.store.all(
            "SELECT * FROM domains WHERE service_id = ? AND environment_id = ? ORDER BY rowid",
            (service_id, environment_id),
        )
        return [_address(row) for row in rows]

    def first(self, service_id: str, environment_id: str) -> ServiceAddress | None:
        """The one that a service is known by."""
        return next(iter(self.of(service_id, environment_id)), None)

    def is_free(self, name: str) -> bool:
        """Whether nobody has it."""
        return self._kit.store.one("SELECT 1 FROM domains WHERE domain = ?", (name,)) is None

    def delete(self, domain_id: str) -> None:
        """Take it away."""
        self._kit.store.execute("DELETE FROM domains WHERE id = ?", (domain_id,))

    def delete_within(self, column: str, value: str) -> None:
        """Delete those of a service, an environment or a project, by the name of its column."""
        self._kit.store.execute(f"DELETE FROM domains WHERE {column} = ?", (value,))  # noqa: S608 - own names

    def _check(self, name: str, *, is_custom: bool) -> None:
        if not _NAME.fullmatch(name) or name.endswith(f".{SUFFIX}") is is_custom:
            raise errors.refused("Domain is not valid")  # guess: wording
        if not self.is_free(name):
            raise errors.refused("Domain is not available")  # guess: wording

    def _add(
        self,
        service: Service,
        environment: Environment,
        name: str,
        target_port: int | None,
        *,
        is_custom: bool,
    ) -> ServiceAddress:
        now, made = self._kit.clock.now(), self._kit.store.unused("domains", "id", self._kit.ids.uuid)
        place = (service.project_id, environment.id, service.id)
        values = (made, is_custom, *place, name, target_port, now, now)
        self._kit.store.execute("INSERT INTO domains VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", values)
        return ServiceAddress(made, is_custom, *place, name, target_port, now, now)


def _address(row: Row) -> ServiceAddress:
    values = {name: row[name] for name in row.keys()}  # noqa: SIM118 - a Row is no dict
    return ServiceAddress(**{**values, "is_custom": bool(row["is_custom"])})
