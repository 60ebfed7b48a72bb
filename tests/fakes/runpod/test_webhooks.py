"""Webhooks: what they carry, when they are called, and how often."""

import asyncio
import json
from typing import Any

import pytest

from tests.fakes.receiver import Answer, Receiver, receiving
from tests.fakes.runpod.conftest import Account

DEADLINE_S = 10.0
TRACE = f"00-{'a' * 32}-{'b' * 16}-01"


async def calls(account: Account, count: int) -> None:
    """Wait until so many attempts were made."""
    async with asyncio.timeout(DEADLINE_S):
        while len(account.app.kit.webhooks.attempts) < count:
            await account.get("staging-clip/health")


async def submitted(account: Account, receiver: Receiver, given: Any, **more: Any) -> str:
    body = {"input": given, "webhook": f"{receiver.url}/hook?token=t", **more}
    headers = {"traceparent": TRACE}
    answer = await account.client.post("/v2/staging-clip/run", json=body, headers=headers)
    job_id: str = answer.json()["id"]
    await account.end(job_id)
    return job_id


@pytest.mark.parametrize(
    ("given", "end"),
    [
        ({"mock_return": {"ok": True}}, {"output": {"ok": True}, "status": "COMPLETED"}),
        ({}, {"error": "job timed out after 1 retries", "status": "FAILED"}),
    ],
)
async def test_a_webhook_gets_the_end_and_the_request(account: Account, given: Any, end: Any) -> None:
    with receiving() as receiver:
        job = await submitted(account, receiver, given)
        await calls(account, 1)

    said, body = receiver.received[0], json.loads(receiver.received[0].body)
    expected = {"delayTime": 0, "executionTime": 0, "id": job, "input": given} | end
    assert body == expected | {"webhook": f"{receiver.url}/hook?token=t"}
    assert list(body) == sorted(body)
    assert (said.method, said.path, said.headers["content-type"], said.headers["user-agent"]) == (
        "POST",
        "/hook?token=t",
        "application/json",
        "Go-http-client/2.0",
    )
    assert said.headers["traceparent"] == TRACE


async def test_a_webhook_is_tried_three_times_5_and_15_seconds_apart(account: Account) -> None:
    began_s = account.clock.now()
    with receiving() as receiver:
        receiver.answer = lambda _request: Answer(500)
        job = await submitted(account, receiver, {"mock_return": 1})
        for count, wait_s in ((1, 5), (2, 15)):
            await calls(account, count)
            account.clock.advance(wait_s)
        await calls(account, 3)
        account.clock.advance(600)
        await account.status(job)

    attempts = account.app.kit.webhooks.attempts
    assert list(account.app.kit.webhooks.deliveries[1].retry_after_s) == [5, 15]
    assert [(one.at_s - began_s, one.status) for one in attempts] == [(0, 500), (5, 500), (20, 500)]
    assert (await account.client.get(f"/v2/staging-clip/status/{job}")).json()["status"] == "COMPLETED"


@pytest.mark.parametrize("status", [200, 204, 299])
async def test_every_success_is_enough(account: Account, status: int) -> None:
    with receiving() as receiver:
        receiver.answer = lambda _request: Answer(status)
        await submitted(account, receiver, {"mock_return": 1})
        await calls(account, 1)
        account.clock.advance(5)
        await account.get("staging-clip/health")

    assert [(one.status, one.is_accepted) for one in account.app.kit.webhooks.attempts] == [(status, True)]


@pytest.mark.parametrize("status", [301, 400, 503])
async def test_anything_else_is_tried_again(account: Account, status: int) -> None:
    with receiving() as receiver:
        receiver.answer = lambda _request: Answer(200 if len(receiver.received) > 1 else status)
        await submitted(account, receiver, {"mock_return": 1})
        await calls(account, 1)
        account.clock.advance(5)
        await calls(account, 2)

    assert [one.status for one in account.app.kit.webhooks.attempts] == [status, 200]


async def test_a_job_that_is_cancelled_calls_no_webhook(account: Account) -> None:
    with receiving() as receiver:
        body = {"input": {"mock_delay": 60}, "webhook": receiver.url}
        job = (await account.post("staging-clip/run", body))["id"]
        await account.post(f"staging-clip/cancel/{job}")
        await account.end(await account.run({"mock_return": 1}))

    assert list(account.app.kit.webhooks.attempts) == []


async def test_the_second_field_for_a_webhook_comes_first(account: Account) -> None:
    with receiving() as receiver:
        await submitted(account, receiver, {"mock_return": 1}, webhookV2=f"{receiver.url}/v2")
        await calls(account, 1)

    assert [one.path for one in receiver.received] == ["/v2"]
    assert json.loads(receiver.received[0].body)["webhook"] == f"{receiver.url}/v2"


@pytest.mark.parametrize("field", ["webhook", "webhookV2"])
@pytest.mark.parametrize(
    "address",
    [
        "https://example.com/x",
        "http://127.0.0.1@example.com/",
        "http://127.0.0.1.example.com/",
        "file:///etc/passwd",
        "http://[::1",
        "http://127.0.0.1:99999/",
        "not an address",
    ],
)
async def test_a_webhook_outside_of_the_stack_is_refused(account: Account, field: str, address: str) -> None:
    body = {"input": {"mock_return": 1}, field: address}

    answer = await account.client.post("/v2/staging-clip/run", json=body)

    assert answer.status_code == 400
    assert "outside of this stack" in answer.json()["error"]
    assert account.app.parts.state.summary()["jobs"] == {}
