"""Users, streams, channels, clips, chat, and the rules that all of Helix shares."""

import httpx
import pytest

from tests.fakes.twitch.conftest import BEN, BOT, CLEO, CLIENT, MIA, SAM, VIC, headers, user_token


def test_a_person_sees_their_own_account_with_the_address(fake: httpx.Client) -> None:
    token = user_token(fake, "streamer_sam", "user:read:email")

    answer = fake.get("/helix/users", headers=headers(token))

    assert answer.json()["data"][0] == {
        "id": SAM,
        "login": "streamer_sam",
        "display_name": "Streamer Sam",
        "type": "",
        "broadcaster_type": "affiliate",
        "description": "",
        "profile_image_url": answer.json()["data"][0]["profile_image_url"],
        "offline_image_url": "",
        "view_count": 0,
        "created_at": "2020-01-01T00:00:00Z",
        "email": "sam@clipnet.test",
    }
    assert answer.headers["ratelimit-limit"] == "800"
    assert answer.headers["ratelimit-remaining"] == "799"
    assert answer.headers["ratelimit-reset"].isdecimal()


def test_users_are_found_by_id_and_login_without_addresses(app: httpx.Client) -> None:
    found = app.get("/helix/users", params=[("id", BOT), ("login", "mod_mia"), ("login", "nobody")]).json()

    assert [user["login"] for user in found["data"]] == ["clipnet_bot", "mod_mia"]
    assert all("email" not in user for user in found["data"])


@pytest.mark.parametrize(
    ("sent", "status", "message"),
    [
        ({}, 401, "OAuth token is missing"),
        ({"Authorization": "Bearer wrong", "Client-Id": CLIENT}, 401, "Invalid OAuth token"),
    ],
)
def test_a_request_needs_a_token(fake: httpx.Client, sent: dict[str, str], status: int, message: str) -> None:
    answer = fake.get("/helix/users", headers=sent)

    assert answer.json() == {"error": "Unauthorized", "status": status, "message": message}


def test_the_client_id_must_be_the_tokens(app: httpx.Client) -> None:
    answer = app.get("/helix/users", headers={"Client-Id": "other"})

    assert (answer.status_code, answer.json()["message"]) == (401, "Client ID and OAuth token do not match")


def test_naming_productions_client_is_a_violation(app: httpx.Client) -> None:
    answer = app.get("/helix/users", headers={"Client-Id": "twitchproductionclient00000000"})

    assert answer.status_code == 401
    assert app.get("/_fake/state").json()["violations"] == 1


def test_the_801st_request_of_a_minute_is_refused_until_the_clock_moves(app: httpx.Client) -> None:
    app.post("/_fake/clock", json={"freeze": True})
    answers = [app.get("/helix/streams").status_code for _ in range(800)]

    over = app.get("/helix/streams")
    app.post("/_fake/clock", json={"advance_s": 61})
    later = app.get("/helix/streams")

    assert set(answers) == {200}
    assert over.json() == {"error": "Too Many Requests", "status": 429, "message": "Too Many Requests"}
    assert over.headers["ratelimit-remaining"] == "0"
    assert later.status_code == 200


def test_streams_are_those_that_run_page_by_page(app: httpx.Client) -> None:
    first = app.get("/helix/streams", params={"first": 1}).json()
    second = app.get("/helix/streams", params={"first": 1, "after": first["pagination"]["cursor"]}).json()
    offline = app.get("/helix/streams", params={"user_login": "mod_mia"}).json()

    assert [one["data"][0]["user_id"] for one in (first, second)] == [SAM, CLEO]
    assert second["pagination"] == {}
    assert offline == {"data": [], "pagination": {}}


def test_a_channel_says_what_it_plays(app: httpx.Client) -> None:
    channel = app.get("/helix/channels", params={"broadcaster_id": SAM}).json()["data"][0]

    assert (channel["broadcaster_login"], channel["game_name"]) == ("streamer_sam", "Just Chatting")


def test_a_clip_is_there_some_seconds_after_it_was_asked_for(fake: httpx.Client) -> None:
    fake.headers.update(headers(user_token(fake, "viewer_vic", "clips:edit")))

    created = fake.post("/helix/clips", params={"broadcaster_id": SAM, "title": "wow", "duration": "12.5"})
    clip_id = created.json()["data"][0]["id"]
    early = fake.get("/helix/clips", params={"id": clip_id}).json()
    fake.post("/_fake/clock", json={"advance_s": 6})
    ready = fake.get("/helix/clips", params={"id": clip_id}).json()
    listed = fake.get("/helix/clips", params={"broadcaster_id": SAM}).json()

    assert created.status_code == 202
    assert created.json()["data"][0]["edit_url"] == f"https://clips.twitch.tv/{clip_id}/edit"
    assert early["data"] == []
    assert {name: ready["data"][0][name] for name in ("title", "duration", "creator_id")} == {
        "title": "wow",
        "duration": 12.5,
        "creator_id": VIC,
    }
    assert listed == ready


@pytest.mark.parametrize(
    ("login", "scope", "query", "status"),
    [
        ("viewer_vic", "clips:edit", {"broadcaster_id": MIA}, 404),
        ("viewer_vic", "clips:edit", {"broadcaster_id": "1"}, 400),
        ("viewer_vic", "clips:edit", {}, 400),
        ("viewer_vic", "clips:edit", {"broadcaster_id": SAM, "duration": "61"}, 400),
        ("banned_ben", "clips:edit", {"broadcaster_id": SAM}, 403),
        ("viewer_vic", "user:bot", {"broadcaster_id": SAM}, 401),
    ],
)
def test_clips_that_cannot_be_made(
    fake: httpx.Client, login: str, scope: str, query: dict[str, str], status: int
) -> None:
    token = user_token(fake, login, scope)

    answer = fake.post("/helix/clips", params=query, headers=headers(token))

    assert (answer.status_code, answer.json()["status"]) == (status, status)


def test_the_bot_writes_with_an_application_token_and_duplicates_are_counted(app: httpx.Client) -> None:
    message = {"broadcaster_id": SAM, "sender_id": BOT, "message": "clip is ready"}
    key = {"Idempotency-Key": "post-1"}

    sent = app.post("/helix/chat/messages", json=message, headers=key)
    app.post("/_fake/clock", json={"advance_s": 31})
    app.post("/helix/chat/messages", params=message, headers=key)

    posts = app.get("/_fake/posts").json()["posts"]
    message_id = sent.json()["data"][0]["message_id"]
    assert sent.json() == {"data": [{"message_id": message_id, "is_sent": True, "drop_reason": None}]}
    assert len(posts) == 2
    assert posts[0] == {
        "platform": "twitch",
        "id": message_id,
        "url": None,
        "account": "clipnet_bot",
        "title": None,
        "text": "clip is ready",
        "media": None,
        "at": posts[0]["at"],
        "idempotency_key": "post-1",
        "channel": "streamer_sam",
    }
    assert app.get("/_fake/state").json()["state"]["duplicates"] == 1


def test_the_same_words_are_dropped_for_half_a_minute(app: httpx.Client) -> None:
    app.post("/_fake/clock", json={"freeze": True})

    def said(text: str, room: str = SAM) -> httpx.Response:
        message = {"broadcaster_id": room, "sender_id": BOT, "message": text}
        return app.post("/helix/chat/messages", json=message)

    first, again, elsewhere = said("hello"), said("hello"), said("hello", CLEO)
    app.post("/_fake/clock", json={"advance_s": 29})
    early = said("hello")
    app.post("/_fake/clock", json={"advance_s": 1})
    later, other, back = said("hello"), said("other"), said("hello")

    dropped = {
        "code": "msg_duplicate",
        "message": "Your message was not sent because it is identical to the previous one you sent, less than"
        " 30 seconds ago.",
    }
    for answer in (again, early):
        expected = {"data": [{"message_id": "", "is_sent": False, "drop_reason": dropped}]}
        assert (answer.status_code, answer.json()) == (200, expected)
    sent = [answer.json()["data"][0] for answer in (first, elsewhere, later, other, back)]
    assert [one["is_sent"] for one in sent] == [True] * 5
    assert {post["id"] for post in app.get("/_fake/posts").json()["posts"]} == {
        one["message_id"] for one in sent
    }


@pytest.mark.parametrize(
    ("changed", "status"),
    [
        ({"message": "x" * 501}, 422),
        ({"message": ""}, 400),
        ({"broadcaster_id": "1"}, 400),
        ({"broadcaster_id": VIC}, 400),
        ({"sender_id": VIC}, 403),
        ({"sender_id": BEN}, 403),
    ],
)
def test_messages_that_cannot_be_sent(app: httpx.Client, changed: dict[str, str], status: int) -> None:
    message = {"broadcaster_id": SAM, "sender_id": BOT, "message": "hello", **changed}

    answer = app.post("/helix/chat/messages", json=message)

    assert (answer.status_code, answer.json()["status"]) == (status, status)
    assert app.get("/_fake/posts").json()["posts"] == []


def test_a_person_writes_only_as_themselves(fake: httpx.Client) -> None:
    token = user_token(fake, "viewer_vic", "user:write:chat")
    message = {"broadcaster_id": SAM, "message": "hello"}

    own = fake.post("/helix/chat/messages", json={**message, "sender_id": VIC}, headers=headers(token))
    other = fake.post("/helix/chat/messages", json={**message, "sender_id": SAM}, headers=headers(token))

    assert (own.status_code, other.status_code) == (200, 401)


def test_a_seed_document_adds_people_clips_and_messages(fake: httpx.Client) -> None:
    document = {
        "users": [{"id": "77", "login": "Dana", "has_channel": True, "is_live": True}],
        "clips": [{"id": "OldClip", "broadcaster": "dana", "creator": "viewer_vic", "title": "old"}],
        "messages": [{"id": "m1", "channel": "streamer_sam", "text": "hi", "idempotency_key": "k"}],
    }

    loaded = fake.put("/_fake/state", json=document)
    posts = fake.get("/_fake/posts").json()["posts"]
    unknown = fake.put("/_fake/state", json={"nonsense": []})
    emptied = fake.put("/_fake/state", json={})

    assert loaded.json()["state"]["live"] == ["streamer_sam", "clipper_cleo", "dana"]
    assert [post["id"] for post in posts] == ["m1"]
    assert (unknown.status_code, "unknown field 'nonsense'" in unknown.json()["error"]) == (400, True)
    assert emptied.json()["state"]["live"] == ["streamer_sam", "clipper_cleo"]


@pytest.mark.parametrize("query", ["first=0", "first=101", f"first={'9' * 5000}", f"after={'9' * 5000}"])
def test_pages_of_strangers_crash_nothing(app: httpx.Client, query: str) -> None:
    answer = app.get(f"/helix/streams?{query}")

    assert (answer.status_code, "was malformed" in answer.json()["message"]) == (400, True)
