"""What each provider says to every misuse of its OAuth endpoints: status, body and headers, row by row."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import httpx
import pytest

from tests.fakes.oauth_login import REDIRECT
from tests.fakes.oauth_ways import WAYS, At, Way

CODE_LIFE_S = {"google": 600, "tiktok": 600, "twitch": 600, "discord": 600, "x": 30}


def used_code(way: Way, client: httpx.Client) -> httpx.Response:
    code = way.code(client)
    way.exchange(client, code)
    return way.exchange(client, code)


def late_code(way: Way, client: httpx.Client) -> httpx.Response:
    code = way.code(client)
    client.post("/_fake/clock", json={"advance_s": CODE_LIFE_S[way.name] + 1})
    return way.exchange(client, code)


def spent_refresh(way: Way, client: httpx.Client) -> httpx.Response:
    token = way.log_in(client)["refresh_token"]
    way.refresh(client, token)
    return way.refresh(client, token)


def revoked_refresh(way: Way, client: httpx.Client) -> httpx.Response:
    tokens = way.log_in(client)
    way.post(client, way.revoke, {"token": tokens["access_token"]})
    return way.refresh(client, tokens["refresh_token"])


def revoked_twice(way: Way, client: httpx.Client) -> httpx.Response:
    token = way.log_in(client)["access_token"]
    way.post(client, way.revoke, {"token": token})
    return way.post(client, way.revoke, {"token": token})


def others_code(way: Way, client: httpx.Client) -> httpx.Response:
    """A code that was handed to another client of the same provider."""
    return _as_other(way, client, lambda other: other.exchange(client, way.code(client)))


def others_refresh(way: Way, client: httpx.Client) -> httpx.Response:
    return _as_other(way, client, lambda other: other.refresh(client, way.log_in(client)["refresh_token"]))


def _as_other(way: Way, client: httpx.Client, act: Callable[[Way], httpx.Response]) -> httpx.Response:
    row = {"id": "other", "secret": "s3cret", "redirect_uris": [REDIRECT.format(provider=way.name)]}
    assert client.put("/_fake/state", json={"oauth": {"clients": [row]}}).status_code == 200
    return act(replace(way, client_id="other", client_secret="s3cret"))


def exchanging(**changes: str | None) -> Callable[[Way, httpx.Client], httpx.Response]:
    def exchange(way: Way, client: httpx.Client) -> httpx.Response:
        others = {name: value for name, value in changes.items() if name != "code"}
        return way.exchange(client, changes.get("code") or way.code(client), **others)

    return exchange


def with_client(client_id: str, secret: str) -> Callable[[Way, httpx.Client], httpx.Response]:
    return lambda way, client: replace(way, client_id=client_id, client_secret=secret).exchange(
        client, way.code(client)
    )


def refreshing(token: str, **changes: str | None) -> Callable[[Way, httpx.Client], httpx.Response]:
    return lambda way, client: way.refresh(client, token, **changes)


def without_client(way: Way, client: httpx.Client) -> httpx.Response:
    form = {"grant_type": "authorization_code", "code": way.code(client), "code_verifier": "v" * 43}
    return client.post(way.token, data={**form, "redirect_uri": REDIRECT.format(provider=way.name)})


def as_json(way: Way, client: httpx.Client) -> httpx.Response:
    return client.post(way.token, json={"grant_type": "client_credentials"}, auth=(way.client_id, "x"))


def wrong_secret(way: Way, client: httpx.Client) -> httpx.Response:
    return with_client(way.client_id, "wrong")(way, client)


def flat(error: str, description: str | None = None) -> dict[str, str]:
    return {"error": error, **({"error_description": description} if description else {})}


def helix(status: int, message: str) -> dict[str, Any]:
    return {"status": status, "message": message}


WRONG_REDIRECT = "http://127.0.0.1:1/else"
_MISUSES: dict[str, Callable[[Way, httpx.Client], httpx.Response]] = {
    "unknown code": exchanging(code="4/0Aunknown"),
    "malformed code": exchanging(code="abc"),
    "used code": used_code,
    "late code": late_code,
    "other client's code": others_code,
    "no code": lambda way, client: way.exchange(client, ""),
    "other redirect": exchanging(redirect_uri=WRONG_REDIRECT),
    "no verifier": exchanging(code_verifier=None),
    "wrong verifier": exchanging(code_verifier="w" * 43),
    "unknown client": with_client("nobody", "x"),
    "wrong secret": wrong_secret,
    "no client": without_client,
    "unknown grant type": exchanging(grant_type="password"),
    "no grant type": exchanging(grant_type=None),
    "unknown refresh token": refreshing("none"),
    "no refresh token": refreshing(""),
    "spent refresh token": spent_refresh,
    "revoked refresh token": revoked_refresh,
    "other client's refresh token": others_refresh,
    "revoked twice": revoked_twice,
    "json body": as_json,
}
_GOOGLE: dict[str, tuple[int, Any]] = {
    "unknown code": (400, flat("invalid_grant", "Bad Request")),
    "malformed code": (400, flat("invalid_grant", "Malformed auth code.")),
    "used code": (400, flat("invalid_grant", "Bad Request")),
    "late code": (400, flat("invalid_grant", "Bad Request")),
    "other client's code": (400, flat("invalid_grant", "Bad Request")),
    "no code": (400, flat("invalid_request", "Missing required parameter: code")),
    "other redirect": (400, flat("redirect_uri_mismatch", "Bad Request")),
    "no verifier": (400, flat("invalid_grant", "Missing code verifier.")),
    "wrong verifier": (400, flat("invalid_grant", "Invalid code verifier.")),
    "unknown client": (401, flat("invalid_client", "The OAuth client was not found.")),
    "wrong secret": (401, flat("invalid_client", "Unauthorized")),
    "no client": (400, flat("invalid_request", "Could not determine client ID from request.")),
    "unknown grant type": (400, flat("unsupported_grant_type", "Invalid grant_type: password")),
    "no grant type": (400, flat("invalid_request", "Missing required parameter: grant_type")),
    "unknown refresh token": (400, flat("invalid_grant", "Bad Request")),
    "no refresh token": (400, flat("invalid_request", "Missing required parameter: refresh_token")),
    "revoked refresh token": (400, flat("invalid_grant", "Token has been expired or revoked.")),
    "other client's refresh token": (401, flat("unauthorized_client", "Unauthorized")),
    "revoked twice": (400, flat("invalid_token", "Token expired or revoked")),
}
_DEAD_CODE = (200, flat("invalid_grant", "Authorization code is expired."))
_BAD_CODE = (200, flat("invalid_grant", "Authorization code is invalid."))
_MALFORMED = (200, flat("invalid_request", "The request parameters are malformed."))
_BAD_KEY = (200, flat("invalid_client", "Client key or secret is incorrect."))
_BAD_PROOF = (200, flat("invalid_request", "Code verifier or code challenge is invalid."))
_DEAD_REFRESH = (200, flat("invalid_grant", "Refresh token is invalid or expired."))
_NO_TOKEN = "The access token is invalid or not found in the request."
_TIKTOK: dict[str, tuple[int, Any]] = {
    "unknown code": _BAD_CODE,
    "used code": _DEAD_CODE,
    "late code": _DEAD_CODE,
    "other client's code": _BAD_CODE,
    "no code": _MALFORMED,
    "other redirect": (200, flat("invalid_request", "Redirect URI does not match.")),
    "no verifier": _BAD_PROOF,
    "wrong verifier": _BAD_PROOF,
    "unknown client": _BAD_KEY,
    "wrong secret": _BAD_KEY,
    "no client": _MALFORMED,
    "unknown grant type": (200, flat("unsupported_grant_type", "Unsupported grant type: password")),
    "no grant type": _MALFORMED,
    "unknown refresh token": _DEAD_REFRESH,
    "spent refresh token": _DEAD_REFRESH,
    "revoked refresh token": _DEAD_REFRESH,
    "other client's refresh token": _DEAD_REFRESH,
    "revoked twice": (200, flat("invalid_request", _NO_TOKEN)),
    "json body": _MALFORMED,
}
_NO_CODE = (400, helix(400, "Invalid authorization code"))
_NO_REFRESH = (400, {"error": "Bad Request", **helix(400, "Invalid refresh token")})
_TWITCH: dict[str, tuple[int, Any]] = {
    "unknown code": _NO_CODE,
    "used code": _NO_CODE,
    "late code": _NO_CODE,
    "other client's code": _NO_CODE,
    "no code": (400, helix(400, "missing code")),
    "other redirect": (400, helix(400, "Parameter redirect_uri does not match registered URI")),
    "no verifier": _NO_CODE,
    "wrong verifier": _NO_CODE,
    "unknown client": (400, helix(400, "invalid client")),
    "wrong secret": (403, helix(403, "invalid client secret")),
    "no client": (400, helix(400, "missing client id")),
    "unknown grant type": (400, helix(400, "invalid grant type")),
    "no grant type": (400, helix(400, "missing grant type")),
    "unknown refresh token": _NO_REFRESH,
    "no refresh token": (400, helix(400, "missing refresh token")),
    "revoked refresh token": _NO_REFRESH,
    "other client's refresh token": _NO_REFRESH,
    "revoked twice": (400, helix(400, "Invalid token")),
}
_DISCORD: dict[str, tuple[int, Any]] = {
    "unknown code": (400, flat("invalid_grant", 'Invalid "code" in request.')),
    "used code": (400, flat("invalid_grant", 'Invalid "code" in request.')),
    "late code": (400, flat("invalid_grant", 'Invalid "code" in request.')),
    "other client's code": (400, flat("invalid_grant", 'Invalid "code" in request.')),
    "no code": (400, flat("invalid_request", 'Missing "code" in request.')),
    "other redirect": (400, flat("invalid_grant", 'Invalid "redirect_uri" in request.')),
    "no verifier": (400, flat("invalid_grant", 'Invalid "code_verifier" in request.')),
    "wrong verifier": (400, flat("invalid_grant", 'Invalid "code_verifier" in request.')),
    "unknown client": (401, flat("invalid_client")),
    "wrong secret": (401, flat("invalid_client")),
    "no client": (401, flat("invalid_client")),
    "unknown grant type": (
        400,
        flat("unsupported_grant_type", "Grant type password is not supported"),
    ),
    "no grant type": (400, flat("unsupported_grant_type", "Grant type None is not supported")),
    "unknown refresh token": (400, flat("invalid_grant", 'Invalid "refresh_token" in request.')),
    "spent refresh token": (400, flat("invalid_grant", 'Invalid "refresh_token" in request.')),
    "revoked refresh token": (400, flat("invalid_grant", 'Invalid "refresh_token" in request.')),
    "other client's refresh token": (400, flat("invalid_grant", 'Invalid "refresh_token" in request.')),
    "revoked twice": (200, {}),
    "json body": (400, flat("unsupported_grant_type", "Grant type None is not supported")),
}
_BAD_X_CODE = (400, flat("invalid_request", "Value passed for the authorization code was invalid."))
_BAD_X_TOKEN = (400, flat("invalid_request", "Value passed for the token was invalid."))
_BAD_X_CLIENT = (401, flat("invalid_client", "Value passed for the client was invalid."))
_X: dict[str, tuple[int, Any]] = {
    "unknown code": _BAD_X_CODE,
    "used code": _BAD_X_CODE,
    "late code": _BAD_X_CODE,
    "other client's code": _BAD_X_CODE,
    "no code": (400, flat("invalid_request", "Missing required parameter [code].")),
    "other redirect": (
        400,
        flat(
            "invalid_request",
            "Value passed for the redirect uri did not match the uri of the authorization code.",
        ),
    ),
    "no verifier": (400, flat("invalid_request", "Missing required parameter [code_verifier].")),
    "wrong verifier": (
        400,
        flat("invalid_request", "Value passed for the code verifier did not match the code challenge."),
    ),
    "unknown client": _BAD_X_CLIENT,
    "wrong secret": _BAD_X_CLIENT,
    "no client": (401, flat("unauthorized_client", "Missing valid authorization header")),
    "unknown grant type": (
        400,
        flat("unsupported_grant_type", "Grant type [password] is not supported."),
    ),
    "no grant type": (400, flat("invalid_request", "Missing required parameter [grant_type].")),
    "unknown refresh token": _BAD_X_TOKEN,
    "spent refresh token": _BAD_X_TOKEN,
    "revoked refresh token": _BAD_X_TOKEN,
    "other client's refresh token": _BAD_X_TOKEN,
    "revoked twice": _BAD_X_TOKEN,
}
_TABLES = {"google": _GOOGLE, "tiktok": _TIKTOK, "twitch": _TWITCH, "discord": _DISCORD, "x": _X}


@pytest.mark.parametrize(
    ("name", "misuse"), [(name, misuse) for name, table in _TABLES.items() for misuse in table]
)
def test_a_misuse_is_answered_in_the_providers_words(at: At, name: str, misuse: str) -> None:
    answer = _MISUSES[misuse](WAYS[name], at(name))

    body = answer.json()
    if name == "tiktok":
        assert len(body.pop("log_id")) == 34
    assert (answer.status_code, body) == _TABLES[name][misuse]
    assert answer.headers["content-type"].startswith("application/json")


_PAGES: list[tuple[str, dict[str, str], int, str]] = [
    ("google", {"redirect_uri": WRONG_REDIRECT.replace("http:", "https:")}, 400, "redirect_uri_mismatch"),
    ("google", {"client_id": "nobody"}, 401, "invalid_client"),
    ("google", {"scope": "everything"}, 400, "invalid_scope"),
    ("google", {"response_type": "none"}, 400, "unsupported_response_type"),
    ("google", {"response_type": ""}, 400, "invalid_request"),
    ("google", {"code_challenge_method": "S512"}, 400, "invalid_request"),
    ("tiktok", {"redirect_uri": "https://evil.test/"}, 400, "invalid_request"),
    ("tiktok", {"client_key": "nobody"}, 400, "invalid_client"),
    ("twitch", {"redirect_uri": WRONG_REDIRECT}, 400, "Parameter redirect_uri does not match registered URI"),
    ("twitch", {"client_id": "nobody"}, 400, "invalid client"),
    ("twitch", {"response_type": "code token"}, 400, "invalid response type"),
    ("twitch", {"response_type": "id_token"}, 400, "missing openid scope"),
    ("discord", {"redirect_uri": WRONG_REDIRECT}, 400, "invalid_request"),
    ("discord", {"client_id": "nobody"}, 401, "invalid_client"),
    ("x", {"redirect_uri": WRONG_REDIRECT}, 400, "invalid_request"),
    ("x", {"client_id": "nobody"}, 400, "invalid_client"),
    ("x", {"scope": "everything"}, 400, "invalid_scope"),
    ("x", {"code_challenge": ""}, 400, "Missing required parameter [code_challenge]"),
    ("x", {"state": "s" * 501}, 400, "Value passed for the state was invalid"),
]


@pytest.mark.parametrize(("name", "changes", "status", "words"), _PAGES)
def test_a_bad_authorization_request_is_a_page_and_goes_nowhere(
    at: At, name: str, changes: dict[str, str], status: int, words: str
) -> None:
    way = WAYS[name]

    answer = at(name).get(way.authorize, params={**way.ask, **changes, "auto_approve": "1"})

    assert (answer.status_code, "location" in answer.headers) == (status, False)
    assert answer.headers["content-type"].startswith("text/html")
    assert words in answer.text


_BACK: list[tuple[str, dict[str, str], dict[str, str]]] = [
    ("google", {"prompt": "none"}, {"error": "login_required"}),
    (
        "tiktok",
        {"scope": "everything"},
        {"error": "invalid_scope", "error_description": "The requested scope is invalid."},
    ),
    (
        "tiktok",
        {"response_type": "token"},
        {
            "error": "unsupported_response_type",
            "error_description": "The response type is not supported.",
        },
    ),
    (
        "twitch",
        {"scope": "everything"},
        {"error": "invalid_scope", "error_description": "invalid scope requested"},
    ),
    (
        "discord",
        {"scope": "everything"},
        {
            "error": "invalid_scope",
            "error_description": "The requested scope is invalid, unknown, or malformed.",
        },
    ),
]


@pytest.mark.parametrize(("name", "changes", "expected"), _BACK)
def test_what_the_client_did_wrong_goes_back_to_it_with_its_state(
    at: At, name: str, changes: dict[str, str], expected: dict[str, str]
) -> None:
    way = WAYS[name]

    answer = at(name).get(way.authorize, params={**way.ask, "state": "s1", **changes})

    back = httpx.URL(answer.headers["location"])
    assert (answer.status_code, str(back.copy_with(query=None))) == (302, way.ask["redirect_uri"])
    assert dict(back.params) == {**expected, "state": "s1"}


_DENIED = {
    "google": {"error": "access_denied"},
    "tiktok": {
        "error": "access_denied",
        "error_description": "The user denied the authorization request.",
    },
    "twitch": {"error": "access_denied", "error_description": "The user denied you access"},
    "discord": {
        "error": "access_denied",
        "error_description": "The resource owner or authorization server denied the request",
    },
    "x": {"error": "access_denied"},
}


@pytest.mark.parametrize("name", WAYS)
def test_the_consent_page_names_five_people_and_one_may_refuse(at: At, name: str) -> None:
    way, client = WAYS[name], at(name)

    page = client.get(way.authorize, params={**way.ask, "state": "s1"})
    back = client.post(str(page.request.url), data={"decision": "deny"})

    people = ("Streamer Sam", "Clipper Cleo", "Viewer Vic", "Mod Mia", "Banned Ben")
    assert [one for one in people if one not in page.text] == []
    assert dict(httpx.URL(back.headers["location"]).params) == {**_DENIED[name], "state": "s1"}


ROTATES = {"google": False, "tiktok": True, "twitch": False, "discord": True, "x": True}


@pytest.mark.parametrize("name", WAYS)
def test_a_refresh_token_is_spent_where_the_provider_rotates_and_its_family_lives_on(
    at: At, name: str
) -> None:
    way, client = WAYS[name], at(name)
    first = way.log_in(client)

    second = way.refresh(client, first["refresh_token"]).json()
    again = way.refresh(client, first["refresh_token"]).json()
    third = way.refresh(client, second.get("refresh_token", first["refresh_token"])).json()

    is_new = second.get("refresh_token", first["refresh_token"]) != first["refresh_token"]
    assert (is_new, "access_token" not in again) == (ROTATES[name], ROTATES[name])
    assert "access_token" in third


PRODUCTION = [
    *((name, "authorize") for name in WAYS),
    *((name, "token") for name in WAYS),
    *((name, "body beside Basic") for name in WAYS),
    *((name, "revoke") for name in WAYS if name != "google"),  # Google's revocation names no client
    ("google", "device"),
    ("twitch", "device"),
    ("google", "device token"),
    ("twitch", "device token"),
]
DEVICE_PATHS = {"google": "/device/code", "twitch": "/oauth2/device"}


@pytest.mark.parametrize(("name", "where"), PRODUCTION)
def test_productions_client_is_refused_and_recorded_wherever_it_is_named(
    at: At, name: str, where: str
) -> None:
    way, client = WAYS[name], at(name)
    body = {way.client_param: way.production, "grant_type": "authorization_code", "code": "x", "token": "x"}
    device = {"grant_type": "urn:ietf:params:oauth:grant-type:device_code", "device_code": "x"}

    match where:
        case "authorize":
            answer = client.get(way.authorize, params={**way.ask, way.client_param: way.production})
        case "token":
            auth = (way.production, "x") if way.is_basic else httpx.Auth()
            answer = client.post(way.token, data=body, auth=auth)
        case "body beside Basic":
            answer = client.post(way.token, data=body, auth=(way.client_id, way.client_secret))
        case "revoke":
            answer = client.post(way.revoke, data=body)
        case "device":
            answer = client.post(DEVICE_PATHS[name], data={**body, "scope": "email", "scopes": "clips:edit"})
        case _:
            answer = client.post(way.token, data={**body, **device})

    found = client.get("/_fake/requests", params={"violations": "1"}).json()["requests"]
    assert answer.status_code in (200, 400, 401, 404)
    assert "access_token" not in answer.text
    assert [way.production in entry["violation"] for entry in found] == [True]
