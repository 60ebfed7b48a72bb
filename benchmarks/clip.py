"""A clip's wall time through the whole stack against the very same FFmpeg commands run alone.

    python -m benchmarks.clip [--runs 5] [--video FILE] [--json]

The difference is what everything else costs: API, queue, database, the fakes and their models, uploads. The
commands are recorded from the worker's own code and replayed without it.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from clipnet.worker import ffmpeg
from clipnet.worker.options import Options
from clipnet.worker.polish import Order, Polished, polish
from clipnet.worker.probe import probe
from emulator.testing.access import Clipnet
from emulator.testing.own import own_stack
from emulator.trace import Span, in_order, spans_in_logs

TIME_LIMIT_S = 600.0


def main(arguments: list[str]) -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.clip", description=__doc__)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--video", type=Path, default=None)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args(arguments)

    with own_stack(Path.cwd(), os.environ) as own, Clipnet(own.parts) as clipnet:
        video = options.video or clipnet.video("testcard")
        alone = alone_ms(video, options.runs)
        runs = [through_the_stack(clipnet, video) for _ in range(options.runs)]
    result = summary(alone, runs)
    if options.json:
        print(json.dumps(result, indent=2))
        return 0
    for name, value in result.items():
        print(f"{name:<28} {value:9.1f} ms")
    return 0


def summary(alone: Sequence[float], runs: Sequence[tuple[float, Sequence[Span]]]) -> dict[str, float]:
    """Return medians in milliseconds."""
    stack = statistics.median(wall for wall, _ in runs)
    models = statistics.median(total(spans, lambda span: span.service == "runpod") for _, spans in runs)
    own = statistics.median(total(spans, lambda span: span.name == "ffmpeg polish") for _, spans in runs)
    return {
        "clip_ms": round(stack, 1),
        "ffmpeg_alone_ms": round(statistics.median(alone), 1),
        "ffmpeg_in_the_stack_ms": round(own, 1),
        "models_of_the_fake_gpu_ms": round(models, 1),
        "all_the_rest_ms": round(stack - own - models, 1),
    }


def total(spans: Sequence[Span], wanted: Callable[[Span], bool]) -> float:
    """Return how long at least one of the wanted spans was under way, in milliseconds."""
    end_ms, covered_ms = 0.0, 0.0
    for span in sorted(filter(wanted, spans), key=lambda span: span.start_ms):
        stop_ms = span.start_ms + span.duration_ms
        covered_ms += max(0.0, stop_ms - max(span.start_ms, end_ms))
        end_ms = max(end_ms, stop_ms)
    return covered_ms


def through_the_stack(clipnet: Clipnet, video: Path) -> tuple[float, tuple[Span, ...]]:
    """Send a video and return the milliseconds from the request to ready, with all spans of its way."""
    clipnet.reset()
    client = clipnet.log_in()
    clip = clipnet.upload(client, video)
    clipnet.wait_until(client, clip["id"], within_s=TIME_LIMIT_S)
    row = clipnet.database.row("SELECT * FROM clips WHERE id::text = $1", clip["id"])
    assert row is not None
    wall_ms = (row["ready_at"] - row["created_at"]).total_seconds() * 1000
    return wall_ms, in_order(spans_in_logs(clipnet.parts.logs_dir, row["trace_id"]))


def alone_ms(video: Path, runs: int) -> list[float]:
    """Return how long the worker's FFmpeg commands take one after the other, run by run."""
    with tempfile.TemporaryDirectory() as folder:
        commands = asyncio.run(recorded(video, Path(folder) / "clip"))
        return [replayed_ms(commands, Path(folder) / "clip.part") for _ in range(runs)]


async def recorded(video: Path, folder: Path) -> list[list[str]]:
    """Polish a video with the worker's code and return the FFmpeg commands that it ran."""
    commands: list[list[str]] = []
    run = ffmpeg.run

    async def recording(arguments: Sequence[str], **more: Any) -> Any:
        commands.append(list(arguments))
        return await run(arguments, **more)

    ffmpeg.run = recording
    try:
        order = Order(video, await probe(video), None, None, Options().polish_max_height, TIME_LIMIT_S)
        await polish(order, Polished(folder), lambda _share: None)
    finally:
        ffmpeg.run = run
    return commands


def replayed_ms(commands: Sequence[Sequence[str]], folder: Path) -> float:
    """Run the commands again and return how many milliseconds they took; `folder` is where they write."""
    folder.mkdir(parents=True, exist_ok=True)
    began = time.perf_counter()
    for arguments in commands:
        command = [ffmpeg.executable(), "-y", *arguments]
        subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, timeout=TIME_LIMIT_S, check=True
        )
    return (time.perf_counter() - began) * 1000


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
