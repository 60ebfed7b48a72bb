"""Authlib logs in at all five providers, as a program that knows only OAuth would."""

# mypy: disallow-untyped-calls=False, warn-return-any=False

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from authlib.integrations.base_client import OAuthError
from authlib.integrations.httpx_client import OAuth2Client
from joserfc import jwk, jwt
from joserfc.errors import BadSignatureError

from tests.fakes.oauth_login import REDIRECT, VERIFIER
from tests.fakes.oauth_ways import WAYS, Way
from tests.fakes.serving import Served, served

ISSUERS = {"google": "", "twitch": "/oauth2"}


@pytest.fixture(scope="module")
def fakes() -> Iterator[Served]:
    with served(*WAYS) as running:
        yield running


@pytest.fixture(autouse=True)
def _plain_http(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AUTHLIB_INSECURE_TRANSPORT", "1")


def session(fakes: Served, way: Way, **options: Any) -> OAuth2Client:
    """A client as a program registers it; TikTok's name for the client id is its own."""
    method = "client_secret_basic" if way.is_basic else "client_secret_post"
    client = OAuth2Client(
        client_id=way.client_id,
        client_secret=way.client_secret,
        redirect_uri=REDIRECT.format(provider=way.name),
        scope=way.scope,
        token_endpoint_auth_method=method,
        revocation_endpoint_auth_method=method,
        token_endpoint=fakes.url(way.name) + way.token,
        base_url=fakes.url(way.name),
        trust_env=False,
        **options,
    )
    if way.client_param != "client_id":
        client.register_client_auth_method((way.client_param, _renamed))
        client.token_endpoint_auth_method = client.revocation_endpoint_auth_method = way.client_param
    return client


def _renamed(client: Any, _method: str, uri: str, headers: Any, body: bytes) -> tuple[str, Any, bytes]:
    own = f"&client_key={client.client_id}&client_secret={client.client_secret}"
    return uri, headers, body + own.encode()


def log_in(fakes: Served, client: OAuth2Client, way: Way, decision: str, **more: str) -> Any:
    """Click through the consent page, and let the library read what comes back."""
    proof = {} if way.name == "tiktok" else {"code_verifier": VERIFIER, "code_challenge_method": "S256"}
    if way.client_param != "client_id":
        more[way.client_param] = way.client_id
    address, state = client.create_authorization_url(
        fakes.url(way.name) + way.authorize, **proof, **way.more, **more
    )
    page = httpx.get(address, trust_env=False)
    back = httpx.post(str(page.request.url), data={"decision": decision}, trust_env=False).headers["location"]
    verifier = {} if way.name == "tiktok" else {"code_verifier": VERIFIER}
    return client.fetch_token(authorization_response=back, state=state, **verifier)


@pytest.mark.parametrize("name", WAYS)
def test_a_login_is_refreshed_and_revoked(fakes: Served, name: str) -> None:
    way = WAYS[name]
    with session(fakes, way, code_challenge_method=None if name == "tiktok" else "S256") as client:
        first = dict(log_in(fakes, client, way, "clipper_cleo"))
        second = dict(client.refresh_token(refresh_token=first["refresh_token"]))
        revoked = client.revoke_token(fakes.url(name) + way.revoke, token=second["access_token"])

        assert revoked.status_code == 200, revoked.text
        with pytest.raises(OAuthError) as refused:
            client.refresh_token(refresh_token=second.get("refresh_token", first["refresh_token"]))

    assert second["access_token"] != first["access_token"]
    assert refused.value.error in ("invalid_grant", "invalid_request", "Bad Request")


@pytest.mark.parametrize("name", ISSUERS)
def test_an_id_token_is_verified_with_what_discovery_tells(fakes: Served, name: str) -> None:
    way = WAYS[name]
    issuer = fakes.url(name) + ISSUERS[name]
    found = httpx.get(f"{issuer}/.well-known/openid-configuration", trust_env=False).json()
    keys = jwk.KeySet.import_key_set(httpx.get(found["jwks_uri"], trust_env=False).json())

    with session(fakes, way) as client:
        client.scope = "openid"
        token = log_in(fakes, client, way, "mod_mia", nonce="n-0S6_WzA2Mj")
        info = client.get(found["userinfo_endpoint"]).json()

    claims = jwt.decode(token["id_token"], keys, algorithms=["RS256"]).claims
    registry = jwt.JWTClaimsRegistry(
        iss={"essential": True, "value": issuer},
        aud={"essential": True, "value": way.client_id},
        nonce={"essential": True, "value": "n-0S6_WzA2Mj"},
    )
    registry.validate(claims)
    head, body, signature = token["id_token"].split(".")
    with pytest.raises(BadSignatureError):
        jwt.decode(f"{head}.{body}.{signature[::-1]}", keys, algorithms=["RS256"])
    assert claims["sub"] == info["sub"]


@pytest.mark.parametrize("name", ["twitch", "discord", "tiktok"])
def test_an_application_gets_a_token_of_its_own(fakes: Served, name: str) -> None:
    scope = {"discord": "identify"}.get(name)

    with session(fakes, WAYS[name]) as client:
        client.scope = scope
        token = client.fetch_token(grant_type="client_credentials")

    assert token["access_token"]
    assert "refresh_token" not in token


def test_a_used_code_is_an_error_in_the_providers_words(fakes: Served) -> None:
    way = WAYS["x"]

    with session(fakes, way) as client:
        with httpx.Client(base_url=fakes.url("x"), trust_env=False) as person:
            code = way.code(person)
        client.fetch_token(grant_type="authorization_code", code=code, code_verifier=VERIFIER)
        with pytest.raises(OAuthError) as refused:
            client.fetch_token(grant_type="authorization_code", code=code, code_verifier=VERIFIER)

    assert refused.value.error == "invalid_request"
    assert refused.value.description == "Value passed for the authorization code was invalid."
