from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import imageio_ffmpeg
import pytest

from tests.fakes.oauth_login import REDIRECT, approved
from tests.fakes.serving import Served, served

AUTH = "/v2/auth/authorize/"
TOKEN = "/v2/oauth/token/"
CLIENT = {"client_key": "awstaging", "client_secret": "tiktok-staging-secret"}
ASK = {
    "client_key": "awstaging",
    "redirect_uri": REDIRECT.format(provider="tiktok"),
    "response_type": "code",
    "scope": "user.info.basic,video.publish",
    "state": "s1",
}
Bearer = Callable[..., dict[str, str]]
Movie = Callable[..., Path]


@pytest.fixture(scope="module")
def running() -> Iterator[Served]:
    with served("tiktok") as fakes:
        yield fakes


@pytest.fixture
def client(running: Served) -> Iterator[httpx.Client]:
    """A client of a fake without anything but its clients; what a test loads ends with it."""
    with httpx.Client(base_url=running.url("tiktok"), trust_env=False) as one:
        one.put("/_fake/state", json={}).raise_for_status()
        yield one


@pytest.fixture
def bearer(client: httpx.Client) -> Bearer:
    def log_in(login: str = "streamer_sam", scope: str = ASK["scope"]) -> dict[str, str]:
        answer = tokens(client, login, scope)
        return {"Authorization": f"Bearer {answer['access_token']}"}

    return log_in


@pytest.fixture(scope="session")
def movie(tmp_path_factory: pytest.TempPathFactory) -> Movie:
    folder = tmp_path_factory.mktemp("movies")

    def made(size: str = "360x640", rate: int = 30, codec: str = "libx264", end: str = "mp4") -> Path:
        path = folder / f"{size}-{rate}-{codec}.{end}"
        if not path.exists():
            command = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-f", "lavfi"]
            command += ["-i", f"testsrc2=size={size}:rate={rate}:duration=0.5", "-pix_fmt", "yuv420p"]
            subprocess.run([*command, "-c:v", codec, str(path)], check=True, timeout=60)
        return path

    return made


def tokens(client: httpx.Client, login: str, scope: str = ASK["scope"]) -> dict[str, Any]:
    code = approved(client, AUTH, {**ASK, "scope": scope}, login)["code"]
    form = {"grant_type": "authorization_code", "code": code, "redirect_uri": ASK["redirect_uri"], **CLIENT}
    answer: dict[str, Any] = client.post(TOKEN, data=form).json()
    return answer
