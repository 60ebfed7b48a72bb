from __future__ import annotations

import io
from pathlib import Path

import cloudinary.api
import cloudinary.uploader
import cloudinary.utils
import httpx
import pytest
from PIL import Image


@pytest.mark.usefixtures("fakes")
def test_what_eager_made_is_what_the_url_delivers(clip: Path) -> None:
    options = {"width": 90, "height": 160, "crop": "fill", "gravity": "center"}
    result = cloudinary.uploader.upload(
        str(clip), resource_type="video", public_id="staging_clips/e",
        eager=[options, {"start_offset": 1, "width": 64, "format": "jpg"}],
    )  # fmt: skip

    made, still = result["eager"]
    built, _ = cloudinary.utils.cloudinary_url(
        "staging_clips/e", resource_type="video", format="mp4", transformation=[options]
    )
    assert httpx.get(built).content == httpx.get(made["url"]).content
    assert Image.open(io.BytesIO(httpx.get(still["url"]).content)).size == (64, 36)
    detail = cloudinary.api.resource("staging_clips/e", resource_type="video")
    assert {one["transformation"] for one in detail["derived"]} == {
        made["transformation"],
        still["transformation"],
    }


@pytest.mark.usefixtures("fakes")
def test_signed_urls_open_authenticated_assets(clip: Path) -> None:
    cloudinary.uploader.upload(
        str(clip), resource_type="video", public_id="staging_clips/a", type="authenticated"
    )

    for options in ({}, {"width": 64, "crop": "scale"}, {"long_url_signature": True}):
        named = {"resource_type": "video", "type": "authenticated", "format": "mp4", **options}
        signed, _ = cloudinary.utils.cloudinary_url("staging_clips/a", sign_url=True, **named)
        plain, _ = cloudinary.utils.cloudinary_url("staging_clips/a", **named)
        assert httpx.get(signed).status_code == 200
        assert httpx.get(plain).status_code == 401
