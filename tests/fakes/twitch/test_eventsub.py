"""EventSub: challenge, signature, retries, revocation, and events on command."""

import json
from typing import Any

import httpx
import pytest

from fakes.twitch.state.eventsub import REDEMPTION
from fakes.twitch.wire import Message, signature
from tests.fakes.receiver import Answer, Received, Receiver
from tests.fakes.serving import Served
from tests.fakes.twitch.conftest import BOT, CLIENT, SAM, headers, status_of, user_token, wait_for_status
from tests.servers import wait_until

SECRET = "clipbot-staging-secret"
CHAT = {"type": "chat", "user": "viewer_vic", "channel": "streamer_sam", "text": "!clip 10"}
COMPUTED_ID = "befa7b53-d79d-478f-86b9-120f112b044e"
COMPUTED_AT = "2026-11-21T06:00:00.123456789Z"
COMPUTED_A = (
    '{"subscription":{"id":"f1c2a387-161a-49f9-a165-0f21d7a4e1c4","status":"enabled","type":"stream.online",'
    '"version":"1","condition":{"broadcaster_user_id":"1337"},"transport":{"method":"webhook","callback":'
    '"https://clipbot.test/twitch"},"created_at":"2026-11-21T05:59:00.000000000Z","cost":0},"event":{"id":"9001",'
    '"broadcaster_user_id":"1337","broadcaster_user_login":"cool_user","broadcaster_user_name":"Cool_User",'
    '"type":"live","started_at":"2026-11-21T06:00:00Z"}}'
)
COMPUTED_B = (
    '{"challenge":"pogchamp-kappa-360noscope-vohiyo","subscription":{"id":"f1c2a387-161a-49f9-a165-0f21d7a4e1c4",'
    '"status":"webhook_callback_verification_pending","type":"stream.online","version":"1","cost":0,"condition":'
    '{"broadcaster_user_id":"1337"},"transport":{"method":"webhook","callback":"https://clipbot.test/twitch"},'
    '"created_at":"2026-11-21T05:59:00.000000000Z"}}'
)


def subscription(url: str, **changed: Any) -> dict[str, Any]:
    condition = {"broadcaster_user_id": SAM}
    transport = {"method": "webhook", "callback": f"{url}/hook", "secret": "a-secret-of-mine"}
    return {
        "type": "stream.online",
        "version": "1",
        "condition": condition,
        "transport": transport,
        **changed,
    }


def answers_challenges(request: Received) -> Answer:
    body = json.loads(request.body)
    return Answer(body=str(body.get("challenge", "")).encode(), headers={"Content-Type": "text/plain"})


def event_headers(request: Received) -> dict[str, str]:
    prefix = "twitch-eventsub-"
    return {
        name.removeprefix(prefix): value for name, value in request.headers.items() if name.startswith(prefix)
    }


@pytest.mark.parametrize(
    ("body", "length", "expected"),
    [
        (COMPUTED_A, 464, "2c3dc9d6abbd5beb3c2c92ad98d4d01d436e6e9c41e3f64b997bb79dd18422da"),
        (COMPUTED_B, 367, "228cac49f8bf72ecdb1e354e64282e5c2427af93b24619c831e5ae18403ff4fe"),
    ],
)
def test_known_messages_have_their_known_signatures(body: str, length: int, expected: str) -> None:
    message = Message(COMPUTED_ID, "notification", COMPUTED_AT, body.encode(), "stream.online", "1")

    sent = message.headers(SECRET)

    assert len(message.body) == length
    assert sent["Twitch-Eventsub-Message-Signature"] == f"sha256={expected}"


def test_a_new_subscription_is_enabled_once_its_challenge_comes_back(
    app: httpx.Client, receiver: Receiver
) -> None:
    receiver.answer = answers_challenges

    created = app.post("/helix/eventsub/subscriptions", json=subscription(receiver.url))

    one = created.json()["data"][0]
    wait_for_status(app, one["id"], "enabled")
    asked = receiver.received[0]
    named = event_headers(asked)
    assert created.status_code == 202
    assert created.json().keys() == {"data", "total", "total_cost", "max_total_cost"}
    assert one["status"] == "webhook_callback_verification_pending"
    assert one["transport"] == {"method": "webhook", "callback": f"{receiver.url}/hook"}
    assert (named["message-type"], named["message-retry"]) == ("webhook_callback_verification", "0")
    assert (named["subscription-type"], named["subscription-version"]) == ("stream.online", "1")
    assert named["message-signature"] == signature(
        "a-secret-of-mine", named["message-id"], named["message-timestamp"], asked.body
    )


def test_a_wrong_answer_to_the_challenge_fails_the_subscription(
    app: httpx.Client, receiver: Receiver
) -> None:
    receiver.answer = lambda _: Answer(body=b"something else")

    created = app.post("/helix/eventsub/subscriptions", json=subscription(receiver.url)).json()

    wait_for_status(app, created["data"][0]["id"], "webhook_callback_verification_failed")


@pytest.mark.parametrize(
    ("changed", "status"),
    [
        ({"type": "no.such.type"}, 400),
        ({"version": "9"}, 400),
        ({"condition": {}}, 400),
        ({"transport": {"method": "websocket"}}, 400),
        ({"transport": {"method": "webhook", "callback": "http://127.0.0.1:1/", "secret": "short"}}, 400),
        ({"transport": {"method": "webhook", "callback": "http://away.test/", "secret": "x" * 10}}, 400),
        ({"transport": {"method": "webhook", "callback": "https://away.test/", "secret": "x" * 10}}, 400),
        ({"type": "channel.chat.message", "condition": {"broadcaster_user_id": SAM, "user_id": SAM}}, 403),
    ],
)
def test_subscriptions_that_are_refused(
    app: httpx.Client, receiver: Receiver, changed: dict[str, Any], status: int
) -> None:
    answer = app.post("/helix/eventsub/subscriptions", json=subscription(receiver.url, **changed))

    assert (answer.status_code, answer.json()["status"]) == (status, status)
    assert receiver.received == []


def test_the_same_again_conflicts_and_a_fourth_alike_is_too_many(
    app: httpx.Client, receiver: Receiver
) -> None:
    receiver.answer = answers_challenges
    urls = [receiver.url, receiver.url, f"{receiver.url}/2", f"{receiver.url}/3", f"{receiver.url}/4"]

    answers = [app.post("/helix/eventsub/subscriptions", json=subscription(url)) for url in urls]

    assert [answer.status_code for answer in answers] == [202, 409, 202, 202, 429]
    assert answers[1].json() == {
        "error": "Conflict",
        "status": 409,
        "message": "subscription already exists",
    }


def test_webhooks_are_for_application_tokens(fake: httpx.Client, receiver: Receiver) -> None:
    token = user_token(fake, "streamer_sam", "user:bot")

    answer = fake.post(
        "/helix/eventsub/subscriptions", json=subscription(receiver.url), headers=headers(token)
    )

    assert answer.status_code == 401


def test_a_callback_may_be_rewritten_to_this_machine(app: httpx.Client, receiver: Receiver) -> None:
    receiver.answer = answers_challenges
    app.put("/_fake/state", json={"callbacks": {"https://clipbot.test": receiver.url}})
    query = {"client_id": "twitchstagingclient00000000000", "client_secret": "twitch-staging-secret"}
    token = app.post("/oauth2/token", params={**query, "grant_type": "client_credentials"}).json()
    app.headers.update(headers(token["access_token"]))

    created = app.post("/helix/eventsub/subscriptions", json=subscription("https://clipbot.test")).json()

    wait_for_status(app, created["data"][0]["id"], "enabled")
    assert created["data"][0]["transport"]["callback"] == "https://clipbot.test/hook"
    app.put("/_fake/state", json={})


def test_listing_takes_one_filter_and_deleting_needs_a_known_id(app: httpx.Client) -> None:
    path = "/helix/eventsub/subscriptions"
    mine = app.get(path).json()["data"]

    two_filters = app.get(path, params={"status": "enabled", "type": "stream.online"})
    deleted = app.delete(path, params={"id": mine[0]["id"]})
    again = app.delete(path, params={"id": mine[0]["id"]})

    assert {one["type"] for one in mine} == {"channel.chat.message", REDEMPTION}
    assert (two_filters.status_code, deleted.status_code, again.status_code) == (400, 204, 404)
    assert len(app.get(path).json()["data"]) == len(mine) - 1


def test_a_chat_message_reaches_the_application_signed(fake: httpx.Client, receiver: Receiver) -> None:
    receiver.answer = lambda _: Answer(204)

    sent = fake.post("/_fake/events", json=CHAT).json()["sent"]

    request = receiver.received[0]
    named, body = event_headers(request), json.loads(request.body)
    assert request.path == "/v1/clipbot/twitch"
    assert named["message-signature"] == signature(
        SECRET, named["message-id"], named["message-timestamp"], request.body
    )
    assert sent[0]["id"] == named["message-id"]
    assert (sent[0]["status"], sent[0]["body"]) == (204, "")
    assert body["subscription"]["condition"] == {"broadcaster_user_id": SAM, "user_id": BOT}
    assert body["event"]["message"]["text"] == "!clip 10"
    assert (body["event"]["chatter_user_login"], body["event"]["badges"]) == ("viewer_vic", [])
    assert body["event"]["message_id"] == sent[0]["chat_message_id"]


def test_badges_tell_moderators_and_the_broadcaster(fake: httpx.Client, receiver: Receiver) -> None:
    for login in ("mod_mia", "streamer_sam"):
        fake.post("/_fake/events", json={**CHAT, "user": login})

    badges = [json.loads(request.body)["event"]["badges"][0]["set_id"] for request in receiver.received]
    assert badges == ["moderator", "broadcaster"]


def test_events_can_be_many_twice_forged_and_late(fake: httpx.Client, receiver: Receiver) -> None:
    fake.post("/_fake/clock", json={"set": "2026-11-21T06:00:00Z"})
    fake.post("/_fake/clock", json={"freeze": True})

    fake.post("/_fake/events", json={**CHAT, "times": 2, "duplicate": True})
    fake.post("/_fake/events", json={**CHAT, "bad_signature": True, "late_s": 900})

    ids = [event_headers(request)["message-id"] for request in receiver.received]
    forged = receiver.received[-1]
    named = event_headers(forged)
    assert (ids[0] == ids[1], ids[2] == ids[3], ids[1] == ids[2], len(ids)) == (True, True, False, 5)
    assert named["message-timestamp"].startswith("2026-11-21T05:45:00.")
    assert named["message-signature"] != signature(
        SECRET, named["message-id"], named["message-timestamp"], forged.body
    )


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"type": "raid"}, "unknown event type 'raid'"),
        ({**CHAT, "user": "nobody"}, "nobody has the login 'nobody'"),
        ({**CHAT, "channel": "viewer_vic"}, "no enabled subscription"),
        ({**CHAT, "times": 0}, "event field 'times' is 0"),
        ({**CHAT, "loud": True}, "unknown event field 'loud'"),
    ],
)
def test_events_that_cannot_happen(fake: httpx.Client, body: dict[str, Any], words: str) -> None:
    answer = fake.post("/_fake/events", json=body)

    assert answer.status_code == 400
    assert words in answer.json()["error"]


def test_a_refused_notification_comes_again_with_the_same_id(
    fake: httpx.Client, receiver: Receiver, running: Served
) -> None:
    receiver.answer = lambda _: Answer(500 if len(receiver.received) == 1 else 204)

    sent = fake.post("/_fake/events", json=CHAT).json()["sent"]
    advance(fake, running, 1.0)
    wait_until(lambda: len(receiver.received) == 2, lambda: f"2 requests, have {len(receiver.received)}")

    first, second = map(event_headers, receiver.received)
    assert sent[0]["status"] == 500
    assert first["message-id"] == second["message-id"]
    assert (first["message-retry"], second["message-retry"]) == ("0", "1")


def test_a_subscription_that_nobody_answers_is_revoked(
    app: httpx.Client, receiver: Receiver, running: Served
) -> None:
    receiver.answer = lambda _: Answer(500)
    app.post("/_fake/clock", json={"freeze": True})
    sent = app.post("/_fake/events", json={**CHAT, "times": 5}).json()["sent"]

    for number, wait_s in enumerate((1.0, 4.0, 16.0, 64.0), start=2):
        advance(app, running, wait_s, waiting=5)
        wait_until(
            lambda wanted=5 * number: len(receiver.received) >= wanted,  # type: ignore[misc]  # mypy: lambda default
            lambda: f"more requests, have {len(receiver.received)}",
        )

    wait_until(lambda: len(receiver.received) == 26, lambda: f"26 requests, have {len(receiver.received)}")
    last = receiver.received[-1]
    assert event_headers(last)["message-type"] == "revocation"
    assert json.loads(last.body)["subscription"]["status"] == "notification_failures_exceeded"
    assert status_of(app, sent[0]["subscription_id"]) == "notification_failures_exceeded"


def advance(fake: httpx.Client, running: Served, seconds: float, waiting: int = 1) -> None:
    """Move the clock once that many deliveries wait for it."""
    clock = running.clock
    wait_until(lambda: len(clock._sleepers) >= waiting, lambda: f"{waiting} who wait for the clock")
    fake.post("/_fake/clock", json={"advance_s": seconds})


def test_a_redemption_reaches_the_application_with_what_the_viewer_typed(
    fake: httpx.Client, receiver: Receiver
) -> None:
    receiver.answer = lambda _: Answer(204)

    sent = fake.post("/_fake/events", json={"type": "redeem", "text": "what a play"}).json()["sent"]

    body = json.loads(receiver.received[0].body)
    event = body["event"]
    assert body["subscription"]["type"] == REDEMPTION
    assert (event["user_login"], event["user_input"], event["status"]) == (
        "viewer_vic",
        "what a play",
        "unfulfilled",
    )
    assert (event["reward"]["title"], event["id"]) == ("Clip that", sent[0]["redemption_id"])


def test_an_event_carries_on_the_trace_of_who_asked_for_it(fake: httpx.Client, receiver: Receiver) -> None:
    receiver.answer = lambda _: Answer(204)
    traceparent = f"00-{'a' * 32}-{'b' * 16}-01"

    fake.post("/_fake/events", json=CHAT, headers={"traceparent": traceparent})

    assert receiver.received[0].headers["traceparent"] == traceparent


def test_a_subscription_needs_the_consent_of_whom_it_is_about(app: httpx.Client, receiver: Receiver) -> None:
    receiver.answer = answers_challenges
    condition = {"broadcaster_user_id": SAM}
    body = subscription(receiver.url, type=REDEMPTION, condition=condition)
    before = app.post("/helix/eventsub/subscriptions", json=body)
    user_token(app, "streamer_sam", "bits:read")
    with_another = app.post("/helix/eventsub/subscriptions", json=body)
    user_token(app, "streamer_sam", "channel:manage:redemptions")

    after = app.post("/helix/eventsub/subscriptions", json=body)

    assert [one.status_code for one in (before, with_another, after)] == [403, 403, 202]
    assert before.json()["message"] == "subscription missing proper authorization"


def test_who_takes_back_access_ends_what_needs_it_and_the_application_is_told(
    app: httpx.Client, receiver: Receiver
) -> None:
    receiver.answer = answers_challenges
    for _ in range(2):
        user_token(app, "streamer_sam", "bits:read")
    asked = {
        "channel.cheer": {"broadcaster_user_id": SAM},
        "stream.online": {"broadcaster_user_id": SAM},
        "user.authorization.revoke": {"client_id": CLIENT},
    }
    ids = {}
    for kind, condition in asked.items():
        body = subscription(f"{receiver.url}/{kind}", type=kind, condition=condition)
        ids[kind] = app.post("/helix/eventsub/subscriptions", json=body).json()["data"][0]["id"]
        wait_for_status(app, ids[kind], "enabled")
    receiver.received.clear()

    app.post("/_fake/oauth/revoke", json={"user": "streamer_sam"}).raise_for_status()

    wait_until(lambda: len(receiver.received) >= 2, lambda: f"2 messages, are {len(receiver.received)}")
    sent = {event_headers(one)["message-type"]: json.loads(one.body) for one in receiver.received}
    assert len(receiver.received) == 2
    assert sent["revocation"]["subscription"]["id"] == ids["channel.cheer"]
    assert sent["revocation"]["subscription"]["status"] == "authorization_revoked"
    assert sent["notification"]["event"] == {
        "client_id": CLIENT,
        "user_id": SAM,
        "user_login": "streamer_sam",
        "user_name": "Streamer Sam",
    }
    assert [status_of(app, one) for one in ids.values()] == ["authorization_revoked", "enabled", "enabled"]


def test_an_unknown_event_is_refused_with_those_there_are(fake: httpx.Client) -> None:
    answer = fake.post("/_fake/events", json={"type": "raid"})

    assert (answer.status_code, answer.json()) == (
        400,
        {"error": "unknown event type 'raid'; known are chat, redeem"},
    )


def test_what_an_application_says_is_told_to_who_listens_to_the_chat(
    app: httpx.Client, receiver: Receiver
) -> None:
    asked = app.post("/_fake/events", json=CHAT).json()["sent"][0]["chat_message_id"]
    message = {"broadcaster_id": SAM, "sender_id": BOT, "message": "Your clip is made."}

    sent = app.post("/helix/chat/messages", json={**message, "reply_parent_message_id": asked}).json()

    wait_until(lambda: len(receiver.received) == 2, lambda: f"2 messages, are {len(receiver.received)}")
    event = json.loads(receiver.received[1].body)["event"]
    assert (event["message_id"], event["chatter_user_id"]) == (sent["data"][0]["message_id"], BOT)
    assert event["message"]["text"] == "Your clip is made."
    assert (event["reply"]["parent_message_id"], event["reply"]["parent_message_body"]) == (asked, "!clip 10")
    assert event["reply"]["parent_user_login"] == "viewer_vic"
