"""What the management API refuses, in which words, and what of production's stays out of reach."""

from typing import Any

import pytest

from fakes.runpod import FAKE
from fakes.runpod.management import WORKERS_QUOTA
from fakes.runpod.state import STAGING_KEY, State
from fakes.runpod.state.keys import Access, Key
from tests.fakes.runpod.conftest import Account
from tests.fakes.runpod.managing import TEMPLATE, backend, call, made, violations


async def test_a_template_in_use_cannot_be_deleted(account: Account) -> None:
    endpoint = await made(account)
    used = await call(account, "DELETE", f"/v1/templates/{endpoint['templateId']}")
    await call(account, "DELETE", f"/v1/endpoints/{endpoint['id']}")

    answer = await call(account, "DELETE", f"/v1/templates/{endpoint['templateId']}")

    assert (used.status_code, used.json()) == backend("delete template", "Template is in use by an endpoint")
    assert (answer.status_code, answer.content) == (204, b"")
    assert (await call(account, "GET", f"/v1/templates/{endpoint['templateId']}")).status_code == 404


async def test_names_of_templates_are_unique(account: Account) -> None:
    await call(account, "POST", "/v1/templates", TEMPLATE)

    answer = await call(account, "POST", "/v1/templates", TEMPLATE)

    assert (answer.status_code, answer.json()) == backend("create template", "Template name must be unique.")


async def test_the_workers_quota_is_refused_in_the_service_s_words(account: Account) -> None:
    answer = await call(account, "PATCH", "/v1/endpoints/staging-clip", {"workersMax": WORKERS_QUOTA})

    assert (answer.status_code, answer.json()) == backend(
        "update endpoint",
        f"Max workers across all endpoints must not exceed your workers quota ({WORKERS_QUOTA}). Reduce the"
        " max workers for other endpoints or lower the max worker count for this endpoint to at most 21.",
    )


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ({"templateId": "unknown"}, "template not found"),
        ({"templateId": "staging-clip", "networkVolumeId": "agv6w2qcg7"}, "network volume not found"),
        (
            {"templateId": "staging-clip", "workersMin": 4},
            "Min workers must not exceed max workers.",
        ),
    ],
)
async def test_an_endpoint_that_cannot_be_is_refused(account: Account, body: Any, reason: str) -> None:
    answer = await call(account, "POST", "/v1/endpoints", body)

    assert (answer.status_code, answer.json()) == backend("create endpoint", reason)
    assert violations(account) == []


async def test_a_pod_s_template_makes_no_endpoint(account: Account) -> None:
    pod = (await call(account, "POST", "/v1/templates", {"name": "pod", "imageName": "acme/pod:1"})).json()

    answer = await call(account, "POST", "/v1/endpoints", {"templateId": pod["id"]})

    assert (answer.status_code, answer.json()) == backend(
        "create endpoint", f"template '{pod['id']}' is not a serverless template"
    )


@pytest.mark.parametrize(
    ("path", "body", "reason"),
    [
        ("/v1/endpoints", {}, "body/templateId is required"),
        ("/v1/templates", {"name": "x"}, "body/imageName is required"),
        (
            "/v1/endpoints",
            {"templateId": "staging-clip", "workersMax": -1},
            "body/workersMax must be a whole number from 0 to 2147483647",
        ),
        (
            "/v1/endpoints",
            {"templateId": "staging-clip", "idleTimeout": 3601},
            "body/idleTimeout must be a whole number from 1 to 3600",
        ),
        (
            "/v1/endpoints",
            {"templateId": "staging-clip", "scalerType": "MAGIC"},
            "body/scalerType must be one of 'QUEUE_DELAY', 'REQUEST_COUNT'",
        ),
        (
            "/v1/endpoints",
            {"templateId": "staging-clip", "cpuFlavorIds": ["cpu9"]},
            "body/cpuFlavorIds/0 must be one of 'cpu3c', 'cpu3g', 'cpu5c', 'cpu5g'",
        ),
        ("/v1/endpoints", {"templateId": 7}, "body/templateId must be a string"),
        (
            "/v1/endpoints",
            {"templateId": "staging-clip", "flashboot": 1},
            "body/flashboot must be true or false",
        ),
        (
            "/v1/endpoints",
            {"templateId": "staging-clip", "name": "x" * 192},
            "body/name must not have more than 191 characters",
        ),
        ("/v1/templates", TEMPLATE | {"env": {"A": 1}}, "body/env must be an object of strings"),
        ("/v1/templates", TEMPLATE | {"ports": ["80"]}, "body/ports/0 must match [0-9]{1,5}/(http|tcp)"),
        ("/v1/templates", TEMPLATE | {"ports": "80/http"}, "body/ports must be an array"),
        ("/v1/templates", [], "the body is not a JSON object"),
    ],
)
async def test_a_body_that_is_not_as_the_schema_says_is_refused(
    account: Account, path: str, body: Any, reason: str
) -> None:
    answer = await call(account, "POST", path, body)

    assert (answer.status_code, answer.json()) == (400, {"error": reason, "status": 400})


@pytest.mark.parametrize(
    "body",
    [
        b"\xff",
        b"null",
        b"[" * 100_000,
        b'{"name": "\\ud800", "imageName": "x"}',
        b'{"name": {}, "imageName": []}',
        b'{"name": "x", "imageName": "x", "volumeInGb": 1e400}',
        b'{"name": "x", "imageName": "x", "volumeInGb": ' + b"9" * 30 + b"}",
        b'{"name": "x", "imageName": "x", "category": {"a": 1}}',
        b'{"name": "x", "imageName": "x", "env": [["a", "b"]]}',
    ],
)
async def test_no_body_is_too_strange_to_be_refused(account: Account, body: bytes) -> None:
    answer = await account.client.post("/v1/templates", content=body)

    assert (answer.status_code, answer.json()["status"]) == (400, 400)


async def test_a_body_may_not_be_larger_than_a_megabyte(account: Account) -> None:
    answer = await account.client.post("/v1/templates", content=b" " * 1_100_000)

    assert (answer.status_code, answer.json()) == (
        413,
        {"error": "the body is larger than 1048576 bytes", "status": 413},
    )


async def test_a_query_parameter_is_true_or_false(account: Account) -> None:
    answer = await call(account, "GET", "/v1/endpoints?includeWorkers=yes")

    assert (answer.status_code, answer.json()) == (
        400,
        {"error": "query/includeWorkers must be true or false", "status": 400},
    )


@pytest.mark.parametrize("key", ["", STAGING_KEY, f"Basic {STAGING_KEY}", "Bearer rpa_unknown"])
async def test_only_a_known_bearer_key_is_taken(account: Account, key: str) -> None:
    headers = {"Authorization": key}

    first = await account.client.get("/v1/endpoints", headers=headers)
    second = await account.client.get("/v2/serverless/staging-clip/workers", headers=headers)

    assert (first.status_code, first.json()) == (401, {"error": "unauthorized", "status": 401})
    assert (second.status_code, second.headers["content-type"]) == (401, "application/problem+json")
    assert second.json() == {"title": "Unauthorized", "status": 401, "detail": "missing bearer token"}


async def test_a_read_only_key_reads_and_changes_nothing(account: Account) -> None:
    headers = _key(account, "read")

    read = [
        await account.client.get(path, headers=headers)
        for path in ("/v1/endpoints/staging-clip", "/v1/templates/staging-clip")
    ]
    refused = [
        await account.client.request(method, path, headers=headers, json=body)
        for method, path, body in (
            ("POST", "/v1/templates", TEMPLATE),
            ("PATCH", "/v1/templates/staging-clip", {}),
            ("DELETE", "/v1/templates/staging-clip", None),
            ("POST", "/v1/endpoints", {"templateId": "staging-clip"}),
            ("PATCH", "/v1/endpoints/staging-clip", {}),
            ("DELETE", "/v1/endpoints/staging-clip", None),
        )
    ]

    assert [answer.status_code for answer in read] == [200, 200]
    assert [answer.json() for answer in refused] == [{"error": "forbidden", "status": 403}] * 6


async def test_a_key_for_one_endpoint_sees_that_one(account: Account) -> None:
    headers = _key(account, "none", {"staging-clip": "read"})

    seen = await account.client.get("/v1/endpoints", headers=headers)
    other = await account.client.get("/v2/serverless/staging-blip/workers", headers=headers)
    templates = await account.client.get("/v1/templates", headers=headers)

    assert [one["id"] for one in seen.json()] == ["staging-clip"]
    assert (other.status_code, other.json()["detail"]) == (403, "access denied")
    assert (templates.status_code, templates.json()) == (403, {"error": "forbidden", "status": 403})


@pytest.mark.parametrize("kind", ["endpoints", "templates"])
@pytest.mark.parametrize(
    ("method", "suffix"), [("GET", ""), ("PATCH", ""), ("DELETE", ""), ("POST", "/update")]
)
async def test_production_s_resources_are_not_found_and_reaching_for_them_is_recorded(
    account: Account, kind: str, method: str, suffix: str
) -> None:
    answer = await call(account, method, f"/v1/{kind}/production-clip{suffix}", {})

    one = kind.removesuffix("s")
    assert (answer.status_code, answer.json()) == (404, {"error": f"{one} not found", "status": 404})
    assert violations(account) == [f"production {one} 'production-clip' named with a staging key"]


async def test_production_s_workers_are_not_found(account: Account) -> None:
    answer = await call(account, "GET", "/v2/serverless/production-clip/workers")

    assert (answer.status_code, answer.json()) == (
        404,
        {"title": "Not Found", "status": 404, "detail": "resource not found"},
    )
    assert violations(account) == ["production endpoint 'production-clip' named with a staging key"]


@pytest.mark.parametrize(
    ("body", "reached"),
    [
        ({"templateId": "production-clip"}, "template 'production-clip'"),
        (
            {"templateId": "staging-clip", "networkVolumeId": "production-models"},
            "network volume 'production-models'",
        ),
        (
            {"templateId": "staging-clip", "networkVolumeIds": ["staging-models", "production-models"]},
            "network volume 'production-models'",
        ),
    ],
)
async def test_an_endpoint_cannot_have_what_is_production_s(
    account: Account, body: Any, reached: str
) -> None:
    kind = reached.partition(" '")[0]

    answer = await call(account, "POST", "/v1/endpoints", body)

    assert (answer.status_code, answer.json()) == backend("create endpoint", f"{kind} not found")
    assert violations(account) == [f"production {reached} named with a staging key"]


@pytest.mark.parametrize(
    ("env", "reached"),
    [
        ({"NAMESPACE": "production"}, "namespace 'production' in NAMESPACE"),
        ({"ENDPOINT_ID": "production-clip"}, "resource 'production-clip' in ENDPOINT_ID"),
        ({"MODEL": "/runpod-volume/production/clip"}, "path '/runpod-volume/production/clip' in MODEL"),
        ({"KEY": "rpa_production_1"}, "API key in KEY"),
    ],
)
async def test_an_environment_cannot_name_what_is_production_s(
    account: Account, env: dict[str, str], reached: str
) -> None:
    answer = await call(account, "POST", "/v1/templates", TEMPLATE | {"env": env})

    assert (answer.status_code, answer.json()) == (403, {"error": "forbidden", "status": 403})
    assert violations(account) == [f"production {reached} named with a staging key"]


@pytest.mark.parametrize(
    ("body", "reached"),
    [
        ({"imageName": "production/worker-clip:1"}, "path 'production/worker-clip:1' in imageName"),
        (
            {"containerRegistryAuthId": "production-registry"},
            "resource 'production-registry' in containerRegistryAuthId",
        ),
    ],
)
async def test_a_template_cannot_be_changed_to_what_is_production_s(
    account: Account, body: Any, reached: str
) -> None:
    answer = await call(account, "PATCH", "/v1/templates/staging-clip", body)

    assert (answer.status_code, answer.json()) == (403, {"error": "forbidden", "status": 403})
    assert violations(account) == [f"production {reached} named with a staging key"]


async def test_an_environment_may_say_production_of_other_things(account: Account) -> None:
    answer = await call(account, "POST", "/v1/templates", TEMPLATE | {"env": {"NODE_ENV": "production"}})

    assert (answer.status_code, violations(account)) == (200, [])


async def test_the_rest_of_the_management_api_is_501_by_name(account: Account) -> None:
    absent = [row for row in FAKE.coverage if row.level == "absent"]

    answers = [(row, await account.client.request(row.method, row.path)) for row in absent]

    assert len(absent) > 50
    assert [answer.status_code for _, answer in answers] == [501] * len(absent)
    assert all(row.path.split("{")[0] in answer.json()["error"] for row, answer in answers)


def _key(account: Account, access: Access, by_endpoint: dict[str, Access] | None = None) -> dict[str, str]:
    state = account.app.parts.state
    assert isinstance(state, State)
    state.keys.add("rpa_staging_some", Key("staging", access, by_endpoint or {}))
    return {"Authorization": "Bearer rpa_staging_some"}
