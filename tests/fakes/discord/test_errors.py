"""Every error of Discord's documents but OAuth's: status, body and headers."""

from __future__ import annotations

import json
from typing import Any, NamedTuple

import httpx
import pytest

from tests.fakes.discord.conftest import API, APPLICATION, BOT, CHANNEL, bearer, user_tokens
from tests.fakes.discord.test_interactions import original, says, use_command
from tests.fakes.discord.test_messages import HOOK, MESSAGES
from tests.fakes.receiver import Answer, Receiver

ON_COMMAND = {
    "401": (401, 0, "401: Unauthorized"),
    "404": (404, 0, "404: Not Found"),
    "405": (405, 0, "405: Method Not Allowed"),
    "50001": (403, 50001, "Missing Access"),
    "50013": (403, 50013, "Missing Permissions"),
    "50007": (403, 50007, "Cannot send messages to this user"),
    "40001": (403, 40001, "Unauthorized"),
    "10003": (404, 10003, "Unknown Channel"),
    "10004": (404, 10004, "Unknown Guild"),
    "10008": (404, 10008, "Unknown Message"),
    "10013": (404, 10013, "Unknown User"),
    "10015": (404, 10015, "Unknown Webhook"),
    "10062": (404, 10062, "Unknown interaction"),
    "10063": (404, 10063, "Unknown application command"),
    "40005": (413, 40005, "Request entity too large"),
    "40094": (400, 40094, "This interaction has hit the maximum number of follow up messages"),
    "40060": (400, 40060, "Interaction has already been acknowledged."),
    "50006": (400, 50006, "Cannot send an empty message"),
    "50027": (401, 50027, "Invalid Webhook Token"),
}
LIMITED = "You are being rate limited."
LIMITS: dict[str | None, tuple[dict[str, Any], str]] = {
    None: ({"message": LIMITED, "global": False}, "user"),
    "429": ({"message": LIMITED, "global": False}, "user"),
    "429-global": ({"message": LIMITED, "global": True}, "global"),
    "429-shared": ({"message": "The resource is being rate limited.", "global": False}, "shared"),
    "20028": (
        {
            "message": "The write action you are performing on the channel has hit the write rate limit.",
            "global": False,
            "code": 20028,
        },
        "user",
    ),
}


def refuse(fake: httpx.Client, code: str | None) -> httpx.Response:
    """Let the next call be refused."""
    return fake.put(
        "/_fake/faults", json={"kind": "refusal", "times": 1} | ({"code": code} if code else {})
    ).raise_for_status()


@pytest.mark.parametrize(("code", "expected"), ON_COMMAND.items())
def test_an_error_comes_on_command_and_once(
    bot: httpx.Client, code: str, expected: tuple[int, int, str]
) -> None:
    refuse(bot, code)

    first, second = (bot.post(MESSAGES, json={"content": "x"}) for _ in range(2))

    status, number, message = expected
    assert (first.status_code, first.json()) == (status, {"message": message, "code": number})
    assert (first.headers["content-type"], first.headers["via"]) == ("application/json", "1.1 google")
    assert second.status_code == 200


@pytest.mark.parametrize(("code", "expected"), LIMITS.items())
def test_a_rate_limit_comes_on_command(
    bot: httpx.Client, code: str | None, expected: tuple[dict[str, Any], str]
) -> None:
    refuse(bot, code)

    answer = bot.post(MESSAGES, json={"content": "x"})

    body, scope = expected
    assert (answer.status_code, answer.json()) == (429, {**body, "retry_after": 1.0})
    assert (answer.headers["retry-after"], answer.headers["via"]) == ("1", "1.1 google")
    assert answer.headers["x-ratelimit-scope"] == scope
    assert answer.headers.get("x-ratelimit-global") == ("true" if scope == "global" else None)


@pytest.mark.parametrize(
    "path", [HOOK, f"{API}/webhooks/{APPLICATION}/token", f"{API}/interactions/1/token/callback"]
)
def test_calls_whose_token_stands_in_the_path_are_refused_too(fake: httpx.Client, path: str) -> None:
    refuse(fake, "50013")

    answer = fake.post(path, json={"content": "x"})

    assert (answer.status_code, answer.json()["code"]) == (403, 50013)


def test_a_persons_call_is_refused_too(fake: httpx.Client) -> None:
    headers = bearer(user_tokens(fake, "viewer_vic", "identify")["access_token"])
    refuse(fake, "401")

    answers = [fake.get(f"{API}/users/@me", headers=headers) for _ in range(2)]

    assert [answer.status_code for answer in answers] == [401, 200]


def test_a_code_that_discord_does_not_have_is_refused(fake: httpx.Client) -> None:
    answer = fake.put("/_fake/faults", json={"kind": "refusal", "code": "50"})

    assert answer.status_code == 400
    assert "50013" in answer.json()["error"]


class Case(NamedTuple):
    """A request and the error that it earns of itself."""

    method: str
    path: str
    body: Any
    status: int
    code: int
    message: str
    headers: dict[str, str] = BOT


COMMANDS = f"{API}/applications/{APPLICATION}/commands"
CASES = (
    Case("POST", MESSAGES, {"content": "x"}, 401, 0, "401: Unauthorized", {}),
    Case("POST", MESSAGES, {"content": "x"}, 401, 0, "401: Unauthorized", {"Authorization": "Bot x"}),
    Case("GET", f"{API}/applications/1/commands", None, 403, 50001, "Missing Access"),
    Case("POST", f"{API}/channels/1/messages", {"content": "x"}, 404, 10003, "Unknown Channel"),
    Case("GET", f"{API}/applications/{APPLICATION}/guilds/1/commands", None, 404, 10004, "Unknown Guild"),
    Case("GET", f"{MESSAGES}/1", None, 404, 10008, "Unknown Message"),
    Case("POST", f"{API}/webhooks/1/x", {"content": "x"}, 404, 10015, "Unknown Webhook", {}),
    Case("POST", f"{API}/interactions/1/x/callback", {"type": 5}, 404, 10062, "Unknown interaction", {}),
    Case("GET", f"{COMMANDS}/1", None, 404, 10063, "Unknown application command"),
    Case("POST", MESSAGES, {}, 400, 50006, "Cannot send an empty message"),
    Case("POST", f"{HOOK}x", {"content": "x"}, 401, 50027, "Invalid Webhook Token", {}),
)


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.code}-{case.method}")
def test_an_error_comes_of_itself(fake: httpx.Client, case: Case) -> None:
    answer = fake.request(case.method, case.path, json=case.body, headers=case.headers)

    expected = {"message": case.message, "code": case.code}
    assert (answer.status_code, answer.json()) == (case.status, expected)
    assert (answer.headers["content-type"], answer.headers["via"]) == ("application/json", "1.1 google")


def test_a_body_that_is_no_json_is_50109(bot: httpx.Client) -> None:
    answer = bot.post(MESSAGES, content=b"{", headers={"Content-Type": "application/json"})

    expected = {"message": "The request body contains invalid JSON.", "code": 50109}
    assert (answer.status_code, answer.json()) == (400, expected)


def test_a_file_over_the_limit_is_40005(bot: httpx.Client) -> None:
    files = {"files[0]": ("clip.mp4", bytes(10 * 1024 * 1024 + 1), "video/mp4")}

    answer = bot.post(MESSAGES, data={"payload_json": "{}"}, files=files)

    expected = {"message": "Request entity too large", "code": 40005}
    assert (answer.status_code, answer.json()) == (413, expected)


def test_a_token_without_the_scope_is_40001(fake: httpx.Client) -> None:
    headers = bearer(user_tokens(fake, "viewer_vic", "identify")["access_token"])

    answer = fake.get(f"{API}/users/@me/guilds", headers=headers)

    assert (answer.status_code, answer.json()) == (403, {"message": "Unauthorized", "code": 40001})


def test_a_second_acknowledgement_is_40060_and_a_late_answer_50027(
    fake: httpx.Client, receiver: Receiver
) -> None:
    receiver.answer = lambda _: Answer(202)
    sent = use_command(fake)
    callback = f"{API}/interactions/{sent['id']}/{sent['token']}/callback"
    fake.post(callback, json={"type": 5}).raise_for_status()

    second = fake.post(callback, json={"type": 5})
    fake.post("/_fake/clock", json={"advance_s": 901})
    late = fake.patch(original(sent), json={"content": "x"})

    acknowledged = {"message": "Interaction has already been acknowledged.", "code": 40060}
    assert (second.status_code, second.json()) == (400, acknowledged)
    assert (late.status_code, late.json()) == (401, {"message": "Invalid Webhook Token", "code": 50027})


def leaf(code: str, message: str, *path: str) -> dict[str, Any]:
    """A tree of errors with one leaf."""
    tree: dict[str, Any] = {"_errors": [{"code": code, "message": message}]}
    for name in reversed(path):
        tree = {name: tree}
    return tree


REQUIRED = ("BASE_TYPE_REQUIRED", "This field is required")
CLIP = {"name": "clip", "description": "Make a clip"}
FORMS: tuple[tuple[str, str, Any, dict[str, Any]], ...] = (
    (
        "POST",
        MESSAGES,
        {"embeds": [{"title": "x" * 257}]},
        leaf("BASE_TYPE_MAX_LENGTH", "Must be 256 or fewer in length.", "embeds", "0", "title"),
    ),
    (
        "POST",
        MESSAGES,
        {"embeds": [{"fields": [{"name": "n"}]}]},
        leaf(*REQUIRED, "embeds", "0", "fields", "0", "value"),
    ),
    (
        "POST",
        MESSAGES,
        {"content": "x", "flags": "many"},
        leaf("NUMBER_TYPE_COERCE", 'Value "many" is not int.', "flags"),
    ),
    ("POST", COMMANDS, {"description": "x"}, leaf(*REQUIRED, "name")),
    (
        "POST",
        COMMANDS,
        {**CLIP, "name": "Clip It"},
        leaf("APPLICATION_COMMAND_INVALID_NAME", "Command name is invalid", "name"),
    ),
    (
        "POST",
        COMMANDS,
        {**CLIP, "type": 9},
        leaf("BASE_TYPE_CHOICES", "Value must be one of (1, 2, 3).", "type"),
    ),
    (
        "POST",
        COMMANDS,
        {**CLIP, "description": "x" * 101},
        leaf("BASE_TYPE_BAD_LENGTH", "Must be between 1 and 100 in length.", "description"),
    ),
    (
        "POST",
        f"{API}/channels/{CHANNEL}/webhooks",
        {"name": "x" * 81},
        leaf("BASE_TYPE_BAD_LENGTH", "Must be between 1 and 80 in length.", "name"),
    ),
)


@pytest.mark.parametrize(("method", "path", "body", "tree"), FORMS)
def test_a_bad_form_is_50035_with_a_tree_that_follows_its_keys(
    bot: httpx.Client, method: str, path: str, body: Any, tree: dict[str, Any]
) -> None:
    answer = bot.request(method, path, json=body)

    expected = {"message": "Invalid Form Body", "code": 50035, "errors": tree}
    assert (answer.status_code, answer.json()) == (400, expected)


V2 = 32768
TEXT = [{"type": 10, "content": "hello"}]


def legacy(*names: str) -> dict[str, Any]:
    """The answer's body to fields that components of version 2 do not go with."""
    code = "MESSAGE_CANNOT_USE_LEGACY_FIELDS_WITH_COMPONENTS_V2"
    text = "The '{}' field cannot be used when using MessageFlags.IS_COMPONENTS_V2"
    tree = {name: {"_errors": [{"code": code, "message": text.format(name)}]} for name in names}
    return {"message": "Invalid Form Body", "code": 50035, "errors": tree}


@pytest.mark.parametrize(
    "fields",
    [
        {"content": "x"},
        {"embeds": [{"title": "x"}]},
        {"sticker_ids": ["1"]},
        {"poll": {"question": {"text": "?"}}},
        {"content": "x", "embeds": [{"title": "x"}]},
    ],
    ids="+".join,
)
def test_components_v2_go_with_nothing_else(bot: httpx.Client, fields: dict[str, Any]) -> None:
    answer = bot.post(MESSAGES, json={"flags": V2, "components": TEXT, **fields})

    assert (answer.status_code, answer.json()) == (400, legacy(*fields))


def test_a_message_becomes_one_of_components_v2_and_stays_so(bot: httpx.Client) -> None:
    one = f"{MESSAGES}/{bot.post(MESSAGES, json={'content': 'old'}).json()['id']}"

    refused = bot.patch(one, json={"flags": V2, "components": TEXT})
    edited = bot.patch(one, json={"flags": V2, "components": TEXT, "content": None})
    back = bot.patch(one, json={"content": "new"})

    assert (refused.status_code, refused.json()) == (400, legacy("content"))
    assert (edited.status_code, edited.json()["flags"], edited.json()["content"]) == (200, V2, "")
    assert (back.status_code, back.json()) == (400, legacy("content"))


@pytest.mark.parametrize(
    ("is_own", "expected"), [(True, [200] * 5 + [400]), (False, [200] * 6)], ids=["person", "guild"]
)
def test_a_persons_own_application_follows_up_five_times(
    fake: httpx.Client, receiver: Receiver, is_own: bool, expected: list[int]
) -> None:
    receiver.answer = lambda _: says({"type": 4, "data": {"content": "first"}})
    sent = use_command(fake, user_installed=is_own)
    path = f"{API}/webhooks/{APPLICATION}/{sent['token']}"

    answers = [fake.post(path, json={"content": "more"}) for _ in range(6)]

    owners = json.loads(receiver.received[0].body)["authorizing_integration_owners"]
    assert list(owners) == ["1" if is_own else "0"]
    assert [answer.status_code for answer in answers] == expected
    if is_own:
        text = "This interaction has hit the maximum number of follow up messages"
        assert answers[-1].json() == {"message": text, "code": 40094}
