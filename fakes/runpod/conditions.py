"""What can be wrong with the GPU for a while. Who does it: `load` and `impairment`."""

from fakes.kit.kinds import FaultKind, Option

_HOUR_MS = 3_600_000

PRODUCTION_LOAD = FaultKind(
    "production-load",
    "lets jobs of production arrive evenly and use the same GPU",
    (
        Option("jobs_per_minute", "jobs that arrive each minute", "number", 0.1, 600, is_required=True),
        Option("seconds_per_job", "seconds that each of them takes", "number", 0.1, 300, 2),
    ),
)
SLOW = FaultKind(
    "slow",
    "lets every job of a built-in model take longer",
    (
        Option("ms", "milliseconds more for each job", "number", 0, _HOUR_MS, is_required=True),
        Option(
            "ms_per_input_s", "milliseconds more for each second of sound or video", "number", 0, 60_000, 0
        ),
    ),
)
COLD_START = FaultKind(
    "cold-start",
    "lets workers that have no job stop, and every start of one take a while",
    (Option("ms", "milliseconds until a worker is up", "number", 0, _HOUR_MS, is_required=True),),
)
THROTTLED = FaultKind(
    "throttled",
    "takes places on the GPU away: workers wait for one",
    (Option("workers", "workers that get no place", "whole number", 1, 8, 1),),
)
UNHEALTHY = FaultKind(
    "unhealthy",
    "lets workers fail their checks: they hold a place and take no jobs",
    (Option("workers", "workers that are unhealthy", "whole number", 1, 8, 1),),
)
CRASH = FaultKind(
    "crash",
    "lets workers of built-in models die as they begin with a job of staging",
    (Option("attempts", "attempts at jobs that lose their worker", "whole number", 1, 1000, 1),),
)
DROP_HEARTBEAT = FaultKind(
    "drop-heartbeat", "loses the pings of attached workers, so that they are taken for dead while they work"
)

CONDITIONS = (PRODUCTION_LOAD, SLOW, COLD_START, THROTTLED, UNHEALTHY, CRASH, DROP_HEARTBEAT)
