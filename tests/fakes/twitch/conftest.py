"""A Twitch on a free port, an application that it tells, and clients with each kind of token."""

import httpx
import pytest

from tests.fakes.oauth_login import REDIRECT, approved
from tests.servers import wait_until

CLIENT = "twitchstagingclient00000000000"
SECRET = "twitch-staging-secret"
CALLBACK = REDIRECT.format(provider="twitch")
SAM, CLEO, VIC, MIA, BEN, BOT = "1000011", "1000012", "1000013", "1000014", "1000015", "1000001"


@pytest.fixture(scope="module")
def platform() -> str:
    return "twitch"


def user_token(fake: httpx.Client, login: str, scope: str) -> str:
    """Log in by code."""
    query = {"client_id": CLIENT, "redirect_uri": CALLBACK, "response_type": "code", "scope": scope}
    code = approved(fake, "/oauth2/authorize", query, login)["code"]
    form = {"client_id": CLIENT, "client_secret": SECRET, "grant_type": "authorization_code"}
    form |= {"code": code, "redirect_uri": CALLBACK}
    return str(fake.post("/oauth2/token", data=form).json()["access_token"])


def headers(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}", "Client-Id": CLIENT}


@pytest.fixture
def app(fake: httpx.Client) -> httpx.Client:
    """The client with an application token in all its requests."""
    form = {"client_id": CLIENT, "client_secret": SECRET, "grant_type": "client_credentials"}
    token = fake.post("/oauth2/token", data=form).json()["access_token"]
    fake.headers.update(headers(token))
    return fake


def status_of(app: httpx.Client, subscription_id: str) -> str:
    found = app.get("/helix/eventsub/subscriptions", params={"subscription_id": subscription_id}).json()
    return str(found["data"][0]["status"])


def wait_for_status(app: httpx.Client, subscription_id: str, wanted: str) -> None:
    wait_until(
        lambda: status_of(app, subscription_id) == wanted,
        lambda: f"'{wanted}', is '{status_of(app, subscription_id)}'",
    )
