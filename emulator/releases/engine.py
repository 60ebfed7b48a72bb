"""Deploys, rolls back and promotes: one deployment at a time, each told, logged and recorded."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from emulator.errors import ConfigurationRefused, DeploymentFailed, EmulatorError
from emulator.releases import migrations
from emulator.releases.build import Order, build
from emulator.releases.ground import Ground
from emulator.releases.journal import Journal, StepFailed
from emulator.releases.record import APPLICATION, Action, Deployment, DeploymentState, Release, builtin, stamp
from emulator.releases.rollout import Rollout
from emulator.releases.source import resolve
from emulator.releases.store import Store
from emulator.releases.traffic import Route
from emulator.steering import Tell


@dataclass(frozen=True, slots=True)
class Wish:
    """What is to be deployed, and how.

    Attributes:
        services: Roles, of `APPLICATION`.
        actor: Who wants it.
        smoke: Whether the smoke test must pass.
        hold: Only make the release and look whether it starts; nothing that serves is touched.
    """

    services: tuple[str, ...] = APPLICATION
    actor: str = ""
    smoke: bool = True
    hold: bool = False


_Find = Callable[[Journal], Awaitable[Release]]


class Engine:
    """The deployments of one running stack."""

    def __init__(self, ground: Ground) -> None:
        self._ground = ground
        _end_what_was_broken_off(ground.store)
        self._line = asyncio.Lock()
        self._under_way: int | None = None
        self._tasks: set[asyncio.Task[Any]] = set()

    async def deploy(
        self, source: Path, ref: str | None, wish: Wish, tell: Tell, objects: Sequence[Path] = ()
    ) -> Deployment:
        """Make a release of a commit, and make it serve.

        Args:
            source: A repository, or a folder in one.
            ref: What of it; None for what is checked out.
            wish: See there.
            tell: Told each message.
            objects: More folders of objects: those of a push that is not accepted yet.

        Raises:
            DeploymentFailed: It came to nothing; what served before serves.
        """

        async def made(journal: Journal) -> Release:
            async with journal.step("source") as step:
                commit = await resolve(source, ref or "HEAD", self._ground.env, objects)
                step.detail = f"{commit.sha[:7]} {commit.subject}"
            async with journal.step("build") as step:
                release = await build(commit, self._order(journal))
                journal.is_of(release.version)
                await self._ground.make_ready(release, journal)
                step.detail = release.version
            return release

        return await self._run(Action.DEPLOY, made, wish, tell)

    async def rollback(self, to: str | None, wish: Wish, tell: Tell) -> Deployment:
        """Make an earlier release serve: the one of this version, else the last good one.

        Raises:
            DeploymentFailed: It came to nothing; what served before serves.
        """

        async def found(journal: Journal) -> Release:
            async with journal.step("release") as step:
                release = self._earlier(to, wish.services)
                journal.is_of(release.version)
                await self._ground.make_ready(release, journal)
                step.detail = f"{release.version}: {release.subject}"
            return release

        return await self._run(Action.ROLLBACK, found, wish, tell)

    async def promote(self, version: str, other: Path | None, wish: Wish, tell: Tell) -> Deployment:
        """Make a release serve that is there already: here, or in another stack's state folder.

        Raises:
            DeploymentFailed: It came to nothing; what served before serves.
        """

        async def adopted(journal: Journal) -> Release:
            async with journal.step("release") as step:
                store = self._ground.store
                release = (
                    store.release(version)
                    if other is None
                    else await asyncio.to_thread(store.adopt, Store(other / "releases").release(version))
                )
                journal.is_of(release.version)
                await self._ground.make_ready(release, journal)
                step.detail = f"{release.version}: {release.subject}"
            return release

        return await self._run(Action.PROMOTE, adopted, wish, tell)

    async def show(self, route: Route | None) -> None:
        """Lead the frontend's public address elsewhere, None to the web service again; it stays so.

        Raises:
            CheckFailed: The edge does not answer, or refuses it.
        """
        async with self._line:
            await self._ground.show(route)

    async def restore(self) -> None:
        """Lead where the last life of the stack led; called once, after its start."""
        async with self._line:
            await self._ground.restore()

    async def close(self) -> None:
        """Give up what is under way: the stack stops."""
        self._ground.is_closing = True
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def serve(self, request: Mapping[str, Any], tell: Tell) -> None:
        """Do what a request at the control socket asks for (see `steering`).

        Raises:
            EmulatorError: It was refused, or came to nothing.
        """
        wish = _wish(request)
        match request.get("do"):
            case "deploy":
                source, objects = Path(_text(request, "source")), request.get("objects") or ()
                done = await self.deploy(
                    source, request.get("ref"), wish, tell, [Path(str(one)) for one in objects]
                )
            case "rollback":
                done = await self.rollback(request.get("to"), wish, tell)
            case "promote":
                other = request.get("from")
                path = None if other is None else Path(str(other))
                done = await self.promote(_text(request, "version"), path, wish, tell)
            case other:
                raise ConfigurationRefused(f"the supervisor knows no request '{other}'")
        tell({"done": done.to_json()})

    async def _run(self, action: Action, find: _Find, wish: Wish, tell: Tell) -> Deployment:
        """Wait in line, then go through a deployment."""
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            if self._line.locked():
                tell({"queued": {"behind": self._under_way}})
            async with self._line:
                return await self._go(action, find, wish, tell)
        finally:
            self._tasks.discard(task)

    async def _go(self, action: Action, find: _Find, wish: Wish, tell: Tell) -> Deployment:
        store = self._ground.store
        number = self._under_way = store.next_number()
        before = self._serving()
        deployment = Deployment(number, action, None, wish.services, wish.actor, stamp(time.time()), before)
        journal = Journal(deployment, store, self._ground.plan.folder.log(f"deploy-{number}"), tell)
        try:
            release = await find(journal)
            await migrations.prepare(self._ground, journal, release, before)
            await Rollout(self._ground, journal, release, wish.services).run(smoke=wish.smoke, hold=wish.hold)
        except StepFailed as failed:
            error = self._failure(journal, failed)
            journal.end(DeploymentState.FAILED, error)
            raise error from failed.__cause__
        except asyncio.CancelledError:
            journal.end(DeploymentState.CANCELLED)
            raise
        except BaseException as error:
            journal.end(DeploymentState.FAILED, error if isinstance(error, EmulatorError) else None)
            raise
        done = journal.end(DeploymentState.HELD if wish.hold else DeploymentState.LIVE)
        try:
            store.prune()
            await self._ground.runtime.keep_only(store.releases())
        except EmulatorError as error:
            journal.say(f"old releases were not removed: {error.what}")
        return done

    def _order(self, journal: Journal) -> Order:
        plan = self._ground.plan
        return Order(
            store=self._ground.store,
            cache=plan.settings.cache_dir,
            env=self._ground.env,
            environment=plan.topology.environment,
            now_s=time.time(),
            told=journal.say,
            installs=self._ground.runtime.installs,
        )

    def _failure(self, journal: Journal, failed: StepFailed) -> EmulatorError:
        cause = failed.__cause__
        why = cause.what if isinstance(cause, EmulatorError) else str(cause)
        return DeploymentFailed(
            f"deployment {journal.deployment.number} failed at '{failed.step}': {why}\n"
            f"{_in_words(self._serving())}",
            f"its log is {journal.log}",
        )

    def _serving(self) -> dict[str, str]:
        return {role: self._ground.store.current().get(role, builtin().version) for role in APPLICATION}

    def _earlier(self, to: str | None, services: Sequence[str]) -> Release:
        store = self._ground.store
        if to is not None:
            return store.release(to)
        serving = self._serving()[services[0]]
        found = store.last_good(serving, tuple(services))
        if found is None:
            raise ConfigurationRefused(
                f"nothing served before release {serving}",
                "name a release with: clipnet-emulate rollback --to",
            )
        return found


def _end_what_was_broken_off(store: Store) -> None:
    """Write down the end of deployments whose supervisor was killed."""
    for deployment in store.deployments():
        if deployment.state is DeploymentState.RUNNING:
            error = DeploymentFailed("the stack ended in the middle of it", "deploy again")
            ended = replace(deployment, state=DeploymentState.FAILED, error=error.record())
            store.save(replace(ended, ended_at=stamp(time.time())))


def _in_words(serving: Mapping[str, str]) -> str:
    """Return which release serves, or which service runs which one."""
    versions = set(serving.values())
    if len(versions) == 1:
        return f"release {versions.pop()} goes on serving"
    return "what served goes on serving: " + ", ".join(
        f"{role} {version}" for role, version in serving.items()
    )


def _wish(request: Mapping[str, Any]) -> Wish:
    services = request.get("services") or APPLICATION
    unknown = [name for name in services if name not in APPLICATION]
    if unknown:
        raise ConfigurationRefused(
            f"'{unknown[0]}' is no service that is deployed", f"services: {', '.join(APPLICATION)}"
        )
    ordered = tuple(role for role in APPLICATION if role in services)
    return Wish(
        ordered,
        str(request.get("actor") or ""),
        request.get("smoke") is not False,
        request.get("hold") is True,
    )


def _text(request: Mapping[str, Any], name: str) -> str:
    value = request.get(name)
    if not isinstance(value, str) or not value:
        raise ConfigurationRefused(f"the request does not say '{name}'")
    return value
