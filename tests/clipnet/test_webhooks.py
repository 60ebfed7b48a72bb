"""Signatures, against vectors that were computed with the providers' own client libraries."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from clipnet.webhooks import SignatureWrong, check_discord, check_twitch, check_x, x_challenge_response

TWITCH_SECRET = "clipbot-staging-secret"
SENT_AT = datetime(2026, 11, 21, 6, 0, tzinfo=UTC)
TWITCH_BODY = (
    b'{"subscription":{"id":"f1c2a387-161a-49f9-a165-0f21d7a4e1c4","status":"enabled","type":"stream.online",'
    b'"version":"1","condition":{"broadcaster_user_id":"1337"},"transport":{"method":"webhook","callback":'
    b'"https://clipbot.test/twitch"},"created_at":"2026-11-21T05:59:00.000000000Z","cost":0},'
    b'"event":{"id":"9001",'
    b'"broadcaster_user_id":"1337","broadcaster_user_login":"cool_user","broadcaster_user_name":"Cool_User",'
    b'"type":"live","started_at":"2026-11-21T06:00:00Z"}}'
)
TWITCH_HEADERS = {
    "twitch-eventsub-message-id": "befa7b53-d79d-478f-86b9-120f112b044e",
    "twitch-eventsub-message-timestamp": "2026-11-21T06:00:00.123456789Z",
    "twitch-eventsub-message-signature": "sha256="
    "2c3dc9d6abbd5beb3c2c92ad98d4d01d436e6e9c41e3f64b997bb79dd18422da",
}
DISCORD_KEY = "03a107bff3ce10be1d70dd18e74bc09967e4d6309ba50d5f1ddc8664125531b8"
DISCORD_HEADERS = {
    "x-signature-timestamp": "1795240800",
    "x-signature-ed25519": "eb66abc15f4bc8ab0ea1414dc065a923f7bdaa8ef2b73e573824a4520842ea38"
    "7bbd35c112c88c0f7c6cb5132315aa44d8d5ede8f5db2dd240f936839dcde307",
}
X_SECRET = "x-staging-consumer-secret"
X_BODY = (
    b'{"data":{"event_uuid":"2080765813578191303","filter":{"user_id":"1111111111111111111"},'
    b'"event_type":"post.mention.create","tag":"mentions","payload":{"id":"2080765813578191303",'
    b'"text":"@clipnet clip this","author_id":"2222222222222222222"}}}'
)
X_HEADERS = {"x-twitter-webhooks-signature": "sha256=CwWwbm6046ZGO0+HTozxGT7YMYfQAGK3//UBq1peij4="}


def test_twitch_signs_id_timestamp_and_body() -> None:
    check_twitch(TWITCH_SECRET, TWITCH_HEADERS, TWITCH_BODY, SENT_AT)


@pytest.mark.parametrize("minutes", [10, -11])
def test_an_old_or_future_message_of_twitch_is_refused(minutes: int) -> None:
    now = SENT_AT + timedelta(minutes=minutes, seconds=1)

    with pytest.raises(SignatureWrong, match="10 minutes"):
        check_twitch(TWITCH_SECRET, TWITCH_HEADERS, TWITCH_BODY, now)


@pytest.mark.parametrize("name", list(TWITCH_HEADERS))
def test_a_message_of_twitch_with_anything_changed_is_refused(name: str) -> None:
    with pytest.raises(SignatureWrong):
        check_twitch(TWITCH_SECRET, {**TWITCH_HEADERS, name: "é"}, TWITCH_BODY, SENT_AT)
    with pytest.raises(SignatureWrong):
        check_twitch(TWITCH_SECRET, TWITCH_HEADERS, TWITCH_BODY + b" ", SENT_AT)
    with pytest.raises(SignatureWrong):
        check_twitch("another-secret", TWITCH_HEADERS, TWITCH_BODY, SENT_AT)
    with pytest.raises(SignatureWrong):
        check_twitch(TWITCH_SECRET, {}, TWITCH_BODY, SENT_AT)


def test_discord_signs_timestamp_and_body() -> None:
    check_discord(DISCORD_KEY, DISCORD_HEADERS, b'{"type":1}', SENT_AT)


@pytest.mark.parametrize("minutes", [15, -16])
def test_an_old_or_future_interaction_of_discord_is_refused(minutes: int) -> None:
    now = SENT_AT + timedelta(minutes=minutes, seconds=1)

    with pytest.raises(SignatureWrong, match="15 minutes"):
        check_discord(DISCORD_KEY, DISCORD_HEADERS, b'{"type":1}', now)


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {**DISCORD_HEADERS, "x-signature-timestamp": "1795240801"},
        {**DISCORD_HEADERS, "x-signature-ed25519": "00" * 64},
        {**DISCORD_HEADERS, "x-signature-ed25519": "no hex"},
        {**DISCORD_HEADERS, "x-signature-ed25519": "00"},
    ],
)
def test_a_message_of_discord_with_anything_changed_is_refused(headers: dict[str, str]) -> None:
    with pytest.raises(SignatureWrong):
        check_discord(DISCORD_KEY, headers, b'{"type":1}', SENT_AT)


def test_x_signs_the_body() -> None:
    check_x(X_SECRET, X_HEADERS, X_BODY)
    with pytest.raises(SignatureWrong):
        check_x(X_SECRET, X_HEADERS, X_BODY + b" ")
    with pytest.raises(SignatureWrong):
        check_x(X_SECRET, {}, X_BODY)


def test_the_challenge_of_x_is_answered() -> None:
    answer = x_challenge_response(X_SECRET, "MjhmNWQ0YTItY2xpcG5ldA")

    assert answer == "sha256=syOxymc8eLhTvIYp2YsHPrL3pCz3Ddai6bCOLX5W9j8="
