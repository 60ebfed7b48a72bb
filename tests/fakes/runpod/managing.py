"""Calls to the management API, and what is looked at after them."""

from typing import Any

import httpx

from tests.fakes.runpod.conftest import Account, settled

TEMPLATE = {"name": "captions", "imageName": "acme/worker-clip:3", "isServerless": True}


async def call(account: Account, method: str, path: str, body: Any = None) -> httpx.Response:
    """Any request, and a turn for what it has started."""
    answer = await account.client.request(method, path, json=body)
    await settled()
    return answer


async def made(account: Account, **body: Any) -> Any:
    """An endpoint from a template of its own."""
    template = await call(account, "POST", "/v1/templates", TEMPLATE)
    answer = await call(account, "POST", "/v1/endpoints", {"templateId": template.json()["id"], **body})
    assert answer.status_code == 200, answer.text
    return answer.json()


def backend(operation: str, reason: str) -> tuple[int, dict[str, Any]]:
    """Status and body of what the API behind version 1 refuses."""
    return 500, {"error": f"{operation}: {operation}: graphql: {reason}", "status": 500}


def violations(account: Account) -> list[str]:
    """What was recorded of staging's reaching for production."""
    found = (entry.violation for entry in account.app.kit.journal.find(violations=True))
    return [violation for violation in found if violation is not None]
