"""Decides what is deployed: a commit, an image, what was deployed before, or what somebody uploaded."""

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

from fakes.kit.kit import Kit
from fakes.railway import errors
from fakes.railway.state import lifecycle
from fakes.railway.state.commits import Commit, Commits
from fakes.railway.state.deployments import Deployments
from fakes.railway.state.projects import Instance, Projects
from fakes.railway.state.records import Asked, Deployment, meta_of
from fakes.railway.state.settings import Settings
from fakes.railway.state.variables import Place, Variables


class Dispatch:
    """All ways to a new deployment.

    Args:
        kit: The clock.
        projects: What can be deployed.
        variables: What goes with it.
        commits: What it can be built from.
        deployments: Makes them.
        settings: How long images are kept, and whether commits must be known.
    """

    def __init__(
        self,
        kit: Kit,
        projects: Projects,
        variables: Variables,
        commits: Commits,
        deployments: Deployments,
        settings: Settings,
    ) -> None:
        self._kit = kit
        self._projects = projects
        self._variables = variables
        self._commits = commits
        self._deployments = deployments
        self._settings = settings

    def deploy(self, instance: Instance, sha: str | None = None, *, latest: bool = False) -> Deployment:
        """Deploy a commit: the one with this number, the latest of the branch, or that of the last time.

        Raises:
            ProviderError: There is no such commit, or the service has no source.
        """
        source = instance.config.get("source") or {}
        if not source:
            raise errors.refused("Service has no source to deploy from")  # guess: wording
        if instance.repo is None:
            return self._make(instance, "deploy", None, uses_image=True)
        branch = instance.branch or "main"
        if sha is not None:
            only_known = bool(self._settings.get("only_known_commits"))
            commit: Commit | None = self._commits.find(instance.repo, branch, sha, only_known=only_known)
        else:
            last = None if latest else self._last_commit(instance)
            commit = last or self._commits.latest(instance.repo, branch)
        return self._make(instance, "deploy", commit)

    def redeploy(self, deployment: Deployment, *, uses_image: bool = False) -> Deployment:
        """Deploy the same once more, with the variables of today.

        Raises:
            ProviderError: It is still under way, or its service has left the environment.
        """
        if not self.can_redeploy(deployment):
            raise errors.refused("Cannot redeploy a deployment that is in progress")  # guess: wording
        instance = self._instance(deployment)
        meta = {**deployment.meta, "reason": "redeploy"}
        asked = Asked("redeploy", meta, self._own(instance), uses_image, deployment.files)
        return self._deployments.make(instance, asked)

    def roll_back(self, deployment: Deployment) -> Deployment:
        """Deploy the image of an earlier one again, and bring its variables back.

        Raises:
            ProviderError: It cannot be rolled back to.
        """
        if not self.can_roll_back(deployment):
            raise errors.refused("Cannot rollback to this deployment")  # guess: wording
        instance = self._instance(deployment)
        place = Place(deployment.project_id, deployment.environment_id, deployment.service_id)
        self._variables.put(place, deployment.variables, replaces=True)
        meta = {**deployment.meta, "reason": "rollback"}
        return self._deployments.make(
            instance, Asked("rollback", meta, deployment.variables, True, deployment.files)
        )

    def can_redeploy(self, deployment: Deployment) -> bool:
        """Whether it has an end that can be repeated."""
        return deployment.status not in lifecycle.UNDER_WAY

    def can_roll_back(self, deployment: Deployment) -> bool:
        """Whether it served once, serves no longer, and its image is still kept."""
        kept_s = float(self._settings.get("image_retention_s"))
        is_kept = self._kit.clock.now() - deployment.created_s <= kept_s
        return deployment.has_succeeded and deployment.status == "REMOVED" and is_kept

    def upload(self, instance: Instance, deployment_id: str, files: Path, message: str) -> Deployment:
        """Deploy a tree that was uploaded."""
        meta = {"reason": "deploy", "cliMessage": message} if message else {"reason": "deploy"}
        asked = Asked("deploy", meta, self._own(instance), files=files)
        return self._deployments.make(instance, asked, deployment_id)

    def pushed(self, commit: Commit) -> list[Deployment]:
        """Somebody pushed: all services that follow the branch are deployed.

        Raises:
            ValueError: The commit's number is none.
        """
        self._commits.add(commit)
        following = self._projects.following(commit.repo, commit.branch)
        return [self._make(instance, "deploy", commit) for instance in following]

    def changed(self, environment_id: str, service_ids: Iterable[str]) -> list[Deployment]:
        """Variables or settings changed: what serves there is deployed anew."""
        made = []
        for service_id in sorted(service_ids):
            instance = self._projects.instance(service_id, environment_id)
            for active in self._deployments.active(instance)[:1] if instance else ():
                made.append(self.redeploy(active, uses_image=True))
        return made

    def triggered(self, instance: Instance) -> None:
        """Deploy the latest of the branch that a service follows.

        Raises:
            ProviderError: It follows none.
        """
        if instance.repo is None or instance.branch is None:
            raise errors.refused("No deployment trigger found for this service")  # guess: wording
        self.deploy(instance, latest=True)

    def last(self, instance: Instance) -> Deployment | None:
        """The newest deployment of a service in an environment."""
        within = {"service_id": instance.service_id, "environment_id": instance.environment_id}
        return next(iter(self._deployments.listed(within, most=1)), None)

    def _make(
        self, instance: Instance, reason: str, commit: Commit | None, *, uses_image: bool = False
    ) -> Deployment:
        meta: dict[str, Any] = meta_of(instance, reason, commit)
        return self._deployments.make(instance, Asked("deploy", meta, self._own(instance), uses_image))

    def _own(self, instance: Instance) -> dict[str, str]:
        service = self._projects.service(instance.service_id)
        assert service is not None
        return self._variables.raw(Place(service.project_id, instance.environment_id, service.id))

    def _instance(self, deployment: Deployment) -> Instance:
        found = self._projects.instance(deployment.service_id, deployment.environment_id)
        if found is None:
            raise errors.not_found("ServiceInstance")
        return found

    def _last_commit(self, instance: Instance) -> Commit | None:
        last = self.last(instance)
        facts = last.commit if last else None
        if facts is None or facts["repo"] != instance.repo:
            return None
        known = {name: str(value or "") for name, value in facts.items()}
        return replace(Commit("", "", ""), **known)
