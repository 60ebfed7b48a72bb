"""What every runtime promises. Each test runs against each of them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from emulator.errors import PrerequisiteMissing
from emulator.ports import is_free
from emulator.probe import NotReady
from emulator.runtimes import Handle, Runtime
from emulator.runtimes.embedded import EmbeddedRuntime
from emulator.settings import load
from emulator.statefolder import StateFolder
from emulator.topology import Service
from tests.emulator.runtimes.containers import docker_runtime
from tests.emulator.runtimes.scripted import ScriptedRuntime, scripted_service


class Bench:
    """A runtime under test, and services that it can run."""

    def __init__(self, kind: str, folder: Path) -> None:
        self._kind = kind
        self._folder = StateFolder(folder)
        self._folder.create()
        self._runtimes: list[Runtime] = []

    async def start(self, service: Service) -> Handle:
        """Start a service in a runtime of its own."""
        runtime = self.runtime(service)
        await runtime.prepare([service])
        return await runtime.start(service, service.environment)

    def runtime(self, *services: Service) -> Runtime:
        runtime = self._new(services)
        self._runtimes.append(runtime)
        return runtime

    async def close(self) -> None:
        for runtime in self._runtimes:
            await runtime.close()
            await runtime.close()

    def _new(self, services: Sequence[Service]) -> Runtime:
        if self._kind == "scripted":
            return ScriptedRuntime()
        if self._kind == "docker":
            return docker_runtime(self._folder, services)
        ports = {port.name: port.container for service in services for port in service.ports}
        return EmbeddedRuntime(load({}, self._folder.path), self._folder, ports, {"PATH": "/usr/bin:/bin"})


@pytest.fixture(
    params=["scripted", "embedded", pytest.param("docker", marks=[pytest.mark.docker, pytest.mark.slow])]
)
async def bench(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Bench]:
    bench = Bench(request.param, tmp_path / "stack")
    yield bench
    await bench.close()


async def ready(handle: Handle) -> None:
    async with asyncio.timeout(20):
        while True:
            try:
                return await handle.ask(1.0)
            except NotReady:
                await asyncio.sleep(0.005)


async def test_a_started_service_answers_on_its_port(bench: Bench) -> None:
    service = scripted_service("api", "serve")
    runtime = bench.runtime(service)
    await runtime.prepare([service])

    handle = await runtime.start(service, service.environment)

    await ready(handle)
    assert (handle.service, dict(handle.ports)) == (service, {"api": service.ports[0].container})
    await handle.stop()


async def test_a_service_that_ends_tells_its_exit_code_to_everybody_who_waits(bench: Bench) -> None:
    service = scripted_service("api", "exit:7")
    handle = await bench.start(service)

    codes = await asyncio.gather(handle.wait(), handle.wait())

    assert (*codes, await handle.wait()) == (7, 7, 7)


async def test_stop_is_polite_and_idempotent(bench: Bench) -> None:
    service = scripted_service("api", "serve")
    handle = await bench.start(service)
    await ready(handle)

    codes = [await handle.stop(), await handle.stop()]

    assert codes == [143, 143]
    with pytest.raises(NotReady):
        await handle.ask(1.0)


async def test_a_deaf_service_is_killed_when_its_time_is_over(bench: Bench) -> None:
    service = scripted_service("api", "deaf", "serve")
    handle = await bench.start(service)
    await ready(handle)

    code = await handle.stop()

    assert code == 137


async def test_a_hard_stop_does_not_ask(bench: Bench) -> None:
    service = replace(scripted_service("api", "deaf", "serve"), stop_within_s=60)
    handle = await bench.start(service)
    await ready(handle)

    async with asyncio.timeout(5):
        code = await handle.stop(hard=True)

    assert code == 137


async def test_lines_go_on_until_the_end(bench: Bench) -> None:
    service = scripted_service("api", "print:one", "print:two", "exit:0")
    handle = await bench.start(service)

    async with asyncio.timeout(10):
        lines = [line async for line in handle.lines()]

    assert lines == ["one", "two"]


async def test_giving_up_a_wait_does_not_end_the_service(bench: Bench) -> None:
    service = scripted_service("api", "serve")
    handle = await bench.start(service)
    await ready(handle)
    waiting = asyncio.create_task(handle.wait())

    waiting.cancel()
    await asyncio.wait([waiting])

    await handle.ask(1.0)
    await handle.stop()


async def test_it_can_be_started_again(bench: Bench) -> None:
    service = scripted_service("api", "serve")
    runtime = bench.runtime(service)
    await runtime.prepare([service])
    first = await runtime.start(service, service.environment)
    await ready(first)
    await first.stop()

    second = await runtime.start(service, service.environment)

    await ready(second)
    await second.stop()


async def test_the_log_of_a_second_life_holds_nothing_of_the_first(bench: Bench) -> None:
    service = scripted_service("api", "print:one", "exit:0")
    runtime = bench.runtime(service)
    await runtime.prepare([service])
    await (await runtime.start(service, service.environment)).wait()

    second = await runtime.start(service, service.environment)

    async with asyncio.timeout(10):
        assert [line async for line in second.lines()] == ["one"]


async def test_a_start_that_is_given_up_leaves_nothing_running(bench: Bench) -> None:
    service = scripted_service("api", "serve")
    runtime = bench.runtime(service)
    await runtime.prepare([service])
    starting = asyncio.create_task(runtime.start(service, service.environment))
    await asyncio.sleep(0)

    starting.cancel()
    await asyncio.wait([starting])

    if not starting.cancelled():
        await starting.result().stop()
    assert is_free(service.ports[0].container)


async def test_what_is_missing_is_named_before_anything_starts(bench: Bench) -> None:
    service = replace(scripted_service("api"), command=("no-such-program", "serve"))

    with pytest.raises(PrerequisiteMissing, match=r"no-such-program.*is not"):
        await bench.runtime(service).prepare([service])
