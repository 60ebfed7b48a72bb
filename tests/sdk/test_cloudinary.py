"""Cloudinary's own Python SDK against the fake: where the two disagree, the fake is wrong."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cloudinary
import cloudinary.api
import cloudinary.exceptions
import cloudinary.search
import cloudinary.uploader
import cloudinary.utils
import httpx
import pytest
from PIL import Image

from tests.fakes.cloudinary.conftest import image, video
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
    hook = f"{fakes.url('cloudinary')}/_fake/health?a=1&b=2"

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


@pytest.mark.usefixtures("fakes")
def test_the_admin_api_lists_shows_and_deletes() -> None:
    for number in range(3):
        cloudinary.uploader.upload(
            image(4, 4), public_id=f"staging_clips/n{number}", tags=["t"], context={"k": "v"}
        )

    ping = cloudinary.api.ping()
    assert (ping["status"], ping.rate_limit_allowed) == ("ok", 500)
    assert ping.rate_limit_remaining < 500
    assert ping.rate_limit_reset_at is not None
    assert cloudinary.api.usage()["resources"] == 3
    assert cloudinary.api.config(settings=True)["settings"]["folder_mode"] == "dynamic"
    assert cloudinary.api.resource_types()["resource_types"] == ["image", "raw", "video"]
    page = cloudinary.api.resources(
        type="upload", prefix="staging_clips/", max_results=2, tags=True, context=True
    )
    rest = cloudinary.api.resources(
        type="upload", prefix="staging_clips/", max_results=2, next_cursor=page["next_cursor"]
    )
    assert [one["public_id"] for one in [*page["resources"], *rest["resources"]]] == [
        "staging_clips/n0", "staging_clips/n1", "staging_clips/n2",
    ]  # fmt: skip
    assert page["resources"][0]["tags"] == ["t"]
    assert page["resources"][0]["context"] == {"custom": {"k": "v"}}
    asset_id = page["resources"][0]["asset_id"]
    assert cloudinary.api.resource_by_asset_id(asset_id)["public_id"] == "staging_clips/n0"
    assert len(cloudinary.api.resources_by_ids(["staging_clips/n0", "staging_clips/n2"])["resources"]) == 2
    assert len(cloudinary.api.resources_by_asset_ids([asset_id])["resources"]) == 1
    assert len(cloudinary.api.resources_by_tag("t")["resources"]) == 3
    assert len(cloudinary.api.resources_by_asset_folder("staging_clips")["resources"]) == 3
    assert cloudinary.api.tags()["tags"] == ["t"]
    assert cloudinary.api.update("staging_clips/n0", tags=["u"], context={"a": "b"})["tags"] == ["u"]
    found = cloudinary.Search().expression("tags=t AND resource_type:image").with_field("tags").execute()
    assert found["total_count"] == 2
    deleted = cloudinary.api.delete_resources(["staging_clips/n0", "staging_clips/none"])
    assert deleted["deleted"] == {"staging_clips/n0": "deleted", "staging_clips/none": "not_found"}
    assert len(cloudinary.api.delete_resources_by_prefix("staging_clips/n1")["deleted"]) == 1
    assert len(cloudinary.api.delete_resources_by_tag("t")["deleted"]) == 1
    with pytest.raises(cloudinary.exceptions.NotFound, match="Resource not found - staging_clips/n0"):
        cloudinary.api.resource("staging_clips/n0")


@pytest.mark.usefixtures("fakes")
def test_folders() -> None:
    assert cloudinary.api.create_folder("staging_clips/a/b")["path"] == "staging_clips/a/b"
    assert [one["path"] for one in cloudinary.api.root_folders()["folders"]] == ["staging_clips"]
    assert [one["name"] for one in cloudinary.api.subfolders("staging_clips/a")["folders"]] == ["b"]
    assert cloudinary.api.delete_folder("staging_clips/a")["deleted"] == [
        "staging_clips/a",
        "staging_clips/a/b",
    ]
    with pytest.raises(cloudinary.exceptions.NotFound, match="Can't find folder with path staging_clips/a"):
        cloudinary.api.subfolders("staging_clips/a")


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"api_secret": "wrong"}, cloudinary.exceptions.AuthorizationRequired, "Invalid Signature"),
        ({"api_key": "1"}, cloudinary.exceptions.AuthorizationRequired, "Unknown API key 1"),
        ({"cloud_name": "nope"}, cloudinary.exceptions.AuthorizationRequired, "Invalid cloud_name nope"),
        ({"cloud_name": "prod"}, cloudinary.exceptions.AuthorizationRequired, "cloud_name mismatch"),
        (
            {"public_id": "prod_clips/a"},
            cloudinary.exceptions.NotAllowed,
            "not authorized to access prod_clips/a",
        ),
        ({"resource_type": "video"}, cloudinary.exceptions.BadRequest, "Unsupported video format or file"),
        ({"allowed_formats": ["jpg"]}, cloudinary.exceptions.BadRequest, "Image file format png not allowed"),
    ],
)
@pytest.mark.usefixtures("fakes")
def test_errors_are_the_ones_that_the_sdk_knows(
    options: dict[str, Any], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        cloudinary.uploader.upload(image(4, 4), **{"public_id": "staging_clips/a", **options})


@pytest.mark.usefixtures("fakes")
def test_errors_can_be_returned() -> None:
    result = cloudinary.uploader.upload(io.BytesIO(b"text"), public_id="staging_clips/a", return_error=True)

    assert result["error"]["message"] == "Invalid image file"
    assert result["error"]["http_code"] == 400
    with pytest.raises(cloudinary.exceptions.AuthorizationRequired, match="api_secret mismatch"):
        cloudinary.api.ping(api_secret="wrong")
