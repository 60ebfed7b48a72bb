"""What the account holds, as records: endpoints and how they scale, the GPU and its pace, a job in hand."""

from dataclasses import dataclass
from typing import Any

from fakes.runpod.wire import Job
from fakes.runpod.wire.resources import Scaling


@dataclass(frozen=True, slots=True)
class Hosted:
    """One endpoint.

    Attributes:
        namespace: Whose it is: staging's or production's.
        model: The built-in model behind it; None when only attached workers can serve it.
        is_attached: Whether its jobs wait for attached workers, even while there are none.
    """

    id: str
    namespace: str
    model: str | None
    is_attached: bool
    scaling: Scaling


@dataclass(frozen=True, slots=True)
class Timing:
    """How long things take on the GPU besides the work itself, by the fake's clock.

    Attributes:
        cold_start_ms: Until a worker that has not run yet is ready.
        flashboot_ms: The same for one that has, when its endpoint has FlashBoot.
        execution_ms: Least time of each job.
        execution_ms_per_input_s: More of it for each second of sound or video that was sent.
        unanswered_ms: Until it is noticed that a worker will not answer to a job.
        back_off_ms: How long a worker that crashed is left alone, the first time.
    """

    cold_start_ms: float = 0.0
    flashboot_ms: float = 0.0
    execution_ms: float = 0.0
    execution_ms_per_input_s: float = 0.0
    unanswered_ms: float = 0.0
    back_off_ms: float = 0.0


@dataclass(frozen=True, slots=True)
class Work:
    """A job as a worker gets it.

    Attributes:
        request: The other fields of the request that RunPod hands on (`s3Config`, `webhook`).
        limit_s: Seconds that the attempt may take, as long as the job lives.
        is_own_limit: Whether the client set that limit, and not the endpoint.
    """

    job: Job
    input: Any
    request: dict[str, Any]
    limit_s: float
    is_own_limit: bool


@dataclass(frozen=True, slots=True)
class Waiting:
    """The first job in an endpoint's queue: its place among all queues, and since when it waits."""

    job_id: str
    endpoint: str
    position: int
    queued_s: float
    is_low_priority: bool
