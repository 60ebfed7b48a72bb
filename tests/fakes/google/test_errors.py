"""Every error of YouTube's documents: status, reason and domain, and that it is brought about."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.fakes.google.conftest import Bearer
from tests.fakes.google.test_youtube import UPLOAD, reason, uploaded
from tests.fakes.serving import Served

VIDEOS = "/youtube/v3/videos"
RESUMABLE = {"uploadType": "resumable", "part": "snippet,status"}

ON_COMMAND = {
    "authError": (401, "global"),
    "insufficientPermissions": (403, "global"),
    "quotaExceeded": (403, "youtube.quota"),
    "rateLimitExceeded": (403, "usageLimits"),
    "userRateLimitExceeded": (403, "usageLimits"),
    "backendError": (503, "global"),
    "forbidden": (403, "youtube.video"),
    "forbiddenPrivacySetting": (403, "youtube.video"),
    "forbiddenLicenseSetting": (403, "youtube.video"),
    "uploadLimitExceeded": (400, "youtube.video"),
    "youtubeSignupRequired": (401, "youtube.header"),
    "uploadRateLimitExceeded": (429, "youtube.thumbnail"),
    "channelNotFound": (404, "youtube.channel"),
    "invalidVideoGameRating": (400, "youtube.video"),
}


@pytest.mark.parametrize(("code", "expected"), ON_COMMAND.items())
def test_an_error_comes_on_command_and_once(
    client: httpx.Client, bearer: Bearer, code: str, expected: tuple[int, str]
) -> None:
    token = bearer()
    query = {"part": "id", "id": "x"}
    client.put("/_fake/faults", json={"kind": "refusal", "code": code, "times": 1}).raise_for_status()

    refused, after = (client.get(VIDEOS, params=query, headers=token) for _ in range(2))

    assert reason(refused) == (expected[0], code, expected[1])
    assert after.status_code == 200
    assert client.get("/_fake/faults").json()["faults"] == []


def test_a_refusal_strikes_uploads_until_it_is_removed(client: httpx.Client, bearer: Bearer) -> None:
    token = bearer()
    client.put("/_fake/faults", json={"kind": "refusal", "code": "uploadLimitExceeded"}).raise_for_status()

    codes = [client.post(UPLOAD, params=RESUMABLE, json={}, headers=token).status_code for _ in range(2)]
    client.delete("/_fake/faults").raise_for_status()
    after = client.post(UPLOAD, params=RESUMABLE, json={}, headers=token)

    assert (codes, after.status_code) == ([400, 400], 200)


def test_a_refusal_with_an_unknown_code_names_those_there_are(client: httpx.Client) -> None:
    answer = client.put("/_fake/faults", json={"kind": "refusal", "code": "nope"})

    assert answer.status_code == 400
    assert "uploadLimitExceeded" in answer.json()["error"]


METADATA: list[tuple[dict[str, Any], str, str]] = [
    ({"snippet": {"title": "t", "tags": ["two words"] * 46}}, "invalidTags", "body.snippet.tags"),
    ({"snippet": {"title": "t", "tags": [1]}}, "invalidTags", "body.snippet.tags"),
    ({"localizations": {"de": {"title": "x"}}}, "defaultLanguageNotSet", "body.localizations"),
    (
        {"recordingDetails": {"recordingDate": "yesterday"}},
        "invalidRecordingDetails",
        "body.recordingDetails.recordingDate",
    ),
    ({"status": {"license": "mine"}}, "invalidVideoMetadata", "body.status.license"),
    (
        {"status": {"privacyStatus": "public", "publishAt": "2099-01-01T00:00:00Z"}},
        "invalidPublishAt",
        "body.status.publishAt",
    ),
    (
        {"status": {"privacyStatus": "private", "publishAt": "9" * 20}},
        "invalidPublishAt",
        "body.status.publishAt",
    ),
]


@pytest.mark.parametrize(("metadata", "code", "location"), METADATA)
def test_metadata_that_breaks_a_rule(
    client: httpx.Client, bearer: Bearer, metadata: dict[str, Any], code: str, location: str
) -> None:
    answer = client.post(UPLOAD, params=RESUMABLE, json=metadata, headers=bearer())

    assert reason(answer) == (400, code, "youtube.video")
    assert answer.json()["error"]["errors"][0]["location"] == location


def test_metadata_of_a_wrong_shape_is_a_parse_error(client: httpx.Client, bearer: Bearer) -> None:
    token = bearer()

    for content in (b"{", b"[]", b'{"snippet": []}', b'{"localizations": 1}'):
        answer = client.post(UPLOAD, params=RESUMABLE, content=content, headers=token)
        assert reason(answer)[:2] == (400, "parseError")


@pytest.mark.parametrize("length", ["274877906945", "9" * 5000])
def test_a_video_over_256_gib_is_refused(client: httpx.Client, bearer: Bearer, length: str) -> None:
    headers = {**bearer(), "X-Upload-Content-Length": length}

    answer = client.post(UPLOAD, params=RESUMABLE, json={}, headers=headers)

    assert reason(answer) == (413, "uploadTooLarge", "global")


def test_texts_and_numbers_of_strangers_crash_nothing(client: httpx.Client, bearer: Bearer) -> None:
    token = bearer()
    odd = [
        b'{"snippet": {"title": "\\ud800"}}',
        b'{"snippet": {"title": 1e999}}',
        b'{"status": {"publishAt": {}}}',
    ]
    odd += [b'{"localizations": {"\\ud800": 1}, "snippet": {"title": "t", "defaultLanguage": "\\udfff"}}']
    answers = [client.post(UPLOAD, params=RESUMABLE, content=body, headers=token) for body in odd]
    answers += [client.put(VIDEOS, params={"part": "id"}, content=body, headers=token) for body in odd]
    session = client.post(UPLOAD, params=RESUMABLE, json={}, headers=token).headers["location"]
    answers.append(client.put(session, headers={"Content-Range": f"bytes {'9' * 5000}-{'9' * 5001}/*"}))

    assert [answer.status_code for answer in answers if answer.status_code >= 500] == []
    assert client.get("/_fake/posts").status_code == 200


def test_a_file_name_that_cannot_be_is_refused(client: httpx.Client, bearer: Bearer) -> None:
    answer = client.post(UPLOAD, params=RESUMABLE, json={}, headers={**bearer(), "Slug": "../clip.mp4"})

    assert reason(answer) == (400, "invalidFilename", "youtube.video")


MANY = ",".join(map(str, range(51)))
QUERIES: list[tuple[str, dict[str, str], tuple[int, str, str]]] = [
    (VIDEOS, {"id": "x"}, (400, "missingRequiredParameter", "youtube.parameter")),
    (VIDEOS, {"part": "id"}, (400, "missingRequiredParameter", "youtube.parameter")),
    (VIDEOS, {"part": "id", "id": "x", "colour": "red"}, (400, "unexpectedParameter", "youtube.parameter")),
    (
        VIDEOS,
        {"part": "id", "id": "x", "chart": "mostPopular"},
        (400, "incompatibleParameters", "youtube.parameter"),
    ),
    (
        VIDEOS,
        {"part": "id", "id": MANY},
        (400, "invalidFilters", "youtube.parameter"),
    ),
    (VIDEOS, {"part": "soul", "id": "x"}, (400, "unknownPart", "youtube.part")),
    (VIDEOS, {"part": "id", "id": "x", "fields": "items("}, (400, "invalidParameter", "global")),
    (VIDEOS, {"part": "id", "id": "x", "fields": "a" + "/a" * 900}, (400, "invalidParameter", "global")),
    (
        "/youtube/v3/playlistItems",
        {"part": "id", "playlistId": "UUnobody"},
        (404, "playlistNotFound", "youtube.playlistItem"),
    ),
]


@pytest.mark.parametrize(("path", "query", "expected"), QUERIES)
def test_a_query_that_breaks_a_rule(
    client: httpx.Client,
    bearer: Bearer,
    path: str,
    query: dict[str, str],
    expected: tuple[int, str, str],
) -> None:
    assert reason(client.get(path, params=query, headers=bearer())) == expected


def test_pages_have_a_size_and_tokens_of_their_own(client: httpx.Client, bearer: Bearer) -> None:
    token = bearer()
    channel = client.get(
        "/youtube/v3/channels", params={"part": "contentDetails", "mine": "true"}, headers=token
    ).json()
    uploads = channel["items"][0]["contentDetails"]["relatedPlaylists"]["uploads"]
    query = {"part": "id", "playlistId": uploads}

    def asked(**more: str) -> httpx.Response:
        return client.get("/youtube/v3/playlistItems", params={**query, **more}, headers=token)

    assert reason(asked(maxResults="51"))[:2] == (400, "invalidParameter")
    assert reason(asked(maxResults="x"))[:2] == (400, "invalidParameter")
    assert reason(asked(maxResults="9" * 5000))[:2] == (400, "invalidParameter")
    assert reason(asked(pageToken="!")) == (400, "invalidPageToken", "youtube.parameter")
    assert reason(asked(pageToken="QUFBQQ")) == (400, "invalidPageToken", "youtube.parameter")


def test_a_key_that_is_not_the_projects_is_refused_and_a_real_one_is_told(client: httpx.Client) -> None:
    query = {"part": "id", "id": "x"}

    good = client.get(VIDEOS, params={**query, "key": "google-staging-api-key"})
    bad = client.get(VIDEOS, params={**query, "key": "nonsense"})
    real = client.get(VIDEOS, params={**query, "key": "AIza" + "x" * 35})
    mine = client.get(
        "/youtube/v3/channels", params={"part": "id", "mine": "true", "key": "google-staging-api-key"}
    )

    assert good.status_code == 200
    assert reason(bad) == (400, "badRequest", "global")
    assert bad.json()["error"]["details"][0]["reason"] == "API_KEY_INVALID"
    assert reason(real)[0] == 400
    violations = client.get("/_fake/requests", params={"violations": "1"}).json()["requests"]
    assert len(violations) == 1
    assert reason(mine) == (401, "required", "global")


def test_an_unknown_video_is_not_found_in_the_words_of_each_method(
    client: httpx.Client, bearer: Bearer
) -> None:
    token = bearer()
    path, image = "/upload/youtube/v3/thumbnails/set", b"\xff\xd8\xff"

    answers = {
        "delete": client.delete(VIDEOS, params={"id": "x"}, headers=token),
        "update": client.put(VIDEOS, params={"part": "id"}, json={"id": "x"}, headers=token),
        "insert a thumbnail": client.post(path, params={"videoId": "x"}, content=image, headers=token),
    }

    for what, answer in answers.items():
        assert reason(answer) == (404, "videoNotFound", "youtube.video")
        assert f"you are trying to {what}" in answer.json()["error"]["message"]


def test_a_thumbnail_of_anothers_video_or_over_the_limit_is_refused(
    client: httpx.Client, bearer: Bearer, footage: Path
) -> None:
    path = "/upload/youtube/v3/thumbnails/set"
    video_id = uploaded(client, bearer(), footage.read_bytes())["id"]
    query = {"videoId": video_id}

    other = client.post(path, params=query, content=b"\xff\xd8\xff", headers=bearer("clipper_cleo"))
    large = client.post(path, params=query, content=bytes(52_428_801), headers=bearer())

    assert reason(other) == (403, "forbidden", "youtube.thumbnail")
    assert reason(large) == (413, "mediaBodyTooLarge", "youtube.thumbnail")


def test_units_run_out_for_reading_too(client: httpx.Client, bearer: Bearer) -> None:
    client.put("/_fake/state", json={"quota": {"units": 2}})
    token = bearer()

    answers = [client.get(VIDEOS, params={"part": "id", "id": "x"}, headers=token) for _ in range(3)]

    assert [answer.status_code for answer in answers] == [200, 200, 403]
    assert reason(answers[-1]) == (403, "quotaExceeded", "youtube.quota")


def test_an_insert_costs_1600_units_in_the_older_model(client: httpx.Client, bearer: Bearer) -> None:
    client.put("/_fake/state", json={"quota": {"model": "units1600"}})
    token = bearer()

    answers = [client.post(UPLOAD, params=RESUMABLE, json={}, headers=token) for _ in range(7)]

    assert [answer.status_code for answer in answers] == [200] * 6 + [403]
    assert client.put("/_fake/state", json={"quota": {"model": "free"}}).status_code == 400


def test_a_session_of_over_a_week_is_gone(client: httpx.Client, bearer: Bearer, running: Served) -> None:
    session = client.post(UPLOAD, params=RESUMABLE, json={}, headers=bearer()).headers["location"]

    running.clock.advance(7 * 86_400 + 1)

    assert client.put(session, headers={"Content-Range": "bytes */1"}).status_code == 404
