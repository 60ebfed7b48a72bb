"""A stack as one compose file without variables, and the `DockerCompose` of testcontainers that runs it."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Mapping
from contextlib import ExitStack, closing
from functools import cached_property
from typing import TYPE_CHECKING, Any

from testcontainers.compose import ComposeContainer, DockerCompose
from testcontainers.core.labels import create_labels

from emulator.docker.addition import WITH_MEDIA
from emulator.docker.engine import Engine, look
from emulator.docker.errors import in_words
from emulator.docker.project import Project
from emulator.environment import for_compose
from emulator.errors import StartFailed
from emulator.runtimes.docker import user_of_shared_files
from emulator.testing.leftovers import owner_label
from emulator.testing.ryuk import watch_over_us

if TYPE_CHECKING:
    from emulator.plan import Plan

_DOING = "starting the stack"
_CONFIG_WITHIN_S = 60
_LAST_LINES = 20


class Containers(DockerCompose):
    """`DockerCompose` for one stack, whose only file has no variables left in it."""

    def __init__(self, project: Project, engine: Engine, config: Mapping[str, Any]) -> None:
        self._file = project.folder / "compose.json"
        self._file.write_text(json.dumps(config))
        super().__init__(context=project.folder, compose_file_name=str(self._file))
        self.project = project
        self.engine = engine

    @cached_property
    def compose_command_property(self) -> list[str]:
        """The words that each command begins with; a name here counts more than COMPOSE_PROJECT_NAME."""
        return [*self.engine.compose, "--project-name", self.project.name, "--file", str(self._file)]

    def start(self) -> None:
        """Start everything and wait until it is healthy.

        Raises:
            StartFailed: A container ended or is not well; its last lines are quoted.
            EmulatorError: What Compose said, in words.
        """
        try:
            super().start()
        except subprocess.CalledProcessError as error:
            failures = self._failures()
            if failures:
                raise StartFailed("\n".join(failures)) from error
            raise in_words(error.stderr.decode(errors="replace"), _DOING, self.engine.address) from error

    def stop(self, down: bool = True) -> None:
        """Stop everything politely and remove it, volumes too unless `down` is false."""
        try:
            super().stop(down)
        except subprocess.CalledProcessError:
            with closing(self.engine.client()) as client:
                self.project.remove(client.api, with_volumes=down)

    def _failures(self) -> list[str]:
        return [
            f"service '{container.Service}' {why}; its last lines:\n{self._last_lines(container)}"
            for container in self.get_containers(include_all=True)
            if (why := _failure(container))
        ]

    def _last_lines(self, container: ComposeContainer) -> str:
        lines = "".join(self.get_logs(str(container.Service))).splitlines()[-_LAST_LINES:]
        return "\n".join(f"  {line}" for line in lines) or "  (it said nothing)"


def _failure(container: ComposeContainer) -> str | None:
    """Return in words what is wrong with a container, None if nothing is."""
    if container.State in ("exited", "dead"):
        return f"ended with exit code {container.ExitCode}"
    if container.Health == "unhealthy":
        info = container.get_container_info()
        health = info.State.Health if info and info.State else None
        said = (health.Log or [])[-1].Output if health and health.Log else ""
        return f"is not healthy ({' '.join((said or 'its check gave no answer').split())})"
    return None


def started(plan: Plan, engine: Engine, opened: ExitStack) -> Containers:
    """Start a stack; `opened` is given what removes it again, also after a start that failed.

    Raises:
        ConfigurationRefused: Compose refuses a file.
        StartFailed: A container did not come up.
    """
    project = Project(plan.settings.stack, plan.folder.path)
    config = resolved(plan, project, engine)
    policies = {name: str(body.get("restart", "no")) for name, body in config["services"].items()}
    watch_over_us(engine.address)
    labels = create_labels("", {**project.labels, **owner_label()})
    user = user_of_shared_files(look(engine.socket, "/info"))
    containers = Containers(project, engine, marked(config, labels, user))
    opened.callback(containers.stop)
    containers.start()
    _restart_by(policies, containers)
    return containers


def resolved(plan: Plan, project: Project, engine: Engine) -> dict[str, Any]:
    """Return what Compose makes of the stack's files and the plan's values.

    Raises:
        EmulatorError: Compose refuses a file.
    """
    files = [word for path in plan.topology.paths for word in ("--file", str(path))]
    folder = str(plan.topology.paths[-1].parent)
    command = [*engine.compose, "--project-name", project.name, "--project-directory", folder]
    command += ["--env-file", os.devnull, *files, "config", "--format", "json"]
    variables = for_compose(engine.env, plan.ports, plan.folder)
    done = subprocess.run(
        command,
        env=variables,
        capture_output=True,
        text=True,
        timeout=_CONFIG_WITHIN_S,
        check=False,
    )
    if done.returncode != 0:
        raise in_words(done.stderr, _DOING, engine.address)
    config: dict[str, Any] = json.loads(done.stdout)
    return config


def marked(config: Mapping[str, Any], labels: Mapping[str, str], user: str | None) -> dict[str, Any]:
    """Return the stack with our labels on all that it makes, and without restarts.

    A container that ends while the stack starts would else be started again and again, and the wait would
    never end.
    """
    services = {
        name: {
            **body,
            "labels": {**body.get("labels", {}), **labels},
            "restart": "no",
            **({"user": user} if user is not None and name in WITH_MEDIA else {}),
        }
        for name, body in config["services"].items()
    }
    return {
        **config,
        "services": services,
        "networks": _labelled(config.get("networks", {}), labels),
        "volumes": _labelled(config.get("volumes", {}), labels),
    }


def _labelled(things: Mapping[str, Any], labels: Mapping[str, str]) -> dict[str, Any]:
    return {
        name: body
        if (body or {}).get("external")
        else {**(body or {}), "labels": {**(body or {}).get("labels", {}), **labels}}
        for name, body in things.items()
    }


def _restart_by(policies: Mapping[str, str], containers: Containers) -> None:
    """Give the containers of a stack that is up the restarts that its files ask for."""
    with closing(containers.engine.client()) as client:
        for container in containers.get_containers():
            name, _, count = policies[str(container.Service)].partition(":")
            if name != "no":
                client.api.update_container(
                    container.ID, restart_policy={"Name": name, "MaximumRetryCount": int(count or 0)}
                )
