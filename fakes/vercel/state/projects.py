"""Projects, their domains and their custom environments."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from fakes.kit.clock import Clock
from fakes.kit.ids import Ids
from fakes.kit.store import Store
from fakes.vercel import errors, hostnames
from fakes.vercel.state import accounts
from fakes.vercel.state.accounts import Team

SCHEMA = """
CREATE TABLE projects (
    id TEXT PRIMARY KEY, team_id TEXT NOT NULL, name TEXT NOT NULL, settings TEXT NOT NULL, link TEXT,
    created_s REAL NOT NULL, updated_s REAL NOT NULL, is_rolled_back INTEGER NOT NULL DEFAULT 0,
    last_move TEXT, UNIQUE (team_id, name)
);
CREATE TABLE domains (
    name TEXT PRIMARY KEY, project_id TEXT NOT NULL, git_branch TEXT, custom_environment_id TEXT,
    created_s REAL NOT NULL
);
CREATE TABLE environments (
    id TEXT PRIMARY KEY, project_id TEXT NOT NULL, slug TEXT NOT NULL, description TEXT NOT NULL,
    matcher TEXT, created_s REAL NOT NULL, UNIQUE (project_id, slug)
);
"""
SETTINGS = ("framework", "buildCommand", "devCommand", "installCommand", "outputDirectory", "rootDirectory")
"""What a project is told about builds; it is handed back as it came."""


@dataclass(frozen=True, slots=True)
class Move:
    """The last time that production was pointed elsewhere by hand."""

    kind: Literal["promote", "rollback"]
    from_deployment: str | None
    to_deployment: str
    requested_s: float


@dataclass(frozen=True, slots=True)
class Project:
    """A project.

    Attributes:
        link: The repository that it follows: `type`, `org`, `repo`, `repoId`, `productionBranch`.
        is_rolled_back: Whether new production deployments wait for a promotion.
    """

    id: str
    team: Team
    name: str
    settings: Mapping[str, Any]
    link: Mapping[str, Any] | None
    created_s: float
    updated_s: float
    is_rolled_back: bool
    last_move: Move | None

    @property
    def production_branch(self) -> str:
        """The branch whose pushes are production."""
        return str((self.link or {}).get("productionBranch") or "main")


@dataclass(frozen=True, slots=True)
class Domain:
    """A domain of a project; bound to a branch, to a custom environment, or else to production."""

    name: str
    project_id: str
    git_branch: str | None
    custom_environment_id: str | None
    created_s: float


@dataclass(frozen=True, slots=True)
class Environment:
    """A custom environment; its `matcher` (`type`, `pattern`) says which branches are deployed there."""

    id: str
    project_id: str
    slug: str
    description: str
    matcher: Mapping[str, str] | None
    created_s: float

    def follows(self, branch: str | None) -> bool:
        """Whether deployments of a branch belong here."""
        if branch is None or not self.matcher:
            return False
        pattern = self.matcher.get("pattern", "")
        match self.matcher.get("type"):
            case "startsWith":
                return branch.startswith(pattern)
            case "endsWith":
                return branch.endswith(pattern)
            case _:
                return branch == pattern


class Projects:
    """All projects of all teams."""

    def __init__(self, store: Store, clock: Clock, ids: Ids) -> None:
        self._store = store
        self._clock = clock
        self._ids = ids

    def populate(self) -> None:
        """Write the staging project with its domain, and production's as a tripwire."""
        link = {"type": "github", "org": "clipnet", "repo": "clipnet", "repoId": 100001}
        link |= {"productionBranch": "main"}
        self._insert(accounts.STAGING_PROJECT_ID, accounts.STAGING_TEAM, accounts.STAGING_PROJECT, {}, link)
        self._insert(
            accounts.PRODUCTION_PROJECT_ID, accounts.PRODUCTION_TEAM, accounts.PRODUCTION_PROJECT, {}, link
        )
        staging, production = (
            self._by_id(one) for one in (accounts.STAGING_PROJECT_ID, accounts.PRODUCTION_PROJECT_ID)
        )
        matcher = {"type": "equals", "pattern": accounts.STAGING_BRANCH}
        self.add_environment(
            staging, "staging", "The staging of ClipNET", matcher, "env_clipnetstaging000001"
        )
        self.add_domain(staging, accounts.STAGING_DOMAIN, git_branch=accounts.STAGING_BRANCH)
        for name in accounts.PRODUCTION_DOMAINS:
            self.add_domain(production, name)

    def find(self, name: str) -> Project | None:
        """A project of any team by its id or name."""
        row = self._store.one("SELECT * FROM projects WHERE id = ? OR name = ?", (name, name))
        return None if row is None else _project(row)

    def of_team(self, team: Team) -> list[Project]:
        """The projects of a team, newest first."""
        found = self._store.all(
            "SELECT * FROM projects WHERE team_id = ? ORDER BY created_s DESC, rowid DESC", (team.id,)
        )
        return [_project(row) for row in found]

    def existing(self, project_id: str) -> Project:
        """A project that is known to be there."""
        return self._by_id(project_id)

    def add(
        self, team: Team, name: str, settings: Mapping[str, Any], link: Mapping[str, Any] | None = None
    ) -> Project:
        """Make a project.

        Raises:
            ProviderError: The name cannot be one (400), or is taken (409).
        """
        self._check_name(name)
        project_id = self._store.unused("projects", "id", lambda: f"prj_{self._ids.text(28)}")
        self._insert(project_id, team, name, settings, link)
        return self._by_id(project_id)

    def change(
        self, project: Project, name: str | None, settings: Mapping[str, Any], link: Mapping[str, Any] | None
    ) -> Project:
        """Change what is given of a project.

        Raises:
            ProviderError: The new name cannot be one (400), or is taken (409).
        """
        if name is not None and name != project.name:
            self._check_name(name)
        self._store.execute(
            "UPDATE projects SET name = ?, settings = ?, link = ?, updated_s = ? WHERE id = ?",
            (
                name or project.name,
                json.dumps({**project.settings, **settings}),
                json.dumps(link or project.link),
                self._clock.now(),
                project.id,
            ),
        )
        return self._by_id(project.id)

    def remove(self, project: Project) -> None:
        """Delete a project with its domains and environments."""
        with self._store.transaction():
            self._store.execute("DELETE FROM projects WHERE id = ?", (project.id,))
            self._store.execute("DELETE FROM domains WHERE project_id = ?", (project.id,))
            self._store.execute("DELETE FROM environments WHERE project_id = ?", (project.id,))

    def moved(self, project: Project, move: Move) -> None:
        """Note that production was pointed elsewhere by hand; a rollback holds until a promotion."""
        told = {"kind": move.kind, "from": move.from_deployment, "to": move.to_deployment}
        self._store.execute(
            "UPDATE projects SET last_move = ?, is_rolled_back = ? WHERE id = ?",
            (
                json.dumps({**told, "requested_s": move.requested_s}),
                move.kind == "rollback",
                project.id,
            ),
        )

    def domains(self, project: Project) -> list[Domain]:
        """The domains of a project."""
        found = self._store.all(
            "SELECT * FROM domains WHERE project_id = ? ORDER BY created_s, rowid", (project.id,)
        )
        return [Domain(**dict(row)) for row in found]

    def domain(self, name: str) -> Domain | None:
        """A domain of any project."""
        row = self._store.one("SELECT * FROM domains WHERE name = ?", (name,))
        return None if row is None else Domain(**dict(row))

    def add_domain(
        self,
        project: Project,
        name: str,
        git_branch: str | None = None,
        custom_environment_id: str | None = None,
    ) -> Domain:
        """Give a project a domain.

        Raises:
            ProviderError: It cannot be one (400), or a project has it already (409).
        """
        if not hostnames.is_host(name):
            raise errors.api(400, "invalid_domain", f"The domain name {name} is not valid.")
        if self.domain(name) is not None:
            text = f"Cannot add {name} since it's already in use by one of your projects."
            raise errors.conflict(text, "domain_already_in_use")
        row = (name, project.id, git_branch, custom_environment_id, self._clock.now())
        self._store.execute("INSERT INTO domains VALUES (?, ?, ?, ?, ?)", row)
        return Domain(*row)

    def remove_domain(self, domain: Domain) -> None:
        """Take a domain away."""
        self._store.execute("DELETE FROM domains WHERE name = ?", (domain.name,))

    def environments(self, project: Project) -> list[Environment]:
        """The custom environments of a project."""
        found = self._store.all(
            "SELECT * FROM environments WHERE project_id = ? ORDER BY created_s, rowid", (project.id,)
        )
        return [_environment(row) for row in found]

    def environment(self, project: Project, name: str) -> Environment | None:
        """A custom environment by its id or slug."""
        return next((one for one in self.environments(project) if name in (one.id, one.slug)), None)

    def add_environment(
        self,
        project: Project,
        slug: str,
        description: str,
        matcher: Mapping[str, str] | None,
        environment_id: str | None = None,
    ) -> Environment:
        """Make a custom environment.

        Raises:
            ProviderError: There is one of this name (409), or the name is reserved (400).
        """
        if not slug or slug in ("production", "preview", "development"):
            raise errors.bad_request(f"The custom environment slug {slug!r} can not be used.")
        if self.environment(project, slug) is not None:
            raise errors.conflict(f"A custom environment named {slug} already exists.")
        made = environment_id or self._store.unused("environments", "id", lambda: f"env_{self._ids.text(28)}")
        told = None if matcher is None else json.dumps(matcher)
        row = (made, project.id, slug, description, told, self._clock.now())
        self._store.execute("INSERT INTO environments VALUES (?, ?, ?, ?, ?, ?)", row)
        return Environment(made, project.id, slug, description, matcher, row[-1])

    def _check_name(self, name: str) -> None:
        if not hostnames.is_project(name):
            raise errors.invalid_name()
        if self.find(name) is not None:
            raise errors.conflict("Project already exists, please use a new name.")

    def _insert(
        self,
        project_id: str,
        team: Team,
        name: str,
        settings: Mapping[str, Any],
        link: Mapping[str, Any] | None,
    ) -> None:
        now = self._clock.now()
        row = (project_id, team.id, name, json.dumps(settings), None if link is None else json.dumps(link))
        columns = "(id, team_id, name, settings, link, created_s, updated_s)"
        self._store.execute(
            f"INSERT INTO projects {columns} VALUES (?, ?, ?, ?, ?, ?, ?)",  # noqa: S608 - own names
            (*row, now, now),
        )

    def _by_id(self, project_id: str) -> Project:
        row = self._store.one("SELECT * FROM projects WHERE id = ?", (project_id,))
        if row is None:
            raise errors.not_found("Project")
        return _project(row)


def settings_of(given: Mapping[str, Any]) -> dict[str, Any]:
    """What of a body are settings of a project."""
    return {name: given[name] for name in SETTINGS if name in given}


def names(domains: Sequence[Domain]) -> list[str]:
    """The names of domains."""
    return [one.name for one in domains]


def _project(row: Any) -> Project:
    move = json.loads(row["last_move"] or "null")
    team = accounts.team_named(row["team_id"]) or accounts.STAGING_TEAM
    return Project(
        id=row["id"],
        team=team,
        name=row["name"],
        settings=json.loads(row["settings"]),
        link=json.loads(row["link"] or "null"),
        created_s=row["created_s"],
        updated_s=row["updated_s"],
        is_rolled_back=bool(row["is_rolled_back"]),
        last_move=None if move is None else Move(move["kind"], move["from"], move["to"], move["requested_s"]),
    )


def _environment(row: Any) -> Environment:
    values = dict(row)
    return Environment(**{**values, "matcher": json.loads(values["matcher"] or "null")})
