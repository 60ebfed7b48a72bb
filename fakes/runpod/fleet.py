"""Workers and their places on the one GPU: who comes up, who gets which job, who leaves.

Decides only, at moments that it is told; what a worker does with a job is in `gpu`. Workers live in memory:
a GPU that was switched off has none that ran before.
"""

import heapq
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from fakes.kit.clock import Clock
from fakes.kit.ids import Ids
from fakes.runpod.impairment import Impairments
from fakes.runpod.scaling import Demand, back_off_s, boot_s, countable, wanted
from fakes.runpod.state import State, Work
from fakes.runpod.state.gpu import TIMINGS
from fakes.runpod.state.records import Hosted, Timing, Waiting
from fakes.runpod.wire import WorkerState
from fakes.runpod.wire.resources import Listed
from fakes.runpod.worker import Worker


@dataclass(frozen=True, slots=True)
class Assignment:
    """A job and the worker that begins with it now."""

    work: Work
    hosted: Hosted
    worker: Worker


class Fleet:
    """All workers of all endpoints.

    Args:
        state: Where endpoints, jobs and the GPU's places are.
        clock: Everything here happens by it.
        ids: Workers' ids come from it.
        impairments: What is wrong with the GPU at the moment.
    """

    def __init__(self, state: State, clock: Clock, ids: Ids, impairments: Impairments) -> None:
        self._state = state
        self._clock = clock
        self._ids = ids
        self._impairments = impairments
        self._workers: dict[str, Worker] = {}
        self._queued = set(state.jobs.queued_endpoints())

    @property
    def timing(self) -> Timing:
        """How long things take now."""
        return self._impairments.timing(TIMINGS[self._state.gpu.timing_name])

    def note_queued(self, endpoint: str) -> None:
        """Jobs were put into an endpoint's queue."""
        self._queued.add(endpoint)

    def step(self) -> None:
        """Let workers leave that have to, and keep those on the GPU that are always there."""
        self._make_fit()
        self._keep_always_on()

    def assignments(self) -> list[Assignment]:
        """Give out what can be given out now, to workers that are up or come up for it."""
        return list(self._assignments()) if self._queued and self._can_start() else []

    def retire(self) -> None:
        """Let workers leave the GPU that have had nothing to do for long."""
        now_s = self._clock.passed()
        for worker in self._idle():
            scaling = self._hosted(worker.endpoint).scaling
            is_late = now_s >= worker.idle_since_s + scaling.idle_timeout_s
            if is_late and self._placed(worker.endpoint) > scaling.workers_min:
                worker.leave(now_s)

    def next_due_s(self) -> float | None:
        """When `step` has something to do again, if nothing else happens before (`Clock.passed`)."""
        now_s = self._clock.passed()
        times = [worker.ready_at_s for worker in self._workers.values() if worker.is_placed]
        times += [worker.healthy_at_s for worker in self._workers.values()]
        for worker in self._idle():
            times.append(worker.idle_since_s + self._hosted(worker.endpoint).scaling.idle_timeout_s)
        for endpoint in self._queued:
            scaling = self._hosted(endpoint).scaling
            if scaling.scaler_type == "QUEUE_DELAY":
                times.append(now_s + scaling.scaler_value - self._waited_s(endpoint))
        return min((at_s for at_s in times if at_s > now_s), default=None)

    def free(self, worker_id: str, job_id: str) -> None:
        """A worker has ended with a job, however it went."""
        worker = self._workers.get(worker_id)
        if worker is not None:
            worker.jobs.discard(job_id)
            worker.idle_since_s = self._clock.passed()
            worker.crashes = 0
            if worker.is_outdated and not worker.jobs:
                self.drop(worker_id)

    def crash(self, worker_id: str) -> None:
        """A worker has died with its jobs; it starts anew, later each time that this happens in a row."""
        worker = self._workers.get(worker_id)
        if worker is None or worker.is_outdated:
            self.drop(worker_id)
            return
        worker.crashes += 1
        worker.healthy_at_s = self._clock.passed() + back_off_s(self.timing, worker.crashes)
        worker.is_placed, worker.has_run = False, False
        worker.jobs.clear()

    def drop(self, worker_id: str) -> None:
        """A worker is gone for good, with its place."""
        self._workers.pop(worker_id, None)

    def stop_idle(self) -> None:
        """Let workers without a job leave the GPU; they start again when there is one."""
        for worker in self._workers.values():
            if not worker.jobs and not worker.is_attached:
                worker.leave(self._clock.passed())

    def release(self, endpoint: str) -> None:
        """An endpoint runs something else from now on: what has no job leaves, the others after their jobs.

        Source: docs.runpod.io/serverless/endpoints/rolling-releases. Attached workers stay what they are.
        """
        for worker in self.of(endpoint):
            worker.is_outdated = not worker.is_attached
            if worker.is_outdated and not worker.jobs:
                self.drop(worker.id)

    def remove(self, endpoint: str) -> None:
        """An endpoint is gone, with its workers and its queue."""
        for worker in self.of(endpoint):
            self.drop(worker.id)
        self._queued.discard(endpoint)

    def listed(self, endpoint: str) -> list[Listed]:
        """The workers of an endpoint that are on the GPU, and those that are kept from it."""
        now_s, passed_s = self._clock.now(), self._clock.passed()
        version = self._state.deployments.version(endpoint)
        found = [
            Listed(worker.id, worker.state(passed_s), now_s - (passed_s - worker.placed_s), worker.version)
            for worker in self.of(endpoint)
            if worker.is_placed
        ]
        counts = self.health(endpoint)
        kept: tuple[WorkerState, ...] = ("throttled", "unhealthy")
        return found + [
            Listed(f"{state}{number:05d}", state, None, version)
            for state in kept
            for number in range(counts[state])
        ]

    def has(self, worker_id: str) -> bool:
        """Whether a worker of any endpoint has this id."""
        return worker_id in self._workers

    def attach(self, worker_id: str, endpoint: str) -> Worker:
        """Let a worker from outside in, whose id no other one has; built-in ones leave after their jobs."""
        self.release(endpoint)
        worker = Worker(worker_id, endpoint, is_attached=True)
        self._workers[worker_id] = worker
        return worker

    def of(self, endpoint: str) -> list[Worker]:
        """The workers of an endpoint."""
        return [worker for worker in self._workers.values() if worker.endpoint == endpoint]

    def running(self, endpoint: str) -> int:
        """How many workers of an endpoint have a job."""
        return sum(bool(worker.jobs) for worker in self.of(endpoint))

    def health(self, endpoint: str) -> dict[WorkerState, int]:
        """How many workers of an endpoint are in each state."""
        hosted = self._hosted(endpoint)
        now_s = self._clock.passed()
        counts: Counter[WorkerState] = Counter(worker.state(now_s) for worker in self.of(endpoint))
        if not self._is_outside(hosted):
            # workers are pulled and kept when an endpoint is made, so they count before their first job
            missing = min(hosted.scaling.workers_max, self._places()) - sum(counts.values())
            counts["idle"] += max(missing, 0)
        throttled = 0 if self._has_room() else min(max(self._lacking(hosted), 0), counts["idle"])
        return {
            "idle": counts["idle"] - throttled,
            "initializing": counts["initializing"],
            "running": counts["running"],
            "throttled": max(throttled, self._impairments.throttled),
            "unhealthy": counts["unhealthy"] + self._impairments.unhealthy,
        }

    def clear(self) -> None:
        """Switch off: no workers, and the queues as the rows have them."""
        self._workers.clear()
        self._queued = set(self._state.jobs.queued_endpoints())

    def _assignments(self) -> Iterator[Assignment]:
        """Go through the queues of all endpoints in the order in which jobs came."""
        heads: list[tuple[int, str, Waiting]] = []
        for endpoint in sorted(self._queued):
            self._push_head(heads, endpoint)
        while heads:
            _, endpoint, waiting = heapq.heappop(heads)
            hosted = self._hosted(endpoint)
            job_id = waiting.job_id
            worker = self._ready(hosted, job_id) or self._brought_up(hosted, job_id)
            if worker is None:
                if any(one.asks and job_id in one.jobs for one in self.of(endpoint)):
                    self._push_head(heads, endpoint, after=waiting.position)  # it waits; the next need not
                continue
            work = self._state.jobs.take(hosted, waiting.position, worker.id)
            worker.jobs.add(work.job.id)
            worker.asks = max(worker.asks - 1, 0)
            yield Assignment(work, hosted, worker)
            self._push_head(heads, endpoint)

    def _push_head(self, heads: list[tuple[int, str, Waiting]], endpoint: str, after: int = 0) -> None:
        both = (self._state.jobs.first(endpoint, low_priority=low, after=after) for low in (False, True))
        first = min((one for one in both if one is not None), key=lambda one: one.position, default=None)
        if first is not None:
            heapq.heappush(heads, (first.position, endpoint, first))
        elif after == 0:
            self._queued.discard(endpoint)

    def _ready(self, hosted: Hosted, job_id: str) -> Worker | None:
        """A worker on the GPU that can begin with a job now; none while the endpoint has too many there."""
        now_s = self._clock.passed()
        if self._placed(hosted.id) > hosted.scaling.workers_max:
            return None
        for worker in self.of(hosted.id):
            if worker.is_up(now_s) and worker.takes(hosted, job_id):
                return worker
        return self._asking(hosted, job_id)

    def _asking(self, hosted: Hosted, job_id: str) -> Worker | None:
        """Give a place to an attached worker that asks for a job: it is up, whatever the scaler wants."""
        outside = (one for one in self.of(hosted.id) if one.is_attached and not one.is_placed)
        worker = next((one for one in outside if one.takes(hosted, job_id)), None)
        if worker is None or self._placed(hosted.id) >= hosted.scaling.workers_max or not self._has_room():
            return None
        self._occupy(worker, 0.0)
        return worker

    def _brought_up(self, hosted: Hosted, job_id: str) -> Worker | None:
        """Give a worker a place if the endpoint wants one more; the worker if it is up at once."""
        while self._lacking(hosted) > 0:
            worker = self._place(hosted)
            if worker is None:
                return None
            if worker.is_up(self._clock.passed()) and worker.takes(hosted, job_id):
                return worker
        return None

    def _lacking(self, hosted: Hosted) -> int:
        """How many more workers an endpoint wants on the GPU."""
        placed = [worker for worker in self.of(hosted.id) if worker.is_placed]
        demand = Demand(
            waiting=self._state.jobs.waiting(hosted.id, countable(hosted.scaling)),
            running=sum(len(worker.jobs) for worker in placed),
            workers=len(placed),
            waited_s=self._waited_s(hosted.id),
        )
        return wanted(hosted.scaling, demand) - len(placed)

    def _waited_s(self, endpoint: str) -> float:
        """How long the first job in a queue has waited since the endpoint's last worker came onto the GPU."""
        first = self._state.jobs.first(endpoint, low_priority=False)
        if first is None:
            return 0.0
        since_queued_s = self._state.jobs.now_s() - first.queued_s
        placed_s = [worker.placed_s for worker in self.of(endpoint) if worker.is_placed]
        return min([since_queued_s, *(self._clock.passed() - at_s for at_s in placed_s)])

    def _place(self, hosted: Hosted) -> Worker | None:
        """Bring a worker of an endpoint onto the GPU; None when there is no place or no worker."""
        known = self.of(hosted.id)
        kept = [one for one in known if not one.is_placed and one.healthy_at_s <= self._clock.passed()]
        is_complete = not kept and len(known) >= hosted.scaling.workers_max
        if self._is_outside(hosted) or is_complete or not self._has_room():
            return None
        worker = max(kept, key=lambda one: one.has_run, default=None) or self._new(hosted.id)
        self._occupy(worker, boot_s(hosted.scaling, self.timing, has_run=worker.has_run))
        return worker

    def _occupy(self, worker: Worker, boot_s: float) -> None:
        """Give a worker a place, where it is up after a while."""
        self._make_room()
        worker.is_placed, worker.placed_s = True, self._clock.passed()
        worker.ready_at_s = worker.idle_since_s = worker.placed_s + boot_s
        worker.version = self._state.deployments.version(worker.endpoint)

    def _new(self, endpoint: str) -> Worker:
        worker = Worker(self._ids.text(14), endpoint)
        self._workers[worker.id] = worker
        return worker

    def _places(self) -> int:
        taken = self._impairments.throttled + self._impairments.unhealthy
        return max(self._state.gpu.workers - taken, 0)

    def _can_start(self) -> bool:
        """Whether a job of any endpoint could begin now."""
        now_s = self._clock.passed()
        up = (one for one in self._workers.values() if one.is_up(now_s))
        is_ready = any(one.asks > 0 or not one.jobs for one in up)
        return self._has_room() or (is_ready and self._all_placed() <= self._places())

    def _has_room(self) -> bool:
        """Whether a place is free, or can be taken from a worker that has no job."""
        excess = self._all_placed() - self._places()
        return excess < 0 or (excess == 0 and self._spare() is not None)

    def _make_room(self) -> None:
        spare = self._spare()
        if self._all_placed() >= self._places() and spare is not None:
            spare.leave(self._clock.passed())

    def _spare(self) -> Worker | None:
        """The worker that has been without a job for longest and is not always on."""
        for worker in self._idle():
            if self._placed(worker.endpoint) > self._hosted(worker.endpoint).scaling.workers_min:
                return worker
        return None

    def _idle(self) -> list[Worker]:
        """Workers that are up and have no job, the one first that has had none for longest."""
        now_s = self._clock.passed()
        idle = (worker for worker in self._workers.values() if worker.is_up(now_s) and not worker.jobs)
        return sorted(idle, key=lambda one: one.idle_since_s)

    def _all_placed(self) -> int:
        return sum(worker.is_placed for worker in self._workers.values())

    def _placed(self, endpoint: str) -> int:
        return sum(worker.is_placed for worker in self.of(endpoint))

    def _make_fit(self) -> None:
        """Take workers without a job off the GPU that have no place or are too many for their endpoint."""
        now_s = self._clock.passed()
        for worker in [one for one in self._workers.values() if not one.jobs]:
            most = self._hosted(worker.endpoint).scaling.workers_max
            if worker.is_placed and self._placed(worker.endpoint) > most:
                worker.leave(now_s)
            if not worker.is_placed and not worker.is_attached and len(self.of(worker.endpoint)) > most:
                self.drop(worker.id)
        while self._all_placed() > self._places() and (idle := self._idle()):
            (self._spare() or idle[0]).leave(now_s)

    def _keep_always_on(self) -> None:
        for hosted in self._state.endpoints.always_on():
            least = min(hosted.scaling.workers_min, hosted.scaling.workers_max)
            while self._placed(hosted.id) < least and self._place(hosted) is not None:
                pass

    def _hosted(self, endpoint: str) -> Hosted:
        hosted = self._state.endpoints.find(endpoint)
        assert hosted is not None
        return hosted

    def _is_outside(self, hosted: Hosted) -> bool:
        """Whether only attached workers serve an endpoint."""
        is_served = any(worker.is_attached for worker in self.of(hosted.id))
        return is_served or hosted.is_attached or hosted.model is None
