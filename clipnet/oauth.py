"""Log-in and access at Google, TikTok, Twitch, Discord and X: the authorization code flow with PKCE.

What differs between the providers is one table (clipnet/providers.py); everything else is written here, once.
Holds no HTTP routes (see clipnet/api/oauth.py).
"""

from __future__ import annotations

import base64
import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from clipnet.clock import Clock
from clipnet.db.models import OAuthAccount
from clipnet.log import span, trace_headers
from clipnet.providers import Provider, ProviderUser, provider_table
from clipnet.security import Vault
from clipnet.settings import Settings

if TYPE_CHECKING:
    import httpx

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
    """The provider did not answer, or with 429, 5xx or nonsense: trying again later may help."""


class ClientRefused(OAuthError):
    """The provider does not accept ClipNET's own credentials; it says nothing of the user's consent."""


@dataclass(frozen=True, slots=True)
class Tokens:
    """What a provider grants; `refresh` is None where there is none or the present one stays good."""

    access: str
    refresh: str | None
    expires_at: datetime | None
    scopes: tuple[str, ...]


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
            ClientRefused: It does not accept ClipNET's credentials.
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

    async def revoke(self, session: AsyncSession, account: OAuthAccount) -> None:
        """Give the consent back at the provider; a consent that it no longer knows is as good as revoked.

        An access token that has expired is renewed for it, since no provider ends anything by such a one. For
        the session the same holds as with `fresh_token`.

        Raises:
            ProviderUnavailable: The provider could not be asked now.
            ClientRefused: It does not accept ClipNET's credentials.
        """
        provider = self.providers[account.provider]  # type: ignore[index]  # - the database has a check on it
        try:
            form = {"token": await self.fresh_token(session, account)}
            await self._call(provider, "POST", provider.revoke_url, form=form, authenticated=True)
        except (ProviderUnavailable, ClientRefused):
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
        except (ProviderUnavailable, ClientRefused):
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
        access, refresh = answer.get("access_token"), answer.get("refresh_token")
        if not isinstance(access, str) or not access:
            raise ProviderUnavailable(provider.name, "unreadable", f"{provider.title} did not send a token.")
        lives_s, now = answer.get("expires_in"), self._clock.now()
        try:
            expires_at = None if lives_s is None else now + timedelta(seconds=float(lives_s))
        except (TypeError, ValueError, OverflowError) as error:
            words = f"{provider.title} did not say how long its token lives."
            raise ProviderUnavailable(provider.name, "unreadable", words) from error
        known_refresh = refresh if isinstance(refresh, str) and refresh else None
        return Tokens(access, known_refresh, expires_at, _scopes(answer.get("scope")))


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
    except (ValueError, RecursionError):
        body = None
    if not isinstance(body, dict):
        words = f"{provider.title} sent an answer that cannot be read."
        raise ProviderUnavailable(provider.name, "unreadable", words)
    error = body.get("error")
    failed = (
        status >= 400
        or (isinstance(error, str) and error)
        or (isinstance(error, dict) and error.get("code") != "ok")
    )
    if failed:
        code, said = _error_of(body, status)
        if code == "invalid_client" or "invalid client" in said.lower():  # Twitch says it in words alone
            words = f"{provider.title} does not accept ClipNET's credentials: {_short(said)}"
            raise ClientRefused(provider.name, code, words)
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
