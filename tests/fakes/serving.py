"""Fakes on real sockets for tests: in a thread of this process, or in a process of their own.

    with served("cloudinary", "runpod") as fakes:
        httpx.get(fakes.url("cloudinary") + "/_fake/health")

Ports are free ones; state lives in a temporary folder that is removed at the end.
"""

from __future__ import annotations

import asyncio
import ctypes
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from fakes.kit.app import FakeApp
from fakes.kit.clock import SettableClock
from fakes.kit.kit import FakeSettings
from fakes.kit.server import listen, serve
from fakes.realhosts import Listeners, fake_of_host, prepare
from fakes.settings import TlsSettings
from tests.servers import wait_until

DEADLINE_S = 20.0
_PR_SET_PDEATHSIG = 1


@dataclass(frozen=True, slots=True)
class Served:
    """Fakes that answer on 127.0.0.1.

    Attributes:
        urls: Origin of each fake, by name.
        folder: The state folder; blobs are below it.
        apps: The applications themselves, for looks inside; empty when they run in another process.
        process: The process that serves them, or None when a thread does.
        secure_port: Where they are served by their real host names, over TLS; 0 when they are not.
        plain_port: The same over plain HTTP.
    """

    urls: Mapping[str, str]
    folder: Path
    clock: SettableClock = field(default_factory=SettableClock)
    apps: Mapping[str, FakeApp] = field(default_factory=dict)
    process: subprocess.Popen[bytes] | None = None
    secure_port: int = 0
    plain_port: int = 0

    def url(self, name: str) -> str:
        """Origin of one fake."""
        return self.urls[name]

    def host(self, name: str) -> str:
        """`host:port` of one fake."""
        return self.urls[name].removeprefix("http://")


@contextmanager
def served(
    *names: str, folder: Path | None = None, by_name: bool = False, **settings: Any
) -> Iterator[Served]:
    """Serve fakes from a thread.

    Args:
        *names: The fakes, as in `fakes.FAKES`.
        folder: State folder to use, and to leave in place; a temporary one by default.
        by_name: Whether to serve them by their real host names as well.
        **settings: Fields of `FakeSettings` to set, for example `seed=7`.
    """
    with ExitStack() as stack:
        state_dir = folder or _temporary_folder(stack)
        sockets = {name: listen("127.0.0.1", 0) for name in names}
        urls = {name: f"http://127.0.0.1:{sock.getsockname()[1]}" for name, sock in sockets.items()}
        listeners = _listeners(state_dir, names) if by_name else None
        inside = {host: urls[name] for host, name in fake_of_host(names).items()} if by_name else {}
        base = FakeSettings(public_urls=urls, state_dir=state_dir, inside=inside)
        clock = SettableClock()
        apps: dict[str, FakeApp] = {}
        failures: list[BaseException] = []
        ready = threading.Event()
        loop = asyncio.new_event_loop()
        stop = asyncio.Event()

        async def main() -> None:
            try:
                apps.update({name: FakeApp(name, replace(base, **settings), clock) for name in names})
            except BaseException as error:
                failures.append(error)
                raise
            finally:
                ready.set()
            try:
                by_port = serve({sockets[name]: app for name, app in apps.items()}, stop)
                await asyncio.gather(by_port, *([listeners.serve(apps, stop)] if listeners else []))
            finally:
                for app in apps.values():
                    await app.close()

        def run() -> None:
            with asyncio.Runner(loop_factory=lambda: loop) as runner:
                try:
                    runner.run(main())
                except BaseException as error:  # noqa: BLE001 - handed to the test below
                    if error not in failures:
                        failures.append(error)

        thread = threading.Thread(target=run, name="fakes", daemon=True)
        thread.start()
        try:
            if not ready.wait(DEADLINE_S):
                raise TimeoutError(f"fakes {names} were not ready after {DEADLINE_S} s")
            if failures:
                raise failures[0]
            yield Served(urls, state_dir, clock, apps, None, *_ports_of(listeners))
        finally:
            if not loop.is_closed():
                loop.call_soon_threadsafe(stop.set)
            thread.join(DEADLINE_S)
            for sock in (*sockets.values(), *_sockets_of(listeners)):
                sock.close()
        if failures:
            raise failures[0]


@contextmanager
def served_by_process(
    *names: str, folder: Path | None = None, env: Mapping[str, str] | None = None
) -> Iterator[Served]:
    """Serve fakes by `python -m fakes`, for tests that kill it.

    Args:
        *names: The fakes, as in `fakes.FAKES`.
        folder: State folder to use, and to leave in place; a temporary one by default.
        env: More environment variables, for example `{"SPEECH_DIR": "..."}`.
    """
    with ExitStack() as stack:
        state_dir = folder or _temporary_folder(stack)
        log = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="fakes-log-"))) / "fakes.log"
        environment = {
            **os.environ,
            "FAKES_HOST": "127.0.0.1",
            "FAKES_PORTS": ",".join(f"{name}=0" for name in names),
            "FAKES_STATE_DIR": str(state_dir),
            **(env or {}),
        }
        with log.open("wb") as output:
            process = subprocess.Popen(
                [sys.executable, "-m", "fakes"],
                env=environment,
                stdout=output,
                stderr=subprocess.STDOUT,
                stdin=subprocess.DEVNULL,
                preexec_fn=die_with_parent,
            )
        try:
            wait_until(
                lambda: bool(_ports(log)) or process.poll() is not None,
                lambda: f"fakes {names} to be ready\n{log.read_text()}",
            )
            ports = _ports(log)
            if not ports:
                raise RuntimeError(f"the fakes ended with {process.returncode}\n{log.read_text()}")
            urls = {name: f"http://127.0.0.1:{port}" for name, port in ports.items()}
            yield Served(urls, state_dir, process=process)
        finally:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(DEADLINE_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _listeners(folder: Path, names: Sequence[str]) -> Listeners | None:
    settings = TlsSettings(folder / "tls", port=0, http_port=0)
    return prepare("127.0.0.1", settings, fake_of_host(names), time.time())


def _sockets_of(listeners: Listeners | None) -> list[socket.socket]:
    found = (listeners.secure, listeners.plain) if listeners else ()
    return [sock for sock in found if sock is not None]


def _ports_of(listeners: Listeners | None) -> list[int]:
    return [sock.getsockname()[1] for sock in _sockets_of(listeners)]


def _temporary_folder(stack: ExitStack) -> Path:
    """A folder that goes with the stack; a fake may still be deleting in it behind its last answer."""
    folder = tempfile.TemporaryDirectory(prefix="fakes-", ignore_cleanup_errors=True)
    return Path(stack.enter_context(folder))


def _ports(log: Path) -> dict[str, int]:
    for line in log.read_text().splitlines():
        if line.startswith("{") and line.endswith("}"):
            record = json.loads(line)
            if record.get("event") == "fakes ready":
                return dict(record["ports"])
    return {}


def die_with_parent() -> None:
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
