"""What Vercel remembers: projects, deployments, host names, variables, uploaded files."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from fakes.kit import orders
from fakes.kit.credentials import is_same
from fakes.kit.documents import check_fields, rows
from fakes.kit.errors import ProviderError
from fakes.kit.kit import Kit
from fakes.kit.limits import Taken, Windows
from fakes.kit.refusals import Refusals
from fakes.vercel import errors, hostnames
from fakes.vercel.life import INSTANT, times
from fakes.vercel.refusals import ON_COMMAND
from fakes.vercel.state import accounts, deployments, hooks, projects, variables
from fakes.vercel.state.accounts import PRODUCTION_TEAM, STAGING_TEAM, Team
from fakes.vercel.state.deployments import Deployment, Deployments, Draft, Filter
from fakes.vercel.state.files import Files
from fakes.vercel.state.hooks import Hooks
from fakes.vercel.state.projects import Domain, Project, Projects
from fakes.vercel.state.releases import Releases
from fakes.vercel.state.variables import Variables

_FIELDS = ("projects", "failure", "variables")
_SETTINGS = "CREATE TABLE settings (key TEXT PRIMARY KEY, value TEXT NOT NULL);"
_PRODUCTION_DEPLOYMENT = "dpl_clipnetproductionweb00001"
LIMIT = 1000  # guess: each endpoint has one of its own, and they are not all documented
WINDOW_S = 60.0


Payload = Callable[[Project, Deployment, Sequence[str]], Mapping[str, Any]]
"""What a webhook says of a deployment and the host names that lead to it."""


class VercelState:
    """All of it: rows in the kit's store, uploaded files beside it.

    Args:
        kit: The fake's tools.
        payload: Makes what webhooks say.
    """

    def __init__(self, kit: Kit, payload: Payload) -> None:
        store = kit.open_store(
            "".join(one.SCHEMA for one in (projects, deployments, variables, hooks, orders)) + _SETTINGS
        )
        folder = kit.settings.state_dir
        self.kit = kit
        self._payload = payload
        self._store = store
        self.projects = Projects(store, kit.clock, kit.ids)
        self.deployments = Deployments(store, kit.clock, kit.ids)
        self.variables = Variables(store, kit.clock, kit.ids, kit.journal)
        self.hooks = Hooks(store, kit.clock, kit.ids, kit.webhooks)
        self.files = Files(folder / "vercel-files" if folder else None)
        self.agent = orders.Agent(kit)
        self.releases = Releases(
            kit, self.projects, self.deployments, self.files, self._tell, self._failure, self.agent
        )
        self.refusals = Refusals(ON_COMMAND)
        self._windows = Windows(kit.clock)

    def populate(self) -> None:
        """Write the staging project, and production's with a deployment as a tripwire."""
        self.projects.populate()
        project = self.projects.existing(accounts.PRODUCTION_PROJECT_ID)
        draft = Draft(
            project.name, "production", None, "main", None, {"githubCommitRef": "main"}, None, "git", False
        )
        made = self.deployments.add(
            _PRODUCTION_DEPLOYMENT, project, draft, times(self.kit.clock.now(), INSTANT), None
        )
        self.releases.settle()
        self.deployments.log(made, "stdout", "production is not for staging to see")

    def load(self, document: Mapping[str, Any]) -> None:
        """Read `projects`, `variables` and `failure` of a seed document.

        Raises:
            ValueError: A field is not usable.
        """
        check_fields(document, _FIELDS)
        try:
            for _, row in rows(document, "projects"):
                project = self.projects.add(STAGING_TEAM, str(row.get("name", "")), projects.settings_of(row))
                for name in row.get("domains") or ():
                    self.projects.add_domain(project, str(name))
            for where, row in rows(document, "variables"):
                self._load_variable(where, row)
        except ProviderError as error:
            raise ValueError(error.message) from error
        failure = document.get("failure", "")
        if not isinstance(failure, str):
            raise ValueError(f"failure is {failure!r}; it must be a text")
        self._store.execute("INSERT INTO settings VALUES ('failure', ?)", (failure,))

    def summary(self) -> dict[str, Any]:
        """Counts for the control surface."""
        self.releases.settle()
        ours = [one.id for one in self.projects.of_team(STAGING_TEAM)]
        aliases = {one.alias: one.deployment_id for one in self.deployments.aliases(ours)}
        counts = {name: self._store.count(name) for name in ("projects", "deployments", "variables")}
        return {**counts, "aliases": aliases}

    def reset(self) -> None:
        """Drop uploaded files and the counts of rate limits; tell the agent that all is forgotten."""
        self._windows.clear()
        self.files.clear()
        self.agent.reset()

    def close(self) -> None:
        """Remove temporary files."""
        self.files.close()

    def counted(self, token: str | None) -> Taken:
        """Count a request with this token.

        Raises:
            ProviderError: It is not the one of staging (403).
        """
        if token == accounts.PRODUCTION_TOKEN:
            raise errors.invalid_token(violation="the token of production was shown")
        if token is None or not is_same(token, accounts.TOKEN):
            raise errors.invalid_token()
        return self._windows.take(token, LIMIT, WINDOW_S)

    def begin(self) -> None:
        """Begin a call: what has ended since has its consequences first.

        Raises:
            ProviderError: One was commanded.
        """
        self.refusals.strike()
        self.releases.settle()

    def team(self, name: str | None) -> Team:
        """The team that a request is about; the token's own when it names none.

        Raises:
            ProviderError: It is others' (403).
        """
        found = STAGING_TEAM if not name or name == accounts.DEPLOYER.id else accounts.team_named(name)
        if found is None:
            raise errors.out_of_scope(str(name))
        if found is PRODUCTION_TEAM:
            raise errors.out_of_scope(
                found.slug, violation=f"team '{found.slug}' of production was asked for"
            )
        return found

    def project(self, name: str) -> Project:
        """A project by its id or name.

        Raises:
            ProviderError: There is none, or it is production's (404).
        """
        found = self.projects.find(name)
        if found is None:
            raise errors.not_found("Project")
        if found.team is PRODUCTION_TEAM:
            raise errors.not_found("Project", f"project '{found.name}' of production was asked for")
        return found

    def add_project(self, team: Team, name: str, settings: Mapping[str, Any]) -> Project:
        """Make a project.

        Raises:
            ProviderError: The name cannot be one (400), or is taken (409).
        """
        taken = self.projects.find(name)
        if taken is not None and taken.team is PRODUCTION_TEAM:
            text = "Project already exists, please use a new name."
            raise errors.api(409, "conflict", text, violation=f"project '{name}' of production was asked for")
        return self.projects.add(team, name, settings)

    def remove_project(self, project: Project) -> None:
        """Delete a project with all its deployments."""
        for deployment in self.deployments.matching(Filter((project.id,))):
            self.releases.remove(deployment)
        self.projects.remove(project)

    def deployment(self, name: str) -> Deployment:
        """A deployment by its id, its address or a host name that leads to it.

        Raises:
            ProviderError: There is none, or it is production's (404).
        """
        found = self.deployments.find(hostnames.bare(name) if "." in name else name)
        if found is None:
            raise errors.deployment_not_found(name)
        if found.project_id == accounts.PRODUCTION_PROJECT_ID:
            raise errors.deployment_not_found(name, f"deployment '{name}' of production was asked for")
        return found

    def domain(self, project: Project, name: str) -> Domain:
        """A domain of a project.

        Raises:
            ProviderError: It has none of this name (404).
        """
        found = self.projects.domain(name)
        if found is None or found.project_id != project.id:
            raise errors.not_found("Domain", self.violation_of_host(name))
        return found

    def check_host(self, name: str) -> None:
        """Refuse a host name of production.

        Raises:
            ProviderError: It is one (403).
        """
        if violation := self.violation_of_host(name):
            raise errors.domain_forbidden(name, violation)

    def violation_of_host(self, name: str) -> str | None:
        """What it means that staging reaches for a host name; None for one that is not production's."""
        owners = [self.projects.domain(name), self.deployments.alias(name)]
        is_taken = any(one and one.project_id == accounts.PRODUCTION_PROJECT_ID for one in owners)
        is_below = name.endswith(f".{accounts.PRODUCTION_DOMAINS[0]}")
        is_ours = name == accounts.STAGING_DOMAIN or name.endswith(f".{accounts.STAGING_DOMAIN}")
        if is_taken or (is_below and not is_ours):
            return f"host name '{name}' of production was asked for"
        return None

    def _load_variable(self, where: str, row: Mapping[str, Any]) -> None:
        project = self.projects.find(str(row.get("project", accounts.STAGING_PROJECT)))
        if project is None:
            raise ValueError(f"{where}.project is {row.get('project')!r}; there is no such project")
        given = {name: value for name, value in row.items() if name != "project"}
        self.variables.add(project.id, given, upsert=False)

    def _failure(self) -> str:
        row = self._store.one("SELECT value FROM settings WHERE key = 'failure'")
        return str(row["value"]) if row else ""

    def _tell(self, project: Project, event: str, deployment: Deployment) -> None:
        hosts = [one.alias for one in self.deployments.aliases_of(deployment)]
        self.hooks.tell(project.team.id, project.id, event, self._payload(project, deployment, hosts))
