"""How Google, TikTok, Twitch, Discord and X differ in the authorization code flow with PKCE: one table.

Wire shapes are those of each provider's documentation, named at `provider_table`. What is done with the table
is in clipnet/oauth.py.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal
from urllib.parse import urlencode

from clipnet.settings import Settings

ProviderName = Literal["google", "tiktok", "twitch", "discord", "x"]


@dataclass(frozen=True, slots=True)
class ProviderUser:
    """Who somebody is at a provider; the email is only there when the provider knows it."""

    id: str
    login: str
    display_name: str
    email: str | None = None


@dataclass(frozen=True, slots=True)
class Provider:
    """How one provider does it.

    Attributes:
        authorize_url: The consent page, as browsers see it.
        user_url: Answers who owns an access token.
        client_name: The parameter that carries the client's id.
        secret_in: Whether the client's secret travels in the form or as HTTP Basic.
        challenge: How the S256 challenge is written.
        separator: Between scopes in the authorization request.
        authorize_extra: Further parameters of the authorization request.
        user: Makes a `ProviderUser` of the answer of `user_url`.
    """

    name: ProviderName
    title: str
    authorize_url: str
    token_url: str
    revoke_url: str
    user_url: str
    client_id: str
    client_secret: str = field(repr=False)
    scopes: tuple[str, ...]
    user: Callable[[Mapping[str, Any]], ProviderUser]
    client_name: Literal["client_id", "client_key"] = "client_id"
    secret_in: Literal["form", "basic"] = "form"
    challenge: Literal["base64url", "hex"] = "base64url"
    separator: Literal[" ", ","] = " "
    authorize_extra: Mapping[str, str] = field(default_factory=dict)
    user_query: Mapping[str, str] = field(default_factory=dict)
    user_headers: Mapping[str, str] = field(default_factory=dict)


def provider_table(settings: Settings) -> dict[ProviderName, Provider]:
    """Return the providers with their addresses and credentials.

    Sources: developers.google.com/identity/protocols/oauth2/web-server,
    developers.tiktok.com/doc/login-kit-desktop,
    dev.twitch.tv/docs/authentication/getting-tokens-oauth, docs.discord.com/developers/topics/oauth2,
    docs.x.com/resources/fundamentals/authentication/oauth-2-0/authorization-code.
    """
    google, tiktok, twitch = settings.google, settings.tiktok, settings.twitch
    discord, x = settings.discord, settings.x
    rows = (
        Provider(
            name="google",
            title="Google",
            authorize_url=f"{google.web_url}/o/oauth2/v2/auth",
            token_url=f"{google.oauth_url}/token",
            revoke_url=f"{google.oauth_url}/revoke",
            user_url=f"{google.openid_url}/v1/userinfo",
            client_id=google.client_id,
            client_secret=google.client_secret.reveal(),
            scopes=(
                "openid",
                "email",
                "profile",
                "https://www.googleapis.com/auth/youtube.upload",
                "https://www.googleapis.com/auth/youtube.readonly",
            ),
            authorize_extra={"access_type": "offline", "prompt": "consent", "include_granted_scopes": "true"},
            user=_google_user,
        ),
        Provider(
            name="tiktok",
            title="TikTok",
            authorize_url=f"{tiktok.web_url}/v2/auth/authorize/",
            token_url=f"{tiktok.url}/v2/oauth/token/",
            revoke_url=f"{tiktok.url}/v2/oauth/revoke/",
            user_url=f"{tiktok.url}/v2/user/info/",
            client_id=tiktok.client_key,
            client_secret=tiktok.client_secret.reveal(),
            scopes=("user.info.basic", "video.publish", "video.upload"),
            client_name="client_key",
            challenge="hex",
            separator=",",
            user_query={"fields": "open_id,union_id,avatar_url,display_name"},
            user=_tiktok_user,
        ),
        Provider(
            name="twitch",
            title="Twitch",
            authorize_url=f"{twitch.web_url}/oauth2/authorize",
            token_url=f"{twitch.auth_url}/oauth2/token",
            revoke_url=f"{twitch.auth_url}/oauth2/revoke",
            user_url=f"{twitch.url}/helix/users",
            client_id=twitch.client_id,
            client_secret=twitch.client_secret.reveal(),
            scopes=("user:read:email", "clips:edit", "channel:bot"),
            user_headers={"Client-Id": twitch.client_id},
            user=_twitch_user,
        ),
        Provider(
            name="discord",
            title="Discord",
            authorize_url=f"{discord.web_url}/oauth2/authorize",
            token_url=f"{discord.url}/oauth2/token",
            revoke_url=f"{discord.url}/oauth2/token/revoke",
            user_url=f"{discord.url}/users/@me",
            client_id=discord.client_id,
            client_secret=discord.client_secret.reveal(),
            scopes=("identify", "email"),
            secret_in="basic",
            user=_discord_user,
        ),
        Provider(
            name="x",
            title="X",
            authorize_url=f"{x.web_url}/i/oauth2/authorize",
            token_url=f"{x.url}/2/oauth2/token",
            revoke_url=f"{x.url}/2/oauth2/revoke",
            user_url=f"{x.url}/2/users/me",
            client_id=x.client_id,
            client_secret=x.client_secret.reveal(),
            scopes=("tweet.read", "tweet.write", "users.read", "media.write", "offline.access"),
            secret_in="basic",
            user=_x_user,
        ),
    )
    return {row.name: row for row in rows}


def challenge(provider: Provider, verifier: str) -> str:
    """Return the S256 challenge: base64url of the SHA-256 (RFC 7636, section 4.2), at TikTok hex."""
    digest = hashlib.sha256(verifier.encode()).digest()
    if provider.challenge == "hex":
        return digest.hex()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def authorize_url(provider: Provider, *, redirect_uri: str, state: str, verifier: str) -> str:
    """Return the address of the consent page to send the browser to."""
    query = {
        provider.client_name: provider.client_id,
        "response_type": "code",
        "redirect_uri": redirect_uri,
        "scope": provider.separator.join(provider.scopes),
        "state": state,
        "code_challenge": challenge(provider, verifier),
        "code_challenge_method": "S256",
        **provider.authorize_extra,
    }
    return f"{provider.authorize_url}?{urlencode(query)}"


def _google_user(body: Mapping[str, Any]) -> ProviderUser:
    email = body.get("email") if body.get("email_verified") in (True, "true") else None
    return ProviderUser(
        str(body["sub"]), email or str(body["sub"]), str(body.get("name") or email or "Google user"), email
    )


def _tiktok_user(body: Mapping[str, Any]) -> ProviderUser:
    user = body["data"]["user"]
    name = str(user.get("display_name") or "TikTok user")
    return ProviderUser(str(user["open_id"]), str(user.get("username") or name), name)


def _twitch_user(body: Mapping[str, Any]) -> ProviderUser:
    user = body["data"][0]
    return ProviderUser(str(user["id"]), str(user["login"]), str(user["display_name"]), user.get("email"))


def _discord_user(body: Mapping[str, Any]) -> ProviderUser:
    name = str(body.get("global_name") or body["username"])
    return ProviderUser(
        str(body["id"]), str(body["username"]), name, body.get("email") if body.get("verified") else None
    )


def _x_user(body: Mapping[str, Any]) -> ProviderUser:
    user = body["data"]
    return ProviderUser(str(user["id"]), str(user["username"]), str(user["name"]))
