"""How long the stack takes to come, to be reset and to go, and how much memory it holds: medians.

    python -m benchmarks.up [--runs 5] [--runtime docker] [--json]

With `--runtime docker`, processes and containers are measured in turn and printed side by side.

- help: `clipnet-emulate --help`
- first: no cache, no state: the database cluster is made; in Docker, nothing is there but images
- wipe: from `down --wipe` to its end
- fresh: the cluster is in the cache, the stack's folder is new (in Docker the same as first)
- running: `up` of a stack that is up
- warm: the stack was up before; in Docker its volumes are kept
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
from collections.abc import Mapping, Sequence
from contextlib import closing
from pathlib import Path

from emulator.compose import read
from emulator.docker.engine import find
from emulator.docker.image import ensure_own, named
from emulator.parts import running
from emulator.reset import Resetter
from emulator.settings import load

STACK = "benchmark"
RUNTIMES = ("embedded", "docker")
RESETS = 20

Measured = dict[str, list[float]]
"""Measure, whose name ends with its unit -> one value per run."""


def main(arguments: list[str]) -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.up", description=__doc__)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--runtime", choices=RUNTIMES, default="embedded")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args(arguments)

    runtimes = RUNTIMES[: RUNTIMES.index(options.runtime) + 1]
    images = image_sizes_mb() if "docker" in runtimes else {}
    measured: dict[str, Measured] = {runtime: defaultdict(list) for runtime in runtimes}
    for _ in range(options.runs):
        for runtime in runtimes:
            one_run(runtime, measured[runtime])
    if options.json:
        print(json.dumps({"runs": options.runs, "values": measured, "images_mb": images}, indent=2))
        return 0
    print("\n".join(table(measured)))
    for name, size_mb in images.items():
        print(f"image {name:<35} {size_mb:7.0f} MB")
    return 0


def table(measured: Mapping[str, Measured]) -> Sequence[str]:
    """Return lines with a median, the least and the most per measure, one column per runtime."""
    names = list(dict.fromkeys(name for values in measured.values() for name in values))
    lines = [" " * 16 + "".join(f"{runtime:<32}" for runtime in measured).rstrip()]
    for name in names:
        cells = [_cell(values.get(name, ()), _unit(name)) for values in measured.values()]
        lines.append(f"{name.rpartition('_')[0]:<16}" + "".join(f"{cell:<32}" for cell in cells).rstrip())
    return lines


def _cell(values: Sequence[float], unit: str) -> str:
    if not values:
        return "-"
    return f"{statistics.median(values):8.1f} {unit} ({min(values):.1f} to {max(values):.1f})"


def _unit(name: str) -> str:
    return name.rpartition("_")[2].replace("mb", "MB")


def image_sizes_mb() -> dict[str, float]:
    """Return the sizes of the images that the stack is made of; ours is built first, if it is missing."""
    settings = load(_clean_env(), Path.cwd(), runtime="docker")
    engine = find(os.environ)
    with tempfile.TemporaryDirectory(prefix="clipnet-benchmark-") as folder:
        ours = ensure_own(engine, settings.variables, Path(folder), Path(folder) / "log", _note)
    images = named(read(settings), {**settings.variables, "EMULATE_IMAGE": ours}).values()
    with closing(engine.client()) as client:
        return {name: client.images.get(name).attrs["Size"] / 1e6 for name in dict.fromkeys(images)}


def _note(text: str) -> None:
    print(text, file=sys.stderr)


def _clean_env() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith("CLIPNET_")}


def one_run(runtime: str, measured: Measured) -> None:
    """Measure everything once, in folders of its own."""
    folder = Path(tempfile.mkdtemp(prefix="clipnet-benchmark-"))
    env = _clean_env() | {
        "CLIPNET_STATE_DIR": str(folder / "state"),
        "CLIPNET_CACHE_DIR": str(folder / "cache"),
        "CLIPNET_STACK": STACK,
        "CLIPNET_RUNTIME": runtime,
    }
    try:
        measured["help_ms"].append(timed(env, "--help"))
        measured["first_ms"].append(timed(env, "up", "-d", "--seed", "none"))
        measured["wipe_ms"].append(timed(env, "down", "--wipe"))
        measured["fresh_ms"].append(timed(env, "up", "-d", "--seed", "none"))
        timed(env, "down")
        measured["warm_ms"].append(timed(env, "up", "-d"))
        measured["running_ms"].append(timed(env, "up", "-d"))
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
