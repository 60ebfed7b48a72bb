"""Every error of Twitch's documents but OAuth's: status, body and headers, and that it is brought about."""

from __future__ import annotations

from collections.abc import Callable
from http import HTTPStatus
from typing import Any

import httpx
import pytest

from tests.fakes.receiver import Receiver
from tests.fakes.twitch.conftest import BEN, BOT, CLEO, CLIENT, MIA, SAM, VIC, headers, user_token
from tests.fakes.twitch.test_eventsub import answers_challenges, subscription

USERS, CLIPS, CHAT = "/helix/users", "/helix/clips", "/helix/chat/messages"
SUBSCRIPTIONS = "/helix/eventsub/subscriptions"
NOT_PERMITTED = "The sender is not permitted to send chat messages to the broadcaster's chat room."
NOT_CLIPPABLE = "User does not have permissions to Clip on this channel."
OFFLINE = "Clipping is not possible for an offline channel."
UNAUTHORIZED_SUBSCRIPTION = "subscription missing proper authorization"
TOO_MANY_ALIKE = "number of subscriptions with the same type and condition exceeds the limit"

ON_COMMAND = {
    "too_many_requests": (429, "Too Many Requests"),
    "bad_request": (400, "The request is malformed."),
    "invalid_token": (401, "Invalid OAuth token"),
    "missing_token": (401, "OAuth token is missing"),
    "client_mismatch": (401, "Client ID and OAuth token do not match"),
    "missing_scope": (401, "Missing scope: clips:edit"),
    "user_token_needed": (401, "Missing User OAUTH Token"),
    "clip_category": (400, "The broadcaster's category is not clippable."),
    "clip_title": (400, "The title did not pass AutoMod."),
    "clip_forbidden": (403, NOT_CLIPPABLE),
    "clip_disabled": (403, "Clips are disabled or restricted on this channel."),
    "clip_offline": (404, OFFLINE),
    "message_forbidden": (403, NOT_PERMITTED),
    "message_too_large": (422, "The message is too large"),
    "subscription_forbidden": (403, UNAUTHORIZED_SUBSCRIPTION),
    "subscription_exists": (409, "subscription already exists"),
    "subscription_limit": (429, TOO_MANY_ALIKE),
    "subscription_not_found": (404, "subscription not found"),
    "internal_server_error": (500, ""),
    "service_unavailable": (503, ""),
}


def check(answer: httpx.Response, status: int, message: str) -> None:
    body = {"error": HTTPStatus(status).phrase, "status": status, "message": message}
    assert (answer.status_code, answer.json()) == (status, body)
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["ratelimit-limit"] == "800"
    assert answer.headers["ratelimit-reset"].isdecimal()
    assert (answer.headers["ratelimit-remaining"] == "0") is (message == "Too Many Requests")


@pytest.mark.parametrize(("code", "expected"), ON_COMMAND.items())
def test_an_error_comes_on_command_and_once(app: httpx.Client, code: str, expected: tuple[int, str]) -> None:
    app.put("/_fake/faults", json={"kind": "refusal", "code": code, "times": 1}).raise_for_status()

    refused, after = (app.get(USERS, params={"id": SAM}) for _ in range(2))

    check(refused, *expected)
    assert after.status_code == 200


def test_an_unknown_code_is_answered_with_all_there_are(app: httpx.Client) -> None:
    answer = app.put("/_fake/faults", json={"kind": "refusal", "code": "bored"})

    assert answer.status_code == 400
    assert all(code in answer.json()["error"] for code in ON_COMMAND)


COMMON: list[tuple[dict[str, str], str]] = [
    ({}, "OAuth token is missing"),
    ({"Client-Id": CLIENT}, "OAuth token is missing"),
    ({"Authorization": "Bearer wrong", "Client-Id": CLIENT}, "Invalid OAuth token"),
]


@pytest.mark.parametrize(("sent", "message"), COMMON)
def test_no_good_token_is_refused(fake: httpx.Client, sent: dict[str, str], message: str) -> None:
    check(fake.get(USERS, headers=sent), 401, message)


Act = Callable[[httpx.Client], httpx.Response]


def as_application(
    method: str, path: str, json: Any = None, more: dict[str, str] | None = None, **query: str
) -> Act:
    return lambda app: app.request(method, path, json=json, params=query, headers=more)


def as_person(
    method: str, path: str, scope: str, json: Any = None, login: str = "viewer_vic", **query: str
) -> Act:
    def act(client: httpx.Client) -> httpx.Response:
        sent = headers(user_token(client, login, scope))
        return client.request(method, path, json=json, params=query, headers=sent)

    return act


def message(**changed: Any) -> dict[str, Any]:
    return {"broadcaster_id": SAM, "sender_id": BOT, "message": "hello", **changed}


def missing(name: str) -> str:
    return f'Missing required parameter "{name}"'


FIRST = 'The parameter "first" was malformed: the value must be from 1 to 100'
ONE_OF = "You must specify exactly one of id, broadcaster_id or game_id"
REFUSED: dict[str, tuple[Act, int, str]] = {
    "other client": (
        as_application("GET", USERS, more={"Client-Id": "other"}),
        401,
        "Client ID and OAuth token do not match",
    ),
    "production's client": (
        as_application("GET", USERS, more={"Client-Id": "twitchproductionclient00000000"}),
        401,
        "Invalid OAuth token",
    ),
    "nobody": (as_application("GET", USERS), 400, "Must provide an ID, Login or OAuth Token"),
    "101 users": (
        lambda app: app.get(USERS, params=[("id", str(number)) for number in range(101)]),
        400,
        "The number of id and login parameters must not exceed 100",
    ),
    "page of none": (as_application("GET", "/helix/streams", first="0"), 400, FIRST),
    "page of 101": (as_application("GET", "/helix/streams", first="101"), 400, FIRST),
    "cursor": (
        as_application("GET", "/helix/streams", after="x"),
        400,
        'The parameter "after" was malformed',
    ),
    "channels of nobody": (as_application("GET", "/helix/channels"), 400, missing("broadcaster_id")),
    "clips of nothing": (as_application("GET", CLIPS), 400, ONE_OF),
    "clips of two": (as_application("GET", CLIPS, id="x", game_id="1"), 400, ONE_OF),
    "101 clips": (
        lambda app: app.get(CLIPS, params=[("id", str(number)) for number in range(101)]),
        400,
        "The number of id parameters must not exceed 100",
    ),
    "clips of a bad time": (
        as_application("GET", CLIPS, broadcaster_id=SAM, started_at="yesterday"),
        400,
        "The time is not RFC 3339",
    ),
    "clip of an application": (
        as_application("POST", CLIPS, broadcaster_id=SAM),
        401,
        "Missing User OAUTH Token",
    ),
    "clip without scope": (
        as_person("POST", CLIPS, "user:bot", broadcaster_id=SAM),
        401,
        "Missing scope: clips:edit",
    ),
    "clip of no channel": (as_person("POST", CLIPS, "clips:edit"), 400, missing("broadcaster_id")),
    "clip of nobody": (
        as_person("POST", CLIPS, "clips:edit", broadcaster_id="1"),
        400,
        "The broadcaster in the broadcaster_id query parameter was not found.",
    ),
    "clip too long": (
        as_person("POST", CLIPS, "clips:edit", broadcaster_id=SAM, duration="61"),
        400,
        'The parameter "duration" was malformed: the value must be from 5 to 60',
    ),
    "clip of no length": (
        as_person("POST", CLIPS, "clips:edit", broadcaster_id=SAM, duration="long"),
        400,
        'The parameter "duration" was malformed: it must be a number',
    ),
    "clip of the banned": (
        as_person("POST", CLIPS, "clips:edit", login="banned_ben", broadcaster_id=SAM),
        403,
        NOT_CLIPPABLE,
    ),
    "clip of the offline": (as_person("POST", CLIPS, "clips:edit", broadcaster_id=MIA), 404, OFFLINE),
    "message to no channel": (
        as_application("POST", CHAT, message(broadcaster_id="")),
        400,
        missing("broadcaster_id"),
    ),
    "message of nobody": (as_application("POST", CHAT, message(sender_id="")), 400, missing("sender_id")),
    "message of nothing": (as_application("POST", CHAT, message(message="")), 400, missing("message")),
    "message to a viewer": (
        as_application("POST", CHAT, message(broadcaster_id=VIC)),
        400,
        "The broadcaster_id is not a channel",
    ),
    "message without scope": (
        as_person("POST", CHAT, "user:bot", message(sender_id=VIC)),
        401,
        "Missing scope: user:write:chat",
    ),
    "message of another": (
        as_person("POST", CHAT, "user:write:chat", message(sender_id=SAM)),
        401,
        "The ID in sender_id must match the user ID in the user access token.",
    ),
    "message of the banned": (
        as_person("POST", CHAT, "user:write:chat", message(sender_id=BEN), "banned_ben"),
        403,
        NOT_PERMITTED,
    ),
    "message of no bot": (as_application("POST", CHAT, message(sender_id=VIC)), 403, NOT_PERMITTED),
    "message too large": (
        as_application("POST", CHAT, message(message="x" * 501)),
        422,
        "The message is too large",
    ),
    "subscription of a person": (
        as_person("POST", SUBSCRIPTIONS, "user:bot", subscription("http://127.0.0.1:1")),
        401,
        "invalid transport and auth combination",
    ),
    "two filters": (
        as_application("GET", SUBSCRIPTIONS, status="enabled", type="stream.online"),
        400,
        "you may specify only one filter",
    ),
    "deletion of nothing": (as_application("DELETE", SUBSCRIPTIONS), 400, missing("id")),
    "deletion of the unknown": (
        as_application("DELETE", SUBSCRIPTIONS, id="1"),
        404,
        "subscription not found",
    ),
}


@pytest.mark.parametrize(("act", "status", "text"), REFUSED.values(), ids=list(REFUSED))
def test_what_is_done_wrong_is_refused(app: httpx.Client, act: Act, status: int, text: str) -> None:
    check(act(app), status, text)


SECRET_WORDS = "secret must be between 10 and 100 ASCII characters"
KIND_WORDS = "invalid subscription type and version"
CONDITION_WORDS = "missing or unparseable subscription condition"
CALLBACK_WORDS = "callback must be an https URL on port 443"
HTTP = {"method": "webhook", "callback": "http://127.0.0.1:1/", "secret": "x" * 10}
UNUSABLE: list[tuple[dict[str, Any], int, str]] = [
    ({"type": "no.such.type"}, 400, KIND_WORDS),
    ({"version": "9"}, 400, KIND_WORDS),
    ({"condition": {}}, 400, CONDITION_WORDS),
    ({"condition": "x"}, 400, CONDITION_WORDS),
    ({"transport": {"method": "carrier pigeon"}}, 400, "unsupported transport method"),
    ({"transport": {**HTTP, "secret": "short"}}, 400, SECRET_WORDS),
    ({"transport": {**HTTP, "secret": "x" * 101}}, 400, SECRET_WORDS),
    ({"transport": {**HTTP, "secret": "ä" * 10}}, 400, SECRET_WORDS),
    ({"transport": {**HTTP, "callback": "http://away.test/"}}, 400, CALLBACK_WORDS),
    ({"transport": {**HTTP, "callback": "https://away.test:8443/"}}, 400, CALLBACK_WORDS),
    (
        {"type": "channel.chat.message", "condition": {"broadcaster_user_id": CLEO, "user_id": SAM}},
        403,
        UNAUTHORIZED_SUBSCRIPTION,
    ),
]


@pytest.mark.parametrize(("changed", "status", "text"), UNUSABLE)
def test_a_subscription_that_cannot_be_is_refused(
    app: httpx.Client, receiver: Receiver, changed: dict[str, Any], status: int, text: str
) -> None:
    check(app.post(SUBSCRIPTIONS, json=subscription(receiver.url, **changed)), status, text)
    assert receiver.received == []


def test_a_subscription_again_or_a_fourth_alike_is_refused(app: httpx.Client, receiver: Receiver) -> None:
    receiver.answer = answers_challenges
    urls = [receiver.url, f"{receiver.url}/2", f"{receiver.url}/3"]

    made = [app.post(SUBSCRIPTIONS, json=subscription(url)).status_code for url in urls]

    assert made == [202] * 3
    check(app.post(SUBSCRIPTIONS, json=subscription(urls[0])), 409, "subscription already exists")
    check(app.post(SUBSCRIPTIONS, json=subscription(f"{receiver.url}/4")), 429, TOO_MANY_ALIKE)


def test_the_801st_request_of_a_minute_is_too_many(app: httpx.Client) -> None:
    app.post("/_fake/clock", json={"freeze": True})
    for _ in range(800):
        app.get("/helix/streams")

    check(app.get("/helix/streams"), 429, "Too Many Requests")
