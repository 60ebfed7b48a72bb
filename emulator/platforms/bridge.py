"""The stack's engine as the agent of the platforms asks for it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from emulator.errors import ConfigurationRefused
from emulator.platforms.engine import OnMessage, Site
from emulator.releases.engine import Engine, Wish
from emulator.releases.record import builtin
from emulator.releases.store import Store
from emulator.releases.traffic import Route


class Bridge:
    """See `engine.Engine`. Platforms look at health alone, so that no smoke test is run for them."""

    def __init__(self, engine: Engine, store: Store) -> None:
        self._engine = engine
        self._store = store

    async def deploy(
        self, source: Path, ref: str, services: Sequence[str], actor: str, on_message: OnMessage
    ) -> None:
        """Make a release of a commit and let these services be of it."""
        await self._engine.deploy(source, ref, _wish(services, actor), on_message)

    async def rollback(self, commit: str, services: Sequence[str], actor: str, on_message: OnMessage) -> None:
        """Let these services be of the release of a commit that served before.

        Raises:
            ConfigurationRefused: It is not kept any more.
        """
        found = self._release_of(commit)
        if found is None:
            raise ConfigurationRefused(
                f"there is no release of commit {commit[:7]} any more", "deploy it anew"
            )
        await self._engine.rollback(found, _wish(services, actor), on_message)

    async def restart(self, service: str, actor: str, on_message: OnMessage) -> None:
        """Start a service anew, of the release that it is of."""
        version = self._store.current().get(service, builtin().version)
        await self._engine.promote(version, None, _wish((service,), actor), on_message)

    async def show(self, site: Site | None, actor: str) -> None:
        """Lead the frontend's public address to a site; None leads it to the web service again.

        Where no site is shown, None changes nothing: others lead that address as well.
        """
        if site is None:
            if self._store.site() is not None:
                await self._engine.show(None)
            return
        version = site.version or (self._release_of(site.commit) if site.commit else None)
        await self._engine.show(Route(site.address, version or site.deployment, site.host))

    def _release_of(self, commit: str) -> str | None:
        return next((one.version for one in reversed(self._store.releases()) if one.commit == commit), None)


def _wish(services: Sequence[str], actor: str) -> Wish:
    return Wish(tuple(services), actor, smoke=False)
