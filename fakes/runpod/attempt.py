"""One worker's try at a job. What becomes of it is in `gpu`."""

from collections.abc import Callable
from dataclasses import dataclass, field

from fakes.runpod.models import Stop
from fakes.runpod.state import Hosted, Work


@dataclass(slots=True)
class Attempt:
    """One worker's try at a job.

    Attributes:
        deadline_s: When it has taken too long (`Clock.passed`).
        stop: Makes the worker stop; it may take a while to do so. Called by `halt`.
        is_stopped: Whether that was done.
        is_over_limit: Whether the deadline has passed.
        input_s: Seconds of sound or video that were sent, once the model has said so.
        model: Ends the call of a built-in model.
    """

    work: Work
    hosted: Hosted
    worker_id: str
    deadline_s: float
    stop: Callable[[], object] = lambda: None
    is_stopped: bool = False
    is_over_limit: bool = False
    input_s: float = 0.0
    model: Stop = field(default_factory=Stop)

    def halt(self) -> None:
        """Tell the worker to stop, once: it is left alone while it does."""
        if not self.is_stopped:
            self.is_stopped = True
            self.model.set()
            self.stop()
