"""A server in a process and a folder of its own, and what it costs the machine."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.load import Run

MB = 1_000_000
_READY_WITHIN_S = 20.0


@dataclass(frozen=True, slots=True)
class Server:
    """A server that runs."""

    port: int
    folder: Path
    pid: int

    def memory_mb(self) -> float:
        """Its resident memory."""
        pages = int(Path(f"/proc/{self.pid}/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE") / MB

    def cpu_ms(self) -> float:
        """How long it has been on a CPU, its threads together."""
        ticks = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()[11:13]
        return sum(map(int, ticks)) * 1000 / os.sysconf("SC_CLK_TCK")

    def loaded(self, name: str, load: Callable[[int], Run]) -> dict[str, float]:
        """Put load on its port and return what that measured."""
        before_ms = self.cpu_ms()
        run = load(self.port)
        each_ms = (self.cpu_ms() - before_ms) / len(run.each_ms)
        return {f"{name}, per s": run.per_s, f"{name}, p99 ms": run.p99_ms, f"{name}, CPU ms": each_ms}


def fake(name: str, port: int) -> Sequence[str]:
    """What starts one fake."""
    return ["env", f"FAKES_PORTS={name}={port}", sys.executable, "-m", "fakes"]


@contextmanager
def running(command: Callable[[int], Sequence[str]]) -> Iterator[Server]:
    """Run a command, given a free port, in a folder of its own until it listens, and end it afterwards."""
    with tempfile.TemporaryDirectory(prefix="benchmark-", ignore_cleanup_errors=True) as text:
        port, folder = free_port(), Path(text)
        env = {**os.environ, "FAKES_STATE_DIR": text, "TMPDIR": text}
        with (folder / "log").open("wb") as log:
            process = subprocess.Popen(command(port), env=env, stdout=log, stderr=log)
        try:
            wait_for(port)
            yield Server(port, folder, process.pid)
        finally:
            process.kill()
            process.wait()


def free_port() -> int:
    """Return a port that nothing listens on."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


def wait_for(port: int) -> None:
    """Wait until something listens.

    Raises:
        TimeoutError: Nothing did in time.
    """
    deadline = time.monotonic() + _READY_WITHIN_S
    while time.monotonic() < deadline:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
        except OSError:
            time.sleep(0.02)
    raise TimeoutError(f"nothing listens on port {port} after {_READY_WITHIN_S} s")


def message(line: str, headers: Mapping[str, str], *body: bytes) -> Sequence[bytes]:
    """Return a request in pieces."""
    whole = {"Host": "127.0.0.1", **headers, "Content-Length": str(sum(map(len, body)))}
    head = "".join(f"{name}: {value}\r\n" for name, value in whole.items())
    return (f"{line} HTTP/1.1\r\n{head}\r\n".encode(), *body)
