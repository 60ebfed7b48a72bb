"""One worker of one endpoint, and what it is at a moment. Who gets which job is in `fleet`."""

from dataclasses import dataclass, field

from fakes.runpod.scaling import INIT_TIMEOUT_S
from fakes.runpod.state.records import Hosted
from fakes.runpod.wire import WorkerState


@dataclass(slots=True)
class Worker:
    """One worker of one endpoint.

    Attributes:
        is_placed: Whether it has a place on the GPU; without one it is kept ready to come back.
        placed_s: When it got its place (this and the next three are `Clock.passed`).
        ready_at_s: When it is (or was) up, if it has a place.
        idle_since_s: When its last job ended.
        healthy_at_s: Until when it is left alone after a crash.
        crashes: How often it has crashed since it ended with a job.
        has_run: Whether it was up before.
        version: Of its endpoint, when it got its place.
        is_outdated: Whether it leaves as soon as it has no job, since its endpoint runs something else now.
        jobs: Ids of its jobs under way; an attached one may be at a job that was taken from it.
        is_attached: Whether it is a process outside, which is up and asks for jobs itself.
        asks: How many jobs an attached one asks for at this moment.
    """

    id: str
    endpoint: str
    is_placed: bool = False
    placed_s: float = 0.0
    ready_at_s: float = 0.0
    idle_since_s: float = 0.0
    healthy_at_s: float = 0.0
    crashes: int = 0
    has_run: bool = False
    version: int = 0
    is_outdated: bool = False
    jobs: set[str] = field(default_factory=set)
    is_attached: bool = False
    asks: int = 0

    def is_up(self, now_s: float) -> bool:
        """Whether it is on the GPU and ready for jobs."""
        return self.is_placed and self.ready_at_s <= now_s

    def leave(self, now_s: float) -> None:
        """Give its place on the GPU away."""
        self.has_run = self.has_run or self.is_up(now_s)
        self.is_placed = False

    def takes(self, hosted: Hosted, job_id: str) -> bool:
        """Whether it begins with this job of its endpoint now, if it is up.

        An attached one does not while it may still be at it, because its answers could not be told apart.
        """
        if self.is_attached:
            return self.asks > 0 and job_id not in self.jobs
        return not self.jobs and not hosted.is_attached and hosted.model is not None

    def state(self, now_s: float) -> WorkerState:
        """What `health` says of it, as long as it has the place that it wants."""
        if self.healthy_at_s > now_s:
            return "unhealthy"
        if self.is_placed and self.ready_at_s > now_s:
            return "initializing" if now_s < self.placed_s + INIT_TIMEOUT_S else "unhealthy"
        return "running" if self.jobs else "idle"
