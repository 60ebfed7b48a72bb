"""One asset: details on request, updates of every kind, relations, publishing, access."""

from typing import Any

import httpx
import pytest

from tests.fakes.cloudinary.conftest import KEY, SECRET, Cloud, image
from tests.servers import wait_until

UNPAID = "You don't have an active subscription for"
ONE = "resources/image/upload/staging_clips/a"


@pytest.fixture
def filled(cloud: Cloud) -> Cloud:
    """Three images: a, b and c."""
    for name in "abc":
        cloud.upload(image(40, 30), public_id=f"staging_clips/{name}", tags="t").raise_for_status()
    return cloud


def error_of(answer: httpx.Response) -> tuple[int, str]:
    assert answer.headers["X-Cld-Error"] == answer.json()["error"]["message"]
    return answer.status_code, answer.json()["error"]["message"]


def update(cloud: Cloud, **fields: Any) -> httpx.Response:
    return cloud.admin("POST", ONE, json=fields)


def test_an_image_is_looked_at_on_request(filled: Cloud) -> None:
    asked = "colors phash faces image_metadata quality_analysis accessibility_analysis cinemagraph_analysis"
    plain = filled.admin("GET", ONE).json()

    whole = filled.admin(
        "GET", ONE, params=dict.fromkeys([*asked.split(), "pages", "coordinates"], "true")
    ).json()

    assert not set(asked.split()) & set(plain)
    assert set(asked.split()) <= set(whole)
    assert isinstance(whole["quality_analysis"]["focus"], float)
    assert (len(whole["phash"]), whole["pages"], whole["coordinates"]) == (16, 1, {})


def test_derived_assets_come_in_pages(filled: Cloud) -> None:
    for width in (3, 4, 5):
        filled.get(f"image/upload/w_{width}/staging_clips/a.png").raise_for_status()

    first = filled.admin("GET", f"{ONE}?max_results=2").json()
    rest = filled.admin(
        "GET", f"{ONE}?max_results=2&derived_next_cursor={first['derived_next_cursor']}"
    ).json()

    assert [one["transformation"] for one in first["derived"] + rest["derived"]] == ["w_3", "w_4", "w_5"]
    assert first["next_cursor"] == first["derived_next_cursor"]
    assert "derived_next_cursor" not in rest


def test_only_derived_assets_of_some_transformations_go(filled: Cloud) -> None:
    for path in ("w_3/staging_clips/a.png", "w_3/staging_clips/a.jpg", "w_4/staging_clips/a.png"):
        filled.get(f"image/upload/{path}").raise_for_status()
    body = {"public_ids": ["staging_clips/a"], "transformations": "w_3/jpg|w_4"}

    answer = filled.admin("DELETE", "resources/image/upload", json=body).json()

    assert answer["deleted_counts"] == {"staging_clips/a": {"original": 0, "derived": 2}}
    left = filled.admin("GET", ONE).json()["derived"]
    assert [(one["transformation"], one["format"]) for one in left] == [("w_3", "png")]


def test_the_time_of_each_change_is_told(filled: Cloud) -> None:
    before = filled.admin("GET", ONE).json()["last_updated"]
    filled.http.post(f"{filled.url}/_fake/clock", json={"advance_s": 60})

    after = update(filled, tags="x,y", display_name="A").json()["last_updated"]

    assert set(before) == {"updated_at"}
    assert set(after) == {"updated_at", "tags_updated_at"}
    assert after["tags_updated_at"] == after["updated_at"] > before["updated_at"]


def test_a_moderator_decides(filled: Cloud) -> None:
    approved = update(filled, moderation_status="approved").json()
    rejected = update(filled, moderation_status="rejected").json()

    assert [(one["kind"], one["status"]) for one in approved["moderation"]] == [("manual", "approved")]
    assert (rejected["moderation_kind"], rejected["moderation_status"]) == ("manual", "rejected")
    assert len(rejected["moderation"]) == 1
    assert error_of(update(filled, moderation_status="fine")) == (
        400,
        "Illegal value fine for moderation_status",
    )


def test_an_asset_is_updated_by_its_asset_id(filled: Cloud) -> None:
    asset_id = filled.admin("GET", ONE).json()["asset_id"]

    changed = filled.admin("PUT", f"resources/{asset_id}", json={"tags": "new"}).json()

    assert (changed["public_id"], changed["tags"]) == ("staging_clips/a", ["new"])
    assert error_of(filled.admin("PUT", f"resources/{'0' * 32}", json={})) == (
        404,
        f"Resource not found - {'0' * 32}",
    )


def test_an_update_stays_inside(filled: Cloud) -> None:
    answer = update(filled, asset_folder="prod_clips")

    assert error_of(answer)[0] == 403
    assert filled.control("requests?violations=1")["requests"]
    assert filled.admin("GET", ONE).json()["asset_folder"] == "staging_clips"


def test_changes_are_told(filled: Cloud) -> None:
    hook = f"{filled.url}/told"
    labels = {"tags": "u", "context": "k=v", "display_name": "A", "asset_folder": "staging_clips/x"}
    update(filled, **labels, moderation_status="approved", notification_url=hook).raise_for_status()
    gone = {"public_ids": ["staging_clips/b"], "notification_url": hook}
    filled.admin("DELETE", "resources/image/upload", json=gone).raise_for_status()

    def count() -> int:
        return len(filled.control("webhooks")["attempts"])

    wait_until(lambda: count() == 6, lambda: f"6 notifications, there were {count()}")


def test_relations_hold_both_ways(filled: Cloud) -> None:
    base = "resources/related_assets/image/upload/staging_clips/a"
    names = ["image/upload/staging_clips/b", "image/upload/staging_clips/c"]
    odd = ["image/upload/staging_clips/a", "image/upload/none", "what"]

    first = filled.admin("POST", base, json={"assets_to_relate": [*names, *odd]}).json()
    again = filled.admin("POST", base, json={"assets_to_relate": names[:1]}).json()

    assert first["success"] == [
        {"message": "success", "code": "success_ids", "asset": name, "status": 200} for name in names
    ]
    assert [(one["code"], one["status"]) for one in first["failed"]] == [
        ("invalid_relate_to_self_id", 400),
        ("non_existing_ids", 404),
        ("invalid_ids", 400),
    ]
    assert [(one["code"], one["status"]) for one in again["failed"]] == [("already_exists_ids", 409)]
    back = filled.admin("GET", "resources/image/upload/staging_clips/c?related=true").json()
    assert [one["public_id"] for one in back["related_assets"]] == ["staging_clips/a"]
    page = filled.admin("GET", f"{ONE}?related=true&max_results=1").json()
    more = filled.admin(
        "GET", f"{ONE}?related=true&max_results=1&related_next_cursor={page['related_next_cursor']}"
    ).json()
    found = [one["public_id"] for one in page["related_assets"] + more["related_assets"]]
    assert sorted(found) == ["staging_clips/b", "staging_clips/c"]
    assert "related_next_cursor" not in more

    gone = filled.admin("DELETE", base, json={"assets_to_unrelate": [names[0], names[0]]}).json()
    assert [one["code"] for one in gone["success"] + gone["failed"]] == [
        "success_ids",
        "relation_does_not_exist_ids",
    ]
    filled.admin("DELETE", "resources/image/upload?public_ids[]=staging_clips/c").raise_for_status()
    assert filled.admin("GET", f"{ONE}?related=true").json()["related_assets"] == []


def test_relations_by_asset_ids(filled: Cloud) -> None:
    ids = [
        filled.admin("GET", f"resources/image/upload/staging_clips/{name}").json()["asset_id"]
        for name in "ab"
    ]
    base = f"resources/related_assets/{ids[0]}"

    # the Node SDK repeats a plain name when it sends a form
    body = f"assets_to_relate={ids[1]}&assets_to_relate={'0' * 32}"
    form = {"content-type": "application/x-www-form-urlencoded"}
    answer = filled.admin("POST", base, content=body, headers=form).json()

    assert [one["asset"] for one in answer["success"]] == [ids[1]]
    assert [one["code"] for one in answer["failed"]] == ["non_existing_ids"]
    assert error_of(filled.admin("POST", base, json={})) == (
        400,
        "Missing required parameter - assets_to_relate",
    )
    assert error_of(filled.admin("POST", f"resources/related_assets/{'0' * 32}", json={}))[0] == 404


@pytest.fixture
def hidden(cloud: Cloud) -> Cloud:
    """An authenticated and a private image, both tagged `h`."""
    for type_ in ("authenticated", "private"):
        cloud.upload(image(4, 4), public_id=f"staging_clips/{type_}", type=type_, tags="h").raise_for_status()
    return cloud


@pytest.mark.parametrize(
    ("selector", "published"),
    [
        ({"public_ids": ["staging_clips/authenticated"]}, ["authenticated"]),
        ({"public_ids": ["staging_clips/authenticated"], "type": "authenticated"}, ["authenticated"]),
        ({"public_ids": ["staging_clips/authenticated"], "type": "private"}, []),
        ({"prefix": "staging_clips/"}, ["authenticated", "private"]),
        ({"tag": "h"}, ["authenticated", "private"]),
        ({"tag": "h", "type": "private"}, ["private"]),
    ],
)
def test_hidden_assets_are_published(hidden: Cloud, selector: dict[str, Any], published: list[str]) -> None:
    answer = hidden.admin("POST", "resources/image/publish_resources", json=selector).json()

    assert sorted(one["public_id"] for one in answer["published"]) == [
        f"staging_clips/{one}" for one in published
    ]
    assert all("/image/upload/" in one["url"] and one["type"] == "upload" for one in answer["published"])
    assert answer["failed"] == []
    for one in answer["published"]:
        assert hidden.http.get(one["url"]).status_code == 200


def test_publishing_does_not_replace_unless_asked(hidden: Cloud) -> None:
    hidden.upload(image(9, 9), public_id="staging_clips/private").raise_for_status()
    path, body = "resources/image/publish_resources", {"public_ids": ["staging_clips/private"]}

    refused = hidden.admin("POST", path, json=body).json()
    done = hidden.admin("POST", path, json={**body, "overwrite": True}).json()

    assert [one["public_id"] for one in refused["failed"]] == ["staging_clips/private"]
    assert refused["published"] == []
    assert [one["width"] for one in done["published"]] == [4]
    assert error_of(hidden.admin("POST", path, json={})) == (400, "Missing required parameter - public_ids")


@pytest.mark.parametrize("selector", [{"public_ids": ["staging_clips/a"]}, {"prefix": "staging_clips/a"}])
def test_the_access_mode_changes(filled: Cloud, selector: dict[str, Any]) -> None:
    path = "resources/image/upload/update_access_mode"

    answer = filled.admin("POST", path, json={**selector, "access_mode": "authenticated"}).json()

    assert [(one["public_id"], one["access_mode"]) for one in answer["updated"]] == [
        ("staging_clips/a", "authenticated")
    ]
    assert answer["failed"] == []
    assert filled.admin("GET", ONE).json()["access_mode"] == "authenticated"
    assert error_of(filled.admin("POST", path, json={**selector, "access_mode": "shy"})) == (
        400,
        "Invalid value for parameter access_mode: shy",
    )
    assert error_of(filled.admin("POST", path, json=selector)) == (
        400,
        "Missing required parameter - access_mode",
    )


def test_an_update_says_all_that_is_known_of_an_asset(filled: Cloud) -> None:
    fields = {"external_id": "sku", "label": "SKU", "type": "string"}
    filled.admin("POST", "metadata_fields", json=fields).raise_for_status()
    body = {
        "metadata": "sku=17",
        "context": "k=v",
        "face_coordinates": "1,2,3,4|5,6,7,8",
        "custom_coordinates": "9,9,2,2",
        "regions": '{"box":[[1,2],[3,4]]}',
        "quality_override": "80:420",
        "access_control": '[{"access_type":"anonymous","start":"2019-02-22T16:20:57.000Z"}]',
    }

    changed = update(filled, **body).json()
    detail = filled.admin("GET", f"{ONE}?coordinates=true").json()

    assert (changed["metadata"], changed["context"]) == ({"sku": "17"}, {"custom": {"k": "v"}})
    assert changed["quality_override"] == "80:420"
    assert changed["access_control"][0]["access_type"] == "anonymous"
    assert detail["coordinates"] == {"faces": [[1, 2, 3, 4], [5, 6, 7, 8]], "custom": [[9, 9, 2, 2]]}
    assert detail["regions"] == {"box": [[1, 2], [3, 4]]}
    stamps = set(changed["last_updated"])
    assert {"metadata_updated_at", "context_updated_at", "access_control_updated_at"} <= stamps
    emptied = update(filled, tags="", context="", access_control="[]").json()
    assert not {"tags", "context", "access_control"} & set(emptied)


def test_a_display_name_can_be_made_unique(filled: Cloud) -> None:
    same = update(filled, display_name="b").json()["display_name"]
    unique = update(filled, display_name="c", unique_display_name=True).json()["display_name"]

    assert same == "b"
    assert unique.startswith("c_")


@pytest.mark.parametrize(
    ("parameter", "value", "status", "message"),
    [
        ("raw_convert", "illegal", 400, "Illegal value illegal for raw_convert"),
        ("categorization", "illegal", 400, "Illegal value illegal for categorization"),
        ("detection", "illegal", 400, "Illegal value illegal for detection"),
        ("ocr", "illegal", 400, "Illegal value illegal for ocr"),
        ("background_removal", "illegal", 400, "Illegal value illegal for background_removal"),
        ("quality_override", "great", 400, "Illegal value great for quality_override"),
        (
            "ocr",
            "adv_ocr",
            420,
            f"{UNPAID} OCR Text Detection and Extraction",
        ),
        (
            "categorization",
            "google_tagging",
            420,
            f"{UNPAID} Google Auto Tagging",
        ),
        ("metadata", "none=1", 400, 'Metadata External IDs do not exist: ["none"]'),
        ("face_coordinates", "1,2", 400, "Invalid value for parameter face_coordinates: 1,2"),
        ("access_control", "{", 400, "Invalid value for parameter access_control: {"),
        (
            "similarity_search",
            "x",
            501,
            "fake 'cloudinary' does not cover the parameter 'similarity_search' of updates",
        ),
    ],
)
def test_what_an_update_cannot_say(
    filled: Cloud, parameter: str, value: str, status: int, message: str
) -> None:
    before = filled.admin("GET", ONE).json()

    assert error_of(update(filled, **{parameter: value})) == (status, message)
    assert filled.admin("GET", ONE).json() == before


@pytest.mark.parametrize(
    ("path", "body", "status", "message"),
    [
        (
            "uri",
            {"uri": "http://a.test/x", "analysis_type": "captioning"},
            420,
            f"{UNPAID} Cloudinary AI Content Analysis",
        ),
        (
            "ai_vision_tagging",
            {"source": {"uri": "http://a.test/x"}},
            420,
            f"{UNPAID} Cloudinary AI Vision",
        ),
        ("uri", {"analysis_type": "captioning"}, 400, "Missing required parameter - uri"),
        ("uri", {"uri": "http://a.test/x"}, 400, "Missing required parameter - analysis_type"),
        ("uri", {"uri": "x", "analysis_type": "custom"}, 400, "Missing required parameter - parameters"),
        ("uri", {"uri": "x", "analysis_type": "mood"}, 400, "Illegal value mood for analysis_type"),
    ],
)
def test_an_analysis_needs_an_addon(
    cloud: Cloud, path: str, body: dict[str, Any], status: int, message: str
) -> None:
    url = f"{cloud.url}/v2/staging/analysis/analyze/{path}"

    assert error_of(cloud.http.post(url, json=body, auth=(KEY, SECRET))) == (status, message)
    assert cloud.http.post(url, json=body).status_code == 401


def test_an_asset_can_be_named_in_the_body(filled: Cloud) -> None:
    by_id = filled.admin("GET", ONE).json()["asset_id"]
    name = {"resource_type": "image", "type": "upload", "public_id": "staging_clips/b"}

    found = filled.admin("POST", "resources/get_resource", json={"asset_id": by_id}).json()
    named = filled.admin("POST", "resources/get_resource", json=name).json()
    changed = filled.admin("POST", "resources/update", json={**name, "tags": "new"}).json()

    assert (found["public_id"], named["public_id"]) == ("staging_clips/a", "staging_clips/b")
    assert (changed["public_id"], changed["tags"]) == ("staging_clips/b", ["new"])
    for path in ("resources/get_resource", "resources/update"):
        assert error_of(filled.admin("POST", path, json={})) == (
            400,
            "Missing required parameter - public_id",
        )


def test_an_asset_is_destroyed_by_its_asset_id(filled: Cloud) -> None:
    asset_id = filled.admin("GET", ONE).json()["asset_id"]

    answers = [filled.post("asset/destroy", {"asset_id": asset_id}).json() for _ in range(2)]

    assert answers == [{"result": "ok"}, {"result": "not found"}]
    assert error_of(filled.post("asset/destroy", {})) == (400, "Missing required parameter - asset_id")
