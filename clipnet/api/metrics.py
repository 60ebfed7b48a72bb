"""Counts requests and shows them in Prometheus' text format.

Source: prometheus.io/docs/instrumenting/exposition_formats.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

BUCKETS_S: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
_ESCAPES: Final = str.maketrans({"\\": r"\\", '"': r"\"", "\n": r"\n"})


@dataclass(slots=True)
class _Series:
    buckets: list[int] = field(default_factory=lambda: [0] * (len(BUCKETS_S) + 1))
    total_s: float = 0.0


class RequestMetrics:
    """Requests by method, route template and status, and how long they took."""

    def __init__(self) -> None:
        self._requests: dict[tuple[str, str, int], int] = {}
        self._durations: dict[tuple[str, str], _Series] = {}

    def observe(self, method: str, route: str, status: int, duration_s: float) -> None:
        """Count one request."""
        key = (method, route, status)
        self._requests[key] = self._requests.get(key, 0) + 1
        series = self._durations.setdefault((method, route), _Series())
        place = next((index for index, bound in enumerate(BUCKETS_S) if duration_s <= bound), len(BUCKETS_S))
        series.buckets[place] += 1
        series.total_s += duration_s

    def lines(self) -> Iterator[str]:
        """Return the lines of the counters and histograms."""
        name = "clipnet_http_requests_total"
        yield from heading(name, "counter", "Requests answered.")
        for (method, route, status), number in sorted(self._requests.items()):
            yield sample(name, {"method": method, "route": route, "status": str(status)}, number)

        name = "clipnet_http_request_duration_seconds"
        yield from heading(name, "histogram", "Time from the request's first byte to the answer's last.")
        for (method, route), series in sorted(self._durations.items()):
            labels = {"method": method, "route": route}
            running = 0
            for bound, number in zip((*map(str, BUCKETS_S), "+Inf"), series.buckets, strict=True):
                running += number
                yield sample(f"{name}_bucket", {**labels, "le": bound}, running)
            yield sample(f"{name}_sum", labels, round(series.total_s, 6))
            yield sample(f"{name}_count", labels, running)


def heading(name: str, kind: str, words: str) -> Iterator[str]:
    """Return the two lines above a metric's samples."""
    yield f"# HELP {name} {words}"
    yield f"# TYPE {name} {kind}"


def sample(name: str, labels: Mapping[str, str], value: float) -> str:
    """Return one line."""
    inner = ",".join(f'{key}="{text.translate(_ESCAPES)}"' for key, text in labels.items())
    return f"{name}{{{inner}}} {value}" if inner else f"{name} {value}"
