"""JSON of the OAuth and OpenID Connect endpoints."""

from typing import Any

from fakes.google.state.profile import DEVICES, PROFILE, has_scope
from fakes.kit.hosts import UrlAt
from fakes.kit.oauth import DeviceLogin, Grant, Issued, half_hash

ACCOUNTS_HOST = "accounts.google.com"
ID_TOKEN_LIFE_S = 3600


def discovery(url_at: UrlAt) -> dict[str, Any]:
    """The discovery document (OpenID Connect Discovery, 3)."""
    accounts, oauth = url_at(ACCOUNTS_HOST), url_at("oauth2.googleapis.com")
    return {
        "issuer": accounts,
        "authorization_endpoint": f"{accounts}/o/oauth2/v2/auth",
        "device_authorization_endpoint": f"{oauth}/device/code",
        "token_endpoint": f"{oauth}/token",
        "userinfo_endpoint": f"{url_at('openidconnect.googleapis.com')}/v1/userinfo",
        "revocation_endpoint": f"{oauth}/revoke",
        "jwks_uri": f"{url_at('www.googleapis.com')}/oauth2/v3/certs",
        "response_types_supported": [
            "code",
            "token",
            "id_token",
            "code token",
            "code id_token",
            "token id_token",
            "code token id_token",
            "none",
        ],
        "response_modes_supported": ["query", "fragment", "form_post"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["RS256"],
        "scopes_supported": ["openid", "email", "profile"],
        "token_endpoint_auth_methods_supported": ["client_secret_post", "client_secret_basic"],
        "claims_supported": [
            *("aud", "email", "email_verified", "exp", "family_name", "given_name"),
            *("iat", "iss", "name", "picture", "sub"),
        ],
        "code_challenge_methods_supported": ["plain", "S256"],
        "grant_types_supported": [
            "authorization_code",
            "refresh_token",
            "urn:ietf:params:oauth:grant-type:device_code",
            "urn:ietf:params:oauth:grant-type:jwt-bearer",
        ],
    }


def token_body(issued: Issued, id_token: str | None) -> dict[str, Any]:
    """The token endpoint's answer."""
    body: dict[str, Any] = {"access_token": issued.access_token, "expires_in": issued.expires_in_s}
    if issued.refresh_token is not None:
        body["refresh_token"] = issued.refresh_token
        if issued.refresh_expires_in_s != PROFILE.refresh_life_s:  # only of grants for a time
            body["refresh_token_expires_in"] = issued.refresh_expires_in_s
    body |= {"scope": PROFILE.join_scopes(issued.grant.scopes), "token_type": "Bearer"}
    return body | ({"id_token": id_token} if id_token else {})


def device_body(one: DeviceLogin, url_at: UrlAt) -> dict[str, Any]:
    """The device endpoint's answer (developers.google.com/identity/protocols/oauth2/limited-input-device)."""
    return {
        "device_code": one.device_code,
        "user_code": one.user_code,
        "expires_in": DEVICES.life_s,
        "interval": DEVICES.interval_s,
        "verification_url": f"{url_at('www.google.com')}{DEVICES.page}",
    }


def claims(issued: Issued, url_at: UrlAt, now_s: float, code: str | None) -> dict[str, Any]:
    """Claims of the id_token that goes with an access token, and with a code when both come at once."""
    grant = issued.grant
    about = {
        "iss": url_at(ACCOUNTS_HOST),
        "azp": grant.client_id,
        "aud": grant.client_id,
        "sub": grant.user_id,
    }
    nonce = grant.params.get("nonce")
    return {
        **about,
        **_personal(
            grant, ("email", "email_verified", "name", "picture", "given_name", "family_name"), url_at
        ),
        "at_hash": half_hash(issued.access_token),
        **({"c_hash": half_hash(code)} if code is not None else {}),
        **({"nonce": nonce} if nonce and not issued.is_refresh else {}),
        "iat": int(now_s),
        "exp": int(now_s) + ID_TOKEN_LIFE_S,
    }


def userinfo(grant: Grant, url_at: UrlAt) -> dict[str, Any]:
    """Answer of `/v1/userinfo` and `/oauth2/v3/userinfo`."""
    names = ("name", "given_name", "family_name", "picture", "email", "email_verified")
    return {"sub": grant.user_id, **_personal(grant, names, url_at)}


def userinfo_v2(grant: Grant, url_at: UrlAt) -> dict[str, Any]:
    """Answer of the older `/oauth2/v2/userinfo`."""
    names = ("email", "email_verified", "name", "given_name", "family_name", "picture")
    body = {"id": grant.user_id, **_personal(grant, names, url_at)}
    return {("verified_email" if name == "email_verified" else name): value for name, value in body.items()}


def tokeninfo(grant: Grant, now_s: float) -> dict[str, str]:
    """What is known of an access token; all values are texts."""
    expires_s = int(grant.expires_s or 0)
    body = {
        "azp": grant.client_id,
        "aud": grant.client_id,
        "sub": grant.user_id,
        "scope": PROFILE.join_scopes(grant.scopes),
        "exp": str(expires_s),
        "expires_in": str(max(0, expires_s - int(now_s))),
    }
    body |= {
        name: _text(value)
        for name, value in _personal(grant, ("email", "email_verified"), lambda _host: "").items()
    }
    return body | {"access_type": grant.params.get("access_type", "online")}


def id_tokeninfo(header: dict[str, Any], found: dict[str, Any]) -> dict[str, str]:
    """What is known of an id_token: its claims and its header in one, as texts."""
    return {name: _text(value) for name, value in (found | header).items()}


def _personal(grant: Grant, names: tuple[str, ...], url_at: UrlAt) -> dict[str, Any]:
    """Those of these claims that the granted scopes show, in this order."""
    one = grant.person
    if one is None:
        return {}
    given, _, family = one.display_name.partition(" ")
    known: dict[str, Any] = {}
    if has_scope(grant.scopes, "email"):
        known |= {"email": one.email, "email_verified": True}
    if has_scope(grant.scopes, "profile"):
        picture = f"{url_at('lh3.googleusercontent.com')}/a/{one.login}"
        known |= {"name": one.display_name, "picture": picture, "given_name": given, "family_name": family}
    return {name: known[name] for name in names if name in known}


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
