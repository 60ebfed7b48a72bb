"""API and worker at Railway, by its public GraphQL API (docs.railway.com/integrations/api)."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any, Final

from emulator.errors import ConfigurationRefused, DeploymentFailed, EmulatorError, PrerequisiteMissing
from emulator.shipping.record import SHORT, Former, Say, Shipped, relayed
from emulator.shipping.targets import RailwayTarget

if TYPE_CHECKING:
    from httpx import Client, Response

WENT_WELL: Final = ("SUCCESS", "SLEEPING")
UNDER_WAY: Final = ("QUEUED", "WAITING", "INITIALIZING", "BUILDING", "DEPLOYING", "REMOVING")
_FIRST_POLL_S, _LAST_POLL_S = 0.25, 5.0
_ANSWER_WITHIN_S = 30.0
_LAST_LINES = 20

_DEPLOY = """
mutation ($environmentId: String!, $serviceId: String!, $commitSha: String) {
  serviceInstanceDeployV2(environmentId: $environmentId, serviceId: $serviceId, commitSha: $commitSha)
}"""
_DEPLOYMENT = "query ($id: String!) { deployment(id: $id) { id status meta } }"
_LOGS = """
query ($id: String!) {
  buildLogs(deploymentId: $id, limit: 500) { message }
  deploymentLogs(deploymentId: $id, limit: 500) { message }
}"""
_HISTORY = """
query ($input: DeploymentListInput!) {
  deployments(input: $input, first: 100) { edges { node { id status meta canRollback } } }
}"""
_ROLL_BACK = "mutation ($id: String!) { deploymentRollback(id: $id) }"


class Railway:
    """Staging's services at Railway; use it as a context manager.

    Args:
        target: Where they are.
        say: Told of progress.
        within_s: How long each deployment may take.
    """

    def __init__(self, target: RailwayTarget, say: Say, within_s: float) -> None:
        self._target = target
        self._say = say
        self._within_s = within_s
        self._stack = ExitStack()

    def __enter__(self) -> Railway:
        import httpx

        headers = {"Project-Access-Token": self._target.token}
        client = httpx.Client(
            base_url=self._target.url, headers=headers, timeout=_ANSWER_WITHIN_S, trust_env=False
        )
        self._http: Client = self._stack.enter_context(client)
        return self

    def __exit__(self, *_exc: object) -> None:
        self._stack.close()

    def deploy(self, service: str, commit: str) -> Shipped:
        """Deploy a service at a commit and wait until it serves.

        Raises:
            ConfigurationRefused: The token does not do, or the commit is not known.
            DeploymentFailed: The deployment failed, or took too long.
        """
        began = time.monotonic()
        asked = {
            "environmentId": self._target.environment_id,
            "serviceId": self._target.services[service],
            "commitSha": commit,
        }
        deployment = str(self._ask(_DEPLOY, asked)["serviceInstanceDeployV2"])
        self._say(f"{service}: deployment {deployment} of commit {commit[:SHORT]}")
        self._finish(service, deployment, began)
        return Shipped(service, commit, deployment, round(time.monotonic() - began, 1))

    def history(self, service: str) -> tuple[Former, ...]:
        """Return what serves, and what can be gone back to, newest first."""
        found: list[Former] = []
        for node in self._nodes(service):
            serves = node["status"] in WENT_WELL and not any(one.serves for one in found)
            if serves or node["canRollback"]:
                found.append(Former(node["id"], str((node["meta"] or {}).get("commitHash") or ""), serves))
        return tuple(found)

    def roll_back(self, service: str, former: Former) -> Shipped:
        """Bring a former deployment of a service back, with its variables, and wait until it serves.

        Raises:
            ConfigurationRefused: It cannot be gone back to.
            DeploymentFailed: It did not come up, or took too long.
        """
        began = time.monotonic()
        known = {node["id"] for node in self._nodes(service)}
        if self._ask(_ROLL_BACK, {"id": former.id})["deploymentRollback"] is not True:
            raise DeploymentFailed(f"Railway did not roll {service} back to deployment {former.id}")
        deployment = self._made_since(service, known, began)
        self._say(f"{service}: deployment {deployment} goes back to commit {former.commit[:SHORT]}")
        self._finish(service, deployment, began)
        return Shipped(service, former.commit, deployment, round(time.monotonic() - began, 1))

    def _made_since(self, service: str, known: set[str], began: float) -> str:
        """Return the deployment that a rollback made, which only says that it will."""
        pause_s = _FIRST_POLL_S
        while True:
            new = [node["id"] for node in self._nodes(service) if node["id"] not in known]
            if new:
                return str(new[0])
            self._pause(service, "the rollback", "no new deployment", began, pause_s)
            pause_s = min(2 * pause_s, _LAST_POLL_S)

    def _finish(self, service: str, deployment: str, began: float) -> None:
        """Wait for the end, show the logs, and raise where the end is no good one."""
        status = self._end(service, deployment, began)
        lines = self._logs(deployment)
        for line in lines:
            self._say(line)
        if status in WENT_WELL:
            return
        last = "".join(f"\n  {line}" for line in lines[-_LAST_LINES:])
        if status == "NEEDS_APPROVAL":
            raise DeploymentFailed(
                f"deployment {deployment} of {service} waits for an approval", "approve it at Railway"
            )
        raise DeploymentFailed(
            f"deployment {deployment} of {service} ended as {status}; its last lines:{last or ' none'}",
            "what served before goes on to serve",
        )

    def _end(self, service: str, deployment: str, began: float) -> str:
        seen, pause_s = "", _FIRST_POLL_S
        while True:
            try:
                status = str(self._ask(_DEPLOYMENT, {"id": deployment})["deployment"]["status"])
            except PrerequisiteMissing as error:
                status = seen
                self._say(f"{service}: {error.what}; asking again")
            if status != seen:
                self._say(f"{service}: {status}")
                seen, pause_s = status, _FIRST_POLL_S
            if status and status not in UNDER_WAY:
                return status
            self._pause(service, f"deployment {deployment}", status or "no answer", began, pause_s)
            pause_s = min(2 * pause_s, _LAST_POLL_S)

    def _pause(self, service: str, what: str, last: str, began: float, pause_s: float) -> None:
        if time.monotonic() - began + pause_s > self._within_s:
            raise DeploymentFailed(
                f"{what} of {service} was not through after {self._within_s:.0f} s (last seen: {last})",
                "it goes on at Railway; give it longer with --timeout",
            )
        time.sleep(pause_s)

    def _logs(self, deployment: str) -> list[str]:
        try:
            found = self._ask(_LOGS, {"id": deployment})
        except EmulatorError as error:
            return [f"(its logs are not to be had: {error.what})"]
        lines = [*found["buildLogs"], *found["deploymentLogs"]]
        return [
            relayed(part, [self._target.token]) for line in lines for part in line["message"].splitlines()
        ]

    def _nodes(self, service: str) -> Sequence[Mapping[str, Any]]:
        within = {
            "projectId": self._target.project_id,
            "environmentId": self._target.environment_id,
            "serviceId": self._target.services[service],
        }
        edges = self._ask(_HISTORY, {"input": within})["deployments"]["edges"]
        return [edge["node"] for edge in edges]

    def _ask(self, document: str, variables: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return the data of an answer.

        Raises:
            PrerequisiteMissing: There is no answer, or one of a server in trouble.
            ConfigurationRefused: Railway says no.
        """
        import httpx

        try:
            answer = self._http.post("/graphql/v2", json={"query": document, "variables": variables})
        except httpx.TransportError as error:
            raise PrerequisiteMissing(
                f"Railway does not answer at {self._target.url}: {error or type(error).__name__}",
                "RAILWAY_API_URL must name where its API is reached from here",
            ) from error
        if answer.status_code == 429 or answer.status_code >= 500:
            raise PrerequisiteMissing(f"Railway answered {answer.status_code}", "try again in a while")
        return self._data(answer)

    def _data(self, answer: Response) -> Mapping[str, Any]:
        try:
            body = answer.json()
        except ValueError:
            body = None
        if not isinstance(body, dict) or not (body.get("errors") or isinstance(body.get("data"), dict)):
            raise ConfigurationRefused(
                f"{self._target.url} answered {answer.status_code}, but not as Railway's API does",
                "RAILWAY_API_URL is its origin alone",
            )
        if body.get("errors"):
            raise self._refusal(str(body["errors"][0].get("message")))
        return dict(body["data"])

    def _refusal(self, message: str) -> EmulatorError:
        hints = {
            "Not Authorized": "RAILWAY_TOKEN must be a project token of staging, and the ids staging's",
            "Commit not found": "Railway deploys what is pushed: push the commit first",
        }
        hint = hints.get(message, "see docs/workflows.md for what it must be given")
        return ConfigurationRefused(f"Railway refused it: {relayed(message, [self._target.token])[2:]}", hint)
