from __future__ import annotations

import asyncio
import base64
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest

from clipnet.settings import RunpodSettings, Secret
from clipnet.worker.calls import Calls, new_client
from clipnet.worker.errors import Permanent, Transient
from clipnet.worker.pipeline import outcomes_of
from clipnet.worker.runpod import Runpod
from clipnet.worker.transcript import read_transcript, whisper_item
from tests.clipnet.worker.conftest import Videos
from tests.clipnet.worker.control import fault, requests
from tests.clipnet.worker.world import SPEECH, until
from tests.fakes.serving import Served

ENDPOINT = "staging-whisper"


@pytest.fixture
async def calls() -> AsyncIterator[Calls]:
    async with new_client() as client:
        yield Calls(client)


def settings(fakes: Served) -> RunpodSettings:
    key = Secret("rpa_staging_0000000000000000000000000000")
    names = (ENDPOINT, "staging-blip", "staging-motion", "staging-clip")
    return RunpodSettings(fakes.url("runpod") + "/v2", key, "staging", *names)


def spoken(name: str = "goal") -> bytes:
    return (SPEECH / f"{name}.opus").read_bytes()


async def test_a_batch_of_which_one_item_is_bad_answers_the_others(fakes: Served, calls: Calls) -> None:
    items = [
        whisper_item("a", spoken()),
        whisper_item("b", b"no sound"),
        whisper_item("c", spoken("weather")),
    ]

    answer = await Runpod(settings(fakes), calls).run(ENDPOINT, {"items": items})

    first, bad, last = outcomes_of(items, answer)
    assert isinstance(first, dict)
    assert isinstance(last, dict)
    assert "Goal!" in read_transcript(first).text
    assert read_transcript(last).text
    assert isinstance(bad, Permanent | Transient)
    assert "could not read the clip's sound" in str(bad)
    assert len(requests(fakes, "runpod", ENDPOINT)) == 1


def test_an_item_that_the_answer_leaves_out_fails_alone() -> None:
    items = [{"id": "a"}, {"id": "b"}]

    kept, missing = outcomes_of(items, {"results": [{"id": "a", "segments": []}]})

    assert kept == {"id": "a", "segments": [], "batch": 2}
    assert isinstance(missing, Transient)


async def test_a_job_that_takes_longer_than_the_wait_is_asked_for(fakes: Served, calls: Calls) -> None:
    runpod = Runpod(settings(fakes), calls, wait_ms=1000)

    answer = await runpod.run(ENDPOINT, {"mock_delay": 1.3, "mock_return": {"fine": True}})

    assert answer == {"fine": True}
    assert requests(fakes, "runpod", "/status/")


async def test_a_job_that_nobody_waits_for_any_more_is_taken_back(fakes: Served, calls: Calls) -> None:
    runpod = Runpod(settings(fakes), calls, wait_ms=1000)
    task = asyncio.create_task(runpod.run(ENDPOINT, {"mock_delay": 30}))

    async def asked() -> bool | None:
        return bool(requests(fakes, "runpod", "/status/")) or None

    await until(asked, "the question for its status", 10)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)

    assert [row["status"] for row in requests(fakes, "runpod", "/cancel/")] == [200]


@pytest.mark.parametrize(
    ("given", "words"),
    [({"mock_error": True}, "failed"), ({"mock_return": "text"}, "is not an object")],
)
async def test_a_failed_job_may_be_tried_again(
    fakes: Served, calls: Calls, given: dict[str, Any], words: str
) -> None:
    with pytest.raises(Transient, match=words):
        await Runpod(settings(fakes), calls).run(ENDPOINT, given)


@pytest.mark.parametrize(
    ("rule", "error"),
    [
        ({"kind": "error", "status": 500}, Transient),
        ({"kind": "error", "status": 429}, Transient),
        ({"kind": "error", "status": 403}, Permanent),
        ({"kind": "error", "status": 413}, Permanent),
        ({"kind": "cut"}, Transient),
        ({"kind": "garbage"}, Transient),
    ],
)
async def test_errors_of_the_service_are_told_apart(
    fakes: Served, calls: Calls, rule: dict[str, Any], error: type[Exception]
) -> None:
    fault(fakes, "runpod", **rule)

    with pytest.raises(error):
        await Runpod(settings(fakes), calls).run(ENDPOINT, {"items": [whisper_item("a", spoken())]})


async def test_an_unknown_endpoint_is_named(fakes: Served, calls: Calls) -> None:
    with pytest.raises(Permanent, match="no endpoint 'staging-none'"):
        await Runpod(settings(fakes), calls).run("staging-none", {"items": []})


async def test_a_service_that_is_not_there_is_said_so(fakes: Served, calls: Calls) -> None:
    away = replace(settings(fakes), base_url="http://127.0.0.1:9/v2")

    with pytest.raises(Transient, match="RunPod could not be reached"):
        await Runpod(away, calls).run(ENDPOINT, {"items": []})


async def test_our_namespace_travels_with_every_job(fakes: Served, calls: Calls, videos: Videos) -> None:
    await Runpod(settings(fakes), calls).run(ENDPOINT, {"items": [whisper_item("a", spoken())]})

    body = requests(fakes, "runpod", ENDPOINT)[0]["request_body"]
    assert base64.b64encode(spoken()).decode()[:40] in body
