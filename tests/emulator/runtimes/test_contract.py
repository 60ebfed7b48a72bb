"""What every runtime promises. Each test runs against each of them."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from emulator.errors import PrerequisiteMissing
from emulator.probe import NotReady, ask
from emulator.runtimes import Runtime
from emulator.runtimes.embedded import EmbeddedRuntime
from emulator.settings import load
from emulator.statefolder import StateFolder
from emulator.topology import Service
from tests.emulator.runtimes.scripted import ScriptedRuntime, scripted_service


class Bench:
    """A runtime under test, and services that it can run."""

    def __init__(self, kind: str, folder: Path) -> None:
        self._kind = kind
        self._folder = StateFolder(folder)
        self._folder.create()

    def runtime(self, *services: Service) -> Runtime:
        if self._kind == "scripted":
            return ScriptedRuntime()
        ports = {port.name: port.container for service in services for port in service.ports}
        return EmbeddedRuntime(load({}, self._folder.path), self._folder, ports, {"PATH": "/usr/bin:/bin"})


@pytest.fixture(params=["scripted", "embedded"])
def bench(request: pytest.FixtureRequest, tmp_path: Path) -> Bench:
    return Bench(request.param, tmp_path / "stack")


async def ready(service: Service) -> None:
    async with asyncio.timeout(10):
        while True:
            try:
                return await ask(service.probe, 1.0)
            except NotReady:
                await asyncio.sleep(0.005)


async def test_a_started_service_answers_on_its_port(bench: Bench) -> None:
    service = scripted_service("api", "serve")
    runtime = bench.runtime(service)
    await runtime.prepare([service])

    handle = await runtime.start(service, service.environment)

    await ready(service)
    assert (handle.service, dict(handle.ports)) == (service, {"api": service.ports[0].container})
    await handle.stop()


async def test_a_service_that_ends_tells_its_exit_code_to_everybody_who_waits(bench: Bench) -> None:
    service = scripted_service("api", "exit:7")
    handle = await bench.runtime(service).start(service, service.environment)

    codes = await asyncio.gather(handle.wait(), handle.wait())

    assert (*codes, await handle.wait()) == (7, 7, 7)


async def test_stop_is_polite_and_idempotent(bench: Bench) -> None:
    service = scripted_service("api", "serve")
    handle = await bench.runtime(service).start(service, service.environment)
    await ready(service)

    codes = [await handle.stop(), await handle.stop()]

    assert codes == [143, 143]
    with pytest.raises(NotReady):
        await ask(service.probe, 1.0)


async def test_a_deaf_service_is_killed_when_its_time_is_over(bench: Bench) -> None:
    service = scripted_service("api", "deaf", "serve")
    handle = await bench.runtime(service).start(service, service.environment)
    await ready(service)

    code = await handle.stop()

    assert code == 137


async def test_a_hard_stop_does_not_ask(bench: Bench) -> None:
    service = replace(scripted_service("api", "deaf", "serve"), stop_within_s=60)
    handle = await bench.runtime(service).start(service, service.environment)
    await ready(service)

    async with asyncio.timeout(5):
        code = await handle.stop(hard=True)

    assert code == 137


async def test_lines_go_on_until_the_end(bench: Bench) -> None:
    service = scripted_service("api", "print:one", "print:two", "exit:0")
    handle = await bench.runtime(service).start(service, service.environment)

    async with asyncio.timeout(10):
        lines = [line async for line in handle.lines()]

    assert lines == ["one", "two"]


async def test_giving_up_a_wait_does_not_end_the_service(bench: Bench) -> None:
    service = scripted_service("api", "serve")
    handle = await bench.runtime(service).start(service, service.environment)
    await ready(service)
    waiting = asyncio.create_task(handle.wait())

    waiting.cancel()
    await asyncio.wait([waiting])

    await ask(service.probe, 1.0)
    await handle.stop()


async def test_it_can_be_started_again(bench: Bench) -> None:
    service = scripted_service("api", "serve")
    runtime = bench.runtime(service)
    first = await runtime.start(service, service.environment)
    await ready(service)
    await first.stop()

    second = await runtime.start(service, service.environment)

    await ready(service)
    await second.stop()


async def test_a_missing_program_is_named_before_anything_starts(bench: Bench) -> None:
    service = replace(scripted_service("api"), command=("no-such-program", "serve"))

    with pytest.raises(PrerequisiteMissing, match="'no-such-program', which is not installed"):
        await bench.runtime(service).prepare([service])
