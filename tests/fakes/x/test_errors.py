"""Every error of X's documents but OAuth's and the uploads': status, body, headers, and what leads to it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from tests.fakes.receiver import Answer, Receiver
from tests.fakes.x.conftest import AUTH, BOT, BOT_ID, user_headers
from tests.fakes.x.problems import (
    MEDIA_IDS,
    OF_POST,
    PROBLEMS,
    TOO_MANY,
    check,
    invalid,
    missing,
    problem,
    refused_url,
    row,
)
from tests.fakes.x.test_webhooks import answers_challenges

TWEETS, HOOKS = "/2/tweets", "/2/webhooks"
SUBSCRIPTIONS = "/2/activity/subscriptions"
AWAY = "https://away.test/x"


def wrong_token(used: str, supported: str) -> dict[str, Any]:
    detail = (
        f"Authenticating with {used} is forbidden for this endpoint."
        f" Supported authentication types are [{supported}]."
    )
    return problem(403, "Unsupported Authentication", detail, f"{PROBLEMS}/unsupported-authentication")


UNAUTHORIZED = problem(401, "Unauthorized", "Unauthorized")
FORBIDDEN = problem(403, "Forbidden", "Forbidden")
DUPLICATE = problem(403, "Forbidden", "You are not allowed to create a Tweet with duplicate content.")
NOT_MENTIONED = problem(
    403,
    "Forbidden",
    "Reply to this conversation is not allowed because you have not been mentioned or otherwise engaged"
    " by the author of the post you are replying to.",
)
USER_NEEDED = wrong_token("OAuth 2.0 Application-Only", "OAuth 1.0a User Context, OAuth 2.0 User Context")
ACCOUNT_ID = 1_800_000_000_000_000_001
USAGE_CAPPED = {
    "account_id": ACCOUNT_ID,
    "product_name": "standard-basic",
    "title": "UsageCapExceeded",
    "period": "Monthly",
    "scope": "Product",
    "detail": "Usage cap exceeded: Monthly product cap",
    "type": f"{PROBLEMS}/usage-capped",
}
CREDITS_DEPLETED = {
    "account_id": ACCOUNT_ID,
    "title": "CreditsDepleted",
    "detail": f"Your enrolled account [{ACCOUNT_ID}] does not have any credits to fulfill this request.",
    "type": f"{PROBLEMS}/credits",
}
NOT_ENROLLED = {
    "client_id": "30000001",
    "detail": "When authenticating requests to the Twitter API v2 endpoints, you must use keys and tokens"
    " from a Twitter developer App that is attached to a Project. You can create a project via the developer"
    " portal.",
    "registration_url": "https://developer.twitter.com/en/docs/projects/overview",
    "title": "Client Forbidden",
    "required_enrollment": "Appropriate Level of API Access",
    "reason": "client-not-enrolled",
    "type": f"{PROBLEMS}/client-forbidden",
}


def of_post(title: str, detail: str, kind: str) -> dict[str, Any]:
    return problem(403, title, detail, f"{PROBLEMS}/{kind}", **OF_POST)


ON_COMMAND: dict[str, tuple[int, dict[str, Any]]] = {
    "rate-limit-exceeded": (429, TOO_MANY),
    "usage-capped": (429, USAGE_CAPPED),
    "CreditsDepleted": (402, CREDITS_DEPLETED),
    "invalid-request": (400, invalid(row("The request is not valid."))),
    "Unauthorized": (401, UNAUTHORIZED),
    "Forbidden": (403, FORBIDDEN),
    "duplicate-content": (403, DUPLICATE),
    "reply-not-allowed": (403, NOT_MENTIONED),
    "unsupported-authentication": (403, USER_NEEDED),
    "client-forbidden": (403, NOT_ENROLLED),
    "not-authorized-for-resource": (
        403,
        of_post(
            "Authorization Error",
            "Sorry, you are not authorized to see the Tweet with id: [1].",
            "not-authorized-for-resource",
        ),
    ),
    "resource-unavailable": (
        403,
        of_post("Resource Unavailable", "The Tweet with id: [1] is not available.", "resource-unavailable"),
    ),
    "disallowed-resource": (
        403,
        of_post(
            "Disallowed Resource", "The Tweet with id: [1] violates the rules of X.", "disallowed-resource"
        ),
    ),
    "resource-not-found": (404, missing("tweet", "1")),
    "invalid-media": (400, invalid(row(MEDIA_IDS, "media.media_ids", "1"))),
    "internal-error": (
        500,
        problem(500, "Internal Error", "Something went wrong on our side.", f"{PROBLEMS}/internal-error"),
    ),
    "Service Unavailable": (503, problem(503, "Service Unavailable", "Service Unavailable")),
    **{
        reason: (400, refused_url(reason, "https://clipbot.test/x"))
        for reason in (
            "CrcValidationFailed",
            "UrlValidationFailed",
            "DuplicateUrlFailed",
            "WebhookLimitExceeded",
            "WebhookIdInvalid",
        )
    },
}


@pytest.mark.parametrize(("code", "expected"), ON_COMMAND.items())
def test_an_error_comes_on_command_and_once(
    bot: httpx.Client, code: str, expected: tuple[int, dict[str, Any]]
) -> None:
    bot.put("/_fake/faults", json={"kind": "refusal", "code": code, "times": 1}).raise_for_status()

    refused, after = (bot.post(TWEETS, json={"text": "once"}) for _ in range(2))

    check(refused, *expected)
    assert after.status_code == 201


def test_an_unknown_code_is_answered_with_all_there_are(bot: httpx.Client) -> None:
    answer = bot.put("/_fake/faults", json={"kind": "refusal", "code": "bored"})

    assert answer.status_code == 400
    assert all(code in answer.json()["error"] for code in ON_COMMAND)


Act = Callable[[httpx.Client], httpx.Response]


def sent(
    method: str, path: str, json: Any = None, headers: dict[str, str] | None = None, **query: str
) -> Act:
    """One request, of the bot unless headers say otherwise."""
    return lambda client: client.request(method, path, json=json, params=query, headers=headers or BOT)


def as_application(method: str, path: str, json: Any = None) -> Act:
    def act(client: httpx.Client) -> httpx.Response:
        token = client.post("/oauth2/token", data={"grant_type": "client_credentials"}, auth=AUTH).json()
        headers = {"Authorization": f"Bearer {token['access_token']}"}
        return client.request(method, path, json=json, headers=headers)

    return act


def as_person(method: str, path: str, json: Any = None, login: str = "viewer_vic", **more: str) -> Act:
    return lambda client: client.request(method, path, json=json, headers=user_headers(client, login, **more))


def twice(act: Act) -> Act:
    def acts(client: httpx.Client) -> httpx.Response:
        act(client)
        return act(client)

    return acts


POSTS: dict[str, tuple[Act, int, dict[str, Any]]] = {
    "no token": (sent("GET", "/2/users/me", headers={"X-None": "1"}), 401, UNAUTHORIZED),
    "wrong token": (
        sent("GET", "/2/users/me", headers={"Authorization": "Bearer wrong"}),
        401,
        UNAUTHORIZED,
    ),
    "scope": (as_person("POST", TWEETS, {"text": "x"}, scope="tweet.read users.read"), 403, FORBIDDEN),
    "user needed": (as_application("POST", TWEETS, {"text": "x"}), 403, USER_NEEDED),
    "application needed": (
        sent("GET", HOOKS),
        403,
        wrong_token("OAuth 2.0 User Context", "OAuth 2.0 Application-Only"),
    ),
    "unknown key": (
        sent("POST", TWEETS, {"text": "x", "nonsense": 1}),
        400,
        invalid(
            row(
                "$.nonsense: is not defined in the schema and the schema does not allow additional"
                " properties",
                "nonsense",
            )
        ),
    ),
    "no text": (
        sent("POST", TWEETS, {}),
        400,
        invalid(row("Tweet text is required when media, poll or quote is not provided.", "text")),
    ),
    "text of a wrong kind": (
        sent("POST", TWEETS, {"text": 5}),
        400,
        invalid(row("$.text: must be a string", "text", "5")),
    ),
    "exclusive fields": (
        sent("POST", TWEETS, {"text": "x", "card_uri": "card://1", "quote_tweet_id": "1"}),
        400,
        invalid(row("media, poll, quote_tweet_id, card_uri are mutually exclusive")),
    ),
    "reply settings": (
        sent("POST", TWEETS, {"text": "x", "reply_settings": "nobody"}),
        400,
        invalid(
            row(
                "reply_settings must be one of following, mentionedUsers, subscribers, verified",
                "reply_settings",
                "nobody",
            )
        ),
    ),
    "poll of one": (
        sent("POST", TWEETS, {"text": "x", "poll": {"options": ["a"], "duration_minutes": 5}}),
        400,
        invalid(row("poll.options must have 2 to 4 options", "poll.options")),
    ),
    "quote of nothing": (
        sent("POST", TWEETS, {"text": "x", "quote_tweet_id": "1"}),
        400,
        invalid(row("The quoted Tweet does not exist.", "quote_tweet_id", "1")),
    ),
    "duplicate": (twice(sent("POST", TWEETS, {"text": "same"})), 403, DUPLICATE),
    "too long": (
        sent("POST", TWEETS, {"text": "x" * 281}),
        403,
        problem(403, "Forbidden", "Your Tweet text is too long."),
    ),
    "reply to nothing": (
        sent("POST", TWEETS, {"text": "x", "reply": {"in_reply_to_tweet_id": "1"}}),
        403,
        problem(403, "Forbidden", "You attempted to reply to a Tweet that is deleted or not visible to you."),
    ),
    "suspended": (
        as_person("POST", TWEETS, {"text": "x"}, "banned_ben"),
        403,
        problem(403, "Forbidden", "Your account is suspended and is not permitted to access this feature."),
    ),
    "post not found": (sent("GET", f"{TWEETS}/1"), 404, missing("tweet", "1")),
    "deletion not found": (sent("DELETE", f"{TWEETS}/1"), 404, missing("tweet", "1")),
    "user not found": (sent("GET", "/2/users/1/tweets"), 404, missing("user", "1")),
    "page too small": (
        sent("GET", f"/2/users/{BOT_ID}/tweets", max_results="4"),
        400,
        invalid(
            row("The `max_results` query parameter value [4] is not between 5 and 100", "max_results", "4")
        ),
    ),
}


@pytest.mark.parametrize(("act", "status", "body"), POSTS.values(), ids=list(POSTS))
def test_what_is_done_wrong_with_posts_is_refused(
    fake: httpx.Client, act: Act, status: int, body: dict[str, Any]
) -> None:
    check(act(fake), status, body)


def test_who_was_not_mentioned_must_not_reply(bot: httpx.Client) -> None:
    other = bot.post(TWEETS, json={"text": "hello"}, headers=user_headers(bot)).json()["data"]["id"]

    answer = bot.post(TWEETS, json={"text": "re", "reply": {"in_reply_to_tweet_id": other}})

    check(answer, 403, NOT_MENTIONED)


def test_who_did_not_write_a_post_must_not_delete_it(bot: httpx.Client) -> None:
    post_id = bot.post(TWEETS, json={"text": "mine"}).json()["data"]["id"]

    answer = bot.delete(f"{TWEETS}/{post_id}", headers=user_headers(bot))

    check(answer, 403, problem(403, "Forbidden", "You are not permitted to delete this Tweet."))


def test_what_is_missing_in_a_list_comes_with_200(bot: httpx.Client) -> None:
    answer = bot.get(TWEETS, params={"ids": "1"})

    looked_up = {**OF_POST, "parameter": "ids"}
    told = {"title": "Not Found Error", "detail": "Could not find tweet with ids: [1]."}
    expected = {**looked_up, **told, "type": f"{PROBLEMS}/resource-not-found"}
    assert (answer.status_code, answer.json()) == (200, {"errors": [expected]})


def test_the_76th_look_at_oneself_is_too_many(bot: httpx.Client) -> None:
    bot.post("/_fake/clock", json={"freeze": True})
    answers = [bot.get("/2/users/me") for _ in range(76)]

    assert {answer.status_code for answer in answers[:75]} == {200}
    assert answers[75].headers["x-rate-limit-limit"] == "75"
    check(answers[75], 429, TOO_MANY)


WEBHOOKS: dict[str, tuple[Act, int, dict[str, Any]]] = {
    "away": (
        as_application("POST", HOOKS, {"url": AWAY}),
        400,
        refused_url("UrlValidationFailed", AWAY),
    ),
    "id": (as_application("PUT", f"{HOOKS}/1"), 400, refused_url("WebhookIdInvalid", "1")),
    "deletion": (as_application("DELETE", f"{HOOKS}/1"), 400, refused_url("WebhookIdInvalid", "1")),
    "event type": (
        as_application("POST", SUBSCRIPTIONS, {"event_type": "no.such", "filter": {"user_id": "1"}}),
        400,
        invalid(row("event_type is not known", "event_type", "no.such")),
    ),
    "filter": (
        as_application("POST", SUBSCRIPTIONS, {"event_type": "post.create", "filter": {}}),
        400,
        invalid(row("filter.user_id is required", "filter")),
    ),
    "subscription": (
        as_application("DELETE", f"{SUBSCRIPTIONS}/1"),
        404,
        missing("subscription", "1"),
    ),
}


@pytest.mark.parametrize(("act", "status", "body"), WEBHOOKS.values(), ids=list(WEBHOOKS))
def test_what_is_done_wrong_with_webhooks_is_refused(
    fake: httpx.Client, act: Act, status: int, body: dict[str, Any]
) -> None:
    check(act(fake), status, body)


def test_a_challenge_answered_wrongly_makes_no_webhook(app: httpx.Client, receiver: Receiver) -> None:
    receiver.answer = lambda _: Answer(body=b'{"response_token":"sha256=wrong"}')
    url = f"{receiver.url}/hook"

    check(app.post(HOOKS, json={"url": url}), 400, refused_url("CrcValidationFailed", url))


def test_a_webhook_again_or_one_too_many_is_refused(app: httpx.Client, receiver: Receiver) -> None:
    receiver.answer = answers_challenges
    urls = [f"{receiver.url}/{number}" for number in range(5)]

    made = [app.post(HOOKS, json={"url": url}).status_code for url in urls[:4]]

    assert made == [200] * 4
    check(app.post(HOOKS, json={"url": urls[0]}), 400, refused_url("DuplicateUrlFailed", urls[0]))
    check(app.post(HOOKS, json={"url": urls[4]}), 400, refused_url("WebhookLimitExceeded", urls[4]))
