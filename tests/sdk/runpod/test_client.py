"""The official `runpod` package against the fake."""

import base64
from typing import Any

import pytest
import runpod

from fakes.runpod.state import STAGING_KEY
from tests.fakes.runpod.material import SPEECH_DIR, still
from tests.fakes.serving import Served


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


def test_a_bad_key_is_the_clients_own_error(fake: Served) -> None:
    with pytest.raises(RuntimeError, match="401 Unauthorized"):
        runpod.Endpoint("staging-clip", api_key="rpa_wrong").health()
