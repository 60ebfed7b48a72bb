"""What the edge costs: the API with it and without, and 10 MB both ways through it and past it.

    python -m benchmarks.edge [--requests 3000] [--large 60] [--json]

The API is the stack's own; bytes are taken and given by a uvicorn that does nothing else.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from functools import partial
from itertools import repeat
from pathlib import Path

from benchmarks.load import Run, send
from benchmarks.server import free_port, running
from emulator.testing.own import own_stack

LARGE = 10_000_000
CONNECTIONS = (1, 16)
PORTS = {"direct": "api-direct", "edge": "api"}
WARM_UP = 200
ROUNDS = 2
_GET = b"GET %b HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
_UP = b"POST /up HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: %d\r\n\r\n" % LARGE
_BODY = bytes(LARGE)
APPLICATION = """
import sys, uvicorn
LARGE = bytes(int(sys.argv[2]))
async def application(scope, receive, send):
    taken = True
    while taken:
        taken = (await receive()).get("more_body")
    body = LARGE if scope["path"] == "/down" else b"ok"
    headers = [(b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})
uvicorn.run(application, port=int(sys.argv[1]), log_config=None, lifespan="off")
"""


def main(arguments: list[str]) -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.edge", description=__doc__)
    parser.add_argument("--requests", type=int, default=3000)
    parser.add_argument("--large", type=int, default=60)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args(arguments)

    rows = {**through_the_api(options.requests), **through_bytes(options.requests, options.large)}
    if options.json:
        print(json.dumps(rows, indent=2))
        return 0
    print(f"{'':<30}{'direct/s':>10}{'edge/s':>8}{'p50 ms':>18}{'p99 ms':>18}{'CPU ms':>8}")
    for name, row in rows.items():
        p50, p99 = (f"{row[f'direct {what}']:.2f} -> {row[f'edge {what}']:.2f}" for what in ("p50", "p99"))
        both = f"{row['direct per s']:>10.0f}{row['edge per s']:>8.0f}"
        print(f"{name:<30}{both}{p50:>18}{p99:>18}{row.get('edge CPU ms', float('nan')):>8.2f}")
    return 0


def through_the_api(count: int) -> dict[str, dict[str, float]]:
    """Ask the stack's API, which looks into its database for the second question."""
    with own_stack(Path.cwd(), os.environ) as own:
        inner = own.parts.inner
        both = {way: int(inner[name].rpartition(":")[2]) for way, name in PORTS.items()}
        rows = {}
        for path in ("/version", "/ready"):
            for connections in CONNECTIONS:
                rows[f"API {path}, {connections} connections"] = measured(
                    both, [_GET % path.encode()], count, connections
                )
        return rows


def through_bytes(small: int, large: int) -> dict[str, dict[str, float]]:
    """Ask a server that does nothing for small answers, and for 10 MB both ways."""
    asked: Mapping[str, tuple[Sequence[bytes], int]] = {
        "small answers": ([_GET % b"/"], small),
        "10 MB down": ([_GET % b"/down"], large),
        "10 MB up": ([_UP, _BODY], large),
    }
    rows = {}
    with ExitStack() as stack:
        server = stack.enter_context(running(application))
        edge = stack.enter_context(running(partial(edge_before, server.port)))
        both = {"direct": server.port, "edge": edge.port}
        for name, (pieces, count) in asked.items():
            for connections in CONNECTIONS:
                before_ms = edge.cpu_ms()
                row = measured(both, pieces, count, connections)
                asked_of_it = ROUNDS * (count + min(count, WARM_UP))
                row["edge CPU ms"] = (edge.cpu_ms() - before_ms) / asked_of_it
                row["edge memory MB"] = edge.memory_mb()
                rows[f"{name}, {connections} connections"] = row
    return rows


def application(port: int) -> Sequence[str]:
    """What starts the server of bytes."""
    return [sys.executable, "-c", APPLICATION, str(port), str(LARGE)]


def edge_before(upstream: int, port: int) -> Sequence[str]:
    """What starts an edge before a server."""
    ports = {"api": port, **{name: free_port() for name in ("web", "edge", "control")}}
    told = ",".join(f"{name}={number}" for name, number in ports.items())
    settings = [f"EDGE_PORTS={told}", f"EDGE_ROUTES=api=127.0.0.1:{upstream}"]
    return ["env", *settings, sys.executable, "-m", "emulator.edge"]


def measured(
    ports: Mapping[str, int], pieces: Sequence[bytes], count: int, connections: int
) -> dict[str, float]:
    """Send the same to each port, in turns, and return the better of two rounds."""
    row: dict[str, float] = {}
    runs: dict[str, list[Run]] = {name: [] for name in ports}
    for name, port in tuple(ports.items()) * ROUNDS:
        send(port, repeat(pieces, min(count, WARM_UP)), connections)
        runs[name].append(send(port, repeat(pieces, count), connections))
    for name, found in runs.items():
        best = max(found, key=lambda run: run.per_s)
        row |= {f"{name} per s": best.per_s, f"{name} p50": best.p50_ms, f"{name} p99": best.p99_ms}
    return row


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
