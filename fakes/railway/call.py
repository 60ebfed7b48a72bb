"""One call of the API: who makes it, and what of all there is they may touch."""

from dataclasses import dataclass
from typing import TypeVar

from fakes.kit.errors import ProviderError
from fakes.railway import errors
from fakes.railway.state import State
from fakes.railway.state.domains import ServiceAddress
from fakes.railway.state.projects import Environment, Instance, Project, Service, Workspace
from fakes.railway.state.records import Deployment
from fakes.railway.state.tokens import Token, User

Known = TypeVar("Known")


@dataclass(frozen=True, slots=True)
class Call:
    """Finds things for whoever calls, and refuses what is out of their reach."""

    state: State
    who: Token

    def user(self) -> User:
        """The person who calls; only an account's token stands for one.

        Raises:
            ProviderError: Another token, or none.
        """
        found = self.state.tokens.user_of(self.who)
        if found is None:
            raise errors.not_authorized()
        return found

    def project_token(self) -> Token:
        """The project's token that the call is made with.

        Raises:
            ProviderError: Another token, or none.
        """
        if self.who.kind != "project":
            raise errors.not_authorized()
        return self.who

    def workspace(self, workspace_id: str | None = None) -> Workspace:
        """A workspace, the caller's own unless one is named.

        Raises:
            ProviderError: There is none, or the token does not reach it.
        """
        if self.who.kind not in ("account", "workspace"):
            raise errors.not_authorized()
        found = self.state.projects.workspace(workspace_id or self.who.workspace_id)
        if found is None:
            raise errors.not_found("Workspace")
        if found.id != self.who.workspace_id:
            raise _out_of_reach("workspace", found.name, is_production=found.is_production)
        return found

    def project(self, project_id: str | None, *, whole: bool = False) -> Project:
        """A project.

        Args:
            project_id: Its id.
            whole: Whether what is asked for reaches beyond one environment, which project tokens may not.

        Raises:
            ProviderError: There is none, or the token does not reach it.
        """
        found = self._known(self.state.projects.project(project_id), "Project")
        is_own = found.id == self.who.project_id or found.workspace_id == self.who.workspace_id
        if not is_own:
            raise _out_of_reach("project", found.name, is_production=found.is_production)
        if whole and self.who.kind == "project":
            raise errors.not_authorized()
        return found

    def reaches(self, environment: Environment) -> bool:
        """Whether the token reaches an environment of a project that it reaches."""
        return self.who.environment_id in (None, environment.id)

    def environment(self, environment_id: str | None) -> Environment:
        """An environment.

        Raises:
            ProviderError: There is none, or the token does not reach it.
        """
        found = self._known(self.state.projects.environment(environment_id), "Environment")
        self.project(found.project_id)
        if not self.reaches(found):
            raise _out_of_reach("environment", found.name, is_production=found.name == "production")
        return found

    def service(self, service_id: str | None, *, whole: bool = False) -> Service:
        """A service; `whole` as for `project`.

        Raises:
            ProviderError: There is none, or the token does not reach it.
        """
        found = self._known(self.state.projects.service(service_id), "Service")
        self.project(found.project_id, whole=whole)
        return found

    def instance(self, service_id: str, environment_id: str) -> Instance:
        """A service in an environment.

        Raises:
            ProviderError: There is none, or the token does not reach it.
        """
        environment, service = self.environment(environment_id), self.service(service_id)
        found = self.state.projects.instance(service.id, environment.id)
        if found is None:
            raise errors.not_found("ServiceInstance")
        return found

    def deployment(self, deployment_id: str) -> Deployment:
        """A deployment.

        Raises:
            ProviderError: There is none, or the token does not reach it.
        """
        found = self._known(self.state.deployments.find(deployment_id), "Deployment")
        self.environment(found.environment_id)
        return found

    def domain(self, domain_id: str, *, is_custom: bool) -> ServiceAddress:
        """A domain.

        Raises:
            ProviderError: There is none, or the token does not reach it.
        """
        found = self._known(self.state.domains.by_id(domain_id, is_custom=is_custom), "Domain")
        self.environment(found.environment_id)
        return found

    def _known(self, found: Known | None, what: str) -> Known:
        """Return what was looked for, to whoever has a token.

        Raises:
            ProviderError: There is none, or nobody calls.
        """
        if self.who.kind == "nobody":
            raise errors.not_authorized()
        if found is None:
            raise errors.not_found(what)
        return found


def _out_of_reach(what: str, name: str, *, is_production: bool) -> ProviderError:
    violation = f"production {what} '{name}' was reached for at Railway" if is_production else None
    return errors.not_authorized(violation)
