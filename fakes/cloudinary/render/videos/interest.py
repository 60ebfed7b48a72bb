"""Finds the part of a video where most happens: for `so_auto` and previews."""

import re
from collections.abc import Sequence
from pathlib import Path

from fakes.cloudinary.render.videos.graph import Graph, Source, quoted, target

SAMPLES_PER_S = 4
LOOKED_AT_S = 1800.0
_SCORE = re.compile(r"lavfi\.scene_score=([0-9.]+)")


def arguments(source: Source, scores: Path) -> tuple[str, ...]:
    """What makes FFmpeg write how much each small frame differs from the one before."""
    graph = Graph()
    clip = graph.open(source, 0.0, min(source.duration_s, LOOKED_AT_S))
    look = f"fps={SAMPLES_PER_S},scale=64:36,select='gte(scene,0)'"
    clip = graph.picture(clip, f"{look},metadata=mode=print:key=lavfi.scene_score:file={quoted(str(scores))}")
    shown = ("-map", target(str(clip.picture)), "-f", "null", "-")
    return ("-nostdin", "-v", "error", "-y", *graph.arguments(clip.picture), *shown)


def read(scores: str) -> tuple[float, ...]:
    """The differences, one for each sample, 0 to 1."""
    return tuple(float(found) for found in _SCORE.findall(scores))


def best_start(scores: Sequence[float], length_s: float, duration_s: float) -> float:
    """Where the liveliest part of this length begins, in seconds; the first of several as lively."""
    width = max(1, round(length_s * SAMPLES_PER_S))
    last = len(scores) - width
    if last <= 0:
        return 0.0
    total = sum(scores[:width])
    best, best_total = 0, total
    for start in range(1, last + 1):
        total += scores[start + width - 1] - scores[start - 1]
        if total > best_total + 1e-9:
            best, best_total = start, total
    return min(best / SAMPLES_PER_S, max(0.0, duration_s - length_s))


def best_parts(
    scores: Sequence[float], count: int, length_s: float, duration_s: float
) -> tuple[tuple[float, float], ...]:
    """The liveliest parts, start and end each, in the order of time: one out of each stretch of the video."""
    stretch_s = duration_s / count
    parts = []
    for number in range(count):
        first = round(number * stretch_s * SAMPLES_PER_S)
        own = scores[first : round((number + 1) * stretch_s * SAMPLES_PER_S)]
        start_s = number * stretch_s + best_start(own, length_s, stretch_s)
        parts.append((start_s, min(start_s + length_s, duration_s)))
    return tuple(parts)
