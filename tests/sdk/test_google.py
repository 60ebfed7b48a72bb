"""Google's own clients against the fake: google-auth-oauthlib, google-auth, google-api-python-client."""

from __future__ import annotations

import hashlib
import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import imageio_ffmpeg
import pytest
from google.auth.exceptions import RefreshError
from google.auth.transport.requests import Request
from google.oauth2 import id_token
from google.oauth2.credentials import Credentials
from google_auth_oauthlib.flow import Flow
from googleapiclient.discovery import build_from_document
from googleapiclient.discovery_cache import get_static_doc
from googleapiclient.errors import HttpError
from googleapiclient.http import MediaFileUpload, MediaInMemoryUpload

from tests.fakes.oauth_login import REDIRECT
from tests.fakes.serving import Served, served

CHUNK_BYTES = 262_144
BODY = {"snippet": {"title": "Sam wins", "tags": ["clip"], "categoryId": "20"}}
SCOPES = ["openid", "email", "https://www.googleapis.com/auth/youtube"]


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> Iterator[Served]:
    monkeypatch.setenv("OAUTHLIB_INSECURE_TRANSPORT", "1")
    with served("google") as fakes:
        yield fakes


@pytest.fixture
def credentials(fake: Served) -> Credentials:
    return log_in(fake)


@pytest.fixture
def youtube(fake: Served, credentials: Credentials) -> Iterator[Any]:

    document = json.loads(get_static_doc("youtube", "v3"))
    document["rootUrl"] = document["baseUrl"] = fake.url("google") + "/"
    with build_from_document(document, credentials=credentials) as service:
        yield service


@pytest.fixture(scope="module")
def video(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("video") / "clip.mp4"
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-f", "lavfi"]
    command += ["-i", "testsrc2=size=640x720:rate=30:duration=1,noise=alls=60:allf=t"]
    command += ["-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-b:v", "7M", str(path)]
    subprocess.run(command, check=True, timeout=60)
    return path


def log_in(fake: Served, login: str = "streamer_sam") -> Credentials:
    url = fake.url("google")
    config = {
        "client_id": "staging.apps.googleusercontent.com",
        "client_secret": "google-staging-secret",
        "auth_uri": f"{url}/o/oauth2/v2/auth",
        "token_uri": f"{url}/token",
    }
    flow = Flow.from_client_config({"web": config}, SCOPES, redirect_uri=REDIRECT.format(provider="google"))
    address, _state = flow.authorization_url(access_type="offline", prompt="consent")

    page = httpx.get(address)
    back = httpx.post(str(page.request.url), data={"decision": login})
    flow.fetch_token(authorization_response=back.headers["location"])
    credentials: Credentials = flow.credentials
    return credentials


def insert(youtube: Any, media: Any) -> Any:
    return youtube.videos().insert(part="snippet,status", body=BODY, media_body=media)


def test_the_flow_gives_credentials_that_can_be_refreshed(credentials: Credentials) -> None:
    before = credentials.token

    credentials.refresh(Request())  # type: ignore[no-untyped-call]

    assert before is not None
    assert before.startswith("ya29.")
    assert credentials.token != before
    assert credentials.refresh_token is not None


@pytest.mark.parametrize("path", ["/oauth2/v1/certs"])
def test_the_id_token_verifies(fake: Served, credentials: Credentials, path: str) -> None:
    audience = "staging.apps.googleusercontent.com"
    certs = fake.url("google") + path

    claims = id_token.verify_token(
        credentials.id_token, Request(), audience, certs_url=certs, clock_skew_in_seconds=10
    )

    assert (claims["iss"], claims["sub"]) == (fake.url("google"), "100000000000000000001")
    assert (claims["email"], claims["email_verified"]) == ("sam@clipnet.test", True)


def test_a_revoked_consent_is_a_refresh_error(fake: Served, credentials: Credentials) -> None:
    httpx.post(fake.url("google") + "/revoke", params={"token": str(credentials.refresh_token)})

    with pytest.raises(RefreshError, match="Token has been expired or revoked"):
        credentials.refresh(Request())  # type: ignore[no-untyped-call]


def test_a_resumable_upload_in_chunks(fake: Served, youtube: Any, video: Path) -> None:
    request = insert(youtube, MediaFileUpload(str(video), "video/mp4", CHUNK_BYTES, resumable=True))
    progress = []

    answer = None
    while answer is None:
        status, answer = request.next_chunk()
        progress.append(status.resumable_progress if status else None)

    post = httpx.get(fake.url("google") + "/_fake/posts").json()["posts"][0]
    shown = youtube.videos().list(part="status,processingDetails", id=answer["id"]).execute()
    assert progress[:2] == [CHUNK_BYTES, 2 * CHUNK_BYTES]
    assert post["media"]["sha256"] == hashlib.sha256(video.read_bytes()).hexdigest()
    assert shown["items"][0]["status"]["uploadStatus"] == "processed"


def test_an_upload_goes_on_after_a_503(fake: Served, youtube: Any, video: Path) -> None:
    request = insert(youtube, MediaFileUpload(str(video), "video/mp4", CHUNK_BYTES, resumable=True))
    fault = {"kind": "error", "status": 503, "method": "PUT", "after": 1, "times": 1}
    httpx.put(fake.url("google") + "/_fake/faults", json=fault)

    request.next_chunk()
    with pytest.raises(HttpError) as failed:
        request.next_chunk()
    answer = None
    while answer is None:
        _status, answer = request.next_chunk()

    journal = httpx.get(fake.url("google") + "/_fake/requests").json()["requests"]
    ranges = [
        (entry["headers"]["content-range"], entry["status"]) for entry in journal if entry["method"] == "PUT"
    ]
    total = video.stat().st_size
    assert failed.value.resp.status == 503
    assert ranges[:4] == [
        (f"bytes 0-{CHUNK_BYTES - 1}/{total}", 308),
        (f"bytes {CHUNK_BYTES}-{2 * CHUNK_BYTES - 1}/{total}", 503),
        (f"bytes */{total}", 308),
        (f"bytes {CHUNK_BYTES}-{2 * CHUNK_BYTES - 1}/{total}", 308),
    ]
    assert ranges[-1][1] == 200


def test_a_multipart_upload(fake: Served, youtube: Any, video: Path) -> None:
    answer = insert(youtube, MediaFileUpload(str(video), "video/mp4")).execute()

    post = httpx.get(fake.url("google") + "/_fake/posts").json()["posts"][0]
    assert answer["snippet"]["title"] == "Sam wins"
    assert post["media"]["sha256"] == hashlib.sha256(video.read_bytes()).hexdigest()


def test_channels_thumbnails_and_deletion(youtube: Any, video: Path) -> None:
    video_id = insert(youtube, MediaFileUpload(str(video), "video/mp4")).execute()["id"]
    image = MediaInMemoryUpload(b"\x89PNG\r\n\x1a\n...", "image/png")

    channel = youtube.channels().list(part="snippet,statistics", mine=True).execute()["items"][0]
    thumbnails = youtube.thumbnails().set(videoId=video_id, media_body=image).execute()
    youtube.videos().delete(id=video_id).execute()

    assert (channel["snippet"]["title"], channel["statistics"]["videoCount"]) == ("Streamer Sam", "1")
    assert thumbnails["items"][0]["default"]["width"] == 120
    assert youtube.videos().list(part="id", id=video_id).execute()["items"] == []


def test_the_client_reads_the_reason_of_an_error(fake: Served, youtube: Any) -> None:
    request = youtube.videos().insert(
        part="snippet", body={"snippet": {"title": ""}}, media_body=MediaInMemoryUpload(b"x", "video/mp4")
    )

    with pytest.raises(HttpError) as refused:
        request.execute()

    assert refused.value.status_code == 400
    assert refused.value.error_details[0]["reason"] == "invalidTitle"


def test_a_video_is_changed_and_found_among_the_uploads(youtube: Any, video: Path) -> None:
    video_id = insert(youtube, MediaFileUpload(str(video), "video/mp4")).execute()["id"]
    body = {"id": video_id, "snippet": {"title": "Sam wins again", "categoryId": "20"}}

    changed = youtube.videos().update(part="snippet", body=body).execute()
    channel = youtube.channels().list(part="contentDetails", mine=True).execute()["items"][0]
    uploads = channel["contentDetails"]["relatedPlaylists"]["uploads"]
    request = youtube.playlistItems().list(part="snippet", playlistId=uploads, maxResults=1)
    page = request.execute()

    assert (changed["snippet"]["title"], "tags" in changed["snippet"]) == ("Sam wins again", False)
    assert page["items"][0]["snippet"]["resourceId"]["videoId"] == video_id
    assert youtube.playlistItems().list_next(request, page) is None


def test_the_client_takes_fields(youtube: Any, video: Path) -> None:
    video_id = insert(youtube, MediaFileUpload(str(video), "video/mp4")).execute()["id"]

    found = youtube.videos().list(part="status", id=video_id, fields="items/status/uploadStatus").execute()

    assert found == {"items": [{"status": {"uploadStatus": "processed"}}]}


def test_a_used_up_quota_is_an_error_with_its_reason(fake: Served, youtube: Any, video: Path) -> None:
    httpx.put(fake.url("google") + "/_fake/state", json={"quota": {"inserts": 0}}).raise_for_status()
    credentials = log_in(fake)  # the document replaced what was there
    document = json.loads(get_static_doc("youtube", "v3"))
    document["rootUrl"] = document["baseUrl"] = fake.url("google") + "/"

    with (
        build_from_document(document, credentials=credentials) as service,
        pytest.raises(HttpError) as refused,
    ):
        insert(service, MediaFileUpload(str(video), "video/mp4", CHUNK_BYTES, resumable=True)).next_chunk()

    assert refused.value.status_code == 403
    assert [detail["reason"] for detail in refused.value.error_details] == ["quotaExceeded"]


@pytest.mark.parametrize(
    ("code", "status"),
    [("uploadLimitExceeded", 400), ("forbiddenPrivacySetting", 403), ("backendError", 503)],
)
def test_refusals_on_command_are_errors_with_their_reasons(
    fake: Served, youtube: Any, video: Path, code: str, status: int
) -> None:
    httpx.put(fake.url("google") + "/_fake/faults", json={"kind": "refusal", "code": code})

    with pytest.raises(HttpError) as refused:
        insert(youtube, MediaFileUpload(str(video), "video/mp4")).execute()

    assert (refused.value.status_code, refused.value.error_details[0]["reason"]) == (status, code)


def test_the_client_waits_out_a_rate_limit_by_itself(fake: Served, youtube: Any) -> None:
    fault = {"kind": "refusal", "code": "rateLimitExceeded", "times": 1}
    httpx.put(fake.url("google") + "/_fake/faults", json=fault)
    request = youtube.channels().list(part="id", mine=True)
    request._sleep = lambda _seconds: None  # the client's own seam for tests

    answer = request.execute(num_retries=1)

    assert len(answer["items"]) == 1
