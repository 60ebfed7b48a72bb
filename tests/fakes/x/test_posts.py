"""Posts and media: length, duplicates, replies, uploads, limits."""

import hashlib
from io import BytesIO
from typing import Any

import httpx
import pytest
from PIL import Image

from fakes.x.text import weight
from tests.fakes.x.conftest import BOT_ID, user_headers

VIDEO = b"\x00\x00\x00\x18ftypmp42" + b"v" * 100


def picture() -> bytes:
    buffer = BytesIO()
    Image.new("RGB", (4, 3)).save(buffer, "PNG")
    return buffer.getvalue()


def upload_video(bot: httpx.Client, content: bytes = VIDEO) -> str:
    announced = {"media_type": "video/mp4", "media_category": "tweet_video", "total_bytes": len(content)}
    media_id: str = bot.post("/2/media/upload/initialize", json=announced).json()["data"]["id"]
    half = len(content) // 2
    for position, part in enumerate((content[:half], content[half:])):
        files = {"media": ("part", part, "application/octet-stream")}
        bot.post(f"/2/media/upload/{media_id}/append", data={"segment_index": str(position)}, files=files)
    bot.post(f"/2/media/upload/{media_id}/finalize")
    return media_id


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("hello", 5),
        ("https://clipnet.test/a/very/long/path/that/goes/on/and/on", 23),
        ("see https://a.test/ now", 31),
        ("日本", 4),
        ("🎬", 2),
        ("👩‍👩‍👧", 2),
        ("🇩🇪", 2),
        ("👍🏽!", 3),
        ("é", 1),
        ("e\u0301", 1),
    ],
)
def test_characters_weigh(text: str, expected: int) -> None:
    assert weight(text) == expected


@pytest.mark.parametrize(
    ("field", "words"),
    [
        ({"media": "123"}, "$.media: must be an object"),
        ({"media": {"media_ids": "123"}}, "$.media.media_ids: must be an array"),
        ({"reply": ["1"]}, "$.reply: must be an object"),
        ({"poll": 7}, "$.poll: must be an object"),
        ({"poll": {"options": "ab", "duration_minutes": 5}}, "poll.options must have 2 to 4 options"),
        ({"poll": {"options": ["a", "b"], "duration_minutes": "x"}}, "must be from 5 to 10080"),
    ],
)
def test_a_field_of_the_wrong_kind_is_refused_by_name(
    bot: httpx.Client, field: dict[str, Any], words: str
) -> None:
    answer = bot.post("/2/tweets", json={"text": "clip ready", **field})

    assert (answer.status_code, words in answer.text) == (400, True)


def test_the_bot_posts_once(bot: httpx.Client) -> None:
    posted = bot.post("/2/tweets", json={"text": "clip ready"}, headers={"Idempotency-Key": "k"})
    again = bot.post("/2/tweets", json={"text": "clip ready"})

    data = posted.json()["data"]
    assert posted.status_code == 201
    assert data == {
        "id": data["id"],
        "text": "clip ready",
        "edit_history_tweet_ids": [data["id"]],
        "edit_history_post_ids": [data["id"]],
    }
    assert (again.status_code, again.json()) == (
        403,
        {
            "detail": "You are not allowed to create a Tweet with duplicate content.",
            "type": "about:blank",
            "title": "Forbidden",
            "status": 403,
        },
    )
    (post,) = bot.get("/_fake/posts").json()["posts"]
    assert {
        name: post[name] for name in ("platform", "id", "account", "text", "media", "idempotency_key")
    } == {
        "platform": "x",
        "id": data["id"],
        "account": "clipnet",
        "text": "clip ready",
        "media": None,
        "idempotency_key": "k",
    }


def test_the_same_idempotency_key_twice_is_counted(bot: httpx.Client) -> None:
    for text in ("a", "b"):
        bot.post("/2/tweets", json={"text": text}, headers={"Idempotency-Key": "same"})

    assert bot.get("/_fake/state").json()["state"]["duplicates"] == 1


def test_a_post_is_read_and_deleted(bot: httpx.Client) -> None:
    post_id = bot.post("/2/tweets", json={"text": "one"}).json()["data"]["id"]

    read = bot.get(
        f"/2/tweets/{post_id}", params={"tweet.fields": "created_at", "expansions": "author_id"}
    ).json()
    deleted = bot.delete(f"/2/tweets/{post_id}")
    gone = bot.get(f"/2/tweets/{post_id}")
    again = bot.post("/2/tweets", json={"text": "one"})

    assert (read["data"]["author_id"], read["data"]["created_at"][-5:]) == (BOT_ID, ".000Z")
    assert read["includes"]["users"][0]["username"] == "clipnet"
    assert deleted.json() == {"data": {"deleted": True}}
    assert (gone.status_code, gone.json()["type"]) == (
        404,
        "https://api.x.com/2/problems/resource-not-found",
    )
    assert again.status_code == 201


def test_a_list_says_which_posts_are_missing(bot: httpx.Client) -> None:
    post_id = bot.post("/2/tweets", json={"text": "one"}).json()["data"]["id"]

    found = bot.get("/2/tweets", params={"ids": f"{post_id},1"}).json()

    assert [row["id"] for row in found["data"]] == [post_id]
    assert [row["value"] for row in found["errors"]] == ["1"]


def test_only_the_author_deletes(bot: httpx.Client) -> None:
    post_id = bot.post("/2/tweets", json={"text": "one"}).json()["data"]["id"]

    assert bot.delete(f"/2/tweets/{post_id}", headers=user_headers(bot)).status_code == 403


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"text": "x" * 280}, 201),
        ({"text": "x" * 281}, 403),
        ({"text": "日" * 140}, 201),
        ({"text": "日" * 141}, 403),
        ({"text": "x" * 257 + "https://clipnet.test/a/long/address/indeed"}, 201),
        ({"text": ""}, 400),
        ({}, 400),
        ({"text": "x", "nonsense": 1}, 400),
        ({"text": "x", "reply_settings": "nobody"}, 400),
        ({"text": "x", "poll": {"options": ["a"], "duration_minutes": 5}}, 400),
        ({"text": "x", "poll": {"options": ["a", "b"], "duration_minutes": 5}}, 201),
        ({"text": "x", "poll": {"options": ["a", "b"], "duration_minutes": 5}, "quote_tweet_id": "1"}, 400),
        ({"text": "x", "quote_tweet_id": "1"}, 400),
        ({"text": "x", "media": {"media_ids": ["1"]}}, 400),
        ({"text": "x", "reply": {"in_reply_to_tweet_id": "1"}}, 403),
    ],
)
def test_what_may_be_posted(bot: httpx.Client, body: dict[str, Any], status: int) -> None:
    assert bot.post("/2/tweets", json=body).status_code == status


def test_an_unknown_key_is_named(bot: httpx.Client) -> None:
    body = bot.post("/2/tweets", json={"text": "x", "nonsense": 1}).json()

    assert (body["title"], body["type"]) == (
        "Invalid Request",
        "https://api.x.com/2/problems/invalid-request",
    )
    assert body["errors"][0]["parameters"] == {"nonsense": [""]}


def test_replies_need_a_mention(bot: httpx.Client) -> None:
    vic = user_headers(bot)
    plain = bot.post("/2/tweets", json={"text": "hello"}, headers=vic).json()["data"]["id"]
    mention = bot.post("/2/tweets", json={"text": "@clipnet clip"}, headers=vic).json()["data"]["id"]

    answers = [
        bot.post("/2/tweets", json={"text": f"re {one}", "reply": {"in_reply_to_tweet_id": one}})
        for one in (plain, mention)
    ]

    assert [answer.status_code for answer in answers] == [403, 201]
    assert bot.get("/_fake/posts").json()["posts"][-1]["channel"] == mention


def test_a_suspended_person_does_not_post(fake: httpx.Client) -> None:
    headers = user_headers(fake, "banned_ben")

    assert fake.post("/2/tweets", json={"text": "x"}, headers=headers).status_code == 403


def test_the_101st_post_of_a_quarter_of_an_hour_is_refused(bot: httpx.Client) -> None:
    bot.post("/_fake/clock", json={"set": "2026-11-21T06:00:00Z"})
    bot.post("/_fake/clock", json={"freeze": True})
    answers = [bot.post("/2/tweets", json={"text": str(number)}) for number in range(100)]

    over = bot.post("/2/tweets", json={"text": "over"})
    bot.post("/_fake/clock", json={"advance_s": 901})
    later = bot.post("/2/tweets", json={"text": "later"})

    assert {answer.status_code for answer in answers} == {201}
    assert over.json() == {
        "title": "Too Many Requests",
        "detail": "Too Many Requests",
        "type": "about:blank",
        "status": 429,
    }
    assert over.headers["x-rate-limit-remaining"] == "0"
    assert int(over.headers["x-rate-limit-reset"]) - 1795240800 in (900, 901)
    assert later.status_code == 201


def test_a_video_is_processed_on_the_clock_and_posted(bot: httpx.Client) -> None:
    bot.post("/_fake/clock", json={"freeze": True})
    media_id = upload_video(bot)
    post = {"text": "look", "media": {"media_ids": [media_id]}}
    states = []

    early = bot.post("/2/tweets", json=post)
    for _ in range(3):
        status = bot.get("/2/media/upload", params={"media_id": media_id, "command": "STATUS"}).json()["data"]
        states.append(status["processing_info"]["state"])
        bot.post("/_fake/clock", json={"advance_s": 1})
    posted = bot.post("/2/tweets", json=post)

    assert states == ["pending", "in_progress", "succeeded"]
    assert (status["media_key"], status["size"]) == (f"7_{media_id}", len(VIDEO))
    assert (early.status_code, early.json()["errors"][0]["message"]) == (400, "Your media IDs are invalid.")
    assert posted.status_code == 201
    assert bot.get("/_fake/posts").json()["posts"][0]["media"] == {
        "bytes": len(VIDEO),
        "sha256": hashlib.sha256(VIDEO).hexdigest(),
    }


def test_what_is_no_video_fails(bot: httpx.Client) -> None:
    media_id = upload_video(bot, b"this is no video at all")
    bot.post("/_fake/clock", json={"advance_s": 3})

    info = bot.get("/2/media/upload", params={"media_id": media_id}).json()["data"]["processing_info"]

    assert (info["state"], info["error"]["name"]) == ("failed", "InvalidMedia")


def test_an_image_goes_in_one_request(bot: httpx.Client) -> None:
    files = {"media": ("a.png", picture(), "image/png")}

    data = bot.post("/2/media/upload", data={"media_category": "tweet_image"}, files=files).json()["data"]
    posted = bot.post("/2/tweets", json={"media": {"media_ids": [data["id"]]}})

    assert data["image"] == {"image_type": "image/png", "w": 4, "h": 3}
    assert data["media_key"] == f"3_{data['id']}"
    assert posted.status_code == 201


def test_the_older_commands_still_work(bot: httpx.Client) -> None:
    init = {"command": "INIT", "media_type": "video/mp4", "media_category": "tweet_video"}
    path = "/2/media/upload"

    media_id = bot.post(path, data={**init, "total_bytes": str(len(VIDEO))}).json()["data"]["id"]
    files = {"media": ("part", VIDEO, "application/octet-stream")}
    appended = bot.post(
        path, data={"command": "APPEND", "media_id": media_id, "segment_index": "0"}, files=files
    )
    final = bot.post(path, data={"command": "FINALIZE", "media_id": media_id}).json()["data"]

    assert appended.status_code == 204
    assert final["processing_info"] == {"state": "pending", "check_after_secs": 1}


@pytest.mark.parametrize("positions", [(0,), (0, 2), (0, 0)])
def test_segments_must_be_all_without_gap_or_repeat(bot: httpx.Client, positions: tuple[int, ...]) -> None:
    announced = {"media_type": "video/mp4", "media_category": "tweet_video", "total_bytes": 20}
    media_id = bot.post("/2/media/upload/initialize", json=announced).json()["data"]["id"]
    for position in positions:
        segment = {"segment_index": position, "media": "MDEyMzQ1Njc4OQ=="}
        bot.post(f"/2/media/upload/{media_id}/append", json=segment)

    final = bot.post(f"/2/media/upload/{media_id}/finalize", json={})

    assert (final.status_code, final.json()["title"]) == (400, "Invalid Request")


def test_media_belongs_to_its_owner_for_a_day(bot: httpx.Client) -> None:
    media_id = upload_video(bot)
    vic = user_headers(bot)

    other = bot.get("/2/media/upload", params={"media_id": media_id}, headers=vic)
    bot.post("/_fake/clock", json={"advance_s": 86_401})
    old = bot.get("/2/media/upload", params={"media_id": media_id})

    assert (other.status_code, old.status_code) == (400, 400)


def test_a_seed_document_adds_posts(fake: httpx.Client) -> None:
    loaded = fake.put("/_fake/state", json={"posts": [{"id": "7", "text": "old", "idempotency_key": "k"}]})
    posts = fake.get("/_fake/posts").json()["posts"]
    bad = fake.put("/_fake/state", json={"tweets": []})
    fake.put("/_fake/state", json={})

    assert loaded.json()["state"]["posts"] == 1
    assert (posts[0]["id"], posts[0]["account"]) == ("7", "clipnet")
    assert bad.status_code == 400


def timeline(bot: httpx.Client, **query: Any) -> httpx.Response:
    return bot.get(f"/2/users/{BOT_ID}/tweets", params=query)


def test_an_account_s_posts_are_listed_newest_first_in_pages(bot: httpx.Client) -> None:
    ids = [bot.post("/2/tweets", json={"text": f"post {number}"}).json()["data"]["id"] for number in range(7)]

    first = timeline(bot, max_results=5).json()
    rest = timeline(bot, max_results=5, pagination_token=first["meta"]["next_token"]).json()

    newest = ids[::-1]
    assert [post["id"] for post in first["data"] + rest["data"]] == newest
    assert {name: first["meta"][name] for name in ("result_count", "newest_id", "oldest_id")} == {
        "result_count": 5,
        "newest_id": newest[0],
        "oldest_id": newest[4],
    }
    assert rest["meta"] == {"result_count": 2, "newest_id": ids[1], "oldest_id": ids[0]}


def test_a_timeline_begins_after_a_post_or_at_a_time(bot: httpx.Client) -> None:
    ids = [bot.post("/2/tweets", json={"text": f"post {number}"}).json()["data"]["id"] for number in range(3)]

    after = timeline(bot, since_id=ids[1]).json()
    later = timeline(bot, start_time="2999-01-01T00:00:00Z").json()
    earlier = timeline(bot, start_time="2020-01-01T00:00:00Z", until_id=ids[1]).json()

    assert [post["id"] for post in after["data"]] == [ids[2]]
    assert later == {"meta": {"result_count": 0}}
    assert [post["id"] for post in earlier["data"]] == [ids[0]]


def test_a_timeline_tells_what_a_post_answers(bot: httpx.Client) -> None:
    parent = bot.post("/2/tweets", json={"text": "first"}).json()["data"]["id"]
    bot.post("/2/tweets", json={"text": "second", "reply": {"in_reply_to_tweet_id": parent}})

    found = timeline(bot, **{"tweet.fields": "referenced_tweets"}).json()["data"]

    assert [post.get("referenced_tweets") for post in found] == [[{"type": "replied_to", "id": parent}], None]


@pytest.mark.parametrize(
    ("query", "parameter"),
    [
        ({"max_results": "4"}, "max_results"),
        ({"max_results": "101"}, "max_results"),
        ({"max_results": "many"}, "max_results"),
        ({"since_id": "x"}, "since_id"),
        ({"until_id": "9" * 30}, "until_id"),
        ({"pagination_token": "-1"}, "pagination_token"),
        ({"start_time": "yesterday"}, "start_time"),
    ],
)
def test_a_timeline_asked_for_wrongly_is_refused(
    bot: httpx.Client, query: dict[str, str], parameter: str
) -> None:
    answer = timeline(bot, **query)

    assert (answer.status_code, list(answer.json()["errors"][0]["parameters"])) == (400, [parameter])


def test_the_timeline_of_nobody_is_not_found(bot: httpx.Client) -> None:
    answer = bot.get("/2/users/1/tweets")

    assert (answer.status_code, answer.json()["parameter"], answer.json()["value"]) == (404, "id", "1")


@pytest.mark.parametrize(
    "query", [f"max_results={'9' * 5000}", f"until_id={'9' * 19}", f"pagination_token={'9' * 5000}"]
)
def test_pages_of_strangers_crash_nothing(bot: httpx.Client, query: str) -> None:
    answer = bot.get(f"/2/users/{BOT_ID}/tweets?{query}")

    assert (answer.status_code, answer.json()["title"]) == (400, "Invalid Request")
