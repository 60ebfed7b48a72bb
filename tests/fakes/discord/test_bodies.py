"""Bodies with something else than they should hold: refused in Discord's words, never a fault of the fake."""

from typing import Any

import httpx
import pytest

from tests.fakes.discord.conftest import API, APPLICATION, CHANNEL
from tests.fakes.discord.test_errors import COMMANDS, leaf
from tests.fakes.discord.test_interactions import says, use_command
from tests.fakes.discord.test_messages import MESSAGES
from tests.fakes.receiver import Receiver

NO_OBJECT = ("DICT_TYPE_CONVERT", "Only dictionaries may be used in a DictType")
NO_LIST = ("LIST_TYPE_CONVERT", "Only iterables may be used in a ListType")
COMMAND = {"name": "clip", "description": "Make a clip"}


@pytest.mark.parametrize(
    ("method", "path", "body", "tree"),
    [
        ("POST", MESSAGES, [1], leaf(*NO_OBJECT)),
        ("POST", MESSAGES, {"embeds": "x"}, leaf(*NO_LIST, "embeds")),
        ("POST", MESSAGES, {"embeds": [{}, 1]}, leaf(*NO_OBJECT, "embeds", "1")),
        ("POST", MESSAGES, {"embeds": [{"footer": 1}]}, leaf(*NO_OBJECT, "embeds", "0", "footer")),
        ("POST", MESSAGES, {"embeds": [{"fields": 1}]}, leaf(*NO_LIST, "embeds", "0", "fields")),
        ("POST", MESSAGES, {"embeds": [{"fields": [1]}]}, leaf(*NO_OBJECT, "embeds", "0", "fields", "0")),
        ("POST", MESSAGES, {"components": [1]}, leaf(*NO_OBJECT, "components", "0")),
        ("POST", MESSAGES, {"message_reference": 1}, leaf(*NO_OBJECT, "message_reference")),
        ("POST", f"{API}/channels/{CHANNEL}/webhooks", [1], leaf(*NO_OBJECT)),
        ("POST", f"{API}/interactions/1/x/callback", {"type": 4, "data": 1}, leaf(*NO_OBJECT, "data")),
        ("PATCH", f"{API}/applications/@me", [1], leaf(*NO_OBJECT)),
        ("POST", COMMANDS, [1], leaf(*NO_OBJECT)),
        ("PUT", COMMANDS, {}, leaf(*NO_LIST)),
        ("PUT", COMMANDS, [COMMAND, 1], leaf(*NO_OBJECT, "1")),
        ("POST", COMMANDS, {**COMMAND, "options": 1}, leaf(*NO_LIST, "options")),
        (
            "POST",
            COMMANDS,
            {**COMMAND, "type": [1]},
            leaf("BASE_TYPE_CHOICES", "Value must be one of (1, 2, 3).", "type"),
        ),
    ],
)
def test_a_value_of_another_kind_is_named(
    bot: httpx.Client, method: str, path: str, body: Any, tree: dict[str, Any]
) -> None:
    answer = bot.request(method, path, json=body)

    expected = {"message": "Invalid Form Body", "code": 50035, "errors": tree}
    assert (answer.status_code, answer.json()) == (400, expected)


@pytest.mark.parametrize(
    "body",
    [b"[" * 5000, b'{"content": "\\ud800"}', b'{"flags": 1e999}', b'{"flags": NaN}', b"\xff"],
    ids=["deep", "half a character", "endless", "no number", "no text"],
)
def test_json_that_cannot_be_kept_is_50109(bot: httpx.Client, body: bytes) -> None:
    answer = bot.post(MESSAGES, content=body, headers={"Content-Type": "application/json"})

    assert (answer.status_code, answer.json()["code"]) == (400, 50109)


@pytest.mark.parametrize("data", [1, [1], {"embeds": [1]}, {"content": "\ud800"}])
def test_an_answer_of_another_kind_fails_the_interaction(
    fake: httpx.Client, receiver: Receiver, data: Any
) -> None:
    receiver.answer = lambda _: says({"type": 4, "data": data})

    sent = use_command(fake)

    assert sent["status"] == 200
    assert fake.get("/_fake/state").json()["state"]["interactions"] == {"failed": 1}
    assert fake.get(f"{API}/webhooks/{APPLICATION}/{sent['token']}/messages/@original").status_code == 404
