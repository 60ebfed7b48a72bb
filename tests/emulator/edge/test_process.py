"""The edge as the process that it is: how it starts, what it takes, and how it ends."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from emulator.releases.traffic import Route, Traffic
from tests.emulator.edge.conftest import (
    DEADLINE_S,
    Client,
    asked,
    connected,
    request_of,
    serving,
)
from tests.servers import free_port

GET = b"GET / HTTP/1.1\r\nHost: shop\r\n\r\n"
CLOSE = b"GET / HTTP/1.1\r\nHost: shop\r\nConnection: close\r\n\r\n"
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
GIB = 1 << 30
BLOCK = b"x" * (1 << 20)


class Process:
    """A running edge."""

    def __init__(self, process: asyncio.subprocess.Process, ports: dict[str, int], log: Path) -> None:
        self.process = process
        self.ports = ports
        self.log = log

    @property
    def peak_bytes(self) -> int:
        """The most memory that it ever had."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(status.partition("VmHWM:")[2].split()[0]) * 1024

    @property
    def lines(self) -> list[dict[str, object]]:
        return [json.loads(line) for line in self.log.read_bytes().splitlines()]


@asynccontextmanager
async def running(folder: Path, address: str, **env: str) -> AsyncIterator[Process]:
    ports = {name: free_port() for name in ("web", "api", "edge", "control")}
    told = {
        "EDGE_PORTS": ",".join(f"{name}={port}" for name, port in ports.items()),
        "EDGE_ROUTES": f"api={address}",
        "PYTHONPATH": str(Path(__file__).parents[3]),
        **env,
    }
    log = folder / "edge.log"
    with log.open("wb") as output:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "emulator.edge", env=told, stdout=output, stderr=output
        )
    try:
        async with asyncio.timeout(DEADLINE_S):
            while b"edge started" not in log.read_bytes():
                assert process.returncode is None, log.read_text()
                await asyncio.sleep(0.01)
        yield Process(process, ports, log)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def swallow(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Read a body of 1 GiB, and answer."""
    await reader.readuntil(b"\r\n\r\n")
    left = GIB
    while left:
        left -= len(await reader.read(1 << 20))
    writer.write(OK)
    await reader.read()


async def pour(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answer with 1 GiB."""
    await reader.readuntil(b"\r\n\r\n")
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % GIB)
    for _ in range(GIB // len(BLOCK)):
        writer.write(BLOCK)
        await writer.drain()
    await reader.read()


@pytest.mark.slow
@pytest.mark.parametrize("framing", [b"Content-Length: %d" % GIB, b"Transfer-Encoding: chunked"])
async def test_a_gibibyte_goes_up_in_bounded_memory(tmp_path: Path, framing: bytes) -> None:
    is_chunked = b"chunked" in framing

    async def swallow_chunks(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        while (size := int(await reader.readuntil(b"\r\n"), 16)) > 0:
            await reader.readexactly(size + 2)
        writer.write(OK)
        await reader.read()

    async with (
        serving(swallow_chunks if is_chunked else swallow) as application,
        running(tmp_path, application.address) as edge,
    ):
        async with connected_for(60, edge.ports["api"]) as client:
            await client.send(b"POST / HTTP/1.1\r\nHost: a\r\n" + framing + b"\r\n\r\n")
            block = b"%x\r\n%b\r\n" % (len(BLOCK), BLOCK) if is_chunked else BLOCK
            for _ in range(GIB // len(BLOCK)):
                await client.send(block)
            if is_chunked:
                await client.send(b"0\r\n\r\n")
            await client.head()
            assert await client.exactly(2) == b"ok"

        assert edge.peak_bytes < 48 << 20


@pytest.mark.slow
async def test_a_gibibyte_comes_down_in_bounded_memory(tmp_path: Path) -> None:
    async with serving(pour) as application, running(tmp_path, application.address) as edge:
        async with connected_for(60, edge.ports["api"]) as client:
            await client.send(GET)
            await client.head()
            left = GIB
            while left:
                left -= len(await client.reader.read(1 << 20))

        assert edge.peak_bytes < 48 << 20


async def test_what_is_under_way_ends_before_the_edge_does(tmp_path: Path) -> None:
    answer_now = asyncio.Event()

    async def slow(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await request_of(reader)
        asked_for.set()
        await answer_now.wait()
        writer.write(OK)
        await reader.read()

    asked_for = asyncio.Event()
    async with (
        serving(slow) as application,
        running(tmp_path, application.address, EDGE_GRACE_S="10") as edge,
    ):
        async with connected(edge.ports["api"]) as client, connected(edge.ports["api"]) as idle:
            await client.send(GET)
            await asked_for.wait()
            edge.process.send_signal(signal.SIGTERM)
            assert await idle.rest() == b""
            with pytest.raises(ConnectionRefusedError):
                await asked(edge.ports["api"], CLOSE)
            answer_now.set()
            answer = await client.rest()
        code = await asyncio.wait_for(edge.process.wait(), DEADLINE_S)

        assert (code, answer.endswith(b"ok"), b"Connection: close" in answer) == (0, True, True)
        assert [line["status"] for line in edge.lines if line["event"] == "request"] == [200]


async def test_what_does_not_end_is_ended_after_the_grace(tmp_path: Path) -> None:
    async def never(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
        await request_of(reader)
        asked_for.set()
        await reader.read()

    asked_for = asyncio.Event()
    async with (
        serving(never) as application,
        running(tmp_path, application.address, EDGE_GRACE_S="0.2") as edge,
    ):
        async with connected(edge.ports["api"]) as client:
            await client.send(GET)
            await asked_for.wait()
            edge.process.send_signal(signal.SIGTERM)
            assert await client.rest() == b""
        code = await asyncio.wait_for(edge.process.wait(), DEADLINE_S)

        assert code == 0
        assert [line["status"] for line in edge.lines if line["event"] == "request"] == [499]


async def test_an_application_that_is_killed_in_the_middle_is_seen_by_the_client(tmp_path: Path) -> None:
    port = free_port()
    program = (
        "import socket\n"
        f"s = socket.create_server(('127.0.0.1', {port}))\n"
        "print('up', flush=True)\n"
        "c, _ = s.accept()\n"
        "c.recv(65536)\n"
        "c.sendall(b'HTTP/1.1 200 OK\\r\\nContent-Length: 1000000\\r\\n\\r\\n' + b'x' * 1000)\n"
        "s.accept()\n"
    )
    application = await asyncio.create_subprocess_exec(
        sys.executable, "-c", program, stdout=asyncio.subprocess.PIPE
    )
    assert application.stdout is not None
    await application.stdout.readline()
    async with running(tmp_path, f"127.0.0.1:{port}") as edge, connected(edge.ports["api"]) as client:
        await client.send(GET)
        await client.head()
        await client.exactly(1000)
        application.kill()
        await application.wait()
        assert await client.rest() == b""
        answer = await asked(edge.ports["api"], CLOSE)

    assert answer.startswith(b"HTTP/1.1 502 ")


async def test_a_restarted_edge_goes_on_with_the_routes_that_were_set(tmp_path: Path) -> None:
    file = tmp_path / "routes"
    env = {"EDGE_ROUTES_FILE": str(file)}

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await request_of(reader)
        writer.write(OK)

    async with serving(serve) as application:
        async with running(tmp_path, "127.0.0.1:1", **env) as edge:
            await Traffic(edge.ports["control"]).lead({"api": Route(application.address, "0.2.0")})
            edge.process.kill()
            await edge.process.wait()
        async with running(tmp_path, "127.0.0.1:1", **env) as edge:
            answer = await asked(edge.ports["api"], CLOSE)

    assert answer.endswith(b"ok")


@pytest.mark.parametrize(
    ("env", "code", "words"),
    [
        ({"EDGE_PORTS": "api"}, 2, "EDGE_PORTS has 'api'; write it like api=8401,web=8400"),
        ({"EDGE_ROUTES_FILE": "/etc/hostname"}, 2, "'/etc/hostname' holds no routes"),
        ({"EDGE_PORTS": "api=1,web=1,edge=1,control=1", "EDGE_HOST": "192.0.2.1"}, 1, "cannot assign"),
    ],
)
def test_what_keeps_it_from_starting_is_one_line(env: dict[str, str], code: int, words: str) -> None:
    path = {"PYTHONPATH": str(Path(__file__).parents[3])}
    done = subprocess.run(
        [sys.executable, "-m", "emulator.edge"],
        env={**path, **env},
        capture_output=True,
        timeout=DEADLINE_S,
        check=False,
    )

    line = json.loads(done.stdout)
    assert (done.returncode, done.stderr, line["level"]) == (code, b"", "error")
    assert words.lower() in line["error"].lower()


def test_it_imports_nothing_heavy() -> None:
    program = "import sys, emulator.edge.__main__; print(*sys.modules)"
    env = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[3])}
    modules = subprocess.run(
        [sys.executable, "-c", program], env=env, capture_output=True, text=True, check=True
    )

    heavy = {"starlette", "fastapi", "uvicorn", "httpx", "aiohttp", "yaml", "click", "email", "http.client"}
    assert heavy & set(modules.stdout.split()) == set()


async def test_the_probe_says_whether_it_answers(tmp_path: Path) -> None:
    async with running(tmp_path, "127.0.0.1:1") as edge:
        up = await asyncio.to_thread(probe, edge.ports["control"])
        down = await asyncio.to_thread(probe, free_port())

    assert (up.returncode, up.stderr) == (0, "")
    assert down.returncode == 1
    assert "Connection refused" in down.stderr


def probe(port: int) -> subprocess.CompletedProcess[str]:
    env = {"EDGE_PORTS": f"control={port}", "PYTHONPATH": str(Path(__file__).parents[3])}
    command = [sys.executable, "-S", "-m", "emulator.edge.probe"]
    return subprocess.run(command, env=env, capture_output=True, text=True, check=False)


@asynccontextmanager
async def connected_for(within_s: float, port: int) -> AsyncIterator[Client]:
    """A connection with a longer deadline."""
    async with asyncio.timeout(within_s):
        reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=1 << 20)
        try:
            yield Client(reader, writer)
        finally:
            writer.close()
