from __future__ import annotations

import cloudinary
import cloudinary.api
import cloudinary.exceptions
import cloudinary.search
import cloudinary.uploader
import pytest

from tests.fakes.cloudinary.conftest import image


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
