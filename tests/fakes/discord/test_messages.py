"""Messages, webhooks, limits and the errors of forms."""

import hashlib
from typing import Any

import httpx
import pytest

from fakes.kit.clock import ManualClock
from fakes.kit.snowflake import Snowflakes
from tests.fakes.discord.conftest import API, APPLICATION, CHANNEL, GUILD

MESSAGES = f"{API}/channels/{CHANNEL}/messages"
HOOK = f"{API}/webhooks/1300000000000000001/staging-webhook-token-{'0' * 46}"
REQUIRED = """type content mentions mention_roles attachments embeds timestamp edited_timestamp flags
components id channel_id author pinned mention_everyone tts""".split()  # noqa: SIM905 - names read better so
AUTHOR = (
    "id",
    "username",
    "avatar",
    "discriminator",
    "public_flags",
    "flags",
    "global_name",
    "primary_guild",
)


def test_an_id_carries_its_time() -> None:
    ids = Snowflakes(ManualClock(), 1_420_070_400_000)

    assert ids.next() == "1573578709401731072"
    assert ids.next() == "1573578709401731073"


def test_the_bot_posts_and_everybody_reads_it(bot: httpx.Client) -> None:
    bot.post("/_fake/clock", json={"set": "2026-11-21T06:00:00.123Z"})
    bot.post("/_fake/clock", json={"freeze": True})

    posted = bot.post(
        MESSAGES, json={"content": "clip ready", "tts": False}, headers={"Idempotency-Key": "k1"}
    )
    listed = bot.get(MESSAGES).json()

    body = posted.json()
    assert (posted.status_code, posted.headers["content-type"]) == (200, "application/json")
    assert set(REQUIRED) <= set(body)
    assert set(AUTHOR) <= set(body["author"])
    assert body["timestamp"].startswith("2026-11-21T06:00:00.")
    assert body["timestamp"].endswith("+00:00")
    assert body["author"]["id"] == APPLICATION
    assert listed == [body]
    assert bot.get("/_fake/posts").json()["posts"] == [
        {
            "platform": "discord",
            "id": body["id"],
            "url": f"{str(bot.base_url).rstrip('/')}/channels/{GUILD}/{CHANNEL}/{body['id']}",
            "account": "clipnet",
            "title": None,
            "text": "clip ready",
            "media": None,
            "at": "2026-11-21T06:00:00Z",
            "idempotency_key": "k1",
            "channel": "clips",
        }
    ]


def test_an_enforced_nonce_gives_the_earlier_message(bot: httpx.Client) -> None:
    message = {"content": "once", "nonce": "n-1", "enforce_nonce": True}

    first, second = bot.post(MESSAGES, json=message).json(), bot.post(MESSAGES, json=message).json()
    third = bot.post(MESSAGES, json={**message, "enforce_nonce": False}).json()
    bot.post("/_fake/clock", json={"advance_s": 301})
    fourth = bot.post(MESSAGES, json=message).json()

    assert (first["id"], first["nonce"]) == (second["id"], "n-1")
    assert len({first["id"], third["id"], fourth["id"]}) == 3


def test_the_same_idempotency_key_twice_is_counted(bot: httpx.Client) -> None:
    for _ in range(2):
        bot.post(MESSAGES, json={"content": "x"}, headers={"Idempotency-Key": "same"})

    assert bot.get("/_fake/state").json()["state"]["duplicates"] == 1


def test_a_message_is_read_edited_and_deleted(bot: httpx.Client) -> None:
    one = f"{MESSAGES}/{bot.post(MESSAGES, json={'content': 'first'}).json()['id']}"

    edited = bot.patch(one, json={"content": "second"})
    read = bot.get(one)
    deleted = bot.delete(one)
    gone = bot.get(one)

    assert (edited.json()["content"], edited.json() == read.json()) == ("second", True)
    assert edited.json()["edited_timestamp"] is not None
    assert (deleted.status_code, deleted.content) == (204, b"")
    assert (gone.status_code, gone.json()) == (404, {"message": "Unknown Message", "code": 10008})


def test_pages_go_back_and_forth(bot: httpx.Client) -> None:
    ids = [bot.post(MESSAGES, json={"content": str(number)}).json()["id"] for number in range(4)]

    newest = bot.get(MESSAGES, params={"limit": 2}).json()
    older = bot.get(MESSAGES, params={"limit": 2, "before": newest[-1]["id"]}).json()
    after = bot.get(MESSAGES, params={"limit": 2, "after": ids[0]}).json()
    too_many = bot.get(MESSAGES, params={"limit": 101})

    assert [message["id"] for message in newest] == ids[:1:-1]
    assert [message["id"] for message in older] == ids[1::-1]
    assert [message["id"] for message in after] == [ids[2], ids[1]]
    assert too_many.json()["code"] == 50035


def test_files_come_with_payload_json(bot: httpx.Client) -> None:
    files = {"files[0]": ("clip.mp4", b"video", "video/mp4")}

    posted = bot.post(MESSAGES, data={"payload_json": '{"content": "look"}'}, files=files).json()

    attachment = posted["attachments"][0]
    media = {"bytes": 5, "sha256": hashlib.sha256(b"video").hexdigest()}
    assert (attachment["filename"], attachment["size"], attachment["content_type"]) == (
        "clip.mp4",
        5,
        "video/mp4",
    )
    assert bot.get("/_fake/posts").json()["posts"][0]["media"] == media


@pytest.mark.parametrize("before", ["yesterday", "-1", "9" * 30])
def test_a_page_before_what_is_no_message_id_is_refused(bot: httpx.Client, before: str) -> None:
    answer = bot.get(MESSAGES, params={"before": before})

    assert (answer.status_code, answer.json()["code"]) == (400, 50035)


@pytest.mark.parametrize(
    ("body", "code", "errors"),
    [
        ({}, 50006, None),
        ({"content": ""}, 50006, None),
        (
            {"content": "x" * 2001},
            50035,
            {
                "content": {
                    "_errors": [
                        {"code": "BASE_TYPE_MAX_LENGTH", "message": "Must be 2000 or fewer in length."}
                    ]
                }
            },
        ),
        (
            {"embeds": [{"title": "x" * 257}]},
            50035,
            {
                "embeds": {
                    "0": {
                        "title": {
                            "_errors": [
                                {
                                    "code": "BASE_TYPE_MAX_LENGTH",
                                    "message": "Must be 256 or fewer in length.",
                                }
                            ]
                        }
                    }
                }
            },
        ),
    ],
)
def test_messages_that_cannot_be_posted(
    bot: httpx.Client, body: dict[str, Any], code: int, errors: dict[str, Any] | None
) -> None:
    answer = bot.post(MESSAGES, json=body)

    assert (answer.status_code, answer.json()["code"], answer.json().get("errors")) == (400, code, errors)
    assert bot.get("/_fake/posts").json()["posts"] == []


@pytest.mark.parametrize(
    "embeds",
    [
        [{"title": "x"}] * 11,
        [{"description": "x" * 4096}, {"description": "x" * 1905}],
        [{"fields": [{"name": "n"}]}],
        [{"fields": [{"name": "n", "value": "v"}] * 26}],
        [{"footer": {"text": "x" * 2049}}],
        [{"author": {"name": "x" * 257}}],
    ],
)
def test_embeds_have_limits(bot: httpx.Client, embeds: list[dict[str, Any]]) -> None:
    answer = bot.post(MESSAGES, json={"embeds": embeds})

    assert (answer.status_code, answer.json()["code"]) == (400, 50035)


@pytest.mark.parametrize(
    ("content", "headers", "code"),
    [(b"{", {"Content-Type": "application/json"}, 50109), (b"{}", {"Content-Type": "text/plain"}, 50035)],
)
def test_bodies_that_cannot_be_read(
    bot: httpx.Client, content: bytes, headers: dict[str, str], code: int
) -> None:
    answer = bot.post(MESSAGES, content=content, headers=headers)

    assert (answer.status_code, answer.json()["code"]) == (400, code)


def test_an_unknown_channel_is_10003(bot: httpx.Client) -> None:
    answer = bot.post(f"{API}/channels/1/messages", json={"content": "x"})

    assert (answer.status_code, answer.json()) == (404, {"message": "Unknown Channel", "code": 10003})


def test_the_sixth_message_of_five_seconds_is_limited(bot: httpx.Client) -> None:
    bot.post("/_fake/clock", json={"freeze": True})
    first, *_ = [bot.post(MESSAGES, json={"content": "x"}) for _ in range(5)]

    limited = bot.post(MESSAGES, json={"content": "x"})
    bot.post("/_fake/clock", json={"advance_s": 5})
    later = bot.post(MESSAGES, json={"content": "x"})

    names = ("x-ratelimit-limit", "x-ratelimit-remaining", "x-ratelimit-reset-after")
    assert [first.headers[name] for name in names] == ["5", "4", "5.000"]
    assert (limited.status_code, limited.headers["retry-after"], limited.headers["via"]) == (
        429,
        "5",
        "1.1 google",
    )
    assert limited.headers["x-ratelimit-scope"] == "user"
    assert limited.headers["x-ratelimit-bucket"] == first.headers["x-ratelimit-bucket"]
    assert limited.json() == {"message": "You are being rate limited.", "retry_after": 5.0, "global": False}
    assert later.status_code == 200


def test_the_51st_request_of_a_second_hits_the_global_limit(bot: httpx.Client) -> None:
    bot.post("/_fake/clock", json={"freeze": True})
    for _ in range(50):
        bot.get(f"{API}/users/@me")

    limited = bot.get(f"{API}/users/@me")

    assert limited.json()["global"] is True
    assert (limited.headers["x-ratelimit-global"], limited.headers["x-ratelimit-scope"]) == ("true", "global")


def test_a_fault_of_429_is_a_rate_limit_as_clients_know_it(bot: httpx.Client) -> None:
    bot.put("/_fake/faults", json={"kind": "error", "status": 429, "times": 1})

    answer = bot.post(MESSAGES, json={"content": "x"})

    assert answer.json() == {"message": "You are being rate limited.", "retry_after": 1.0, "global": False}
    assert (answer.headers["retry-after"], answer.headers["via"]) == ("1", "1.1 google")


def test_a_webhook_posts_with_and_without_waiting(fake: httpx.Client) -> None:
    silent = fake.post(HOOK, json={"content": "one"})
    awaited = fake.post(HOOK, params={"wait": "1"}, json={"content": "two", "username": "Clipper"})
    wrong = fake.post(f"{HOOK}x", json={"content": "x"})
    unknown = fake.post(f"{API}/webhooks/1/x", json={"content": "x"})

    assert (silent.status_code, silent.content) == (204, b"")
    body = awaited.json()
    assert (body["author"]["username"], body["author"]["discriminator"]) == ("Clipper", "0000")
    assert body["webhook_id"] == body["author"]["id"] == "1300000000000000001"
    assert (wrong.status_code, wrong.json()["code"]) == (401, 50027)
    assert (unknown.status_code, unknown.json()["code"]) == (404, 10015)
    assert [post["text"] for post in fake.get("/_fake/posts").json()["posts"]] == ["one", "two"]


def test_a_webhook_is_made_and_its_messages_are_changed(bot: httpx.Client) -> None:
    made = bot.post(f"{API}/channels/{CHANNEL}/webhooks", json={"name": "mine"}).json()
    path = httpx.URL(made["url"]).path
    refused = bot.post(f"{API}/channels/{CHANNEL}/webhooks", json={"name": "my Discord"})

    message = bot.post(path, params={"wait": "true"}, json={"content": "a"}).json()
    edited = bot.patch(f"{path}/messages/{message['id']}", json={"content": "b"}).json()
    deleted = bot.delete(f"{path}/messages/{message['id']}")

    assert edited["content"] == "b"
    assert (deleted.status_code, refused.status_code) == (204, 400)


def test_a_webhooks_token_stays_out_of_the_journal(bot: httpx.Client) -> None:
    made = bot.post(f"{API}/channels/{CHANNEL}/webhooks", json={"name": "mine"}).json()
    bot.post(httpx.URL(made["url"]).path, json={"content": "a"})
    bot.put(httpx.URL(made["url"]).path)

    recorded = bot.get("/_fake/requests").text

    assert made["token"] not in recorded
    assert f"/webhooks/{made['id']}/***{made['token'][-4:]}" in recorded


def test_a_seed_document_adds_messages_and_commands(fake: httpx.Client) -> None:
    document = {
        "messages": [{"id": "1500000000000000000", "text": "old clip", "idempotency_key": "k"}],
        "commands": [{"name": "clip", "description": "Make a clip"}],
    }

    loaded = fake.put("/_fake/state", json=document).json()["state"]
    posts = fake.get("/_fake/posts").json()["posts"]
    bad = fake.put("/_fake/state", json={"guilds": []})
    fake.put("/_fake/state", json={})

    assert (loaded["messages"], loaded["commands"]) == (1, ["clip"])
    assert (posts[0]["id"], posts[0]["channel"]) == ("1500000000000000000", "clips")
    assert bad.status_code == 400


@pytest.mark.parametrize(
    "query", ["limit=0", f"limit={'9' * 5000}", f"before={'9' * 19}", f"after={'9' * 5000}", "after=x"]
)
def test_pages_of_strangers_crash_nothing(bot: httpx.Client, query: str) -> None:
    answer = bot.get(f"{MESSAGES}?{query}")

    assert (answer.status_code, answer.json()["code"]) == (400, 50035)


def test_a_request_has_at_most_25_mib(bot: httpx.Client) -> None:
    files = {f"files[{number}]": ("a.bin", bytes(9 * 1024 * 1024)) for number in range(3)}

    answer = bot.post(MESSAGES, files=files)

    assert (answer.status_code, answer.json()["code"]) == (413, 40005)
