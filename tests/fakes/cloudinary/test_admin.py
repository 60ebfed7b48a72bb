from email.utils import parsedate_to_datetime

import httpx
import pytest

from tests.fakes.cloudinary.conftest import KEY, SECRET, Cloud


@pytest.fixture
def filled(cloud: Cloud, png: bytes) -> Cloud:
    """Five images at one-second steps: a to e, of which a, c and e are tagged `odd`."""
    for number, name in enumerate("abcde"):
        tags = "odd" if number % 2 == 0 else "even"
        cloud.upload(png, public_id=f"staging_clips/{name}", tags=tags).raise_for_status()
        cloud.http.post(f"{cloud.url}/_fake/clock", json={"advance_s": 1}).raise_for_status()
    return cloud


def names(answer: httpx.Response) -> str:
    assert answer.status_code == 200, answer.text
    return "".join(one["public_id"][-1] for one in answer.json()["resources"])


def error_of(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["error"]["message"]


def test_ping_and_what_counts_the_calls(cloud: Cloud) -> None:
    first, second = cloud.admin("GET", "ping"), cloud.admin("GET", "ping")

    assert first.json() == {"status": "ok"}
    limits = [int(one.headers["X-FeatureRateLimit-Remaining"]) for one in (first, second)]
    assert limits[0] - limits[1] == 1
    assert first.headers["X-FeatureRateLimit-Limit"] == "500"
    assert parsedate_to_datetime(first.headers["X-FeatureRateLimit-Reset"]).minute == 0


def test_who_may_ask(cloud: Cloud) -> None:
    url = f"{cloud.url}/v1_1/staging/ping"

    assert error_of(cloud.http.get(url, auth=(KEY, "wrong"))) == (401, "api_secret mismatch")
    assert error_of(cloud.http.get(url, auth=("1", SECRET))) == (401, "unknown api_key")
    assert error_of(cloud.http.get(url)) == (401, "Unknown API key ")
    assert error_of(cloud.http.get(url, headers={"Authorization": "Basic !!"}))[0] == 401
    assert error_of(cloud.http.get(url, headers={"Authorization": "Bearer x"})) == (401, "Invalid token")
    nope = cloud.http.get(f"{cloud.url}/v1_1/nope/ping", auth=(KEY, SECRET))
    assert error_of(nope) == (401, "Invalid cloud_name nope")


def test_usage_and_config(filled: Cloud) -> None:
    usage = filled.admin("GET", "usage").json()
    dated = filled.admin("GET", "usage/21-11-2026").json()

    assert (usage["resources"], usage["objects"]["usage"]) == (5, 5)
    assert "limit" in usage["credits"]
    assert "limit" not in dated["credits"]
    config = filled.admin("GET", "config?settings=true").json()
    assert (config["cloud_name"], config["settings"]) == ("staging", {"folder_mode": "dynamic"})
    assert filled.admin("GET", "resources").json() == {"resource_types": ["image", "raw", "video"]}


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("resources/image", "edcba"),
        ("resources/image/upload", "edcba"),
        ("resources/image/upload?direction=asc", "abcde"),
        ("resources/image/upload?prefix=staging_clips/", "abcde"),
        ("resources/image/upload?prefix=staging_clips/c", "c"),
        ("resources/image/upload?prefix=other", ""),
        (
            "resources/image/upload?public_ids[]=staging_clips/b&public_ids[]=x&public_ids[]=staging_clips/a",
            "ba",
        ),
        ("resources/image/tags/odd", "eca"),
        ("resources/image/tags/none", ""),
        ("resources/by_asset_folder?asset_folder=staging_clips", "edcba"),
        ("resources/video", ""),
    ],
)
def test_listings(filled: Cloud, path: str, expected: str) -> None:
    assert names(filled.admin("GET", path)) == expected


@pytest.mark.parametrize(
    "path", ["resources/image", "resources/image/upload?prefix=staging_clips/", "resources/image/tags/odd"]
)
def test_pages_join_without_a_gap(filled: Cloud, path: str) -> None:
    whole = names(filled.admin("GET", path))
    found, cursor = "", ""
    join = "&" if "?" in path else "?"

    while True:
        answer = filled.admin("GET", f"{path}{join}max_results=2&next_cursor={cursor}")
        found += names(answer)
        cursor = answer.json().get("next_cursor", "")
        if not cursor:
            break

    assert found == whole


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("resources/image?next_cursor=nonsense", "Invalid value for parameter next_cursor"),
        ("resources/image?next_cursor=WzFd", "Invalid value for parameter next_cursor"),
        ("resources/image?max_results=0", "Invalid value for parameter max_results: 0"),
        ("resources/image?max_results=x", "Invalid value for parameter max_results: x"),
        ("resources/image?direction=up", "Invalid value for parameter direction: up"),
        ("resources/sound", "Invalid value for parameter resource_type: sound"),
        ("resources/image?type=odd", "Invalid value for parameter type: odd"),
        ("resources/image?prefix=a", "Missing required parameter - type"),
        ("resources/by_asset_folder", "Missing required parameter - asset_folder"),
    ],
)
def test_bad_parameters(cloud: Cloud, path: str, message: str) -> None:
    assert error_of(cloud.admin("GET", path)) == (400, message)


def test_the_type_may_be_in_the_query(filled: Cloud) -> None:
    assert names(filled.admin("GET", "resources/image?type=upload&prefix=staging_clips/")) == "abcde"
    assert names(filled.admin("GET", "resources/image?type=private")) == ""


def test_an_asset_in_detail(filled: Cloud) -> None:
    filled.get("image/upload/w_10/staging_clips/a.png")
    answer = filled.admin("GET", "resources/image/upload/staging_clips%2Fa").json()

    assert list(answer) == [
        "asset_id", "public_id", "format", "version", "resource_type", "type", "created_at", "bytes", "width",
        "height", "asset_folder", "display_name", "url", "secure_url", "access_mode", "tags",
        "last_updated", "derived", "etag",
    ]  # fmt: skip
    derived = answer["derived"][0]
    assert set(derived) == {
        "id", "transformation", "width", "height", "format", "bytes", "url", "secure_url",
    }  # fmt: skip
    by_id = filled.admin("GET", f"resources/{answer['asset_id']}").json()
    assert by_id == answer
    only_tags = filled.admin("GET", "resources/image/upload/staging_clips/a?fields=tags").json()
    assert set(only_tags) == {"public_id", "asset_id", "asset_folder", "tags"}
    ids = f"asset_ids[]={answer['asset_id']}&asset_ids[]={'0' * 32}"
    assert names(filled.admin("GET", f"resources/by_asset_ids?{ids}")) == "a"

    gone = filled.admin(
        "DELETE", "derived_resources", params={"derived_resource_ids[]": [derived["id"], "x"]}
    )
    assert gone.json()["deleted"] == {derived["id"]: "deleted", "x": "not_found"}
    missing = filled.admin("GET", "resources/image/upload/staging_clips/none")
    assert error_of(missing) == (404, "Resource not found - staging_clips/none")


def test_details_of_a_video_come_on_request(cloud: Cloud, mp4: bytes) -> None:
    cloud.upload(mp4, "video/upload", public_id="staging_clips/v")

    plain = cloud.admin("GET", "resources/video/upload/staging_clips/v").json()
    whole = cloud.admin("GET", "resources/video/upload/staging_clips/v?media_metadata=1").json()

    assert "video" not in plain
    assert whole["video"]["codec"] == "h264"


def test_an_update_changes_labels_and_place(filled: Cloud) -> None:
    changed = filled.admin(
        "POST",
        "resources/image/upload/staging_clips/a",
        json={
            "tags": ["z", "y"],
            "context": "k=v",
            "asset_folder": "staging_clips/best",
            "display_name": "A",
        },
    ).json()

    assert (changed["tags"], changed["context"]) == (["y", "z"], {"custom": {"k": "v"}})
    assert (changed["asset_folder"], changed["display_name"]) == ("staging_clips/best", "A")
    assert names(filled.admin("GET", "resources/by_asset_folder?asset_folder=staging_clips/best")) == "a"


def test_deleting_by_ids_tells_of_each(filled: Cloud) -> None:
    filled.get("image/upload/w_10/staging_clips/a.png")
    ids = ["staging_clips/a", "staging_clips/none"]

    kept = filled.admin("DELETE", "resources/image/upload", json={"public_ids": ids, "keep_original": True})
    gone = filled.admin("DELETE", "resources/image/upload", params={"public_ids[]": ids})

    assert kept.json()["deleted_counts"]["staging_clips/a"] == {"original": 0, "derived": 1}
    assert gone.json() == {
        "deleted": {ids[0]: "deleted", ids[1]: "not_found"},
        "deleted_counts": {ids[0]: {"original": 1, "derived": 0}, ids[1]: {"original": 0, "derived": 0}},
        "partial": False,
    }
    assert names(filled.admin("GET", "resources/image")) == "edcb"


@pytest.mark.parametrize(
    ("path", "params", "left"),
    [
        ("resources/image/upload", {"prefix": "staging_clips/c"}, "edba"),
        ("resources/image/upload", {"prefix": "staging_clips/"}, ""),
        ("resources/image/upload", {"all": "true"}, ""),
        ("resources/image/tags/odd", {}, "db"),
    ],
)
def test_deleting_many(filled: Cloud, path: str, params: dict[str, str], left: str) -> None:
    filled.admin("DELETE", path, params=params).raise_for_status()

    assert names(filled.admin("GET", "resources/image")) == left


def test_deleting_by_asset_id(filled: Cloud) -> None:
    asset_id = filled.admin("GET", "resources/image/upload/staging_clips/a").json()["asset_id"]

    answer = filled.admin("DELETE", "resources", json={"asset_ids": [asset_id, "0" * 32]})

    assert answer.json()["deleted"] == {asset_id: "deleted", "0" * 32: "not_found"}


def test_what_is_not_covered_says_so(cloud: Cloud) -> None:
    answer = cloud.admin("GET", "no_such_thing")

    assert (answer.status_code, answer.json()["fake"]) == (501, "cloudinary")
