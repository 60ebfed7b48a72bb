"""All that the fake remembers, in one SQLite file."""

from collections.abc import Mapping
from typing import Any

from fakes.kit import orders
from fakes.kit.documents import check_fields, rows
from fakes.kit.kit import Kit
from fakes.kit.limits import Taken, Windows
from fakes.kit.refusals import Refusals
from fakes.railway.refusals import ON_COMMAND
from fakes.railway.state import (
    commits,
    deployments,
    domains,
    logs,
    projects,
    seeding,
    settings,
    tokens,
    variables,
)
from fakes.railway.state.commits import Commit
from fakes.railway.state.dispatch import Dispatch
from fakes.railway.state.tokens import Token

SCHEMA = ";".join(
    one.SCHEMA for one in (orders, projects, tokens, commits, variables, domains, deployments, logs, settings)
)
AN_HOUR: Mapping[str, int] = {"FREE": 100, "HOBBY": 1000, "PRO": 10_000}
A_SECOND: Mapping[str, int] = {"FREE": 10, "HOBBY": 10, "PRO": 50}  # guess: that of the free plan
_FIELDS = ("commits", "plan", "variables", *settings.DEFAULTS)
_COMMIT_FIELDS = ("repo", "branch", "sha", "message", "author")


class State:
    """Projects, variables, deployments, logs, tokens and rate limits.

    Args:
        kit: The store is opened here.
    """

    def __init__(self, kit: Kit) -> None:
        kit.open_store(SCHEMA)
        self._kit = kit
        self.settings = settings.Settings(kit)
        self.projects = projects.Projects(kit)
        self.tokens = tokens.Tokens(kit)
        self.commits = commits.Commits(kit)
        self.domains = domains.Domains(kit)
        self.variables = variables.Variables(kit, self.projects, self.domains)
        self.logs = logs.Logs(kit)
        self.agent = orders.Agent(kit)
        self.deployments = deployments.Deployments(
            kit, self.projects, self.logs, self.settings.outcome_of, self.agent
        )
        self.dispatch = Dispatch(
            kit, self.projects, self.variables, self.commits, self.deployments, self.settings
        )
        self.refusals = Refusals(ON_COMMAND)
        self._seeding = seeding.Seeding(
            kit,
            self.projects,
            self.tokens,
            self.commits,
            self.variables,
            self.domains,
            self.deployments,
        )
        self._windows = Windows(kit.clock)

    def populate(self) -> None:
        """Write what is always there."""
        self._seeding.populate()

    def load(self, document: Mapping[str, Any]) -> None:
        """Add a seed document: `{"commits", "plan", "variables"}` and the settings, each optional.

        Raises:
            ValueError: A field is unknown or not usable.
        """
        check_fields(document, _FIELDS)
        self.settings.load(document)
        plan = document.get("plan", "PRO")
        if plan not in AN_HOUR:
            raise ValueError(f"plan is {plan!r}; it must be one of {', '.join(AN_HOUR)}")
        self._kit.store.execute("UPDATE workspaces SET plan = ? WHERE id = ?", (plan, seeding.WORKSPACE_ID))
        for where, row in rows(document, "commits"):
            self.commits.add(read_commit(where, row))
        self._load_variables(document.get("variables") or {})

    def summary(self) -> dict[str, Any]:
        """Counts, and the last deployment of each of staging's services."""
        found = self.projects.instances_in(seeding.STAGING_ENVIRONMENT_ID)
        services = {}
        for instance in found:
            service, last = self.projects.service(instance.service_id), self.dispatch.last(instance)
            if service is not None and last is not None:
                services[service.name] = {"id": last.id, "status": last.status, "meta": dict(last.meta)}
        return {"deployments": self.deployments.summary(), "staging": services}

    def reset(self) -> None:
        """Forget the rate limits, and tell the agent that deployments are forgotten."""
        self._windows.clear()
        self.agent.reset()

    def now(self) -> float:
        """What time it is, in Unix seconds."""
        return self._kit.clock.now()

    def take(self, who: Token) -> tuple[Taken, Taken]:
        """Count a request against a token's hour and second."""
        plan = self._plan(who)
        return (
            self._windows.take(f"hour {who.id}", AN_HOUR[plan], 3600.0),
            self._windows.take(f"second {who.id}", A_SECOND[plan], 1.0),
        )

    def left(self, who: Token) -> Taken:
        """Where a token's hour stands, without counting anything."""
        return self._windows.take(f"hour {who.id}", AN_HOUR[self._plan(who)], 3600.0, 0)

    def delete_within(self, column: str, value: str) -> None:
        """Delete what belongs to a service, an environment or a project, by the name of its column."""
        if column != "project_id":
            self.logs.delete_within(column, value)
        if column != "service_id":
            self.tokens.delete_within(column, value)
        self.variables.delete_within(column, value)
        self.domains.delete_within(column, value)
        self.deployments.delete_within(column, value)

    def _plan(self, who: Token) -> str:
        project = self.projects.project(who.project_id)
        workspace_id = project.workspace_id if project else who.workspace_id
        workspace = self.projects.workspace(workspace_id)
        return workspace.plan if workspace else "FREE"

    def _load_variables(self, given: Any) -> None:
        """`{"api": {"NAME": "value"}}`; `shared` names those that all share."""
        if not isinstance(given, dict):
            raise ValueError("variables must be an object of objects")
        for name, values in given.items():
            if name not in (*seeding.SERVICES, "shared"):
                known = ", ".join((*seeding.SERVICES, "shared"))
                raise ValueError(f"variables names '{name}'; known services are {known}")
            if not isinstance(values, dict) or not all(isinstance(one, str) for one in values.values()):
                raise ValueError(f"variables.{name} must be an object of texts")
            of = None if name == "shared" else seeding.service_id(name)
            place = variables.Place(seeding.STAGING_PROJECT_ID, seeding.STAGING_ENVIRONMENT_ID, of)
            self.variables.put(place, values)


def read_commit(where: str, row: Mapping[str, Any]) -> Commit:
    """A commit of a document: `{"sha", "repo"?, "branch"?, "message"?, "author"?}`.

    Raises:
        ValueError: A field is unknown, or no text.
    """
    check_fields(row, _COMMIT_FIELDS, f"field of {where}")
    for name, value in row.items():
        if not isinstance(value, str):
            raise ValueError(f"{where}.{name} is {value!r}; it must be a text")
    return Commit(
        row.get("repo", seeding.REPO),
        row.get("branch", seeding.BRANCH),
        row.get("sha", ""),
        row.get("message", ""),
        row.get("author", ""),
    )
