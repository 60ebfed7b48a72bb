"""The official `runpod` package against the fake."""

import base64
import json
from typing import Any

import pytest
import runpod
from requests import HTTPError

from fakes.runpod.state import STAGING_KEY
from tests.fakes.receiver import Receiver
from tests.fakes.runpod.material import SPEECH_DIR, still
from tests.fakes.serving import Served
from tests.sdk.runpod.workers import control
from tests.servers import wait_until


def test_run_gives_a_job_whose_output_can_be_fetched(endpoint: Any) -> None:
    job = endpoint.run({"mock_return": {"answer": 42}})

    output = job.output(timeout=10)

    assert (job.status(), output) == ("COMPLETED", {"answer": 42})


def test_run_sync_gives_the_output(fake: Served) -> None:
    whisper = runpod.Endpoint("staging-whisper", api_key=STAGING_KEY)
    sound = base64.b64encode((SPEECH_DIR / "goal.opus").read_bytes()).decode()

    output = whisper.run_sync({"input": {"audio_base64": sound}}, timeout=30)

    assert output["transcription"].startswith("He takes the ball on the left")


@pytest.mark.parametrize(
    ("model", "given", "field"),
    [
        ("blip", {"images_base64": [still("color=c=red")]}, "captions"),
        ("motion", {"frames_base64": [still("color=c=red")] * 2, "fps": 4}, "motion"),
        ("clip", {"images_base64": [still("color=c=red")], "texts": ["red"]}, "labels"),
    ],
)
def test_every_model_answers(fake: Served, model: str, given: Any, field: str) -> None:
    output = runpod.Endpoint(f"staging-{model}", api_key=STAGING_KEY).run_sync({"input": given}, timeout=30)

    assert field in output


def test_a_failed_job_has_no_output(endpoint: Any) -> None:
    job = endpoint.run({"mock_error": True})

    assert (job.output(timeout=10), job.status()) == (None, "FAILED")


@pytest.mark.slow
def test_the_stream_yields_what_the_handler_yields(endpoint: Any) -> None:
    job = endpoint.run({"mock_return": ["one", "two"]})

    assert list(job.stream()) == ["one", "two"]


def test_a_running_job_can_be_cancelled_and_the_queue_purged(endpoint: Any) -> None:
    running, waiting = endpoint.run({"mock_delay": 600}), endpoint.run({"mock_delay": 600})

    purged = endpoint.purge_queue()
    cancelled = running.cancel()

    assert purged == {"removed": 1, "status": "completed"}
    assert cancelled == {"id": running.job_id, "status": "CANCELLED"}
    assert running.status() == "CANCELLED"
    assert endpoint.health()["jobs"]["inProgress"] == 0
    assert waiting.job_id != running.job_id


def test_a_job_is_followed_from_the_queue_to_its_end(endpoint: Any, fake: Served) -> None:
    first, second = (endpoint.run({"mock_delay": 60, "mock_return": number}) for number in (1, 2))
    begun = (first.status(), second.status())
    control(fake, "POST", "clock", {"advance_s": 60})
    later = (first.output(timeout=10), second.status())
    control(fake, "POST", "clock", {"advance_s": 60})

    assert (begun, later) == (("IN_PROGRESS", "IN_QUEUE"), (1, "IN_PROGRESS"))
    assert (second.output(timeout=10), second.status()) == (2, "COMPLETED")


def test_a_job_over_its_own_limit_has_timed_out_for_the_client(endpoint: Any, fake: Served) -> None:
    job = endpoint.run({"input": {"mock_delay": 60}, "policy": {"executionTimeout": 5000}})
    running = job.status()

    control(fake, "POST", "clock", {"advance_s": 5})

    assert (running, job.output(timeout=10), job.status()) == ("IN_PROGRESS", None, "TIMED_OUT")


def test_the_end_is_reported_to_the_webhook(endpoint: Any, receiver: Receiver) -> None:
    job = endpoint.run({"input": {"mock_return": 5}, "webhook": f"{receiver.url}/hook"})

    wait_until(lambda: bool(receiver.received), lambda: "a call of the webhook")

    body = json.loads(receiver.received[0].body)
    assert (body["id"], body["status"], body["output"]) == (job.job_id, "COMPLETED", 5)


def test_an_endpoint_that_is_not_there_is_an_error_of_http(fake: Served) -> None:
    with pytest.raises(HTTPError, match="404 Client Error"):
        runpod.Endpoint("staging-clap", api_key=STAGING_KEY).run({"mock_return": 1})


def test_a_bad_key_is_the_clients_own_error(fake: Served) -> None:
    with pytest.raises(RuntimeError, match="401 Unauthorized"):
        runpod.Endpoint("staging-clip", api_key="rpa_wrong").health()
