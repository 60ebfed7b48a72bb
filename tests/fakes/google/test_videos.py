"""What becomes of a video: changed, listed among its channel's uploads, kept private, rejected, capped."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx
import pytest

from fakes.google.wire.fields import picked, wanted_of
from tests.fakes.google.conftest import Bearer
from tests.fakes.google.test_youtube import UPLOAD, listed, reason, uploaded
from tests.fakes.serving import Served

VIDEOS = "/youtube/v3/videos"


def changed(
    client: httpx.Client, token: dict[str, str], part: str, resource: dict[str, Any]
) -> httpx.Response:
    return client.put(VIDEOS, params={"part": part}, json=resource, headers=token)


def test_a_part_that_is_named_is_written_anew_and_the_others_stay(
    client: httpx.Client, bearer: Bearer, footage: Path
) -> None:
    token = bearer()
    video_id = uploaded(client, token, footage.read_bytes())["id"]

    answer = changed(
        client,
        token,
        "snippet",
        {"id": video_id, "snippet": {"title": "New", "categoryId": "22"}, "status": {"license": "nonsense"}},
    )
    shown = listed(client, token, video_id, "snippet,status")

    assert list(answer.json()) == ["kind", "etag", "id", "snippet"]
    assert shown["snippet"]["title"] == "New"
    assert "tags" not in shown["snippet"]
    assert shown["snippet"]["description"] == ""
    assert shown["status"]["privacyStatus"] == "unlisted"


@pytest.mark.parametrize(
    ("part", "resource", "expected"),
    [
        ("snippet", {"snippet": {"categoryId": "22"}}, (400, "invalidTitle", "youtube.video")),
        ("snippet", {"snippet": {"title": "t"}}, (400, "invalidCategoryId", "youtube.video")),
        ("statistics", {}, (400, "unexpectedPart", "youtube.part")),
        ("status", {"status": {"publishAt": "soon"}}, (400, "invalidPublishAt", "youtube.video")),
        ("status", {"status": 1}, (400, "parseError", "global")),
        (
            "localizations",
            {"localizations": {"de": {}}},
            (400, "defaultLanguageNotSet", "youtube.video"),
        ),
    ],
)
def test_a_change_that_breaks_a_rule_changes_nothing(
    client: httpx.Client,
    bearer: Bearer,
    footage: Path,
    part: str,
    resource: dict[str, Any],
    expected: tuple[int, str, str],
) -> None:
    token = bearer()
    video_id = uploaded(client, token, footage.read_bytes())["id"]
    before = listed(client, token, video_id, "snippet,status")

    answer = changed(client, token, part, {"id": video_id, **resource})

    assert reason(answer) == expected
    assert listed(client, token, video_id, "snippet,status") == before


def test_only_the_owner_with_the_wider_scope_changes_a_video(
    client: httpx.Client, bearer: Bearer, footage: Path
) -> None:
    token = bearer()
    video_id = uploaded(client, token, footage.read_bytes())["id"]
    resource = {"id": video_id, "status": {"privacyStatus": "public"}}

    narrow = changed(client, bearer(scopes="youtube.upload"), "status", resource)
    other = changed(client, bearer("clipper_cleo"), "status", resource)
    own = changed(client, token, "status", resource)

    assert reason(narrow) == (403, "insufficientPermissions", "global")
    assert reason(other) == (403, "forbidden", "youtube.video")
    assert own.json()["status"]["privacyStatus"] == "public"


def test_fields_pick_what_is_wanted(client: httpx.Client, bearer: Bearer, footage: Path) -> None:
    token = bearer()
    video_id = uploaded(client, token, footage.read_bytes())["id"]
    query = {"part": "snippet,status", "id": video_id, "fields": "items(id,snippet/title,status(license))"}

    answer = client.get(VIDEOS, params=query, headers=token)

    item = {"id": video_id, "snippet": {"title": "What a play"}, "status": {"license": "youtube"}}
    assert answer.json() == {"items": [item]}


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("*", {"a": 1, "b": [{"c": 2, "d": {"e": 3}}]}),
        ("a", {"a": 1}),
        ("b/c", {"b": [{"c": 2}]}),
        ("b(c,d/e),a", {"a": 1, "b": [{"c": 2, "d": {"e": 3}}]}),
        ("b/*/e", {"b": [{"c": 2, "d": {"e": 3}}]}),
        ("a/x", {"a": 1}),
        ("missing", {}),
    ],
)
def test_a_selection_of_fields(text: str, left: dict[str, Any]) -> None:
    assert picked({"a": 1, "b": [{"c": 2, "d": {"e": 3}}]}, wanted_of(text)) == left


def test_a_channels_uploads_are_a_playlist_newest_first(
    client: httpx.Client, bearer: Bearer, running: Served
) -> None:
    sam = bearer()
    ids = []
    for _ in range(3):
        ids.append(uploaded(client, sam, b"not a video")["id"])
        running.clock.advance(1)
    channel = client.get(
        "/youtube/v3/channels", params={"part": "contentDetails", "mine": "true"}, headers=sam
    ).json()["items"][0]
    playlist = channel["contentDetails"]["relatedPlaylists"]["uploads"]

    def page(token: str | None = None) -> dict[str, Any]:
        query = {"part": "snippet,contentDetails,status", "playlistId": playlist, "maxResults": "2"}
        query |= {"pageToken": token} if token else {}
        answer: dict[str, Any] = client.get("/youtube/v3/playlistItems", params=query, headers=sam).json()
        return answer

    first = page()
    second = page(first["nextPageToken"])

    items = [*first["items"], *second["items"]]
    assert [item["contentDetails"]["videoId"] for item in items] == ids[::-1]
    assert [item["snippet"]["position"] for item in items] == [0, 1, 2]
    assert first["pageInfo"] == {"totalResults": 3, "resultsPerPage": 2}
    assert ("nextPageToken" in second, page(second["prevPageToken"])) == (False, first)


def test_a_channel_is_found_by_its_handle(client: httpx.Client, bearer: Bearer) -> None:
    answer = client.get(
        "/youtube/v3/channels", params={"part": "snippet", "forHandle": "@streamer_sam"}, headers=bearer()
    )

    assert [item["snippet"]["title"] for item in answer.json()["items"]] == ["Streamer Sam"]


def test_an_application_without_an_audit_leaves_videos_private(
    client: httpx.Client, bearer: Bearer, footage: Path
) -> None:
    client.put("/_fake/state", json={"is_audited": False})

    video = uploaded(client, bearer(), footage.read_bytes())

    assert video["status"]["privacyStatus"] == "private"


@pytest.mark.parametrize(
    ("outcome", "status", "field", "processing"),
    [
        ("duplicate", "rejected", "rejectionReason", "terminated"),
        ("codec", "failed", "failureReason", "failed"),
    ],
)
def test_processing_ends_as_it_is_told_to(
    client: httpx.Client,
    bearer: Bearer,
    footage: Path,
    outcome: str,
    status: str,
    field: str,
    processing: str,
) -> None:
    client.put("/_fake/state", json={"outcome": outcome})
    token = bearer()

    video_id = uploaded(client, token, footage.read_bytes())["id"]

    shown = listed(client, token, video_id, "status,processingDetails")
    assert (shown["status"]["uploadStatus"], shown["status"][field]) == (status, outcome)
    assert shown["processingDetails"]["processingStatus"] == processing


def test_progress_follows_the_clock(
    client: httpx.Client, bearer: Bearer, footage: Path, running: Served
) -> None:
    client.put("/_fake/state", json={"processing_s": 40})
    token = bearer()
    video_id = uploaded(client, token, footage.read_bytes())["id"]

    running.clock.advance(10)

    shown = listed(client, token, video_id, "processingDetails")["processingDetails"]
    assert 24 <= int(shown["processingProgress"]["partsProcessed"]) <= 27
    assert 29_000 <= int(shown["processingProgress"]["timeLeftMs"]) <= 30_000


def test_a_channel_uploads_so_many_in_24_hours(client: httpx.Client, bearer: Bearer, running: Served) -> None:
    client.put("/_fake/state", json={"uploads_per_day": 1})
    query = {"uploadType": "resumable", "part": "id"}
    uploaded(client, bearer(), b"not a video")

    over = client.post(UPLOAD, params=query, json={}, headers=bearer())
    other = client.post(UPLOAD, params=query, json={}, headers=bearer("clipper_cleo"))
    running.clock.advance(86_401)
    tomorrow = client.post(UPLOAD, params=query, json={}, headers=bearer())

    assert reason(over) == (400, "uploadLimitExceeded", "youtube.video")
    assert (other.status_code, tomorrow.status_code) == (200, 200)


@pytest.mark.parametrize("document", [{"outcome": "nope"}, {"uploads_per_day": "1"}, {"is_audited": 1}])
def test_a_setting_that_is_no_value_is_refused(client: httpx.Client, document: dict[str, Any]) -> None:
    assert client.put("/_fake/state", json=document).status_code == 400
