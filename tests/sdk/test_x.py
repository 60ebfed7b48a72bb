"""xdk (the client of X) and tweepy against the fake."""

# mypy: disallow-untyped-calls=False, warn-return-any=False, disable-error-code="import-untyped"

import base64
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
import requests
import tweepy
import xdk
from requests.adapters import HTTPAdapter
from xdk.media.models import AppendUploadRequest, InitializeUploadRequest
from xdk.posts.models import CreateRequest

from tests.fakes.serving import Served, served

CLIENT, SECRET = "x-staging-client", "x-staging-secret"
CALLBACK = "http://127.0.0.1:8401/v1/oauth/x/callback"
SCOPES = ["tweet.read", "tweet.write", "users.read", "media.write", "offline.access"]
BOT_TOKEN = "x-staging-bot-token"
VIDEO = b"\x00\x00\x00\x18ftypmp42" + b"v" * 100


class ToFake(HTTPAdapter):
    """Sends what is meant for X's fixed hosts to the fake."""

    def __init__(self, origin: str) -> None:
        super().__init__()
        self._origin = origin

    def send(self, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> requests.Response:
        assert request.url is not None
        request.url = self._origin + request.url.split("/", 3)[3].join(("/", ""))
        return super().send(request, *args, **kwargs)


@pytest.fixture(scope="module")
def fakes() -> Iterator[Served]:
    with served("x") as running:
        yield running


@pytest.fixture
def origin(fakes: Served, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The fake's address, plain http as oauthlib must be told; the fake is as new afterwards."""
    monkeypatch.setenv("OAUTHLIB_INSECURE_TRANSPORT", "1")
    yield fakes.url("x")
    httpx.post(f"{fakes.url('x')}/_fake/reset", trust_env=False)


def approved(address: str) -> str:
    """Where the consent page goes back to when the viewer agrees."""
    answer = httpx.get(f"{address}&auto_approve=1&login_hint=viewer_vic", trust_env=False)
    return answer.headers["location"]


def test_xdk_logs_in_with_pkce_and_knows_its_user(origin: str) -> None:
    client = xdk.Client(
        base_url=origin,
        authorization_base_url=f"{origin}/i",
        client_id=CLIENT,
        client_secret=SECRET,
        redirect_uri=CALLBACK,
        scope=SCOPES,
    )

    back = approved(client.get_authorization_url())
    token = client.exchange_code(httpx.URL(back).params["code"])
    me = xdk.Client(base_url=origin, access_token=token["access_token"]).users.get_me()

    assert token["scope"] == " ".join(SCOPES)
    assert me.data.username == "viewer_vic"


def test_xdk_uploads_a_video_and_posts_it_once(origin: str) -> None:
    client = xdk.Client(base_url=origin, access_token=BOT_TOKEN)
    announced = InitializeUploadRequest(
        media_type="video/mp4", media_category="tweet_video", total_bytes=len(VIDEO)
    )

    media_id = client.media.initialize_upload(body=announced).data.id
    part = AppendUploadRequest(media=base64.b64encode(VIDEO).decode(), segment_index=0)
    client.media.append_upload(media_id, body=part)
    client.media.finalize_upload(media_id)
    httpx.post(f"{origin}/_fake/clock", json={"advance_s": 3}, trust_env=False)
    status = client.media.get_upload_status(media_id=media_id)
    body = CreateRequest(text="from xdk", media={"media_ids": [media_id]})
    posted = client.posts.create(body=body)
    with pytest.raises(requests.HTTPError) as caught:
        client.posts.create(body=body)

    assert status.data.processing_info.state == "succeeded"
    assert posted.data.text == "from xdk"
    assert caught.value.response is not None
    assert caught.value.response.status_code == 403


def test_tweepy_posts_reads_and_deletes(origin: str) -> None:
    client = tweepy.Client(BOT_TOKEN)
    client.session.mount("https://", ToFake(origin))

    posted = client.create_tweet(text="from tweepy", user_auth=False)
    with pytest.raises(tweepy.Forbidden, match="duplicate content"):
        client.create_tweet(text="from tweepy", user_auth=False)
    me = client.get_me(user_auth=False)
    read = client.get_tweet(posted.data["id"], tweet_fields=["author_id"])
    deleted = client.delete_tweet(posted.data["id"], user_auth=False)

    assert (me.data.username, read.data.author_id) == ("clipnet", 1111111111111111111)
    assert deleted.data == {"deleted": True}


def test_tweepy_is_told_when_a_limit_ends(origin: str) -> None:
    httpx.put(f"{origin}/_fake/faults", json={"kind": "error", "status": 429, "times": 1}, trust_env=False)
    client = tweepy.Client(BOT_TOKEN)
    client.session.mount("https://", ToFake(origin))

    with pytest.raises(tweepy.TooManyRequests) as caught:
        client.get_me(user_auth=False)

    assert "x-rate-limit-reset" in caught.value.response.headers


@pytest.mark.parametrize(
    ("code", "raised", "words"),
    [
        ("invalid-request", tweepy.BadRequest, "The request is not valid"),
        ("Unauthorized", tweepy.Unauthorized, "Unauthorized"),
        ("CreditsDepleted", tweepy.HTTPException, "does not have any credits"),
        ("client-forbidden", tweepy.Forbidden, "attached to a Project"),
        ("unsupported-authentication", tweepy.Forbidden, "Application-Only is forbidden"),
        ("resource-not-found", tweepy.NotFound, "Could not find tweet"),
        ("rate-limit-exceeded", tweepy.TooManyRequests, "Too Many Requests"),
        ("usage-capped", tweepy.TooManyRequests, "Monthly product cap"),
        ("Service Unavailable", tweepy.TwitterServerError, "Service Unavailable"),
    ],
)
def test_an_error_on_command_is_raised_as_what_it_is(
    origin: str, code: str, raised: type[Exception], words: str
) -> None:
    fault = {"kind": "refusal", "code": code, "times": 1}
    httpx.put(f"{origin}/_fake/faults", json=fault, trust_env=False).raise_for_status()
    client = tweepy.Client(BOT_TOKEN)
    client.session.mount("https://", ToFake(origin))

    with pytest.raises(raised, match=words):
        client.create_tweet(text="refused", user_auth=False)

    assert client.create_tweet(text="refused", user_auth=False).data["text"] == "refused"


def test_tweepy_logs_in_with_pkce(origin: str) -> None:
    handler = tweepy.OAuth2UserHandler(
        client_id=CLIENT, redirect_uri=CALLBACK, scope=SCOPES, client_secret=SECRET
    )
    handler.mount("https://", ToFake(origin))

    address = (
        handler.get_authorization_url()
        .replace("https://x.com", origin)
        .replace("https://twitter.com", origin)
    )
    token = handler.fetch_token(approved(address))

    assert (token["token_type"], token["scope"]) == ("bearer", SCOPES)
