"""What deployments of one stack work with."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

from emulator.errors import BuildFailed, CheckFailed, ConfigurationRefused
from emulator.plan import Plan
from emulator.releases.journal import Journal
from emulator.releases.record import Release, builtin
from emulator.releases.store import Store
from emulator.releases.traffic import Route, Traffic
from emulator.releases.workshop import Workshop, environment
from emulator.runtimes import ReleaseRuntime
from emulator.runtimes.choice import released
from emulator.settings import STACK_MARKER
from emulator.supervisor import Supervisor
from emulator.topology import Service, resolve

_ERROR = "error: "
_PUBLIC = {"api": "API_URL", "web": "WEB_URL"}


@dataclass(slots=True)
class Ground:
    """The running stack under its deployments.

    Attributes:
        plan: What the stack was started as.
        supervisor: Who starts and stops.
        runtime: Where it does.
        env: The user's environment.
        is_closing: True once the stack stops: nothing is brought back any more.
    """

    plan: Plan
    supervisor: Supervisor
    runtime: ReleaseRuntime
    env: Mapping[str, str]
    is_closing: bool = False
    store: Store = field(init=False)

    def __post_init__(self) -> None:
        self.store = Store(self.plan.folder.path / "releases")

    @property
    def traffic(self) -> Traffic:
        """The edge.

        Raises:
            ConfigurationRefused: This stack has none.
        """
        port = self.plan.ports.get("edge-control")
        if port is None:
            raise ConfigurationRefused(
                f"stack '{self.plan.settings.stack}' has no service 'edge', so that nothing can take over",
                "keep the edge of the packaged compose.yaml",
            )
        return Traffic(port)

    async def show(self, route: Route | None) -> None:
        """Lead the frontend's public address elsewhere, None to the web service again; and keep that.

        Raises:
            CheckFailed: The edge does not answer, or refuses it.
        """
        await self.traffic.lead({"web": route or self._own_frontend()})
        self.store.set_site(None if route is None else asdict(route))

    async def restore(self) -> None:
        """Lead where the last life of the stack led, after a start, and say of which release that is.

        Raises:
            CheckFailed: The edge does not answer, or refuses it.
        """
        current, site = self.store.current(), self.store.site()
        if not current and site is None:
            return
        found = await self.traffic.routes()
        routes = {
            role: replace(route, release=current[role]) for role, route in found.items() if role in current
        }
        if site is not None:
            routes["web"] = Route(**site)
        await self.traffic.lead(routes)

    def _own_frontend(self) -> Route:
        service, _ = self.supervisor.kept(self.plan.topology.service("web").name)
        address = self.supervisor.inner(service.name)[service.ports[0].name]
        return Route(address, self.store.current().get("web", builtin().version))

    def public_url(self, role: str) -> str:
        """Return the origin at which everybody finds the API or the frontend."""
        return self.plan.env[_PUBLIC[role]]

    async def run(
        self,
        what: str,
        argv: Sequence[str],
        env: Mapping[str, str],
        cwd: Path,
        journal: Journal,
        heard: Callable[[str], None] = lambda _line: None,
    ) -> None:
        """Run a command to its end; what it prints goes to the deployment's log, who waits, and `heard`.

        Raises:
            BuildFailed: It failed; with its last lines.
        """

        def told(line: str) -> None:
            heard(line)
            journal.line(line)

        folder = self.plan.folder
        ours = {"TMPDIR": str(folder.tmp), STACK_MARKER: str(folder.path)}
        await self._shop(journal, told).run(what, argv, cwd, {**ours, **env})

    async def run_of(self, what: str, service: Service, journal: Journal) -> None:
        """Run a service's command once, where the stack's services run.

        Raises:
            BuildFailed: It failed; with its last lines.
        """
        await self.runtime.run(what, service, self._shop(journal, journal.line))

    async def make_ready(self, release: Release, journal: Journal) -> None:
        """Make what a release's services are started from, if it is not there.

        Raises:
            EmulatorError: That failed.
        """
        await self.runtime.make_ready(release, self._shop(journal, journal.line))

    def service(self, role: str) -> Service:
        """Return the service that plays a role as the stack itself has it, of no release."""
        return resolve(self.plan.written, self.plan.variables).service(role)

    def released(self, service: Service, release: Release) -> Service:
        """Return a service of the stack as a release runs it."""
        return released(self.plan.settings, self.plan.folder, service, release)

    def _shop(self, journal: Journal, told: Callable[[str], None]) -> Workshop:
        return Workshop(journal.log, environment(self.env), told)

    async def smoke(self, beside: Mapping[str, str], journal: Journal) -> None:
        """Send a clip and a command through the stack; `beside` says where `api` and `web` are asked.

        Raises:
            CheckFailed: A step of it failed.
        """
        settings = self.plan.settings
        words = (sys.executable, "-m", "emulator", "smoke", "--stack", settings.stack)
        at = tuple(word for name, url in beside.items() for word in (f"--beside-{name}", url))
        env = {"CLIPNET_STATE_DIR": str(settings.state_dir), "CLIPNET_CACHE_DIR": str(settings.cache_dir)}
        said: list[str] = []
        try:
            await self.run(
                "clipnet-emulate smoke", (*words, *at), env, settings.project_dir, journal, said.append
            )
        except BuildFailed as error:
            errors = [line.removeprefix(_ERROR) for line in said if line.startswith(_ERROR)]
            raise CheckFailed(errors[-1] if errors else error.what, error.hint) from error
