from __future__ import annotations

import hashlib
import socket
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from fakes.google.state import GoogleState
from fakes.google.wire.youtube import duration
from tests.fakes.google.conftest import Bearer
from tests.fakes.serving import Served, served
from tests.servers import wait_until

UPLOAD = "/upload/youtube/v3/videos"
UNIT = 262_144
METADATA = {
    "snippet": {"title": "What a play", "description": "by sam", "tags": ["clip"], "categoryId": "20"}
}
METADATA |= {"status": {"privacyStatus": "unlisted"}}


def opened(client: httpx.Client, bearer: dict[str, str], total: int, **headers: str) -> str:
    answer = client.post(
        UPLOAD,
        params={"uploadType": "resumable", "part": "snippet,status"},
        json=METADATA,
        headers={
            **bearer,
            "X-Upload-Content-Type": "video/mp4",
            "X-Upload-Content-Length": str(total),
            **headers,
        },
    )
    assert answer.status_code == 200, answer.text
    assert answer.content == b""
    return answer.headers["location"]


def put(client: httpx.Client, session: str, body: bytes, content_range: str | None = None) -> httpx.Response:
    headers = {"Content-Range": content_range} if content_range else {}
    return client.put(session, content=body, headers=headers)


def uploaded(client: httpx.Client, bearer: dict[str, str], content: bytes, **headers: str) -> dict[str, Any]:
    body: dict[str, Any] = put(client, opened(client, bearer, len(content), **headers), content).json()
    return body


def reason(answer: httpx.Response) -> tuple[int, str, str]:
    error = answer.json()["error"]
    assert error["code"] == answer.status_code
    return answer.status_code, error["errors"][0]["reason"], error["errors"][0]["domain"]


def media(post: dict[str, Any], content: bytes) -> dict[str, Any]:
    origin = post["url"].partition("/watch")[0]
    digest = hashlib.sha256(content).hexdigest()
    return {"url": f"{origin}/videoplayback?id={post['id']}", "bytes": len(content), "sha256": digest}


def listed(client: httpx.Client, bearer: dict[str, str], video_id: str, part: str) -> dict[str, Any]:
    answer = client.get("/youtube/v3/videos", params={"part": part, "id": video_id}, headers=bearer)
    found: list[dict[str, Any]] = answer.json()["items"]
    return found[0]


def test_a_resumable_upload_in_chunks_resumes_after_a_failed_one(
    client: httpx.Client, bearer: Bearer, footage: Path
) -> None:
    content = footage.read_bytes()
    total = len(content)
    session = opened(client, bearer(), total)

    start = put(client, session, b"", f"bytes */{total}")
    first = put(client, session, content[:UNIT], f"bytes 0-{UNIT - 1}/{total}")
    client.put(
        "/_fake/faults", json={"kind": "error", "status": 503, "times": 1, "method": "PUT", "path": UPLOAD}
    )
    failed = put(client, session, content[UNIT : 2 * UNIT], f"bytes {UNIT}-{2 * UNIT - 1}/{total}")
    query = put(client, session, b"", f"bytes */{total}")
    last = put(client, session, content[UNIT:], f"bytes {UNIT}-{total - 1}/{total}")
    again = put(client, session, b"", f"bytes */{total}")

    assert total > 2 * UNIT
    assert (start.status_code, start.headers.get("range")) == (308, None)
    assert (first.status_code, first.headers["range"]) == (308, f"bytes=0-{UNIT - 1}")
    assert failed.status_code == 503
    assert (query.status_code, query.headers["range"]) == (308, f"bytes=0-{UNIT - 1}")
    assert (last.status_code, last.json()["kind"]) == (200, "youtube#video")
    assert last.json()["status"]["uploadStatus"] == "uploaded"
    assert again.json()["id"] == last.json()["id"]


def test_the_answer_has_the_parts_asked_for_and_the_list_shows_it_processed(
    client: httpx.Client, bearer: Bearer, footage: Path
) -> None:
    token = bearer()

    video = uploaded(client, token, footage.read_bytes())
    shown = listed(client, token, video["id"], "status,processingDetails,contentDetails,fileDetails")

    assert list(video) == ["kind", "etag", "id", "snippet", "status"]
    assert len(video["id"]) == 11
    assert video["snippet"]["channelId"].startswith("UC")
    assert len(video["snippet"]["channelId"]) == 24
    assert video["snippet"]["title"] == "What a play"
    assert video["status"]["privacyStatus"] == "unlisted"
    assert shown["status"]["uploadStatus"] == "processed"
    assert shown["processingDetails"]["processingStatus"] == "succeeded"
    assert shown["contentDetails"]["duration"] == "PT1S"
    assert shown["fileDetails"]["fileSize"] == str(footage.stat().st_size)


def test_bytes_that_are_there_already_are_ignored_and_a_gap_is_refused(
    client: httpx.Client, bearer: Bearer, footage: Path
) -> None:
    content = footage.read_bytes()
    total = len(content)
    session = opened(client, bearer(), total)
    put(client, session, content[:UNIT], f"bytes 0-{UNIT - 1}/{total}")

    gap = put(client, session, content[2 * UNIT : 3 * UNIT], f"bytes {2 * UNIT}-{3 * UNIT - 1}/{total}")
    overlap = put(client, session, content, f"bytes 0-{total - 1}/{total}")

    post = client.get("/_fake/posts").json()["posts"][0]
    assert reason(gap)[:2] == (400, "badRequest")
    assert overlap.status_code == 200
    assert post["media"] == media(post, content)


@pytest.mark.parametrize(
    ("size", "content_range"),
    [
        (1000, "bytes 0-999/900000"),  # not a multiple of 256 KiB
        (UNIT, f"bytes 0-{UNIT - 1}/900001"),  # another total than announced
        (1000, "bytes 0-1999/900000"),  # not as long as the body
        (1000, "bytes=0-999/900000"),  # not the form
        (1000, "bytes 899999-900998/900000"),  # beyond the end
    ],
)
def test_wrong_ranges_are_refused_and_store_nothing(
    client: httpx.Client, bearer: Bearer, size: int, content_range: str
) -> None:
    session = opened(client, bearer(), 900_000)

    answer = put(client, session, b"x" * size, content_range)

    assert reason(answer)[0] == 400
    assert "range" not in put(client, session, b"", "bytes */900000").headers


def test_an_upload_of_unknown_size_ends_when_the_total_is_told(
    client: httpx.Client, bearer: Bearer, footage: Path
) -> None:
    content = footage.read_bytes()
    total = len(content)
    token = bearer()
    answer = client.post(UPLOAD, params={"uploadType": "resumable", "part": "id"}, json={}, headers=token)
    session = answer.headers["location"]

    first = put(client, session, content[:UNIT], f"bytes 0-{UNIT - 1}/*")
    last = put(client, session, content[UNIT:], f"bytes {UNIT}-{total - 1}/{total}")

    assert (first.status_code, last.status_code) == (308, 200)
    assert list(last.json()) == ["kind", "etag", "id"]


def test_a_session_can_be_cancelled_and_is_gone_then(client: httpx.Client, bearer: Bearer) -> None:
    session = opened(client, bearer(), 900_000)

    cancelled = client.delete(session)

    assert cancelled.status_code == 499
    assert put(client, session, b"", "bytes */900000").status_code == 404


def test_a_client_that_sends_less_than_it_announced_is_not_waited_for_forever(
    client: httpx.Client, bearer: Bearer, running: Served
) -> None:
    session = urlsplit(opened(client, bearer(), UNIT))
    state = running.apps["google"].parts.state
    assert isinstance(state, GoogleState)
    state.body_timeout_s = 0.05
    head = f"PUT {session.path}?{session.query} HTTP/1.1\r\nHost: x\r\nContent-Length: {UNIT}\r\n\r\n"

    with socket.create_connection((session.hostname, session.port), timeout=10) as connection:
        connection.sendall(head.encode())
        answer = connection.recv(4096)
    state.body_timeout_s = 20.0

    assert answer.startswith(b"HTTP/1.1 408 ")


def begun(running: Served, session: str, total: int, content: bytes) -> socket.socket:
    """A connection that sends the beginning of a whole file, of which the fake has stored so much."""
    parts, state = urlsplit(session), running.apps["google"].parts.state
    assert isinstance(state, GoogleState)
    spool = state.spool
    file = f"{parse_qs(parts.query)['upload_id'][0]}.video"
    head = f"PUT {parts.path}?{parts.query} HTTP/1.1\r\nHost: x\r\nContent-Length: {total}\r\n\r\n"
    connection = socket.create_connection((parts.hostname, parts.port), timeout=10)
    connection.sendall(head.encode() + content)
    wait_until(lambda: spool.size(file) == len(content), lambda: f"bytes to come, last {spool.size(file)}")
    return connection


def test_a_cut_connection_keeps_whole_units_of_what_came(
    client: httpx.Client, bearer: Bearer, running: Served
) -> None:
    total = 4 * UNIT
    address = opened(client, bearer(), total)

    with begun(running, address, total, b"x" * (2 * UNIT + 1000)):
        pass

    answer = put(client, address, b"", f"bytes */{total}")
    assert (answer.status_code, answer.headers["range"]) == (308, f"bytes=0-{2 * UNIT - 1}")


def test_who_asks_how_far_an_upload_is_has_given_up_the_request_before(
    client: httpx.Client, bearer: Bearer, running: Served
) -> None:
    content = bytes(range(256)) * (3 * UNIT // 256)
    address = opened(client, bearer(), len(content))

    with begun(running, address, len(content), content[: UNIT + 1000]) as connection:
        asked = put(client, address, b"", f"bytes */{len(content)}")
        rest = put(client, address, content[UNIT:], f"bytes {UNIT}-{len(content) - 1}/{len(content)}")
        connection.sendall(content[UNIT + 1000 :])
        late = connection.recv(4096)

    (post,) = client.get("/_fake/posts").json()["posts"]
    assert (asked.status_code, asked.headers["range"]) == (308, f"bytes=0-{UNIT - 1}")
    assert (rest.status_code, late[:13]) == (200, b"HTTP/1.1 409 ")
    assert post["media"] == media(post, content)


def test_a_chunk_without_a_length_must_be_as_long_as_its_range(client: httpx.Client, bearer: Bearer) -> None:
    address = opened(client, bearer(), UNIT)
    headers = {"Content-Range": f"bytes 0-{UNIT - 1}/{UNIT}"}

    answer = client.put(address, content=iter([b"x" * 1000]), headers=headers)

    assert reason(answer) == (400, "badRequest", "global")
    assert "There were 1000 byte(s)" in answer.json()["error"]["message"]
    assert "range" not in put(client, address, b"", f"bytes */{UNIT}").headers


@pytest.mark.parametrize("kind", ["multipart", "media"])
def test_an_upload_in_one_request_that_is_cut_leaves_nothing(
    client: httpx.Client, bearer: Bearer, running: Served, kind: str
) -> None:
    address, token = urlsplit(running.url("google")), bearer()["Authorization"]
    media_type = 'multipart/related; boundary="b"' if kind == "multipart" else "video/mp4"
    part = b"--b\r\nContent-Type: application/json\r\n\r\n{}\r\n--b\r\nContent-Type: video/mp4\r\n\r\n"
    head = (
        f"POST {UPLOAD}?uploadType={kind}&part=snippet HTTP/1.1\r\nHost: x\r\nAuthorization: {token}\r\n"
        f"Content-Type: {media_type}\r\nContent-Length: 100000\r\n\r\n"
    )

    def open_uploads() -> int:
        return int(client.get("/_fake/state").json()["state"]["open_uploads"])

    with socket.create_connection((address.hostname, address.port), timeout=10) as connection:
        connection.sendall(head.encode() + part + b"x" * 5000)
        wait_until(lambda: open_uploads() == 1, lambda: "the upload to begin")

    wait_until(lambda: open_uploads() == 0, lambda: "the upload to be forgotten")


@pytest.mark.parametrize("newline", [b"\r\n", b"\n"])
def test_a_multipart_upload_carries_metadata_and_media(
    client: httpx.Client, bearer: Bearer, footage: Path, newline: bytes
) -> None:
    content = footage.read_bytes()
    parts = [b"--b0undary", b"Content-Type: application/json", b"MIME-Version: 1.0", b""]
    parts += [b'{"snippet": {"title": "Multi"}}', b"--b0undary", b"Content-Type: video/mp4"]
    parts += [b"Content-Transfer-Encoding: binary", b"", content, b"--b0undary--"]

    answer = client.post(
        UPLOAD,
        params={"uploadType": "multipart", "part": "snippet"},
        content=newline.join(parts),
        headers={**bearer(), "Content-Type": 'multipart/related; boundary="b0undary"'},
    )

    post = client.get("/_fake/posts").json()["posts"][0]
    assert answer.json()["snippet"]["title"] == "Multi"
    assert post["media"] == media(post, content)


def test_a_media_upload_has_no_metadata(client: httpx.Client, bearer: Bearer, footage: Path) -> None:
    answer = client.post(
        UPLOAD,
        params={"uploadType": "media", "part": "snippet"},
        content=footage.read_bytes(),
        headers={**bearer(), "Content-Type": "video/mp4"},
    )

    assert (answer.status_code, answer.json()["snippet"]["title"]) == (200, "unknown")


def test_uploads_without_a_video_are_refused(client: httpx.Client, bearer: Bearer) -> None:
    token = bearer()
    query = {"uploadType": "media", "part": "id"}

    empty = client.post(UPLOAD, params=query, headers={**token, "Content-Type": "video/mp4"})
    text = client.post(UPLOAD, params=query, content=b"hi", headers={**token, "Content-Type": "text/plain"})
    other = client.post(UPLOAD, params={"uploadType": "carrier", "part": "id"}, headers=token)

    assert reason(empty) == (400, "mediaBodyRequired", "youtube.video")
    assert reason(text) == (400, "badContent", "global")
    assert reason(other) == (400, "invalidParameter", "global")


@pytest.mark.parametrize(
    ("metadata", "expected", "location"),
    [
        ({"snippet": {"title": "x" * 101}}, "invalidTitle", "body.snippet.title"),
        ({"snippet": {"title": " "}}, "invalidTitle", "body.snippet.title"),
        ({"snippet": {"title": "a <b>"}}, "invalidTitle", "body.snippet.title"),
        (
            {"snippet": {"title": "t", "description": "é" * 2501}},
            "invalidDescription",
            "body.snippet.description",
        ),
        ({"snippet": {"title": "t", "tags": ["x" * 501]}}, "invalidTags", "body.snippet.tags"),
        ({"snippet": {"title": "t", "categoryId": "99"}}, "invalidCategoryId", "body.snippet.categoryId"),
        ({"status": {"privacyStatus": "secret"}}, "invalidVideoMetadata", "body.status.privacyStatus"),
        (
            {"status": {"privacyStatus": "private", "publishAt": "2001-01-01T00:00:00Z"}},
            "invalidPublishAt",
            "body.status.publishAt",
        ),
    ],
)
def test_metadata_is_judged_before_a_byte_is_sent(
    client: httpx.Client, bearer: Bearer, metadata: dict[str, Any], expected: str, location: str
) -> None:
    query = {"uploadType": "resumable", "part": "snippet,status"}

    answer = client.post(UPLOAD, params=query, json=metadata, headers=bearer())

    assert reason(answer) == (400, expected, "youtube.video")
    assert answer.json()["error"]["errors"][0]["location"] == location
    assert answer.headers["content-type"] == "application/json; charset=UTF-8"


def test_tokens_are_checked_in_the_words_of_the_json_apis(
    client: httpx.Client, bearer: Bearer, running: Served
) -> None:
    narrow, wide = bearer(scopes="youtube.upload"), bearer()
    query = {"part": "id", "id": "x"}

    none = client.get("/youtube/v3/videos", params=query)
    scope = client.get("/youtube/v3/videos", params=query, headers=narrow)
    running.clock.advance(3600)
    late = client.get("/youtube/v3/videos", params=query, headers=wide)

    assert reason(none) == (401, "required", "global")
    assert none.json()["error"]["status"] == "UNAUTHENTICATED"
    assert none.json()["error"]["errors"][0]["message"] == "Login Required."
    assert reason(scope) == (403, "insufficientPermissions", "global")
    assert scope.json()["error"]["details"][0]["reason"] == "ACCESS_TOKEN_SCOPE_INSUFFICIENT"
    assert 'error="insufficient_scope"' in scope.headers["www-authenticate"]
    assert reason(late)[:2] == (401, "authError")
    assert late.json()["error"]["errors"][0]["message"] == "Invalid Credentials"


def test_an_account_without_a_channel_and_a_suspended_one_cannot_upload(
    client: httpx.Client, bearer: Bearer
) -> None:
    query = {"uploadType": "resumable", "part": "snippet"}

    viewer = client.post(UPLOAD, params=query, json=METADATA, headers=bearer("viewer_vic"))
    banned = client.post(UPLOAD, params=query, json=METADATA, headers=bearer("banned_ben"))

    assert reason(viewer) == (401, "youtubeSignupRequired", "youtube.header")
    assert reason(banned) == (403, "forbidden", "youtube.video")


def test_the_hundred_inserts_of_a_day_run_out_and_come_back(footage: Path) -> None:
    with served("google") as fakes, httpx.Client(base_url=fakes.url("google")) as client:
        scopes = ["https://www.googleapis.com/auth/youtube"]
        grant = {"login": "streamer_sam", "scopes": scopes, "access_token": "ya29.s", "expires_in": None}
        client.put("/_fake/state", json={"quota": {"inserts": 1}, "oauth": {"grants": [grant]}})
        token, query = {"Authorization": "Bearer ya29.s"}, {"uploadType": "resumable", "part": "id"}

        first, second = (client.post(UPLOAD, params=query, json={}, headers=token) for _ in range(2))
        fakes.clock.advance(86_400)
        tomorrow = client.post(UPLOAD, params=query, json={}, headers=token)

        assert (first.status_code, tomorrow.status_code) == (200, 200)
        assert reason(second) == (403, "quotaExceeded", "youtube.quota")
        assert second.json()["error"]["message"] == (
            "The request cannot be completed because you have exceeded your "
            '<a href="/youtube/v3/getting-started#quota">quota</a>.'
        )


def test_processing_takes_its_time_on_the_clock_and_a_bad_file_fails(footage: Path) -> None:
    with served("google") as fakes, httpx.Client(base_url=fakes.url("google")) as client:
        scopes = ["https://www.googleapis.com/auth/youtube"]
        grant = {"login": "streamer_sam", "scopes": scopes, "access_token": "ya29.s", "expires_in": None}
        client.put("/_fake/state", json={"processing_s": 30, "oauth": {"grants": [grant]}})
        token = {"Authorization": "Bearer ya29.s"}
        good = uploaded(client, token, footage.read_bytes())["id"]
        bad = uploaded(client, token, b"not a video")["id"]

        early = listed(client, token, good, "status,processingDetails")
        fakes.clock.advance(31)
        late, failed = (listed(client, token, one, "status,processingDetails") for one in (good, bad))

        assert (early["status"]["uploadStatus"], late["status"]["uploadStatus"]) == ("uploaded", "processed")
        assert early["processingDetails"]["processingProgress"]["partsTotal"] == "100"
        assert (failed["status"]["uploadStatus"], failed["status"]["failureReason"]) == (
            "failed",
            "invalidFile",
        )
        assert failed["processingDetails"]["processingStatus"] == "failed"


def test_unknown_and_other_peoples_private_videos_are_absent_from_a_list(
    client: httpx.Client, bearer: Bearer, footage: Path
) -> None:
    sam, cleo = bearer("streamer_sam"), bearer("clipper_cleo")
    metadata = {"status": {"privacyStatus": "private"}}
    query = {"uploadType": "resumable", "part": "status"}
    session = client.post(UPLOAD, params=query, json=metadata, headers=sam).headers["location"]
    video_id = put(client, session, footage.read_bytes()).json()["id"]
    asked = {"part": "status", "id": f"{video_id},aaaaaaaaaaa"}

    own = client.get("/youtube/v3/videos", params=asked, headers=sam)
    other = client.get("/youtube/v3/videos", params=asked, headers=cleo)

    assert [item["id"] for item in own.json()["items"]] == [video_id]
    assert own.json()["pageInfo"] == {"totalResults": 1, "resultsPerPage": 1}
    assert own.headers["etag"] == own.json()["etag"]
    assert (other.status_code, other.json()["items"]) == (200, [])


def test_lists_want_a_part_and_a_filter(client: httpx.Client, bearer: Bearer) -> None:
    token = bearer()

    no_part = client.get("/youtube/v3/videos", params={"id": "x"}, headers=token)
    no_filter = client.get("/youtube/v3/videos", params={"part": "id"}, headers=token)
    unknown = client.get("/youtube/v3/videos", params={"part": "soul", "id": "x"}, headers=token)
    gap = client.get("/youtube/v3/videos", params={"part": "id", "chart": "mostPopular"}, headers=token)

    assert reason(no_part) == (400, "missingRequiredParameter", "youtube.parameter")
    assert no_filter.json()["error"]["message"] == "No filter selected. Expected one of: chart, id, myRating"
    assert reason(unknown)[:2] == (400, "unknownPart")
    assert gap.status_code == 501


def test_a_channel_is_listed_for_its_owner(client: httpx.Client, bearer: Bearer, footage: Path) -> None:
    query = {"part": "id,snippet,contentDetails,statistics", "mine": "true"}
    sam = bearer("streamer_sam")
    uploaded(client, sam, footage.read_bytes())

    channel = client.get("/youtube/v3/channels", params=query, headers=sam).json()["items"][0]
    none = client.get("/youtube/v3/channels", params=query, headers=bearer("viewer_vic")).json()

    assert channel["snippet"]["title"] == "Streamer Sam"
    assert channel["contentDetails"]["relatedPlaylists"]["uploads"] == "UU" + channel["id"][2:]
    assert channel["statistics"]["videoCount"] == "1"
    assert (none["kind"], none["items"]) == ("youtube#channelListResponse", [])


def test_a_thumbnail_is_set_and_delivered(client: httpx.Client, bearer: Bearer, footage: Path) -> None:
    token = bearer()
    video_id = uploaded(client, token, footage.read_bytes())["id"]
    path, image = "/upload/youtube/v3/thumbnails/set", b"\xff\xd8\xff\xe0 an image"

    generated = client.get(f"/vi/{video_id}/default.jpg")
    answer = client.post(path, params={"videoId": video_id}, content=image, headers=token)
    bad = client.post(path, params={"videoId": video_id}, content=b"GIF89a", headers=token)
    missing = client.post(path, params={"videoId": "x"}, content=image, headers=token)

    assert generated.content.startswith(b"\xff\xd8\xff")
    assert answer.json()["kind"] == "youtube#thumbnailSetResponse"
    assert client.get(answer.json()["items"][0]["default"]["url"]).content == image
    assert reason(bad) == (400, "invalidImage", "youtube.thumbnail")
    assert reason(missing) == (404, "videoNotFound", "youtube.video")


def test_a_deleted_video_is_gone_with_its_file(client: httpx.Client, bearer: Bearer, footage: Path) -> None:
    token = bearer()
    video_id = uploaded(client, token, footage.read_bytes())["id"]
    path = "/youtube/v3/videos"

    other = client.delete(path, params={"id": video_id}, headers=bearer("clipper_cleo"))
    gone = client.delete(path, params={"id": video_id}, headers=token)
    again = client.delete(path, params={"id": video_id}, headers=token)

    assert reason(other)[:2] == (403, "forbidden")
    assert (gone.status_code, gone.content) == (204, b"")
    assert reason(again)[:2] == (404, "videoNotFound")
    assert client.get("/_fake/posts").json()["posts"] == []


def test_posts_show_the_idempotency_key_and_duplicates_are_counted(
    client: httpx.Client, bearer: Bearer, footage: Path, running: Served
) -> None:
    token, content = bearer(), footage.read_bytes()

    video = uploaded(client, token, content, **{"Idempotency-Key": "post-1"})
    uploaded(client, token, content, **{"Idempotency-Key": "post-1"})
    uploaded(client, token, content)

    posts = client.get("/_fake/posts").json()["posts"]
    assert [post["idempotency_key"] for post in posts] == ["post-1", "post-1", None]
    assert posts[0] == {
        "platform": "youtube",
        "id": video["id"],
        "url": f"{running.url('google')}/watch?v={video['id']}",
        "account": "streamer_sam",
        "title": "What a play",
        "text": "by sam",
        "media": media(posts[0], content),
        "at": posts[0]["at"],
        "idempotency_key": "post-1",
    }
    state = client.get("/_fake/state").json()["state"]
    assert (state["videos"], state["duplicates"], state["quota"]["inserts"]) == (3, 1, "3/100")
    assert state["repeated_keys"] == {"post-1": 2}
    assert client.get(posts[0]["media"]["url"]).content == content


def test_the_watch_page_plays_what_was_uploaded(client: httpx.Client, bearer: Bearer, footage: Path) -> None:
    content = footage.read_bytes()
    video_id = uploaded(client, bearer(), content)["id"]

    page = client.get("/watch", params={"v": video_id})
    part = client.get("/videoplayback", params={"id": video_id}, headers={"Range": "bytes=0-99"})

    assert "What a play" in page.text
    assert (part.status_code, part.content) == (206, content[:100])


def test_a_reset_forgets_videos_and_their_files(
    client: httpx.Client, bearer: Bearer, running: Served
) -> None:
    uploaded(client, bearer(), b"not a video")
    folder = running.folder / "google-media"
    before = len(list(folder.iterdir()))

    client.post("/_fake/reset")

    assert before == 1
    assert not folder.exists()
    assert client.get("/_fake/posts").json()["posts"] == []


def test_a_seeded_video_is_a_post_without_media() -> None:
    with served("google") as fakes, httpx.Client(base_url=fakes.url("google")) as client:
        row = {"id": "aaaaaaaaaaa", "login": "streamer_sam", "title": "Old", "at": "2026-11-20T06:00:00Z"}

        client.put("/_fake/state", json={"videos": [row]})

        post = client.get("/_fake/posts").json()["posts"][0]
        assert (post["id"], post["title"], post["media"]) == ("aaaaaaaaaaa", "Old", None)
        assert post["at"] == "2026-11-20T06:00:00Z"


def test_durations_are_spelled_in_iso_8601() -> None:
    assert [duration(seconds) for seconds in (0, 0.2, 30, 90, 3600, 3723.5)] == [
        "PT0S",
        "PT1S",
        "PT30S",
        "PT1M30S",
        "PT1H",
        "PT1H2M4S",
    ]
