"""Who may do what, and what is refused with which words."""

import re

import pytest

from fakes.kit.fake import Endpoint
from fakes.runpod import FAKE
from fakes.runpod.state import STAGING_KEY
from tests.fakes.runpod.conftest import Account


def test_the_coverage_is_the_router(account: Account) -> None:
    routes = {
        (method, getattr(route, "path", ""))
        for route in account.app.parts.routes
        for method in getattr(route, "methods", ())
        if method != "HEAD"
    }

    assert routes == {(row.method, row.path) for row in FAKE.coverage if row.level != "absent"}


@pytest.mark.parametrize("key", [f"Bearer {STAGING_KEY}", f"bearer  {STAGING_KEY}", STAGING_KEY])
async def test_a_key_comes_with_or_without_its_scheme(account: Account, key: str) -> None:
    answer = await account.client.get("/v2/staging-clip/health", headers={"Authorization": key})

    assert answer.status_code == 200


@pytest.mark.parametrize("key", ["", "Bearer", "Bearer ", "Bearer rpa_unknown", f"Basic {STAGING_KEY}"])
async def test_a_missing_or_unknown_key_is_refused(account: Account, key: str) -> None:
    answer = await account.client.get("/v2/staging-clip/health", headers={"Authorization": key})

    assert (answer.status_code, answer.json()) == (401, {"error": "unauthorized"})
    assert account.app.kit.journal.find(violations=True) == []


@pytest.mark.parametrize("row", [row for row in FAKE.coverage if row.level == "absent"], ids=str)
async def test_what_is_not_there_is_a_loud_gap(account: Account, row: Endpoint) -> None:
    path = re.sub(r"\{\w+\}", "x1", row.path.replace("{endpoint}", "staging-clip"))

    answer = await account.client.request(row.method, path, json={} if row.method == "POST" else None)

    assert (answer.status_code, answer.json()["error"]) == (
        501,
        f"fake 'runpod' does not cover {row.method} {path}",
    )
