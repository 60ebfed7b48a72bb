"""Cloudinary's own Python SDK, pointed at the fake: where the two disagree, the fake is wrong."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import cloudinary
import cloudinary.api
import cloudinary.uploader
import httpx
import pytest

from tests.fakes.cloudinary.conftest import image, video
from tests.fakes.serving import Served, served
from tests.sdk import nodejs

Run = Callable[[str], Any]
PICTURE = "data:image/png;base64," + base64.b64encode(image(40, 30)).decode()
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


@pytest.fixture
def node(fakes: Served) -> Run:
    """Runs a script with the SDK as `cloudinary`, its parts `api` and `uploader`, and `up(id, options)`."""
    url = f"{fakes.url('cloudinary')}/_fake/accounts"
    settings = {"oauth_tokens": ["good"], "token_key": "00112233FF99"}
    account = httpx.post(url, json={"cloud": "node", "settings": settings}).json()
    host = fakes.host("cloudinary")
    keys = f"{account['api_key']}:{account['api_secret']}"
    env = {"CLOUDINARY_URL": f"cloudinary://{keys}@node?upload_prefix=http://{host}&cname={host}"}
    head = f"""
      const cloudinary = require('cloudinary').v2;
      const {{ api, uploader }} = cloudinary;
      const up = (id, options = {{}}) =>
        uploader.upload('{PICTURE}', Object.assign({{ public_id: id }}, options));
      const get = (url) => fetch(url).then((r) => [r.status, r.headers.get('x-cld-error')]);
      const names = (page) => page.resources.map((one) => one.public_id);
    """
    return lambda script: nodejs.run(head + script, env)
