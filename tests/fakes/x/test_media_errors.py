"""Every error of X's uploads: status, body and headers, and that it is brought about."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from PIL import Image

from tests.fakes.x.conftest import user_headers
from tests.fakes.x.problems import MEDIA_IDS, check, invalid, row
from tests.fakes.x.test_posts import upload_video

TWEETS, UPLOAD = "/2/tweets", "/2/media/upload"
ANNOUNCED = {"media_type": "video/mp4", "media_category": "tweet_video", "total_bytes": 20}
SEGMENT = "MDEyMzQ1Njc4OQ=="
INITIALIZE = f"{UPLOAD}/initialize"
CATEGORIES = "tweet_image, dm_image, tweet_gif, dm_gif, tweet_video, dm_video, amplify_video, subtitles"
ANNOUNCEMENTS: list[tuple[dict[str, Any], dict[str, Any]]] = [
    (
        {"media_category": "film"},
        row(f"media_category must be one of {CATEGORIES}", "media_category", "film"),
    ),
    ({"media_type": ""}, row("media_type is required", "media_type")),
    (
        {"total_bytes": 0},
        row("total_bytes must be from 1 to 536870912 for tweet_video", "total_bytes", "0"),
    ),
    (
        {"total_bytes": 536_870_913},
        row("total_bytes must be from 1 to 536870912 for tweet_video", "total_bytes", "536870913"),
    ),
]


@pytest.mark.parametrize(("changed", "expected"), ANNOUNCEMENTS)
def test_uploads_that_cannot_be_announced(
    bot: httpx.Client, changed: dict[str, Any], expected: dict[str, Any]
) -> None:
    check(bot.post(INITIALIZE, json={**ANNOUNCED, **changed}), 400, invalid(expected))


SEGMENTS: list[tuple[list[dict[str, Any]], dict[str, Any]]] = [
    ([{"segment_index": 1000}], row("segment_index must be from 0 to 999", "segment_index", "1000")),
    ([{"media": "é"}], row("media is not base64", "media")),
    ([{"media": ""}], row("media must have 1 to 5242880 bytes", "media")),
    ([{"media": "?"}], row("media is not base64", "media")),
    ([{}, {}], row("This segment was appended before.", "segment_index", "0")),
]


@pytest.mark.parametrize(("segments", "expected"), SEGMENTS)
def test_segments_that_cannot_be_appended(
    bot: httpx.Client, segments: list[dict[str, Any]], expected: dict[str, Any]
) -> None:
    media_id = bot.post(INITIALIZE, json=ANNOUNCED).json()["data"]["id"]

    for changed in segments:
        segment = {"segment_index": 0, "media": SEGMENT, **changed}
        answer = bot.post(f"{UPLOAD}/{media_id}/append", json=segment)

    check(answer, 400, invalid(expected))


@pytest.mark.parametrize(
    ("positions", "expected"),
    [
        ((0, 2), row("A segment is missing.", "segment_index")),
        ((0,), row("The segments have 10 bytes, 20 were announced.", "total_bytes", "20")),
    ],
)
def test_uploads_that_cannot_be_finalized(
    bot: httpx.Client, positions: tuple[int, ...], expected: dict[str, Any]
) -> None:
    media_id = bot.post(INITIALIZE, json=ANNOUNCED).json()["data"]["id"]
    for position in positions:
        bot.post(f"{UPLOAD}/{media_id}/append", json={"segment_index": position, "media": SEGMENT})

    check(bot.post(f"{UPLOAD}/{media_id}/finalize"), 400, invalid(expected))


def test_nothing_is_appended_to_what_is_final(bot: httpx.Client) -> None:
    media_id = upload_video(bot)

    answer = bot.post(f"{UPLOAD}/{media_id}/append", json={"segment_index": 5, "media": SEGMENT})

    check(answer, 400, invalid(row("The media is finalized.", "id", media_id)))


def test_a_media_id_of_nobody_another_or_yesterday_is_not_valid(bot: httpx.Client) -> None:
    media_id = upload_video(bot)
    vic = user_headers(bot)
    post = {"text": "look", "media": {"media_ids": [media_id]}}

    unknown = bot.get(UPLOAD, params={"media_id": "1"})
    foreign = bot.get(UPLOAD, params={"media_id": media_id}, headers=vic)
    foreign_post = bot.post(TWEETS, json=post, headers=vic)
    bot.post("/_fake/clock", json={"advance_s": 86_401})
    expired = bot.get(UPLOAD, params={"media_id": media_id})
    expired_post = bot.post(TWEETS, json=post)

    not_valid = invalid(row("The media id is not valid.", "media_id", media_id))
    not_usable = invalid(row(MEDIA_IDS, "media.media_ids", media_id))
    check(unknown, 400, invalid(row("The media id is not valid.", "media_id", "1")))
    for answer in (foreign, expired):
        check(answer, 400, not_valid)
    for answer in (foreign_post, expired_post):
        check(answer, 400, not_usable)


def test_processing_that_failed_is_told_and_the_media_cannot_be_posted(bot: httpx.Client) -> None:
    media_id = upload_video(bot, b"this is no video at all")
    bot.post("/_fake/clock", json={"advance_s": 3})

    status = bot.get(UPLOAD, params={"media_id": media_id, "command": "STATUS"})
    posted = bot.post(TWEETS, json={"text": "look", "media": {"media_ids": [media_id]}})

    error = {"code": 1, "name": "InvalidMedia", "message": "Unsupported video format"}
    expected = {"state": "failed", "progress_percent": 100, "error": error}
    assert (status.status_code, status.json()["data"]["processing_info"]) == (200, expected)
    check(posted, 400, invalid(row(MEDIA_IDS, "media.media_ids", media_id)))


@pytest.fixture
def without_limit() -> Iterator[None]:
    """Pillow as another fake leaves it in this process."""
    before, Image.MAX_IMAGE_PIXELS = Image.MAX_IMAGE_PIXELS, None
    yield
    Image.MAX_IMAGE_PIXELS = before


@pytest.mark.usefixtures("without_limit")
def test_a_picture_of_too_many_pixels_is_no_picture(bot: httpx.Client) -> None:
    # a GIF of 65535 times 65535 pixels, without any of them
    bomb = b"GIF89a\xff\xff\xff\xff\x00\x00\x00,\x00\x00\x00\x00\xff\xff\xff\xff\x00\x02\x00;"

    answer = bot.post(UPLOAD, data={"media_category": "tweet_image"}, files={"media": ("a.gif", bomb)})

    assert answer.status_code == 200
    assert "image" not in answer.json()["data"]


def test_a_place_of_thousands_of_digits_is_refused(bot: httpx.Client) -> None:
    media_id = bot.post(INITIALIZE, json=ANNOUNCED).json()["data"]["id"]
    fields = {"segment_index": "9" * 5000}

    answer = bot.post(f"{UPLOAD}/{media_id}/append", data=fields, files={"media": b"0123456789"})

    expected = row("segment_index must be from 0 to 999", "segment_index", "-1")
    check(answer, 400, invalid(expected))
