"""Drafts for the inbox, photo posts, and what becomes public when."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import pytest

from tests.fakes.receiver import Answer, Received, receiving
from tests.fakes.serving import Served
from tests.fakes.tiktok.conftest import Bearer, Movie
from tests.fakes.tiktok.test_posting import announced, posted, refused, sent, status
from tests.servers import wait_until

INBOX = "/v2/post/publish/inbox/video/init/"
PHOTO = "/v2/post/publish/content/init/"
JPEG = b"\xff\xd8\xff\xe0 a photo"
UPLOAD = "user.info.basic,video.upload"


def drafted(client: httpx.Client, token: dict[str, str], size: int) -> httpx.Response:
    source = {"source": "FILE_UPLOAD", "video_size": size, "chunk_size": size, "total_chunk_count": 1}
    return client.post(INBOX, json={"source_info": source}, headers=token)


def delivered(client: httpx.Client, token: dict[str, str], movie: Movie) -> str:
    content = movie().read_bytes()
    data = drafted(client, token, len(content)).json()["data"]
    answer = sent(client, data["upload_url"], content, 0, len(content) - 1, len(content))
    assert answer.status_code == 201
    publish_id: str = data["publish_id"]
    return publish_id


@contextmanager
def album() -> Iterator[str]:
    """A host of this stack with two photos and what is none."""
    pictures = {"/1.jpg": JPEG, "/2.jpg": b"RIFF....WEBPVP8 ", "/none.jpg": b"GIF89a"}

    def answer(request: Received) -> Answer:
        found = pictures.get(request.path)
        return Answer(404) if found is None else Answer(200, found)

    with receiving() as host:
        host.answer = answer
        yield host.url


def photos(
    client: httpx.Client, token: dict[str, str], urls: list[str], mode: str = "DIRECT_POST", **info: Any
) -> httpx.Response:
    body = {
        "media_type": "PHOTO",
        "post_mode": mode,
        "post_info": {"title": "Two", "description": "of us", "privacy_level": "PUBLIC_TO_EVERYONE"} | info,
        "source_info": {"source": "PULL_FROM_URL", "photo_images": urls, "photo_cover_index": 0},
    }
    return client.post(PHOTO, json=body, headers=token)


def ended(client: httpx.Client, token: dict[str, str], publish_id: str) -> dict[str, Any]:
    def is_over() -> bool:
        return "PROCESSING_DOWNLOAD" not in client.get("/_fake/state").json()["state"]["by_status"]

    wait_until(is_over, lambda: "the download to end")
    return status(client, token, publish_id)


def test_a_draft_waits_in_the_inbox_until_the_creator_posts_it(
    client: httpx.Client, bearer: Bearer, movie: Movie
) -> None:
    token = bearer(scope=UPLOAD)

    publish_id = delivered(client, token, movie)

    waiting = status(client, token, publish_id)
    before = client.get("/_fake/posts").json()["posts"]
    page = client.get("/inbox/streamer_sam").text
    client.post("/inbox/streamer_sam", data={"publish_id": publish_id})
    after = status(client, token, publish_id)
    assert publish_id.startswith("v_inbox_file~v2.")
    assert (waiting["status"], before) == ("SEND_TO_USER_INBOX", [])
    assert publish_id in page
    assert after["status"] == "PUBLISH_COMPLETE"
    assert [post["id"] for post in client.get("/_fake/posts").json()["posts"]] == [
        str(after["publicaly_available_post_id"][0])
    ]
    assert publish_id not in client.get("/inbox/streamer_sam").text


def test_a_draft_is_posted_by_its_creator_and_once(
    client: httpx.Client, bearer: Bearer, movie: Movie
) -> None:
    publish_id = delivered(client, bearer(scope=UPLOAD), movie)
    form = {"publish_id": publish_id}

    other = client.post("/inbox/clipper_cleo", data=form)
    first, second = (client.post("/inbox/streamer_sam", data=form) for _ in range(2))

    assert refused(other) == (400, "token_not_authorized_for_specified_publish_id")
    assert (first.status_code, refused(second)) == (303, (400, "invalid_publish_id"))


def test_five_drafts_may_wait_within_a_day(client: httpx.Client, bearer: Bearer, running: Served) -> None:
    tokens = [bearer(scope=UPLOAD) for _ in range(2)]

    answers = [drafted(client, tokens[number % 2], 1000) for number in range(6)]
    running.clock.advance(86_401)
    tomorrow = drafted(client, bearer(scope=UPLOAD), 1000)

    assert [answer.status_code for answer in answers] == [200] * 5 + [403]
    assert refused(answers[-1]) == (403, "spam_risk_too_many_pending_share")
    assert tomorrow.status_code == 200


def test_drafts_need_their_own_scope_and_do_not_count_as_posts(client: httpx.Client, bearer: Bearer) -> None:
    client.put("/_fake/state", json={"posts_per_day": 1})
    both = bearer(scope="user.info.basic,video.publish,video.upload")

    narrow = drafted(client, bearer(), 1000)
    answers = [drafted(client, both, 1000) for _ in range(2)]

    assert refused(narrow) == (401, "scope_not_authorized")
    assert [answer.status_code for answer in answers] == [200, 200]


def test_the_application_is_told_of_a_delivered_draft(
    client: httpx.Client, bearer: Bearer, movie: Movie
) -> None:
    with receiving() as application:
        client.put("/_fake/state", json={"webhook_url": application.url})
        publish_id = delivered(client, bearer(scope=UPLOAD), movie)
        wait_until(lambda: len(application.received) == 1, lambda: "one message")

    message = json.loads(application.received[0].body)
    assert message["event"] == "post.publish.inbox_delivered"
    assert json.loads(message["content"]) == {"publish_id": publish_id, "publish_type": "INBOX_SHARE"}


def test_photos_are_fetched_and_shown(client: httpx.Client, bearer: Bearer) -> None:
    token = bearer()

    with album() as url:
        data = photos(client, token, [f"{url}/1.jpg", f"{url}/2.jpg"]).json()["data"]
        found = ended(client, token, data["publish_id"])

    post = client.get("/_fake/posts").json()["posts"][0]
    assert data["publish_id"].startswith("p_pub_url~v2.")
    assert found["status"] == "PUBLISH_COMPLETE"
    assert (post["title"], post["text"], len(post["media"]["photos"])) == ("Two", "of us", 2)
    assert client.get(post["media"]["photos"][0]).content == JPEG
    assert client.get(post["media"]["photos"][1]).content.startswith(b"RIFF")
    assert client.get(post["media"]["url"] + "?photo=3").status_code == 404
    assert "photo 2" in client.get(post["url"]).text


@pytest.mark.parametrize(
    ("name", "reason"), [("missing", "photo_pull_failed"), ("none", "file_format_check_failed")]
)
def test_photos_that_cannot_be_had_fail_the_post(
    client: httpx.Client, bearer: Bearer, name: str, reason: str
) -> None:
    token = bearer()

    with album() as url:
        data = photos(client, token, [f"{url}/1.jpg", f"{url}/{name}.jpg"]).json()["data"]
        found = ended(client, token, data["publish_id"])

    assert (found["status"], found["fail_reason"]) == ("FAILED", reason)


def test_photos_for_the_inbox_need_no_privacy_level(client: httpx.Client, bearer: Bearer) -> None:
    token = bearer(scope=UPLOAD)

    with album() as url:
        data = photos(client, token, [f"{url}/1.jpg"], "MEDIA_UPLOAD", privacy_level=None).json()["data"]
        found = ended(client, token, data["publish_id"])

    assert found["status"] == "SEND_TO_USER_INBOX"


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"media_type": "VIDEO"}, (400, "invalid_params")),
        ({"post_mode": "LATER"}, (400, "invalid_params")),
        ({"post_info": None}, (400, "invalid_params")),
        ({"post_info": {"title": "x" * 91, "privacy_level": "SELF_ONLY"}}, (400, "invalid_params")),
        ({"post_info": {"description": "x" * 4001, "privacy_level": "SELF_ONLY"}}, (400, "invalid_params")),
        ({"source_info": {"source": "FILE_UPLOAD"}}, (400, "invalid_params")),
        ({"urls": []}, (400, "invalid_params")),
        ({"urls": ["http://127.0.0.1/x.jpg"] * 36}, (400, "invalid_params")),
        ({"urls": [5]}, (400, "invalid_params")),
        ({"cover": 1}, (400, "invalid_params")),
        ({"urls": ["https://elsewhere.test/x.jpg"]}, (403, "url_ownership_unverified")),
    ],
)
def test_photo_posts_that_break_a_rule_are_refused(
    client: httpx.Client, bearer: Bearer, change: dict[str, Any], expected: tuple[int, str]
) -> None:
    source = {
        "source": "PULL_FROM_URL",
        "photo_images": change.pop("urls", ["http://127.0.0.1/x.jpg"]),
        "photo_cover_index": change.pop("cover", 0),
    }
    body = {
        "media_type": "PHOTO",
        "post_mode": "DIRECT_POST",
        "post_info": {"privacy_level": "SELF_ONLY"},
        "source_info": source,
        **change,
    }

    assert refused(client.post(PHOTO, json=body, headers=bearer())) == expected


def test_a_post_is_public_after_moderation(
    client: httpx.Client, bearer: Bearer, movie: Movie, running: Served
) -> None:
    client.put("/_fake/state", json={"moderation_s": 50.0})
    token = bearer()
    publish_id = posted(client, token, movie())

    early = status(client, token, publish_id)
    running.clock.advance(51)
    late = status(client, token, publish_id)

    assert (early["status"], early["publicaly_available_post_id"]) == ("PUBLISH_COMPLETE", [])
    assert len(late["publicaly_available_post_id"]) == 1


def test_posts_are_counted_per_idempotency_key(client: httpx.Client, bearer: Bearer, movie: Movie) -> None:
    token = bearer()

    for key in ("post-1", "post-1", "post-2"):
        posted(client, token, movie(), **{"Idempotency-Key": key})
    announced(client, token, 1000, **{"Idempotency-Key": "post-2"})  # and never sent: no post

    state = client.get("/_fake/state").json()["state"]
    assert (state["duplicates"], state["repeated_keys"]) == (1, {"post-1": 2})
