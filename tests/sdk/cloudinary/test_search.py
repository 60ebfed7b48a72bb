"""Search, folders and tags by the official SDK."""

from __future__ import annotations

from typing import Any

import cloudinary
import cloudinary.api
import cloudinary.exceptions
import cloudinary.uploader
import httpx
import pytest
from cloudinary.search import Search
from cloudinary.search_folders import SearchFolders

from tests.fakes.cloudinary.conftest import image
from tests.fakes.serving import Served


@pytest.fixture
def library(fakes: Served) -> Served:
    """Three pictures at one-second steps, `n0` to `n2`, growing."""
    for number in range(3):
        cloudinary.uploader.upload(
            image(40 + number * 20, 40),
            public_id=f"staging_clips/search/n{number}",
            tags=["all", f"tag-{number}"],
            context={"stage": "value", "number": str(number)},
            asset_folder="staging_clips/search",
        )
        httpx.post(f"{fakes.url('cloudinary')}/_fake/clock", json={"advance_s": 1}).raise_for_status()
    return fakes


def numbers(found: Any) -> str:
    return "".join(one["public_id"][-1] for one in found["resources"])


@pytest.mark.usefixtures("library")
@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("resource_type:image AND tags=all AND uploaded_at>1d AND bytes<1m", "210"),
        ("public_id=staging_clips/search/n1", "1"),
        ("public_id:staging_clips/search/*", "210"),
        ("asset_folder:staging_clips/* AND -tags=tag-2", "10"),
        ("tags:(tag-0 OR tag-2)", "20"),
        ("NOT context.number:1 AND width>=60", "2"),
        ("width:[40 TO 60]", "10"),
        ("created_at>1m AND format:(png OR gif)", "210"),
        ('aspect_ratio:"1:1" OR context.number="2"', "20"),
    ],
)
def test_expressions(expression: str, expected: str) -> None:
    found = Search().expression(expression).execute()

    assert (numbers(found), found["total_count"]) == (expected, len(expected))


@pytest.mark.usefixtures("library")
def test_assets_are_found_by_their_ids() -> None:
    asset_id = cloudinary.api.resource("staging_clips/search/n1")["asset_id"]

    for operator in "=:":
        assert numbers(Search().expression(f"asset_id{operator}{asset_id}").execute()) == "1"


@pytest.mark.usefixtures("library")
def test_pages_in_the_order_of_several_fields() -> None:
    search = (
        Search().expression("tags=all").max_results("1").sort_by("height", "asc").sort_by("public_id", "asc")
    )
    seen, cursor = "", ""
    while True:
        page = search.next_cursor(cursor).execute()
        assert (page["total_count"], len(page["resources"])) == (3, 1)
        seen += numbers(page)
        if not (cursor := page.get("next_cursor")):
            break

    assert seen == "012"


@pytest.mark.usefixtures("library")
def test_more_fields_fewer_fields_and_counts() -> None:
    with_fields = Search().expression("tags=all").with_field("context").with_field("tags")
    whole = with_fields.with_field("image_metadata").execute()["resources"][0]
    only = Search().fields(["tags", "secure_url"]).execute()["resources"][0]
    sizes = {"type": "bytes", "ranges": [{"key": "tiny", "to": 10}, {"key": "rest", "from": 10}]}
    counted = (
        Search().aggregate("format").aggregate("resource_type").aggregate(sizes).max_results(1).execute()
    )

    assert (whole["context"], whole["tags"]) == ({"stage": "value", "number": "2"}, ["all", "tag-2"])
    assert "image_metadata" in whole
    assert set(only) == {
        "asset_id", "public_id", "asset_folder", "created_at", "status", "type", "resource_type", "tags",
        "secure_url",
    }  # fmt: skip
    assert counted["aggregations"] == {
        "format": {"png": 3},
        "resource_type": {"image": 3},
        "bytes": {"tiny": 0, "rest": 3},
    }


@pytest.mark.usefixtures("library")
def test_search_urls_open_without_credentials() -> None:
    search = Search().expression("tags=all").sort_by("public_id", "desc").max_results(2)

    first = httpx.get(search.to_url())
    second = httpx.get(search.to_url(ttl=1000, next_cursor=first.json()["next_cursor"]))
    other = httpx.get(search.to_url(api_secret="another"))
    private = httpx.get(search.to_url(private_cdn=True, next_cursor=first.json()["next_cursor"]))

    assert (numbers(first.json()), numbers(second.json()), numbers(private.json())) == ("21", "0", "0")
    assert second.headers["cache-control"] == "public, max-age=1000"
    assert (other.status_code, other.headers["x-cld-error"]) == (401, "deny or ACL failure")


@pytest.mark.usefixtures("library")
def test_errors_are_the_ones_that_the_sdk_knows() -> None:
    with pytest.raises(cloudinary.exceptions.BadRequest, match=r"Query Error \(at position 1\)"):
        Search().expression("*").execute()
    with pytest.raises(cloudinary.exceptions.BadRequest, match="Invalid value for parameter next_cursor"):
        Search().expression("tags=all").next_cursor("x").execute()
    with pytest.raises(cloudinary.exceptions.BadRequest, match="Invalid value for parameter sort_by"):
        Search().sort_by("nothing").execute()
    with pytest.raises(Exception, match="501 - fake 'cloudinary' does not cover"):
        cloudinary.api.visual_search(text="cat")


@pytest.mark.usefixtures("library")
def test_folders_are_found_moved_and_deleted() -> None:
    made = cloudinary.api.create_folder("staging_clips/bags/small")
    assert (made["success"], made["name"]) == (True, "small")

    found = SearchFolders().expression("path:staging_clips/ba*").sort_by("path", "asc").execute()
    assert [one["path"] for one in found["folders"]] == ["staging_clips/bags", "staging_clips/bags/small"]
    assert len(SearchFolders().max_results(1).execute()["folders"]) == 1
    assert [one["path"] for one in cloudinary.api.root_folders()["folders"]] == ["staging_clips"]
    page = cloudinary.api.subfolders("staging_clips", max_results=1)
    rest = cloudinary.api.subfolders("staging_clips", next_cursor=page["next_cursor"])
    assert [one["name"] for one in page["folders"] + rest["folders"]] == ["bags", "search"]
    assert page["total_count"] == 2

    moved = cloudinary.api.rename_folder("staging_clips/search", "staging_clips/bags/found")
    assert moved["to"] == {"name": "found", "path": "staging_clips/bags/found"}
    asset = cloudinary.api.resource("staging_clips/search/n0")
    assert (asset["public_id"], asset["asset_folder"]) == ("staging_clips/search/n0", moved["to"]["path"])
    with pytest.raises(cloudinary.exceptions.BadRequest, match="Cannot find source folder"):
        cloudinary.api.rename_folder("staging_clips/search", "staging_clips/x")
    with pytest.raises(cloudinary.exceptions.AlreadyExists):
        cloudinary.api.rename_folder("staging_clips/bags/found", "staging_clips/bags/small")

    with pytest.raises(cloudinary.exceptions.BadRequest, match="not empty"):
        cloudinary.api.delete_folder("staging_clips/bags")
    assert cloudinary.api.delete_folder("staging_clips/bags/small", skip_backup=True)["deleted"] == [
        "staging_clips/bags/small"
    ]


@pytest.mark.usefixtures("library")
def test_tags_by_prefix_and_page() -> None:
    page = cloudinary.api.tags(max_results=2)
    rest = cloudinary.api.tags(next_cursor=page["next_cursor"])

    assert [*page["tags"], *rest["tags"]] == ["all", "tag-0", "tag-1", "tag-2"]
    assert cloudinary.api.tags(prefix="tag-")["tags"] == ["tag-0", "tag-1", "tag-2"]
    assert cloudinary.api.tags(resource_type="video")["tags"] == []


def test_the_sdk_signs_search_urls_as_recorded() -> None:
    url = (
        Search()
        .expression("tags=clip")
        .max_results(10)
        .to_url(cloud_name="fakecloud", api_secret="stagingSecret_AbC-123", secure=True)
    )

    assert url.split("/")[4:7] == [
        "search",
        "b8fba684a9dfa4b7cdb3c7f5b1e10531f92a6cc2ef4167e13d8f1d1645979124",
        "300",
    ]
