"""Access tokens as people give them: through a fake's consent page."""

from __future__ import annotations

from typing import Final

import httpx

from tests.fakes.oauth_login import REDIRECT, approved
from tests.fakes.serving import Served

_GOOGLE: Final = {
    "client_id": "staging.apps.googleusercontent.com",
    "redirect_uri": REDIRECT.format(provider="google"),
    "response_type": "code",
    "scope": "openid email profile https://www.googleapis.com/auth/youtube.upload",
    "access_type": "offline",
    "state": "s1",
}
_TIKTOK: Final = {
    "client_key": "awstaging",
    "redirect_uri": REDIRECT.format(provider="tiktok"),
    "response_type": "code",
    "scope": "user.info.basic,video.publish",
    "state": "s1",
}


def google_account(fakes: Served, login: str = "streamer_sam") -> tuple[str, str, str]:
    """Provider, access token, refresh token."""
    secret = {"client_id": _GOOGLE["client_id"], "client_secret": "google-staging-secret"}
    return _account(fakes, "google", "/o/oauth2/v2/auth", "/token", _GOOGLE, secret, login)


def tiktok_account(fakes: Served, login: str = "streamer_sam") -> tuple[str, str, str]:
    """Provider, access token, refresh token."""
    secret = {"client_key": _TIKTOK["client_key"], "client_secret": "tiktok-staging-secret"}
    return _account(fakes, "tiktok", "/v2/auth/authorize/", "/v2/oauth/token/", _TIKTOK, secret, login)


def _account(
    fakes: Served,
    provider: str,
    page: str,
    token: str,
    ask: dict[str, str],
    secret: dict[str, str],
    login: str,
) -> tuple[str, str, str]:
    with httpx.Client(base_url=fakes.url(provider), trust_env=False) as client:
        code = approved(client, page, ask, login)["code"]
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": ask["redirect_uri"],
            **secret,
        }
        answer = client.post(token, data=form).raise_for_status().json()
        return provider, answer["access_token"], answer["refresh_token"]
