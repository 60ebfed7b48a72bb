"""`ClipnetStack`: a stack in Docker for tests that use testcontainers, there for a `with` block."""

from __future__ import annotations

import logging
import os
import shutil
import socket
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import ExitStack, closing
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Self

from emulator.errors import ConfigurationRefused, PrerequisiteMissing, StartFailed
from emulator.parts import Parts, parts
from emulator.testing.access import Clipnet
from emulator.testing.portal import Portal

if TYPE_CHECKING:
    from emulator.plan import Plan
    from emulator.testing.composed import Containers

log = logging.getLogger("emulator")

NAME = "testcontainers"
PREFIX = "clipnet-"
SEED_WITHIN_S = 300.0
_CONNECT_WITHIN_S = 5.0


class ClipnetStack(Clipnet):
    """One stack in Docker.

        with ClipnetStack() as stack:
            cleo = stack.sign_up("cleo@example.test")
            clip = stack.upload(cleo, stack.video())
            assert stack.wait_until(cleo, clip["id"])["score"] > 0

    Several can run at once: each has a Compose project, ports and a temporary folder of its own. All of it is
    removed at the end; after a test run that was killed, by Ryuk, or by the next start where that is off.

    Attributes:
        containers: The `DockerCompose` of testcontainers that runs the stack.
    """

    containers: Containers

    def __init__(
        self,
        *,
        seed: str = "small",
        image: str | None = None,
        project: Path = Path(),
        overrides: Sequence[Path] = (),
        env: Mapping[str, str] | None = None,
    ) -> None:
        """Choose what to start; nothing is done before `start`.

        Args:
            seed: What the stack holds: small, large or none.
            image: The image of the fakes, and of API, worker and frontend unless overridden; by default it is
                built, if the engine does not have it yet.
            project: The folder whose compose.yaml and compose.override.yaml are run, if there are any; by
                default the working folder.
            overrides: More compose files, each laid over those before it.
            env: Values for the variables in these files, over those of the environment and of `.env`.
        """
        self._seed = seed
        self._project = project
        self._overrides = tuple(overrides)
        self._env = {**(env or {}), **({"EMULATE_IMAGE": image} if image else {})}
        self._running = ExitStack()
        self._is_up = False

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_exc: object) -> None:
        self.stop()

    def start(self) -> Self:
        """Start everything, wait until it is healthy, and load the seed. Idempotent.

        Raises:
            PrerequisiteMissing: testcontainers, Docker or an image is missing.
            ConfigurationRefused: An option or a compose file cannot be used.
            StartFailed: A container did not come up; its last lines are quoted.
        """
        if self._is_up:
            return self
        _require_testcontainers()
        from emulator.docker.engine import find
        from emulator.launch import with_images
        from emulator.seeding import NAMES, load
        from emulator.testing.composed import started
        from emulator.testing.leftovers import remove_leftovers

        if self._seed not in NAMES:
            raise ConfigurationRefused(f"there is no seed '{self._seed}'", f"seeds: {', '.join(NAMES)}")
        with ExitStack() as opened:
            plan = with_images(self._plan(opened), log.info)
            engine = find(plan.settings.variables)
            with closing(engine.client()) as client:
                remove_leftovers(client.api)
            self.containers = started(plan, engine, opened)
            _require_ports(plan)
            found = _parts(plan)
            with Portal() as portal:
                portal.call(load(found, self._seed), SEED_WITHIN_S)
            super().__init__(found)
            super().__enter__()
            opened.callback(super().__exit__)
            self._running = opened.pop_all()
            self._is_up = True
        return self

    def stop(self) -> None:
        """Remove everything. Idempotent."""
        self._is_up = False
        self._running.close()

    def logs(self, *services: str) -> str:
        """Return what these services have said so far, or all of them."""
        return "".join(self.containers.get_logs(*services))

    def _plan(self, opened: ExitStack) -> Plan:
        """Decide what to start, in a temporary folder of its own."""
        from emulator.plan import plan
        from emulator.runtimes.docker import SHARED_MODE
        from emulator.settings import load

        project = self._project.resolve()
        folder = tempfile.mkdtemp(prefix=PREFIX)
        opened.callback(shutil.rmtree, folder, ignore_errors=True)
        own = {"CLIPNET_STATE_DIR": folder, "CLIPNET_STACK": NAME, "CLIPNET_RUNTIME": "docker"}
        settings = load({**os.environ, **self._env, **own}, project)
        overrides = tuple(project / path for path in self._overrides)
        made = plan(replace(settings, port_base=None, overrides=overrides))
        made.folder.create()
        made.folder.data("media").chmod(SHARED_MODE)
        return made


def _parts(plan: Plan) -> Parts:
    from emulator.environment import inner_addresses

    found = parts(plan.settings.stack, plan.env, plan.folder.path, plan.settings.cache_dir)
    return replace(found, inner=inner_addresses("docker", plan.topology, plan.ports))


def _require_testcontainers() -> None:
    if find_spec("testcontainers") is None:
        raise PrerequisiteMissing(
            "the package 'testcontainers' is not installed",
            "install it with: pip install 'clipnet-emulate[testcontainers]'",
        )


def _require_ports(plan: Plan) -> None:
    """Raise if the published ports are not on this machine, though all containers are well.

    Raises:
        StartFailed: They are not, as in a container that was given the engine's socket.
    """
    port = plan.ports["api"]
    try:
        socket.create_connection(("127.0.0.1", port), timeout=_CONNECT_WITHIN_S).close()
    except OSError as error:
        raise StartFailed(
            f"all containers are well, but port {port} of 127.0.0.1 does not answer: "
            "the engine publishes ports on another machine than this",
            "run the tests on the engine's machine, or in a container with --network host",
        ) from error
