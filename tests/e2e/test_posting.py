"""Posts on a whole stack when platforms refuse: quota, withdrawn access, cut connections, a killed worker."""

import re
import subprocess
from pathlib import Path
from typing import Any

import httpx
import imageio_ffmpeg
import pytest
from playwright.sync_api import Page, expect

from emulator.jobs import Job
from emulator.testing.access import Clipnet
from tests.e2e.kills import kill
from tests.e2e.test_consent import agree, enter, linked
from tests.fakes.oauth_login import approved

SAM = "Streamer Sam"
PROVIDERS = {"youtube": "google", "tiktok": "tiktok"}
NAMES = {"youtube": "YouTube", "tiktok": "TikTok"}
WITHIN_S = 120


def post_of(clipnet: Clipnet, clip_id: str, platform: str) -> dict[str, Any]:
    wanted = "SELECT * FROM posts WHERE clip_id::text = $1 AND platform = $2"
    return clipnet.database.row(wanted, clip_id, platform) or {}


def until(clipnet: Clipnet, clip_id: str, platform: str, state: str) -> dict[str, Any]:
    """Wait until a clip's post is in this state, and return it."""
    clipnet.wait_for(
        lambda: post_of(clipnet, clip_id, platform).get("state") == state,
        f"the post to be {state}",
        WITHIN_S,
        lambda: str(post_of(clipnet, clip_id, platform)),
    )
    return post_of(clipnet, clip_id, platform)


def waiting(clipnet: Clipnet) -> list[Job]:
    """The jobs for YouTube that wait for their time; a job does so a moment after its post says so."""
    return clipnet.queue.jobs("delayed", name="post:youtube")


def received(clipnet: Clipnet, post: dict[str, Any]) -> list[dict[str, Any]]:
    """Everything that a platform received for a post, by its key."""
    return [
        one for one in clipnet.posts(post["platform"]) if one["idempotency_key"] == post["idempotency_key"]
    ]


def spend_inserts(clipnet: Clipnet) -> None:
    """Use up the inserts that the project has today, as any of its users."""
    ask = {
        "client_id": "staging.apps.googleusercontent.com",
        "redirect_uri": f"{clipnet.parts.api_url}/v1/oauth/google/callback",
        "response_type": "code",
        "scope": "https://www.googleapis.com/auth/youtube.upload",
        "state": "s",
    }
    with httpx.Client(base_url=clipnet.fake("google").url, trust_env=False) as client:
        code = approved(client, "/o/oauth2/v2/auth", ask, "clipper_cleo")["code"]
        form = {"grant_type": "authorization_code", "code": code, "redirect_uri": ask["redirect_uri"]}
        secret = {"client_id": ask["client_id"], "client_secret": "google-staging-secret"}
        token = client.post("/token", data={**form, **secret}).raise_for_status().json()["access_token"]
        codes = [
            client.post(
                "/upload/youtube/v3/videos",
                params={"uploadType": "resumable", "part": "id"},
                json={},
                headers={"Authorization": f"Bearer {token}"},
            ).status_code
            for _ in range(101)
        ]
    assert codes[-1] == 403


def test_a_used_up_quota_delays_a_post_until_the_next_day(clipnet: Clipnet) -> None:
    client = clipnet.log_in("sam@clipnet.test")
    spend_inserts(clipnet)

    clip = clipnet.upload(client, clipnet.video("forecast"), publish_to="youtube")
    delayed = until(clipnet, clip["id"], "youtube", "delayed")
    (job,) = clipnet.wait_for(lambda: waiting(clipnet), "the job to be delayed as its post is", WITHIN_S)
    shown = client.get(f"/v1/clips/{clip['id']}/posts").json()["items"][0]
    clipnet.clock.advance(86_400)  # ends the access token, too
    clipnet.queue.retry(job.id)
    posted = until(clipnet, clip["id"], "youtube", "posted")

    assert re.search(r"quota is used up; ClipNET posts .* at \S+ 08:00 UTC", delayed["error"])
    assert (shown["state"], shown["error"], shown["external_id"]) == ("delayed", delayed["error"], None)
    assert posted["error"] is None
    assert [one["id"] for one in received(clipnet, posted)] == [posted["external_id"]]
    assert clipnet.queue.jobs("failed") == []


@pytest.mark.browser
@pytest.mark.parametrize("platform", PROVIDERS)
def test_withdrawn_access_is_said_and_mended_by_reconnecting(
    page: Page, clipnet: Clipnet, platform: str
) -> None:
    provider, name = PROVIDERS[platform], NAMES[platform]
    enter(page, provider, SAM)
    client = clipnet.log_in("sam@clipnet.test")
    clip = clipnet.upload(client, clipnet.video("forecast"))
    clipnet.wait_until(client, clip["id"], within_s=WITHIN_S)
    revoke = f"{clipnet.fake(provider).url}/_fake/oauth/revoke"
    httpx.post(revoke, json={"user": "streamer_sam"}).raise_for_status()

    client.post(f"/v1/clips/{clip['id']}/publish", json={"platforms": [platform]}).raise_for_status()
    failed = until(clipnet, clip["id"], platform, "failed")
    page.goto(f"{clipnet.parts.env['WEB_URL']}/#/clips/{clip['id']}")
    expect(page.get_by_text(failed["error"]).first).to_be_visible()
    page.get_by_role("link", name=SAM).click()
    expect(linked(page, provider)).to_contain_text("access was withdrawn")
    linked(page, provider).get_by_role("link", name="Reconnect").click()
    agree(page, SAM)
    expect(linked(page, provider)).not_to_contain_text("access was withdrawn")
    page.goto(f"{clipnet.parts.env['WEB_URL']}/#/clips/{clip['id']}")
    page.get_by_role("button", name=f"Post to {name}").click()
    posted = until(clipnet, clip["id"], platform, "posted")

    assert failed["error"] == f"access to {name} was withdrawn; reconnect {name}"
    assert len(received(clipnet, posted)) == 1
    expect(page.get_by_text("posted", exact=True)).to_be_visible()


def noise(folder: Path) -> Path:
    """A video that cannot be made small: its clip is of more than one chunk."""
    path = folder / "noise.mp4"
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-f", "lavfi"]
    command += ["-i", "testsrc2=size=360x640:rate=30:duration=3,noise=alls=80:allf=t"]
    command += ["-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-b:v", "12M", str(path)]
    subprocess.run(command, check=True, timeout=60)
    return path


def test_a_cut_upload_goes_on_where_it_broke_off(clipnet: Clipnet, tmp_path: Path) -> None:
    client = clipnet.log_in("sam@clipnet.test")
    google = clipnet.fake("google")
    google.fault("cut", path="/upload/*", method="PUT", after=1, times=1)

    clip = clipnet.upload(client, noise(tmp_path), publish_to="youtube")
    posted = until(clipnet, clip["id"], "youtube", "posted")

    ranges = [
        (entry["headers"]["content-range"], entry["status"])
        for entry in google.requests(path="/upload/")
        if entry["method"] == "PUT"
    ]
    (video,) = received(clipnet, posted)
    total = video["media"]["bytes"]
    cut = [place for place, (_, status) in enumerate(ranges) if status not in (200, 308)]
    assert total > 1024 * 1024
    assert len(cut) == 1
    assert ranges[cut[0] + 1] == (f"bytes */{total}", 308)
    assert [content_range for content_range, _ in ranges if content_range.startswith("bytes 0-")] == [
        f"bytes 0-{1024 * 1024 - 1}/{total}"
    ]


@pytest.mark.parametrize(
    ("platform", "path", "after"),
    [
        ("youtube", "/upload/*", 0),
        ("youtube", "/upload/*", 1),
        ("tiktok", "/video/", 0),
        ("tiktok", "*/status/fetch/", 0),
    ],
)
def test_a_worker_that_dies_in_mid_post_posts_once(
    clipnet: Clipnet, platform: str, path: str, after: int
) -> None:
    client = clipnet.log_in("sam@clipnet.test")
    fake = clipnet.fake(PROVIDERS[platform])
    fake.fault("latency", path=path, ms=2000, after=after, times=1)
    clip = clipnet.upload(client, clipnet.video("forecast"), publish_to=platform)
    clipnet.wait_for(
        lambda: len(fake.requests(path=path.strip("*"))) > after, "the call that is slow", WITHIN_S
    )

    kill(clipnet, "worker")
    posted = until(clipnet, clip["id"], platform, "posted")

    assert len(received(clipnet, posted)) == 1
    assert fake.state()["state"]["duplicates"] == 0
    assert clipnet.queue.jobs("failed") == []
