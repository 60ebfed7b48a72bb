"""Webhooks: challenge, subscriptions, signed events on command."""

import json
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from fakes.x.wire import signature
from tests.fakes.receiver import Answer, Received, Receiver
from tests.fakes.serving import Served
from tests.fakes.x.conftest import BOT_ID, VIC
from tests.servers import wait_until

MENTION = {"type": "mention", "user": "viewer_vic", "text": "@clipnet clip this"}
COMPUTED = (
    b'{"data":{"event_uuid":"2080765813578191303","filter":{"user_id":"1111111111111111111"},'
    b'"event_type":"post.mention.create","tag":"mentions","payload":{"id":"2080765813578191303",'
    b'"text":"@clipnet clip this",'
    b'"author_id":"2222222222222222222"}}}'
)


def answers_challenges(request: Received) -> Answer:
    token = parse_qs(urlsplit(request.path).query).get("crc_token", [""])[0]
    return Answer(body=json.dumps({"response_token": signature(token.encode())}).encode())


@pytest.mark.parametrize(
    ("message", "length", "expected"),
    [
        (b"MjhmNWQ0YTItY2xpcG5ldA", 22, "sha256=syOxymc8eLhTvIYp2YsHPrL3pCz3Ddai6bCOLX5W9j8="),
        (COMPUTED, 241, "sha256=CwWwbm6046ZGO0+HTozxGT7YMYfQAGK3//UBq1peij4="),
    ],
)
def test_known_messages_have_their_known_signatures(message: bytes, length: int, expected: str) -> None:
    assert (len(message), signature(message)) == (length, expected)


def test_a_webhook_is_made_once_it_answers_its_challenge(app: httpx.Client, receiver: Receiver) -> None:
    receiver.answer = answers_challenges
    url = f"{receiver.url}/hook"

    made = app.post("/2/webhooks", json={"url": url})
    again = app.post("/2/webhooks", json={"url": url})
    valid = app.put(f"/2/webhooks/{made.json()['data']['id']}")
    deleted = app.delete(f"/2/webhooks/{made.json()['data']['id']}")

    asked = receiver.received[0]
    assert (asked.method, urlsplit(asked.path).path) == ("GET", "/hook")
    assert {"crc_token", "nonce"} <= set(parse_qs(urlsplit(asked.path).query))
    assert (made.json()["data"]["url"], made.json()["data"]["valid"]) == (url, True)
    assert (again.status_code, again.json()["errors"][0]["reason"]) == (400, "DuplicateUrlFailed")
    assert valid.json() == {"data": {"valid": True}}
    assert deleted.json() == {"data": {"deleted": True}}


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("https://away.test/x", "UrlValidationFailed"),
        ("https://away.test:8443/x", "UrlValidationFailed"),
        ("ftp://127.0.0.1/x" + "x" * 200, "UrlValidationFailed"),
    ],
)
def test_urls_that_are_refused(app: httpx.Client, url: str, reason: str) -> None:
    answer = app.post("/2/webhooks", json={"url": url})

    assert (answer.status_code, answer.json()["errors"][0]["reason"]) == (400, reason)


def test_an_answer_to_the_challenge_that_cannot_be_read_is_refused(
    app: httpx.Client, receiver: Receiver
) -> None:
    receiver.answer = lambda _request: Answer(body=b"[" * 100_000)

    answer = app.post("/2/webhooks", json={"url": f"{receiver.url}/hook"})

    assert (answer.status_code, answer.json()["errors"][0]["reason"]) == (400, "CrcValidationFailed")


def test_a_wrong_answer_to_the_challenge_is_refused_and_ends_a_webhook(
    app: httpx.Client, receiver: Receiver
) -> None:
    receiver.answer = lambda _: Answer(body=b'{"response_token":"sha256=wrong"}')

    made = app.post("/2/webhooks", json={"url": f"{receiver.url}/hook"})
    checked = app.put("/2/webhooks/1146654567674912769")
    event = app.post("/_fake/events", json=MENTION)

    assert made.json()["errors"][0]["reason"] == "CrcValidationFailed"
    assert (checked.status_code, event.status_code) == (400, 400)
    assert app.get("/2/webhooks").json()["data"][0]["valid"] is False


def test_webhooks_are_for_the_applications_own_token(bot: httpx.Client) -> None:
    answer = bot.get("/2/webhooks")

    assert (answer.status_code, answer.json()["title"]) == (403, "Unsupported Authentication")


def test_a_callback_may_be_rewritten_to_this_machine(fake: httpx.Client, receiver: Receiver) -> None:
    receiver.answer = answers_challenges
    fake.put("/_fake/state", json={"callbacks": {"https://clipbot.test": receiver.url}})
    form = {"grant_type": "client_credentials"}
    token = fake.post("/oauth2/token", data=form, auth=("x-staging-client", "x-staging-secret")).json()

    made = fake.post(
        "/2/webhooks",
        json={"url": "https://clipbot.test/x"},
        headers={"Authorization": f"Bearer {token['access_token']}"},
    )
    fake.put("/_fake/state", json={})

    assert made.json()["data"]["url"] == "https://clipbot.test/x"


def test_a_mention_reaches_the_application_signed(fake: httpx.Client, receiver: Receiver) -> None:
    sent = fake.post("/_fake/events", json=MENTION).json()["sent"][0]

    request = receiver.received[0]
    body = json.loads(request.body)
    assert (request.method, request.path) == ("POST", "/v1/clipbot/x")
    assert request.headers["x-twitter-webhooks-signature"] == signature(request.body)
    assert body["data"]["event_uuid"] == sent["id"]
    assert {name: body["data"][name] for name in ("filter", "event_type", "tag")} == {
        "filter": {"user_id": BOT_ID},
        "event_type": "post.mention.create",
        "tag": "mentions",
    }
    payload = body["data"]["payload"]
    assert (payload["id"], payload["text"], payload["author_id"]) == (sent["post_id"], MENTION["text"], VIC)
    assert body["includes"]["users"][0]["username"] == "viewer_vic"
    assert sent["status"] == 200
    assert fake.get("/_fake/posts").json()["posts"] == []


def test_the_bot_replies_to_a_mention(bot: httpx.Client) -> None:
    sent = bot.post("/_fake/events", json=MENTION).json()["sent"][0]

    reply = {"text": "your clip", "reply": {"in_reply_to_tweet_id": sent["post_id"]}}

    assert bot.post("/2/tweets", json=reply).status_code == 201


def test_events_can_be_many_twice_and_forged(fake: httpx.Client, receiver: Receiver) -> None:
    fake.post("/_fake/events", json={**MENTION, "times": 2, "duplicate": True})
    fake.post("/_fake/events", json={**MENTION, "bad_signature": True})

    ids = [json.loads(request.body)["data"]["event_uuid"] for request in receiver.received]
    forged = receiver.received[-1]
    assert (ids[0] == ids[1], ids[2] == ids[3], ids[1] == ids[2], len(ids)) == (True, True, False, 5)
    assert forged.headers["x-twitter-webhooks-signature"] != signature(forged.body)


@pytest.mark.parametrize(
    "changed", [{"user": "nobody"}, {"text": "no mention"}, {"type": "like"}, {"late_s": 5}, {"text": ""}]
)
def test_events_that_cannot_happen(fake: httpx.Client, changed: dict[str, Any]) -> None:
    assert fake.post("/_fake/events", json={**MENTION, **changed}).status_code == 400


def test_a_refused_event_comes_again(fake: httpx.Client, receiver: Receiver, running: Served) -> None:
    receiver.answer = lambda _: Answer(500 if len(receiver.received) == 1 else 200)

    fake.post("/_fake/events", json=MENTION)
    wait_until(lambda: bool(running.clock._sleepers), lambda: "somebody who waits for the clock")
    fake.post("/_fake/clock", json={"advance_s": 5})
    wait_until(lambda: len(receiver.received) == 2, lambda: f"2 requests, have {len(receiver.received)}")

    assert receiver.received[0].body == receiver.received[1].body


def test_subscriptions_are_made_changed_and_removed(app: httpx.Client) -> None:
    path = "/2/activity/subscriptions"
    asked = {"event_type": "post.create", "filter": {"user_id": VIC}, "tag": "vic"}

    made = app.post(path, json={**asked, "webhook_id": "1146654567674912769"}).json()["data"]["subscription"]
    changed = app.put(f"{path}/{made['subscription_id']}", json={"tag": "new"}).json()["data"]["subscription"]
    listed = app.get(path).json()["data"]
    deleted = app.delete(f"{path}/{made['subscription_id']}")
    gone = app.delete(f"{path}/{made['subscription_id']}")

    assert (made["event_type"], made["tag"], changed["tag"], len(listed)) == ("post.create", "vic", "new", 2)
    assert (deleted.json(), gone.status_code) == ({"data": {"deleted": True}}, 404)


@pytest.mark.parametrize(
    "asked",
    [
        {"event_type": "no.such", "filter": {"user_id": VIC}},
        {"event_type": "post.create", "filter": {}},
        {"event_type": "post.create", "filter": {"user_id": VIC}, "webhook_id": "1"},
    ],
)
def test_subscriptions_that_are_refused(app: httpx.Client, asked: dict[str, Any]) -> None:
    assert app.post("/2/activity/subscriptions", json=asked).status_code == 400


def test_a_webhook_with_an_impossible_port_is_refused(app: httpx.Client) -> None:
    answer = app.post("/2/webhooks", json={"url": "https://clipbot.test:99999/"})

    assert (answer.status_code, "UrlValidationFailed" in answer.text) == (400, True)
