"""Log in through the fakes of all providers, as a browser does it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import httpx
import pytest
from sqlalchemy import select

from clipnet.db.models import OAuthAccount
from clipnet.oauth import AccessLost, ClientRefused, ProviderUnavailable
from tests.clipnet.api.conftest import API, API_ALIAS, WEB, WEB_ALIAS, Api
from tests.clipnet.providers import PROVIDERS, addresses
from tests.fakes.serving import Served, served


@pytest.fixture(scope="module")
def fakes() -> Iterator[Served]:
    """All providers."""
    with served(*PROVIDERS, redirect_bases=(API, API_ALIAS)) as fakes:
        yield fakes


@pytest.fixture
def env(env: dict[str, str], fakes: Served) -> dict[str, str]:
    """The environment with the providers' addresses; they start anew."""
    with httpx.Client(verify=False) as control:
        for name in PROVIDERS:
            control.post(f"{fakes.url(name)}/_fake/reset").raise_for_status()
    return {**env, **addresses(fakes)}


async def consent(
    client: httpx.AsyncClient, provider: str, login: str = "clipper_cleo", **query: str
) -> httpx.Response:
    """Start at the API, agree at the provider, and come back; returns the API's last answer."""
    started = await client.get(f"/v1/oauth/{provider}/start", params=query)
    assert started.status_code == 302, started.text
    async with httpx.AsyncClient(verify=False) as browser:
        url = f"{started.headers['location']}&auto_approve=1&login_hint={login}"
        agreed = await browser.get(url)
    assert agreed.status_code == 302, agreed.text
    return await client.get(agreed.headers["location"])


async def fail(fakes: Served, provider: str, **fault: Any) -> None:
    async with httpx.AsyncClient(verify=False) as client:
        (await client.put(f"{fakes.url(provider)}/_fake/faults", json=fault)).raise_for_status()


async def account(api: Api, provider: str) -> OAuthAccount:
    async with api.context.sessions() as session:
        return (await session.scalars(select(OAuthAccount).where(OAuthAccount.provider == provider))).one()


async def expire(api: Api, fakes: Served, provider: str) -> OAuthAccount:
    """Let the access token of the one account end, here and at the provider; returns the account."""
    stored = await account(api, provider)
    assert stored.expires_at is not None
    api.clock.advance((stored.expires_at - api.clock.now()).total_seconds())
    async with httpx.AsyncClient(verify=False) as control:
        (await control.post(f"{fakes.url(provider)}/_fake/oauth/expire")).raise_for_status()
    return stored


def shown_error(answer: httpx.Response) -> str:
    """Return what the web page will show, after checking that it is sent to its page."""
    page, _, query = answer.headers["location"].removeprefix(WEB).partition("?error=")
    assert page in ("/#/login", "/#/account")
    return unquote(query)


@pytest.mark.parametrize("provider", PROVIDERS)
async def test_one_click_logs_in(api: Api, client: httpx.AsyncClient, provider: str) -> None:
    answer = await consent(client, provider, next="/#/clips/1")

    assert (answer.status_code, answer.headers["location"]) == (302, f"{WEB}/#/clips/1")
    me = (await client.get("/v1/me")).json()["user"]
    assert (me["name"], me["has_password"]) == ("Clipper Cleo", False)
    assert me["email"] == (None if provider in ("tiktok", "x") else "cleo@clipnet.test")
    (linked,) = (await client.get("/v1/oauth/accounts")).json()["items"]
    assert (linked["provider"], linked["display_name"], linked["state"]) == (
        provider,
        "Clipper Cleo",
        "active",
    )
    assert set(linked["scopes"]) >= set(api.context.oauth().providers[provider].scopes)  # type: ignore[index]


@pytest.mark.parametrize("provider", PROVIDERS)
async def test_coming_again_is_the_same_user(api: Api, client: httpx.AsyncClient, provider: str) -> None:
    await consent(client, provider)
    first = (await client.get("/v1/me")).json()
    async with api.client() as other:
        await consent(other, provider)

        again = (await other.get("/v1/me")).json()

    assert again == first


@pytest.mark.parametrize("provider", PROVIDERS)
async def test_tokens_are_stored_encrypted_and_given_back_when_unlinked(
    api: Api, fakes: Served, sam: httpx.AsyncClient, provider: str
) -> None:
    await consent(sam, provider, link="1", next="/#/account")
    stored = await account(api, provider)
    token = api.context.oauth()._vault.decrypt(stored.access_token)
    before = await api.context.oauth().user(api.context.oauth().providers[stored.provider], token)  # type: ignore[index]

    unlinked = await sam.delete(f"/v1/oauth/{provider}")

    assert token.encode() not in stored.access_token
    assert (before.display_name, unlinked.status_code) == ("Clipper Cleo", 204)
    assert (await sam.get("/v1/oauth/accounts")).json()["items"] == []
    with pytest.raises(Exception, match="refused"):
        await api.context.oauth().user(api.context.oauth().providers[stored.provider], token)  # type: ignore[index]


@pytest.mark.parametrize("provider", PROVIDERS)
async def test_a_refusal_is_said_in_words(client: httpx.AsyncClient, provider: str) -> None:
    started = await client.get(f"/v1/oauth/{provider}/start")
    async with httpx.AsyncClient(verify=False) as browser:
        denied = await browser.post(started.headers["location"], data={"decision": "deny"})
    assert denied.status_code in (302, 303)

    answer = await client.get(denied.headers["location"])

    title = {"google": "Google", "tiktok": "TikTok", "twitch": "Twitch", "discord": "Discord", "x": "X"}[
        provider
    ]
    assert shown_error(answer) == f"You did not allow ClipNET to use your {title} account."
    assert (await client.get("/v1/me")).status_code == 401


@pytest.mark.parametrize("provider", PROVIDERS)
async def test_a_provider_that_is_broken_is_said_to_be(
    client: httpx.AsyncClient, fakes: Served, provider: str
) -> None:
    await fail(fakes, provider, kind="error", method="POST", status=503, path="*token*")

    answer = await consent(client, provider)

    assert shown_error(answer).endswith("is not available now (HTTP 503).")


async def test_garbage_and_cut_connections_are_said_in_words(
    client: httpx.AsyncClient, fakes: Served
) -> None:
    await fail(fakes, "google", kind="garbage", path="/token", times=1)
    garbage = shown_error(await consent(client, "google"))
    await fail(fakes, "google", kind="cut", path="/token", times=1)

    cut = shown_error(await consent(client, "google"))

    assert garbage == "Google sent an answer that cannot be read."
    assert cut.startswith("Google could not be reached")


async def test_the_flow_must_have_been_started_in_this_browser(api: Api, client: httpx.AsyncClient) -> None:
    started = await client.get("/v1/oauth/google/start")
    async with httpx.AsyncClient(verify=False) as browser:
        agreed = await browser.get(f"{started.headers['location']}&auto_approve=1")
    async with api.client() as victim:
        forged = await victim.get(agreed.headers["location"])
    await client.get("/v1/oauth/google/start")  # replaces the state

    late = await client.get(agreed.headers["location"])

    for answer in (forged, late):
        assert shown_error(answer) == "This log-in was not started here, or it took too long. Try again."


async def test_a_flow_takes_at_most_ten_minutes(api: Api, client: httpx.AsyncClient) -> None:
    started = await client.get("/v1/oauth/google/start")
    cookie = f"clipnet_oauth_google={client.cookies['clipnet_oauth_google']}"
    async with httpx.AsyncClient(verify=False) as browser:
        agreed = await browser.get(f"{started.headers['location']}&auto_approve=1")
    api.clock.advance(601)

    answer = await client.get(agreed.headers["location"], headers={"cookie": cookie})

    assert "took too long" in shown_error(answer)


async def test_an_account_is_not_linked_to_who_has_logged_out_meanwhile(sam: httpx.AsyncClient) -> None:
    started = await sam.get("/v1/oauth/google/start", params={"link": "1"})
    async with httpx.AsyncClient(verify=False) as browser:
        agreed = await browser.get(f"{started.headers['location']}&auto_approve=1")
    await sam.delete("/v1/session")

    answer = await sam.get(agreed.headers["location"])

    assert shown_error(answer) == "You are no longer logged in. Log in first, then link the account."
    assert answer.headers["location"].startswith(f"{WEB}/#/login?")
    assert (await sam.get("/v1/me")).status_code == 401


async def test_an_account_links_to_one_user(
    api: Api, sam: httpx.AsyncClient, cleo: httpx.AsyncClient
) -> None:
    linked = await consent(sam, "twitch", link="1", next="/#/account")

    refused = await consent(cleo, "twitch", link="1")

    assert linked.headers["location"] == f"{WEB}/#/account"
    assert (await sam.get("/v1/me")).json()["user"]["name"] == "Sam"
    assert shown_error(refused) == "This Twitch account is linked to another user."
    assert refused.headers["location"].startswith(f"{WEB}/#/account?")


async def test_an_email_alone_does_not_make_one_an_existing_user(client: httpx.AsyncClient) -> None:
    body = {"email": "cleo@clipnet.test", "password": "not cleo at all", "name": "Mallory"}
    await client.post("/v1/users", json=body)
    await client.delete("/v1/session")

    answer = await consent(client, "google")

    words = "There is a user with the email cleo@clipnet.test. Log in with it, then link Google."
    assert shown_error(answer) == words


async def test_linking_needs_a_session_and_a_known_provider(client: httpx.AsyncClient) -> None:
    link = await client.get("/v1/oauth/google/start", params={"link": "1"})
    unknown = await client.get("/v1/oauth/myspace/start")

    assert shown_error(link) == "Log in first, then link the account."
    assert unknown.status_code == 422


@pytest.mark.parametrize(
    "next_page", ["//evil.example", "https://evil.example", "@evil.example", "/\\evil", "/a\r\nb"]
)
async def test_afterwards_one_is_on_our_page(client: httpx.AsyncClient, next_page: str) -> None:
    answer = await consent(client, "google", next=next_page)

    assert answer.headers["location"] == f"{WEB}/"


async def test_who_logs_in_at_the_second_address_stays_there(client: httpx.AsyncClient) -> None:
    client.base_url = httpx.URL(API_ALIAS)

    answer = await consent(client, "google", next="/#/clips/1")
    refused = await client.get("/v1/oauth/google/callback", params={"code": "x", "state": "y"})

    assert answer.headers["location"] == f"{WEB_ALIAS}/#/clips/1"
    assert (await client.get("/v1/me")).json()["user"]["name"] == "Clipper Cleo"
    assert refused.headers["location"].startswith(f"{WEB_ALIAS}/#/login?error=")


async def test_the_only_way_in_is_not_unlinked(client: httpx.AsyncClient) -> None:
    await consent(client, "google")

    refused = await client.delete("/v1/oauth/google")
    await client.patch("/v1/me", json={"password": "a new password"})
    allowed = await client.delete("/v1/oauth/google")

    assert (refused.status_code, refused.json()["code"]) == (409, "last_way_in")
    assert allowed.status_code == 204


async def test_an_account_stays_linked_while_the_provider_is_away(
    fakes: Served, sam: httpx.AsyncClient
) -> None:
    await consent(sam, "discord", link="1")
    await fail(fakes, "discord", kind="error", status=500, times=1)

    answer = await sam.delete("/v1/oauth/discord")

    assert (answer.status_code, answer.json()["code"]) == (502, "provider_unavailable")
    assert len((await sam.get("/v1/oauth/accounts")).json()["items"]) == 1
    assert (await sam.delete("/v1/oauth/google")).status_code == 404


@pytest.mark.parametrize("provider", PROVIDERS)
async def test_an_expired_token_is_renewed_once(api: Api, sam: httpx.AsyncClient, provider: str) -> None:
    await consent(sam, provider, link="1")
    oauth = api.context.oauth()
    stored = await account(api, provider)
    old = oauth._vault.decrypt(stored.access_token)
    async with api.context.sessions() as session:
        still_good = await oauth.fresh_token(session, stored)
    assert stored.expires_at is not None
    api.clock.advance((stored.expires_at - api.clock.now()).total_seconds() - 30)

    async with api.context.sessions() as session:
        renewed = await oauth.fresh_token(session, stored)
    async with api.context.sessions() as session:
        again = await oauth.fresh_token(session, stored)

    assert (still_good, renewed != old, again) == (old, True, renewed)
    assert (await oauth.user(oauth.providers[provider], renewed)).display_name == "Clipper Cleo"  # type: ignore[index]


@pytest.mark.parametrize("provider", PROVIDERS)
async def test_a_consent_is_given_back_though_its_token_has_expired(
    api: Api, fakes: Served, sam: httpx.AsyncClient, provider: str
) -> None:
    await consent(sam, provider, link="1")
    await expire(api, fakes, provider)

    unlinked = await sam.delete(f"/v1/oauth/{provider}", headers=await token_header(api, sam))

    async with httpx.AsyncClient(verify=False) as control:
        grants = (await control.get(f"{fakes.url(provider)}/_fake/oauth")).json()["grants"]
    assert unlinked.status_code == 204
    assert [grant["is_revoked"] for grant in grants] == [True]


@pytest.mark.parametrize("provider", PROVIDERS)
async def test_only_the_end_of_a_consent_costs_the_access(
    api: Api, fakes: Served, sam: httpx.AsyncClient, provider: str
) -> None:
    await consent(sam, provider, link="1")
    stored, oauth = await expire(api, fakes, provider), api.context.oauth()
    async with httpx.AsyncClient(verify=False) as control:
        await control.post(f"{fakes.url(provider)}/_fake/oauth/fail", json={"as": "invalid_client"})
    async with api.context.sessions() as session:
        with pytest.raises(ClientRefused, match="does not accept ClipNET's credentials"):
            await oauth.fresh_token(session, stored)
    await fail(fakes, provider, kind="garbage", path="*token*", times=1)
    async with api.context.sessions() as session:
        with pytest.raises(ProviderUnavailable, match="cannot be read"):
            await oauth.fresh_token(session, stored)

    async with api.context.sessions() as session:
        token = await oauth.fresh_token(session, stored)

    assert token
    assert (await account(api, provider)).state == "active"


async def test_access_that_was_withdrawn_is_noticed(api: Api, sam: httpx.AsyncClient) -> None:
    await consent(sam, "tiktok", link="1")
    oauth = api.context.oauth()
    stored = await account(api, "tiktok")
    async with api.context.sessions() as session:
        await oauth.revoke(session, stored)
    api.clock.advance(timedelta(days=1).total_seconds())

    async with api.context.sessions() as session:
        with pytest.raises(AccessLost, match="Link it again"):
            await oauth.fresh_token(session, stored)

    (shown,) = (await sam.get("/v1/oauth/accounts", headers=await token_header(api, sam))).json()["items"]
    assert shown["state"] == "revoked"


async def test_a_provider_that_is_away_does_not_cost_the_access(
    api: Api, fakes: Served, sam: httpx.AsyncClient
) -> None:
    await consent(sam, "x", link="1")
    stored = await account(api, "x")
    api.clock.advance(timedelta(days=1).total_seconds())
    await fail(fakes, "x", kind="error", status=503, times=1)

    async with api.context.sessions() as session:
        with pytest.raises(ProviderUnavailable):
            await api.context.oauth().fresh_token(session, stored)
    async with api.context.sessions() as session:
        token = await api.context.oauth().fresh_token(session, stored)

    assert token


async def test_the_trace_reaches_the_provider(fakes: Served, client: httpx.AsyncClient) -> None:
    answer = await consent(client, "google")

    trace_id = answer.headers["traceparent"].split("-")[1]
    async with httpx.AsyncClient(verify=False) as control:
        seen = (await control.get(f"{fakes.url('google')}/_fake/requests", params={"trace": trace_id})).json()
    assert {"/token", "/v1/userinfo"} <= {one["path"] for one in seen["requests"]}


async def test_the_authorization_request_is_in_each_providers_words(
    api: Api, client: httpx.AsyncClient
) -> None:
    asked = {}
    for provider in PROVIDERS:
        url = (await client.get(f"/v1/oauth/{provider}/start")).headers["location"]
        asked[provider] = {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}

    assert {query["response_type"] for query in asked.values()} == {"code"}
    assert {query["code_challenge_method"] for query in asked.values()} == {"S256"}
    assert asked["google"]["redirect_uri"] == "http://127.0.0.1:8401/v1/oauth/google/callback"
    assert (asked["google"]["access_type"], asked["google"]["prompt"]) == ("offline", "consent")
    assert (asked["tiktok"]["client_key"], len(asked["tiktok"]["code_challenge"])) == ("awstaging", 64)
    assert "," in asked["tiktok"]["scope"]
    assert len(asked["x"]["code_challenge"]) == 43


async def token_header(api: Api, client: httpx.AsyncClient) -> dict[str, str]:
    """Return a header that logs in without a cookie, which httpx drops when our clock runs ahead."""
    return {"cookie": f"clipnet_session={client.cookies['clipnet_session']}"}
