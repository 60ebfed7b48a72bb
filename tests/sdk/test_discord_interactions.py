"""discord-interactions, the package that verifies signatures, and what discord.py reads of an interaction."""

import json
import warnings
from collections.abc import Iterator
from typing import Any

import discord_interactions
import httpx
import pytest

from tests.fakes.receiver import Answer, Received, Receiver, receiving
from tests.fakes.serving import served

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)  # before Python 3.13 it imports audioop
    import discord

KEY = "03a107bff3ce10be1d70dd18e74bc09967e4d6309ba50d5f1ddc8664125531b8"


@pytest.fixture(scope="module")
def application() -> Iterator[Receiver]:
    with receiving() as running:
        running.answer = lambda _: Answer(200, b'{"type":5}', {"Content-Type": "application/json"})
        yield running


@pytest.fixture(scope="module")
def url(application: Receiver) -> Iterator[str]:
    with served("discord", api_url=application.url) as running:
        yield running.url("discord")


def use_command(url: str, application: Receiver, **event: Any) -> Received:
    """Somebody uses a command; what the application has got of it."""
    application.received.clear()
    body = {"command": "clip", "options": {"seconds": 30}, **event}
    httpx.post(f"{url}/_fake/events", json=body, trust_env=False).raise_for_status()
    return application.received[0]


def is_genuine(request: Received, body: bytes) -> bool:
    signature, timestamp = (request.headers[f"x-signature-{name}"] for name in ("ed25519", "timestamp"))
    return bool(discord_interactions.verify_key(body, signature, timestamp, KEY))


def test_a_signature_holds_for_its_body_only(url: str, application: Receiver) -> None:
    request = use_command(url, application)

    assert is_genuine(request, request.body)
    assert not is_genuine(request, request.body + b" ")


def test_a_forged_signature_does_not_hold(url: str, application: Receiver) -> None:
    request = use_command(url, application, bad_signature=True)

    assert not is_genuine(request, request.body)


@pytest.mark.parametrize(
    ("user", "is_administrator", "is_moderator"),
    [("streamer_sam", True, True), ("mod_mia", False, True), ("viewer_vic", False, False)],
)
def test_an_interaction_tells_what_its_user_may_do(
    url: str, application: Receiver, user: str, is_administrator: bool, is_moderator: bool
) -> None:
    member = json.loads(use_command(url, application, user=user).body)["member"]

    may = discord.Permissions(int(member["permissions"]))
    assert member["user"]["username"] == user
    assert (may.administrator, may.manage_messages) == (is_administrator, is_moderator)
    assert (may.use_application_commands, may.send_messages) == (True, True)
