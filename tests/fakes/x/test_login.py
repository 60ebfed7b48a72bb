"""OAuth: PKCE, the code's 30 seconds, rotation, the application's own token, and the errors."""

import base64

import httpx
import pytest

from fakes.kit.oauth import s256_base64url
from tests.fakes.oauth_login import VERIFIER
from tests.fakes.x.conftest import (
    AUTH,
    CALLBACK,
    CLIENT,
    SECRET,
    VIC,
    code_of,
    exchange,
    query,
    user_headers,
)


def test_the_computed_values_of_the_documentation() -> None:
    basic = base64.b64encode(f"{CLIENT}:{SECRET}".encode()).decode()

    assert basic == "eC1zdGFnaW5nLWNsaWVudDp4LXN0YWdpbmctc2VjcmV0"
    assert s256_base64url(VERIFIER) == "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"


def test_a_login_gives_tokens_and_the_person(fake: httpx.Client) -> None:
    tokens = exchange(fake, code=code_of(fake)).json()

    me = fake.get("/2/users/me", headers={"Authorization": f"Bearer {tokens['access_token']}"})

    assert (tokens["token_type"], tokens["expires_in"]) == ("bearer", 7200)
    assert "refresh_token" in tokens
    assert me.json() == {"data": {"id": VIC, "name": "Viewer Vic", "username": "viewer_vic"}}
    assert [me.headers[f"x-rate-limit-{name}"] for name in ("limit", "remaining")] == ["75", "74"]


def test_a_refresh_token_comes_only_with_offline_access(fake: httpx.Client) -> None:
    tokens = exchange(fake, code=code_of(fake, scope="users.read tweet.read")).json()

    assert "refresh_token" not in tokens


def test_a_code_lives_30_seconds(fake: httpx.Client) -> None:
    code = code_of(fake)
    fake.post("/_fake/clock", json={"advance_s": 31})

    late = exchange(fake, code=code)

    assert (late.status_code, late.json()) == (
        400,
        {
            "error": "invalid_request",
            "error_description": "Value passed for the authorization code was invalid.",
        },
    )


def test_refresh_tokens_rotate_and_a_reuse_is_refused(fake: httpx.Client) -> None:
    old = exchange(fake, code=code_of(fake)).json()["refresh_token"]

    new = exchange(fake, grant_type="refresh_token", refresh_token=old)
    reuse = exchange(fake, grant_type="refresh_token", refresh_token=old)

    assert new.json()["refresh_token"] != old
    assert reuse.json() == {
        "error": "invalid_request",
        "error_description": "Value passed for the token was invalid.",
    }


def test_the_token_endpoint_reads_json_too(fake: httpx.Client) -> None:
    body = {"grant_type": "authorization_code", "code": code_of(fake), "redirect_uri": CALLBACK}

    answer = fake.post("/2/oauth2/token", json={**body, "code_verifier": VERIFIER}, auth=AUTH)

    assert answer.status_code == 200


def test_revoking_ends_the_access(fake: httpx.Client) -> None:
    tokens = exchange(fake, code=code_of(fake)).json()

    revoked = fake.post("/2/oauth2/revoke", data={"token": tokens["refresh_token"]}, auth=AUTH)
    me = fake.get("/2/users/me", headers={"Authorization": f"Bearer {tokens['access_token']}"})

    assert revoked.json() == {"revoked": True}
    assert (me.status_code, me.headers["content-type"]) == (401, "application/problem+json")
    assert me.json() == {
        "title": "Unauthorized",
        "type": "about:blank",
        "status": 401,
        "detail": "Unauthorized",
    }


@pytest.mark.parametrize(
    ("changed", "auth", "status", "body"),
    [
        (
            {},
            None,
            401,
            {"error": "unauthorized_client", "error_description": "Missing valid authorization header"},
        ),
        (
            {"code_verifier": ""},
            AUTH,
            400,
            {
                "error": "invalid_request",
                "error_description": "Missing required parameter [code_verifier].",
            },
        ),
        (
            {"redirect_uri": "http://127.0.0.1:1/"},
            AUTH,
            400,
            {
                "error": "invalid_request",
                "error_description": (
                    "Value passed for the redirect uri did not match the uri of the authorization code."
                ),
            },
        ),
        (
            {"code_verifier": "x" * 43},
            AUTH,
            400,
            {
                "error": "invalid_request",
                "error_description": "Value passed for the code verifier did not match the code challenge.",
            },
        ),
        (
            {"grant_type": "client_credentials"},
            AUTH,
            400,
            {
                "error": "unsupported_grant_type",
                "error_description": "Grant type [client_credentials] is not supported.",
            },
        ),
    ],
)
def test_the_token_endpoint_refuses(
    fake: httpx.Client,
    changed: dict[str, str],
    auth: httpx.BasicAuth | None,
    status: int,
    body: dict[str, str],
) -> None:
    form = {"grant_type": "authorization_code", "code": code_of(fake), "redirect_uri": CALLBACK}

    answer = fake.post(
        "/2/oauth2/token", data={**form, "code_verifier": VERIFIER, **changed}, auth=auth or httpx.Auth()
    )

    assert (answer.status_code, answer.json()) == (status, body)


def test_pkce_is_a_must_and_denial_comes_back(fake: httpx.Client) -> None:
    without = {name: value for name, value in query().items() if not name.startswith("code_challenge")}

    refused = fake.get("/i/oauth2/authorize", params=without)
    denied = fake.post("/i/oauth2/authorize", params=query(), data={"decision": "deny"})

    assert refused.status_code == 400
    assert denied.headers["location"] == f"{CALLBACK}?error=access_denied&state=s"


def test_the_application_has_a_token_of_its_own(app: httpx.Client) -> None:
    me = app.get("/2/users/me")
    hooks = app.get("/2/webhooks")

    assert (me.status_code, me.json()["title"]) == (403, "Unsupported Authentication")
    assert hooks.json()["meta"] == {"result_count": 1}


def test_scopes_are_needed(fake: httpx.Client) -> None:
    answer = fake.post("/2/tweets", json={"text": "x"}, headers=user_headers(fake, scope="users.read"))

    assert (answer.status_code, answer.json()["title"]) == (403, "Forbidden")


def test_productions_client_and_token_are_tripwires(fake: httpx.Client) -> None:
    client = fake.post(
        "/2/oauth2/token", data={"grant_type": "refresh_token"}, auth=("x-production-client", "x")
    )
    token = fake.get("/2/users/me", headers={"Authorization": "Bearer x-production-bot-token"})

    assert (client.status_code, token.status_code) == (401, 401)
    assert fake.get("/_fake/state").json()["violations"] == 2


def test_the_applications_token_is_invalidated(app: httpx.Client) -> None:
    token = app.headers["Authorization"].removeprefix("Bearer ")
    send = {"data": {"access_token": token}, "auth": httpx.BasicAuth(CLIENT, SECRET)}

    done, again = (app.post("/oauth2/invalidate_token", **send) for _ in range(2))  # type: ignore[arg-type]

    assert (done.status_code, done.json()) == (200, {"access_token": token})
    assert (again.status_code, app.get("/2/webhooks").status_code) == (400, 401)


def test_a_client_without_a_secret_stands_in_the_body(fake: httpx.Client) -> None:
    row = {"id": "public", "redirect_uris": [CALLBACK]}
    fake.put("/_fake/state", json={"oauth": {"clients": [row]}})
    back = fake.get("/i/oauth2/authorize", params={**query(), "client_id": "public", "auto_approve": "1"})
    form = {"grant_type": "authorization_code", "redirect_uri": CALLBACK, "code_verifier": VERIFIER}
    form["code"] = httpx.URL(back.headers["location"]).params["code"]

    without = fake.post("/2/oauth2/token", data=form)
    named = fake.post("/2/oauth2/token", data={**form, "client_id": "public"})
    fake.put("/_fake/state", json={})

    assert (without.status_code, without.json()["error"]) == (401, "unauthorized_client")
    assert "access_token" in named.json()
