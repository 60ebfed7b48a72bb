"""How many workers an endpoint wants. Pure: who gets a place on the GPU is decided in `fleet`.

Source: docs.runpod.io/serverless/endpoints/endpoint-configurations (auto-scaling type).
"""

import math
from dataclasses import dataclass

from fakes.runpod.state.records import Timing
from fakes.runpod.wire.resources import Scaling


@dataclass(frozen=True, slots=True)
class Demand:
    """What an endpoint has to do, seen at one moment.

    Attributes:
        waiting: Jobs in its queue that ask for workers (those of low priority do not).
        running: Jobs under way.
        workers: Workers on the GPU, or coming up there.
        waited_s: How long the first of the waiting jobs has waited.
    """

    waiting: int
    running: int
    workers: int
    waited_s: float


def wanted(scaling: Scaling, demand: Demand) -> int:
    """How many workers there should be on the GPU now; workers that have nothing to do leave by time only.

    The first job of an endpoint without workers brings one at once, whatever the scaler.
    """
    least = max(scaling.workers_min, min(demand.workers, scaling.workers_max))
    if demand.waiting == 0:
        return least
    if scaling.scaler_type == "REQUEST_COUNT":
        target = math.ceil((demand.waiting + demand.running) / scaling.scaler_value)
    else:
        is_due = demand.workers == 0 or demand.waited_s >= scaling.scaler_value
        target = demand.workers + (1 if is_due else 0)
    return max(least, min(max(target, 1), scaling.workers_max))


def countable(scaling: Scaling) -> int:
    """Waiting jobs beyond this number make no difference to `wanted`."""
    return scaling.workers_max * scaling.scaler_value if scaling.scaler_type == "REQUEST_COUNT" else 1


def boot_s(scaling: Scaling, timing: Timing, *, has_run: bool) -> float:
    """Seconds until a worker that gets a place on the GPU is ready."""
    is_fast = has_run and scaling.flashboot
    return (timing.flashboot_ms if is_fast else timing.cold_start_ms) / 1000
