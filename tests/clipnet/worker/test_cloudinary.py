from __future__ import annotations

from pathlib import Path

import pytest

from clipnet.settings import CloudinarySettings, Secret
from clipnet.worker.cloudinary import LARGE_BYTES, Storage, sdk_options
from clipnet.worker.errors import Permanent, Transient
from tests.clipnet.worker.conftest import Videos
from tests.clipnet.worker.control import fault, got, requests
from tests.fakes.serving import Served


def storage(fakes: Served, *, secret: str = "stagingSecret_AbC-123", url: str = "") -> Storage:
    origin = url or fakes.url("cloudinary")
    host = origin.removeprefix("http://")
    address = f"cloudinary://111222333444555:{secret}@staging?upload_prefix={origin}&cname={host}"
    return Storage(CloudinarySettings(Secret(address), "staging_clips"))


@pytest.fixture
def poster(videos: Videos) -> Path:
    return videos.make("poster.jpg", "-i", str(videos.silent()), "-frames:v", "1", "-update", "1")


async def test_a_clip_and_its_poster_are_stored_and_can_be_fetched(
    fakes: Served, videos: Videos, poster: Path
) -> None:
    video = videos.silent()

    stored = await storage(fakes).store("clip-1", video, poster, ("sports",))

    assert stored.public_id == "staging_clips/clip-1"
    assert got(stored.video_url).content == _bytes(video)
    assert got(stored.poster_url).content == _bytes(poster)
    assert stored.video_url.startswith(fakes.url("cloudinary") + "/staging/video/upload/v")


async def test_storing_again_leaves_one_asset(fakes: Served, videos: Videos, poster: Path) -> None:
    first = await storage(fakes).store("clip-1", videos.silent(), poster, ())

    again = await storage(fakes).store("clip-1", videos.silent(), poster, ())

    assert again.public_id == first.public_id
    assert got(again.video_url).content


async def test_a_large_clip_travels_in_chunks(fakes: Served, videos: Videos, poster: Path) -> None:
    large = videos.make(
        "large.mp4",
        *("-f", "lavfi", "-i", "nullsrc=size=640x360:rate=30:duration=3,geq=random(1)*255:128:128"),
        *("-c:v", "libx264", "-preset", "ultrafast", "-qp", "2"),
    )
    assert _size(large) > LARGE_BYTES

    stored = await storage(fakes).store("clip-1", large, poster, ())

    ranges = [row["headers"].get("content-range") for row in requests(fakes, "cloudinary", "/video/upload")]
    assert len([one for one in ranges if one]) == -(-_size(large) // LARGE_BYTES)
    assert stored.bytes == _size(large)


async def test_refused_credentials_are_permanent(fakes: Served, videos: Videos, poster: Path) -> None:
    with pytest.raises(Permanent, match="refuses our credentials"):
        await storage(fakes, secret="wrong").store("clip-1", videos.silent(), poster, ())


async def test_garbage_instead_of_an_answer_is_said_so(fakes: Served, videos: Videos, poster: Path) -> None:
    fault(fakes, "cloudinary", kind="garbage")

    with pytest.raises(Transient) as caught:
        await storage(fakes).store("clip-1", videos.silent(), poster, ())

    assert str(caught.value) == "Cloudinary sent an answer that cannot be read"


@pytest.mark.parametrize(
    ("status", "error"), [(500, Transient), (420, Transient), (429, Transient), (400, Permanent)]
)
async def test_errors_of_the_service_are_told_apart(
    fakes: Served, videos: Videos, poster: Path, status: int, error: type[Exception]
) -> None:
    fault(fakes, "cloudinary", kind="error", status=status)

    with pytest.raises(error):
        await storage(fakes).store("clip-1", videos.silent(), poster, ())


async def test_a_service_that_is_not_there_is_transient(fakes: Served, videos: Videos, poster: Path) -> None:
    with pytest.raises(Transient):
        await storage(fakes, url="http://127.0.0.1:9").store("clip-1", videos.silent(), poster, ())


def test_production_delivers_over_https_from_the_ordinary_host() -> None:
    assert sdk_options("cloudinary://key:a%2Bb@cloud") == {
        "secure": True,
        "cloud_name": "cloud",
        "api_key": "key",
        "api_secret": "a+b",
    }
    kept = Storage(CloudinarySettings(Secret("cloudinary://k:s@cloud"), "clips"))
    assert kept.reachable("https://res.cloudinary.com/x.mp4") == "https://res.cloudinary.com/x.mp4"


def _bytes(path: Path) -> bytes:
    return path.read_bytes()


def _size(path: Path) -> int:
    return path.stat().st_size
