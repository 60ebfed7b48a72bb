"""Both ways not to be root, with a real PostgreSQL."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from emulator.errors import StartFailed
from emulator.probe import NotReady, ask
from emulator.processes import process
from emulator.runtimes import embedded_postgres, unprivileged
from emulator.runtimes.embedded_postgres import Place
from emulator.runtimes.spawn import spawn
from emulator.topology import Probe

pytestmark = [pytest.mark.slow, pytest.mark.skipif(os.geteuid() != 0, reason="nobody else is root")]


@pytest.fixture(params=["namespace", "uid"])
def identity(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    if request.param == "namespace" and not unprivileged.namespaces_work():
        pytest.skip("user namespaces are refused here")
    monkeypatch.setattr(unprivileged, "namespaces_work", lambda: request.param == "namespace")
    return str(request.param)


async def test_postgres_runs_in_a_folder_that_only_root_can_enter(
    identity: str, tmp_path: Path, port_base: int
) -> None:
    closed = tmp_path / "closed"
    (closed / "tmp").mkdir(parents=True)
    closed.chmod(0o700)
    place = Place(
        data=closed / "postgres",
        cache=closed / "cache",
        log=closed / "postgres.log",
        tmp=closed / "tmp",
        env={"PATH": os.environ["PATH"]},
        port=port_base,
        fsync=False,
    )
    command = await embedded_postgres.command(embedded_postgres.find(None), place)

    server = spawn(command)
    await _ready(port_base, server.pid)
    owner = os.stat(f"/proc/{server.pid}").st_uid
    code = await server.stop()

    assert code == 0
    assert (owner == 0) == (identity == "namespace")


async def test_a_failed_initdb_is_quoted_and_leaves_nothing(tmp_path: Path) -> None:
    found = embedded_postgres.find(None)
    broken = tmp_path / "bin"
    shutil.copytree(found.folder, broken)
    (tmp_path / "tmp").mkdir()
    place = Place(
        tmp_path / "postgres", tmp_path / "cache", tmp_path / "log", tmp_path / "tmp", {}, 1, fsync=False
    )

    with pytest.raises(StartFailed, match="initdb ended with exit code"):
        await embedded_postgres.command(embedded_postgres.Postgres(broken, "18.0"), place)

    assert not (tmp_path / "postgres").exists()
    assert list((tmp_path / "cache").iterdir()) == []


async def _ready(port: int, pid: int) -> None:
    import asyncio

    async with asyncio.timeout(20):
        while process(pid) is not None:
            try:
                return await ask(Probe("postgres", f"postgresql://clipnet@127.0.0.1:{port}/clipnet"), 1.0)
            except NotReady:
                await asyncio.sleep(0.01)
    raise AssertionError("postgres ended")
