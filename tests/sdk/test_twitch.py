"""twitchAPI, the Python client of Twitch, against the fake."""

# mypy: disallow-untyped-calls=False, warn-return-any=False

import asyncio
from collections.abc import Iterator

import httpx
import pytest
from twitchAPI.helper import first
from twitchAPI.oauth import UserAuthenticator, refresh_access_token, revoke_token, validate_token
from twitchAPI.object.api import SendMessageResponse
from twitchAPI.twitch import Twitch
from twitchAPI.type import (
    AuthScope,
    TwitchAPIException,
    TwitchBackendException,
    TwitchResourceNotFound,
    UnauthorizedException,
)

from fakes.twitch.state.eventsub import CHAT, REDEMPTION
from tests.fakes.receiver import Receiver, receiving
from tests.fakes.serving import Served, served

CLIENT = "twitchstagingclient00000000000"
SECRET = "twitch-staging-secret"
CALLBACK = "http://127.0.0.1:8401/v1/oauth/twitch/callback"
SCOPES = [AuthScope.CLIPS_EDIT, AuthScope.USER_WRITE_CHAT, AuthScope.USER_READ_EMAIL]


@pytest.fixture(scope="module")
def receiver() -> Iterator[Receiver]:
    with receiving() as running:
        yield running


@pytest.fixture(scope="module")
def fakes(receiver: Receiver) -> Iterator[Served]:
    with served("twitch", api_url=receiver.url) as running:
        yield running


async def client(fakes: Served) -> Twitch:
    url = fakes.url("twitch")
    return await Twitch(CLIENT, SECRET, base_url=f"{url}/helix/", auth_base_url=f"{url}/oauth2/")


async def user_tokens(fakes: Served, twitch: Twitch, login: str) -> tuple[str, str]:
    """Click through the consent page as a test does, and let the library exchange the code."""
    url = f"{fakes.url('twitch')}/oauth2/"
    flow = UserAuthenticator(twitch, SCOPES, url=CALLBACK, auth_base_url=url)
    code = await asyncio.to_thread(_code, f"{flow.return_auth_url()}&auto_approve=1&login_hint={login}")
    tokens = await flow.authenticate(user_token=code)
    assert tokens is not None
    return tokens


def _code(address: str) -> str:
    return httpx.URL(httpx.get(address, trust_env=False).headers["location"]).params["code"]


async def test_100_of_100_logins_work(fakes: Served) -> None:
    logged_in = [await client(fakes) for _ in range(100)]

    await asyncio.gather(*(twitch.close() for twitch in logged_in))  # each close sleeps a quarter of a second
    assert len({twitch.get_app_token() for twitch in logged_in}) == 100


async def test_an_application_finds_users_and_streams_and_writes_in_a_chat(fakes: Served) -> None:
    twitch = await client(fakes)

    user = await first(twitch.get_users(logins=["streamer_sam"]))
    live = [stream.user_login async for stream in twitch.get_streams()]
    await twitch.authenticate_app([AuthScope.USER_WRITE_CHAT])
    sent = await twitch.send_chat_message("1000011", "1000001", "hello from the library")

    assert user is not None
    assert (user.id, user.display_name) == ("1000011", "Streamer Sam")
    assert live == ["streamer_sam", "clipper_cleo"]
    assert isinstance(sent, SendMessageResponse)
    assert sent.is_sent
    await twitch.close()


async def test_a_person_logs_in_and_clips(fakes: Served) -> None:
    twitch = await client(fakes)
    url = f"{fakes.url('twitch')}/oauth2/"

    access, refresh = await user_tokens(fakes, twitch, "viewer_vic")
    await twitch.set_user_authentication(access, SCOPES, refresh)
    clip = await twitch.create_clip("1000011")
    with pytest.raises(TwitchResourceNotFound):
        await twitch.create_clip("1000014")
    valid = await validate_token(access, auth_base_url=url)
    renewed, _ = await refresh_access_token(refresh, CLIENT, SECRET, auth_base_url=url)
    is_revoked = await revoke_token(CLIENT, renewed, auth_base_url=url)

    assert clip.edit_url == f"https://clips.twitch.tv/{clip.id}/edit"
    assert (valid["login"], valid["user_id"]) == ("viewer_vic", "1000013")
    assert is_revoked
    await twitch.close()


@pytest.mark.parametrize(
    ("code", "raised", "words"),
    [
        ("bad_request", TwitchAPIException, "malformed"),
        ("missing_scope", UnauthorizedException, "clips:edit"),
        ("subscription_not_found", TwitchResourceNotFound, "not found"),
        ("internal_server_error", TwitchBackendException, "Internal Server Error"),
        ("service_unavailable", TwitchBackendException, "server error"),
    ],
)
async def test_an_error_on_command_is_raised_as_what_it_is(
    fakes: Served, code: str, raised: type[Exception], words: str
) -> None:
    twitch = await client(fakes)
    twitch.auto_refresh_auth = False
    faults = f"{fakes.url('twitch')}/_fake/faults"
    async with httpx.AsyncClient(trust_env=False) as control:
        await control.put(faults, json={"kind": "refusal", "code": code})
        try:
            with pytest.raises(raised, match=words):
                await first(twitch.get_users(logins=["streamer_sam"]))
        finally:
            await control.delete(faults)
    await twitch.close()


async def test_the_same_message_again_is_dropped_with_a_reason(fakes: Served) -> None:
    twitch = await client(fakes)
    await twitch.authenticate_app([AuthScope.USER_WRITE_CHAT])

    sent = [await twitch.send_chat_message("1000012", "1000001", "twice") for _ in range(2)]

    assert [one.is_sent for one in sent] == [True, False]
    assert sent[1].drop_reason is not None
    assert sent[1].drop_reason.code == "msg_duplicate"
    await twitch.close()


async def test_subscriptions_are_read(fakes: Served) -> None:
    twitch = await client(fakes)

    found = await twitch.get_eventsub_subscriptions()

    assert {one.type for one in found.data} == {CHAT, REDEMPTION}
    await twitch.close()
