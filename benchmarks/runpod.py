"""The RunPod fake beside the local server of the `runpod` package: jobs without work, until they have ended.

    python -m benchmarks.runpod [--jobs 5000] [--finished 100000] [--peer fake|official] [--json]

- runsync: one request, whose answer says COMPLETED
- polled: run, then status again and again until it says COMPLETED; the local server works when it is asked
- alone: over one connection; else over 16
- CPU: the server's own time for one job, which a busy machine blurs least
- without RunPod's rate limits, which the fake has and the local server has not
- after: a server on which many jobs have ended, beside one on which 2000 have, as many requests as the fake's
  journal holds. Results are kept for 30 minutes: the first one is asked for at the very end, so all later
  ones are there. The local server forgets a job with its answer.

All servers run at the same time and are measured in turn, seven times. Shown is the best of each: what else
the machine does only adds to it.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import partial
from itertools import repeat
from typing import Any

from benchmarks.load import Connection, do, send
from benchmarks.server import Server, fake, message, running

Figures = Mapping[str, float]
_FEW = 2_000
_ROUNDS = 7
_OUTPUT = "done"
_JOB = json.dumps({"input": {"mock_return": _OUTPUT}}).encode()
_HEADERS = {
    "Authorization": "Bearer rpa_staging_0000000000000000000000000000",
    "Content-Type": "application/json",
}


@dataclass(frozen=True, slots=True)
class Peer:
    """A server to measure, and how its requests look.

    Attributes:
        command: What starts it, given a port.
        base: What its paths begin with.
        method: That of a request for a job's status.
        looks: Paths of more requests to measure, by name; `{job}` stands for a job that has ended.
        is_lazy: Whether a job runs only when it is asked for.
        first: Requests to begin with.
    """

    command: Callable[[int], Sequence[str]]
    base: str
    method: str
    looks: Mapping[str, str] = field(default_factory=dict)
    is_lazy: bool = False
    first: Sequence[Sequence[bytes]] = ()

    def submission(self, route: str) -> Sequence[bytes]:
        """A request for a job."""
        return message(f"POST {self.base}/{route}", _HEADERS, _JOB)

    def look(self, path: str) -> Sequence[bytes]:
        """A request for what there is to know."""
        return message(f"{self.method} {self.base}/{path}", _HEADERS)


@dataclass(frozen=True, slots=True)
class Subject:
    """A server under test.

    Attributes:
        job_id: The first job that it has done.
        start_mb: Its memory then.
    """

    peer: Peer
    server: Server
    job_id: str
    start_mb: float


def main(arguments: list[str]) -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.runpod", description=__doc__)
    parser.add_argument("--jobs", type=int, default=5_000)
    parser.add_argument("--finished", type=int, default=100_000)
    parser.add_argument("--peer", choices=PEERS, default=None)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args(arguments)

    names = [options.peer] if options.peer else list(PEERS)
    columns = compared(measure({name: PEERS[name] for name in names}, options.jobs, options.finished))
    if options.json:
        print(json.dumps(columns, indent=2))
        return 0
    print(f"{'':<24}" + "".join(f"{name:>16}" for name in columns))
    for row in columns[names[0]]:
        cells = (figures.get(row) for figures in columns.values())
        print(f"{row:<24}" + "".join(f"{'':>16}" if cell is None else f"{cell:16.2f}" for cell in cells))
    return 0


def compared(measured: Mapping[str, Figures]) -> dict[str, Figures]:
    """Add the ratios of what belongs together to the figures, which are columns by their heads."""
    columns = dict(measured)
    for name in PEERS:
        if name in measured:
            columns[f"{name} growth"] = ratios(measured[f"{name} after"], measured[name])
    if {*PEERS} <= {*measured}:
        columns["fake/official"] = ratios(measured["fake"], measured["official"])
    return columns


def ratios(figures: Figures, to: Figures) -> Figures:
    """Divide the figures by others of the same names."""
    return {name: figure / to[name] for name, figure in figures.items() if to.get(name)}


def measure(peers: Mapping[str, Peer], jobs: int, finished: int) -> dict[str, Figures]:
    """Return the figures of each peer after few jobs and after many, by the heads of their columns."""
    with ExitStack() as stack:
        subjects: dict[str, Subject] = {}
        for name, peer in peers.items():
            subjects[name] = stack.enter_context(begun(peer, min(_FEW, finished)))
            subjects[f"{name} after"] = stack.enter_context(begun(peer, finished))
        rounds = [
            {head: figures(subject, jobs // _ROUNDS) for head, subject in subjects.items()}
            for _ in range(_ROUNDS)
        ]
    return {head: best([found[head] for found in rounds]) for head in subjects}


@contextmanager
def begun(peer: Peer, count: int) -> Iterator[Subject]:
    """Run a server that has done so many jobs already."""
    first: list[str] = []

    async def keep(connection: Connection) -> None:
        first.append(await polled(peer, connection))

    with running(peer.command) as server:
        send(server.port, peer.first)
        do(server.port, [keep])
        start_mb = server.memory_mb()
        fill(server, peer, count)
        yield Subject(peer, server, first[0], start_mb)


def best(rounds: Sequence[Figures]) -> Figures:
    """The best of each figure: the highest number per second, the lowest of all else."""
    return {
        name: (max if name.endswith("per s") else min)(found[name] for found in rounds) for name in rounds[0]
    }


def figures(subject: Subject, jobs: int) -> Figures:
    """Measure everything once."""
    peer, server = subject.peer, subject.server
    found = {"memory at the start, MB": subject.start_mb, "memory, MB": server.memory_mb()}
    for name, work in (("runsync", partial(runsync, peer)), ("polled", partial(polled, peer))):
        alone = do(server.port, repeat(work, jobs), 1)
        found |= {f"{name} alone, p50 ms": alone.p50_ms, f"{name} alone, p99 ms": alone.p99_ms}
        found |= server.loaded(name, partial(do, works=[work] * jobs))
    for name, path in peer.looks.items():
        looked = send(server.port, repeat(peer.look(path.format(job=subject.job_id)), jobs), 1)
        found |= {f"{name}, p50 ms": looked.p50_ms, f"{name}, p99 ms": looked.p99_ms}
    return found


def fill(server: Server, peer: Peer, count: int) -> None:
    """Have that many jobs done as fast as it goes."""
    if peer.is_lazy:
        do(server.port, repeat(partial(polled, peer), count))
        return
    send(server.port, repeat(peer.submission("run"), count))
    do(server.port, [partial(polled, peer)])  # jobs run in the order that they came: the others have ended


async def runsync(peer: Peer, connection: Connection) -> None:
    """Have a job done by the one request that waits for it."""
    completed(json.loads(await connection.ask(peer.submission("runsync"))))


async def polled(peer: Peer, connection: Connection) -> str:
    """Have a job done, asking how far it has come until it has ended; its id."""
    job = json.loads(await connection.ask(peer.submission("run")))
    while job["status"] in ("IN_QUEUE", "IN_PROGRESS"):
        job = json.loads(await connection.ask(peer.look(f"status/{job['id']}")))
    return completed(job)


def completed(job: Mapping[str, Any]) -> str:
    """Return the id of a job that has done its work.

    Raises:
        RuntimeError: It has not.
    """
    if (job["status"], job.get("output")) != ("COMPLETED", _OUTPUT):
        raise RuntimeError(f"the job is {job}")
    return str(job["id"])


def official(port: int) -> Sequence[str]:
    """What starts the local server of the `runpod` package."""
    serve = ["--rp_serve_api", "--rp_api_host", "127.0.0.1", "--rp_api_port", str(port)]
    return [sys.executable, "-m", "benchmarks.handler", *serve]


PEERS: Mapping[str, Peer] = {
    "fake": Peer(
        command=partial(fake, "runpod"),
        base="/v2/staging-whisper",
        method="GET",
        looks={"health": "health", "requests": "requests", "first status": "status/{job}"},
        first=(message("PUT /_fake/rate-limits", _HEADERS, b'{"rate_limits": false}'),),
    ),
    "official": Peer(command=official, base="", method="POST", is_lazy=True),
}

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
