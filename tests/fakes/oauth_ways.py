"""How tests log in at each of the five providers: paths, names of parameters, and where the client stands."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx

from tests.fakes.oauth_login import CHALLENGE, REDIRECT, VERIFIER, approved

At = Callable[[str], httpx.Client]
"""The fixture `at`: a client of one provider, by name."""
HEX_CHALLENGE = hashlib.sha256(VERIFIER.encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Way:
    """One provider's way to a token."""

    name: str
    authorize: str
    token: str
    revoke: str
    client_id: str
    client_secret: str
    production: str
    scope: str
    client_param: str = "client_id"
    is_basic: bool = False
    challenge: str = CHALLENGE
    more: Mapping[str, str] = field(default_factory=dict)

    @property
    def ask(self) -> dict[str, str]:
        """An authorization request with PKCE."""
        return {
            self.client_param: self.client_id,
            "redirect_uri": REDIRECT.format(provider=self.name),
            "response_type": "code",
            "scope": self.scope,
            "code_challenge": self.challenge,
            "code_challenge_method": "S256",
            **self.more,
        }

    def code(self, client: httpx.Client, login: str = "streamer_sam", **changes: str) -> str:
        """A code that somebody agreed to."""
        return approved(client, self.authorize, {**self.ask, **changes}, login)["code"]

    def post(self, client: httpx.Client, path: str, form: Mapping[str, str | None]) -> httpx.Response:
        """Send a form as staging's client; None takes a field away."""
        sent: dict[str, str | None] = {**form}
        auth: tuple[str, str] | None = None
        if self.is_basic:
            auth = (
                sent.pop("client_id", self.client_id) or "",
                sent.pop("client_secret", "") or self.client_secret,
            )
        else:
            sent = {self.client_param: self.client_id, "client_secret": self.client_secret, **sent}
        return client.post(
            path,
            data={name: value for name, value in sent.items() if value is not None},
            auth=auth or httpx.Auth(),
        )

    def exchange(self, client: httpx.Client, code: str, **changes: str | None) -> httpx.Response:
        """A code for tokens."""
        form = {"grant_type": "authorization_code", "code": code, "code_verifier": VERIFIER}
        form["redirect_uri"] = REDIRECT.format(provider=self.name)
        return self.post(client, self.token, {**form, **changes})

    def refresh(self, client: httpx.Client, token: str, **changes: str | None) -> httpx.Response:
        """A refresh token for tokens."""
        return self.post(
            client, self.token, {"grant_type": "refresh_token", "refresh_token": token, **changes}
        )

    def log_in(self, client: httpx.Client, login: str = "streamer_sam", **changes: str) -> dict[str, Any]:
        """The token endpoint's answer to a fresh code."""
        answer = self.exchange(client, self.code(client, login, **changes))
        assert "access_token" in answer.json(), answer.text
        found: dict[str, Any] = answer.json()
        return found


WAYS = {
    way.name: way
    for way in (
        Way(
            name="google",
            authorize="/o/oauth2/v2/auth",
            token="/token",
            revoke="/revoke",
            client_id="staging.apps.googleusercontent.com",
            client_secret="google-staging-secret",
            production="production.apps.googleusercontent.com",
            scope="openid email https://www.googleapis.com/auth/youtube",
            more={"access_type": "offline", "prompt": "consent"},
        ),
        Way(
            name="tiktok",
            authorize="/v2/auth/authorize/",
            token="/v2/oauth/token/",
            revoke="/v2/oauth/revoke/",
            client_id="awstaging",
            client_secret="tiktok-staging-secret",
            production="awproduction",
            scope="user.info.basic,video.publish",
            client_param="client_key",
            challenge=HEX_CHALLENGE,
        ),
        Way(
            name="twitch",
            authorize="/oauth2/authorize",
            token="/oauth2/token",
            revoke="/oauth2/revoke",
            client_id="twitchstagingclient00000000000",
            client_secret="twitch-staging-secret",
            production="twitchproductionclient00000000",
            scope="clips:edit user:read:email",
        ),
        Way(
            name="discord",
            authorize="/oauth2/authorize",
            token="/api/oauth2/token",
            revoke="/api/oauth2/token/revoke",
            client_id="1100000000000000001",
            client_secret="discord-staging-secret",
            production="1100000000000000999",
            scope="identify email",
            is_basic=True,
        ),
        Way(
            name="x",
            authorize="/i/oauth2/authorize",
            token="/2/oauth2/token",
            revoke="/2/oauth2/revoke",
            client_id="x-staging-client",
            client_secret="x-staging-secret",
            production="x-production-client",
            scope="users.read tweet.read offline.access",
            is_basic=True,
        ),
    )
}
