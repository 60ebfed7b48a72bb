"""Assets by the Admin API's part of the Python SDK: as its own tests expect of the real service."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import cloudinary
import cloudinary.api
import cloudinary.exceptions
import cloudinary.uploader
import cloudinary.utils
import httpx
import pytest
from cloudinary.utils import fq_public_id

from tests.fakes.cloudinary.conftest import image
from tests.fakes.serving import Served

KEY = "00112233FF99"


@pytest.fixture
def free(fakes: Served) -> Iterator[Served]:
    """The SDK with a tenant of its own: no folder to keep to, tokens and backups."""
    settings = {"token_key": KEY, "oauth_tokens": ["MTQ0NjJkZmQ5OTM2NDE1ZTZjNGZmZjI4"]}
    url = f"{fakes.url('cloudinary')}/_fake/accounts"
    account = httpx.post(url, json={"cloud": "sdk", "settings": settings}).json()
    cloudinary.config(cloud_name="sdk", api_key=account["api_key"], api_secret=account["api_secret"])
    yield fakes
    cloudinary.reset_config()


def upload(name: str, width: int = 40, **options: Any) -> Any:
    return cloudinary.uploader.upload(image(width, 30), public_id=name, **options)


@pytest.mark.usefixtures("free")
def test_lists_by_context_and_moderation() -> None:
    upload("a", context={"k": "1"}, moderation="manual")
    upload("b", context={"k": "2"})

    assert len(cloudinary.api.resources_by_context("k")["resources"]) == 2
    assert [one["public_id"] for one in cloudinary.api.resources_by_context("k", "1")["resources"]] == ["a"]
    pending = cloudinary.api.resources_by_moderation("manual", "pending")["resources"]
    assert [one["public_id"] for one in pending] == ["a"]
    approved = cloudinary.api.update("a", moderation_status="approved")
    assert (approved["moderation"][0]["status"], approved["moderation"][0]["kind"]) == ("approved", "manual")
    assert cloudinary.api.resources_by_moderation("manual", "pending")["resources"] == []
    since = datetime(2020, 1, 1).strftime("%Y-%m-%dT%H:%M:%S")
    listed = cloudinary.api.resources(type="upload", start_at=since, direction="asc", fields="tags,url")
    assert [sorted(one) for one in listed["resources"]] == [
        ["asset_folder", "asset_id", "public_id", "tags", "url"]
    ] * 2


@pytest.mark.usefixtures("free")
def test_metadata_is_listed_when_asked_for() -> None:
    field = {"external_id": "m", "label": "m", "type": "string", "default_value": "d"}
    cloudinary.api.add_metadata_field(field)
    upload("a", tags=["t"], context={"k": "v"}, moderation="manual")

    calls: list[Any] = [
        lambda **more: cloudinary.api.resources(prefix="a", type="upload", **more),
        lambda **more: cloudinary.api.resources_by_tag("t", **more),
        lambda **more: cloudinary.api.resources_by_context("k", "v", **more),
        lambda **more: cloudinary.api.resources_by_moderation("manual", "pending", **more),
    ]
    for call in calls:
        assert [one["metadata"] for one in call(metadata=True)["resources"]] == [{"m": "d"}]
        assert "metadata" not in call(metadata=False)["resources"][0]
    assert cloudinary.api.update("a", metadata={"m": "new"})["metadata"] == {"m": "new"}


@pytest.mark.usefixtures("free")
def test_an_asset_in_all_detail() -> None:
    upload("a", eager=[{"width": 10, "crop": "scale"}, {"width": 11, "crop": "scale"}])

    plain = cloudinary.api.resource("a", max_results=1)
    rest = cloudinary.api.resource("a", max_results=1, derived_next_cursor=plain["derived_next_cursor"])
    whole = cloudinary.api.resource(
        "a", quality_analysis=True, colors=True, faces=True, phash=True, image_metadata=True,
        accessibility_analysis=True, cinemagraph_analysis=True, pages=True, coordinates=True, versions=True,
        related=True,
    )  # fmt: skip

    assert [len(one["derived"]) for one in (plain, rest, whole)] == [1, 1, 2]
    assert plain["derived"][0]["id"] != rest["derived"][0]["id"]
    assert isinstance(whole["quality_analysis"]["focus"], float)
    assert "cinemagraph_score" in whole["cinemagraph_analysis"]
    assert (whole["versions"], whole["related_assets"], whole["pages"]) == ([], [], 1)
    assert {"colors", "predominant", "phash", "image_metadata", "accessibility_analysis"} <= set(whole)
    assert cloudinary.api.resource_by_asset_id(plain["asset_id"])["public_id"] == "a"


@pytest.mark.usefixtures("free")
def test_coordinates_given_are_the_faces_told() -> None:
    upload("a")

    cloudinary.uploader.explicit(
        "a", face_coordinates=[[1, 2, 3, 4]], custom_coordinates=[5, 6, 7, 8], type="upload"
    )

    info = cloudinary.api.resource("a", faces=True, coordinates=True)
    assert info["faces"] == [[1, 2, 3, 4]]
    assert info["coordinates"] == {"faces": [[1, 2, 3, 4]], "custom": [[5, 6, 7, 8]]}


@pytest.mark.usefixtures("free")
def test_what_is_deleted_is_restored() -> None:
    first = upload("r", 40, backup=True)
    second = upload("r", 41, backup=True)
    cloudinary.api.delete_resources(["r"])
    gone = cloudinary.api.resource("r", versions=True)

    restored = cloudinary.api.restore(["r"], versions=[gone["versions"][0]["version_id"]])

    assert (gone["bytes"], gone["placeholder"]) == (0, True)
    assert restored["r"]["bytes"] == first["bytes"]
    assert cloudinary.api.resource("r")["width"] == 40
    newest = cloudinary.api.restore_by_asset_ids([first["asset_id"]])
    assert newest[first["asset_id"]]["bytes"] == second["bytes"]
    removed = cloudinary.api.delete_backed_up_assets(first["asset_id"], [second["version_id"]])
    assert removed["deleted_version_ids"] == [second["version_id"]]


@pytest.mark.usefixtures("free")
def test_derived_assets_are_deleted_by_transformation() -> None:
    scaled, other = {"crop": "scale", "width": 10}, {"crop": "scale", "width": 11}
    for name in ("a", "b"):
        upload(name, eager=[scaled, other])

    cloudinary.api.delete_derived_by_transformation(["a"], [scaled])
    cloudinary.api.delete_derived_resources([cloudinary.api.resource("b")["derived"][0]["id"]])

    left = [len(cloudinary.api.resource(name)["derived"]) for name in ("a", "b")]
    assert left == [1, 1]
    cloudinary.api.delete_all_resources(keep_original=True)
    assert [len(cloudinary.api.resource(name)["derived"]) for name in ("a", "b")] == [0, 0]
    ids = [cloudinary.api.resource("a")["asset_id"]]
    assert cloudinary.api.delete_resources_by_asset_ids(ids)["deleted"] == {ids[0]: "deleted"}


@pytest.mark.usefixtures("free")
def test_related_assets_come_and_go() -> None:
    ids = [upload(name)["asset_id"] for name in ("a", "b", "c")]

    added = cloudinary.api.add_related_assets("a", [fq_public_id("b"), fq_public_id("none")])
    by_id = cloudinary.api.add_related_assets_by_asset_ids(ids[0], [ids[2]])
    related = cloudinary.api.resource("a", related=True)["related_assets"]

    assert [one["asset"] for one in added["success"]] == ["image/upload/b"]
    assert [one["code"] for one in added["failed"]] == ["non_existing_ids"]
    assert [one["asset"] for one in by_id["success"]] == [ids[2]]
    assert sorted(one["public_id"] for one in related) == ["b", "c"]
    cloudinary.api.delete_related_assets("a", fq_public_id("b"))
    cloudinary.api.delete_related_assets_by_asset_ids(ids[2], [ids[0]])
    assert cloudinary.api.resource("a", related=True)["related_assets"] == []


@pytest.mark.usefixtures("free")
def test_hidden_assets_are_published() -> None:
    for name in ("a", "b", "c"):
        upload(name, type="authenticated", tags=["t"] if name == "c" else [])

    by_ids = cloudinary.api.publish_by_ids(["a"], type="authenticated")["published"]
    by_prefix = cloudinary.api.publish_by_prefix("b")["published"]
    by_tag = cloudinary.api.publish_by_tag("t")["published"]

    assert [one["public_id"] for one in (*by_ids, *by_prefix, *by_tag)] == ["a", "b", "c"]
    assert cloudinary.api.publish_by_ids(["a"], type="private")["published"] == []


@pytest.mark.usefixtures("free")
def test_usage_is_told_for_now_and_for_a_day() -> None:
    upload("a")
    httpx.get(cloudinary.utils.cloudinary_url("a", format="png")[0]).raise_for_status()
    keys = {"plan", "last_updated", "transformations", "objects", "bandwidth", "storage", "requests"}

    usage = cloudinary.api.usage()
    yesterday = cloudinary.api.usage(date=datetime.now() - timedelta(1))

    assert keys | {"resources", "derived_resources", "media_limits"} <= set(usage)
    assert (usage["requests"], usage["resources"]) == (1, 1)
    assert yesterday["requests"] == 0
    assert not {"limit", "used_percent"} & set(yesterday["bandwidth"])


@pytest.mark.usefixtures("free")
def test_oauth_tokens_open_both_apis() -> None:
    token = "MTQ0NjJkZmQ5OTM2NDE1ZTZjNGZmZjI4"

    uploaded = upload("a", oauth_token=token)

    assert uploaded["public_id"] == "a"
    assert cloudinary.api.resource("a", oauth_token=token)["public_id"] == "a"
    with pytest.raises(cloudinary.exceptions.AuthorizationRequired, match="Invalid token"):
        cloudinary.api.ping(oauth_token="another")


@pytest.mark.usefixtures("free")
def test_urls_with_tokens_open_what_is_hidden() -> None:
    upload("a", type="authenticated")
    named = {"type": "authenticated", "format": "png", "version": 1486020273, "sign_url": True}

    for token in (
        {"key": KEY, "duration": 300},
        {"key": KEY, "duration": 300, "acl": "/image/authenticated/*"},
        {"key": KEY, "duration": 300, "set_url_signature": True},
        {"key": KEY, "duration": 300, "start_time": 1111111111, "expiration": 4102444800},
    ):
        url, _ = cloudinary.utils.cloudinary_url("a", auth_token=token, **named)
        assert "__cld_token__=" in url
        assert httpx.get(url).status_code == 200
    url, _ = cloudinary.utils.cloudinary_url(
        "a", auth_token={"key": "CCBB2233FF00", "duration": 300}, **named
    )
    assert httpx.get(url).status_code == 401


@pytest.mark.parametrize(
    "parameter", ["raw_convert", "categorization", "detection", "background_removal", "ocr"]
)
@pytest.mark.usefixtures("free")
def test_illegal_values_are_refused(parameter: str) -> None:
    upload("a")

    with pytest.raises(cloudinary.exceptions.BadRequest, match="Illegal value"):
        cloudinary.api.update("a", **{parameter: "illegal"})


@pytest.mark.usefixtures("free")
def test_an_analysis_needs_an_addon() -> None:
    with pytest.raises(cloudinary.exceptions.RateLimited, match="You don't have an active subscription"):
        cloudinary.api.analyze(input_type="uri", analysis_type="captioning", uri="http://a.test/x.jpg")


@pytest.mark.usefixtures("free")
def test_access_rules_decide_on_delivery() -> None:
    ended = {"access_type": "anonymous", "end": "2001-01-01T00:00Z"}
    upload("a")
    url = cloudinary.utils.cloudinary_url("a", format="png")[0]

    cloudinary.api.update("a", access_control=[{"access_type": "token"}, ended])
    closed = httpx.get(url)
    token = cloudinary.utils.generate_auth_token(key=KEY, duration=60, acl="*")
    opened = httpx.get(f"{url}?{token}")
    begun = {"access_type": "anonymous", "start": "2001-01-01T00:00Z"}
    cloudinary.api.update("a", access_control=[{"access_type": "token"}, begun])

    assert (closed.status_code, closed.headers["X-Cld-Error"]) == (401, "deny or ACL failure")
    assert opened.status_code == 200
    assert httpx.get(url).status_code == 200
