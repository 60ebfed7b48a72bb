"""Twitch's OpenID Connect and device flow in JSON (dev.twitch.tv/docs/authentication/getting-tokens-oidc)."""

import json
from collections.abc import Mapping
from typing import Any

from fakes.kit.clock import iso
from fakes.kit.oauth import DeviceLogin, Grant, Issued, half_hash
from fakes.twitch.state.accounts import User
from fakes.twitch.state.profile import DEVICES

HOST, WEB_HOST = "id.twitch.tv", "www.twitch.tv"
ID_TOKEN_LIFE_S = 900  # guess: the documentation gives no life
EMAIL_SCOPE = "user:read:email"
_MORE = ("email", "email_verified", "picture", "preferred_username", "updated_at")


def discovery(url: str) -> dict[str, Any]:
    """The discovery document of the issuer `{url}/oauth2`."""
    issuer = f"{url}/oauth2"
    return {
        "authorization_endpoint": f"{issuer}/authorize",
        "claims_parameter_supported": True,
        "claims_supported": [*_MORE[:4], "exp", "iss", "sub", "azp", "aud", "iat", "updated_at"],
        "id_token_signing_alg_values_supported": ["RS256"],
        "issuer": issuer,
        "jwks_uri": f"{issuer}/keys",
        "response_types_supported": ["id_token", "code", "token", "code id_token", "token id_token"],
        "scopes_supported": ["openid"],
        "subject_types_supported": ["public"],
        "token_endpoint": f"{issuer}/token",
        "token_endpoint_auth_methods_supported": ["client_secret_post"],
        "userinfo_endpoint": f"{issuer}/userinfo",
    }


def id_claims(issued: Issued, code: str | None, user: User | None, url: str, now_s: float) -> dict[str, Any]:
    """Claims of the id_token that goes with an access token, and with a code when both come at once."""
    grant = issued.grant
    claims = _about(grant, url, int(now_s), int(now_s) + ID_TOKEN_LIFE_S)
    claims |= _asked_for("id_token", grant, user)
    claims["at_hash"] = half_hash(issued.access_token)
    if code is not None:
        claims["c_hash"] = half_hash(code)
    nonce = grant.params.get("nonce")
    return claims | ({"nonce": nonce} if nonce else {})


def userinfo(grant: Grant, user: User | None, url: str, now_s: float) -> dict[str, Any]:
    """Answer of GET /oauth2/userinfo: what the token is, and the claims that were asked for."""
    claims = _about(grant, url, int(now_s), int(grant.expires_s or now_s))
    return claims | _asked_for("userinfo", grant, user)


def device_body(one: DeviceLogin, url: str) -> dict[str, Any]:
    """Answer of POST /oauth2/device (dev.twitch.tv/docs/authentication/getting-tokens-oauth)."""
    return {
        "device_code": one.device_code,
        "expires_in": DEVICES.life_s,
        "interval": DEVICES.interval_s,
        "user_code": one.user_code,
        "verification_uri": f"{url}{DEVICES.page}?public=true&device-code={one.user_code}",
    }


def _about(grant: Grant, url: str, issued_s: int, expires_s: int) -> dict[str, Any]:
    client = {"aud": grant.client_id, "azp": grant.client_id}
    return {
        **client,
        "exp": expires_s,
        "iat": issued_s,
        "iss": f"{url}/oauth2",
        "sub": grant.user_id,
    }


def _asked_for(place: str, grant: Grant, user: User | None) -> dict[str, Any]:
    """The claims that the authorization request asked for in one place; the address needs its scope."""
    if user is None:
        return {}
    known: dict[str, Any] = {
        "picture": user.picture_url,
        "preferred_username": user.display_name,
        "updated_at": iso(user.created_s),
    }
    if EMAIL_SCOPE in grant.granted:
        known |= {"email": user.email, "email_verified": True}
    return {name: known[name] for name in _MORE if name in _names(place, grant.params) and name in known}


def _names(place: str, params: Mapping[str, str]) -> Mapping[str, Any]:
    try:
        found = json.loads(params.get("claims", "{}"))[place]
    except (ValueError, KeyError, TypeError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}
