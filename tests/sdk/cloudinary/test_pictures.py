from __future__ import annotations

import io

import cloudinary.uploader
import httpx
import pytest
from PIL import Image

from tests.fakes.cloudinary.conftest import image


@pytest.mark.usefixtures("fakes")
def test_sprites_animations_and_texts() -> None:
    urls = [
        cloudinary.uploader.upload(image(20, 10), public_id=f"staging_clips/{name}", tags=["t"])["url"]
        for name in ("a", "b")
    ]
    named = {"public_id": "staging_clips/made"}

    sprite = cloudinary.uploader.generate_sprite("t", format="jpg", width=10, **named)
    of_urls = cloudinary.uploader.generate_sprite(urls=urls, **named)
    gif = cloudinary.uploader.multi(urls=urls, crop="crop", width="0.5", **named)
    pdf = cloudinary.uploader.multi(tag="t", width=11, format="pdf", **named)
    text = cloudinary.uploader.text("hello world", public_id="staging_clips/text")

    assert "f_jpg,w_10" in sprite["css_url"]
    assert (len(sprite["image_infos"]), len(of_urls["image_infos"])) == (2, 2)
    assert gif["url"].endswith(".gif")
    assert "w_0.5" in gif["url"]
    assert pdf["url"].endswith(".pdf")
    assert "w_11" in pdf["url"]
    assert Image.open(io.BytesIO(httpx.get(text["url"]).content)).size == (text["width"], text["height"])
    for url in (
        cloudinary.uploader.download_multi(tag="t"),
        cloudinary.uploader.download_generated_sprite(urls=urls),
    ):
        assert httpx.get(url).status_code == 200
