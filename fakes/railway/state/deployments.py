"""Deployments: made, led through their stages by the clock or by an agent, replaced, rolled back."""

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from fakes.kit.deployments import Line, Progress
from fakes.kit.kit import Kit
from fakes.kit.orders import Action, Agent, Order
from fakes.railway import errors
from fakes.railway.state import lifecycle
from fakes.railway.state.logs import Logs
from fakes.railway.state.projects import Instance, Projects
from fakes.railway.state.records import Asked, Deployment, Event, deployment_of

SCHEMA = """
CREATE TABLE deployments (
    id TEXT PRIMARY KEY, project_id TEXT NOT NULL, environment_id TEXT NOT NULL, service_id TEXT NOT NULL,
    status TEXT NOT NULL, uses_image INTEGER NOT NULL, has_succeeded INTEGER NOT NULL,
    is_stopped INTEGER NOT NULL, status_s REAL NOT NULL, next_s REAL, created_s REAL NOT NULL,
    meta TEXT NOT NULL, variables TEXT NOT NULL, instance_id TEXT NOT NULL, url TEXT, files TEXT
);
CREATE INDEX deployments_by_place ON deployments (service_id, environment_id);
CREATE INDEX deployments_by_next ON deployments (next_s) WHERE next_s IS NOT NULL;
CREATE TABLE deployment_events (
    id TEXT PRIMARY KEY, deployment_id TEXT NOT NULL, step TEXT NOT NULL, created_s REAL NOT NULL,
    completed_s REAL, error TEXT
);
CREATE INDEX events_by_deployment ON deployment_events (deployment_id)
"""
_COLUMNS = ("service_id", "environment_id", "project_id")


class Deployments:
    """All deployments.

    Args:
        kit: Clock, ids, settings and store.
        projects: Names of what is deployed.
        logs: Told what happens.
        outcome_of: Where a service's deployments lead when no agent makes them real, by its name.
        agent: Who makes them real, if anybody does.
    """

    def __init__(
        self,
        kit: Kit,
        projects: Projects,
        logs: Logs,
        outcome_of: Callable[[str], str],
        agent: Agent,
    ) -> None:
        self._kit = kit
        self._projects = projects
        self._logs = logs
        self._outcome_of = outcome_of
        self._agent = agent

    def make(self, instance: Instance, asked: Asked, deployment_id: str | None = None) -> Deployment:
        """Make a deployment and set it going: to its end at once, unless time or an agent decides."""
        deployment_id = deployment_id or self.new_id()
        service = self._projects.service(instance.service_id)
        assert service is not None
        now = self._kit.clock.now()
        self._kit.store.execute(
            "INSERT INTO deployments VALUES (?, ?, ?, ?, 'QUEUED', ?, 0, 0, ?, NULL, ?, ?, ?, ?, NULL, ?)",
            (
                deployment_id,
                service.project_id,
                instance.environment_id,
                instance.service_id,
                asked.uses_image,
                now,
                now,
                json.dumps(dict(asked.meta)),
                json.dumps(dict(asked.variables)),
                self._kit.ids.uuid(),
                str(asked.files) if asked.files else None,
            ),
        )
        made = self._known(deployment_id)
        if self._agent.is_there:
            self._tell(made, asked.action)
        else:
            self._enter(made, "QUEUED", now)
            self.settle()
        return self._known(deployment_id)

    def new_id(self) -> str:
        """An id for a deployment that is to be made."""
        return self._kit.store.unused("deployments", "id", self._kit.ids.uuid)

    def settle(self) -> None:
        """Lead what is under way to where it is by now."""
        while True:
            row = self._kit.store.one(
                "SELECT id, status, uses_image, next_s FROM deployments WHERE next_s <= ?"
                " ORDER BY next_s, rowid LIMIT 1",
                (self._kit.clock.now(),),
            )
            if row is None:
                return
            deployment = self._known(row["id"])
            service = self._projects.service(deployment.service_id)
            outcome = self._outcome_of(service.name if service else "")
            following = lifecycle.following(row["status"], outcome, uses_image=bool(row["uses_image"]))
            self._enter(deployment, following, row["next_s"])

    def find(self, deployment_id: str | None) -> Deployment | None:
        """The deployment of this id."""
        row = self._kit.store.one("SELECT * FROM deployments WHERE id = ?", (deployment_id,))
        return deployment_of(row) if row else None

    def listed(
        self, within: Mapping[str, str], *, statuses: Sequence[str] | None = None, most: int = -1
    ) -> list[Deployment]:
        """Deployments, newest first; those that were replaced or removed stay among them.

        Args:
            within: Ids of what they belong to, by column: `project_id`, `environment_id`, `service_id`.
            statuses: The statuses that they may have; None for all.
            most: How many of them; negative for all.
        """
        clauses, values = ["1 = 1"], list[Any]()
        for column in _COLUMNS:
            if column in within:
                clauses.append(f"{column} = ?")
                values.append(within[column])
        if statuses is not None:
            clauses.append(f"status IN ({', '.join('?' * len(statuses))})")
            values += statuses
        rows = self._kit.store.all(
            f"SELECT * FROM deployments WHERE {' AND '.join(clauses)} "  # noqa: S608 - own columns
            " ORDER BY created_s DESC, rowid DESC LIMIT ?",
            (*values, most),
        )
        return [deployment_of(row) for row in rows]

    def active(self, instance: Instance) -> list[Deployment]:
        """Those that serve now, or crashed while they did."""
        within = {"service_id": instance.service_id, "environment_id": instance.environment_id}
        return self.listed(within, statuses=lifecycle.ACTIVE)

    def events(self, deployment_id: str) -> list[Event]:
        """The steps of a deployment, in their order."""
        rows = self._kit.store.all(
            "SELECT * FROM deployment_events WHERE deployment_id = ? ORDER BY rowid", (deployment_id,)
        )
        return [
            Event(row["id"], row["step"], row["created_s"], row["completed_s"], row["error"]) for row in rows
        ]

    def progress(self, deployment_id: str, told: Progress) -> Deployment:
        """Note what an agent tells.

        Raises:
            ValueError: No such deployment or state, or the deployment is over.
        """
        deployment = self.find(deployment_id)
        if deployment is None:
            raise ValueError(f"no deployment '{deployment_id}' on fake '{self._kit.name}'")
        if told.state is not None and told.state not in lifecycle.STATUSES:
            known = ", ".join(lifecycle.STATUSES)
            raise ValueError(f"unknown state '{told.state}'; known are {known}")
        if told.state not in (None, deployment.status) and deployment.status in lifecycle.OVER:
            raise ValueError(f"deployment '{deployment_id}' is {deployment.status}; that is its end")
        now = self._kit.clock.now()
        self._logs.write(deployment.place, told.lines, now)
        if told.url is not None:
            self._set(deployment_id, url=told.url)
        if told.state is not None:
            self._set(deployment_id, is_stopped=False)
            self._enter(self._known(deployment_id), told.state, now, by_agent=True)
        return self._known(deployment_id)

    def restart(self, deployment: Deployment) -> None:
        """Start it anew without building.

        Raises:
            ProviderError: It does not serve.
        """
        if deployment.status not in lifecycle.ACTIVE:
            raise errors.refused("Cannot restart a deployment that is not active")  # guess: wording
        now = self._kit.clock.now()
        self._logs.write(deployment.place, [Line("Restarting container")], now)
        self._set(deployment.id, is_stopped=False)
        if self._agent.is_there:
            self._tell(deployment, "restart")
        else:
            self._enter(self._known(deployment.id), "SUCCESS", now)

    def cancel(self, deployment: Deployment) -> None:
        """End what is under way.

        Raises:
            ProviderError: It is not under way.
        """
        if deployment.status not in lifecycle.UNDER_WAY:
            raise errors.refused("Cannot cancel a deployment that is not in progress")  # guess: wording
        self._leave(deployment, "cancel")

    def remove(self, deployment: Deployment) -> None:
        """End it, whatever it does; it stays in the list as REMOVED."""
        if deployment.status != "REMOVED":
            self._leave(deployment, "cancel" if deployment.status in lifecycle.UNDER_WAY else "stop")

    def stop(self, deployment: Deployment) -> None:
        """End its instances and let it stay what it is.

        Raises:
            ProviderError: It does not serve.
        """
        if deployment.status not in lifecycle.ACTIVE:
            raise errors.refused("Cannot stop a deployment that is not active")  # guess: wording
        self._set(deployment.id, is_stopped=True)
        self._tell(deployment, "stop")

    def approve(self, deployment: Deployment) -> None:
        """Let one go on that waited for that.

        Raises:
            ProviderError: It does not wait.
        """
        if deployment.status != "NEEDS_APPROVAL":
            raise errors.refused("Deployment does not need approval")  # guess: wording
        if self._agent.is_there:
            self._tell(deployment, "deploy")
        else:
            self._enter(deployment, "QUEUED", self._kit.clock.now())
            self.settle()

    def add_seeded(self, instance: Instance, asked: Asked, status: str, at_s: float) -> Deployment:
        """Write one that was made before anybody looked."""
        made = self.new_id()
        service = self._projects.service(instance.service_id)
        assert service is not None
        self._kit.store.execute(
            "INSERT INTO deployments VALUES (?, ?, ?, ?, ?, 0, ?, 0, ?, NULL, ?, ?, ?, ?, NULL, NULL)",
            (
                made,
                service.project_id,
                instance.environment_id,
                instance.service_id,
                status,
                status in ("SUCCESS", "REMOVED"),
                at_s,
                at_s,
                json.dumps(dict(asked.meta)),
                json.dumps(dict(asked.variables)),
                self._kit.ids.uuid(),
            ),
        )
        return self._known(made)

    def delete_within(self, column: str, value: str) -> None:
        """Delete those of a service, an environment or a project, by the name of its column."""
        self._kit.store.execute(
            f"DELETE FROM deployment_events WHERE deployment_id IN"  # noqa: S608 - own names
            f" (SELECT id FROM deployments WHERE {column} = ?)",
            (value,),
        )
        self._kit.store.execute(f"DELETE FROM deployments WHERE {column} = ?", (value,))  # noqa: S608 - own names

    def summary(self) -> dict[str, int]:
        """How many there are of each status."""
        rows = self._kit.store.all(
            "SELECT status, count(*) AS number FROM deployments GROUP BY status ORDER BY status"
        )
        return {row["status"]: row["number"] for row in rows}

    def _known(self, deployment_id: str) -> Deployment:
        found = self.find(deployment_id)
        assert found is not None
        return found

    def _leave(self, deployment: Deployment, action: Action) -> None:
        self._tell(deployment, action)
        self._enter(deployment, "REMOVED", self._kit.clock.now(), by_agent=True)

    def _enter(self, deployment: Deployment, status: str, at_s: float, *, by_agent: bool = False) -> None:
        """Give a deployment a status, with all that goes with it."""
        stage = lifecycle.stage_of(status, uses_image=deployment.uses_image)
        self._note_steps(deployment, status, stage.steps if stage else (), at_s)
        next_s = None
        if stage is not None and not by_agent:
            next_s = at_s + (stage.lasts_s if self._kit.settings.timing == "realistic" else 0.0)
        self._set(deployment.id, status=status, status_s=at_s, next_s=next_s)
        if status in ("SUCCESS", "CRASHED") and not deployment.has_succeeded:
            self._set(deployment.id, has_succeeded=True)
            self._replace_others(deployment, at_s)

    def _note_steps(self, deployment: Deployment, status: str, steps: Sequence[str], at_s: float) -> None:
        error = "Deployment failed" if status == "FAILED" else None
        self._kit.store.execute(
            "UPDATE deployment_events SET completed_s = ?, error = ?"
            " WHERE deployment_id = ? AND completed_s IS NULL",
            (at_s, error, deployment.id),
        )
        rows = [
            (self._kit.store.unused("deployment_events", "id", self._kit.ids.uuid), deployment.id, step, at_s)
            for step in steps
            if step != "HEALTHCHECK" or self._is_checked(deployment)
        ]
        self._kit.store.execute_many("INSERT INTO deployment_events VALUES (?, ?, ?, ?, NULL, NULL)", rows)
        self._logs.write(deployment.place, _LINES.get(status, ()), at_s)

    def _is_checked(self, deployment: Deployment) -> bool:
        instance = self._projects.instance(deployment.service_id, deployment.environment_id)
        return instance is not None and bool(instance.config.get("healthcheckPath"))

    def _replace_others(self, deployment: Deployment, at_s: float) -> None:
        """What served until now is removed, and what was begun earlier and is still under way."""
        self._kit.store.execute(
            "UPDATE deployments SET status = 'REMOVED', status_s = ?, next_s = NULL"
            " WHERE service_id = ? AND environment_id = ? AND id != ?"
            " AND status IN ('SUCCESS', 'CRASHED', 'SLEEPING')",
            (at_s, deployment.service_id, deployment.environment_id, deployment.id),
        )
        within = {"service_id": deployment.service_id, "environment_id": deployment.environment_id}
        begun = self.listed(within, statuses=lifecycle.UNDER_WAY)
        # guess: what was asked for last is what serves in the end
        for older in (one for one in begun if one.created_s < deployment.created_s):
            self._leave(older, "cancel")

    def _set(self, deployment_id: str, **values: Any) -> None:
        columns = ", ".join(f"{name} = ?" for name in values)
        self._kit.store.execute(
            f"UPDATE deployments SET {columns} WHERE id = ?",  # noqa: S608 - own names
            (*values.values(), deployment_id),
        )

    def _tell(self, deployment: Deployment, action: Action) -> None:
        project = self._projects.project(deployment.project_id)
        service = self._projects.service(deployment.service_id)
        environment = self._projects.environment(deployment.environment_id)
        assert project is not None
        assert service is not None
        assert environment is not None
        self._agent.tell(
            Order(
                action,
                project.name,
                service.name,
                environment.name,
                deployment.id,
                deployment.commit,
                deployment.files,
            )
        )


_LINES: Mapping[str, Sequence[Line]] = {
    "INITIALIZING": (Line("scheduling build", stage="build"),),
    "BUILDING": (Line("[builder] installing packages", stage="build"),),
    "DEPLOYING": (Line("Starting Container"),),
    "FAILED": (Line("Deployment failed during network process", "error", "build"),),
    "CRASHED": (Line("container exited with code 1", "error"),),
    "REMOVED": (Line("Stopping Container"),),
}
"""What the platform itself writes when a status begins."""  # guess: wording
