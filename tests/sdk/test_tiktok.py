"""A plain HTTP client against the TikTok fake: TikTok has no client library of its own for these APIs."""

from __future__ import annotations

import hashlib
import subprocess
from pathlib import Path

import httpx
import imageio_ffmpeg
import pytest

from tests.fakes.oauth_login import REDIRECT, VERIFIER, callback
from tests.fakes.serving import served

TOTAL_BYTES = 50_000_123
CHUNK_BYTES = 10_000_000
CLIENT = {"client_key": "awstaging", "client_secret": "tiktok-staging-secret"}


@pytest.fixture(scope="module")
def video(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A real video, made as long as the example of TikTok's guide by a `free` box at its end."""
    path = tmp_path_factory.mktemp("video") / "clip.mp4"
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-f", "lavfi"]
    command += ["-i", "testsrc2=size=360x640:rate=30:duration=1", "-pix_fmt", "yuv420p", str(path)]
    subprocess.run(command, check=True, timeout=60)
    content = Path(path).read_bytes()
    rest = TOTAL_BYTES - len(content)
    return content + rest.to_bytes(4) + b"free" + bytes(rest - 8)


def test_a_person_logs_in_and_posts_in_five_chunks(video: bytes) -> None:
    with served("tiktok") as fakes, httpx.Client(base_url=fakes.url("tiktok"), trust_env=False) as client:
        headers = log_in(client)
        creator = client.post("/v2/post/publish/creator_info/query/", headers=headers).json()["data"]
        init = {
            "post_info": {"privacy_level": creator["privacy_level_options"][0], "title": "Five chunks"},
            "source_info": {
                "source": "FILE_UPLOAD",
                "video_size": TOTAL_BYTES,
                "chunk_size": CHUNK_BYTES,
                "total_chunk_count": TOTAL_BYTES // CHUNK_BYTES,
            },
        }
        begun = client.post("/v2/post/publish/video/init/", json=init, headers=headers).json()["data"]

        answers = send_chunks(client, begun["upload_url"], video)

        status = client.post(
            "/v2/post/publish/status/fetch/", json={"publish_id": begun["publish_id"]}, headers=headers
        ).json()["data"]
        post = client.get("/_fake/posts").json()["posts"][0]

    assert len(begun["publish_id"]) <= 64
    assert len(begun["upload_url"]) <= 256
    assert answers == [
        ("bytes 0-9999999/50000123", 206, "bytes 0-10000000/50000123"),
        ("bytes 10000000-19999999/50000123", 206, "bytes 0-20000000/50000123"),
        ("bytes 20000000-29999999/50000123", 206, "bytes 0-30000000/50000123"),
        ("bytes 30000000-39999999/50000123", 206, "bytes 0-40000000/50000123"),
        ("bytes 40000000-50000122/50000123", 201, "bytes 0-50000123/50000123"),
    ]
    assert status["status"] == "PUBLISH_COMPLETE"
    assert status["publicaly_available_post_id"] == [int(post["id"])]
    assert post["media"]["bytes"] == TOTAL_BYTES
    assert post["media"]["sha256"] == hashlib.sha256(video).hexdigest()


def log_in(client: httpx.Client) -> dict[str, str]:
    """Click through the consent page with PKCE as a desktop application does it."""
    ask = {
        "client_key": CLIENT["client_key"],
        "redirect_uri": REDIRECT.format(provider="tiktok"),
        "response_type": "code",
        "scope": "user.info.basic,video.publish",
        "state": "xyz",
        "code_challenge": "13d31e961a1ad8ec2f16b10c4c982e0876a878ad6df144566ee1894acb70f9c3",
        "code_challenge_method": "S256",
    }
    page = client.get("/v2/auth/authorize/", params=ask)
    back = callback(client.post(str(page.request.url), data={"decision": "streamer_sam"}))
    form = {"grant_type": "authorization_code", "redirect_uri": ask["redirect_uri"]}
    form |= {"code": back["code"], "code_verifier": VERIFIER}
    tokens = client.post("/v2/oauth/token/", data={**CLIENT, **form}).json()
    headers = {"Authorization": f"Bearer {tokens['access_token']}"}

    user = client.get("/v2/user/info/", params={"fields": "open_id,display_name"}, headers=headers).json()
    assert user["error"]["code"] == "ok"
    assert user["data"]["user"] == {"open_id": tokens["open_id"], "display_name": "Streamer Sam"}
    return headers


def send_chunks(client: httpx.Client, url: str, video: bytes) -> list[tuple[str, int, str]]:
    """Send a video as TikTok's guide says; the last chunk takes the rest."""
    answers = []
    count = TOTAL_BYTES // CHUNK_BYTES
    for number in range(count):
        first = number * CHUNK_BYTES
        end = TOTAL_BYTES if number == count - 1 else first + CHUNK_BYTES
        content_range = f"bytes {first}-{end - 1}/{TOTAL_BYTES}"
        headers = {"Content-Type": "video/mp4", "Content-Range": content_range}
        answer = client.put(url, content=video[first:end], headers=headers)
        answers.append((content_range, answer.status_code, answer.headers["content-range"]))
    return answers
