"""The supervisor over scripted services: order, readiness, restarts, giving up, stopping."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest

from emulator.errors import StartFailed
from emulator.lifecycle import Health, RestartPolicy, State
from emulator.record import ServiceRecord
from emulator.runtimes import Handle, Place
from emulator.supervisor import Pace, Supervisor
from emulator.topology import Service
from tests.emulator.runtimes.scripted import ScriptedRuntime
from tests.emulator.runtimes.scripted import scripted_service as scripted

FAST = Pace(
    ready_within_s=5.0,
    ask_every_s=0.002,
    watch_every_s=0.01,
    answer_within_s=0.5,
    unhealthy_after=2,
    restarts=RestartPolicy(limit=3, first_delay_s=0.001, longest_delay_s=0.004),
)


def _last_lines(name: str, _handle: Handle) -> tuple[str, ...]:
    return (f"{name} said this",)


class Stage:
    """A supervisor with what it told."""

    def __init__(self, services: list[Service], pace: Pace) -> None:
        self.runtime = ScriptedRuntime()
        self.told: list[ServiceRecord] = []
        self.changed = asyncio.Event()
        self.supervisor = Supervisor(
            services, self.runtime, pace, self._on_change, lambda name, _: (f"{name} said this",)
        )

    def _on_change(self, record: ServiceRecord) -> None:
        self.told.append(record)
        self.changed.set()

    def record(self, name: str) -> ServiceRecord:
        return next(record for record in self.supervisor.records if record.name == name)

    async def until_alive(self, name: str) -> None:
        async with asyncio.timeout(5):
            while name not in self.runtime.alive():  # noqa: ASYNC110 - nobody tells
                await asyncio.sleep(0.001)

    async def until(self, question: Callable[[], bool]) -> None:
        async with asyncio.timeout(5):
            while not question():
                self.changed.clear()
                await self.changed.wait()


@asynccontextmanager
async def stage(*services: Service, pace: Pace = FAST) -> AsyncIterator[Stage]:
    staged = Stage(list(services), pace)
    try:
        yield staged
    finally:
        await staged.supervisor.stop()
        assert staged.runtime.alive() == []


async def test_a_service_waits_for_its_needs() -> None:
    async with stage(scripted("api", "serve", needs=("db",)), scripted("db", "serve")) as staged:
        await staged.supervisor.start()

        assert staged.runtime.started == ["db", "api"]


async def test_an_early_service_does_not_wait() -> None:
    api = replace(scripted("api", "serve", needs=("db",)), starts_early=True)
    async with stage(api, scripted("db", "serve")) as staged:
        await staged.supervisor.start()

        assert staged.runtime.started == ["api", "db"]


async def test_a_death_before_it_is_ready_ends_the_start_and_stops_the_rest() -> None:
    async with stage(scripted("db", "serve"), scripted("api", "exit:3", needs=("db",))) as staged:
        with pytest.raises(StartFailed) as failed:
            await staged.supervisor.start()

        assert failed.value.what == (
            "service 'api' ended with exit code 3 before it was ready, its last lines:\n  api said this"
        )
        assert {record.state for record in staged.supervisor.records} == {State.STOPPED}


async def test_the_deadline_names_the_first_late_service() -> None:
    slow = replace(FAST, ready_within_s=0.1)
    async with stage(scripted("db", "forever"), scripted("api", "serve", needs=("db",)), pace=slow) as staged:
        with pytest.raises(StartFailed, match=r"service 'db' was not ready after 0\.1 s"):
            await staged.supervisor.start()


async def test_a_crash_is_followed_by_a_restart() -> None:
    async with stage(scripted("api", "serve")) as staged:
        await staged.supervisor.start()

        staged.runtime.crash("api", 9)
        await staged.until(
            lambda: staged.record("api").restarts == 1 and staged.record("api").state is State.RUNNING
        )

        assert staged.runtime.started == ["api", "api"]
        assert [record.state for record in staged.told][-3:] == [
            State.RESTARTING,
            State.STARTING,
            State.RUNNING,
        ]


async def test_after_the_limit_it_is_given_up_and_the_rest_goes_on() -> None:
    async with stage(scripted("api", "serve"), scripted("web", "serve")) as staged:
        await staged.supervisor.start()
        staged.runtime.script("api", "exit:4")

        staged.runtime.crash("api", 9)
        await staged.until(lambda: staged.record("api").state is State.FAILED)

        assert staged.runtime.started.count("api") == 1 + 3
        assert staged.record("api").restarts == 3
        assert staged.record("api").detail == "given up: ended with exit code 4 before it was ready"
        assert staged.record("web").state is State.RUNNING


async def test_what_was_given_up_can_be_wanted_again() -> None:
    async with stage(scripted("api", "serve")) as staged:
        await staged.supervisor.start()
        staged.runtime.script("api", "exit:4")
        staged.runtime.crash("api", 9)
        await staged.until(lambda: staged.record("api").state is State.FAILED)
        staged.runtime.script("api", "serve")

        wanted = staged.supervisor.want_all()

        await staged.until(lambda: staged.record("api").state is State.RUNNING)
        assert wanted


async def test_what_is_wanted_again_may_be_refused_again_and_the_rest_goes_on() -> None:
    async with stage(scripted("api", "serve"), scripted("web", "serve")) as staged:
        await staged.supervisor.start()
        staged.runtime.refuse("api", "its port is taken")
        staged.runtime.crash("api", 9)
        await staged.until(lambda: staged.record("api").state is State.FAILED)

        staged.supervisor.want_all()

        await staged.until(lambda: [told.state for told in staged.told].count(State.FAILED) == 2)
        assert staged.record("api").detail == "given up: its port is taken"
        assert staged.record("web").state is State.RUNNING
        staged.runtime.relent("api")
        staged.supervisor.want_all()
        await staged.until(lambda: staged.record("api").state is State.RUNNING)


async def test_bad_answers_in_a_row_make_it_unhealthy_and_one_good_one_well() -> None:
    async with stage(scripted("api", "serve")) as staged:
        await staged.supervisor.start()

        staged.runtime.mute("api")
        await staged.until(lambda: staged.record("api").health is Health.UNHEALTHY)
        state = staged.record("api").state
        await staged.runtime.unmute("api")
        await staged.until(lambda: staged.record("api").health is Health.HEALTHY)

        assert state is State.RUNNING
        assert staged.runtime.started == ["api"]


async def test_stopping_goes_in_reverse_and_twice_is_once() -> None:
    async with stage(scripted("db", "serve"), scripted("api", "serve", needs=("db",))) as staged:
        await staged.supervisor.start()

        await staged.supervisor.stop()
        await staged.supervisor.stop()

        assert staged.runtime.stopped == ["api", "db"]


async def test_a_cancelled_start_leaves_nothing() -> None:
    async with stage(scripted("db", "serve"), scripted("api", "forever", needs=("db",))) as staged:
        start = asyncio.create_task(staged.supervisor.start())
        await staged.until(lambda: staged.record("api").state is State.STARTING)

        start.cancel()
        await asyncio.wait([start])

        assert start.cancelled()
        assert staged.runtime.alive() == []


def newer(service: Service, *steps: str) -> tuple[Service, Place]:
    """Return another version of a service, on a port of its own, and its place beside the first."""
    other = scripted(service.name, *steps)
    place = Place({port.name: port.container for port in other.ports}, f"{service.name}.next")
    return replace(other, environment={"PORT": other.environment["PORT"], "APP_VERSION": "2"}), place


async def test_an_instance_beside_takes_the_place_of_the_first_one() -> None:
    api = scripted("api", "serve")
    async with stage(api) as staged:
        await staged.supervisor.start()
        service, place = newer(api, "serve")

        handle = await staged.supervisor.start_beside(service, place)
        first = await staged.supervisor.let_go("api")
        await staged.supervisor.keep(service, handle, place)

        assert first is not None
        assert sorted(staged.runtime.alive()) == ["api", "api.next"]
        assert staged.record("api").ports == place.ports
        assert await staged.supervisor.stop_beside(first) == 143
        assert staged.runtime.alive() == ["api.next"]
        assert staged.record("api").state is State.RUNNING


async def test_what_took_the_place_is_restarted_where_it_is() -> None:
    api = scripted("api", "serve")
    async with stage(api) as staged:
        await staged.supervisor.start()
        watching = asyncio.create_task(staged.supervisor.watch())
        service, place = newer(api, "serve")
        handle = await staged.supervisor.start_beside(service, place)
        first = await staged.supervisor.let_go("api")
        await staged.supervisor.keep(service, handle, place)
        assert first is not None
        await staged.supervisor.stop_beside(first)

        staged.runtime.crash("api.next", 7)
        await staged.until(
            lambda: staged.record("api").restarts == 1 and staged.record("api").state is State.RUNNING
        )

        assert staged.record("api").ports == place.ports
        assert not watching.done()
        watching.cancel()


@pytest.mark.parametrize(
    ("steps", "said"),
    [(("exit:3",), "ended with exit code 3 before it was ready"), ((), "was not ready after 0.2 s")],
)
async def test_an_instance_beside_that_fails_leaves_the_first_alone(
    steps: tuple[str, ...], said: str
) -> None:
    api = scripted("api", "serve")
    async with stage(api) as staged:
        await staged.supervisor.start()
        service, place = newer(api, *steps)

        with pytest.raises(StartFailed, match=said) as failed:
            await staged.supervisor.start_beside(service, place, within_s=0.2)

        assert "api.next said this" in failed.value.what
        assert staged.runtime.alive() == ["api"]
        assert staged.record("api").state is State.RUNNING


async def test_a_cancelled_start_beside_leaves_nothing() -> None:
    api = scripted("api", "serve")
    async with stage(api) as staged:
        await staged.supervisor.start()
        service, place = newer(api)
        starting = asyncio.create_task(staged.supervisor.start_beside(service, place))
        await staged.until_alive("api.next")

        starting.cancel()
        await asyncio.gather(starting, return_exceptions=True)

        assert staged.runtime.alive() == ["api"]


async def test_a_service_that_was_let_go_is_not_restarted() -> None:
    api, worker = scripted("api", "serve"), scripted("worker", "serve")
    async with stage(api, worker) as staged:
        await staged.supervisor.start()
        watching = asyncio.create_task(staged.supervisor.watch())

        handle = await staged.supervisor.let_go("worker")
        assert handle is not None
        staged.runtime.crash("worker", 1)

        assert await handle.wait() == 1
        staged.runtime.crash("api", 1)
        await staged.until(lambda: staged.record("api").restarts == 1)
        assert staged.runtime.started == ["api", "worker", "api"]
        assert not watching.done()
        watching.cancel()


@pytest.mark.parametrize("is_given_up", [False, True])
async def test_a_service_that_was_let_go_can_be_kept_again(is_given_up: bool) -> None:
    worker = scripted("worker", "serve")
    async with stage(worker) as staged:
        await staged.supervisor.start()
        if is_given_up:
            staged.runtime.refuse("worker", "no")
            staged.runtime.crash("worker", 1)
            await staged.until(lambda: staged.record("worker").state is State.FAILED)
            staged.runtime.relent("worker")
        handle = await staged.supervisor.let_go("worker")
        if handle is not None:
            await staged.supervisor.stop_beside(handle)
        assert not staged.supervisor.is_kept("worker")

        staged.supervisor.keep_anew(worker, None)

        await staged.until(lambda: staged.record("worker").state is State.RUNNING)
        assert staged.supervisor.is_kept("worker")


async def test_stopping_the_stack_stops_what_runs_beside() -> None:
    api = scripted("api", "serve")
    async with stage(api) as staged:
        await staged.supervisor.start()
        service, place = newer(api, "serve")
        await staged.supervisor.start_beside(service, place)

        await staged.supervisor.stop()

        assert staged.runtime.alive() == []
