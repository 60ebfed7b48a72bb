"""Log-in and access at Google, TikTok, Twitch, Discord and X: the authorization code flow with PKCE.

What differs between the providers is one table, `provider_table`; everything else is written once. Wire
shapes are those of each provider's documentation, named in the table. Holds no HTTP routes (see
clipnet/api/oauth.py).
"""

from __future__ import annotations

import base64
import hashlib
import json
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final, Literal
from urllib.parse import urlencode

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from clipnet.clock import Clock
from clipnet.db.models import OAuthAccount
from clipnet.log import span, trace_headers
from clipnet.security import Vault
from clipnet.settings import Settings

if TYPE_CHECKING:
    import httpx

ProviderName = Literal["google", "tiktok", "twitch", "discord", "x"]
log = logging.getLogger("clipnet")

TIMEOUT_S: Final = 10.0
_FRESH_FOR: Final = timedelta(seconds=60)


class OAuthError(Exception):
    """A provider said no; the text is in words for a person, `provider` and `code` are for programs."""

    def __init__(self, provider: str, code: str, text: str) -> None:
        self.provider = provider
        self.code = code
        super().__init__(text)


class AccessLost(OAuthError):
    """The user's consent is gone: only linking the account again helps."""


class ProviderUnavailable(OAuthError):
    """The provider did not answer, or answered 429 or 5xx: trying again later may help."""


@dataclass(frozen=True, slots=True)
class ProviderUser:
    """Who somebody is at a provider; the email is only there when the provider knows it."""

    id: str
    login: str
    display_name: str
    email: str | None = None


@dataclass(frozen=True, slots=True)
class Tokens:
    """What a provider grants; `refresh` is None where there is none or the present one stays good."""

    access: str
    refresh: str | None
    expires_at: datetime | None
    scopes: tuple[str, ...]


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


def denial(provider: Provider, query: Mapping[str, str]) -> OAuthError:
    """Return in words why a provider sent the user back without a code."""
    code = query.get("error", "")
    if code == "access_denied":
        return OAuthError(
            provider.name, code, f"You did not allow ClipNET to use your {provider.title} account."
        )
    said = query.get("error_description") or code or "no code and no reason"
    return OAuthError(provider.name, code or "no_code", f"{provider.title} refused: {_short(said)}")


class OAuthClient:
    """Talks to the providers' token, user and revocation endpoints."""

    def __init__(self, settings: Settings, http: httpx.AsyncClient, clock: Clock) -> None:
        self.providers = provider_table(settings)
        self._vault = Vault(settings.token_key)
        self._http = http
        self._clock = clock

    async def exchange(self, provider: Provider, *, code: str, redirect_uri: str, verifier: str) -> Tokens:
        """Trade an authorization code for tokens.

        Raises:
            OAuthError: The provider refused the code, or could not be reached.
        """
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": redirect_uri,
            "code_verifier": verifier,
        }
        answer = await self._call(provider, "POST", provider.token_url, form=form, authenticated=True)
        return self._tokens(provider, answer)

    async def user(self, provider: Provider, access_token: str) -> ProviderUser:
        """Return who owns an access token.

        Raises:
            OAuthError: The provider refused the token, could not be reached, or sent something else.
        """
        headers = {"Authorization": f"Bearer {access_token}", **provider.user_headers}
        answer = await self._call(
            provider, "GET", provider.user_url, headers=headers, query=provider.user_query
        )
        try:
            return provider.user(answer)
        except (KeyError, IndexError, TypeError) as error:
            raise OAuthError(
                provider.name, "unreadable", f"{provider.title} did not say whose account this is."
            ) from error

    def store(self, account: OAuthAccount, tokens: Tokens) -> None:
        """Write tokens into an account's row, encrypted; a refresh token that was not renewed stays."""
        account.access_token = self._vault.encrypt(tokens.access)
        if tokens.refresh is not None:
            account.refresh_token = self._vault.encrypt(tokens.refresh)
        account.expires_at = tokens.expires_at
        if tokens.scopes:
            account.scopes = list(tokens.scopes)
        account.state = "active"
        account.updated_at = self._clock.now()

    async def fresh_token(self, session: AsyncSession, account: OAuthAccount) -> str:
        """Return an access token that is good for at least a minute, renewed when it is not.

        A renewed token is committed at once, because providers that rotate (TikTok, X, Discord) have
        forgotten the old one: call this before the session holds anything that must not be committed yet. The
        row is locked meanwhile, so that two callers do not both renew.

        Raises:
            AccessLost: The consent is gone; the account's row says so from now on.
            ProviderUnavailable: The provider could not be asked now.
        """
        provider = self.providers[account.provider]  # type: ignore[index]  # - the database has a check on it
        locked = select(OAuthAccount).where(OAuthAccount.id == account.id).with_for_update()
        row = (await session.scalars(locked, execution_options={"populate_existing": True})).one_or_none()
        if row is None or row.state == "revoked":
            await session.commit()
            raise _access_lost(provider)
        if row.expires_at is None or row.expires_at > self._clock.now() + _FRESH_FOR:
            await session.commit()
            return self._vault.decrypt(row.access_token)
        return await self._renew(session, provider, row)

    async def revoke(self, account: OAuthAccount) -> None:
        """Give the consent back at the provider; a token that it no longer knows is as good as revoked.

        Raises:
            ProviderUnavailable: The provider could not be asked now.
        """
        provider = self.providers[account.provider]  # type: ignore[index]  # - the database has a check on it
        form = {"token": self._vault.decrypt(account.access_token)}
        try:
            await self._call(provider, "POST", provider.revoke_url, form=form, authenticated=True)
        except ProviderUnavailable:
            raise
        except OAuthError as error:
            log.info("token was not known any more", extra={"provider": provider.name, "reason": str(error)})

    async def _renew(self, session: AsyncSession, provider: Provider, row: OAuthAccount) -> str:
        if row.refresh_token is None:
            row.state = "revoked"
            await session.commit()
            raise _access_lost(provider)
        form = {"grant_type": "refresh_token", "refresh_token": self._vault.decrypt(row.refresh_token)}
        try:
            answer = await self._call(provider, "POST", provider.token_url, form=form, authenticated=True)
            tokens = self._tokens(provider, answer)
        except ProviderUnavailable:
            await session.rollback()
            raise
        except OAuthError as error:
            row.state = "revoked"
            await session.commit()
            raise _access_lost(provider) from error
        self.store(row, tokens)
        await session.commit()
        return tokens.access

    async def _call(
        self,
        provider: Provider,
        method: str,
        url: str,
        *,
        form: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        query: Mapping[str, str] | None = None,
        authenticated: bool = False,
    ) -> Mapping[str, Any]:
        """Send one request and return its JSON object; every failure becomes an `OAuthError` in words."""
        import httpx

        sent = {"Accept": "application/json", **(headers or {})}
        body = dict(form) if form is not None else None
        if authenticated and body is not None:
            if provider.secret_in == "basic":
                sent["Authorization"] = _basic(provider.client_id, provider.client_secret)
            else:
                body |= {provider.client_name: provider.client_id, "client_secret": provider.client_secret}
        try:
            with span(f"{method} {provider.name}", url=url) as call:
                answer = await self._http.request(
                    method,
                    url,
                    data=body,
                    headers={**sent, **trace_headers()},
                    params=query or None,
                    timeout=TIMEOUT_S,
                )
                call.fields["status"] = answer.status_code
        except httpx.HTTPError as error:
            reason = type(error).__name__
            raise ProviderUnavailable(
                provider.name, "unreachable", f"{provider.title} could not be reached ({reason})."
            ) from error
        return _answer_of(provider, answer.status_code, answer.content)

    def _tokens(self, provider: Provider, answer: Mapping[str, Any]) -> Tokens:
        access = answer.get("access_token")
        if not isinstance(access, str) or not access:
            raise OAuthError(provider.name, "unreadable", f"{provider.title} did not send a token.")
        expires_in_s = answer.get("expires_in")
        now = self._clock.now()
        expires_at = now + timedelta(seconds=float(expires_in_s)) if expires_in_s is not None else None
        return Tokens(access, answer.get("refresh_token"), expires_at, _scopes(answer.get("scope")))


def _answer_of(provider: Provider, status: int, content: bytes) -> Mapping[str, Any]:
    """Return the body of a good answer.

    TikTok answers OAuth errors with 200 and `error` as text, API answers with an `error` object whose code is
    "ok" (developers.tiktok.com/doc/oauth-error-handling); Twitch's errors have `status` and `message`.
    """
    if status == 429 or status >= 500:
        raise ProviderUnavailable(
            provider.name, "unavailable", f"{provider.title} is not available now (HTTP {status})."
        )
    try:
        body = json.loads(content) if content.strip() else {}
    except ValueError:
        body = None
    if not isinstance(body, dict):
        raise OAuthError(provider.name, "unreadable", f"{provider.title} sent an answer that cannot be read.")
    error = body.get("error")
    failed = (
        status >= 400
        or (isinstance(error, str) and error)
        or (isinstance(error, dict) and error.get("code") != "ok")
    )
    if failed:
        code, said = _error_of(body, status)
        raise OAuthError(provider.name, code, f"{provider.title} refused: {_short(said)}")
    return body


def _error_of(body: Mapping[str, Any], status: int) -> tuple[str, str]:
    error = body.get("error")
    if isinstance(error, dict):
        return str(error.get("code", status)), str(
            error.get("message") or error.get("code") or f"HTTP {status}"
        )
    said = body.get("error_description") or body.get("message") or body.get("detail") or error
    return str(error or status), str(said or f"HTTP {status}")


def _access_lost(provider: Provider) -> AccessLost:
    text = f"ClipNET may no longer use your {provider.title} account. Link it again."
    return AccessLost(provider.name, "access_lost", text)


def _scopes(value: object) -> tuple[str, ...]:
    """Read granted scopes: Twitch sends a list, TikTok a comma list, the others words."""
    if isinstance(value, str):
        return tuple(value.replace(",", " ").split())
    return tuple(str(one) for one in value) if isinstance(value, list) else ()


def _basic(name: str, secret: str) -> str:
    return "Basic " + base64.b64encode(f"{name}:{secret}".encode()).decode()


def _short(text: str) -> str:
    clean = "".join(char if char.isprintable() else " " for char in text).strip()
    return clean[:200]


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
