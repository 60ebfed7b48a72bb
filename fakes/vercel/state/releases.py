"""What becomes of deployments: begun, ended, pointed at, promoted and rolled back."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, Literal

from fakes.kit.deployments import Progress
from fakes.kit.kit import Kit
from fakes.kit.orders import Action, Agent, Order
from fakes.vercel import errors, hostnames
from fakes.vercel.life import ENDED, INSTANT, REALISTIC, REPORTED, ReadyState, times
from fakes.vercel.state.accounts import STAGING_TEAM
from fakes.vercel.state.asked import DeployAsked, Push
from fakes.vercel.state.deployments import Alias, Deployment, Deployments, Draft, Substate
from fakes.vercel.state.files import Files, Listed, content, listed_in
from fakes.vercel.state.projects import Environment, Move, Project, Projects

Tell = Callable[[Project, str, Deployment], None]
_TOLD_AT_END: Mapping[ReadyState, tuple[str, ...]] = {
    "READY": ("deployment.succeeded", "deployment.ready"),
    "ERROR": ("deployment.error",),
    "CANCELED": ("deployment.canceled",),
}


class Releases:
    """Rules over projects, deployments, files and host names.

    Args:
        kit: Clock, settings, and who carries out deployments.
        projects: All projects.
        deployments: All deployments.
        files: Uploaded files.
        tell: Tells the webhooks of a project of an event.
        failure: Says why the next deployments fail; nothing when they do not.
        agent: Who carries deployments out, if anybody does.
    """

    def __init__(
        self,
        kit: Kit,
        projects: Projects,
        deployments: Deployments,
        files: Files,
        tell: Tell,
        failure: Callable[[], str],
        agent: Agent,
    ) -> None:
        self._clock = kit.clock
        self._pace = REALISTIC if kit.settings.timing == "realistic" else INSTANT
        self._platform = kit.name
        self._agent = agent
        self._projects = projects
        self._deployments = deployments
        self._files = files
        self._tell = tell
        self._failure = failure

    def deploy(self, project: Project, asked: DeployAsked, former: Deployment | None) -> Deployment:
        """Begin a deployment, of uploaded files, of a commit, or of what a former one has.

        Raises:
            ProviderError: Files are missing (400, naming them), or there is no such environment (404).
        """
        environment = self._environment(project, asked)
        listed = self._listed(asked)
        draft = self._draft(project, asked, environment, former)
        deployment_id = self._deployments.new_id()
        if listed:
            self._files.lay_out(deployment_id, listed)
        if former is not None and former.draft.has_files:
            self._files.copy(deployment_id, former.id)
        begun = self._deployments.add(
            deployment_id,
            project,
            draft,
            times(self._clock.now(), self._pace),
            "QUEUED" if self._agent.is_there else None,
        )
        self._begin(project, begun, "redeploy" if former else "deploy")
        self.settle()
        return self._deployments.existing(deployment_id)

    def pushed(self, given: Push, ask: Callable[[Push, str], DeployAsked]) -> list[Deployment]:
        """Somebody pushed: staging's projects that follow the repository are deployed."""
        return [
            self.deploy(project, ask(given, project.name), None)
            for project in self._projects.of_team(STAGING_TEAM)
            if project.link and given.repo == f"{project.link.get('org')}/{project.link.get('repo')}"
        ]

    def settle(self) -> None:
        """Do what follows from the end of deployments that have ended since."""
        for one in self._deployments.unsettled():
            if one.state not in ENDED:
                continue
            self._deployments.settle(one)
            project = self._projects.existing(one.project_id)
            if one.state == "READY":
                self._deployments.log(one, "stdout", "Build Completed", "Deployment completed")
                self._assign(project, one)
            for event in _TOLD_AT_END[one.state]:
                self._tell(project, event, one)

    def take(self, deployment_id: str, progress: Progress) -> Deployment:
        """Note what the agent tells of a deployment; its first end counts.

        Raises:
            ValueError: No such deployment, or no such state.
        """
        found = self._deployments.find(deployment_id)
        if found is None:
            raise ValueError(f"there is no deployment '{deployment_id}'")
        state = found.state if progress.state is None else REPORTED.get(progress.state.upper())
        if state is None:
            raise ValueError(f"unknown state '{progress.state}'; known are {', '.join(REPORTED)}")
        for line in progress.lines:
            kind = "stderr" if line.severity in ("error", "err") else "stdout"
            self._deployments.log(found, kind, line.message)
        if found.state not in ENDED:
            self._deployments.tell(found, state, progress.url)
            if state in ("ERROR", "CANCELED"):
                self._deployments.end(found, state, progress.lines[-1].message if progress.lines else None)
        self.settle()
        return self._deployments.existing(found.id)

    def cancel(self, deployment: Deployment) -> Deployment:
        """Stop a deployment that is under way.

        Raises:
            ProviderError: It has ended (400).
        """
        if deployment.state in ENDED:
            raise errors.not_cancellable(deployment.state)
        self._order(deployment, "cancel")
        self._deployments.end(deployment, "CANCELED")
        self.settle()
        return self._deployments.existing(deployment.id)

    def remove(self, deployment: Deployment) -> None:
        """Delete a deployment with its files and host names."""
        self._deployments.remove(deployment)
        self._files.drop(deployment.id)

    def point(self, name: str, deployment: Deployment) -> tuple[Alias, str | None]:
        """Let a host name lead to a deployment; also says where it led before.

        Raises:
            ProviderError: Not a host name (400), another project's (409), or the deployment is not ready.
        """
        if not hostnames.is_host(name):
            raise errors.invalid_alias(name)
        if deployment.state in ("ERROR", "CANCELED"):
            raise errors.gone(deployment.id)
        if deployment.state != "READY":
            raise errors.not_ready(deployment.id)
        if not self._may_point(name, deployment):
            raise errors.alias_in_use(name)
        former = self._deployments.alias(name)
        alias = self._deployments.point(name, deployment)
        self._order(deployment, "promote")
        return alias, former.deployment_id if former else None

    def promote(self, project: Project, deployment: Deployment) -> None:
        """Let production lead to a deployment, and to new ones again.

        Raises:
            ProviderError: It is not ready, or was not made for production (400).
        """
        self._move(project, deployment, "promote")

    def roll_back(self, project: Project, deployment: Deployment) -> None:
        """Let production lead to a former deployment; new ones wait for a promotion from then on.

        Raises:
            ProviderError: It is not ready, or was never production (400).
        """
        self._move(project, deployment, "rollback")

    def production(self, project: Project) -> Deployment | None:
        """Where production leads."""
        return self._deployments.find(hostnames.production(project.name))

    def _move(self, project: Project, deployment: Deployment, kind: Literal["promote", "rollback"]) -> None:
        if deployment.state != "READY":
            raise errors.not_ready(deployment.id)
        if deployment.draft.target != "production":
            raise errors.not_production(deployment.id)
        former = self.production(project)
        for name in self._production_hosts(project):
            self._point_if_free(name, deployment)
        self._deployments.assigned(deployment, "PROMOTED")
        move = Move(kind, former.id if former else None, deployment.id, self._clock.now())
        self._projects.moved(project, move)
        self._order(deployment, kind)
        event = "deployment.promoted" if kind == "promote" else "deployment.rollback"
        self._tell(project, event, self._deployments.existing(deployment.id))

    def _begin(self, project: Project, begun: Deployment, action: Action) -> None:
        self._deployments.log(begun, "command", f"Deploying {begun.draft.name} to {begun.environment}")
        self._tell(project, "deployment.created", begun)
        if why := self._failure():
            self._deployments.log(begun, "stderr", why)
            self._deployments.end(begun, "ERROR", why)
            return
        self._order(begun, action)

    def _order(self, deployment: Deployment, action: Action) -> None:
        """Tell whoever carries out deployments."""
        project = self._projects.existing(deployment.project_id)
        environment = self._environment_of(project, deployment)
        order = Order(
            action=action,
            project=project.name,
            service=project.name,  # a project is one service at Vercel
            environment=environment.slug if environment else deployment.environment,
            deployment=deployment.id,
            commit=_commit(deployment.draft),
            files=self._files.tree(deployment.id) if deployment.draft.has_files else None,
        )
        self._agent.tell(order)

    def _assign(self, project: Project, one: Deployment) -> None:
        """Point at a new deployment what follows its branch and its environment, unless a newer has it."""
        is_staged = one.draft.target == "production" and project.is_rolled_back
        for name in self._hosts_of(project, one, is_staged=is_staged):
            holder = self._deployments.find(name)
            if holder is None or holder.times.created_s <= one.times.created_s:
                self._point_if_free(name, one)
        substate: Substate | None = None
        if one.draft.target == "production":
            substate = "STAGED" if is_staged else "PROMOTED"
        self._deployments.assigned(one, substate)

    def _may_point(self, name: str, deployment: Deployment) -> bool:
        """Whether a host name is nobody's, or of the deployment's own project."""
        owners = (self._deployments.alias(name), self._projects.domain(name))
        return {one.project_id for one in owners if one is not None} <= {deployment.project_id}

    def _point_if_free(self, name: str, deployment: Deployment) -> None:
        """Point a name of a project's own; two projects may have names that make the same one."""
        if self._may_point(name, deployment):
            self._deployments.point(name, deployment)
        else:
            self._deployments.log(deployment, "stderr", f"{name} is in use by another project")

    def _hosts_of(self, project: Project, one: Deployment, *, is_staged: bool) -> list[str]:
        found = [] if is_staged or one.draft.target is None else self._production_hosts(project)
        environment = self._environment_of(project, one)
        branch = one.draft.branch
        followed = {branch} - {None}
        if environment is not None:
            found.append(hostnames.environment(project.name, environment.slug, project.team.slug))
            if environment.matcher and environment.matcher["type"] == "equals":
                followed.add(environment.matcher["pattern"])  # guess: an environment stands for its branch
        if branch is not None and hostnames.slug(branch):
            found.append(hostnames.branch(project.name, branch, project.team.slug))
        for domain in self._projects.domains(project):
            is_bound = environment is not None and domain.custom_environment_id == environment.id
            if is_bound or (domain.git_branch is not None and domain.git_branch in followed):
                found.append(domain.name)
        return found

    def _production_hosts(self, project: Project) -> list[str]:
        bound_to_none = [
            one.name
            for one in self._projects.domains(project)
            if one.git_branch is None and one.custom_environment_id is None
        ]
        return [hostnames.production(project.name), *bound_to_none]

    def _environment_of(self, project: Project, one: Deployment) -> Environment | None:
        name = one.draft.environment_id
        return None if name is None else self._projects.environment(project, name)

    def _environment(self, project: Project, asked: DeployAsked) -> Environment | None:
        """The custom environment that is asked for, or that follows the branch."""
        if asked.environment is not None:
            found = self._projects.environment(project, asked.environment)
            if found is None:
                raise errors.not_found(f"Custom environment {asked.environment}")  # guess: wording
            return found
        if asked.target is not None:
            return None
        return next((one for one in self._projects.environments(project) if one.follows(asked.branch)), None)

    def _listed(self, asked: DeployAsked) -> list[Listed]:
        kept: list[Any] = []
        for one in asked.files or ():
            found = content(one)
            kept.append(one if found is None else {**one, "sha": self._files.keep(found)})
        listed = listed_in(kept)
        missing = sorted({one.sha for one in listed if not self._files.has(one.sha)})
        if missing:
            raise errors.missing_files(missing)
        return listed

    def _draft(
        self,
        project: Project,
        asked: DeployAsked,
        environment: Environment | None,
        former: Deployment | None,
    ) -> Draft:
        is_push = asked.git_source is not None and asked.files is None and environment is None
        is_production = asked.target is not None or (is_push and asked.branch == project.production_branch)
        draft = Draft(
            name=asked.name,
            target="production" if is_production else None,
            environment_id=environment.id if environment else None,
            branch=asked.branch,
            sha=asked.sha,
            meta=asked.meta,
            git_source=asked.git_source,
            source=asked.source,
            has_files=asked.files is not None,
        )
        if former is None:
            return draft
        old = former.draft
        kept_environment = None if is_production else old.environment_id
        return replace(
            draft,
            branch=draft.branch or old.branch,
            sha=draft.sha or old.sha,
            meta={**old.meta, **draft.meta, "originalDeploymentId": former.id},  # guess: the key
            git_source=draft.git_source or old.git_source,
            environment_id=draft.environment_id or kept_environment,
            has_files=old.has_files,
        )


def _commit(draft: Draft) -> Mapping[str, str | None] | None:
    """What is known of the commit of a deployment."""
    if draft.branch is None and draft.sha is None:
        return None
    message, author = (draft.meta.get(f"githubCommit{name}") for name in ("Message", "AuthorName"))
    return {"ref": draft.branch, "sha": draft.sha, "message": message, "author": author}
