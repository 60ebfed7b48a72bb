from __future__ import annotations

from pathlib import Path

import pytest

from clipnet.settings import load
from clipnet.sources import refusal
from tests.clipnet.environment import environment

SETTINGS = load(
    environment(
        database_url="postgresql://clipnet:clipnet@127.0.0.1:8402/clipnet",
        redis_url="redis://127.0.0.1:8403/0",
        media_dir=Path("/tmp"),
        SOURCE_HOSTS="127.0.0.1,localhost,media.example:9000",
    )
)


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:8410/staging/video/upload/a.mp4",
        "https://LOCALHOST/a.mp4?x=1#t",
        "http://media.example:9000/a%20b.mp4",
    ],
)
def test_allowed_hosts_are_taken(url: str) -> None:
    assert refusal(url, SETTINGS) is None


@pytest.mark.parametrize(
    "url",
    [
        "http://media.example/a.mp4",
        "http://0x7f000001:8401/",
        "http://127.1:8403/",
        "http://localhost:8402/",
        "http://127.0.0.1:8403/",
        "http://localhost:8400/",
        "http://[::1]:8401/",
        "http://127.0.0.1@evil.example/",
        "http://127.0.0.1\\@evil.example/",
        "ftp://127.0.0.1/a",
        "http:///a",
        "http://127.0.0.1/a b",
        "http://127.0.0.1/" + "a" * 2_000,
        "",
    ],
)
def test_everything_else_is_refused(url: str) -> None:
    assert refusal(url, SETTINGS)
