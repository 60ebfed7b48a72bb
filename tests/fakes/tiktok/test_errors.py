"""Every error of TikTok's documents: status and code, and that it is brought about."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx
import pytest

from fakes.tiktok.state.settings import FAIL_REASONS
from tests.fakes.tiktok.conftest import Bearer, Movie
from tests.fakes.tiktok.test_posting import CREATOR, INIT, STATUS, announced, posted, refused, status

ON_COMMAND = {
    "access_token_invalid": 401,
    "scope_not_authorized": 401,
    "scope_permission_missed": 401,
    "rate_limit_exceeded": 429,
    "invalid_param": 400,
    "invalid_file_upload": 400,
    "internal_error": 500,
    "spam_risk_too_many_posts": 403,
    "spam_risk_too_many_pending_share": 403,
    "spam_risk_user_banned_from_posting": 403,
    "reached_active_user_cap": 403,
    "unaudited_client_can_only_post_to_private_accounts": 403,
    "url_ownership_unverified": 403,
    "privacy_level_option_mismatch": 403,
    "app_version_check_failed": 400,
    "invalid_publish_id": 400,
    "token_not_authorized_for_specified_publish_id": 400,
    "publish_not_cancellable": 400,
}


@pytest.mark.parametrize(("code", "expected"), ON_COMMAND.items())
def test_an_error_comes_on_command_and_once(
    client: httpx.Client, bearer: Bearer, code: str, expected: int
) -> None:
    token = bearer()
    client.put("/_fake/faults", json={"kind": "refusal", "code": code, "times": 1}).raise_for_status()

    first, second = (announced(client, token, 1000) for _ in range(2))

    assert refused(first) == (expected, code)
    assert first.json()["data"] == {}
    assert len(first.json()["error"]["log_id"]) == 34
    assert second.status_code == 200


@pytest.mark.parametrize(
    "code", ["spam_risk_too_many_posts", "spam_risk_user_banned_from_posting", "reached_active_user_cap"]
)
def test_creator_info_says_with_200_what_speaks_against_posting(
    client: httpx.Client, bearer: Bearer, code: str
) -> None:
    client.put("/_fake/faults", json={"kind": "refusal", "code": code, "times": 1}).raise_for_status()

    assert refused(client.post(CREATOR, headers=bearer())) == (200, code)


@pytest.mark.parametrize("reason", FAIL_REASONS)
def test_processing_fails_for_every_reason_on_command(
    client: httpx.Client, bearer: Bearer, movie: Movie, reason: str
) -> None:
    client.put("/_fake/state", json={"outcome": reason}).raise_for_status()
    token = bearer()

    found = status(client, token, posted(client, token, movie()))

    assert (found["status"], found["fail_reason"]) == ("FAILED", reason)
    assert client.get("/_fake/posts").json()["posts"] == []


def test_an_outcome_that_tiktok_does_not_have_is_refused(client: httpx.Client) -> None:
    assert client.put("/_fake/state", json={"outcome": "bored"}).status_code == 400


@pytest.mark.parametrize(
    "info",
    [
        {"title": 5},
        {"disable_duet": "yes"},
        {"is_aigc": 1},
        {"video_cover_timestamp_ms": -1},
        {"video_cover_timestamp_ms": 2**31},
        {"video_cover_timestamp_ms": True},
    ],
)
def test_settings_of_a_wrong_kind_are_refused(
    client: httpx.Client, bearer: Bearer, info: dict[str, Any]
) -> None:
    assert refused(announced(client, bearer(), 1000, info=info)) == (400, "invalid_params")


def test_queries_of_a_status_are_limited_to_thirty_a_minute(client: httpx.Client, bearer: Bearer) -> None:
    token = bearer()
    publish_id = announced(client, token, 1000).json()["data"]["publish_id"]

    codes = [
        client.post(STATUS, json={"publish_id": publish_id}, headers=token).status_code for _ in range(31)
    ]

    assert codes == [200] * 30 + [429]


def test_queries_of_a_creator_are_limited_to_twenty_a_minute(client: httpx.Client, bearer: Bearer) -> None:
    token = bearer()

    codes = [client.post(CREATOR, headers=token).status_code for _ in range(21)]

    assert codes == [200] * 20 + [429]


def test_who_withdraws_access_ends_the_posts_under_way(
    client: httpx.Client, bearer: Bearer, movie: Movie
) -> None:
    token = bearer()
    done = posted(client, token, movie())
    begun = announced(client, token, 1000).json()["data"]["publish_id"]

    client.post("/_fake/oauth/revoke", json={"user": "streamer_sam"}).raise_for_status()

    again = bearer()
    assert status(client, again, begun)["fail_reason"] == "auth_removed"
    assert status(client, again, done)["status"] == "PUBLISH_COMPLETE"


def test_texts_and_numbers_of_strangers_crash_nothing(client: httpx.Client, bearer: Bearer) -> None:
    token = bearer()
    body = (
        '{"post_info": {"privacy_level": "SELF_ONLY", "title": "%s"},'
        ' "source_info": {"source": "FILE_UPLOAD", "video_size": %s,'
        ' "chunk_size": 1000, "total_chunk_count": 1}}'
    )
    bodies = [body % ("x", "1e5"), body % ("x", "9" * 400), body % ("\\ud800", "1000")]

    answers = [client.post(INIT, content=body, headers=token) for body in bodies]
    url = announced(client, token, 1000).json()["data"]["upload_url"]
    many = {"Content-Type": "video/mp4", "Content-Range": f"bytes 0-{'9' * 5000}/1000"}
    answers.append(client.put(url, content=b"x", headers=many))

    assert [answer.status_code for answer in answers if answer.status_code >= 500] == []
    assert client.get("/_fake/state").status_code == 200
    assert client.get("/_fake/posts").status_code == 200


def test_a_cut_chunk_is_sent_again_and_the_earlier_ones_stay(
    client: httpx.Client, bearer: Bearer, tmp_path: Path
) -> None:
    size, chunk = 10 * 1024 * 1024, 5 * 1024 * 1024
    source = {"video_size": size, "chunk_size": chunk, "total_chunk_count": 2}
    token = bearer()
    data = announced(client, token, size, source=source).json()["data"]

    def put(first: int) -> httpx.Response:
        headers = {"Content-Type": "video/mp4", "Content-Range": f"bytes {first}-{first + chunk - 1}/{size}"}
        return client.put(data["upload_url"], content=bytes(chunk), headers=headers)

    first = put(0)
    client.put("/_fake/faults", json={"kind": "cut", "method": "PUT", "path": "/video/", "times": 1})
    with pytest.raises(httpx.TransportError):
        put(chunk)
    between = status(client, token, data["publish_id"])["uploaded_bytes"]
    again = put(chunk)

    assert (first.status_code, between, again.status_code) == (206, chunk, 201)
