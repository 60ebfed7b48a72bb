"""The life of jobs under anything that clients, operators, workers and time may do, in any order.

A state machine does it to the whole fake over HTTP, by a clock that is moved by hand; what each step may have
brought about is in `life`. To look for longer, call `run_state_machine_as_test` with more examples and
`derandomize=False`.
"""

import json
from collections import Counter
from typing import Any

import hypothesis.strategies as st
import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from tests.fakes.runpod.life import FINAL, Job, Ledger, inputs, policies
from tests.fakes.runpod.stage import Process, Stage, Wait

CLIP, BLIP, MOTION = "staging-clip", "staging-blip", "staging-motion"
ENDPOINTS = (CLIP, BLIP, MOTION)
YEAR_S = 31_536_000.0
HOOK = "http://127.0.0.1:9/hook"

pick = st.integers(0, 1000)
endpoints = st.sampled_from(ENDPOINTS)
hooks = st.booleans()
short_spans = st.sampled_from([0.25, 0.5, 1, 1, 2, 3, 4, 5, 6, 8, 10])
long_spans = st.sampled_from([20, 30, 40, 60, 300, 600, 1800, 86_400])


SETTINGS = settings(
    max_examples=100,
    stateful_step_count=40,
    derandomize=True,
    deadline=None,
    database=None,
    suppress_health_check=list(HealthCheck),
)


class LifeOfJobs(RuleBasedStateMachine):
    """One fake, its clients, and a ledger of what they know."""

    def __init__(self) -> None:
        super().__init__()
        self.stage = Stage()
        self.ask, self.send, self.settle = self.stage.ask, self.stage.send, self.stage.settle
        self.clock = self.stage.clock
        self.passed_s = self.clock.passed()
        self.waits: list[Wait] = []
        self.outside: dict[str, Process] = {}
        self.forget()

    def forget(self) -> None:
        """A new beginning, without jobs."""
        self.ledger = Ledger()
        self.workers, self.timing, self.taken_away = 1, "instant", 0
        self.is_plain_since_s = self.now_s
        self.scaling: dict[str, dict[str, Any]] = {}
        self.ask("PUT", "/_fake/rate-limits", {"rate_limits": False})

    @initialize(workers=st.integers(1, 3), timing=st.sampled_from(["instant", "realistic"]))
    def begin(self, workers: int, timing: str) -> None:
        self.change_the_gpu(workers, timing)

    # what clients do

    @rule(endpoint=endpoints, given_=inputs, policy=policies, hook=hooks)
    def submit(self, endpoint: str, given_: dict[str, Any], policy: dict[str, Any], hook: bool) -> None:
        body = {"input": given_, "policy": policy} | ({"webhook": HOOK} if hook else {})
        code, said = self.ask("POST", f"/v2/{endpoint}/run", body)
        assert (code, said["status"]) == (200, "IN_QUEUE")
        self.ledger.accept(said["id"], endpoint, body, self.now_s)

    @rule(where=st.lists(endpoints, min_size=2, max_size=6), given_=inputs, policy=policies, hook=hooks)
    def submit_many(
        self, where: list[str], given_: dict[str, Any], policy: dict[str, Any], hook: bool
    ) -> None:
        for endpoint in where:
            self.submit(endpoint, given_, policy, hook)

    @rule(endpoint=endpoints, given_=inputs, policy=policies, wait_s=st.sampled_from([1, 5, 60, 300]))
    def submit_and_wait(
        self, endpoint: str, given_: dict[str, Any], policy: dict[str, Any], wait_s: int
    ) -> None:
        known = {row[0] for row in self.stage.app.kit.store.all("SELECT id FROM jobs")}
        body = {"input": given_, "policy": policy}
        task = self.send("POST", f"/v2/{endpoint}/runsync?wait={wait_s * 1000}", body)
        self.settle()
        (job_id,) = {row[0] for row in self.stage.app.kit.store.all("SELECT id FROM jobs")} - known
        self.ledger.accept(job_id, endpoint, body, self.now_s)
        self.waits.append(Wait(job_id, self.now_s + wait_s, task))

    @precondition(lambda self: self.ledger.jobs)
    @rule(which=pick, wait_s=st.sampled_from([1, 10, 300]))
    def wait_for_a_job(self, which: int, wait_s: int) -> None:
        job = self.ledger.picked(which)
        task = self.send("GET", f"/v2/{job.endpoint}/status-sync/{job.id}?wait={wait_s * 1000}")
        self.waits.append(Wait(job.id, self.now_s + wait_s, task))

    @precondition(lambda self: self.ledger.jobs)
    @rule(which=pick)
    def cancel(self, which: int) -> None:
        job = self.ledger.picked(which)
        code, said = self.ask("POST", f"/v2/{job.endpoint}/cancel/{job.id}")
        job.is_cancelled = job.status not in FINAL
        assert (code, said["status"]) == (200, "CANCELLED" if job.is_cancelled else job.status)

    @precondition(lambda self: self.ledger.jobs)
    @rule(which=pick)
    def retry(self, which: int) -> None:
        job = self.ledger.picked(which)
        code, said = self.ask("POST", f"/v2/{job.endpoint}/retry/{job.id}")
        if job.status not in ("FAILED", "TIMED_OUT"):
            assert code == 400, said
            return
        assert (code, said) == (200, {"id": job.id, "status": "IN_QUEUE"})
        job.body, job.queued_s, job.place = said, self.now_s, self.ledger.next_place()
        job.began_s, job.ended_s, job.said, job.streamed = None, None, None, []
        self.ledger.counts[job.endpoint, "retried"] += 1

    @precondition(lambda self: self.ledger.jobs)
    @rule(endpoint=endpoints)
    def purge(self, endpoint: str) -> None:
        waiting = self.ledger.of(endpoint, "IN_QUEUE")
        said = self.ask("POST", f"/v2/{endpoint}/purge-queue")
        assert said == (200, {"removed": len(waiting), "status": "completed"})
        for job in waiting:
            del self.ledger.jobs[job.id]

    @precondition(lambda self: self.ledger.jobs)
    @rule(which=pick)
    def read_stream(self, which: int) -> None:
        job = self.ledger.picked(which)
        code, said = self.ask("POST", f"/v2/{job.endpoint}/stream/{job.id}")
        assert code == 200
        job.streamed += [item["output"] for item in said["stream"]]
        items = job.output if isinstance(job.output, list) else []
        assert job.streamed == items[: len(job.streamed)] or job.is_outside
        if job.status == "COMPLETED" and not job.is_outside:
            assert job.streamed == items

    @precondition(lambda self: self.ledger.jobs)
    @rule(which=pick, ttl_s=st.sampled_from([1, 10, 600]))
    def set_ttl(self, which: int, ttl_s: int) -> None:
        job = self.ledger.picked(which)
        code, _ = self.ask("GET", f"/v2/{job.endpoint}/status/{job.id}?ttl={ttl_s * 1000}")
        assert code == 200
        ends_s = self.now_s + ttl_s
        job.ttl_ends_s = min(job.ttl_ends_s, ends_s) if job.status in FINAL else ends_s

    # what time does

    @rule(seconds=short_spans)
    def advance_a_little(self, seconds: float) -> None:
        self.advance(seconds)

    @precondition(lambda self: self.ledger.jobs)
    @rule(seconds=long_spans)
    def advance(self, seconds: float) -> None:
        self.clock.advance(seconds)
        self.passed_s += seconds
        self.settle()

    @precondition(lambda self: self.ledger.running())
    @rule(seconds=st.sampled_from([1.0, 60.0, 3600.0, 10 * YEAR_S]))
    def set_the_clock_back(self, seconds: float) -> None:
        self.clock.set(self.clock.now() - seconds)
        self.settle()

    # what operators do

    @rule(workers=st.integers(1, 4), timing=st.sampled_from(["instant", "realistic"]))
    def change_the_gpu(self, workers: int, timing: str) -> None:
        code, _ = self.ask("PUT", "/_fake/gpu", {"workers": workers, "timing": timing})
        assert code == 200
        if "realistic" in (timing, self.timing):
            self.is_plain_since_s = self.now_s + 600  # by then no worker starts slowly or is unhealthy
        self.workers, self.timing = workers, timing

    @precondition(lambda self: self.ledger.jobs and not self.taken_away)
    @rule(kind=st.sampled_from(["throttled", "unhealthy"]), workers=st.integers(1, 2))
    def take_places_away(self, kind: str, workers: int) -> None:
        assert self.ask("PUT", "/_fake/faults", {"kind": kind, "workers": workers})[0] == 201
        self.taken_away += workers

    @rule(attempts=st.integers(1, 2))
    def let_workers_crash(self, attempts: int) -> None:
        assert self.ask("PUT", "/_fake/faults", {"kind": "crash", "attempts": attempts})[0] == 201
        self.ledger.crashes += attempts

    @precondition(lambda self: self.taken_away or self.ledger.crashes)
    @rule()
    def mend_everything(self) -> None:
        assert self.ask("DELETE", "/_fake/faults")[0] == 200
        self.taken_away = self.ledger.crashes = 0

    @rule(
        endpoint=endpoints,
        least=st.integers(0, 1),
        most=st.sampled_from([0, 1, 2, 3, 3]),
        scaler=st.sampled_from([("REQUEST_COUNT", 1), ("REQUEST_COUNT", 3), ("QUEUE_DELAY", 4)]),
        idle_s=st.sampled_from([1, 5, 60]),
    )
    def scale(self, endpoint: str, least: int, most: int, scaler: tuple[str, int], idle_s: int) -> None:
        wanted: dict[str, Any] = {"workersMin": min(least, most), "workersMax": most, "idleTimeout": idle_s}
        wanted |= {"scalerType": scaler[0], "scalerValue": scaler[1]}
        code, said = self.ask("PATCH", f"/v1/endpoints/{endpoint}", wanted)
        assert code == 200, said
        self.scaling[endpoint] = wanted

    @precondition(lambda self: len(self.ledger.running()) > 1)
    @rule(how=st.sampled_from(["reset", "state"]))
    def begin_anew(self, how: str) -> None:
        before_s = self.clock.passed()
        if how == "reset":
            assert self.ask("POST", "/_fake/reset")[0] == 200
        else:
            assert self.ask("PUT", "/_fake/state", {})[0] == 200
        self.clock.freeze()
        self.passed_s += self.clock.passed() - before_s
        self.forget()

    @precondition(lambda self: len(self.ledger.jobs) > 2)
    @rule()
    def restart(self) -> None:
        for wait in self.waits:
            wait.task.cancel()
        self.waits.clear()
        self.outside.clear()
        self.stage.restart()
        self.ledger.interrupted()
        self.taken_away = self.ledger.crashes = 0
        for job in self.ledger.jobs.values():
            job.reports = 0

    # what workers outside do

    @rule(worker=st.sampled_from(["wk1", "wk2"]), count=st.integers(1, 2))
    def poll(self, worker: str, count: int) -> None:
        outside = self.outside.setdefault(worker, Process(worker))
        self.settle()
        self.collect(outside)
        if len(outside.polls) < 2:
            what, size = ("job-take", "") if count == 1 else ("job-take-batch", f"&batch_size={count}")
            query = f"?gpu=FAKE{size}&job_in_progress={int(bool(outside.held))}"
            path = f"/v2/{MOTION}/{what}/{worker}{query}"
            outside.polls.append(self.send("GET", path, peer=outside.peer))
        if outside.channel is None or outside.channel.done():
            path = f"/v2/{MOTION}/job-stop/{worker}?gpu=FAKE"
            outside.channel = self.send("GET", path, peer=outside.peer)

    @rule(worker=st.sampled_from(["wk1", "wk2"]), given_=inputs, policy=policies, hook=hooks)
    def poll_for_a_job(self, worker: str, given_: dict[str, Any], policy: dict[str, Any], hook: bool) -> None:
        self.submit(MOTION, given_, policy, hook)
        self.poll(worker, 1)

    @precondition(lambda self: any(one.held for one in self.outside.values()))
    @rule(which=pick, said=st.sampled_from([{"output": {"b": 2}}, {"error": "no"}]))
    def answer(self, which: int, said: dict[str, Any]) -> None:
        """Often too late."""
        held = [(one, job_id) for one in self.outside.values() for job_id in one.held]
        outside, job_id = held[which % len(held)]
        outside.held.remove(job_id)
        job = self.ledger.jobs.get(job_id)
        if job is not None and job.status == "IN_PROGRESS" and job.body["workerId"] == outside.id:
            job.said = said
        path = f"/v2/{MOTION}/job-done/{outside.id}/{job_id}?gpu=FAKE&isStream=false"
        assert self.ask("POST", path, said, peer=outside.peer)[0] == 200

    @precondition(lambda self: self.outside)
    @rule(which=pick)
    def vanish(self, which: int) -> None:
        outside = self.outside.pop(sorted(self.outside)[which % len(self.outside)])
        self.collect(outside)
        for job_id in outside.held:
            if job_id in self.ledger.jobs:
                self.ledger.jobs[job_id].excuses += 1
        outside.peer.leave()
        self.settle()
        for _ in range(5):
            self.clock.real.advance(0.5)
            self.settle()

    # what must hold after each of these

    @invariant()
    def life_is_as_it_should_be(self) -> None:
        self.settle()
        assert self.clock.passed() == self.passed_s
        for one in self.outside.values():
            self.collect(one)
        begun = self.look_at_jobs()
        most = {endpoint: self.scaling.get(endpoint, {}).get("workersMax", 3) for endpoint in ENDPOINTS}
        self.ledger.check_places(begun, max(self.workers - self.taken_away, 0), most)
        is_plain = self.timing == "instant" and self.now_s >= self.is_plain_since_s
        if is_plain and not (self.scaling or self.outside or self.taken_away):
            self.ledger.check_order(begun, self.workers, most)
        self.check_waits()
        self.check_counts()
        self.check_that_nothing_is_due()
        self.check_reports()

    def teardown(self) -> None:
        try:
            self.let_everything_end()
        finally:
            self.stage.close()

    def let_everything_end(self) -> None:
        """Nobody starves: with time alone, and workers that are allowed, all jobs come to an end."""
        self.ask("DELETE", "/_fake/faults")
        self.taken_away = self.ledger.crashes = 0
        self.life_is_as_it_should_be()
        while self.outside:
            self.vanish(0)
        for endpoint in ENDPOINTS:
            self.scale(endpoint, 0, 3, ("QUEUE_DELAY", 4), 5)
        for _ in range(8 * len(self.ledger.jobs) + 20):
            if all(job.status in FINAL for job in self.ledger.jobs.values()):
                return
            for endpoint in ENDPOINTS:
                waiting = self.ledger.of(endpoint, "IN_QUEUE")
                if waiting and all(job.is_low for job in waiting):
                    self.submit(endpoint, {"mock_return": 1}, {}, hook=False)  # brings them a worker
            self.life_is_as_it_should_be()  # some may begin, and be lost, before time goes on
            self.advance(610)
            self.life_is_as_it_should_be()
        raise AssertionError(f"did not end: {[job for job in self.ledger.jobs.values() if not job.ended_s]}")

    def look_at_jobs(self) -> list[Job]:
        """Ask for every job; those that have begun."""
        begun = []
        for job in tuple(self.ledger.jobs.values()):
            code, body = self.ask("GET", f"/v2/{job.endpoint}/status/{job.id}")
            if self.ledger.see(job, code, body, self.now_s, self.timing):
                begun.append(job)
        return begun

    def check_waits(self) -> None:
        for wait in tuple(self.waits):
            job = self.ledger.jobs.get(wait.job_id)
            is_over = job is None or job.status in FINAL or self.now_s >= wait.until_s
            assert wait.task.done() == is_over, f"{wait} {job}"
            if is_over:
                self.waits.remove(wait)
                code, body = wait.task.result()
                if code == 404:
                    assert job is None
                elif self.now_s < wait.until_s:
                    assert job is not None
                    assert body["status"] == job.status

    def check_counts(self) -> None:
        for endpoint in ENDPOINTS:
            code, said = self.ask("GET", f"/v2/{endpoint}/health")
            assert code == 200
            self.ledger.check_counts(endpoint, said["jobs"])
            assert min(said["workers"].values()) >= 0
        state = self.ask("GET", "/_fake/state")[1]["state"]
        assert state["jobs"] == Counter(job.status for job in self.ledger.jobs.values())

    def check_that_nothing_is_due(self) -> None:
        """Alarms ring for everything: when the GPU looks once more, it finds nothing to do."""
        before = self.ask("GET", "/_fake/gpu"), self.ask("GET", "/_fake/state")[1]["state"]
        again = self.ask("PUT", "/_fake/gpu", {}), self.ask("GET", "/_fake/state")[1]["state"]
        assert again == before

    def check_reports(self) -> None:
        """Each end is reported once."""
        sent = Counter(json.loads(one.body)["id"] for one in self.stage.app.kit.webhooks.deliveries.values())
        for job in self.ledger.jobs.values():
            assert sent.pop(job.id, 0) == job.reports, f"{job}"

    @property
    def now_s(self) -> float:
        return self.clock.passed()

    def collect(self, outside: Process) -> None:
        """What answered polls have brought."""
        for poll in [one for one in outside.polls if one.done()]:
            outside.polls.remove(poll)
            code, body = poll.result()
            assert code in (200, 204), body
            for given in [] if code == 204 else body if isinstance(body, list) else [body]:
                outside.held.append(given["id"])


@pytest.mark.slow
def test_no_job_is_lost_runs_twice_at_once_or_leaves_a_final_state() -> None:
    run_state_machine_as_test(LifeOfJobs, settings=SETTINGS)
