"""Seed documents: the GPU, rate limits, volumes, endpoints and keys of the account."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from fakes.runpod.state import STAGING_KEY, Scaling
from fakes.runpod.state.keys import Key
from fakes.runpod.state.volumes import Volume
from tests.fakes.runpod.conftest import Account

PAGE = Path(__file__).parents[3] / "docs/fakes/runpod.md"
KEY = "rpa_staging_seeded"


async def seed(account: Account, **document: Any) -> None:
    answer = await account.client.put("/_fake/state", json=document)
    assert answer.status_code == 200, answer.text


async def test_the_example_of_the_documentation_is_one(account: Account) -> None:
    [example] = re.findall(r"```json\n(.*?)```", PAGE.read_text(), re.DOTALL)

    await seed(account, **json.loads(example))

    state = account.state
    hosted = state.endpoints.find("staging-captions")
    assert hosted is not None
    assert (hosted.model, hosted.scaling.workers_max, hosted.scaling.scaler_type) == (
        "blip",
        1,
        "QUEUE_DELAY",
    )
    assert state.volumes.find("archive") == Volume("archive", "production", "archive", 200, "EU-RO-1")
    assert state.keys.find("rpa_staging_ci") == Key("staging", "none", {"staging-captions": "write"})
    assert (state.gpu.workers, state.gpu.timing_name) == (2, "realistic")


async def test_an_empty_document_is_the_account_that_is_always_there(account: Account) -> None:
    before = (await account.client.get("/_fake/state")).json()["state"]
    await seed(account, workers=3, keys=[{"key": KEY}], endpoints=[{"id": "staging-more", "model": "clip"}])

    await seed(account)

    state = account.state
    assert (await account.client.get("/_fake/state")).json()["state"] == before
    assert (state.keys.find(KEY), state.keys.find(STAGING_KEY)) == (None, Key("staging"))


async def test_an_endpoint_that_was_used_is_gone_and_another_with_what_is_seeded_then(
    account: Account,
) -> None:
    await seed(account, endpoints=[{"id": "staging-more", "model": "clip", "workersMax": 1}])
    await account.run({"mock_return": 1}, "staging-more")

    await seed(account, endpoints=[{"id": "staging-more", "model": "blip", "workersMax": 2}])
    other = account.state.endpoints.find("staging-more")
    await seed(account)
    none = account.state.endpoints.find("staging-more")

    assert other is not None
    assert (other.model, other.scaling.workers_max, none) == ("blip", 2, None)


async def test_a_reset_brings_back_the_endpoints_as_they_were(account: Account) -> None:
    endpoints = account.state.endpoints
    before = endpoints.find("staging-clip")
    endpoints.scale("staging-clip", Scaling(workers_max=1))
    changed = endpoints.find("staging-clip")

    account.app.reset()

    assert changed != before
    assert endpoints.find("staging-clip") == before


async def test_a_refused_document_leaves_the_endpoints_as_they_were(account: Account) -> None:
    await seed(account, endpoints=[{"id": "staging-more", "model": "clip", "workersMax": 1}])
    before = account.state.endpoints.find("staging-more")

    refused = await account.client.put("/_fake/state", json={"endpoints": [], "attached": ["nothing"]})

    assert refused.status_code == 400
    assert account.state.endpoints.find("staging-more") == before


async def test_a_seeded_endpoint_takes_jobs_and_is_managed(account: Account) -> None:
    await seed(account, endpoints=[{"id": "staging-more", "model": "clip", "workersMax": 1}])

    done = await account.end(await account.run({"mock_return": 1}, "staging-more"), "staging-more")
    managed = (await account.client.get("/v1/endpoints/staging-more")).json()

    assert done["output"] == 1
    assert (managed["workersMax"], managed["templateId"]) == (1, "staging-more")


async def test_an_endpoint_that_is_there_is_changed(account: Account) -> None:
    await seed(
        account,
        endpoints=[
            {"id": "staging-blip", "model": "clip"},
            {"id": "staging-clip", "workersMin": 1, "idleTimeout": 60}
            | {"flashboot": False, "executionTimeoutMs": 0},
        ],
    )  # fmt: skip

    clip, blip = (account.state.endpoints.find(name) for name in ("staging-clip", "staging-blip"))
    assert clip is not None
    assert blip is not None
    assert (clip.model, blip.model) == ("clip", "clip")
    assert clip.scaling == Scaling(1, 3, 60, "REQUEST_COUNT", 1, 0, False)


async def test_new_endpoints_scale_as_the_timing_says(account: Account) -> None:
    outside = {"id": "staging-more", "model": None}
    await seed(account, timing="realistic", endpoints=[outside], attached=["more"])

    more = account.state.endpoints.find("staging-more")

    assert more is not None
    assert (more.model, more.is_attached, more.scaling) == (None, True, Scaling())


@pytest.mark.parametrize(
    ("entry", "key"),
    [
        ({}, Key("staging", "write")),
        ({"permission": "All"}, Key("staging", "write")),
        ({"permission": "Read Only"}, Key("staging", "read")),
        ({"permission": "Restricted"}, Key("staging", "none")),
        ({"endpoints": {"staging-clip": "Read Only"}}, Key("staging", "none", {"staging-clip": "read"})),
        (
            {"permission": "Read Only", "endpoints": {"staging-clip": "Read/Write", "staging-blip": "None"}},
            Key("staging", "read", {"staging-clip": "write", "staging-blip": "none"}),
        ),
        ({"namespace": "qa"}, Key("qa", "write")),
        ({"disabled": True}, None),
    ],
)
async def test_a_key_is_what_the_document_says(account: Account, entry: Any, key: Key | None) -> None:
    await seed(account, keys=[{"key": KEY, **entry}])

    assert account.state.keys.find(KEY) == key


async def test_a_key_that_is_always_there_can_be_disabled(account: Account) -> None:
    await seed(account, keys=[{"key": STAGING_KEY, "disabled": True}])

    assert (await account.client.get("/v2/staging-clip/health")).status_code == 401


@pytest.mark.parametrize(
    ("document", "said"),
    [
        (
            {"gpus": 1},
            "unknown field 'gpus'; known are workers, timing, attached, rate_limits, volumes, endpoints,"
            " keys",
        ),
        ({"workers": 9}, "'workers' is 9; it must be a whole number from 1 to 8"),
        ({"timing": "slow"}, "'timing' is 'slow'; it must be one of instant, realistic"),
        ({"timing": {}}, "'timing' is {}; it must be one of instant, realistic"),
        ({"keys": {"key": "x"}}, "'keys' is {'key': 'x'}; it must be a list"),
        ({"keys": ["x"]}, "key 1 must be an object"),
        ({"keys": [{}]}, "key 1: 'key' is required"),
        (
            {"keys": [{"key": "rpa_staging_x", "scope": "All"}]},
            "unknown field of key 1 'scope'; known are key, namespace, permission, endpoints, disabled",
        ),
        (
            {"keys": [{"key": "rpa_staging_x"}, {"key": "rpa_K1"}]},
            "key 2: 'key' must be 'rpa_staging_' and letters, digits or _",
        ),
        (
            {"keys": [{"key": "rpa_production_x"}]},
            "key 1: 'key' must be 'rpa_staging_' and letters, digits or _",
        ),
        (
            {"keys": [{"key": "rpa_staging_x", "namespace": "production"}]},
            "key 1: 'namespace' is 'production', whose keys are not known here",
        ),
        (
            {"keys": [{"key": "rpa_staging_x", "namespace": "Q A"}]},
            "key 1: 'namespace' must be of small letters, digits, - and _",
        ),
        (
            {"keys": [{"key": "rpa_staging_x", "permission": "all"}]},
            "key 1: 'permission' must be one of 'All', 'Read Only', 'Restricted'",
        ),
        ({"keys": [{"key": "rpa_staging_x", "disabled": 1}]}, "key 1: 'disabled' must be true or false"),
        (
            {"keys": [{"key": "rpa_staging_x", "endpoints": {"staging-x": "None"}}]},
            "key 1: there is no endpoint 'staging-x'",
        ),
        (
            {"keys": [{"key": "rpa_staging_x", "endpoints": {"staging-clip": "Write"}}]},
            "key 1: the permission on endpoint 'staging-clip' is 'Write';"
            " it must be one of 'Read/Write', 'Read Only', 'None'",
        ),
        ({"endpoints": [{"model": "clip"}]}, "endpoint 1: 'id' is required"),
        (
            {"endpoints": [{"id": "staging-x", "models": "clip"}]},
            "unknown field of endpoint 1 'models'; known are id, namespace, model,"
            " executionTimeoutMs, flashboot, idleTimeout, scalerType, scalerValue, workersMax, workersMin",
        ),
        (
            {"endpoints": [{"id": "staging-x", "model": "llama"}]},
            "endpoint 1: 'model' must be one of 'whisper', 'blip', 'motion', 'clip'",
        ),
        ({"endpoints": [{"id": "clip"}]}, "endpoint 1: 'id' is 'clip'; it must begin with 'staging-'"),
        (
            {"endpoints": [{"id": "production-x"}]},
            "endpoint 1: 'id' is 'production-x'; it must begin with 'staging-'",
        ),
        (
            {"endpoints": [{"id": "staging-x/y"}]},
            "endpoint 1: 'id' must be of small letters, digits, - and _",
        ),
        (
            {"endpoints": [{"id": "staging-clip", "idleTimeout": 0}]},
            "endpoint 1: 'idleTimeout' must be a whole number from 1 to 3600",
        ),
        (
            {"endpoints": [{"id": "staging-clip", "workersMin": 4}]},
            "endpoint 1: 'workersMin' must not be more than 'workersMax'",
        ),
        ({"volumes": [{"name": "x"}]}, "volume 1: 'id' is required"),
        (
            {"volumes": [{"id": "v1", "size": 0}]},
            "volume 1: 'size' must be a whole number from 1 to 2147483647",
        ),
    ],
)
async def test_a_document_that_is_wrong_is_refused_and_changes_nothing(
    account: Account, document: Any, said: str
) -> None:
    await seed(account, keys=[{"key": KEY}], rate_limits=False)
    before = (await account.client.get("/_fake/state")).json()["state"]

    answer = await account.client.put("/_fake/state", json={"rate_limits": True} | document)

    assert (answer.status_code, answer.json()) == (400, {"error": said})
    assert (await account.client.get("/_fake/state")).json()["state"] == before
    assert account.state.keys.find(KEY) == Key("staging")
    assert account.state.limits.public() is False
