from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import cloudinary
import cloudinary.api
import cloudinary.uploader
import cloudinary.utils
import httpx
import pytest

from tests.fakes.cloudinary.conftest import image
from tests.fakes.serving import Served


@pytest.mark.usefixtures("fakes")
def test_a_video_goes_up_comes_down_and_goes_away(clip: Path) -> None:
    result = cloudinary.uploader.upload(
        str(clip),
        resource_type="video",
        folder="staging_clips",
        public_id="intro",
        tags=["clip", "staging"],
        context={"caption": "a|b=c", "alt": "ä"},
        overwrite=True,
    )

    assert result["public_id"] == "staging_clips/intro"
    assert result["tags"] == ["clip", "staging"]
    assert result["context"] == {"custom": {"caption": "a|b=c", "alt": "ä"}}
    assert len(result["request_id"]) == 32
    assert cloudinary.utils.verify_api_response_signature(
        "staging_clips/intro", result["version"], result["signature"]
    )
    assert httpx.get(result["secure_url"]).content == clip.read_bytes()
    built, _ = cloudinary.utils.cloudinary_url("staging_clips/intro", resource_type="video", format="mp4")
    assert httpx.get(built).content == clip.read_bytes()

    assert cloudinary.uploader.destroy("staging_clips/intro", resource_type="video")["result"] == "ok"
    assert cloudinary.uploader.destroy("staging_clips/intro", resource_type="video")["result"] == "not found"
    assert httpx.get(built).status_code == 404


@pytest.mark.parametrize(
    "options",
    [
        {"signature_algorithm": "sha256"},
        {"signature_algorithm": "sha1", "signature_version": 1},
        {"signature_algorithm": "sha256", "signature_version": 1},
    ],
)
def test_every_way_of_signing(fakes: Served, options: dict[str, Any]) -> None:
    hook = f"{fakes.url('cloudinary')}/told?a=1&b=2"

    result = cloudinary.uploader.upload(
        image(10, 10), public_id="staging_clips/a", notification_url=hook, **options
    )

    assert result["width"] == 10


@pytest.mark.usefixtures("fakes")
def test_files_streams_and_data_uris(clip: Path) -> None:
    stream = cloudinary.uploader.upload(io.BytesIO(image(4, 4)), public_id="staging_clips/s")
    uri = cloudinary.uploader.upload(
        "data:image/gif;base64,R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7",
        public_id="staging_clips/u",
    )
    path = cloudinary.uploader.upload(clip, resource_type="auto", use_filename=True, folder="staging_clips")
    copied = cloudinary.uploader.upload(uri["url"], public_id="staging_clips/c")

    assert stream["original_filename"] == "stream"
    assert (uri["format"], uri["width"], "original_filename" in uri) == ("gif", 1, False)
    assert path["public_id"].startswith("staging_clips/intro_")
    assert copied["etag"] == uri["etag"]


@pytest.mark.usefixtures("fakes")
def test_a_large_file_goes_in_parts() -> None:
    content = bytes(range(256)) * (12 << 12)

    result = cloudinary.uploader.upload_large(
        io.BytesIO(content), folder="staging_clips", filename="big.bin", chunk_size=5 * 1024 * 1024
    )

    assert (result["done"], result["bytes"], result["resource_type"]) == (True, len(content), "raw")
    assert result["public_id"].startswith("staging_clips/")
    assert httpx.get(result["url"]).content == content


@pytest.mark.usefixtures("fakes")
def test_a_large_video_goes_in_parts(clip: Path) -> None:
    result = cloudinary.uploader.upload_large(
        str(clip), resource_type="video", public_id="staging_clips/large", chunk_size=6_000_000
    )

    assert (result["done"], result["duration"], result["public_id"]) == (True, 2.0, "staging_clips/large")


@pytest.mark.usefixtures("fakes")
def test_labels_and_names_change() -> None:
    for name in ("a", "b"):
        cloudinary.uploader.upload(image(4, 4), public_id=f"staging_clips/{name}", tags="old")
    ids = ["staging_clips/a", "staging_clips/b", "staging_clips/none"]

    added = cloudinary.uploader.add_tag("new", ids)
    cloudinary.uploader.remove_tag("old", ids)
    cloudinary.uploader.add_context({"k": "v|w"}, ids)
    renamed = cloudinary.uploader.rename("staging_clips/a", "staging_clips/z")
    explicit = cloudinary.uploader.explicit("staging_clips/z", type="upload", eager=[{"width": 2}])

    assert added["public_ids"] == ids[:2]
    assert (renamed["public_id"], renamed["tags"]) == ("staging_clips/z", ["new"])
    assert explicit["context"] == {"custom": {"k": "v|w"}}
    assert explicit["eager"][0]["width"] == 2
    cloudinary.uploader.replace_tag("only", ["staging_clips/z"])
    cloudinary.uploader.remove_all_context(["staging_clips/z"])
    detail = cloudinary.api.resource("staging_clips/z")
    assert (detail["tags"], "context" in detail) == (["only"], False)
    cloudinary.uploader.remove_all_tags(["staging_clips/z"])
    assert "tags" not in cloudinary.api.resource("staging_clips/z")
