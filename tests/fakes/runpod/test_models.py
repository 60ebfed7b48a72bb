"""What all models share: the end of a call from outside, and inputs that reach none of them."""

import subprocess
from collections.abc import Callable
from typing import Any

import pytest

from fakes.kit.addresses import Reach
from fakes.runpod.models import Call, HandlerError, Stop, Tools, answer
from fakes.runpod.wire import Mock
from tests.fakes.runpod.material import frames, spoken

DEADLINE_S = 10.0


def endless() -> subprocess.Popen[bytes]:
    return subprocess.Popen(["tail", "-f", "/dev/null"])


def test_a_stop_ends_running_children_and_those_that_start_later() -> None:
    stop = Stop()
    running = endless()
    stop.add(running)

    stop.set()
    later = endless()
    stop.add(later)

    assert stop.is_set
    assert (running.wait(DEADLINE_S), later.wait(DEADLINE_S)) == (-9, -9)


def test_a_stop_leaves_children_alone_that_have_been_removed() -> None:
    stop = Stop()
    child = endless()
    stop.add(child)
    stop.remove(child)

    stop.set()

    assert child.poll() is None
    child.kill()
    child.wait(DEADLINE_S)


def test_a_list_of_complaints_is_json_within_the_error() -> None:
    assert HandlerError(["a", "b"]).text == '["a", "b"]'


def test_switches_alone_are_a_job_of_the_mock_worker() -> None:
    assert Mock.of({"mock_delay": 2, "namespace": "staging"}) == Mock(is_answer=True, delay_s=2.0)


def test_switches_beside_an_input_leave_the_answer_to_the_model() -> None:
    assert Mock.of({"texts": ["a"], "mock_progress": 5}) == Mock(progress=(5,))


def test_what_is_no_object_has_no_switches() -> None:
    assert Mock.of(["mock_crash"]) == Mock()


@pytest.mark.parametrize(
    ("model", "given", "lasts_s"),
    [
        ("motion", lambda: {"frames_base64": frames("testsrc", 12), "fps": 4}, 3.0),
        ("whisper", lambda: {"audio_base64": spoken("sine", "-t", "2")}, 2.0),
        ("whisper", lambda: {"items": [{"id": "a", "audio_base64": spoken("sine", "-t", "1")}] * 3}, 3.0),
        ("blip", lambda: {"images_base64": frames("testsrc", 1)}, 0.0),
    ],
)
def test_a_model_tells_how_many_seconds_were_sent(
    model: str, given: Callable[[], Any], lasts_s: float
) -> None:
    told: list[float] = []

    answer(
        model, given(), Call(Tools(None, None, Reach(frozenset())), Stop(), lambda _item: None, told.append)
    )

    assert sum(told) == pytest.approx(lasts_s, abs=0.01)
