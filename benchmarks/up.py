"""How long the stack takes to come, to be reset and to go, and how much memory it holds: medians.

    python -m benchmarks.up [--runs 5] [--json]

- help: `clipnet-emulate --help`
- first: no cache, no state: the database cluster is made
- fresh: the cluster is in the cache, the stack's folder is new
- warm: the stack was up before
- reset: the library's call over connections that are open, as the pytest plugin does it
- down: from `down` to its end
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path

from emulator.parts import running
from emulator.reset import Resetter
from emulator.settings import load

STACK = "benchmark"
RESETS = 20


def main(arguments: list[str]) -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.up", description=__doc__)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args(arguments)

    measured: dict[str, list[float]] = defaultdict(list)
    for _ in range(options.runs):
        one_run(measured)
    medians = {name: round(statistics.median(values), 1) for name, values in measured.items()}
    if options.json:
        print(json.dumps({"runs": options.runs, "medians": medians, "values": measured}, indent=2))
        return 0
    for name, median in medians.items():
        spread = f"{min(measured[name]):.1f} to {max(measured[name]):.1f}"
        print(f"{name:<12} {median:9.1f} {'MB' if name == 'memory_mb' else 'ms'}   ({spread})")
    return 0


def one_run(measured: dict[str, list[float]]) -> None:
    """Measure everything once, in folders of its own."""
    folder = Path(tempfile.mkdtemp(prefix="clipnet-benchmark-"))
    clean = {name: value for name, value in os.environ.items() if not name.startswith("CLIPNET_")}
    env = clean | {
        "CLIPNET_STATE_DIR": str(folder / "state"),
        "CLIPNET_CACHE_DIR": str(folder / "cache"),
        "CLIPNET_STACK": STACK,
    }
    try:
        measured["help_ms"].append(timed(env, "--help"))
        measured["first_ms"].append(timed(env, "up", "-d", "--seed", "none"))
        timed(env, "down", "--wipe")
        measured["fresh_ms"].append(timed(env, "up", "-d", "--seed", "none"))
        timed(env, "down")
        measured["warm_ms"].append(timed(env, "up", "-d"))
        measured["memory_mb"].append(memory_mb(env))
        measured["seed_first_ms"].append(timed(env, "seed", "small"))
        measured["seed_ms"].append(timed(env, "seed", "small"))
        measured["reset_ms"].append(asyncio.run(reset_ms(env)))
        measured["reset_cli_ms"].append(timed(env, "reset"))
        measured["down_ms"].append(timed(env, "down"))
    finally:
        timed(env, "down", "--wipe")
        shutil.rmtree(folder, ignore_errors=True)


def timed(env: Mapping[str, str], *arguments: str) -> float:
    """Run a command and return how many milliseconds it took."""
    began = time.perf_counter()
    command = [sys.executable, "-m", "emulator", *arguments]
    done = subprocess.run(command, env=env, capture_output=True, text=True, timeout=300, check=False)
    took_ms = (time.perf_counter() - began) * 1000
    if done.returncode != 0:
        raise SystemExit(f"{' '.join(arguments)} failed:\n{done.stdout}{done.stderr}")
    return took_ms


def memory_mb(env: Mapping[str, str]) -> float:
    """Return the memory of all services together."""
    command = [sys.executable, "-m", "emulator", "status", "--json"]
    done = subprocess.run(command, env=env, capture_output=True, text=True, timeout=60, check=True)
    return float(sum(service["memory_mb"] or 0 for service in json.loads(done.stdout)["services"]))


async def reset_ms(env: Mapping[str, str]) -> float:
    """Return the median of many resets of a seeded stack."""
    async with Resetter(running(load(env, Path.cwd()))) as resetter:
        return statistics.median([(await resetter.reset()).ms for _ in range(RESETS)])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
