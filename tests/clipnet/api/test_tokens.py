from __future__ import annotations

import httpx

from tests.clipnet.api.conftest import Api, SignUp


async def test_a_token_opens_the_api_for_a_program(
    api: Api, sam: httpx.AsyncClient, client: httpx.AsyncClient
) -> None:
    made = (await sam.post("/v1/tokens", json={"name": "ci"})).json()
    assert made["token"].startswith("clp_")

    me = await client.get("/v1/me", headers={"authorization": f"Bearer {made['token']}"})

    assert me.json()["user"]["name"] == "Sam"
    (listed,) = (await sam.get("/v1/tokens")).json()["items"]
    assert (listed["name"], "token" in listed, listed["last_used_at"]) == (
        "ci",
        False,
        "2026-11-21T06:00:00Z",
    )


async def test_a_deleted_token_is_nobody_and_no_cookie_makes_it_good(sam: httpx.AsyncClient) -> None:
    made = (await sam.post("/v1/tokens", json={"name": "ci"})).json()
    header = {"authorization": f"Bearer {made['token']}"}

    deleted = await sam.delete(f"/v1/tokens/{made['id']}")

    assert deleted.status_code == 204
    assert (await sam.get("/v1/me", headers=header)).status_code == 401


async def test_nobody_deletes_the_token_of_another(sam: httpx.AsyncClient, sign_up: SignUp) -> None:
    made = (await sam.post("/v1/tokens", json={"name": "ci"})).json()

    answer = await (await sign_up("ben")).delete(f"/v1/tokens/{made['id']}")

    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


async def test_only_a_hash_of_the_token_is_stored(api: Api, sam: httpx.AsyncClient) -> None:
    made = (await sam.post("/v1/tokens", json={"name": "ci"})).json()

    async with api.context.engine.connect() as connection:
        rows = (await connection.exec_driver_sql("SELECT * FROM api_tokens")).all()

    assert made["token"] not in str(rows)
