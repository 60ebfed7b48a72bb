from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import imageio_ffmpeg
import pytest

from tests.fakes.oauth_login import REDIRECT, approved
from tests.fakes.serving import Served, served

AUTH = "/o/oauth2/v2/auth"
CLIENT = {"client_id": "staging.apps.googleusercontent.com", "client_secret": "google-staging-secret"}
ASK = {
    "client_id": CLIENT["client_id"],
    "redirect_uri": REDIRECT.format(provider="google"),
    "response_type": "code",
    "scope": "openid email profile https://www.googleapis.com/auth/youtube.upload",
    "access_type": "offline",
    "state": "s1",
}
SCOPE = "https://www.googleapis.com/auth/"
Bearer = Callable[..., dict[str, str]]


@pytest.fixture(scope="module")
def running() -> Iterator[Served]:
    with served("google") as fakes:
        yield fakes


@pytest.fixture
def client(running: Served) -> Iterator[httpx.Client]:
    running.apps["google"].reset()
    with httpx.Client(base_url=running.url("google"), trust_env=False) as one:
        yield one


@pytest.fixture
def bearer(client: httpx.Client) -> Bearer:
    def log_in(login: str = "streamer_sam", scopes: str = "youtube.upload youtube") -> dict[str, str]:
        scope = " ".join(SCOPE + name for name in scopes.split())
        code = approved(client, AUTH, {**ASK, "scope": scope}, login)["code"]
        form = {"grant_type": "authorization_code", "code": code, "redirect_uri": ASK["redirect_uri"]}
        answer = client.post("/token", data={**form, **CLIENT}).raise_for_status().json()
        return {"Authorization": f"Bearer {answer['access_token']}"}

    return log_in


@pytest.fixture(scope="session")
def footage(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One second of moving picture, a little over three units of 256 KiB."""
    path = tmp_path_factory.mktemp("footage") / "clip.mp4"
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-f", "lavfi"]
    command += ["-i", "testsrc2=size=640x720:rate=30:duration=1,noise=alls=60:allf=t"]
    command += ["-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-b:v", "7M", str(path)]
    subprocess.run(command, check=True, timeout=60)
    return path
