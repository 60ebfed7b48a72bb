"""Puts a release into the place of what serves, or leaves everything as it was.

New instances start beside the old ones and are looked at; the worker hands over; traffic is led to the new
ones; the old ones end what they do. Until then every step is undone when a later one fails.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Coroutine, Mapping, Sequence
from contextlib import AsyncExitStack, suppress
from dataclasses import replace
from typing import Any

from emulator import probe
from emulator.errors import CheckFailed, EmulatorError, StartFailed
from emulator.httpclient import NoAnswer, get
from emulator.probe import NotReady
from emulator.releases.ground import Ground
from emulator.releases.instances import Instance, free_ports, service_at
from emulator.releases.journal import Journal, give_up_if_cancelled, to_the_end
from emulator.releases.record import Release
from emulator.releases.traffic import Route
from emulator.runtimes import Place
from emulator.topology import Service
from emulator.versions import LEASE_KEY, STANDBY_KEY, of_worker

_VERSION_PATHS = {"api": "/version", "web": "/config.json"}
"""Where a service tells its version."""

_ANSWER_WITHIN_S = 5.0
DRAIN_S = 30.0
"""How long requests that are under way at the former instances may take to end."""

_HANDOVER_WITHIN_S = 30.0
_EDGE_WITHIN_S = 30.0
_LOOK_EVERY_S = 0.02


class Rollout:
    """One release on its way into service."""

    def __init__(self, ground: Ground, journal: Journal, release: Release, roles: Sequence[str]) -> None:
        self._ground = ground
        self._journal = journal
        self._release = release
        self._roles = tuple(roles)
        self._new: dict[str, Instance] = {}
        self._before: Mapping[str, Route] = {}
        self._taken: set[int] = set()

    async def run(self, *, smoke: bool, hold: bool) -> None:
        """Go all the way; with `hold`, only look whether the release starts.

        Raises:
            StepFailed: A step failed; everything is as it was.
        """
        undo = AsyncExitStack()
        try:
            await self._begin(undo)
            if hold:
                await to_the_end(undo.aclose())
                return
            await self._hand_over(undo)
            await self._smoke(smoke)
            await self._switch(undo)
            self._write_down(undo)
        except BaseException:
            await to_the_end(undo.aclose())
            raise
        await to_the_end(self._finish())

    async def _begin(self, undo: AsyncExitStack) -> None:
        async with self._journal.step("start") as step:
            await _together(*(self._start(role, undo) for role in self._roles))
            step.detail = ", ".join(
                f"{role} at {instance.address}" if instance.address else f"{role} stands by"
                for role, instance in sorted(self._new.items())
            )

    async def _start(self, role: str, undo: AsyncExitStack) -> None:
        """Start one service beside the one that serves, unless it cannot stand by: then later."""
        service, place = self._planned(role)
        if role == "worker":
            if service.standby is None:
                return
            handle = await self._ground.supervisor.start_beside(
                _standing_by(service), place, question=service.standby.probe
            )
        else:
            handle = await self._ground.supervisor.start_beside(service, place)
        instance = Instance(self._release, service, place, handle)
        undo.push_async_callback(self._ground.supervisor.stop_beside, handle)
        self._new[role] = instance
        if role in _VERSION_PATHS:
            await self._look_at_version(role, instance.url)
        else:
            await self._look_at_worker(STANDBY_KEY)

    def _planned(self, role: str) -> tuple[Service, Place]:
        plan = self._ground.plan
        numbers = free_ports(plan, (port.name for port in plan.topology.service(role).ports), self._taken)
        self._taken.update(numbers.values())
        service = service_at(plan, self._release, role, numbers)
        place = Place(numbers, f"{service.name}.next")
        plan.folder.log(place.log).unlink(missing_ok=True)
        return service, place

    async def _look_at_version(self, role: str, url: str) -> None:
        """Compare what a service says of itself with what it should be; one that says nothing is fine.

        Raises:
            CheckFailed: It is another version.
        """
        path = _VERSION_PATHS[role]
        try:
            answer = await get(url + path, _ANSWER_WITHIN_S)
            found = answer.json() if answer.status == 200 else {}
        except NoAnswer as error:
            raise CheckFailed(f"{role} does not tell its version: {error}") from error
        self._compare(role, path, found.get("version") if isinstance(found, dict) else None)

    async def _look_at_worker(self, key: str) -> None:
        """Compare what the worker says of itself in Redis with what it should be, as with the others.

        Raises:
            CheckFailed: It is another version.
        """
        told = await asyncio.to_thread(of_worker, self._ground.plan.env["REDIS_URL"], key)
        self._compare("worker", f"'{key}'", told.version)

    def _compare(self, role: str, place: str, told: object) -> None:
        if told not in (None, self._release.version):
            raise CheckFailed(f"{role} says at {place} that it is {told}, not {self._release.version}")

    async def _hand_over(self, undo: AsyncExitStack) -> None:
        """Let the old worker end what it does, and the new one go on."""
        if "worker" not in self._roles:
            return
        async with self._journal.step("handover") as step:
            name = self._ground.plan.topology.service("worker").name
            former = self._ground.supervisor.kept(name)
            undo.push_async_callback(self._retry_failed, time.time())
            undo.push_async_callback(self._bring_back, former)
            code = await to_the_end(self._exchange(name, former))
            give_up_if_cancelled()
            if code not in (None, 0):
                step.detail = f"the former one ended with exit code {code}"

    async def _exchange(self, name: str, former: tuple[Service, Place | None]) -> int | None:
        supervisor = self._ground.supervisor
        old = await supervisor.let_go(name)
        code = None if old is None else await supervisor.stop_beside(old)
        new = self._new.get("worker")
        if new is None:
            service, place = self._planned("worker")
            new = Instance(self._release, service, place, await supervisor.start_beside(service, place))
            self._new["worker"] = new
        kept = _standing_by(new.service) if new.service.standby else new.service
        await supervisor.keep(kept, new.handle, self._settled(new.service.name, new.place))
        await self._until_it_works(new.service)
        await self._look_at_worker(LEASE_KEY)
        return code

    async def _until_it_works(self, service: Service) -> None:
        """Wait until the worker has what makes it the one worker.

        Raises:
            StartFailed: It has not in time, or ended.
        """
        ends = asyncio.get_running_loop().time() + _HANDOVER_WITHIN_S
        while True:
            try:
                await probe.ask(service.probe, _ANSWER_WITHIN_S)
                return
            except NotReady as seen:
                if asyncio.get_running_loop().time() > ends:
                    raise StartFailed(
                        f"the new worker has not begun after {_HANDOVER_WITHIN_S:g} s ({seen})"
                    ) from None
            await asyncio.sleep(_LOOK_EVERY_S)

    async def _bring_back(self, former: tuple[Service, Place | None]) -> None:
        """Have the former worker work again; if it cannot, leave the new one, which is better than none."""
        if self._ground.is_closing:
            return
        supervisor, service = self._ground.supervisor, former[0]
        place = Place(former[1].ports if former[1] else {}, f"{service.name}.next")
        try:
            if service.standby is None:
                await self._let_go_and_stop(service.name)
                handle = await supervisor.start_beside(service, place)
            else:
                question = service.standby.probe
                handle = await supervisor.start_beside(_standing_by(service), place, question=question)
                await self._let_go_and_stop(service.name)
            await supervisor.keep(service, handle, self._settled(service.name, place))
            await self._until_it_works(service)
        except EmulatorError as error:
            self._journal.say(f"the former worker does not come back: {error.what}")
            if not supervisor.is_kept(service.name):
                supervisor.keep_anew(service, former[1])

    async def _retry_failed(self, since_s: float) -> None:
        """Put back into the queues what failed while the new worker had them: a faulty one is no reason."""
        if self._ground.is_closing:
            return
        from redis.exceptions import RedisError  # late: a client of Redis is much to load

        from emulator import jobs

        try:
            async with jobs.connect(self._ground.plan.env["REDIS_URL"]) as redis:
                failed = await jobs.listed(redis, time.time(), ("failed",))
                mine = [job.id for job in failed if (job.finished_s or 0) >= since_s]
                for job_id in mine:
                    with suppress(EmulatorError):
                        await jobs.retry(redis, job_id, time.time())
        except (RedisError, OSError) as error:
            self._journal.say(f"jobs that failed meanwhile were not put back into their queues: {error}")
            return
        if mine:
            self._journal.say(f"{len(mine)} jobs that failed meanwhile are in their queues again")

    async def _let_go_and_stop(self, name: str) -> None:
        handle = await self._ground.supervisor.let_go(name)
        if handle is not None:
            await self._ground.supervisor.stop_beside(handle)

    async def _smoke(self, is_wanted: bool) -> None:
        if not is_wanted:
            self._journal.skip("smoke", "not wanted")
            return
        async with self._journal.step("smoke"):
            beside = {role: self._new[role].url for role in _VERSION_PATHS if role in self._new}
            await self._ground.smoke(beside, self._journal)

    async def _switch(self, undo: AsyncExitStack) -> None:
        """Lead traffic to the new instances and look once more, from where everybody sees them."""
        routes = {
            role: Route(instance.inner, self._release.version)
            for role, instance in self._new.items()
            if role in _VERSION_PATHS and instance.inner is not None
        }
        if not routes:
            return
        async with self._journal.step("switch") as step:
            before = await self._ground.traffic.routes()
            self._before = {role: before[role] for role in routes}
            undo.push_async_callback(self._lead_back)
            await self._ground.traffic.lead(routes)
            step.detail = ", ".join(f"{role} -> {route.address}" for role, route in sorted(routes.items()))
        async with self._journal.step("verify"):
            await _together(*(self._look_at_version(role, self._ground.public_url(role)) for role in routes))

    async def _lead_back(self) -> None:
        """Lead traffic where it went before; an edge that ended gets the time to be started again."""
        ends = asyncio.get_running_loop().time() + _EDGE_WITHIN_S
        while not self._ground.is_closing:
            try:
                await self._ground.traffic.lead(self._before)
                return
            except CheckFailed as error:
                if asyncio.get_running_loop().time() > ends:
                    self._journal.say(f"traffic was not led back: {error.what}")
                    return
            await asyncio.sleep(_LOOK_EVERY_S)

    def _write_down(self, undo: AsyncExitStack) -> None:
        """Keep what serves from now on: the next start of the stack goes by that."""
        store = self._ground.store
        before = store.current()
        undo.callback(store.set_current, before)
        store.set_current({**before, **dict.fromkeys(self._roles, self._release.version)})
        if "web" in self._before:
            store.set_site(None)

    async def _finish(self) -> None:
        """Make it last: nothing below can undo the release any more."""
        if not self._before:
            return
        async with self._journal.step("drain") as step:
            left = await _together(*(self._retire(role) for role in self._before))
            if late := sum(left):
                step.detail = f"{late} requests were still under way and were cut"

    async def _retire(self, role: str) -> int:
        """Keep the new instance in the place of the old one, and stop that when nothing is under way."""
        supervisor = self._ground.supervisor
        new = self._new[role]
        old = await supervisor.let_go(new.service.name)
        await supervisor.keep(new.service, new.handle, self._settled(new.service.name, new.place))
        left = 0
        try:
            left = await self._ground.traffic.drained(self._before[role].address, DRAIN_S)
        except CheckFailed as error:
            self._journal.say(f"nobody knows what is under way at the former {role}: {error.what}")
        try:
            if old is not None:
                await supervisor.stop_beside(old)
        except EmulatorError as error:
            self._journal.say(f"the former {role} was not stopped well: {error.what}")
        return left

    def _settled(self, name: str, place: Place) -> Place:
        """Give an instance the log of its service; that of the former one is put aside."""
        log = self._ground.plan.folder.log(name)
        with suppress(FileNotFoundError):
            log.rename(log.with_suffix(".log.1"))
        with suppress(FileNotFoundError):
            self._ground.plan.folder.log(place.log).rename(log)
        return replace(place, log=name)


def _standing_by(service: Service) -> Service:
    assert service.standby is not None
    return replace(service, arguments=service.standby.arguments)


async def _together(*work: Coroutine[Any, Any, Any]) -> list[Any]:
    """Do several things at once; the first that fails ends the others."""
    tasks = [asyncio.create_task(one) for one in work]
    try:
        return await asyncio.gather(*tasks)
    except BaseException:
        for task in tasks:
            task.cancel()
        await to_the_end(asyncio.gather(*tasks, return_exceptions=True))
        raise
