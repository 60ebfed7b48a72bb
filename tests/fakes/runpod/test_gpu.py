"""The life of jobs on the one GPU, by the fake's clock."""

import asyncio
import json
from pathlib import Path

import httpx

from fakes.kit.app import FakeApp
from fakes.kit.clock import ManualClock
from fakes.kit.kit import FakeSettings
from fakes.runpod.state import STAGING_KEY
from fakes.runpod.state.streams import STREAM_ITEMS
from tests.fakes.runpod.conftest import Account, settled

DEADLINE_S = 10.0


async def test_a_job_waits_runs_and_completes_with_true_times(account: Account) -> None:
    first = await account.run({"mock_delay": 2})
    second = await account.run({"mock_delay": 3, "mock_return": {"answer": 42}})
    waiting = await account.status(second)
    account.clock.advance(2)
    await account.end(first)
    running = await account.status(second)
    account.clock.advance(3)

    done = await account.end(second)

    worker_id = done["workerId"]
    assert len(worker_id) == 14
    assert waiting == {"id": second, "status": "IN_QUEUE"}
    assert running == {"delayTime": 2000, "id": second, "status": "IN_PROGRESS", "workerId": worker_id}
    assert done == {
        "delayTime": 2000,
        "executionTime": 3000,
        "id": second,
        "output": {"answer": 42},
        "status": "COMPLETED",
        "workerId": worker_id,
    }
    assert list(done) == sorted(done)


async def test_a_job_without_work_has_ended_when_its_submission_is_answered(account: Account) -> None:
    submitted = (await account.client.post("/v2/staging-clip/run", json={"input": {"mock_return": 7}})).json()

    looked = (await account.client.get(f"/v2/staging-clip/status/{submitted['id']}")).json()

    assert (submitted["status"], looked["status"], looked["output"]) == ("IN_QUEUE", "COMPLETED", 7)


async def test_a_long_queue_of_jobs_without_work_is_worked_off(account: Account) -> None:
    first = await account.run({"mock_delay": 1})
    queued = [await account.run({"mock_return": number}) for number in range(40)]
    account.clock.advance(1)
    await account.end(first)

    outputs = [(await account.end(job_id))["output"] for job_id in queued]

    assert outputs == list(range(40))


async def test_endpoints_share_one_worker_and_jobs_start_in_the_order_they_came(account: Account) -> None:
    endpoints = ("staging-whisper", "staging-blip", "staging-motion", "staging-clip")
    jobs = [(await account.run({"mock_delay": 1}, endpoint), endpoint) for endpoint in endpoints]
    delays = []
    for job_id, endpoint in jobs:
        states = [(await account.status(*job))["status"] for job in jobs]
        assert states.count("IN_PROGRESS") == 1
        account.clock.advance(1)
        delays.append((await account.end(job_id, endpoint))["delayTime"])

    assert delays == [0, 1000, 2000, 3000]


async def test_more_workers_run_more_jobs_at_once(account: Account) -> None:
    account.app.load({"workers": 2})
    jobs = [await account.run({"mock_delay": 1}) for _ in range(3)]

    states = [(await account.status(job))["status"] for job in jobs]

    assert states == ["IN_PROGRESS", "IN_PROGRESS", "IN_QUEUE"]


async def test_progress_is_the_output_while_a_job_runs(account: Account) -> None:
    job = await account.run({"mock_progress": ["10 %", "50 %"], "mock_delay": 5, "mock_return": "all"})
    running = await account.status(job)
    account.clock.advance(5)

    done = await account.end(job)

    assert (running["status"], running["output"]) == ("IN_PROGRESS", "50 %")
    assert (done["status"], done["output"]) == ("COMPLETED", "all")


async def test_an_exception_in_the_handler_is_json_within_the_error(account: Account) -> None:
    failed = await account.end(await account.run({"mock_error": True}))

    said = json.loads(failed["error"])
    assert failed["status"] == "FAILED"
    assert "output" not in failed
    assert (said["error_type"], said["error_message"]) == ("<class 'RuntimeError'>", "Mock error")
    assert set(said) == {
        "error_type", "error_message", "error_traceback", "hostname", "worker_id", "runpod_version"
    }  # fmt: skip


async def test_a_refusal_of_the_handler_is_the_plain_error(account: Account) -> None:
    failed = await account.end(await account.run({"language": "en"}, "staging-whisper"), "staging-whisper")

    assert (failed["status"], failed["error"]) == ("FAILED", "Must provide either audio or audio_base64")


async def test_a_crashed_worker_gives_the_job_to_another_one_once(account: Account) -> None:
    lost = await account.end(await account.run({"mock_crash": True}))
    jobs = (await account.get("staging-clip/health"))["jobs"]

    assert (lost["status"], lost["error"], lost["retries"]) == ("FAILED", "job timed out after 1 retries", 1)
    assert jobs == {"completed": 0, "failed": 1, "inProgress": 0, "inQueue": 0, "retried": 1}


async def test_an_empty_input_is_accepted_and_never_answered(account: Account) -> None:
    lost = await account.end(await account.run({}))

    assert (lost["status"], lost["error"], lost["retries"]) == ("FAILED", "job timed out after 1 retries", 1)


async def test_the_endpoints_execution_timeout_stops_a_job_twice_and_fails_it(account: Account) -> None:
    job = await account.run({"mock_delay": 5000})
    for _ in range(2):
        assert (await account.status(job))["status"] == "IN_PROGRESS"
        account.clock.advance(600)

    done = await account.end(job)

    assert (done["status"], done["error"], done["retries"]) == ("FAILED", "job timed out after 1 retries", 1)
    assert (done["delayTime"], done["executionTime"]) == (600_000, 600_000)


async def test_the_clients_own_execution_timeout_ends_a_job_as_timed_out(account: Account) -> None:
    job = await account.run({"mock_delay": 60}, policy={"executionTimeout": 5000})
    assert (await account.status(job))["status"] == "IN_PROGRESS"
    account.clock.advance(5)

    done = await account.end(job)

    assert (done["status"], done["executionTime"]) == ("TIMED_OUT", 5000)


async def test_a_job_is_gone_when_its_time_to_live_has_passed(account: Account) -> None:
    await account.run({"mock_delay": 60})
    job = await account.run({"mock_return": 1}, policy={"ttl": 10_000})
    account.clock.advance(10)

    answer = await account.client.get(f"/v2/staging-clip/status/{job}")

    assert (answer.status_code, answer.json()) == (404, {"error": "job not found"})


async def test_results_are_kept_for_30_minutes_and_those_of_runsync_for_one(account: Account) -> None:
    later = await account.run({"mock_return": 1})
    await account.end(later)
    soon = (await account.post("staging-clip/runsync", {"input": {"mock_return": 1}}))["id"]

    account.clock.advance(59)
    assert (await account.status(soon))["status"] == "COMPLETED"
    account.clock.advance(1)
    assert (await account.client.get(f"/v2/staging-clip/status/{soon}")).status_code == 404
    account.clock.advance(1739)
    assert (await account.status(later))["status"] == "COMPLETED"
    account.clock.advance(1)
    assert (await account.client.get(f"/v2/staging-clip/status/{later}")).status_code == 404


async def test_a_waiting_job_is_cancelled_without_a_start(account: Account) -> None:
    await account.run({"mock_delay": 60})
    job = await account.run({"mock_return": 1})

    said = await account.post(f"staging-clip/cancel/{job}")

    assert said == {"id": job, "status": "CANCELLED"}
    assert await account.status(job) == {"id": job, "status": "CANCELLED"}


async def test_cancelling_a_running_job_frees_the_worker_for_the_next(account: Account) -> None:
    job = await account.run({"mock_delay": 60})
    following = await account.run({"mock_return": "next"})
    assert (await account.status(job))["status"] == "IN_PROGRESS"

    await account.post(f"staging-clip/cancel/{job}", {})

    assert (await account.end(following))["output"] == "next"
    assert (await account.status(job))["status"] == "CANCELLED"


async def test_a_failed_job_is_retried_under_its_id_and_drops_what_it_had(account: Account) -> None:
    job = await account.run({"mock_error": True, "mock_delay": 1})
    assert (await account.status(job))["status"] == "IN_PROGRESS"
    account.clock.advance(1)
    await account.end(job)
    account.clock.advance(10)

    said = await account.post(f"staging-clip/retry/{job}")

    running = await account.status(job)
    assert said == {"id": job, "status": "IN_QUEUE"}
    assert (running["status"], running["delayTime"], "error" in running) == ("IN_PROGRESS", 0, False)


async def test_purge_removes_what_waits_on_this_endpoint_only(account: Account) -> None:
    running = await account.run({"mock_delay": 60})
    waiting = [await account.run({"mock_delay": 1}) for _ in range(2)]
    other = await account.run({"mock_delay": 1}, "staging-blip")
    await account.status(running)

    said = await account.post("staging-clip/purge-queue")

    assert said == {"removed": 2, "status": "completed"}
    assert (await account.status(running))["status"] == "IN_PROGRESS"
    assert (await account.status(other, "staging-blip"))["status"] == "IN_QUEUE"
    assert (await account.client.get(f"/v2/staging-clip/status/{waiting[0]}")).status_code == 404


async def test_health_counts_jobs_and_workers(account: Account) -> None:
    await account.end(await account.run({"mock_return": 1}))
    await account.run({"mock_delay": 60})
    await account.run({"mock_delay": 60})

    said = await account.get("staging-clip/health")

    assert said == {
        "jobs": {"completed": 1, "failed": 0, "inProgress": 1, "inQueue": 1, "retried": 0},
        "workers": {
            "idle": 0, "initializing": 0, "ready": 0, "running": 1, "throttled": 0, "unhealthy": 0
        },
    }  # fmt: skip


async def test_requests_lists_the_latest_first(account: Account) -> None:
    first = await account.run({"mock_return": 1})
    await account.end(first)
    account.clock.advance(1)
    second = await account.run({"mock_delay": 9})

    said = await account.get("staging-clip/requests")

    assert said == {
        "requests": [
            {"delayTime": 0, "id": second, "status": "IN_PROGRESS"},
            {"delayTime": 0, "executionTime": 0, "id": first, "status": "COMPLETED"},
        ]
    }


async def test_a_list_too_long_for_the_stream_is_the_output_only(account: Account) -> None:
    short = await account.run({"mock_return": [0] * STREAM_ITEMS})
    long = await account.run({"mock_return": [0] * (STREAM_ITEMS + 1)})

    streams = [await account.get(f"staging-clip/stream/{job}") for job in (short, long)]

    assert [len(stream["stream"]) for stream in streams] == [STREAM_ITEMS, 0]
    assert len((await account.status(long))["output"]) == STREAM_ITEMS + 1


async def test_the_stream_hands_out_each_item_once_and_then_the_end(account: Account) -> None:
    job = await account.run({"mock_return": ["one", "two"]})
    await account.end(job)

    first = await account.get(f"staging-clip/stream/{job}")
    second = await account.post(f"staging-clip/stream/{job}")

    assert first == {"status": "COMPLETED", "stream": [{"output": "one"}, {"output": "two"}]}
    assert second == {"status": "COMPLETED", "stream": []}


async def test_runsync_answers_with_the_finished_job(account: Account) -> None:
    done = await account.post("staging-clip/runsync", {"input": {"mock_return": "now"}})

    assert done["id"].startswith("sync-")
    assert (done["status"], done["output"], done["executionTime"]) == ("COMPLETED", "now", 0)


async def test_jobs_survive_the_end_of_the_process_and_interrupted_ones_run_again(tmp_path: Path) -> None:
    clock = ManualClock()
    settings = FakeSettings(public_urls={"runpod": "http://runpod.test"}, state_dir=tmp_path)
    key = {"Authorization": STAGING_KEY}
    first = FakeApp("runpod", settings, clock)
    async with _client(first) as client:
        done = (
            await client.post("/v2/staging-clip/runsync", json={"input": {"mock_return": 1}}, headers=key)
        ).json()
        cut = (
            await client.post("/v2/staging-clip/run", json={"input": {"mock_delay": 9}}, headers=key)
        ).json()["id"]
        await settled()
        before = (await client.get(f"/v2/staging-clip/status/{cut}", headers=key)).json()
    await first.close()

    second = FakeApp("runpod", settings, clock)
    async with _client(second) as client:
        kept = (await client.get(f"/v2/staging-clip/status/{done['id']}", headers=key)).json()
        await settled()
        again = (await client.get(f"/v2/staging-clip/status/{cut}", headers=key)).json()
        clock.advance(9)
        ended = (await client.get(f"/v2/staging-clip/status-sync/{cut}", headers=key)).json()
        fresh = (
            await client.post("/v2/staging-clip/run", json={"input": {"mock_return": 1}}, headers=key)
        ).json()
    await second.close()

    assert (before["status"], again["status"], ended["status"]) == ("IN_PROGRESS", "IN_PROGRESS", "COMPLETED")
    assert kept == done
    assert fresh["id"] not in (done["id"], cut)


async def test_reset_stops_what_runs_and_leaves_an_idle_gpu(account: Account) -> None:
    job = await account.run({"mock_delay": 60})
    await account.run({"mock_delay": 60})
    assert (await account.status(job))["status"] == "IN_PROGRESS"

    account.app.reset()
    done = await account.end(await account.run({"mock_return": "fresh"}))

    assert done["output"] == "fresh"
    assert account.app.parts.state.summary()["jobs"] == {"COMPLETED": 1}


async def test_the_event_loop_stays_free_while_a_model_works(account: Account) -> None:
    given = {"items": [{"id": str(number), "audio_base64": "AAAA"} for number in range(5)]}
    job = await account.run(given, "staging-whisper")
    turns = 0
    ended = asyncio.create_task(account.end(job, "staging-whisper"))
    async with asyncio.timeout(DEADLINE_S):
        while not ended.done():
            await asyncio.sleep(0)
            turns += 1

    assert (await ended)["status"] == "COMPLETED"
    assert turns > 100


def _client(app: FakeApp) -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://runpod.test")


async def test_the_gpu_works_on_after_the_clock_was_set_back(account: Account) -> None:
    account.clock.advance(86_400)
    before = await account.end(await account.run({"mock_return": 1}))
    running = await account.run({"mock_delay": 700})
    waiting = await account.run({"mock_return": 2})

    account.clock.set(account.clock.now() - 86_400)
    account.clock.advance(599)
    await settled()
    still = await account.status(running)
    account.clock.advance(1)
    over = await account.status(running)
    account.clock.advance(600)
    failed, done = await account.end(running), await account.end(waiting)

    assert (before["status"], still["status"], over.get("retries")) == ("COMPLETED", "IN_PROGRESS", 1)
    assert (failed["status"], done["status"], done["delayTime"]) == ("FAILED", "COMPLETED", 1_200_000)


async def test_a_ttl_that_is_set_after_the_clock_was_set_back_counts_from_then(account: Account) -> None:
    account.clock.advance(86_400)
    account.clock.set(account.clock.now() - 86_400)
    job = await account.run({"mock_delay": 50})

    await account.get(f"staging-clip/status/{job}?ttl=100000")
    account.clock.advance(50)

    done = await account.end(job)
    assert (done["status"], done.get("retries")) == ("COMPLETED", None)
