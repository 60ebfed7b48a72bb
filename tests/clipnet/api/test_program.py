"""The API as a process: how it starts, ends, and lives through what happens to its parts."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from sqlalchemy import text

from clipnet.db.engine import create_engine
from clipnet.db.migrate import HEAD
from clipnet.db.models import Base
from clipnet.queue import connect
from tests import servers
from tests.clipnet.api.conftest import PASSWORD
from tests.clipnet.api.stories import URL

pytestmark = pytest.mark.slow


@dataclass(frozen=True, slots=True)
class Program:
    """A running `python -m clipnet.api`."""

    process: subprocess.Popen[bytes]
    url: str
    log: Path

    def lines(self) -> list[dict[str, object]]:
        """Return its log."""
        return [json.loads(line) for line in self.log.read_text().splitlines()]


@contextmanager
def running(env: dict[str, str], folder: Path) -> Iterator[Program]:
    """Run the API until the end of the `with`."""
    port, log = servers.free_port(), folder / "api.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "clipnet.api"],
            env={**os.environ, **env, "PORT": str(port)},
            stdout=output,
            stderr=subprocess.STDOUT,
            cwd=folder,
        )
    try:
        yield Program(process, f"http://127.0.0.1:{port}", log)
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def is_ready(program: Program) -> bool:
    assert program.process.poll() is None, program.log.read_text()
    try:
        return httpx.get(f"{program.url}/ready").status_code == 200
    except httpx.TransportError:
        return False


@pytest.fixture
def program(clean: None, env: dict[str, str], tmp_path: Path) -> Iterator[Program]:
    """A ready API."""
    with running(env, tmp_path) as program:
        servers.wait_until(lambda: is_ready(program), lambda: f"the API\n{program.log.read_text()}")
        yield program


def test_it_ends_at_once_and_cleanly_on_sigterm(program: Program) -> None:
    started = time.monotonic()
    program.process.send_signal(signal.SIGTERM)

    code = program.process.wait(10)

    assert code == 0
    assert time.monotonic() - started < 2
    assert all(line["service"] == "api" for line in program.lines())
    assert not [line for line in program.lines() if line["level"] in ("warning", "error")]


class HalfSent:
    """An upload whose second half is sent when the test says so."""

    def __init__(self, program: Program) -> None:
        self._more = threading.Event()
        self._client = httpx.Client(base_url=program.url, timeout=20, verify=False)
        body = {"email": "a@b.cd", "password": PASSWORD, "name": "A"}
        self._client.post("/v1/users", json=body).raise_for_status()
        self.is_under_way = threading.Event()

    def send(self) -> httpx.Response:
        """Send it; ends with the answer."""
        headers = {"content-type": "multipart/form-data; boundary=b"}
        try:
            return self._client.post("/v1/clips", content=self._parts(), headers=headers)
        finally:
            self._client.close()

    def go_on(self) -> None:
        """Send the rest."""
        self._more.set()

    def _parts(self) -> Iterator[bytes]:
        yield b'--b\r\nContent-Disposition: form-data; name="file"; filename="a.mp4"\r\n\r\n'
        yield bytes(100_000)
        self.is_under_way.set()
        self._more.wait(20)
        yield bytes(100_000) + b"\r\n--b--\r\n"


def refuses(program: Program) -> bool:
    """Tell whether nobody listens any more."""
    try:
        httpx.get(f"{program.url}/health")
    except httpx.ConnectError:
        return True
    except httpx.TransportError:
        return False
    return False


def test_an_upload_under_way_is_finished_after_sigterm_and_nothing_new_is_taken(program: Program) -> None:
    upload = HalfSent(program)
    with ThreadPoolExecutor(1) as pool:
        answer = pool.submit(upload.send)
        assert upload.is_under_way.wait(10)
        program.process.send_signal(signal.SIGTERM)
        servers.wait_until(lambda: refuses(program), lambda: "the API to accept no more")
        upload.go_on()

        assert answer.result(20).status_code == 201
    assert program.process.wait(10) == 0


def test_what_is_under_way_has_the_grace_that_the_environment_says(
    clean: None, env: dict[str, str], tmp_path: Path
) -> None:
    with running({**env, "STOP_GRACE_S": "0.2"}, tmp_path) as program, ThreadPoolExecutor(1) as pool:
        servers.wait_until(lambda: is_ready(program), lambda: f"the API\n{program.log.read_text()}")
        upload = HalfSent(program)
        answer = pool.submit(upload.send)
        assert upload.is_under_way.wait(10)
        began = time.monotonic()
        program.process.send_signal(signal.SIGTERM)

        assert program.process.wait(10) == 0
        assert time.monotonic() - began < 2
        upload.go_on()
        with contextlib.suppress(httpx.TransportError):
            assert answer.result(20).status_code == 500


def test_wrong_settings_end_it_with_all_problems(env: dict[str, str]) -> None:
    wrong = {**os.environ, **env, "RUNPOD_NAMESPACE": "production", "PORT": "x"}

    done = subprocess.run(
        [sys.executable, "-m", "clipnet.api"],
        env=wrong,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )

    assert done.returncode == 2
    assert done.stderr.splitlines() == [
        "error: 2 settings cannot be used:",
        "  - PORT is 'x'; it must be a whole number",
        "  - RUNPOD_NAMESPACE names something of production; staging must not touch it",
    ]


def test_it_waits_for_a_database_that_comes_later_and_migrates_it(
    env: dict[str, str], tmp_path: Path
) -> None:
    with ExitStack() as stack:
        redis = stack.enter_context(servers.redis())
        port = servers.free_port()
        late = {
            **env,
            "REDIS_URL": redis,
            "DATABASE_URL": f"postgresql://clipnet:clipnet@127.0.0.1:{port}/clipnet",
        }
        program = stack.enter_context(running(late, tmp_path))

        stack.enter_context(servers.postgres(port))
        servers.wait_until(lambda: is_ready(program), lambda: f"the API\n{program.log.read_text()}")

        body = {"email": "a@b.cd", "password": PASSWORD, "name": "A"}
        assert httpx.post(f"{program.url}/v1/users", json=body).status_code == 201


async def test_it_serves_on_a_schema_that_a_newer_release_made(
    env: dict[str, str], database_url: str, clean: None, tmp_path: Path
) -> None:
    engine = create_engine(database_url, application="test")
    change = "UPDATE alembic_version SET version_num = :revision"
    async with engine.begin() as connection:
        await connection.execute(text(change), {"revision": "9999"})
    try:
        with running(env, tmp_path) as program:
            await asyncio.to_thread(
                servers.wait_until, lambda: is_ready(program), lambda: f"the API\n{program.log.read_text()}"
            )
            told = [
                line["revision"] for line in program.lines() if str(line["event"]).startswith("schema is")
            ]
    finally:
        async with engine.begin() as connection:
            await connection.execute(text(change), {"revision": HEAD})
        await engine.dispose()

    assert told == ["9999"]


async def test_a_reset_under_its_feet_is_not_noticed(
    program: Program, database_url: str, redis_url: str
) -> None:
    engine, redis = create_engine(database_url, application="test"), connect(redis_url)
    async with httpx.AsyncClient(base_url=program.url, verify=False) as client:
        for number in range(3):
            body = {"email": "a@b.cd", "password": PASSWORD, "name": "A"}
            assert (await client.post("/v1/users", json=body)).status_code == 201, number
            assert (await client.post("/v1/clips", json={"url": URL})).status_code == 201, number

            async with engine.begin() as connection:
                for table in reversed(Base.metadata.sorted_tables):
                    await connection.execute(table.delete())
            await redis.flushall()

            assert (await client.get("/v1/me")).status_code == 401
    await redis.aclose()
    await engine.dispose()


async def test_a_redis_that_goes_and_comes_back_costs_nothing(
    env: dict[str, str], clean: None, tmp_path: Path
) -> None:
    port = servers.free_port()
    with ExitStack() as stack:
        first = stack.enter_context(ExitStack())
        url = first.enter_context(servers.redis(port))
        program = stack.enter_context(running({**env, "REDIS_URL": url}, tmp_path))
        servers.wait_until(lambda: is_ready(program), lambda: f"the API\n{program.log.read_text()}")
        client = await logged_in(program)
        first.close()

        clip = await client.post("/v1/clips", json={"url": URL})
        away = await client.get("/ready")
        stack.enter_context(servers.redis(port))
        redis = connect(url)
        job = f"bull:clipnet:{clip.json()['id']}-clip_process"
        async with asyncio.timeout(20):
            while not await redis.exists(job):  # noqa: ASYNC110 - the sweep tells nobody
                await asyncio.sleep(0.02)

        assert (clip.status_code, away.status_code) == (201, 503)
        assert (await client.get("/ready")).status_code == 200
        await redis.aclose()
        await client.aclose()


async def logged_in(program: Program) -> httpx.AsyncClient:
    """Return a client that is logged in."""
    client = httpx.AsyncClient(base_url=program.url, verify=False, timeout=20)
    body = {"email": "a@b.cd", "password": PASSWORD, "name": "A"}
    assert (await client.post("/v1/users", json=body)).status_code == 201
    return client


def test_each_request_is_a_span_in_the_log(program: Program) -> None:
    trace = "4bf92f3577b34da6a3ce929d0e0e4736"

    httpx.get(f"{program.url}/v1/me", headers={"traceparent": f"00-{trace}-00f067aa0ba902b7-01"})

    servers.wait_until(lambda: any(line["event"] == "span" for line in program.lines()), lambda: "the span")
    (line,) = [line for line in program.lines() if line["event"] == "span"]
    assert (line["name"], line["trace_id"], line["parent_id"]) == ("GET /v1/me", trace, "00f067aa0ba902b7")
    assert (line["status"], line["path"]) == (401, "/v1/me")
