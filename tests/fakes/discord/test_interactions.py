"""Interactions: signature, the first answer, follow-ups, deadlines, and commands."""

import json
from typing import Any

import httpx
import pytest
from nacl.exceptions import BadSignatureError
from nacl.signing import VerifyKey

from fakes.discord.wire import public_key, signed
from tests.fakes.discord.conftest import API, APPLICATION, CHANNEL, GUILD
from tests.fakes.receiver import Answer, Received, Receiver

COMMANDS = f"{API}/applications/{APPLICATION}/commands"
AT = "1795240800"
PING = b'{"type":1}'
COMMAND = (
    b'{"app_permissions":"442368","application_id":"1100000000000000001","channel_id":"645027906669510667","data":'
    b'{"id":"771825006014889984","name":"clip","options":[{"name":"seconds","type":4,"value":30}],"type":1},'
    b'"guild_id":"290926798626357999","id":"786008729715212338","locale":"en-US","member":{"user":{"id":'
    b'"53908232506183680","username":"mason"},"permissions":"2147483647"},"token":"A_UNIQUE_TOKEN","type":2,'
    b'"version":1}'
)
CLIP = {"command": "clip", "options": {"seconds": 30}, "user": "mod_mia", "channel": "clips"}


def is_genuine(request: Received) -> bool:
    message = request.headers["x-signature-timestamp"].encode() + request.body
    try:
        VerifyKey(bytes.fromhex(public_key())).verify(
            message, bytes.fromhex(request.headers["x-signature-ed25519"])
        )
    except BadSignatureError:
        return False
    return True


def says(body: dict[str, Any]) -> Answer:
    return Answer(200, json.dumps(body).encode(), {"Content-Type": "application/json"})


def use_command(fake: httpx.Client, **changed: Any) -> dict[str, Any]:
    sent: list[dict[str, Any]] = fake.post("/_fake/events", json={**CLIP, **changed}).json()["sent"]
    return sent[0]


def original(sent: dict[str, Any]) -> str:
    return f"{API}/webhooks/{APPLICATION}/{sent['token']}/messages/@original"


@pytest.mark.parametrize(
    ("body", "signature"),
    [
        (
            PING,
            "eb66abc15f4bc8ab0ea1414dc065a923f7bdaa8ef2b73e573824a4520842ea38"
            "7bbd35c112c88c0f7c6cb5132315aa44d8d5ede8f5db2dd240f936839dcde307",
        ),
        (
            COMMAND,
            "e08e65867d8452361b3cf302c4a5c3662aac5f7a88c3cb2289181cde706a0cfb"
            "b5235f2d2c5d190a91fe89870e8bde17077b199c5dced476a839b90d5bb4a30a",
        ),
    ],
)
def test_known_bodies_have_their_known_signatures(body: bytes, signature: str) -> None:
    assert signed(body, AT)["X-Signature-Ed25519"] == signature
    assert signed(body, AT, is_forged=True)["X-Signature-Ed25519"] != signature


def test_a_command_reaches_the_application_signed(fake: httpx.Client, receiver: Receiver) -> None:
    receiver.answer = lambda _: says({"type": 4, "data": {"content": "on it", "flags": 64}})

    sent = use_command(fake)

    request = receiver.received[0]
    body = json.loads(request.body)
    assert (request.path, is_genuine(request)) == ("/v1/clipbot/discord", True)
    assert (sent["status"], sent["body"]["type"], sent["id"]) == (200, 4, body["id"])
    assert body["data"] == {
        "id": "771825006014889984",
        "name": "clip",
        "type": 1,
        "options": [{"name": "seconds", "type": 4, "value": 30}],
    }
    assert (body["type"], body["guild_id"], body["channel_id"]) == (2, GUILD, CHANNEL)
    assert body["member"]["user"]["username"] == "mod_mia"
    assert fake.get(original(sent)).json()["flags"] == 64
    assert [post["text"] for post in fake.get("/_fake/posts").json()["posts"]] == ["on it"]


def test_a_deferred_answer_is_loading_until_it_is_filled_in(fake: httpx.Client, receiver: Receiver) -> None:
    receiver.answer = lambda _: says({"type": 5})
    sent = use_command(fake)
    waiting = fake.get(original(sent)).json()
    nothing = fake.get("/_fake/posts").json()["posts"]

    filled = fake.patch(
        original(sent), json={"content": "your clip"}, headers={"Idempotency-Key": "e1"}
    ).json()

    assert (waiting["flags"], nothing) == (128, [])
    assert (filled["id"], filled["flags"], filled["content"]) == (waiting["id"], 0, "your clip")
    assert fake.get("/_fake/posts").json()["posts"][0]["idempotency_key"] == "e1"
    assert fake.get("/_fake/state").json()["state"]["interactions"] == {"acknowledged": 1}


def test_follow_ups_fill_the_deferred_answer_first(fake: httpx.Client, receiver: Receiver) -> None:
    receiver.answer = lambda _: says({"type": 5})
    sent = use_command(fake)
    path = f"{API}/webhooks/{APPLICATION}/{sent['token']}"

    first = fake.post(path, json={"content": "one"}).json()
    second = fake.post(path, json={"content": "two"}).json()
    edited = fake.patch(f"{path}/messages/{second['id']}", json={"content": "three"}).json()

    assert first["id"] == fake.get(original(sent)).json()["id"] != second["id"]
    assert edited["content"] == "three"
    assert [post["text"] for post in fake.get("/_fake/posts").json()["posts"]] == ["one", "three"]


def test_a_token_works_for_15_minutes(fake: httpx.Client, receiver: Receiver) -> None:
    receiver.answer = lambda _: says({"type": 5})
    sent = use_command(fake)
    fake.post("/_fake/clock", json={"advance_s": 901})

    late = fake.patch(original(sent), json={"content": "x"})

    assert (late.status_code, late.json()) == (401, {"message": "Invalid Webhook Token", "code": 50027})


def test_an_answer_before_the_acknowledgement_finds_no_webhook(
    fake: httpx.Client, receiver: Receiver
) -> None:
    receiver.answer = lambda _: Answer(202)
    sent = use_command(fake)

    early = fake.patch(original(sent), json={"content": "x"})

    assert (early.status_code, early.json()["code"]) == (404, 10015)


def test_the_callback_endpoint_acknowledges_once(fake: httpx.Client, receiver: Receiver) -> None:
    receiver.answer = lambda _: Answer(202)
    sent = use_command(fake)
    path = f"{API}/interactions/{sent['id']}/{sent['token']}/callback"

    first = fake.post(path, params={"with_response": "true"}, json={"type": 5})
    second = fake.post(path, json={"type": 4, "data": {"content": "x"}})
    unknown = fake.post(f"{API}/interactions/1/x/callback", json={"type": 5})

    assert first.json()["interaction"]["response_message_loading"] is True
    assert first.json()["resource"]["type"] == 5
    assert second.json() == {"message": "Interaction has already been acknowledged.", "code": 40060}
    assert (unknown.status_code, unknown.json()["code"]) == (404, 10062)


def test_after_three_seconds_nobody_can_acknowledge(fake: httpx.Client, receiver: Receiver) -> None:
    receiver.answer = lambda _: Answer(202)
    sent = use_command(fake)
    fake.post("/_fake/clock", json={"advance_s": 3.1})

    late = fake.post(f"{API}/interactions/{sent['id']}/{sent['token']}/callback", json={"type": 5})

    assert (late.status_code, late.json()["code"]) == (404, 10062)
    assert fake.get("/_fake/state").json()["state"]["interactions"] == {"failed": 1}


@pytest.mark.parametrize(
    "answer",
    [Answer(500), Answer(200, b"what"), Answer(200, b'{"type":1}'), Answer(200, b'{"type":4,"data":{}}')],
)
def test_an_answer_that_cannot_be_used_fails_the_interaction(
    fake: httpx.Client, receiver: Receiver, answer: Answer
) -> None:
    receiver.answer = lambda _: answer

    use_command(fake)

    assert fake.get("/_fake/state").json()["state"]["interactions"] == {"failed": 1}


def test_events_can_be_many_twice_forged_and_late(fake: httpx.Client, receiver: Receiver) -> None:
    receiver.answer = lambda request: says({"type": 5}) if is_genuine(request) else Answer(401)
    fake.post("/_fake/clock", json={"set": "2026-11-21T06:00:00Z"})
    fake.post("/_fake/clock", json={"freeze": True})

    fake.post("/_fake/events", json={**CLIP, "times": 2, "duplicate": True})
    forged = use_command(fake, bad_signature=True, late_s=900)

    ids = [json.loads(request.body)["id"] for request in receiver.received]
    assert (ids[0] == ids[1], ids[2] == ids[3], ids[1] == ids[2], len(ids)) == (True, True, False, 5)
    assert forged["status"] == 401
    assert receiver.received[-1].headers["x-signature-timestamp"] == str(int(AT) - 900)
    assert fake.get("/_fake/state").json()["state"]["interactions"] == {"acknowledged": 2, "failed": 1}


@pytest.mark.parametrize(
    "changed", [{"user": "nobody"}, {"channel": "nowhere"}, {"type": "modal"}, {"command": ""}]
)
def test_events_that_cannot_happen(fake: httpx.Client, changed: dict[str, str]) -> None:
    assert fake.post("/_fake/events", json={**CLIP, **changed}).status_code == 400


def test_setting_the_endpoint_pings_it_rightly_and_wrongly(bot: httpx.Client, receiver: Receiver) -> None:
    body = {"interactions_endpoint_url": f"{receiver.url}/elsewhere"}
    receiver.answer = lambda request: says({"type": 1}) if is_genuine(request) else Answer(401)

    set_up = bot.patch(f"{API}/applications/@me", json=body)
    receiver.answer = lambda _: says({"type": 1})
    careless = bot.patch(f"{API}/applications/@me", json=body)
    away = bot.patch(f"{API}/applications/@me", json={"interactions_endpoint_url": "https://away.test/"})
    use_command(bot)

    code = careless.json()["errors"]["interactions_endpoint_url"]["_errors"][0]["code"]
    assert set_up.json()["interactions_endpoint_url"] == f"{receiver.url}/elsewhere"
    assert [json.loads(request.body) for request in receiver.received[:2]] == [{"type": 1}] * 2
    assert (careless.status_code, code) == (400, "APPLICATION_INTERACTIONS_ENDPOINT_URL_INVALID")
    assert away.status_code == 400
    assert receiver.received[-1].path == "/elsewhere"


def test_commands_are_created_replaced_and_removed(bot: httpx.Client) -> None:
    clip = {"name": "clip", "description": "Make a clip"}

    created, again = bot.post(COMMANDS, json=clip), bot.post(COMMANDS, json={**clip, "description": "Cut"})
    one = f"{COMMANDS}/{created.json()['id']}"
    edited = bot.patch(one, json={"description": "Snip"}).json()
    replaced = bot.put(COMMANDS, json=[clip, {"name": "top", "description": "Best clips"}]).json()
    deleted = bot.delete(one)
    gone = bot.get(one)

    assert (created.status_code, again.status_code) == (201, 200)
    assert created.json()["id"] == again.json()["id"] == replaced[0]["id"]
    assert edited["description"] == "Snip"
    assert [command["name"] for command in replaced] == ["clip", "top"]
    assert (deleted.status_code, gone.json()["code"]) == (204, 10063)
    assert [command["name"] for command in bot.get(COMMANDS).json()] == ["top"]


def test_a_registered_command_is_the_one_that_is_used(bot: httpx.Client, receiver: Receiver) -> None:
    path = f"{API}/applications/{APPLICATION}/guilds/{GUILD}/commands"
    made = bot.post(path, json={"name": "clip", "description": "Make a clip"}).json()

    use_command(bot)

    assert json.loads(receiver.received[0].body)["data"]["id"] == made["id"]
    assert made["guild_id"] == GUILD


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"name": "Clip", "description": "x"}, "APPLICATION_COMMAND_INVALID_NAME"),
        ({"name": "clip it", "description": "x"}, "APPLICATION_COMMAND_INVALID_NAME"),
        ({"description": "x"}, "BASE_TYPE_REQUIRED"),
        ({"name": "clip"}, "BASE_TYPE_REQUIRED"),
        ({"name": "clip", "description": "x" * 101}, "BASE_TYPE_BAD_LENGTH"),
        ({"name": "clip", "description": "x", "type": 9}, "BASE_TYPE_CHOICES"),
    ],
)
def test_commands_that_are_refused(bot: httpx.Client, body: dict[str, Any], code: str) -> None:
    answer = bot.post(COMMANDS, json=body)

    field = next(iter(answer.json()["errors"].values()))
    assert (answer.status_code, answer.json()["code"], field["_errors"][0]["code"]) == (400, 50035, code)


def test_the_gateway_is_nowhere_but_here(bot: httpx.Client) -> None:
    answer = bot.get(f"{API}/gateway/bot").json()

    assert answer["url"].startswith("ws://127.0.0.1:")
    assert answer["session_start_limit"]["max_concurrency"] == 1


@pytest.mark.parametrize("late_s", [-1, 1e300, True, "15m"])
def test_an_age_that_cannot_be_is_refused(fake: httpx.Client, late_s: object) -> None:
    answer = fake.post("/_fake/events", json={"command": "clip", "late_s": late_s})

    assert answer.status_code == 400
    assert "it must be a number of seconds from 0 to 315360000" in answer.json()["error"]
