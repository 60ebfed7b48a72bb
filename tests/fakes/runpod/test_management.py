"""The management API over HTTP: what it shows and changes, and what becomes of jobs and workers."""

import asyncio
import re

import pytest

from fakes.runpod.fleet import Fleet
from fakes.runpod.impairment import Impairments
from fakes.runpod.management import model_of
from fakes.runpod.state import State
from fakes.runpod.wire.resources import Template
from tests.fakes.runpod.conftest import Account, settled
from tests.fakes.runpod.managing import call, made, violations


async def test_a_template_has_the_documented_defaults(account: Account) -> None:
    answer = await call(account, "POST", "/v1/templates", {"name": "mine", "imageName": "acme/tool:1"})

    body = answer.json()
    assert (answer.status_code, len(body.pop("id"))) == (200, 10)
    assert body == {
        "category": "NVIDIA",
        "containerDiskInGb": 50,
        "dockerEntrypoint": [],
        "dockerStartCmd": [],
        "earned": 0,
        "env": {},
        "imageName": "acme/tool:1",
        "isPublic": False,
        "isRunpod": False,
        "isServerless": False,
        "name": "mine",
        "ports": ["8888/http", "22/tcp"],
        "readme": "",
        "runtimeInMin": 0,
        "volumeInGb": 20,
        "volumeMountPath": "/workspace",
    }


async def test_an_endpoint_has_the_documented_defaults(account: Account) -> None:
    body = await made(account)

    assert re.fullmatch(r"staging-[a-z0-9]{14}", body.pop("id"))
    assert len(body.pop("dataCenterIds")) == 26
    template = (await call(account, "GET", f"/v1/templates/{body['templateId']}")).json()
    assert body == {
        "allowedCudaVersions": [],
        "computeType": "GPU",
        "createdAt": "2026-11-21T06:00:00.000Z",
        "env": {},
        "executionTimeoutMs": 600_000,
        "gpuCount": 1,
        "gpuTypeIds": ["NVIDIA GeForce RTX 4090"],
        "idleTimeout": 5,
        "name": "captions",
        "networkVolumeIds": [],
        "scalerType": "QUEUE_DELAY",
        "scalerValue": 4,
        "templateId": template["id"],
        "userId": "user_2StagingStagingStagingStag",
        "version": 0,
        "workersMax": 3,
        "workersMin": 0,
    }


async def test_a_new_endpoint_answers_jobs_with_the_model_that_its_image_names(account: Account) -> None:
    endpoint = (await made(account))["id"]
    pictures = {"images_base64": [], "texts": ["a red square"]}

    job = await account.run(pictures, endpoint)
    done = await account.end(job, endpoint)

    assert done["status"] == "COMPLETED"
    assert len(done["output"]["text_embeddings"][0]) == 512


@pytest.mark.parametrize(
    ("image", "env", "model"),
    [
        ("runpod/worker-faster_whisper:1.0", {}, "whisper"),
        ("openai/clip-vit-base-patch32", {}, "clip"),
        ("ghcr.io/motion/worker", {}, "motion"),
        ("acme/whisperx", {"MODEL": "blip2"}, "whisper"),
        ("acme/worker", {"MODEL": "Salesforce/BLIP2-opt"}, "blip"),
        ("acme/clipnet-worker", {"LEVEL": "emotional"}, None),
    ],
)
def test_the_image_names_a_model_as_a_word_or_else_the_environment_does(
    image: str, env: dict[str, str], model: str | None
) -> None:
    assert model_of(Template("t", "staging", "mine", image, env=env)) == model


async def test_an_endpoint_keeps_its_own_scaling_when_the_timing_changes(account: Account) -> None:
    endpoint = await made(account)

    await account.client.put("/_fake/gpu", json={"timing": "realistic"})
    await account.client.put("/_fake/gpu", json={"timing": "instant"})

    assert (await call(account, "GET", f"/v1/endpoints/{endpoint['id']}")).json() == endpoint


async def test_jobs_of_an_endpoint_without_a_known_model_wait_for_an_attached_worker(
    account: Account,
) -> None:
    template = {"name": "own", "imageName": "acme/secret-sauce:1", "isServerless": True}
    template_id = (await call(account, "POST", "/v1/templates", template)).json()["id"]
    endpoint = (await call(account, "POST", "/v1/endpoints", {"templateId": template_id})).json()["id"]

    job = await account.run({"prompt": "hello"}, endpoint)

    assert (await account.status(job, endpoint))["status"] == "IN_QUEUE"


async def test_a_body_for_a_cpu_endpoint_gives_one(account: Account) -> None:
    body = await made(account, computeType="CPU", cpuFlavorIds=["cpu3g", "cpu5c"], vcpuCount=4)

    assert body["instanceIds"] == ["cpu3g-4-16", "cpu5c-4-8"]
    assert (body["computeType"], "gpuTypeIds" in body, "gpuCount" in body) == ("CPU", False, False)


@pytest.mark.parametrize(("method", "suffix"), [("PATCH", ""), ("POST", "/update")])
async def test_an_endpoint_is_changed_field_by_field(account: Account, method: str, suffix: str) -> None:
    former = await made(account)
    changes = {"name": "faster", "workersMax": 5, "scalerType": "REQUEST_COUNT", "scalerValue": 1}

    answer = await call(account, method, f"/v1/endpoints/{former['id']}{suffix}", changes)

    assert (answer.status_code, answer.json()) == (200, former | changes)
    assert (await call(account, "GET", f"/v1/endpoints/{former['id']}")).json() == former | changes


async def test_no_workers_at_all_stop_an_endpoint_at_once_and_more_let_it_go_on(account: Account) -> None:
    await account.end(await account.run({"mock_return": "leaves a warm worker"}))
    await call(account, "PATCH", "/v1/endpoints/staging-clip", {"workersMax": 0})
    job = await account.run({"mock_return": 1})
    held = await account.status(job)

    await call(account, "PATCH", "/v1/endpoints/staging-clip", {"workersMax": 1})

    assert held["status"] == "IN_QUEUE"
    assert (await account.end(job))["status"] == "COMPLETED"


async def test_an_execution_timeout_holds_for_the_next_job(account: Account) -> None:
    await call(account, "PATCH", "/v1/endpoints/staging-clip", {"executionTimeoutMs": 7000})
    job = await account.run({"mock_delay": 60})

    for _ in range(2):
        account.clock.advance(7)
        await settled()

    ended = await account.end(job)
    assert (ended["status"], ended["error"]) == ("FAILED", "job timed out after 1 retries")


async def test_a_deleted_endpoint_is_gone_with_its_jobs(account: Account) -> None:
    endpoint = (await made(account))["id"]
    job = await account.run({"mock_delay": 60}, endpoint)

    answer = await call(account, "DELETE", f"/v1/endpoints/{endpoint}")

    assert (answer.status_code, answer.content) == (204, b"")
    assert (await call(account, "GET", f"/v1/endpoints/{endpoint}")).status_code == 404
    assert (await call(account, "GET", f"/v2/{endpoint}/status/{job}")).status_code == 404
    assert account.app.parts.state.summary()["jobs"] == {}
    assert (await account.end(await account.run({"mock_return": 1})))["status"] == "COMPLETED"


async def test_deleting_ends_who_waits_for_a_job(account: Account) -> None:
    endpoint = (await made(account))["id"]
    job = await account.run({"mock_delay": 60}, endpoint)
    waiting = asyncio.ensure_future(account.client.get(f"/v2/{endpoint}/status-sync/{job}"))
    await settled()

    await call(account, "DELETE", f"/v1/endpoints/{endpoint}")

    assert (await waiting).status_code == 404


async def test_lists_hold_what_is_staging_s(account: Account) -> None:
    endpoints = (await call(account, "GET", "/v1/endpoints")).json()
    bound = (await call(account, "GET", "/v1/templates?includeEndpointBoundTemplates=true")).json()

    names = {f"staging-{model}" for model in ("whisper", "blip", "motion", "clip")}
    assert {one["id"] for one in endpoints} == names
    assert {one["name"] for one in bound} == names
    assert (await call(account, "GET", "/v1/templates")).json() == []
    assert violations(account) == []


async def test_templates_and_workers_are_shown_on_request(account: Account) -> None:
    await account.run({"mock_delay": 60})

    plain = (await call(account, "GET", "/v1/endpoints/staging-clip")).json()
    whole = (
        await call(account, "GET", "/v1/endpoints/staging-clip?includeTemplate=true&includeWorkers=true")
    ).json()

    (worker,) = whole.pop("workers")
    template = whole.pop("template")
    assert whole == plain
    assert template == (await call(account, "GET", "/v1/templates/staging-clip")).json()
    assert (worker["endpointId"], worker["desiredStatus"], worker["image"]) == (
        "staging-clip",
        "RUNNING",
        template["imageName"],
    )


async def test_workers_are_listed_and_counted(account: Account) -> None:
    await account.run({"mock_delay": 60})
    account.clock.advance(3)

    answer = await call(account, "GET", "/v2/serverless/staging-clip/workers")

    (worker,) = answer.json()["workers"]
    assert len(worker.pop("id")) == 14
    assert worker == {
        "dataCenterId": "EU-RO-1",
        "gpuCount": 1,
        "gpuTypeId": "NVIDIA GeForce RTX 4090",
        "image": "staging/worker-clip:1",
        "isStale": False,
        "startedAt": "2026-11-21T06:00:00.000Z",
        "status": "RUNNING",
        "uptimeSeconds": 3,
        "version": 0,
    }
    assert (answer.json()["endpointVersion"], answer.json()["summary"]) == (
        0,
        {"idle": 0, "initializing": 0, "running": 1, "throttled": 0, "total": 1, "unhealthy": 0},
    )


async def test_another_image_is_a_release_and_old_workers_end_their_jobs_first(account: Account) -> None:
    job = await account.run({"mock_delay": 60})

    await call(account, "PATCH", "/v1/templates/staging-clip", {"imageName": "staging/worker-clip:2"})
    during = (await call(account, "GET", "/v2/serverless/staging-clip/workers")).json()
    account.clock.advance(60)
    done = await account.end(job)
    after = (await call(account, "GET", "/v2/serverless/staging-clip/workers")).json()

    assert during["endpointVersion"] == 1
    assert [(one["isStale"], one["version"]) for one in during["workers"]] == [(True, 0)]
    assert (done["status"], after["workers"]) == ("COMPLETED", [])


async def test_another_template_is_a_release(account: Account) -> None:
    endpoint = (await made(account))["id"]
    await account.run({"mock_delay": 60}, endpoint)

    await call(account, "PATCH", f"/v1/endpoints/{endpoint}", {"templateId": "staging-motion"})

    found = (await call(account, "GET", f"/v2/serverless/{endpoint}/workers")).json()
    account.clock.advance(60)
    await settled()
    left = (await call(account, "GET", f"/v2/serverless/{endpoint}/workers")).json()
    assert (found["endpointVersion"], [one["isStale"] for one in found["workers"]]) == (1, [True])
    assert left["workers"] == []


async def test_idle_workers_leave_at_a_release_at_once(account: Account) -> None:
    await account.end(await account.run({"mock_return": 1}))
    before = (await call(account, "GET", "/v2/serverless/staging-clip/workers")).json()

    await call(account, "PATCH", "/v1/templates/staging-clip", {"env": {"LEVEL": "2"}})

    after = (await call(account, "GET", "/v2/serverless/staging-clip/workers")).json()
    assert (before["summary"]["idle"], after["summary"]["total"]) == (1, 0)


def test_attached_workers_stay_at_a_release(account: Account) -> None:
    state = account.app.parts.state
    assert isinstance(state, State)
    fleet = Fleet(state, account.clock, account.app.kit.ids, Impairments(lambda _kind: None))
    worker = fleet.attach("mine", "staging-clip")

    fleet.release("staging-clip")

    assert fleet.of("staging-clip") == [worker]
    assert not worker.is_outdated


async def test_workers_that_get_no_place_are_listed_as_throttled(account: Account) -> None:
    await account.client.put("/_fake/faults", json={"kind": "throttled", "workers": 1})

    found = (await call(account, "GET", "/v2/serverless/staging-clip/workers")).json()

    assert found["summary"] == {
        "idle": 0,
        "initializing": 0,
        "running": 0,
        "throttled": 1,
        "total": 1,
        "unhealthy": 0,
    }
    assert [(one["status"], one["startedAt"], one["gpuTypeId"]) for one in found["workers"]] == [
        ("THROTTLED", None, None)
    ]


async def test_another_image_brings_another_model(account: Account) -> None:
    await call(account, "PATCH", "/v1/templates/staging-clip", {"imageName": "acme/motion:1"})

    done = await account.end(await account.run({"frames_base64": [], "fps": 2}))

    assert "frames_base64" in done["error"]


async def test_a_template_s_description_is_no_release(account: Account) -> None:
    await call(account, "PATCH", "/v1/templates/staging-clip", {"readme": "# Clip"})

    endpoint = (await call(account, "GET", "/v1/endpoints/staging-clip")).json()
    assert endpoint["version"] == 0


async def test_another_template_brings_another_model(account: Account) -> None:
    endpoint = (await made(account))["id"]

    answer = await call(account, "PATCH", f"/v1/endpoints/{endpoint}", {"templateId": "staging-motion"})
    job = await account.end(await account.run({"frames_base64": [], "fps": 2}, endpoint), endpoint)

    assert answer.json()["version"] == 1
    assert "frames_base64" in job["error"]


async def test_what_was_made_goes_with_a_reset(account: Account) -> None:
    endpoint = (await made(account))["id"]

    account.app.reset()

    assert (await call(account, "GET", f"/v1/endpoints/{endpoint}")).status_code == 404
