from __future__ import annotations

import httpx
import pytest

from tests.fakes.oauth_login import VERIFIER, approved, callback
from tests.fakes.serving import Served
from tests.fakes.tiktok.conftest import ASK, AUTH, CLIENT, TOKEN, Bearer, tokens

REVOKE = "/v2/oauth/revoke/"
CHALLENGE = "13d31e961a1ad8ec2f16b10c4c982e0876a878ad6df144566ee1894acb70f9c3"


def exchange(client: httpx.Client, code: str, **changes: str) -> httpx.Response:
    form = {"grant_type": "authorization_code", "code": code, "redirect_uri": ASK["redirect_uri"]}
    return client.post(TOKEN, data={**form, **CLIENT, **changes})


def refresh(client: httpx.Client, token: str) -> httpx.Response:
    return client.post(TOKEN, data={"grant_type": "refresh_token", "refresh_token": token, **CLIENT})


def described(answer: httpx.Response) -> tuple[int, str, str]:
    body = answer.json()
    assert set(body) == {"error", "error_description", "log_id"}
    assert len(body["log_id"]) == 34
    return answer.status_code, body["error"], body["error_description"]


def test_the_redirect_names_the_scopes_with_commas(client: httpx.Client) -> None:
    page = client.get(AUTH, params=ASK)

    answer = callback(client.post(str(page.request.url), data={"decision": "mod_mia"}))

    assert "TikTok" in page.text
    assert (answer["scopes"], answer["state"]) == ("user.info.basic,video.publish", "s1")
    assert "!" in answer["code"]


def test_tokens_come_flat_and_with_both_lifetimes(client: httpx.Client) -> None:
    body = tokens(client, "streamer_sam")

    assert body["access_token"].startswith("act.")
    assert body["refresh_token"].startswith("rft.")
    assert {name: body[name] for name in ("expires_in", "refresh_expires_in", "scope", "token_type")} == {
        "expires_in": 7200,
        "refresh_expires_in": 15552000,
        "scope": "user.info.basic,video.publish",
        "token_type": "Bearer",
    }
    assert len(body["open_id"]) == 36


def test_the_challenge_is_hex_and_not_base64(client: httpx.Client) -> None:
    ask = {**ASK, "code_challenge": CHALLENGE, "code_challenge_method": "S256"}
    codes = [approved(client, AUTH, ask, "streamer_sam")["code"] for _ in range(2)]

    right = exchange(client, codes[0], code_verifier=VERIFIER)
    wrong = exchange(client, codes[1], code_verifier="x" * 43)

    assert "access_token" in right.json()
    assert described(wrong) == (200, "invalid_request", "Code verifier or code challenge is invalid.")


def test_a_refresh_always_brings_a_new_refresh_token_and_ends_the_old_one(client: httpx.Client) -> None:
    first = tokens(client, "streamer_sam")["refresh_token"]

    second = refresh(client, first).json()["refresh_token"]
    old = refresh(client, first)
    third = refresh(client, second)

    assert second != first
    assert described(old) == (200, "invalid_grant", "Refresh token is invalid or expired.")
    assert "access_token" in third.json()


def test_tokens_end_in_their_time(client: httpx.Client, running: Served) -> None:
    body = tokens(client, "streamer_sam")
    access = {"Authorization": f"Bearer {body['access_token']}"}
    asked = {"fields": "open_id"}

    running.clock.advance(7199)
    live = client.get("/v2/user/info/", params=asked, headers=access)
    running.clock.advance(2)
    late = client.get("/v2/user/info/", params=asked, headers=access)
    running.clock.advance(15_552_000)

    assert live.json()["data"]["user"]["open_id"] == body["open_id"]
    assert (late.status_code, late.json()["error"]["code"]) == (401, "access_token_invalid")
    assert described(refresh(client, body["refresh_token"]))[1] == "invalid_grant"


def test_misuse_is_answered_with_status_200_in_tiktoks_words(client: httpx.Client, running: Served) -> None:
    used, late, moved = (approved(client, AUTH, ASK, "streamer_sam")["code"] for _ in range(3))
    exchange(client, used)

    answers = {
        "used": exchange(client, used),
        "redirect": exchange(client, moved, redirect_uri="http://localhost:1/"),
        "secret": exchange(client, moved, client_secret="wrong"),
        "client": exchange(client, moved, client_key="nobody"),
        "grant": exchange(client, moved, grant_type="password"),
        "no code": exchange(client, ""),
        "json": client.post(TOKEN, json={"grant_type": "authorization_code", **CLIENT}),
    }
    running.clock.advance(601)
    answers["late"] = exchange(client, late)

    assert {name: described(answer)[:2] for name, answer in answers.items()} == {
        "used": (200, "invalid_grant"),
        "redirect": (200, "invalid_request"),
        "secret": (200, "invalid_client"),
        "client": (200, "invalid_client"),
        "grant": (200, "unsupported_grant_type"),
        "no code": (200, "invalid_request"),
        "json": (200, "invalid_request"),
        "late": (200, "invalid_grant"),
    }
    assert described(answers["late"])[2] == "Authorization code is expired."
    assert described(answers["secret"])[2] == "Client key or secret is incorrect."
    assert described(answers["no code"])[2] == "The request parameters are malformed."


def test_the_status_of_oauth_errors_can_be_set(client: httpx.Client) -> None:
    client.put("/_fake/state", json={"oauth_error_http_status": 400})

    assert described(refresh(client, "rft.none"))[:2] == (400, "invalid_grant")


def test_the_credentials_stand_in_the_body_only(client: httpx.Client) -> None:
    form = {"grant_type": "client_credentials"}

    basic = client.post(TOKEN, data=form, auth=("awstaging", "tiktok-staging-secret"))
    body = client.post(TOKEN, data={**form, **CLIENT})

    assert described(basic)[1] == "invalid_request"
    assert body.json()["access_token"].startswith("clt.")
    assert (body.json()["expires_in"], set(body.json())) == (
        7200,
        {"access_token", "expires_in", "token_type"},
    )


def test_bad_authorization_requests_are_pages_or_go_back(client: httpx.Client) -> None:
    page = client.get(AUTH, params={**ASK, "redirect_uri": "https://evil.test/"})
    back = client.get(AUTH, params={**ASK, "scope": "everything"})
    denied = client.post(AUTH, params=ASK, data={"decision": "deny"})

    assert page.status_code == 400
    assert page.headers["content-type"].startswith("text/html")
    assert callback(back)["error"] == "invalid_scope"
    assert callback(denied)["error"] == "access_denied"


def test_productions_client_is_refused_and_recorded(client: httpx.Client) -> None:
    answer = client.post(TOKEN, data={"grant_type": "client_credentials", "client_key": "awproduction"})

    found = client.get("/_fake/requests", params={"violations": "1"}).json()["requests"]
    assert described(answer)[1] == "invalid_client"
    assert [entry["violation"] for entry in found] == ["production client 'awproduction' was used at TikTok"]


def test_revoking_ends_both_tokens(client: httpx.Client) -> None:
    body = tokens(client, "streamer_sam")
    access = {"Authorization": f"Bearer {body['access_token']}"}

    revoked = client.post(REVOKE, data={**CLIENT, "token": body["access_token"]})

    assert (revoked.status_code, revoked.json()) == (200, {})
    assert client.get("/v2/user/info/", params={"fields": "open_id"}, headers=access).status_code == 401
    assert described(refresh(client, body["refresh_token"]))[1] == "invalid_grant"
    assert described(client.post(REVOKE, data={**CLIENT, "token": body["access_token"]}))[0] == 200


def test_user_info_needs_fields_and_their_scopes(client: httpx.Client, bearer: Bearer) -> None:
    token = bearer("clipper_cleo", "user.info.basic,user.info.profile")

    def asked(fields: str) -> httpx.Response:
        return client.get("/v2/user/info/", params={"fields": fields}, headers=token)

    good, none, unknown, scope = map(asked, ("display_name,username", "", "shoe_size", "likes_count"))
    missing = client.get("/v2/user/info/", params={"fields": "open_id"})

    assert good.json()["data"] == {"user": {"display_name": "Clipper Cleo", "username": "clipper_cleo"}}
    assert good.json()["error"]["code"] == "ok"
    assert (none.status_code, none.json()["error"]["code"]) == (400, "invalid_params")
    assert (unknown.status_code, unknown.json()["error"]["code"]) == (400, "invalid_params")
    assert (scope.status_code, scope.json()["error"]["code"]) == (401, "scope_not_authorized")
    assert missing.json()["data"] == {}
    assert missing.json()["error"]["message"] == ("The access token is invalid or not found in the request.")


@pytest.mark.parametrize("uri", ["http://localhost:9/cb", "http://127.0.0.1:9123/any/path"])
def test_desktop_applications_come_back_to_loopback_and_must_prove_themselves(
    client: httpx.Client, uri: str
) -> None:
    desktop = {**ASK, "redirect_uri": uri}

    without = client.get(AUTH, params=desktop)
    with_challenge = {**desktop, "code_challenge": CHALLENGE, "code_challenge_method": "S256"}

    assert without.status_code == 400
    assert "Code verifier or code challenge is invalid." in without.text
    assert "code" in approved(client, AUTH, with_challenge, "streamer_sam")
