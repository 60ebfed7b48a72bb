from __future__ import annotations

import httpx
import pytest

from tests.clipnet.api.conftest import PASSWORD, SignUp


async def test_signing_up_makes_a_user_and_logs_in(client: httpx.AsyncClient) -> None:
    body = {"email": " Sam@Example.com ", "password": PASSWORD, "name": "Sam"}

    answer = await client.post("/v1/users", json=body)

    assert answer.status_code == 201
    assert answer.json()["token"] is None
    user = answer.json()["user"]
    assert (user["email"], user["name"], user["role"]) == ("sam@example.com", "Sam", "user")
    assert (await client.get("/v1/me")).json()["user"] == user


async def test_the_session_cookie_is_out_of_reach_of_scripts_and_other_sites(
    client: httpx.AsyncClient,
) -> None:
    body = {"email": "sam@example.com", "password": PASSWORD, "name": "Sam"}

    answer = await client.post("/v1/users", json=body)

    cookie = answer.headers["set-cookie"].lower()
    assert all(part in cookie for part in ("httponly", "samesite=lax", "path=/", "max-age=1209600"))


async def test_an_email_is_taken_once(client: httpx.AsyncClient, sam: httpx.AsyncClient) -> None:
    body = {"email": "SAM@example.com", "password": PASSWORD, "name": "Sam"}

    answer = await client.post("/v1/users", json=body)

    assert (answer.status_code, answer.json()["code"]) == (409, "email_taken")


async def test_what_is_wrong_with_a_sign_up_is_said_field_by_field(client: httpx.AsyncClient) -> None:
    answer = await client.post("/v1/users", json={"email": "nobody", "password": "short", "nickname": "x"})

    problem = answer.json()
    assert (answer.status_code, problem["code"]) == (422, "invalid_request")
    assert {error["field"]: error["message"] for error in problem["errors"]} == {
        "email": "this is not an email address",
        "password": "string should have at least 8 characters",
        "name": "field required",
        "nickname": "extra inputs are not permitted",
    }


@pytest.mark.parametrize("path", ["/v1/users", "/v1/session"])
async def test_what_the_database_cannot_store_is_refused_in_words(
    client: httpx.AsyncClient, path: str
) -> None:
    body = {"email": "s\x00m@example.com", "password": PASSWORD}

    answer = await client.post(path, json=body | ({"name": "Sam"} if path == "/v1/users" else {}))

    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_request")
    assert [error["field"] for error in answer.json()["errors"]] == ["email"]


async def test_broken_json_is_said_to_be_broken(client: httpx.AsyncClient) -> None:
    answer = await client.post("/v1/users", content=b"{", headers={"content-type": "application/json"})

    assert (answer.status_code, answer.json()["code"]) == (400, "body_unreadable")


async def test_without_a_session_there_is_nobody(client: httpx.AsyncClient) -> None:
    answer = await client.get("/v1/me")

    assert (answer.status_code, answer.json()["code"]) == (401, "not_logged_in")
    assert answer.headers["www-authenticate"].startswith("Bearer")


async def test_a_new_password_ends_other_sessions_but_not_this_one(
    sam: httpx.AsyncClient, client: httpx.AsyncClient
) -> None:
    await client.post("/v1/session", json={"email": "sam@example.com", "password": PASSWORD})

    changed = await sam.patch("/v1/me", json={"password": "another password", "name": "Samuel"})

    assert changed.json()["user"]["name"] == "Samuel"
    assert (await sam.get("/v1/me")).status_code == 200
    assert (await client.get("/v1/me")).status_code == 401


async def test_two_users_see_themselves(sign_up: SignUp) -> None:
    cleo, vic = await sign_up("cleo"), await sign_up("vic")

    names = [(await one.get("/v1/me")).json()["user"]["name"] for one in (cleo, vic)]

    assert names == ["Cleo", "Vic"]
