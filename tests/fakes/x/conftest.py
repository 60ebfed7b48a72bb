"""An X on a free port, an application that it tells, and clients with each kind of token."""

from typing import Any

import httpx
import pytest

from tests.fakes.oauth_login import CHALLENGE, REDIRECT, VERIFIER, approved

CLIENT, SECRET = "x-staging-client", "x-staging-secret"
AUTH = httpx.BasicAuth(CLIENT, SECRET)
CALLBACK = REDIRECT.format(provider="x")
SCOPES = "tweet.read tweet.write users.read media.write offline.access"
BOT = {"Authorization": "Bearer x-staging-bot-token"}
BOT_ID, VIC = "1111111111111111111", "1200000000000000003"


@pytest.fixture(scope="module")
def platform() -> str:
    return "x"


@pytest.fixture
def bot(fake: httpx.Client) -> httpx.Client:
    """The client with the bot's token in all its requests."""
    fake.headers.update(BOT)
    return fake


@pytest.fixture
def app(fake: httpx.Client) -> httpx.Client:
    """The client with the application's own token in all its requests."""
    token = fake.post("/oauth2/token", data={"grant_type": "client_credentials"}, auth=AUTH).json()
    fake.headers["Authorization"] = f"Bearer {token['access_token']}"
    return fake


def query(scope: str = SCOPES) -> dict[str, str]:
    asked = {"client_id": CLIENT, "redirect_uri": CALLBACK, "response_type": "code", "scope": scope}
    return asked | {"state": "s", "code_challenge": CHALLENGE, "code_challenge_method": "S256"}


def code_of(fake: httpx.Client, login: str = "viewer_vic", scope: str = SCOPES) -> str:
    return approved(fake, "/i/oauth2/authorize", query(scope), login)["code"]


def exchange(fake: httpx.Client, **form: str) -> httpx.Response:
    asked = {"grant_type": "authorization_code", "redirect_uri": CALLBACK, "code_verifier": VERIFIER, **form}
    return fake.post("/2/oauth2/token", data=asked, auth=AUTH)


def user_headers(fake: httpx.Client, login: str = "viewer_vic", scope: str = SCOPES) -> dict[str, Any]:
    token = exchange(fake, code=code_of(fake, login, scope)).json()["access_token"]
    return {"Authorization": f"Bearer {token}"}
