from __future__ import annotations

import httpx
import pytest
from fastapi import FastAPI

from tests.clipnet.api.conftest import API, API_ALIAS, PASSWORD, WEB, WEB_ALIAS, Api
from tests.clipnet.api.stories import new_clip

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"


async def test_a_trace_goes_on(sam: httpx.AsyncClient) -> None:
    answer = await sam.get(
        "/v1/me", headers={"traceparent": f"00-{TRACE}-00f067aa0ba902b7-01", "x-request-id": "r-1"}
    )

    version, trace_id, span_id, _ = answer.headers["traceparent"].split("-")
    assert (version, trace_id, answer.headers["x-request-id"]) == ("00", TRACE, "r-1")
    assert span_id != "00f067aa0ba902b7"


@pytest.mark.parametrize(
    "sent", ["", "nonsense", f"00-{'0' * 32}-00f067aa0ba902b7-01", f"ff-{TRACE}-00f067aa0ba902b7-01"]
)
async def test_a_trace_that_cannot_be_used_is_replaced(sam: httpx.AsyncClient, sent: str) -> None:
    answer = await sam.get("/v1/me", headers={"traceparent": sent, "x-request-id": "no good; id"})

    assert len(answer.headers["traceparent"]) == 55
    assert TRACE not in answer.headers["traceparent"]
    assert answer.headers["x-request-id"] == answer.headers["traceparent"].split("-")[2]


async def test_a_problem_names_its_trace(client: httpx.AsyncClient) -> None:
    answer = await client.get("/v1/me")

    assert answer.json()["trace_id"] == answer.headers["traceparent"].split("-")[1]


async def test_every_answer_has_the_headers_that_protect_browsers(client: httpx.AsyncClient) -> None:
    for path in ("/health", "/v1/me", "/nowhere"):
        headers = (await client.get(path)).headers
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["x-frame-options"] == "DENY"
        assert headers["content-security-policy"] == "default-src 'none'; frame-ancestors 'none'"
        assert headers["cache-control"] == "no-store"


@pytest.mark.parametrize("page", [WEB, WEB_ALIAS])
async def test_the_web_page_may_call_with_cookies(client: httpx.AsyncClient, page: str) -> None:
    asked = {
        "origin": page,
        "access-control-request-method": "PUT",
        "access-control-request-headers": "content-type",
    }

    preflight = await client.options("/v1/clips", headers=asked)
    answer = await client.get("/v1/me", headers={"origin": page})

    assert preflight.status_code == 204
    assert "PUT" in preflight.headers["access-control-allow-methods"]
    assert "idempotency-key" in preflight.headers["access-control-allow-headers"]
    for one in (preflight, answer):
        assert one.headers["access-control-allow-origin"] == page
        assert one.headers["access-control-allow-credentials"] == "true"
        assert "Origin" in one.headers["vary"]
    assert "traceparent" in answer.headers["access-control-expose-headers"]


async def test_other_pages_may_not_call(client: httpx.AsyncClient) -> None:
    asked = {"origin": "http://evil.example", "access-control-request-method": "POST"}

    preflight = await client.options("/v1/clips", headers=asked)
    answer = await client.get("/health", headers={"origin": "http://evil.example"})

    assert "access-control-allow-origin" not in preflight.headers
    assert "access-control-allow-origin" not in answer.headers


@pytest.mark.parametrize(
    "headers", [{"origin": "http://evil.example"}, {"origin": "null"}, {"sec-fetch-site": "cross-site"}]
)
async def test_a_foreign_page_cannot_use_the_cookie(sam: httpx.AsyncClient, headers: dict[str, str]) -> None:
    clip = await new_clip(sam)

    answer = await sam.delete(f"/v1/clips/{clip['id']}", headers=headers)

    assert (answer.status_code, answer.json()["code"]) == (403, "origin_refused")
    assert (await sam.get(f"/v1/clips/{clip['id']}")).status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        *({"origin": ours} for ours in (WEB, API, WEB_ALIAS, API_ALIAS)),
        {},
        {"sec-fetch-site": "same-site", "origin": WEB},
    ],
)
async def test_our_own_pages_and_programs_can(sam: httpx.AsyncClient, headers: dict[str, str]) -> None:
    answer = await sam.patch("/v1/me", json={"name": "Sam"}, headers=headers)

    assert answer.status_code == 200


async def test_a_foreign_page_cannot_log_somebody_in(
    client: httpx.AsyncClient, sam: httpx.AsyncClient
) -> None:
    body = {"email": "sam@example.com", "password": PASSWORD}

    answer = await client.post("/v1/session", json=body, headers={"origin": "http://evil.example"})

    assert (answer.status_code, "set-cookie" in answer.headers) == (403, False)


async def test_a_token_is_good_from_any_page(sam: httpx.AsyncClient, client: httpx.AsyncClient) -> None:
    token = (await sam.post("/v1/tokens", json={"name": "ci"})).json()["token"]
    headers = {"authorization": f"Bearer {token}", "origin": "http://tool.example"}

    answer = await client.patch("/v1/me", json={"name": "Sam"}, headers=headers)

    assert answer.status_code == 200


async def test_what_is_not_there_and_what_cannot_be_done_are_problems(client: httpx.AsyncClient) -> None:
    missing = await client.get("/v1/nowhere")
    wrong = await client.put("/v1/users", json={})

    assert (missing.status_code, missing.json()["code"]) == (404, "not_found")
    assert (wrong.status_code, wrong.json()["code"], wrong.headers["allow"]) == (
        405,
        "method_not_allowed",
        "POST",
    )
    assert missing.headers["content-type"] == wrong.headers["content-type"] == "application/problem+json"


async def test_a_large_body_is_refused(sam: httpx.AsyncClient) -> None:
    answer = await sam.patch("/v1/me", json={"name": "x" * 1_100_000})

    assert (answer.status_code, answer.json()["code"]) == (413, "too_large")


async def test_what_breaks_is_a_problem_too(api: Api, caplog: pytest.LogCaptureFixture) -> None:
    _break(api.app)
    async with api.client() as client:
        answer = await client.get("/broken")

    assert (answer.status_code, answer.json()["code"]) == (500, "internal")
    assert "secret" not in answer.text
    assert any(record.exc_info for record in caplog.records)


async def test_a_database_that_is_away_is_said_to_be(api: Api, sam: httpx.AsyncClient) -> None:
    from clipnet.db.engine import create_engine, create_sessions

    engine = create_engine("postgresql://clipnet:clipnet@127.0.0.1:9/clipnet", application="test")
    api.context.sessions = create_sessions(engine)

    answer = await sam.get("/v1/clips")

    await engine.dispose()
    assert (answer.status_code, answer.json()["code"], answer.headers["retry-after"]) == (
        503,
        "unavailable",
        "1",
    )


async def test_a_redis_that_is_away_is_said_to_be(api: Api, sam: httpx.AsyncClient) -> None:
    from clipnet.queue import connect

    present, api.context.redis = api.context.redis, connect("redis://127.0.0.1:9/0")

    answer = await sam.post("/v1/session", json={"email": "sam@example.com", "password": PASSWORD})

    await api.context.redis.aclose()
    api.context.redis = present
    assert (answer.status_code, answer.json()["code"]) == (503, "unavailable")


def _break(app: FastAPI) -> None:
    async def broken() -> None:
        raise RuntimeError("secret")

    app.add_api_route("/broken", broken)
