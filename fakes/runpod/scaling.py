"""How many workers an endpoint wants. Pure: who gets a place on the GPU is decided in `fleet`.

Source: docs.runpod.io/serverless/endpoints/endpoint-configurations (auto-scaling type).
"""

import math
from dataclasses import dataclass

from fakes.runpod.state.records import Timing
from fakes.runpod.wire.resources import Scaling

INIT_TIMEOUT_S = 420.0
"""A worker that takes longer than this to come up is unhealthy (`RUNPOD_INIT_TIMEOUT`)."""
_BACK_OFF_LIMIT_S = 300.0  # guess: that the pause grows is documented, up to what is not


@dataclass(frozen=True, slots=True)
class Demand:
    """What an endpoint has to do, seen at one moment.

    Attributes:
        waiting: Jobs in its queue that ask for workers (those of low priority do not).
        running: Jobs under way.
        workers: Workers on the GPU, or coming up there.
        waited_s: How long the first of the waiting jobs has waited since the last worker was added.
    """

    waiting: int
    running: int
    workers: int
    waited_s: float


def wanted(scaling: Scaling, demand: Demand) -> int:
    """How many workers there should be on the GPU now; those that have nothing to do leave by time only.

    The first job of an endpoint without workers brings one at once, whatever the scaler. With QUEUE_DELAY
    another one comes each time that a job has waited for so long.
    """
    # guess: captured answers show a second worker coming up while a job still waits for the first
    least = min(max(scaling.workers_min, demand.workers), scaling.workers_max)
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


def back_off_s(timing: Timing, crashes: int) -> float:
    """Seconds that a worker is left alone after so many crashes in a row, the first of which is 1."""
    return min(timing.back_off_ms / 1000 * 2.0 ** min(crashes - 1, 16), _BACK_OFF_LIMIT_S)


def boot_s(scaling: Scaling, timing: Timing, *, has_run: bool) -> float:
    """Seconds until a worker that gets a place on the GPU is ready."""
    is_fast = has_run and scaling.flashboot
    return (timing.flashboot_ms if is_fast else timing.cold_start_ms) / 1000
