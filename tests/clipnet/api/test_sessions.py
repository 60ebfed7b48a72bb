from __future__ import annotations

import httpx

from tests.clipnet.api.conftest import PASSWORD, Api

SAM = {"email": "sam@example.com", "password": PASSWORD}


async def test_logging_in_and_out(client: httpx.AsyncClient, sam: httpx.AsyncClient) -> None:
    logged_in = await client.post("/v1/session", json={**SAM, "email": "SAM@example.com"})
    known = await client.get("/v1/me")
    logged_out = await client.delete("/v1/session")

    assert (logged_in.status_code, known.json()["user"]["name"]) == (200, "Sam")
    assert (logged_out.status_code, (await client.get("/v1/me")).status_code) == (204, 401)


async def test_a_wrong_password_and_an_unknown_email_are_told_alike(
    client: httpx.AsyncClient, sam: httpx.AsyncClient
) -> None:
    wrong = await client.post("/v1/session", json={**SAM, "password": "wrong password"})
    unknown = await client.post("/v1/session", json={**SAM, "email": "nobody@example.com"})

    assert wrong.status_code == unknown.status_code == 401
    assert {**wrong.json(), "trace_id": ""} == {**unknown.json(), "trace_id": ""}


async def test_after_ten_wrong_passwords_one_has_to_wait(
    client: httpx.AsyncClient, sam: httpx.AsyncClient
) -> None:
    for _ in range(10):
        assert (
            await client.post("/v1/session", json={**SAM, "password": "wrong password"})
        ).status_code == 401

    refused = await client.post("/v1/session", json=SAM)
    other = await client.post("/v1/session", json={**SAM, "email": "cleo@example.com"})

    assert (refused.status_code, refused.json()["code"]) == (429, "rate_limited")
    assert 0 < int(refused.headers["retry-after"]) <= 300
    assert other.status_code == 401


async def test_a_right_password_forgets_the_wrong_ones(
    client: httpx.AsyncClient, sam: httpx.AsyncClient
) -> None:
    for _ in range(2):
        for _ in range(9):
            await client.post("/v1/session", json={**SAM, "password": "wrong password"})
        assert (await client.post("/v1/session", json=SAM)).status_code == 200


async def test_a_session_ends_after_fourteen_days(api: Api, sam: httpx.AsyncClient) -> None:
    cookie = f"clipnet_session={sam.cookies['clipnet_session']}"
    api.clock.advance(14 * 86_400 - 1)
    last_moment = await sam.get("/v1/me", headers={"cookie": cookie})
    api.clock.advance(2)

    too_late = await sam.get("/v1/me", headers={"cookie": cookie})

    assert (last_moment.status_code, too_late.status_code) == (200, 401)


async def test_a_forged_cookie_is_nobody(client: httpx.AsyncClient, sam: httpx.AsyncClient) -> None:
    value = sam.cookies["clipnet_session"]
    body, _, mac = value.partition(".")
    forged = [f"{body}.{mac[::-1]}", f"{body}.{'A' * len(mac)}", "x" + value, body, "", "a.b", "é"]

    headers = [{b"cookie": b"clipnet_session=" + one.encode()} for one in forged]
    answers = [await client.get("/v1/me", headers=one) for one in headers]

    assert [answer.status_code for answer in answers] == [401] * len(forged)
