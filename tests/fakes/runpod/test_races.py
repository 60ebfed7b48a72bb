"""What happens to jobs when things come together: ends, limits, resets, deletions, waits, restarts."""

import asyncio
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest

from fakes.kit.app import FakeApp
from fakes.kit.clock import ManualClock
from fakes.kit.kit import FakeSettings
from fakes.runpod.state import STAGING_KEY
from tests.fakes.receiver import Answer, Received, receiving
from tests.fakes.runpod.conftest import Account, settled

DEADLINE_S = 10.0
LONG = {"mock_delay": 60}
SHORT = {"mock_return": "done"}


@dataclass(slots=True)
class Source:
    """Where a model fetches sound that does not come until it is let go."""

    url: str
    is_asked: threading.Event = field(default_factory=threading.Event)
    is_let_go: threading.Event = field(default_factory=threading.Event)

    @property
    def batch(self) -> dict[str, Any]:
        """Sounds for Whisper: the first one is answered at once, the others when the source is let go."""
        return {"items": [{"id": "a"}, *({"id": name, "audio": f"{self.url}/{name}.wav"} for name in "bc")]}

    async def asked(self) -> None:
        assert await asyncio.to_thread(self.is_asked.wait, DEADLINE_S)


@contextmanager
def slow_source() -> Iterator[Source]:
    with receiving() as receiver:
        source = Source(receiver.url)

        def answer(_request: Received) -> Answer:
            source.is_asked.set()
            source.is_let_go.wait(DEADLINE_S)
            return Answer(404)

        receiver.answer = answer
        try:
            yield source
        finally:
            source.is_let_go.set()


async def until(is_so: Callable[[], bool]) -> None:
    async with asyncio.timeout(DEADLINE_S):
        while not is_so():  # noqa: ASYNC110 - threads tell nobody
            await asyncio.sleep(0.005)
    await settled()


def under_way() -> int:
    """Attempts at jobs whose workers have not stopped yet."""
    running = [task.get_coro() for task in asyncio.all_tasks()]
    return sum(getattr(one, "__qualname__", "") == "Gpu._run" for one in running)


async def gone(account: Account, job_id: str) -> bool:
    return (await account.client.get(f"/v2/staging-clip/status/{job_id}")).status_code == 404


async def test_a_model_that_works_on_after_a_reset_touches_no_job_of_the_same_id(account: Account) -> None:
    with slow_source() as source:
        former = await account.run(source.batch, "staging-whisper")
        await source.asked()
        account.app.reset()
        account.clock.freeze()
        job = await account.run(LONG, "staging-whisper")
        following = await account.run(SHORT, "staging-whisper")

        source.is_let_go.set()
        await until(lambda: under_way() == 1)

    states = [(await account.status(one, "staging-whisper"))["status"] for one in (job, following)]
    stream = await account.get(f"staging-whisper/stream/{job}")
    assert job == former
    assert states == ["IN_PROGRESS", "IN_QUEUE"]
    assert stream == {"status": "IN_PROGRESS", "stream": []}


async def test_a_cancelled_models_worker_is_busy_until_the_model_has_stopped(account: Account) -> None:
    with slow_source() as source:
        job = await account.run(source.batch, "staging-whisper")
        await source.asked()
        following = await account.run(SHORT, "staging-whisper")
        said = await account.post(f"staging-whisper/cancel/{job}")
        busy = (await account.status(following, "staging-whisper"))["status"]

        source.is_let_go.set()
        done = await account.end(following, "staging-whisper")

    assert (said["status"], busy, done["status"]) == ("CANCELLED", "IN_QUEUE", "COMPLETED")
    assert (await account.status(job, "staging-whisper"))["status"] == "CANCELLED"


async def test_a_job_that_is_cancelled_before_its_worker_has_begun_leaves_the_worker_free(
    account: Account,
) -> None:
    given = {"input": LONG}
    job = (await account.client.post("/v2/staging-clip/run", json=given)).json()["id"]
    await asyncio.sleep(0)  # the job is given out, and its worker's task has not run yet
    said = await account.post(f"staging-clip/cancel/{job}")

    done = await account.end(await account.run(SHORT))

    assert (said["status"], done["status"]) == ("CANCELLED", "COMPLETED")


async def test_a_jump_of_the_clock_ends_what_was_done_in_time_and_stops_the_rest(account: Account) -> None:
    account.app.load({"workers": 2})
    slow = await account.run({"mock_delay": 60}, policy={"executionTimeout": 5000})
    quick = await account.run({"mock_delay": 6}, policy={"executionTimeout": 7000})

    await account.pass_(600)

    ends = [(await account.status(job))["status"] for job in (slow, quick)]
    assert ends == ["TIMED_OUT", "COMPLETED"]


async def test_a_job_that_ends_at_its_very_deadline_has_ended_in_time(account: Account) -> None:
    job = await account.run({"mock_delay": 5}, policy={"executionTimeout": 5000})

    await account.pass_(5)

    assert (await account.status(job))["status"] == "COMPLETED"


@pytest.mark.parametrize("input_", [LONG, {}])
async def test_a_running_job_whose_time_to_live_ends_is_neither_failed_nor_tried_again(
    account: Account, input_: Any
) -> None:
    account.app.load({"timing": "realistic"})
    job = await account.run(input_, policy={"ttl": 10_000})
    await account.pass_(8)
    running = (await account.status(job))["status"]

    await account.pass_(2)

    assert running == "IN_PROGRESS"
    assert await account.health() == {"jobs": {}, "workers": {"idle": 1, "ready": 1}}
    assert await gone(account, job)


async def test_a_time_to_live_that_was_shortened_ends_a_job_before_a_jump_of_the_clock_does(
    account: Account,
) -> None:
    job = await account.run({"mock_delay": 5})
    await account.get(f"staging-clip/status/{job}?ttl=1000")

    await account.pass_(60)

    assert await gone(account, job)
    assert (await account.health())["jobs"] == {}


async def test_a_time_to_live_that_was_extended_lets_a_running_job_end(account: Account) -> None:
    job = await account.run({"mock_delay": 30}, policy={"ttl": 10_000})
    await account.pass_(5)
    await account.get(f"staging-clip/status/{job}?ttl=100000")

    await account.pass_(5, 20)

    done = await account.status(job)
    assert (done["status"], done["executionTime"], "retries" in done) == ("COMPLETED", 30_000, False)


async def test_a_webhook_that_may_not_be_called_any_more_holds_up_nothing(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    hook = "http://app.internal/hook"
    with restarts(tmp_path, callback_hosts=frozenset({"app.internal"})) as start:
        first = start(ManualClock())
        jobs = [await first.run(LONG), await first.run(SHORT, webhook=hook)]
        await first.app.close()
    with restarts(tmp_path) as start:
        second = start(first.clock)
        await second.pass_(60)
        ends = [(await second.status(job))["status"] for job in jobs]
        later = await second.end(await second.run(SHORT))
        await second.app.close()

    assert ends == ["COMPLETED", "COMPLETED"]
    assert later["status"] == "COMPLETED"
    assert [record.message for record in caplog.records if record.levelname != "INFO"] == ["webhook refused"]


async def test_a_waiting_job_whose_time_to_live_has_passed_gets_no_worker(account: Account) -> None:
    first = await account.run(LONG)
    job = await account.run(LONG, policy={"ttl": 10_000})

    await account.pass_(60)

    assert (await account.status(first))["status"] == "COMPLETED"
    assert (await account.health())["jobs"] == {"completed": 1}
    assert await gone(account, job)


async def test_a_retried_job_keeps_the_time_to_live_that_it_was_submitted_with(account: Account) -> None:
    job = await account.end(await account.run({"mock_error": True}, policy={"ttl": 7_200_000}))
    await account.run({"mock_delay": 599})
    await account.pass_(1000)
    await account.run({"mock_delay": 6_000}, policy={"executionTimeout": 6_000_000})
    await account.post(f"staging-clip/retry/{job['id']}")
    await account.pass_(6_000)
    ended = (await account.status(job["id"]))["status"]

    await account.pass_(200)

    assert ended == "FAILED"
    assert await gone(account, job["id"])


@pytest.mark.parametrize(
    ("act", "status", "said"),
    [
        ("cancel", 200, "CANCELLED"),
        ("purge-queue", 404, None),
        ("expiry", 404, None),
        ("end", 200, "COMPLETED"),
        ("reset", 404, None),
        ("removal", 404, None),
    ],
)
async def test_who_waits_for_a_job_hears_at_once_what_became_of_it(
    account: Account, act: str, status: int, said: str | None
) -> None:
    await account.run({"mock_delay": 5})
    job = await account.run(SHORT, policy={"ttl": 10_000 if act == "expiry" else 60_000})
    path = f"/v2/staging-clip/status-sync/{job}?wait=300000"
    waits = [asyncio.create_task(account.client.get(path)) for _ in range(2)]
    await settled()
    assert not any(one.done() for one in waits)

    match act:
        case "cancel":
            await account.post(f"staging-clip/cancel/{job}")
        case "purge-queue":
            await account.post("staging-clip/purge-queue")
        case "expiry":
            await account.client.put("/_fake/faults", json={"kind": "throttled"})
            await account.pass_(10)
        case "end":
            await account.pass_(5)
        case "reset":
            account.app.reset()
        case "removal":
            await account.remove()
    await settled()

    assert all(one.done() for one in waits)
    answers = [await one for one in waits]
    assert [one.status_code for one in answers] == [status, status]
    assert [one.json().get("status") for one in answers] == [said, said]


async def test_a_wait_goes_on_when_a_lost_job_is_given_out_again(account: Account) -> None:
    job = await account.run({"mock_delay": 5, "mock_crash": True})
    wait = asyncio.create_task(account.get(f"staging-clip/status-sync/{job}?wait=60000"))
    await account.pass_(5)
    is_over = wait.done()

    await account.pass_(5)

    assert not is_over
    assert (await wait)["status"] == "FAILED"


async def test_an_endpoint_goes_with_its_workers_and_jobs_and_the_others_go_on(account: Account) -> None:
    jobs = [await account.run(LONG, endpoint) for endpoint in ("staging-clip", "staging-blip") * 2]

    await account.remove()
    await settled()
    await account.pass_(600)

    assert (await account.status(jobs[1], "staging-blip"))["status"] == "COMPLETED"
    assert account.state.summary()["jobs"] == {"COMPLETED": 1, "IN_PROGRESS": 1}
    assert (await account.client.get("/v2/staging-clip/health")).status_code == 404


async def test_a_model_that_works_on_for_a_deleted_endpoint_does_no_harm(account: Account) -> None:
    with slow_source() as source:
        await account.run(source.batch, "staging-whisper")
        await source.asked()
        await account.remove("staging-whisper")
        following = await account.end(await account.run(SHORT))
        source.is_let_go.set()
        await until(lambda: under_way() == 0)

    assert following["status"] == "COMPLETED"
    assert account.state.summary()["jobs"] == {"COMPLETED": 1}


async def test_a_job_for_an_endpoint_that_is_deleted_while_it_is_sent_is_refused(account: Account) -> None:
    async def body() -> Any:
        yield b'{"input": {"mock_return": 1'
        await account.remove()
        yield b"}}"

    answer = await account.client.post("/v2/staging-clip/run", content=body())
    await settled()

    assert (answer.status_code, answer.json()) == (404, {"error": "endpoint not found"})
    assert account.state.summary()["jobs"] == {}


async def test_times_stay_true_when_the_clock_is_set_back_by_years(account: Account) -> None:
    running = await account.run({"mock_delay": 30})
    waiting = await account.run(SHORT)
    await account.pass_(10)

    account.clock.set(5.0)
    await settled()
    await account.pass_(19.5)
    still = [(await account.status(job))["status"] for job in (running, waiting)]
    await account.pass_(0.5)

    done = [await account.end(job) for job in (running, waiting)]
    assert still == ["IN_PROGRESS", "IN_QUEUE"]
    assert [(one["delayTime"], one["executionTime"]) for one in done] == [(0, 30_000), (30_000, 0)]


@contextmanager
def restarts(folder: Path, **more: Any) -> Iterator[Callable[[ManualClock], Account]]:
    """Makes the fake as often as it is asked to, with the same folder."""
    settings = FakeSettings(public_urls={"runpod": "http://runpod.test"}, state_dir=folder, **more)
    headers = {"Authorization": f"Bearer {STAGING_KEY}"}

    def start(clock: ManualClock) -> Account:
        app = FakeApp("runpod", settings, clock)
        transport = httpx.ASGITransport(app)
        client = httpx.AsyncClient(transport=transport, base_url="http://runpod.test", headers=headers)
        return Account(app, clock, client)

    yield start


async def test_the_order_of_the_queue_and_the_counters_survive_a_restart(tmp_path: Path) -> None:
    with restarts(tmp_path) as start:
        first = start(ManualClock())
        done = await first.end(await first.run(SHORT))
        jobs = [
            await first.run({"mock_delay": 10}, endpoint) for endpoint in ("staging-clip", "staging-blip") * 2
        ]
        await first.pass_(4)
        await first.app.close()
        second = start(first.clock)
        before = await second.health()
        await second.pass_(10, 10, 10, 10)
        ends = [
            await second.status(job, endpoint)
            for job, endpoint in zip(jobs, ("staging-clip", "staging-blip") * 2, strict=True)
        ]
        kept = await second.status(done["id"])
        await second.app.close()

    assert before["jobs"] == {"completed": 1, "inProgress": 1, "inQueue": 1}
    assert kept == done
    assert [one["delayTime"] for one in ends] == [4000, 14_000, 24_000, 34_000]
    assert not any("retries" in one for one in ends)


async def test_what_an_interrupted_attempt_has_streamed_is_streamed_once(tmp_path: Path) -> None:
    given = {"mock_return": ["one", "two"]}
    with restarts(tmp_path) as start:
        first = start(ManualClock())
        first.app.load({"timing": "realistic"})
        job = await first.run(given)
        await first.pass_(8)
        running = await first.status(job)
        await first.app.close()
        second = start(first.clock)
        await second.pass_(8, 1)
        stream = await second.get(f"staging-clip/stream/{job}")
        await second.app.close()

    assert running["status"] == "IN_PROGRESS"
    assert [one["output"] for one in stream["stream"]] == ["one", "two"]


async def test_a_process_whose_clock_is_behind_the_former_ones_goes_on_where_that_was(tmp_path: Path) -> None:
    with restarts(tmp_path) as start:
        first = start(ManualClock())
        await first.pass_(86_400)
        ended = await first.end(await first.run(SHORT))
        job = await first.run({"mock_delay": 20})
        await first.pass_(5)
        await first.app.close()
        second = start(ManualClock())
        await second.pass_(20)
        done = await second.status(job)
        await second.pass_(1800 - 20)
        is_forgotten = await gone(second, ended["id"])
        await second.app.close()

    assert (done["status"], done["executionTime"]) == ("COMPLETED", 20_000)
    assert 0 <= done["delayTime"] <= 5000
    assert is_forgotten


async def test_a_restart_ends_the_tries_of_webhooks(tmp_path: Path) -> None:
    with restarts(tmp_path) as start, receiving() as receiver:
        receiver.answer = lambda _request: Answer(500)
        first = start(ManualClock())
        await first.run(SHORT, webhook=f"{receiver.url}/hook")
        await until(lambda: len(receiver.received) == 1)
        await first.app.close()
        second = start(first.clock)
        await second.pass_(10, 10, 10)
        await second.app.close()

    assert len(receiver.received) == 1


async def test_who_waits_while_the_fake_stops_gets_the_last_that_is_known(account: Account) -> None:
    job = await account.run(LONG)
    wait = asyncio.create_task(account.client.get(f"/v2/staging-clip/status-sync/{job}"))
    await settled()

    assert account.app.parts.close is not None
    account.app.parts.close()

    async with asyncio.timeout(DEADLINE_S):
        assert (await wait).json()["status"] == "IN_PROGRESS"
