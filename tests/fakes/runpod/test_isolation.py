"""Staging cannot reach what is production's, and every attempt is recorded and told."""

import logging
from typing import Any

import pytest

from fakes.runpod.isolation import Foreign, namings
from fakes.runpod.state import NAMESPACE, READ_ONLY_KEY
from fakes.runpod.state.keys import Key
from fakes.runpod.state.volumes import Volume
from fakes.runpod.wire import Submission
from tests.fakes.runpod.conftest import Account

PATH = "/runpod-volume/production/whisper/model.bin"


def production_job(account: Account) -> str:
    """A job of production that waits on its endpoint for Whisper."""
    state = account.state
    hosted = state.endpoints.find("production-whisper")
    assert hosted is not None
    return state.jobs.submit(hosted, Submission(input={"mock_return": "secret"})).id


async def test_the_production_key_is_a_violation(account: Account) -> None:
    headers = {"Authorization": "Bearer rpa_production_0000"}

    answer = await account.client.post("/v2/production-clip/run", json={"input": {"a": 1}}, headers=headers)

    assert (answer.status_code, answer.json()) == (401, {"error": "unauthorized"})
    assert account.violations() == ["production API key used"]


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "run"), ("POST", "runsync"), ("GET", "health"), ("GET", "requests"), ("POST", "purge-queue"),
        ("GET", "status/{job}"), ("GET", "status-sync/{job}"), ("GET", "stream/{job}"),
        ("POST", "cancel/{job}"), ("POST", "retry/{job}"), ("DELETE", "status/{job}"), ("GET", ""),
        ("POST", "openai/v1/chat/completions"), ("POST", "batch"), ("GET", "no/such/path"),
    ],
)  # fmt: skip
async def test_an_endpoint_of_production_is_not_there(account: Account, method: str, path: str) -> None:
    job = production_job(account)
    body = {"input": {"a": 1}} if method == "POST" else None

    answer = await account.client.request(method, f"/v2/production-whisper/{path.format(job=job)}", json=body)

    assert (answer.status_code, answer.json()) == (404, {"error": "endpoint not found"})
    assert account.violations() == ["production endpoint 'production-whisper' called with a staging key"]
    assert account.state.summary()["jobs"] == {"IN_QUEUE": 1}


async def test_an_endpoint_that_nobody_has_is_no_violation(account: Account) -> None:
    answer = await account.client.get("/v2/whisper/health")

    assert (answer.status_code, answer.json()) == (404, {"error": "endpoint not found"})
    assert account.violations() == []


@pytest.mark.parametrize("operation", ["status", "status-sync", "stream", "cancel", "retry"])
async def test_a_job_of_production_is_not_found_whatever_is_asked_of_it(
    account: Account, operation: str
) -> None:
    job = production_job(account)

    answer = await account.client.post(f"/v2/staging-whisper/{operation}/{job}")

    assert (answer.status_code, answer.json()) == (404, {"error": "job not found"})
    assert account.violations() == ["job of production asked for with a staging key"]
    assert account.state.summary()["jobs"] == {"IN_QUEUE": 1}


async def test_a_job_of_another_endpoint_of_ones_own_is_no_violation(account: Account) -> None:
    job = await account.run({"mock_return": 1})

    answer = await account.client.get(f"/v2/staging-blip/status/{job}")

    assert (answer.status_code, account.violations()) == (404, [])


async def test_counts_lists_and_purges_are_of_ones_own_jobs(account: Account) -> None:
    production_job(account)
    job = await account.run({"mock_return": 1}, "staging-whisper")
    await account.end(job, "staging-whisper")

    health = await account.get("staging-whisper/health")
    listed = await account.get("staging-whisper/requests")
    purged = await account.post("staging-whisper/purge-queue")

    assert health["jobs"] == {"completed": 1, "failed": 0, "inProgress": 0, "inQueue": 0, "retried": 0}
    assert [one["id"] for one in listed["requests"]] == [job]
    assert purged["removed"] == 0


@pytest.mark.parametrize(
    ("given", "named"),
    [
        ({"namespace": "production"}, "namespace 'production'"),
        ({"namespace": "qa"}, "namespace 'qa'"),
        ({"namespace": ["production"]}, "namespace '['production']'"),
        ({"options": {"namespace": "production"}}, "namespace 'production'"),
        ({"model": "production-whisper-large"}, "model 'production-whisper-large'"),
        ({"model": "Production/whisper"}, "model 'Production/whisper'"),
        ({"model": "s3://models/production/whisper.bin"}, "model 's3://models/production/whisper.bin'"),
        ({"model": {"path": "production/whisper"}}, "path 'production/whisper'"),
        ({"models": ["base", "production.large"]}, "models 'production.large'"),
        ({"items": [{"id": 1}, {"model_name": "production_v2"}]}, "model_name 'production_v2'"),
        ({"modelPath": "/models/%70roduction/x"}, "modelPath '/models/%70roduction/x'"),
        ({"lora_path": "loras/production/x.safetensors"}, "lora_path 'loras/production/x.safetensors'"),
        ({"checkpoint": "production\\v1"}, "checkpoint 'production\\v1'"),
        ({"volume": "production-models"}, "volume 'production-models'"),
        ({"network_volume_id": "vol0prod01"}, "network_volume_id 'vol0prod01'"),
        ({"networkVolumeIds": ["vol0prod01"]}, "networkVolumeIds 'vol0prod01'"),
        ({"endpoint_id": "production-clip"}, "endpoint_id 'production-clip'"),
        ({"openai_input": {"model": "production-llm"}}, "model 'production-llm'"),
        ({"file": PATH}, f"file '{PATH}'"),
        ({"files": [PATH]}, f"files '{PATH}'"),
        ({"prompt": f"cat '{PATH}' | wc"}, f"prompt 'cat '{PATH}' | wc'"),
        ({"url": f"file://{PATH}"}, f"url 'file://{PATH}'"),
        ({"a": {"b": [[{"c": PATH}]]}}, f"c '{PATH}'"),
        ({"f": "/runpod-volume/staging/../production/x"}, "f '/runpod-volume/staging/../production/x'"),
        ({"f": "/tmp/../runpod-volume//./production"}, "f '/tmp/../runpod-volume//./production'"),
        ({"f": "/runpod-volume/%2e%2e/production/x"}, "f '/runpod-volume/%2e%2e/production/x'"),
        ({"f": "/runpod-volume/%70roduction/x"}, "f '/runpod-volume/%70roduction/x'"),
        ({"f": "/workspace/models/production/x"}, "f '/workspace/models/production/x'"),
        ({"mock_delay": 5, "model": "production-x"}, "model 'production-x'"),
    ],
)  # fmt: skip
async def test_an_input_that_names_what_is_productions_is_refused(
    account: Account, given: Any, named: str
) -> None:
    account.state.volumes.put(Volume("vol0prod01", "production", "archive"))

    answers = [
        await account.client.post(f"/v2/staging-clip/{route}", json={"input": given})
        for route in ("run", "runsync")
    ]

    refusal = (403, {"error": f"forbidden: this key has no access to {named}"})
    assert [(answer.status_code, answer.json()) for answer in answers] == [refusal] * 2
    assert account.violations() == [f"{named} named with a staging key"] * 2
    assert account.state.summary()["jobs"] == {}


async def test_a_bucket_of_production_is_refused(account: Account) -> None:
    body = {"input": {"mock_return": 1}, "s3Config": {"bucketName": "production-clips", "accessSecret": "s"}}

    answer = await account.client.post("/v2/staging-clip/run", json=body)

    assert answer.status_code == 403
    assert account.violations() == ["bucketName 'production-clips' named with a staging key"]


async def test_a_very_long_name_is_cut_in_what_is_said(account: Account) -> None:
    answer = await account.client.post(
        "/v2/staging-clip/run", json={"input": {"model": "production/" + "x" * 4000}}
    )

    assert (answer.status_code, len(answer.json()["error"])) == (403, 245)


@pytest.mark.parametrize(
    "given",
    [
        {"prompt": "a film production in Berlin"},
        {"text": "production", "initial_prompt": "production-ready"},
        {"texts": ["production", "a music production"], "model": "base"},
        {"model": "reproduction-v1"},
        {"model": "pre-production"},
        {"model": "staging/whisper"},
        {"namespace": "staging", "volume": "staging-models", "endpoint": "staging-clip"},
        {"namespace": None},
        {"audio": "http://127.0.0.1:8410/staging/production/goal.mp4"},
        {"file": "/runpod-volume/staging/reproduction/x", "cwd": "/runpod-volume"},
        {"file": "/runpod-volume/production/../staging/x"},
        {"note": "the folder /runpod-volume is shared; production has its own"},
        {"audio_base64": "runpod-volume/production/" + "A" * 5000},
        {"model": 7, "volume": 0.8, "lora": None, "endpoint": True},
        {"production": {"production": "x"}},
        {"mock_return": {"model": "production-x", "path": PATH}},
        "production",
        ["production", 1],
    ],
)  # fmt: skip
async def test_innocent_inputs_are_let_through(account: Account, given: Any) -> None:
    answer = await account.client.post("/v2/staging-clip/run", json={"input": given})

    assert (answer.status_code, account.violations()) == (200, [])


async def test_what_comes_to_be_productions_is_refused_from_then_on(account: Account) -> None:
    body = {"input": {"volume": "shared", "mock_return": 1}}
    before = await account.client.post("/v2/staging-clip/run", json=body)
    account.state.volumes.put(Volume("v1", "production", "Shared"))

    after = await account.client.post("/v2/staging-clip/run", json=body)

    assert (before.status_code, after.status_code) == (200, 403)


async def test_namespaces_keep_to_themselves(account: Account) -> None:
    state = account.state
    state.keys.add("rpa_staging_qa", Key("qa"))
    state.volumes.put(Volume("qa-models", "qa", "qa models"))
    headers = {"Authorization": "rpa_staging_qa"}

    reached = await account.client.get("/v2/staging-clip/health", headers=headers)
    named = await account.client.post("/v2/staging-clip/run", json={"input": {"volume": "qa-models"}})

    assert (reached.status_code, named.status_code) == (404, 403)
    assert account.violations() == [
        "staging endpoint 'staging-clip' called with a qa key",
        "volume 'qa-models' named with a staging key",
    ]


@pytest.mark.parametrize("key", [None, READ_ONLY_KEY])
async def test_an_attempt_is_recorded_counted_and_told(
    account: Account, caplog: pytest.LogCaptureFixture, key: str | None
) -> None:
    headers = {} if key is None else {"Authorization": key}

    with caplog.at_level(logging.ERROR):
        await account.client.get("/v2/production-clip/health", headers=headers)

    text = "production endpoint 'production-clip' called with a staging key"
    state = (await account.client.get("/_fake/state")).json()
    [recorded] = (await account.client.get("/_fake/requests?violations=1")).json()["requests"]
    assert state["violations"] == 1
    assert (recorded["path"], recorded["status"], recorded["violation"]) == (
        "/v2/production-clip/health",
        404,
        text,
    )
    errors = [one for one in caplog.records if one.levelno == logging.ERROR]
    assert [(one.message, one.__dict__["violation"]) for one in errors] == [("isolation violation", text)]


def test_no_byte_of_a_payload_is_looked_at() -> None:
    class Counted(str):
        looks = 0

        def __contains__(self, key: object) -> bool:
            Counted.looks += 1
            return False

    assert (
        list(namings({"frames_base64": [Counted("A" * 5000)] * 3, "audio_base64": Counted("A" * 5000)})) == []
    )
    assert Counted.looks == 0


@pytest.mark.parametrize(
    ("part", "owned"),
    [("production", True), ("production-x", True), ("production.v1", True), ("productions", False),
     ("vol1", True), ("vol12", False), ("", False)],
)  # fmt: skip
def test_what_is_others(part: str, owned: bool) -> None:
    assert Foreign({"production"}, {"vol1"}).owns(part) == owned


def test_the_always_there_names_are_staging_and_production(account: Account) -> None:
    state = account.state

    assert {volume.id: volume.namespace for volume in state.volumes.all()} == {
        f"{namespace}-models": namespace for namespace in (NAMESPACE, "production")
    }
