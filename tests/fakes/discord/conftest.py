"""A Discord on a free port, an application that it asks, and its bot."""

from typing import Any

import httpx
import pytest

from tests.fakes.oauth_login import REDIRECT, approved

APPLICATION = "1100000000000000001"
PRODUCTION = "1100000000000000999"
SECRET = "discord-staging-secret"
GUILD, CHANNEL = "290926798626357999", "645027906669510667"
CALLBACK = REDIRECT.format(provider="discord")
API = "/api/v10"
BOT = {"Authorization": "Bot discord-staging-bot-token"}


@pytest.fixture(scope="module")
def platform() -> str:
    return "discord"


@pytest.fixture
def bot(fake: httpx.Client) -> httpx.Client:
    """The client with the bot's token in all its requests."""
    fake.headers.update(BOT)
    return fake


def user_tokens(fake: httpx.Client, login: str, scope: str) -> dict[str, Any]:
    """Log in by code; the answer of the token endpoint."""
    query = {"client_id": APPLICATION, "redirect_uri": CALLBACK, "response_type": "code", "scope": scope}
    code = approved(fake, "/oauth2/authorize", query, login)["code"]
    form = {"grant_type": "authorization_code", "redirect_uri": CALLBACK, "code": code}
    answer: dict[str, Any] = fake.post(
        f"{API}/oauth2/token", data=form, auth=httpx.BasicAuth(APPLICATION, SECRET)
    ).json()
    return answer


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}
