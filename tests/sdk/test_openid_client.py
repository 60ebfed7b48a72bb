"""openid-client, the certified client of Node.js, logs in at all five providers."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.fakes.oauth_login import REDIRECT
from tests.fakes.oauth_ways import WAYS, Way
from tests.fakes.serving import Served, served
from tests.sdk import nodejs

ISSUERS = {"google": "", "twitch": "/oauth2"}
DEVICE = "urn:ietf:params:oauth:grant-type:device_code"
_START = """
const oidc = await import('openid-client');
const way = JSON.parse(process.env.WAY);
const auths = {
  basic: () => oidc.ClientSecretBasic(way.client_secret),
  body: () => oidc.ClientSecretPost(way.client_secret),
  key: () => (_server, _client, body) => {
    body.delete('client_id');
    body.set('client_key', way.client_id);
    body.set('client_secret', way.client_secret);
  },
};
const auth = auths[way.auth]();
const plain = { execute: [oidc.allowInsecureRequests] };
const config = way.issuer
  ? await oidc.discovery(new URL(way.issuer), way.client_id, {}, auth, plain)
  : new oidc.Configuration(way.server, way.client_id, {}, auth);
oidc.allowInsecureRequests(config);
if (way.issuer) oidc.enableNonRepudiationChecks(config);
// scopes as a list, and an address of the page for codes with another name, are the providers' own
config[oidc.customFetch] = async (url, options) => {
  const answer = await fetch(url, options);
  const text = await answer.text();
  if (!text.startsWith('{')) return new Response(text || null, answer);
  const body = JSON.parse(text);
  if (Array.isArray(body.scope)) body.scope = body.scope.join(' ');
  if (body.verification_url) body.verification_uri = body.verification_url;
  return new Response(JSON.stringify(body), { status: answer.status, headers: answer.headers });
};
const verifier = oidc.randomPKCECodeVerifier();
const nonce = oidc.randomNonce();
const state = oidc.randomState();
const decided = async (decision, more = {}) => {
  const proof = way.pkce
    ? { code_challenge: await oidc.calculatePKCECodeChallenge(verifier), code_challenge_method: 'S256' }
    : {};
  const address = oidc.buildAuthorizationUrl(config, {
    redirect_uri: way.redirect_uri, scope: way.scope, state, ...proof, ...way.more, ...more,
  });
  const form = new URLSearchParams({ decision });
  const back = await fetch(address, { method: 'POST', body: form, redirect: 'manual' });
  return new URL(back.headers.get('location'));
};
const checks = { expectedState: state, ...(way.pkce ? { pkceCodeVerifier: verifier } : {}) };
const grant = (url, more = {}) => oidc.authorizationCodeGrant(config, url, { ...checks, ...more });
"""


@pytest.fixture(scope="module")
def fakes() -> Iterator[Served]:
    with served(*WAYS) as running:
        yield running


def run(fakes: Served, way: Way, script: str, **changes: Any) -> Any:
    """Run a script with the library, configured for a provider: by discovery where there is one."""
    url = fakes.url(way.name)
    told = {
        "client_id": way.client_id,
        "client_secret": way.client_secret,
        "redirect_uri": REDIRECT.format(provider=way.name),
        "scope": way.scope,
        "pkce": way.name != "tiktok",
        "more": {**way.more, way.client_param: way.client_id},
        "auth": "basic" if way.is_basic else "key" if way.client_param != "client_id" else "body",
        "issuer": f"{url}{ISSUERS[way.name]}" if way.name in ISSUERS else None,
        "server": {
            "issuer": url,
            "authorization_endpoint": url + way.authorize,
            "token_endpoint": url + way.token,
            "revocation_endpoint": url + way.revoke,
        },
    }
    return nodejs.run(_START + script, {"WAY": json.dumps({**told, **changes}), "NO_PROXY": "127.0.0.1"})


@pytest.mark.parametrize("name", WAYS)
def test_a_login_is_refreshed_and_its_code_works_once(fakes: Served, name: str) -> None:
    found = run(
        fakes,
        WAYS[name],
        """
        const back = await decided('clipper_cleo');
        const first = await grant(back);
        const second = await oidc.refreshTokenGrant(config, first.refresh_token);
        const again = await fails(grant(back));
        return [first, second, again];
        """,
    )

    first, second, again = found
    assert first["access_token"] != second["access_token"]
    assert first["token_type"] == "bearer"
    assert again is not None


@pytest.mark.parametrize("name", ["google", "discord", "x"])
def test_a_login_is_revoked(fakes: Served, name: str) -> None:
    dead = run(
        fakes,
        WAYS[name],
        """
        const first = await grant(await decided('clipper_cleo'));
        await oidc.tokenRevocation(config, first.access_token);
        return fails(oidc.refreshTokenGrant(config, first.refresh_token));
        """,
    )

    assert dead in ("invalid_grant", "invalid_request")


@pytest.mark.parametrize("name", WAYS)
def test_a_refusal_of_the_person_is_an_error_of_the_library(fakes: Served, name: str) -> None:
    refused = run(fakes, WAYS[name], "return fails(grant(await decided('deny')));")

    assert refused == "access_denied"


@pytest.mark.parametrize("name", ISSUERS)
def test_an_id_token_is_verified_with_nonce_and_keys_and_userinfo_agrees(fakes: Served, name: str) -> None:
    claims, info, other = run(
        fakes,
        WAYS[name],
        """
        const tokens = await grant(await decided('mod_mia', { nonce }), { expectedNonce: nonce });
        const info = await oidc.fetchUserInfo(config, tokens.access_token, tokens.claims().sub);
        const other = await fails(grant(await decided('mod_mia', { nonce }), { expectedNonce: 'other' }));
        return [tokens.claims(), info, String(other.message || other)];
        """,
        scope="openid",
    )

    assert (claims["aud"], claims["iss"]) == (WAYS[name].client_id, fakes.url(name) + ISSUERS[name])
    assert info["sub"] == claims["sub"]
    assert other == "unexpected JWT claim value encountered"


def test_twitch_hands_out_an_id_token_without_a_code(fakes: Served) -> None:
    claims = run(
        fakes,
        WAYS["twitch"],
        """
        oidc.useIdTokenResponseType(config);
        const back = await decided('mod_mia', { nonce, response_type: 'id_token' });
        return oidc.implicitAuthentication(config, back, nonce, { expectedState: state });
        """,
        scope="openid",
        pkce=False,
    )

    assert claims["sub"] == "1000014"


def test_a_device_logs_in_at_google_when_a_person_has_typed_its_code(fakes: Served) -> None:
    begun, pending = run(
        fakes,
        WAYS["google"],
        f"""
        const begun = await oidc.initiateDeviceAuthorization(config, {{ scope: 'openid email' }});
        const device_code = begun.device_code;
        const pending = await fails(oidc.genericGrantRequest(config, '{DEVICE}', {{ device_code }}));
        return [begun, pending];
        """,
    )
    with httpx.Client(base_url=fakes.url("google"), trust_env=False) as person:
        person.post("/device", params={"user_code": begun["user_code"]}, data={"decision": "viewer_vic"})
        person.post("/_fake/clock", json={"advance_s": 6})
    tokens = run(
        fakes,
        WAYS["google"],
        f"""
        const device_code = '{begun["device_code"]}';
        return oidc.genericGrantRequest(config, '{DEVICE}', {{ device_code }});
        """,
    )

    assert pending == "authorization_pending"
    assert {"access_token", "refresh_token", "id_token"} <= set(tokens)


@pytest.mark.parametrize("name", ["twitch", "discord"])
def test_an_application_gets_a_token_of_its_own(fakes: Served, name: str) -> None:
    fields = {"discord": "{ scope: 'identify' }"}.get(name, "{}")

    tokens = run(fakes, WAYS[name], f"return oidc.clientCredentialsGrant(config, {fields});")

    assert tokens["access_token"]
    assert "refresh_token" not in tokens
