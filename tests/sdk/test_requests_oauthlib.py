"""requests-oauthlib logs in at all five providers."""

# mypy: disallow-untyped-calls=False, warn-return-any=False, disable-error-code="import-untyped"

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from oauthlib.oauth2 import BackendApplicationClient, OAuth2Error
from requests.auth import HTTPBasicAuth
from requests_oauthlib import OAuth2Session

from tests.fakes.oauth_login import REDIRECT
from tests.fakes.oauth_ways import WAYS, Way
from tests.fakes.serving import Served, served

ME = {
    "google": "/v1/userinfo",
    "tiktok": "/v2/user/info/?fields=open_id,display_name",
    "twitch": "/helix/users",
    "discord": "/api/users/@me",
    "x": "/2/users/me",
}


@pytest.fixture(scope="module")
def fakes() -> Iterator[Served]:
    with served(*WAYS) as running:
        yield running


@pytest.fixture(autouse=True)
def _plain_http(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OAUTHLIB_INSECURE_TRANSPORT", "1")
    monkeypatch.setenv("OAUTHLIB_RELAX_TOKEN_SCOPE", "1")  # TikTok's scopes come back with commas
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")


def session(way: Way) -> OAuth2Session:
    proof = None if way.name == "tiktok" else "S256"
    made = OAuth2Session(
        way.client_id, redirect_uri=REDIRECT.format(provider=way.name), scope=[way.scope], pkce=proof
    )
    if way.client_param != "client_id":

        def renamed(url: str, headers: Any, body: Any) -> tuple[str, Any, Any]:
            body["data"]["client_key"] = body["data"].pop("client_id", way.client_id)
            return url, headers, body

        made.register_compliance_hook("access_token_request", renamed)
    return made


def log_in(fakes: Served, http: OAuth2Session, way: Way, decision: str) -> Any:
    more = {way.client_param: way.client_id} if way.client_param != "client_id" else {}
    address, _state = http.authorization_url(fakes.url(way.name) + way.authorize, **way.more, **more)
    page = httpx.get(address, trust_env=False)
    back = httpx.post(str(page.request.url), data={"decision": decision}, trust_env=False).headers["location"]
    return http.fetch_token(fakes.url(way.name) + way.token, authorization_response=back, **secret(way))


def secret(way: Way) -> dict[str, Any]:
    """Where the client shows its secret."""
    if way.is_basic:
        return {"auth": HTTPBasicAuth(way.client_id, way.client_secret)}
    return {"client_secret": way.client_secret, "include_client_id": True}


@pytest.mark.parametrize("name", WAYS)
def test_a_login_reads_who_it_is_and_is_refreshed(fakes: Served, name: str) -> None:
    way = WAYS[name]
    url = fakes.url(name)

    with session(way) as http:
        first = dict(log_in(fakes, http, way, "clipper_cleo"))
        headers = {"Client-Id": way.client_id} if name == "twitch" else {}
        me = http.get(url + ME[name], headers=headers)
        form = {way.client_param: way.client_id, "client_secret": way.client_secret}
        sent = {"auth": secret(way)["auth"]} if way.is_basic else form
        second = dict(http.refresh_token(url + way.token, **sent))

    assert me.status_code == 200, me.text
    assert "leo" in me.text
    assert second["access_token"] != first["access_token"]
    assert second["refresh_token"]


@pytest.mark.parametrize("name", WAYS)
def test_a_refusal_of_the_person_is_an_error_of_the_library(fakes: Served, name: str) -> None:
    with session(WAYS[name]) as http, pytest.raises(OAuth2Error, match="access_denied"):
        log_in(fakes, http, WAYS[name], "deny")


@pytest.mark.parametrize("name", ["twitch", "discord"])
def test_an_application_gets_a_token_of_its_own(fakes: Served, name: str) -> None:
    way = WAYS[name]
    scope = ["identify"] if name == "discord" else None
    application = BackendApplicationClient(client_id=way.client_id, scope=scope)

    with OAuth2Session(client=application, scope=scope) as http:
        token = http.fetch_token(fakes.url(name) + way.token, **secret(way))

    assert token["access_token"]
    assert "refresh_token" not in token
