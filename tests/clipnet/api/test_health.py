from __future__ import annotations

import httpx

from tests.clipnet.api.conftest import Api
from tests.clipnet.api.stories import new_clip


async def test_health_says_what_this_is(client: httpx.AsyncClient) -> None:
    answer = await client.get("/health")

    body = {"status": "ok", "environment": "staging", "version": "1.2.3", "banner": "STAGING", "commit": None}
    assert answer.json() == body
    assert (await client.get("/version")).json() == {
        "version": "1.2.3",
        "commit": None,
        "environment": "staging",
    }


async def test_ready_asks_database_and_redis(client: httpx.AsyncClient) -> None:
    answer = await client.get("/ready")

    assert answer.json() == {"status": "ok", "checks": {"database": "ok", "redis": "ok"}}


async def test_not_ready_says_what_is_missing(api: Api, client: httpx.AsyncClient) -> None:
    from clipnet.queue import connect

    present, api.context.redis = api.context.redis, connect("redis://127.0.0.1:9/0")

    answer = await client.get("/ready")

    await api.context.redis.aclose()
    api.context.redis = present
    assert (answer.status_code, answer.json()["code"]) == (503, "unavailable")
    assert answer.json()["checks"]["database"] == "ok"
    assert "127.0.0.1:9" in answer.json()["detail"]


async def test_metrics_count_requests_jobs_and_clips(sam: httpx.AsyncClient) -> None:
    clip = await new_clip(sam)
    await sam.get(f"/v1/clips/{clip['id']}")

    lines = (await sam.get("/metrics")).text.splitlines()

    assert 'clipnet_http_requests_total{method="GET",route="/v1/clips/{clip_id}",status="200"} 1' in lines
    assert 'clipnet_http_request_duration_seconds_count{method="POST",route="/v1/clips"} 1' in lines
    assert 'clipnet_queue_jobs{queue="clipnet",state="prioritized"} 1' in lines
    assert 'clipnet_clips{state="queued"} 1' in lines
    assert 'clipnet_up{part="redis"} 1' in lines
    assert all(line.startswith("# ") or line.rpartition(" ")[2].replace(".", "").isdigit() for line in lines)


async def test_the_description_is_complete(api: Api, client: httpx.AsyncClient) -> None:
    schema = (await client.get("/openapi.json")).json()

    operations = [
        (path, name, one) for path, methods in schema["paths"].items() for name, one in methods.items()
    ]
    assert len(operations) >= 30
    for path, method, operation in operations:
        where = f"{method} {path}"
        assert operation["description"], where
        assert operation["tags"], where
        assert "500" in operation["responses"], where
        for status, answer in operation["responses"].items():
            assert answer["description"], where
            if int(status) >= 400:
                assert list(answer["content"]) == ["application/problem+json"], f"{where} {status}"
    text = str(schema)
    for name in {part.split("'")[0] for part in text.split("#/components/schemas/")[1:]}:
        assert name in schema["components"]["schemas"], name


async def test_the_docs_page_asks_nobody_else(client: httpx.AsyncClient) -> None:
    page = await client.get("/docs")

    assert page.status_code == 200
    assert "http://" not in page.text
    assert "https://" not in page.text
