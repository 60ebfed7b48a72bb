"""OAuth: code flow, refresh, revoke, client credentials, who is logged in, and the errors."""

import base64

import httpx
import pytest

from tests.fakes.discord.conftest import API, APPLICATION, CALLBACK, PRODUCTION, SECRET, bearer, user_tokens

AUTH = httpx.BasicAuth(APPLICATION, SECRET)
QUERY = {
    "client_id": APPLICATION,
    "redirect_uri": CALLBACK,
    "response_type": "code",
    "scope": "identify email",
}


def test_basic_is_as_the_documentation_writes_it() -> None:
    expected = "MTEwMDAwMDAwMDAwMDAwMDAwMTpkaXNjb3JkLXN0YWdpbmctc2VjcmV0"

    assert base64.b64encode(f"{APPLICATION}:{SECRET}".encode()).decode() == expected


def test_a_login_gives_a_pair_of_tokens_and_the_person(fake: httpx.Client) -> None:
    tokens = user_tokens(fake, "clipper_cleo", "identify email")

    me = fake.get(f"{API}/users/@me", headers=bearer(tokens["access_token"]))

    assert (tokens["token_type"], tokens["expires_in"], tokens["scope"]) == (
        "Bearer",
        604800,
        "identify email",
    )
    assert me.headers["content-type"] == "application/json"
    assert me.headers["via"] == "1.1 google"
    assert {
        name: me.json()[name] for name in ("id", "username", "global_name", "email", "discriminator")
    } == {
        "id": "1200000000000000002",
        "username": "clipper_cleo",
        "global_name": "Clipper Cleo",
        "email": "cleo@clipnet.test",
        "discriminator": "0",
    }


def test_the_address_needs_its_scope_and_the_api_has_an_unversioned_path(fake: httpx.Client) -> None:
    token = user_tokens(fake, "clipper_cleo", "identify")["access_token"]

    me = fake.get("/api/users/@me", headers=bearer(token)).json()
    guilds = fake.get("/api/users/@me/guilds", headers=bearer(token))
    own = fake.get("/api/oauth2/@me", headers=bearer(token)).json()

    assert "email" not in me
    assert (guilds.status_code, guilds.json()) == (403, {"message": "Unauthorized", "code": 40001})
    assert (own["scopes"], own["user"]["username"], own["application"]["id"]) == (
        ["identify"],
        "clipper_cleo",
        APPLICATION,
    )


def test_a_refresh_gives_a_new_pair_and_a_revoked_one_is_dead(fake: httpx.Client) -> None:
    old = user_tokens(fake, "viewer_vic", "identify")
    form = {"grant_type": "refresh_token", "refresh_token": old["refresh_token"]}

    new = fake.post(f"{API}/oauth2/token", data=form, auth=AUTH).json()
    reused = fake.post(f"{API}/oauth2/token", data=form, auth=AUTH)
    revoked = fake.post(f"{API}/oauth2/token/revoke", data={"token": new["access_token"]}, auth=AUTH)
    again = fake.post(f"{API}/oauth2/token/revoke", data={"token": new["access_token"]}, auth=AUTH)
    me = fake.get(f"{API}/users/@me", headers=bearer(new["access_token"]))

    assert new["refresh_token"] != old["refresh_token"]
    assert reused.json() == {
        "error": "invalid_grant",
        "error_description": 'Invalid "refresh_token" in request.',
    }
    assert [(answer.status_code, answer.json()) for answer in (revoked, again)] == [(200, {}), (200, {})]
    assert (me.status_code, me.json()) == (401, {"message": "401: Unauthorized", "code": 0})


def test_client_credentials_are_the_owners(fake: httpx.Client) -> None:
    form = {"grant_type": "client_credentials", "scope": "identify"}

    tokens = fake.post(f"{API}/oauth2/token", data=form, auth=AUTH).json()

    assert "refresh_token" not in tokens
    assert fake.get(f"{API}/users/@me", headers=bearer(tokens["access_token"])).json()["username"] == (
        "streamer_sam"
    )


@pytest.mark.parametrize(
    ("form", "auth", "status", "error"),
    [
        (
            {"grant_type": "authorization_code", "code": "x", "redirect_uri": CALLBACK},
            AUTH,
            400,
            "invalid_grant",
        ),
        ({"grant_type": "password"}, AUTH, 400, "unsupported_grant_type"),
        ({}, AUTH, 400, "unsupported_grant_type"),
        ({"grant_type": "client_credentials", "scope": "fly"}, AUTH, 400, "invalid_scope"),
        ({"grant_type": "client_credentials"}, httpx.BasicAuth(APPLICATION, "x"), 401, "invalid_client"),
        ({"grant_type": "client_credentials"}, httpx.BasicAuth(PRODUCTION, SECRET), 401, "invalid_client"),
        ({"grant_type": "client_credentials"}, None, 401, "invalid_client"),
    ],
)
def test_the_token_endpoint_refuses(
    fake: httpx.Client, form: dict[str, str], auth: httpx.BasicAuth | None, status: int, error: str
) -> None:
    answer = fake.post(f"{API}/oauth2/token", data=form, auth=auth or httpx.Auth())

    assert (answer.status_code, answer.json()["error"]) == (status, error)


def test_a_json_body_is_not_read(fake: httpx.Client) -> None:
    answer = fake.post(f"{API}/oauth2/token", json={"grant_type": "client_credentials"}, auth=AUTH)

    assert (answer.status_code, answer.json()["error"]) == (400, "unsupported_grant_type")


def test_denial_comes_back_in_the_words_of_discord(fake: httpx.Client) -> None:
    back = fake.post("/oauth2/authorize", params={**QUERY, "state": "s"}, data={"decision": "deny"})

    params = httpx.URL(back.headers["location"]).params
    assert dict(params) == {
        "error": "access_denied",
        "error_description": "The resource owner or authorization server denied the request",
        "state": "s",
    }


def test_the_implicit_flow_brings_a_token_in_the_fragment_and_none_to_refresh(fake: httpx.Client) -> None:
    ask = {**QUERY, "response_type": "token", "state": "s"}

    back = fake.post("/oauth2/authorize", params=ask, data={"decision": "clipper_cleo"})

    address = httpx.URL(back.headers["location"])
    found = dict(httpx.QueryParams(address.fragment))
    me = fake.get(f"{API}/users/@me", headers=bearer(found.pop("access_token")))
    assert str(address.copy_with(fragment=None)) == CALLBACK
    assert found == {"token_type": "Bearer", "expires_in": "604800", "scope": "identify email", "state": "s"}
    assert me.json()["username"] == "clipper_cleo"


def test_a_wrong_redirect_is_a_page_and_never_a_redirect(fake: httpx.Client) -> None:
    answer = fake.get("/oauth2/authorize", params={**QUERY, "redirect_uri": "http://127.0.0.1:1/else"})

    assert answer.status_code == 400
    assert answer.headers["content-type"].startswith("text/html")


@pytest.mark.parametrize("token", ["Bot wrong", "Bearer wrong", ""])
def test_a_wrong_token_is_unauthorized(fake: httpx.Client, token: str) -> None:
    answer = fake.get(f"{API}/users/@me", headers={"Authorization": token} if token else {})

    assert (answer.status_code, answer.json()) == (401, {"message": "401: Unauthorized", "code": 0})


def test_productions_bot_and_application_are_tripwires(bot: httpx.Client) -> None:
    commands = bot.get(f"{API}/applications/{PRODUCTION}/commands")
    token = bot.get(f"{API}/users/@me", headers={"Authorization": "Bot discord-production-bot-token"})

    assert (commands.status_code, token.status_code) == (403, 401)
    assert bot.get("/_fake/state").json()["violations"] == 2


def test_a_bot_is_let_in_without_a_way_back(fake: httpx.Client) -> None:
    install = {"client_id": APPLICATION, "scope": "bot applications.commands", "permissions": "8"}

    page = fake.get("/oauth2/authorize", params=install)
    done = fake.post("/oauth2/authorize", params=install, data={"decision": "streamer_sam"})
    denied = fake.post("/oauth2/authorize", params=install, data={"decision": "deny"})
    wrong = fake.get("/oauth2/authorize", params={**install, "scope": "bot identify"})

    assert "Clipper Cleo" in page.text
    assert [(answer.status_code, "You may close this page." in answer.text) for answer in (done, denied)] == [
        (200, True),
        (200, True),
    ]
    assert wrong.status_code == 400


def test_a_bot_that_is_let_in_by_the_code_flow_comes_with_its_guild(fake: httpx.Client) -> None:
    ask = {**QUERY, "scope": "bot identify", "permissions": "8", "auto_approve": "1"}
    back = httpx.URL(fake.get("/oauth2/authorize", params=ask).headers["location"]).params
    form = {"grant_type": "authorization_code", "code": back["code"], "redirect_uri": CALLBACK}

    tokens = fake.post(f"{API}/oauth2/token", data=form, auth=AUTH).json()

    assert (back["guild_id"], back["permissions"]) == ("290926798626357999", "8")
    assert tokens["guild"]["id"] == back["guild_id"]


def test_a_webhook_comes_with_its_scope_and_takes_messages(fake: httpx.Client) -> None:
    tokens = user_tokens(fake, "streamer_sam", "webhook.incoming")

    webhook = tokens["webhook"]
    sent = fake.post(webhook["url"], params={"wait": "true"}, json={"content": "hello"})

    assert (webhook["type"], webhook["application_id"], webhook["guild_id"]) == (
        1,
        APPLICATION,
        "290926798626357999",
    )
    assert (sent.status_code, sent.json()["webhook_id"]) == (200, webhook["id"])
