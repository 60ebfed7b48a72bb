"""Workers of the official `runpod` package, each a process of its own, started as RunPod does."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from fakes.runpod.state import STAGING_KEY
from tests.fakes.serving import Served, die_with_parent
from tests.servers import wait_until

HANDLERS = Path(__file__).with_name("handlers.py")


@dataclass(frozen=True, slots=True)
class Worker:
    """A process that serves an endpoint; the package's pings come from a child of it."""

    id: str
    process: subprocess.Popen[bytes]
    log: Path

    def kill(self) -> None:
        """Let it die without a word; its pings go on."""
        self.process.kill()
        self.process.wait()

    def freeze(self) -> None:
        """Let it hang with all its connections, and its pings too, as a container that is stopped."""
        os.killpg(self.process.pid, signal.SIGSTOP)


@contextmanager
def workers(
    fake: Served, folder: Path, *kinds: tuple[str, str], ping_every_s: int = 10
) -> Iterator[list[Worker]]:
    """Run workers until the block ends, each with a kind of handler for an endpoint; all have polled."""
    with ExitStack() as stack:
        started = [stack.enter_context(_starting(fake, folder, *kind, ping_every_s)) for kind in kinds]
        wait_for(fake, *started)
        yield started


@contextmanager
def _starting(fake: Served, folder: Path, kind: str, endpoint: str, ping_every_s: int) -> Iterator[Worker]:
    env: dict[str, str] = control(fake, "POST", "workers", {"endpoint": endpoint})["env"]
    env |= {"RUNPOD_PING_INTERVAL": str(1000 * ping_every_s)}
    log = folder / f"{env['RUNPOD_POD_ID']}.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, str(HANDLERS), kind],
            env={"PATH": os.environ["PATH"], "HOME": str(folder), **env},
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            preexec_fn=die_with_parent,
        )
    try:
        yield Worker(env["RUNPOD_POD_ID"], process, log)
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def wait_for(fake: Served, *workers: Worker) -> None:
    """Wait until these workers have polled."""
    wait_until(
        lambda: len(living(fake, *workers)) == len(workers),
        lambda: "\n".join(f"{one.id} to poll\n{one.log.read_text()}" for one in workers),
    )


def living(fake: Served, *among: Worker) -> list[str]:
    """The ids of those among some workers that the fake takes to be alive."""
    ids = {one.id for one in among}  # killed ones of the test before may be listed, too
    return [one["worker"] for one in control(fake, "GET", "workers")["workers"] if one["worker"] in ids]


def pings(fake: Served, worker_id: str) -> int:
    """How many heartbeats of a worker have come."""
    entries = control(fake, "GET", "requests?limit=2000")["requests"]
    return sum(entry["path"].endswith(f"/ping/{worker_id}") for entry in entries)


def submitted(fake: Served, endpoint: str, given: Any, **more: Any) -> str:
    """The id of a new job."""
    return str(called(fake, "POST", f"{endpoint}/run", {"input": given, **more})["id"])


def ended(fake: Served, endpoint: str, given: Any, **more: Any) -> Any:
    """A new job at its end."""
    return end_of(fake, endpoint, submitted(fake, endpoint, given, **more))


def end_of(fake: Served, endpoint: str, job_id: str) -> Any:
    """A job at its end."""
    return called(fake, "GET", f"{endpoint}/status-sync/{job_id}")


def running(fake: Served, endpoint: str, job_id: str) -> Any:
    """A job once its handler has shown progress."""
    path = f"{endpoint}/status/{job_id}"
    wait_until(lambda: "output" in called(fake, "GET", path), lambda: f"progress of {job_id}")
    return called(fake, "GET", path)


def called(fake: Served, method: str, path: str, body: Any = None) -> Any:
    """Ask the API for clients; `runsync` and such wait for a minute at most."""
    return _asked(method, f"{fake.url('runpod')}/v2/{path}", body)


def control(fake: Served, method: str, path: str, body: Any = None) -> Any:
    """Ask the control surface."""
    return _asked(method, f"{fake.url('runpod')}/_fake/{path}", body)


def _asked(method: str, url: str, body: Any) -> Any:
    headers = {"Authorization": STAGING_KEY}
    answer = httpx.request(method, url, json=body, headers=headers, timeout=60, trust_env=False)
    answer.raise_for_status()
    return answer.json()
