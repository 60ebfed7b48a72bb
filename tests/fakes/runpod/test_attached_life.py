"""Attached workers that come, die and leave, and who serves the endpoint then."""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from fakes.kit.clock import ManualClock
from fakes.kit.ids import Ids
from fakes.kit.journal import Journal
from fakes.kit.kit import FakeSettings, Kit
from fakes.kit.peer import Peer
from fakes.kit.webhooks import Webhooks
from fakes.runpod.attached import MAX_PROCESSES, Attached
from fakes.runpod.gpu import Gpu
from fakes.runpod.process import GONE_AFTER_S, SILENT_AFTER_S
from fakes.runpod.state import Hosted, State
from fakes.runpod.wire import Submission
from fakes.runpod.wire.worker import Asked
from tests.fakes.runpod.conftest import Account, settled
from tests.fakes.runpod.outside import Outside
from tests.fakes.runpod.test_attached import NO_JOB, attached, taken

_LOOK_S = 0.5
TIMED_OUT = "job timed out after 1 retries"


async def test_a_worker_whose_connections_are_closed_is_gone_and_another_gets_its_job(
    account: Account,
) -> None:
    one, other = Outside(account, "wk1"), Outside(account, "wk2")
    job = await taken(account, one)
    channel, poll = one.listen(), other.poll()
    await settled()
    one.peer.leave()
    await passing(account, GONE_AFTER_S - _LOOK_S)
    is_early = poll.done()
    await passing(account, 2 * _LOOK_S)

    given = await poll
    await other.done(job, {"output": 1})

    assert (await channel, is_early, given) == (NO_JOB, False, (200, {"id": job, "input": {"a": 1}}))
    found = await account.status(job)
    assert (found["status"], found["retries"], found["workerId"]) == ("COMPLETED", 1, "wk2")
    assert (await account.get("staging-clip/health"))["jobs"]["retried"] == 1


async def test_a_job_that_loses_two_workers_fails(account: Account) -> None:
    await attached(account, "clip")
    job = await account.run({"a": 1})
    for worker in (Outside(account, "wk1"), Outside(account, "wk2")):
        channel = worker.listen()
        assert await worker.take() == job
        worker.peer.leave()
        await passing(account, GONE_AFTER_S + _LOOK_S)
        await channel

    found = await account.status(job)

    assert (found["status"], found["error"], found["retries"]) == ("FAILED", TIMED_OUT, 1)


async def test_a_worker_that_opens_another_connection_in_time_lives(account: Account) -> None:
    worker = Outside(account)
    channel = worker.listen()
    job = await taken(account, worker)
    worker.peer.leave()
    await channel
    await passing(account, GONE_AFTER_S - _LOOK_S)
    worker.peer = Peer()
    await worker.done(job, {"status": "IN_PROGRESS", "output": 1})
    await passing(account, 10)

    assert (await account.status(job))["status"] == "IN_PROGRESS"


async def test_a_worker_whose_connection_the_server_closed_lives(account: Account) -> None:
    worker = Outside(account)
    channel = worker.listen()
    job = await taken(account, worker)
    await passing(account, 10)
    await channel
    worker.peer.close()
    await passing(account, 60)

    assert (await account.status(job))["status"] == "IN_PROGRESS"


async def test_a_worker_that_never_asked_what_to_stop_may_close_its_connections(account: Account) -> None:
    worker = Outside(account)
    job = await taken(account, worker)
    worker.peer.leave()
    await passing(account, 60)
    worker.peer = Peer()

    await worker.done(job, {"output": 1})

    assert (await account.status(job))["status"] == "COMPLETED"


async def test_a_worker_that_misses_three_heartbeats_is_gone(account: Account) -> None:
    worker = Outside(account)
    job = await taken(account, worker)
    for _ in range(3):
        assert await worker.ping(job) == (200, {})
        await passing(account, 2)
    await passing(account, 4)
    still = await account.status(job)
    await passing(account, 2 * _LOOK_S)

    lost = await account.end(job)

    assert still["status"] == "IN_PROGRESS"
    assert (lost["status"], lost["retries"]) == ("FAILED", 1)  # the built-in model does not know this input


async def test_a_worker_whose_heartbeats_are_lost_is_taken_for_dead_while_it_works(account: Account) -> None:
    worker = Outside(account)
    job = await taken(account, worker)
    await worker.ping(job)
    await account.client.put("/_fake/faults", json={"kind": "drop-heartbeat"})
    for _ in range(16):
        assert await worker.ping(job) == (200, {})
        await passing(account, 2)

    lost = await account.end(job)
    late = await worker.done(job, {"output": 1})
    await account.client.delete("/_fake/faults")
    again = await taken(account, worker)
    for _ in range(16):
        await worker.ping(again)
        await passing(account, 2)

    assert (lost["status"], lost["retries"], late) == ("FAILED", 1, (200, {}))
    assert (await account.status(again))["status"] == "IN_PROGRESS"


async def test_the_fakes_clock_ends_no_worker(account: Account) -> None:
    await attached(account, "clip")
    job = await account.run({"a": 1}, policy={"executionTimeout": 86_400_000})
    worker = Outside(account)
    await worker.take()
    await worker.ping(job)
    account.clock.advance(3600)
    await settled()

    await worker.done(job, {"output": 1})

    found = await account.status(job)
    assert (found["status"], found["executionTime"]) == ("COMPLETED", 3_600_000)


async def test_a_worker_that_says_it_is_at_no_job_has_dropped_it(account: Account) -> None:
    worker = Outside(account)
    await attached(account, "clip")
    job = await account.run({})
    seen = [await worker.poll(), await worker.poll()]
    poll = worker.poll()
    await settled()

    found = await account.status(job)

    assert seen == [(200, {"id": job})] * 2
    assert (found["status"], found["error"], found["retries"]) == ("FAILED", TIMED_OUT, 1)
    poll.cancel()


async def test_a_job_is_not_dropped_while_the_connection_that_took_it_is_open(account: Account) -> None:
    worker = Outside(account)
    job = await taken(account, worker)
    first, worker.peer = worker.peer, Peer()
    poll = worker.poll()
    await worker.ping("another")
    before = await account.status(job)
    first.close()

    await worker.ping("another")

    assert (before["status"], before.get("retries")) == ("IN_PROGRESS", None)
    assert (await poll)[1]["id"] == job
    assert (await account.status(job))["retries"] == 1


async def test_a_ping_that_names_no_job_drops_none(account: Account) -> None:
    worker = Outside(account)
    job = await taken(account, worker)
    worker.peer.close()

    await worker.ping()

    assert (await account.status(job))["status"] == "IN_PROGRESS"


async def test_the_model_serves_again_when_no_worker_lives_any_more(account: Account) -> None:
    worker = Outside(account)
    poll, channel = worker.poll(), worker.listen()
    await settled()
    with_worker = await account.get("staging-clip/health")
    worker.peer.leave()
    assert (await poll, await channel) == (NO_JOB, NO_JOB)
    job = await account.run({"mock_return": 1})
    waiting = await account.status(job)

    await passing(account, GONE_AFTER_S + _LOOK_S)

    assert with_worker["workers"]["idle"] == 1
    assert waiting["status"] == "IN_QUEUE"
    assert (await account.end(job))["output"] == 1


async def test_an_endpoint_that_was_attached_on_purpose_waits_for_workers(account: Account) -> None:
    answer = await account.client.put("/_fake/gpu", json={"attached": ["clip", "staging-blip"]})
    job = await account.run({"mock_return": 1})
    waiting = await account.status(job)
    health = await account.get("staging-clip/health")

    await attached(account)

    assert answer.json()["attached"] == ["staging-blip", "staging-clip"]
    assert waiting["status"] == "IN_QUEUE"
    assert sum(health["workers"].values()) == 0
    assert (await account.end(job))["output"] == 1


async def test_what_was_attached_with_the_seed_outlives_a_reset(account: Account) -> None:
    account.app.load({"attached": ["clip"]})
    await attached(account)

    account.app.reset()

    assert (await account.client.get("/_fake/gpu")).json()["attached"] == ["staging-clip"]


@pytest.mark.parametrize("path", ["/_fake/gpu", "/_fake/state"])
async def test_only_endpoints_of_staging_can_be_attached(account: Account, path: str) -> None:
    known = "staging-blip, staging-clip, staging-motion, staging-whisper"

    answers = [
        (await account.client.put(path, json={"attached": names})).json()
        for names in (["production-clip"], ["clap"], "clip")
    ]

    assert answers == [
        {"error": f"there is no endpoint 'production-clip' to attach to; there are {known}"},
        {"error": f"there is no endpoint 'clap' to attach to; there are {known}"},
        {"error": "'attached' is 'clip'; it must be a list of endpoints"},
    ]


async def test_a_worker_that_ends_with_a_job_gets_no_other(account: Account) -> None:
    worker = Outside(account)
    job = await taken(account, worker)
    poll, channel = worker.poll(busy=True), worker.listen()
    await settled()

    await worker.done(job, {"output": 1, "stopPod": True})

    assert (await poll, await channel) == (NO_JOB, NO_JOB)
    assert (await account.client.get("/_fake/workers")).json() == {"workers": []}
    assert (await account.end(await account.run({"mock_return": 2})))["output"] == 2


async def test_a_worker_that_fails_its_checks_is_gone(account: Account) -> None:
    worker = Outside(account)
    job = await taken(account, worker)

    answer = await worker.ping(status="unhealthy", check="_memory", reason="RuntimeError: 2 GB")

    assert answer == (200, {})
    assert (await account.end(job))["retries"] == 1


async def test_pings_attach_no_worker(account: Account) -> None:
    worker = Outside(account)
    answers = [await worker.ping("job"), await worker.ping(status="unhealthy")]

    assert answers == [(200, {}), (200, {})]
    assert (await account.end(await account.run({"mock_return": 1})))["output"] == 1


async def test_a_worker_that_polls_no_more_does_not_keep_the_model_from_serving(account: Account) -> None:
    poll = Outside(account).poll()
    await settled()
    await passing(account, 10)
    assert await poll == NO_JOB
    job = await account.run({"mock_return": 1})

    await passing(account, SILENT_AFTER_S + _LOOK_S)

    assert (await account.end(job))["output"] == 1


async def test_a_reset_stops_jobs_and_the_worker_comes_back(account: Account) -> None:
    worker = Outside(account)
    job = await taken(account, worker)
    channel = worker.listen()
    await settled()

    account.app.reset()

    assert await channel == (200, {"jobsToStop": [job]})
    assert await worker.done(job, {"output": 1}) == (200, {})
    assert await taken(account, worker)


async def test_a_reset_ends_polls(account: Account) -> None:
    poll = Outside(account).poll()
    await settled()

    account.app.reset()

    assert await poll == NO_JOB


async def test_an_endpoint_that_is_deleted_takes_its_workers_jobs_along(account: Account) -> None:
    worker = Outside(account)
    job = await taken(account, worker)
    channel = worker.listen()
    await settled()

    deleted = await account.client.delete("/v1/endpoints/staging-clip")

    assert deleted.status_code == 204
    assert await channel == (200, {"jobsToStop": [job]})
    assert (await worker.done(job, {"output": 1}))[0] == 404
    await passing(account, SILENT_AFTER_S + _LOOK_S)
    assert (await account.client.get("/_fake/workers")).json() == {"workers": []}


async def test_the_same_id_on_two_endpoints_is_refused(account: Account) -> None:
    poll = Outside(account, "wk1").poll()
    await settled()

    refused = await Outside(account, "wk1", "staging-blip").poll()

    assert refused == (429, {"error": "there is another worker of the id 'wk1'"})
    poll.cancel()


async def test_the_id_of_a_built_in_worker_is_refused(account: Account) -> None:
    job = await account.run({"mock_delay": 60}, "staging-blip")
    worker_id = (await account.status(job, "staging-blip"))["workerId"]

    refused = await Outside(account, worker_id).poll()

    assert refused == (429, {"error": f"there is another worker of the id '{worker_id}'"})
    assert (await account.health("staging-blip"))["workers"]["running"] == 1


async def test_the_number_of_attached_workers_is_limited(account: Account) -> None:
    polls = [Outside(account, f"wk{number}").poll() for number in range(MAX_PROCESSES)]
    await settled()

    refused = await Outside(account, "one-more").poll()

    assert refused == (429, {"error": f"too many attached workers: the limit is {MAX_PROCESSES}"})
    for poll in polls:
        poll.cancel()


async def test_the_workers_that_live_are_listed_with_their_jobs(account: Account) -> None:
    job = await taken(account, Outside(account))

    answer = await account.client.get("/_fake/workers")

    listed = {"worker": "wk1", "endpoint": "staging-clip", "jobs": [job], "stopping": []}
    assert answer.json() == {"workers": [listed]}
    await account.post(f"staging-clip/cancel/{job}")
    answer = await account.client.get("/_fake/workers")
    assert answer.json() == {"workers": [listed | {"jobs": [], "stopping": [job]}]}


async def test_a_new_worker_is_told_all_that_it_needs(account: Account) -> None:
    answers = [await account.client.post("/_fake/workers", json={"endpoint": "clip"}) for _ in range(2)]

    bodies = [answer.json() for answer in answers]
    env = bodies[0]["env"]
    worker_id = env["RUNPOD_POD_ID"]
    assert (answers[0].status_code, bodies[0]["endpoint"]) == (201, "staging-clip")
    assert worker_id != bodies[1]["env"]["RUNPOD_POD_ID"]
    assert env == {
        "RUNPOD_WEBHOOK_GET_JOB": "http://runpod.test/v2/staging-clip/job-take/$ID?gpu=FAKE",
        "RUNPOD_WEBHOOK_POST_OUTPUT": (
            "http://runpod.test/v2/staging-clip/job-done/$RUNPOD_POD_ID/$ID?gpu=FAKE"
        ),
        "RUNPOD_WEBHOOK_POST_STREAM": (
            "http://runpod.test/v2/staging-clip/job-stream/$RUNPOD_POD_ID/$ID?gpu=FAKE"
        ),
        "RUNPOD_WEBHOOK_PING": "http://runpod.test/v2/staging-clip/ping/$RUNPOD_POD_ID",
        "RUNPOD_PING_INTERVAL": "10000",
        "RUNPOD_AI_API_KEY": "rpa_staging_0000000000000000000000000000",
        "RUNPOD_ENDPOINT_ID": "staging-clip",
        "RUNPOD_POD_ID": worker_id,
        "RUNPOD_POD_HOSTNAME": f"{worker_id}-64410a56",
        "RUNPOD_SKIP_GPU_CHECK": "true",
        "RUNPOD_SKIP_AUTO_SYSTEM_CHECKS": "true",
        "RUNPOD_ALLOW_PRIVATE_DOWNLOAD_URLS": "true",
    }


async def test_a_worker_for_an_endpoint_that_is_not_there_is_refused(account: Account) -> None:
    answer = await account.client.post("/_fake/workers", json={"endpoint": "clap"})

    assert answer.status_code == 400
    assert answer.json()["error"].startswith(
        "there is no endpoint 'clap' to attach to; there are staging-blip"
    )


@dataclass(frozen=True, slots=True)
class Inside:
    """The parts of a fake without HTTP, for what happens within one turn of the event loop."""

    clock: ManualClock
    state: State
    gpu: Gpu
    attached: Attached

    @property
    def clip(self) -> Hosted:
        return self.state.attachable("clip")


@pytest.fixture
def inside() -> Iterator[Inside]:
    clock = ManualClock()
    settings = FakeSettings(public_urls={"runpod": "http://runpod.test"})
    kit = Kit("runpod", settings, clock, Ids(1), Journal(), Webhooks(clock, frozenset()))
    state = State(kit)
    state.populate()
    gpu = Gpu(state, kit)
    attached = Attached(state, gpu, clock.real, kit.ids)
    yield Inside(clock, state, gpu, attached)
    gpu.close()
    attached.close()
    kit.store.close()


async def test_a_poll_whose_client_has_gone_never_gets_a_job(inside: Inside) -> None:
    peer = Peer()
    poll = inside.attached.take(inside.clip, "wk1", Asked(1, is_idle=True), peer)
    task = asyncio.ensure_future(poll)
    await settled()
    peer.leave()
    job = inside.gpu.submit(inside.clip, Submission({"a": 1}))
    inside.gpu.kick()

    assert inside.state.jobs.get(inside.clip, job.id).status == "IN_QUEUE"
    assert await task == []


async def test_a_poll_of_a_client_that_is_gone_attaches_no_worker(inside: Inside) -> None:
    peer = Peer()
    peer.leave()
    job = inside.gpu.submit(inside.clip, Submission({"mock_return": 1}))

    given = await inside.attached.take(inside.clip, "wk1", Asked(1, is_idle=True), peer)
    told = await inside.attached.stop_signals(inside.clip, "wk1", peer)

    assert (given, told, inside.attached.summary()) == ([], [], [])
    assert inside.state.jobs.get(inside.clip, job.id).status == "COMPLETED"


async def test_a_job_that_was_cancelled_before_the_poll_was_answered_is_not_given(inside: Inside) -> None:
    task = asyncio.ensure_future(inside.attached.take(inside.clip, "wk1", Asked(1, is_idle=True), Peer()))
    await settled()
    job = inside.gpu.submit(inside.clip, Submission({"a": 1}))
    inside.gpu.kick()
    inside.gpu.cancel(inside.clip, job.id)

    assert await task == []
    assert [(one["jobs"], one["stopping"]) for one in inside.attached.summary()] == [([], [])]


async def test_a_job_whose_taker_leaves_before_the_answer_is_given_to_another(inside: Inside) -> None:
    peer = Peer()
    takes = [
        asyncio.ensure_future(inside.attached.take(inside.clip, worker, Asked(1, is_idle=True), one))
        for worker, one in (("wk1", peer), ("wk2", Peer()))
    ]
    await settled()
    job = inside.gpu.submit(inside.clip, Submission({"a": 1}))
    inside.gpu.kick()
    peer.leave()

    assert [[work.job.id for work in await take] for take in takes] == [[], [job.id]]
    assert inside.state.jobs.get(inside.clip, job.id).retries == 1


async def passing(account: Account, seconds: float) -> None:
    """Let real time pass, in steps that let everybody look at it."""
    for _ in range(round(seconds / _LOOK_S)):
        account.clock.real.advance(_LOOK_S)
        await settled()
