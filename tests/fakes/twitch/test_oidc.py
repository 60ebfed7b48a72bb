"""OpenID Connect and the implicit flow: discovery, keys, id_tokens, claims, userinfo, fragments."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import parse_qsl

import httpx
import pytest
from joserfc import jwk, jwt

from fakes.kit.oauth import half_hash
from tests.fakes.oauth_login import callback
from tests.fakes.serving import Served
from tests.fakes.twitch.conftest import CALLBACK, CLIENT, SECRET

CLAIMS = {
    "id_token": {"email": None, "email_verified": None, "preferred_username": None},
    "userinfo": {"picture": None, "updated_at": None},
}
ASK = {
    "client_id": CLIENT,
    "redirect_uri": CALLBACK,
    "response_type": "code",
    "scope": "openid user:read:email",
    "state": "s1",
    "nonce": "n1",
    "claims": json.dumps(CLAIMS),
    "auto_approve": "1",
    "login_hint": "clipper_cleo",
}


def tokens(fake: httpx.Client, **changes: str) -> dict[str, Any]:
    code = callback(fake.get("/oauth2/authorize", params={**ASK, **changes}))["code"]
    form = {"client_id": CLIENT, "client_secret": SECRET, "grant_type": "authorization_code"}
    found: dict[str, Any] = fake.post(
        "/oauth2/token", data={**form, "code": code, "redirect_uri": CALLBACK}
    ).json()
    return found


def verified(fake: httpx.Client, id_token: str) -> dict[str, Any]:
    keys = jwk.KeySet.import_key_set(fake.get("/oauth2/keys").json())
    return jwt.decode(id_token, keys, algorithms=["RS256"]).claims


def fragment(answer: httpx.Response) -> dict[str, str]:
    back = httpx.URL(answer.headers["location"])
    assert (answer.status_code, str(back.copy_with(fragment=None))) == (302, CALLBACK)
    return dict(parse_qsl(back.fragment))


def test_discovery_is_about_the_origin_where_it_lies(fake: httpx.Client, running: Served) -> None:
    found = fake.get("/oauth2/.well-known/openid-configuration").json()

    issuer = f"{running.url('twitch')}/oauth2"
    assert (found["issuer"], found["token_endpoint"]) == (issuer, f"{issuer}/token")
    assert found["claims_parameter_supported"] is True
    assert fake.get(found["jwks_uri"]).json()["keys"][0]["alg"] == "RS256"


def test_an_id_token_verifies_and_holds_the_claims_that_were_asked_for(
    fake: httpx.Client, running: Served
) -> None:
    body = tokens(fake)

    claims = verified(fake, body["id_token"])

    assert body["scope"] == ["openid", "user:read:email"]
    assert claims.pop("exp") - claims.pop("iat") == 900
    assert claims == {
        "aud": CLIENT,
        "azp": CLIENT,
        "iss": f"{running.url('twitch')}/oauth2",
        "sub": "1000012",
        "nonce": "n1",
        "at_hash": half_hash(body["access_token"]),
        "email": "cleo@clipnet.test",
        "email_verified": True,
        "preferred_username": "Clipper Cleo",
    }


def test_the_address_needs_its_scope(fake: httpx.Client) -> None:
    claims = verified(fake, tokens(fake, scope="openid")["id_token"])

    assert "email" not in claims
    assert claims["preferred_username"] == "Clipper Cleo"


def test_userinfo_holds_its_own_claims(fake: httpx.Client) -> None:
    token = tokens(fake)["access_token"]

    info = fake.get("/oauth2/userinfo", headers={"Authorization": f"Bearer {token}"}).json()

    assert set(info) == {"aud", "azp", "exp", "iat", "iss", "sub", "picture", "updated_at"}
    assert (info["sub"], info["updated_at"]) == ("1000012", "2020-01-01T00:00:00Z")


@pytest.mark.parametrize(
    "claims", ["", "{", "[1]", '{"id_token": 1}', '{"id_token": {"shoe": null}}', "[" * 5000]
)
def test_claims_that_cannot_be_read_ask_for_nothing(fake: httpx.Client, claims: str) -> None:
    found = verified(fake, tokens(fake, claims=claims)["id_token"])

    assert set(found) == {"aud", "azp", "exp", "iat", "iss", "sub", "nonce", "at_hash"}


def test_without_openid_there_is_no_id_token_and_no_userinfo(fake: httpx.Client) -> None:
    body = tokens(fake, scope="clips:edit")

    info = fake.get("/oauth2/userinfo", headers={"Authorization": f"Bearer {body['access_token']}"})

    assert "id_token" not in body
    assert (info.status_code, info.json()["message"]) == (401, "Missing scope: openid")


def test_the_implicit_flow_brings_a_token_in_the_fragment(fake: httpx.Client) -> None:
    found = fragment(fake.get("/oauth2/authorize", params={**ASK, "response_type": "token"}))

    token = found.pop("access_token")
    assert found == {"scope": "openid user:read:email", "state": "s1", "token_type": "bearer"}
    me = fake.get("/oauth2/validate", headers={"Authorization": f"OAuth {token}"}).json()
    assert me["login"] == "clipper_cleo"


def test_an_id_token_comes_alone_with_a_token_or_with_a_code(fake: httpx.Client) -> None:
    kinds = ("id_token", "token id_token", "code id_token")

    alone, with_token, with_code = (
        fragment(fake.get("/oauth2/authorize", params={**ASK, "response_type": kind})) for kind in kinds
    )

    assert set(alone) == {"id_token", "state"}
    claims = verified(fake, with_token["id_token"])
    assert claims["at_hash"] == half_hash(with_token["access_token"])
    assert verified(fake, with_code["id_token"])["c_hash"] == half_hash(with_code["code"])
    assert set(with_code) == {"code", "id_token", "scope", "state"}


def test_an_id_token_is_not_refreshed(fake: httpx.Client) -> None:
    form = {"client_id": CLIENT, "client_secret": SECRET, "grant_type": "refresh_token"}

    body = fake.post("/oauth2/token", data={**form, "refresh_token": tokens(fake)["refresh_token"]}).json()

    assert "access_token" in body
    assert "id_token" not in body


def test_a_client_without_a_secret_spends_its_refresh_tokens(fake: httpx.Client) -> None:
    public = {"client_id": "publicclient000000000000000000"}
    row = {"id": public["client_id"], "redirect_uris": [CALLBACK]}
    fake.put("/_fake/state", json={"oauth": {"clients": [row]}})
    back = callback(fake.get("/oauth2/authorize", params={**ASK, **public}))
    form = {**public, "grant_type": "authorization_code", "code": back["code"], "redirect_uri": CALLBACK}

    first = fake.post("/oauth2/token", data=form).json()
    renewal = {**public, "grant_type": "refresh_token", "refresh_token": first["refresh_token"]}
    second, again = (fake.post("/oauth2/token", data=renewal) for _ in range(2))
    fake.post("/_fake/clock", json={"advance_s": 30 * 86_400})
    late = fake.post("/oauth2/token", data={**renewal, "refresh_token": second.json()["refresh_token"]})
    fake.put("/_fake/state", json={})

    assert second.json()["refresh_token"] != first["refresh_token"]
    assert [answer.json()["message"] for answer in (again, late)] == ["Invalid refresh token"] * 2
