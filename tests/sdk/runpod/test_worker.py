"""Handlers that the official package runs, each in the place of a built-in model."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import runpod

from fakes.runpod.state import STAGING_KEY
from tests.fakes.receiver import Answer, Receiver
from tests.fakes.serving import Served
from tests.sdk.runpod.workers import (
    Worker,
    called,
    control,
    end_of,
    ended,
    running,
    submitted,
    wait_for,
    workers,
)
from tests.servers import wait_until

pytestmark = pytest.mark.slow

SYNC, ASYNC = ("sync", "staging-clip"), ("async", "staging-blip")
GENERATOR, AGGREGATE = ("generator", "staging-motion"), ("aggregate", "staging-whisper")
TIMED_OUT = "job timed out after 1 retries"


@pytest.fixture(scope="module")
def all_workers(fake: Served, folder: Path) -> Iterator[Mapping[tuple[str, str], Worker]]:
    kinds = (SYNC, ASYNC, GENERATOR, AGGREGATE)
    control(fake, "PUT", "gpu", {"workers": len(kinds)})
    with workers(fake, folder, *kinds) as started:
        yield dict(zip(kinds, started, strict=True))


@pytest.fixture
def sync_worker(all_workers: Mapping[tuple[str, str], Worker]) -> Worker:
    return all_workers[SYNC]


def test_a_handler_answers(sync_worker: Worker, endpoint: Any) -> None:
    given = {"do": "echo", "text": "grüße 🎬", "nested": [1, {"a": None}]}

    assert endpoint.run_sync(given, timeout=30) == given


def test_a_handler_gets_the_job_with_what_is_handed_on(
    sync_worker: Worker, fake: Served, receiver: Receiver
) -> None:
    s3 = {"accessId": "id", "accessSecret": "s", "bucketName": "clips", "endpointUrl": "http://127.0.0.1:1"}
    webhook = f"{receiver.url}/hook"

    done = ended(fake, "staging-clip", {"do": "job"}, s3Config=s3, webhook=webhook)

    output = done["output"]
    assert output == {"id": done["id"], "input": {"do": "job"}, "s3Config": s3, "webhook": webhook}
    assert done["workerId"] == sync_worker.id
    assert set(done) == {"delayTime", "executionTime", "id", "output", "status", "workerId"}


def test_progress_is_seen_while_the_handler_runs(sync_worker: Worker, fake: Served, tmp_path: Path) -> None:
    job = submitted(fake, "staging-clip", {"do": "progress", "file": str(tmp_path / "go")})
    seen = running(fake, "staging-clip", job)
    health = called(fake, "GET", "staging-clip/health")
    (tmp_path / "go").touch()

    done = end_of(fake, "staging-clip", job)

    assert (seen["status"], seen["output"]) == ("IN_PROGRESS", {"percent": 50})
    assert (health["workers"]["running"], health["jobs"]["inProgress"]) == (1, 1)
    assert (done["status"], done["output"]) == ("COMPLETED", "done")


def test_an_exception_is_json_within_the_error(sync_worker: Worker, fake: Served) -> None:
    failed = ended(fake, "staging-clip", {"do": "raise"})

    error = json.loads(failed["error"])
    assert failed["status"] == "FAILED"
    assert (error["error_type"], error["error_message"]) == ("<class 'ValueError'>", "no such clip")
    assert 'raise ValueError("no such clip")' in error["error_traceback"]
    assert (error["worker_id"], error["hostname"]) == (sync_worker.id, f"{sync_worker.id}-64410a56")
    assert error["runpod_version"] == runpod.__version__


@pytest.mark.parametrize(
    ("said", "shown"),
    [("no audio", "no audio"), (["a is missing", "b too"], '["a is missing", "b too"]')],
)
def test_an_error_that_is_returned_fails_the_job(
    sync_worker: Worker, fake: Served, said: Any, shown: str
) -> None:
    failed = ended(fake, "staging-clip", {"do": "error", "say": said})

    assert (failed["status"], failed["error"], failed["output"]) == ("FAILED", shown, {"tried": 3})


def test_a_failed_job_is_retried_on_command(sync_worker: Worker, fake: Served) -> None:
    failed = ended(fake, "staging-clip", {"do": "fail once"})

    called(fake, "POST", f"staging-clip/retry/{failed['id']}")

    done = end_of(fake, "staging-clip", failed["id"])
    assert failed["status"] == "FAILED"
    assert (done["status"], done["output"]) == ("COMPLETED", "the second time")


def test_the_end_is_reported_to_the_webhook(sync_worker: Worker, fake: Served, receiver: Receiver) -> None:
    webhook = f"{receiver.url}/hook"
    done = ended(fake, "staging-clip", {"do": "echo"}, webhook=webhook)

    wait_until(lambda: bool(receiver.received), lambda: "a call of the webhook")

    assert json.loads(receiver.received[0].body) == {
        "delayTime": done["delayTime"],
        "executionTime": done["executionTime"],
        "id": done["id"],
        "input": {"do": "echo"},
        "output": {"do": "echo"},
        "status": "COMPLETED",
        "webhook": webhook,
    }


def test_a_handler_downloads_from_this_stack(sync_worker: Worker, endpoint: Any, receiver: Receiver) -> None:
    receiver.answer = lambda _: Answer(body=b"the clip")

    assert endpoint.run_sync({"do": "download", "url": f"{receiver.url}/clip.txt"}, timeout=30) == "the clip"


def test_a_handler_that_wants_a_new_worker_is_taken_for_one(
    sync_worker: Worker, endpoint: Any, fake: Served
) -> None:
    output = endpoint.run_sync({"do": "refresh"}, timeout=30)
    wait_for(fake, sync_worker)

    assert output == {"answer": 42}
    assert endpoint.run_sync({"do": "echo"}, timeout=30) == {"do": "echo"}


def test_an_empty_input_is_refused_by_the_package_and_fails(sync_worker: Worker, fake: Served) -> None:
    failed = ended(fake, "staging-clip", {})

    assert (failed["status"], failed["error"]) == ("FAILED", TIMED_OUT)
    assert sync_worker.log.read_text().count("Job has missing field(s): id or input.") == 2


def test_jobs_run_at_the_same_time_on_one_worker(
    all_workers: Mapping[tuple[str, str], Worker], fake: Served
) -> None:
    jobs = [submitted(fake, "staging-blip", {"do": "meet", "count": 3}) for _ in range(3)]

    done = [end_of(fake, "staging-blip", job) for job in jobs]

    assert [(one["output"], one["workerId"]) for one in done] == [(3, all_workers[ASYNC].id)] * 3


def test_a_cancelled_job_ends_its_async_handler(
    all_workers: Mapping[tuple[str, str], Worker], fake: Served, tmp_path: Path
) -> None:
    ended_at = tmp_path / "ended"
    job = submitted(fake, "staging-blip", {"do": "wait", "file": str(ended_at)})
    running(fake, "staging-blip", job)

    cancelled = called(fake, "POST", f"staging-blip/cancel/{job}")

    wait_until(ended_at.exists, lambda: "the handler to be cancelled")
    assert cancelled == {"id": job, "status": "CANCELLED"}
    assert called(fake, "GET", f"staging-blip/status/{job}")["status"] == "CANCELLED"


def test_a_job_over_the_endpoints_limit_is_stopped_twice_and_fails(
    all_workers: Mapping[tuple[str, str], Worker], fake: Served, tmp_path: Path
) -> None:
    ended_at = tmp_path / "ended"
    job = submitted(fake, "staging-blip", {"do": "wait", "file": str(ended_at)})
    running(fake, "staging-blip", job)
    control(fake, "POST", "clock", {"advance_s": 600})
    wait_until(ended_at.exists, lambda: "the handler to be cancelled")
    again = running(fake, "staging-blip", job)
    control(fake, "POST", "clock", {"advance_s": 600})

    failed = end_of(fake, "staging-blip", job)

    assert (again["status"], again["retries"]) == ("IN_PROGRESS", 1)
    assert (failed["status"], failed["error"], failed["retries"]) == ("FAILED", TIMED_OUT, 1)
    assert failed["executionTime"] >= 600_000


def test_a_job_over_its_own_limit_times_out(
    all_workers: Mapping[tuple[str, str], Worker], fake: Served, tmp_path: Path
) -> None:
    ended_at = tmp_path / "ended"
    limit = {"executionTimeout": 60_000}
    job = submitted(fake, "staging-blip", {"do": "wait", "file": str(ended_at)}, policy=limit)
    running(fake, "staging-blip", job)

    control(fake, "POST", "clock", {"advance_s": 60})

    wait_until(ended_at.exists, lambda: "the handler to be cancelled")
    assert called(fake, "GET", f"staging-blip/status/{job}")["status"] == "TIMED_OUT"


def test_a_generator_is_streamed(all_workers: Mapping[tuple[str, str], Worker]) -> None:
    job = runpod.Endpoint("staging-motion", api_key=STAGING_KEY).run({"items": ["one", {"two": 2}, [3]]})

    streamed = list(job.stream())

    assert (streamed, job.status(), job.output()) == (["one", {"two": 2}, [3]], "COMPLETED", [])


def test_a_generator_that_raises_fails_after_what_it_yielded(
    all_workers: Mapping[tuple[str, str], Worker], fake: Served
) -> None:
    failed = ended(fake, "staging-motion", {"items": ["one", "fail"]})

    assert failed["status"] == "FAILED"
    assert failed["error"].startswith("handler: no such item \ntraceback: Traceback")
    assert called(fake, "GET", f"staging-motion/stream/{failed['id']}")["stream"] == [{"output": "one"}]


def test_a_generator_returns_everything_when_it_is_told_to(
    all_workers: Mapping[tuple[str, str], Worker], fake: Served
) -> None:
    done = ended(fake, "staging-whisper", {"items": ["one", 2]})

    stream = called(fake, "GET", f"staging-whisper/stream/{done['id']}")["stream"]
    assert (done["output"], stream) == (["one", 2], [{"output": "one"}, {"output": 2}])
