"""The id server: code flow, client credentials, refresh, validate, revoke, and its errors."""

import httpx
import pytest

from tests.fakes.twitch.conftest import CALLBACK, CLIENT, SAM, SECRET, user_token

QUERY = {
    "client_id": CLIENT,
    "redirect_uri": CALLBACK,
    "response_type": "code",
    "scope": "clips:edit user:bot",
}


def code_of(fake: httpx.Client) -> str:
    back = fake.get("/oauth2/authorize", params={**QUERY, "auto_approve": "1", "login_hint": "streamer_sam"})
    return httpx.URL(back.headers["location"]).params["code"]


def exchange(fake: httpx.Client, **changed: str) -> httpx.Response:
    form = {"client_id": CLIENT, "client_secret": SECRET, "grant_type": "authorization_code"}
    return fake.post("/oauth2/token", data={**form, "redirect_uri": CALLBACK, **changed})


def test_approval_comes_back_with_code_scope_and_state(fake: httpx.Client) -> None:
    back = fake.post("/oauth2/authorize", params={**QUERY, "state": "s"}, data={"decision": "clipper_cleo"})

    address = httpx.URL(back.headers["location"])
    assert (back.status_code, str(address.copy_with(query=None))) == (302, CALLBACK)
    assert len(address.params["code"]) == 30
    assert (address.params["scope"], address.params["state"]) == ("clips:edit user:bot", "s")


def test_denial_comes_back_in_the_words_of_twitch(fake: httpx.Client) -> None:
    back = fake.post("/oauth2/authorize", params={**QUERY, "state": "s"}, data={"decision": "deny"})

    query = "error=access_denied&error_description=The+user+denied+you+access&state=s"
    assert back.headers["location"] == f"{CALLBACK}?{query}"


def test_a_code_gives_tokens_once_with_scope_as_a_list(fake: httpx.Client) -> None:
    code = code_of(fake)

    first, second = exchange(fake, code=code), exchange(fake, code=code)

    body = first.json()
    assert {name: body[name] for name in ("expires_in", "scope", "token_type")} == {
        "expires_in": 14124,
        "scope": ["clips:edit", "user:bot"],
        "token_type": "bearer",
    }
    assert len(body["access_token"]) == 30
    assert (second.status_code, second.json()) == (
        400,
        {"status": 400, "message": "Invalid authorization code"},
    )


def test_client_credentials_may_stand_in_the_query(fake: httpx.Client) -> None:
    query = {"client_id": CLIENT, "client_secret": SECRET, "grant_type": "client_credentials"}

    body = fake.post("/oauth2/token", params=query).json()

    assert body.keys() == {"access_token", "expires_in", "token_type"}
    assert body["expires_in"] == 5011271


@pytest.mark.parametrize(
    ("changed", "status", "message"),
    [
        ({"client_id": ""}, 400, "missing client id"),
        ({"client_id": "nobody"}, 400, "invalid client"),
        ({"client_secret": "wrong"}, 403, "invalid client secret"),
        ({"grant_type": ""}, 400, "missing grant type"),
        (
            {"redirect_uri": "http://127.0.0.1:1/"},
            400,
            "Parameter redirect_uri does not match registered URI",
        ),
        ({"code": "wrong"}, 400, "Invalid authorization code"),
    ],
)
def test_the_token_endpoint_refuses_in_its_own_words(
    fake: httpx.Client, changed: dict[str, str], status: int, message: str
) -> None:
    answer = exchange(fake, **{"code": code_of(fake), **changed})

    assert (answer.status_code, answer.json()) == (status, {"status": status, "message": message})


def test_validate_names_the_person_until_the_token_is_revoked_or_too_old(fake: httpx.Client) -> None:
    token = user_token(fake, "streamer_sam", "clips:edit")
    oauth = {"Authorization": f"OAuth {token}"}

    before = fake.get("/oauth2/validate", headers=oauth)
    revoked = fake.post("/oauth2/revoke", data={"client_id": CLIENT, "token": token})
    after = fake.get("/oauth2/validate", headers=oauth)
    again = fake.post("/oauth2/revoke", data={"client_id": CLIENT, "token": token})

    assert before.json()["expires_in"] in (14123, 14124)
    assert {**before.json(), "expires_in": 0} == {
        "client_id": CLIENT,
        "login": "streamer_sam",
        "scopes": ["clips:edit"],
        "user_id": SAM,
        "expires_in": 0,
    }
    assert (revoked.status_code, revoked.content) == (200, b"")
    assert (after.status_code, after.json()) == (401, {"status": 401, "message": "invalid access token"})
    assert (again.status_code, again.json()) == (400, {"status": 400, "message": "Invalid token"})


def test_an_access_token_ends_by_the_clock_and_is_refreshed(fake: httpx.Client) -> None:
    issued = exchange(fake, code=code_of(fake)).json()
    fake.post("/_fake/clock", json={"advance_s": 14125})

    old = fake.get("/oauth2/validate", headers={"Authorization": f"Bearer {issued['access_token']}"})
    new = exchange(fake, grant_type="refresh_token", refresh_token=issued["refresh_token"]).json()

    assert old.status_code == 401
    assert fake.get("/oauth2/validate", headers={"Authorization": f"Bearer {new['access_token']}"}).is_success


def test_revoking_for_an_unknown_client_is_404(fake: httpx.Client) -> None:
    answer = fake.post("/oauth2/revoke", data={"client_id": "nobody", "token": "x"})

    assert (answer.status_code, answer.json()["message"]) == (404, "client does not exist")


def test_the_production_client_is_a_tripwire(fake: httpx.Client) -> None:
    answer = exchange(fake, client_id="twitchproductionclient00000000", code="x")

    violations = fake.get("/_fake/requests", params={"violations": 1}).json()["requests"]
    assert (answer.status_code, answer.json()["message"]) == (400, "invalid client")
    assert "twitchproductionclient00000000" in violations[0]["violation"]
