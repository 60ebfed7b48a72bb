"""A release takes over, or comes to nothing, while what it needs for that fails."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import pytest

from emulator import ports, settings
from emulator.edge.routes import Route
from emulator.edge.server import edge
from emulator.edge.settings import EdgeSettings
from emulator.errors import DeploymentFailed, StateFolderUnusable
from emulator.plan import Plan
from emulator.releases.engine import Engine, Wish
from emulator.releases.ground import Ground
from emulator.releases.record import Deployment, DeploymentState, Release
from emulator.releases.workshop import Workshop
from emulator.runtimes import Handle, Place
from emulator.statefolder import StateFolder
from emulator.supervisor import Pace, Supervisor
from emulator.topology import Port, Probe, Service, Topology
from tests.servers import free_port

OLD, NEW = "0.1.0", "0.2.0+bbbbbbb"
DEADLINE_S = 20.0


class Gate:
    """Where a test may hold up what goes on; it is open at first."""

    def __init__(self) -> None:
        self.reached = asyncio.Event()
        self.opened = asyncio.Event()
        self.opened.set()

    async def enter(self) -> None:
        self.reached.set()
        await self.opened.wait()


class Instance:
    """An API that tells its version, in this process, or a worker, which tells nothing."""

    version = None
    pid = None

    def __init__(self, service: Service, numbers: Mapping[str, int], stop: Gate) -> None:
        self.service = service
        self._stop = stop
        self._server: asyncio.Server | None = None
        self.ports = numbers
        self.inner = {name: f"127.0.0.1:{number}" for name, number in numbers.items()}
        self._ended: asyncio.Future[int] = asyncio.get_running_loop().create_future()

    @property
    def told(self) -> str:
        return self.service.environment.get("APP_VERSION", OLD)

    @property
    def is_alive(self) -> bool:
        return not self._ended.done()

    async def open(self) -> None:
        for number in self.ports.values():
            self._server = await answering(number, self._version)

    async def _version(self) -> str:
        return self.told

    async def lines(self) -> AsyncIterator[str]:
        no_lines: tuple[str, ...] = ()
        for line in no_lines:
            yield line

    async def ask(self, deadline_s: float) -> None:
        return

    async def wait(self) -> int:
        return await asyncio.shield(self._ended)

    async def stop(self, *, hard: bool = False) -> int:
        await self._stop.enter()
        if self._server is not None:
            self._server.close()
        if self.is_alive:
            self._ended.set_result(143)
        return await self.wait()


class Runtime:
    """Starts such instances."""

    name = "instances"
    is_fresh = False
    installs = True

    def __init__(self, folder: StateFolder) -> None:
        self.instances: list[Instance] = []
        self.stop = Gate()
        self.tidy = Gate()
        self._folder = folder

    async def prepare(self, services: Sequence[Service]) -> None:
        return

    async def start(self, service: Service, env: Mapping[str, str], place: Place | None = None) -> Handle:
        numbers = place.ports if place else {port.name: port.container for port in service.ports}
        self._folder.log(place.log if place else service.name).touch()
        instance = Instance(service, numbers, self.stop)
        await instance.open()
        self.instances.append(instance)
        return instance

    async def close(self) -> None:
        return

    async def make_ready(self, release: Release, shop: Workshop) -> None:
        return

    async def run(self, what: str, service: Service, shop: Workshop) -> None:
        return

    async def keep_only(self, releases: Sequence[Release]) -> None:
        await self.tidy.enter()


async def answering(port: int, version: Callable[[], Awaitable[str]]) -> asyncio.Server:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        body = json.dumps({"version": await version()}).encode()
        writer.write(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
        writer.close()

    return await asyncio.start_server(answer, "127.0.0.1", port)


class Scene:
    """A stack of an API behind an edge and of a worker, with the release NEW made."""

    def __init__(self, folder: StateFolder, control: int, numbers: Mapping[str, int], public: int) -> None:
        self.runtime = Runtime(folder)
        number = numbers["api"]
        self._control = control
        self._initial = {"api": Route(f"127.0.0.1:{number}", None, OLD)}
        self._edge = AsyncExitStack()
        self._file = folder.path / "routes.json"
        port, probe = Port("api", number, number), Probe("tcp", f"127.0.0.1:{number}")
        api = Service("api", "api", None, ("api",), None, {}, (port,), (), probe, False, 1.0)
        there = Probe("tcp", f"127.0.0.1:{public}")
        worker = Service("worker", "worker", None, ("worker",), None, {}, (), ("api",), there, False, 1.0)
        topology = Topology((), (api, worker), "staging", "staging_clips", "staging")
        told = settings.load({"CLIPNET_STATE_DIR": str(folder.path.parent)}, folder.path)
        env = {"API_URL": f"http://127.0.0.1:{public}", "REDIS_URL": f"redis://127.0.0.1:{free_port()}"}
        plan = Plan(told, folder, topology, {}, topology, {**numbers, "edge-control": control}, env)
        self.supervisor = Supervisor(topology.services, self.runtime, Pace(), lambda _: None, lambda *_: ())
        self.ground = Ground(plan, self.supervisor, self.runtime, {})
        self.engine = Engine(self.ground)

    async def open_edge(self) -> None:
        numbers = {"web": 0, "api": 0, "edge": 0, "control": self._control}
        told = EdgeSettings("127.0.0.1", numbers, self._initial, self._file, "clipnet.localhost")
        await self._edge.enter_async_context(edge(told, lambda _: None))

    async def close_edge(self) -> None:
        await self._edge.aclose()

    async def at_verification(self) -> str:
        """What the public address tells of its version."""
        return NEW

    async def promote(self, role: str = "api") -> Deployment:
        return await self.engine.promote(NEW, None, Wish((role,), smoke=False), lambda _: None)

    def alive(self, name: str = "api") -> list[str]:
        """The versions of the instances of a service that run."""
        instances = (one for one in self.runtime.instances if one.service.name == name)
        return [one.told for one in instances if one.is_alive]

    async def leads_to(self) -> str:
        return (await self.ground.traffic.routes())["api"].release

    def log(self) -> str:
        return self.ground.plan.folder.log("deploy-1").read_text()

    def last(self) -> Deployment:
        return self.ground.store.deployments()[-1]


@asynccontextmanager
async def staged(path: Path) -> AsyncIterator[Scene]:
    folder = StateFolder(path / "default")
    folder.create()
    public = free_port()
    numbers = {"api": free_port() // ports.BLOCK * ports.BLOCK + 1}
    scene = Scene(folder, free_port(), numbers, public)

    async def told() -> str:
        return await scene.at_verification()

    async with asyncio.timeout(DEADLINE_S), await answering(public, told):
        await scene.open_edge()
        made(scene)
        await scene.supervisor.start()
        try:
            yield scene
        finally:
            await scene.supervisor.stop()
            await scene.close_edge()
    assert (scene.alive(), scene.alive("worker")) == ([], [])


def made(scene: Scene) -> None:
    """Put the release into the store."""
    store = scene.ground.store
    tree = store.folder(NEW) / "tree"
    tree.mkdir(parents=True)
    (tree / "pyproject.toml").touch()
    at = "2026-01-01T00:00:00Z"
    commit = "b" * 40
    store.add(
        Release(NEW, commit, "develop", "", "", at, "clipnet", tree, "", tree, None, "e", "d", None, at)
    )


async def test_a_release_takes_over(tmp_path: Path) -> None:
    async with staged(tmp_path) as scene:
        done = await scene.promote()

        assert (done.state, scene.alive(), await scene.leads_to()) == (DeploymentState.LIVE, [NEW], NEW)
        assert scene.ground.store.current() == {"api": NEW}


async def test_a_release_that_cannot_be_written_down_does_not_serve(tmp_path: Path) -> None:
    async with staged(tmp_path) as scene:
        (scene.ground.store.path / f"current.json.{os.getpid()}").mkdir()

        with pytest.raises(StateFolderUnusable):
            await scene.promote()

        assert (scene.alive(), await scene.leads_to()) == ([OLD], OLD)
        assert scene.last().state is DeploymentState.FAILED


async def test_traffic_goes_back_although_the_edge_is_being_restarted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    restarting: list[asyncio.Task[None]] = []

    async def restart() -> None:
        await until(lambda: scene.last().steps[-1].state.value == "failed")
        await scene.open_edge()

    async def gone() -> str:
        await scene.close_edge()
        restarting.append(asyncio.create_task(restart()))
        return "9.9.9"

    async with staged(tmp_path) as scene:
        monkeypatch.setattr(scene, "at_verification", gone)

        with pytest.raises(DeploymentFailed, match=r"failed at 'verify': api says .* that it is 9\.9\.9"):
            await scene.promote()
        await asyncio.gather(*restarting)

        assert (scene.alive(), await scene.leads_to()) == ([OLD], OLD)


async def test_what_served_is_stopped_although_nobody_knows_whether_it_is_free(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def gone() -> str:
        await scene.close_edge()
        return NEW

    async with staged(tmp_path) as scene:
        monkeypatch.setattr(scene, "at_verification", gone)

        done = await scene.promote()

        assert (done.state, scene.alive()) == (DeploymentState.LIVE, [NEW])


async def test_a_log_that_somebody_removed_keeps_nobody_from_taking_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with staged(tmp_path) as scene:

        async def remove() -> str:
            scene.ground.plan.folder.log("api.next").unlink()
            return NEW

        monkeypatch.setattr(scene, "at_verification", remove)

        done = await scene.promote()

        assert (done.state, scene.alive()) == (DeploymentState.LIVE, [NEW])
        assert scene.supervisor.is_kept("api")


async def test_who_hangs_up_when_all_is_done_cancels_nothing(tmp_path: Path) -> None:
    async with staged(tmp_path) as scene:
        scene.runtime.tidy.opened.clear()

        promoting = asyncio.create_task(scene.promote())
        await scene.runtime.tidy.reached.wait()
        promoting.cancel()
        await asyncio.wait([promoting])

        assert (scene.last().state, scene.alive()) == (DeploymentState.LIVE, [NEW])


async def test_who_hangs_up_while_the_worker_hands_over_cancels(tmp_path: Path) -> None:
    async with staged(tmp_path) as scene:
        scene.runtime.stop.opened.clear()

        promoting = asyncio.create_task(scene.promote("worker"))
        await scene.runtime.stop.reached.wait()
        promoting.cancel()
        scene.runtime.stop.opened.set()
        await asyncio.wait([promoting])

        assert (scene.last().state, scene.alive("worker")) == (DeploymentState.CANCELLED, [OLD])
        assert "were not put back into their queues" in scene.log()  # there is no Redis


async def until(question: Callable[[], bool]) -> None:
    while not question():  # noqa: ASYNC110 - nobody tells
        await asyncio.sleep(0.005)
