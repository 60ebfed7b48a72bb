"""Whatever workers outside do and suffer: no job is lost, runs twice at once, or leaves its final state."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fakes.kit.clock import ManualClock
from fakes.kit.errors import ProviderError
from fakes.kit.ids import Ids
from fakes.kit.journal import Journal
from fakes.kit.kit import FakeSettings, Kit
from fakes.kit.peer import Peer
from fakes.kit.webhooks import Webhooks
from fakes.runpod.attached import Attached
from fakes.runpod.gpu import Gpu
from fakes.runpod.state import Hosted, State, Work
from fakes.runpod.wire import FINAL, Submission
from fakes.runpod.wire.worker import Asked, Said
from tests.fakes.runpod.conftest import settled

WORKERS = 3
DAY_S = 86_400.0
STEPS = (
    *("submit", "submit", "poll", "poll", "listen", "done", "done", "fail"),
    *("cancel", "die", "mute", "clock", "real", "retry", "leave"),
)
Step = tuple[str, int, int]

steps = st.lists(
    st.tuples(
        st.sampled_from(STEPS),
        st.integers(0, WORKERS - 1),
        st.integers(0, 3),
    ),
    min_size=20,
    max_size=60,
)


@dataclass(slots=True)
class Simulated:
    """A process outside, as it sees itself.

    Attributes:
        at: The jobs that it is at.
        is_mute: Whether it hangs: it says nothing any more.
    """

    id: str
    peer: Peer = field(default_factory=Peer)
    at: list[str] = field(default_factory=list)
    poll: asyncio.Task[list[Work]] | None = None
    channel: asyncio.Task[list[str]] | None = None
    is_mute: bool = False


class World:
    """A fake with an endpoint that waits for workers, and those workers."""

    def __init__(self) -> None:
        self.clock = ManualClock()
        given_settings = FakeSettings(public_urls={"runpod": "http://runpod.test"})
        self.kit = Kit(
            "runpod", given_settings, self.clock, Ids(1), Journal(), Webhooks(self.clock, frozenset())
        )
        self.state = State(self.kit)
        self.state.populate()
        self.state.change_gpu({"workers": 2, "attached": ["clip"]})
        self.gpu = Gpu(self.state, self.kit)
        self.attached = Attached(self.state, self.gpu, self.clock.real, self.kit.ids)
        self.workers = [Simulated(f"wk{number}") for number in range(WORKERS)]
        self.jobs: list[str] = []
        self.ended: dict[str, str] = {}

    @property
    def clip(self) -> Hosted:
        return self.state.attachable("clip")

    async def run(self, given_steps: Sequence[Step]) -> None:
        for name, number, size in given_steps:
            await self.step(name, self.workers[number], size)
            await self.look()
        await self.finish()

    async def step(self, name: str, worker: Simulated, size: int) -> None:
        if worker.is_mute and name in ("poll", "listen", "done", "fail", "leave"):
            return
        match name:
            case "submit":
                limit_ms = 5000 if size == 3 else None
                asked = Submission({"a": 1}, execution_timeout_ms=limit_ms, ttl_ms=round(DAY_S * 1000))
                self.jobs.append(self.gpu.submit(self.clip, asked).id)
            case "poll" if worker.poll is None:
                count = Asked(size + 1, is_idle=not worker.at)
                take = self.attached.take(self.clip, worker.id, count, worker.peer)
                worker.poll = asyncio.ensure_future(take)
                await settled()
                self.attached.ping(self.clip, worker.id, frozenset(worker.at))
            case "listen" if worker.channel is None:
                signals = self.attached.stop_signals(self.clip, worker.id, worker.peer)
                worker.channel = asyncio.ensure_future(signals)
            case "done" | "fail" | "leave" if worker.at:
                job = worker.at.pop(0)
                error = "no" if name == "fail" else None
                said = Said(size, error, is_progress=False, is_last=name == "leave")
                self.attached.done(self.clip, worker.id, job, said, worker.peer)
                if name == "leave":
                    await self.die(worker)
            case "cancel" | "retry" if self.jobs:
                job = self.jobs[size % len(self.jobs)]
                if name == "cancel":
                    self.gpu.cancel(self.clip, job)
                elif self.state.jobs.get(self.clip, job).status in ("FAILED", "TIMED_OUT"):
                    self.gpu.retry(self.clip, job)
                    self.ended.pop(job)
            case "die":
                await self.die(worker)
            case "mute":
                worker.is_mute = True
            case "clock":
                self.jobs = [job for job in self.jobs if job not in self.ended]  # they are not kept for ever
                self.clock.advance((0.5, 5, 300, 600)[size])
            case "real":
                await self.pass_real((1, 2, 11, 31)[size])

    async def die(self, worker: Simulated) -> None:
        """End a process; another one of another id takes its place."""
        held = [task for task in (worker.poll, worker.channel) if task is not None and not task.done()]
        worker.peer.leave()
        assert [await task for task in held] == [[]] * len(held)
        index = self.workers.index(worker)
        self.workers[index] = Simulated(f"{worker.id}x")

    async def pass_real(self, seconds: float) -> None:
        for _ in range(round(seconds * 2)):
            for worker in self.workers:
                if not worker.is_mute:
                    self.attached.ping(self.clip, worker.id, frozenset(worker.at))
            self.clock.real.advance(0.5)
            await settled()

    async def look(self) -> None:
        """Let everybody hear what there is for them; hold what they are at against what the jobs say."""
        await settled()
        for worker in self.workers:
            if worker.poll is not None and worker.poll.done() and not worker.is_mute:
                worker.at += [work.job.id for work in worker.poll.result()]
                worker.poll = None
            if worker.channel is not None and worker.channel.done() and not worker.is_mute:
                stopped = worker.channel.result()
                worker.at = [job for job in worker.at if job not in stopped]
                worker.channel = None
        for job_id in self.jobs:
            self.check(job_id)

    def check(self, job_id: str) -> None:
        job = self.state.jobs.get(self.clip, job_id)
        said = f"{job.status} {job.output} {job.error}"
        assert self.ended.get(job_id, said) == said
        if job.status in FINAL:
            self.ended[job_id] = said
        assert job.retries <= 1
        assert all(worker.at.count(job_id) <= 1 for worker in self.workers)
        at = [worker.id for worker in self.workers if job_id in worker.at and not worker.is_mute]
        stopping = {one["worker"] for one in self.attached.summary() if job_id in one["stopping"]}
        assert {job.worker_id} >= {worker for worker in at if worker not in stopping}
        if job.status == "IN_PROGRESS":
            running = self.gpu.attempt(job_id, str(job.worker_id))
            assert running is not None
            assert not running.is_stopped

    async def finish(self) -> None:
        """Let everybody who lives go on to the end: all jobs end."""
        for _ in range(200):
            if all(self.state.jobs.get(self.clip, job).status in FINAL for job in self.jobs):
                return
            for worker in tuple(self.workers):
                await self.step("die" if worker.is_mute else "listen", worker, 0)
                for name in ("poll", "done"):
                    await self.step(name, worker, 0)
                    await self.look()
            await self.pass_real(2)
        raise AssertionError([self.state.jobs.get(self.clip, job).status for job in self.jobs])

    def close(self) -> None:
        self.gpu.close()
        self.attached.close()
        self.kit.store.close()


@pytest.mark.slow
@settings(max_examples=40, deadline=None)
@given(steps)
def test_every_job_ends_once_and_stays_as_it_ended(given_steps: list[Step]) -> None:
    async def lived() -> None:
        world = World()
        try:
            await world.run(given_steps)
        except ProviderError as error:
            raise AssertionError(error.message) from error
        finally:
            world.close()
            for task in asyncio.all_tasks() - {asyncio.current_task()}:
                task.cancel()

    asyncio.run(asyncio.wait_for(lived(), 20))
