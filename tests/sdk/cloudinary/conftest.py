"""Cloudinary's own Python SDK, pointed at the fake: where the two disagree, the fake is wrong."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import cloudinary
import cloudinary.api
import cloudinary.uploader
import httpx
import pytest

from tests.fakes.cloudinary.conftest import video
from tests.fakes.serving import Served, served

KEY = "111222333444555"
SECRET = "stagingSecret_AbC-123"


@pytest.fixture(scope="module")
def _fakes() -> Iterator[Served]:
    with served("cloudinary") as fakes:
        yield fakes


@pytest.fixture
def fakes(_fakes: Served, monkeypatch: pytest.MonkeyPatch) -> Iterator[Served]:
    """The SDK configured by CLOUDINARY_URL, as an application is."""
    host = _fakes.host("cloudinary")
    url = f"cloudinary://{KEY}:{SECRET}@staging?upload_prefix=http://{host}&cname={host}"
    httpx.post(f"{_fakes.url('cloudinary')}/_fake/reset").raise_for_status()
    monkeypatch.setenv("CLOUDINARY_URL", url)
    cloudinary.reset_config()
    yield _fakes
    for client in (
        (cloudinary.uploader._http, cloudinary.api._http) if hasattr(cloudinary.api, "_http") else ()
    ):
        client.clear()
    monkeypatch.undo()
    cloudinary.reset_config()


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("media") / "intro.mp4"
    video(path)
    return path
