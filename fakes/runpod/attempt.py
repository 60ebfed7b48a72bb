"""One worker's try at a job. What becomes of it is in `gpu`."""

from collections.abc import Callable
from dataclasses import dataclass, field

from fakes.runpod.models import Stop
from fakes.runpod.state import Hosted, Work


@dataclass(slots=True)
class Attempt:
    """One worker's try at a job.

    Attributes:
        limit_ends_s: When it has taken too long (this and the next are `Clock.passed`).
        ttl_ends_s: When the job's time to live ends.
        stop: Makes the worker stop; it may take a while to do so. Called by `halt`.
        is_stopped: Whether that was done.
        is_over_limit: Whether the deadline has passed.
        input_s: Seconds of sound or video that were sent, once the model has said so.
        model: Ends the call of a built-in model.
    """

    work: Work
    hosted: Hosted
    worker_id: str
    limit_ends_s: float
    ttl_ends_s: float
    stop: Callable[[], object] = lambda: None
    is_stopped: bool = False
    is_over_limit: bool = False
    input_s: float = 0.0
    model: Stop = field(default_factory=Stop)

    @property
    def deadline_s(self) -> float:
        """When it is stopped if it has not ended."""
        return min(self.limit_ends_s, self.ttl_ends_s)

    def halt(self) -> None:
        """Tell the worker to stop, once: it is left alone while it does."""
        if not self.is_stopped:
            self.is_stopped = True
            self.model.set()
            self.stop()
