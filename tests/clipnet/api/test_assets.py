"""What deleted clips leave at Cloudinary, with the fake of it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import cloudinary.uploader
import httpx
import pytest
from PIL import Image

from clipnet.api import assets
from clipnet.api.assets import connection_options
from clipnet.settings import Secret
from tests.clipnet.api.conftest import Api
from tests.clipnet.api.stories import make_ready, new_clip, outbox_rows
from tests.clipnet.providers import addresses
from tests.fakes.serving import Served, served


@pytest.fixture(scope="module")
def fakes() -> Iterator[Served]:
    """Cloudinary."""
    with served("cloudinary") as fakes:
        yield fakes


@pytest.fixture
def env(env: dict[str, str], fakes: Served) -> dict[str, str]:
    """The environment with Cloudinary's address."""
    return {**env, **addresses(fakes)}


async def stored_clip(api: Api, client: httpx.AsyncClient, folder: Path) -> tuple[str, str]:
    """Return a clip that has a poster at Cloudinary, and the poster's address."""
    clip_id = (await new_clip(client))["id"]
    await make_ready(api, clip_id)
    picture = folder / "poster.png"
    Image.new("RGB", (8, 8), "red").save(picture)
    options = connection_options(api.context.settings.cloudinary.url)
    public_id = f"staging_clips/{clip_id}"
    stored = cloudinary.uploader.upload(str(picture), public_id=public_id, resource_type="image", **options)
    return clip_id, str(stored["url"])


def status(url: str) -> int:
    return httpx.get(url).status_code


async def test_deleting_a_clip_removes_its_assets(api: Api, sam: httpx.AsyncClient, tmp_path: Path) -> None:
    clip_id, url = await stored_clip(api, sam, tmp_path)
    assert status(url) == 200

    answer = await sam.delete(f"/v1/clips/{clip_id}")

    assert (answer.status_code, status(url)) == (204, 404)


async def test_assets_go_later_when_cloudinary_is_away(
    api: Api, fakes: Served, sam: httpx.AsyncClient, tmp_path: Path
) -> None:
    clip_id, url = await stored_clip(api, sam, tmp_path)
    fault = {"kind": "error", "status": 500, "times": 1, "method": "POST"}
    async with httpx.AsyncClient(verify=False) as control:
        (await control.put(f"{fakes.url('cloudinary')}/_fake/faults", json=fault)).raise_for_status()
    answer = await sam.delete(f"/v1/clips/{clip_id}")
    assert (answer.status_code, status(url)) == (204, 200)

    await assets.sweep(api.context)

    assert status(url) == 404
    assert [row.sent_at is not None for row in await outbox_rows(api) if row.queue == "assets"] == [True]


def test_the_sdks_options_are_those_of_the_address() -> None:
    secret = Secret(
        "cloudinary://key:se%2Fcret@staging?upload_prefix=http://127.0.0.1:8410&cname=127.0.0.1:8410"
    )

    assert connection_options(secret) == {
        "cloud_name": "staging",
        "api_key": "key",
        "api_secret": "se/cret",
        "upload_prefix": "http://127.0.0.1:8410",
        "cname": "127.0.0.1:8410",
    }
