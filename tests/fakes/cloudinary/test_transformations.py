from __future__ import annotations

from typing import Any

import pytest

from tests.fakes.cloudinary.conftest import Cloud

PATH = "transformations"


def create(cloud: Cloud, name: str, text: str) -> None:
    answer = cloud.admin("POST", PATH, json={"name": name, "transformation": text})
    assert answer.json() == {"message": "created"}


def detail(cloud: Cloud, name: str, **params: Any) -> dict[str, Any]:
    answer = cloud.admin("GET", PATH, params={"transformation": name, **params})
    body: dict[str, Any] = answer.json()
    return body


def names(cloud: Cloud, **params: str) -> list[str]:
    answer = cloud.admin("GET", PATH, params=params).json()
    return [one["name"] for one in answer["transformations"]]


def test_a_named_transformation_is_delivered_by_its_name(cloud: Cloud, png: bytes) -> None:
    cloud.upload(png, public_id="staging_clips/a")
    create(cloud, "small", "c_scale,w_40/e_grayscale")

    before = detail(cloud, "small")
    answer = cloud.get("image/upload/t_small/staging_clips/a.png")
    after = detail(cloud, "t_small")

    assert answer.status_code == 200
    assert before == {
        "name": "t_small",
        "allowed_for_strict": True,
        "used": False,
        "named": True,
        "info": [{"crop": "scale", "width": 40}, {"effect": "grayscale"}],
        "derived": [],
    }
    assert after["used"] is True
    (made,) = after["derived"]
    assert (made["public_id"], made["format"], made["bytes"]) == (
        "staging_clips/a",
        "png",
        len(answer.content),
    )
    assert cloud.http.get(made["url"]).content == answer.content


def test_what_was_derived_by_is_listed_with_the_extension_where_it_is_not_the_originals(
    cloud: Cloud, png: bytes
) -> None:
    cloud.upload(png, public_id="staging_clips/a", eager="c_scale,w_20|c_scale,w_20/jpg|f_webp,w_9")

    assert names(cloud) == ["f_webp,w_9", "c_scale,w_20/jpg", "c_scale,w_20"]
    assert [one["format"] for one in detail(cloud, "c_scale,w_20")["derived"]] == ["png"]
    assert [one["format"] for one in detail(cloud, "c_scale,w_20/jpg")["derived"]] == ["jpg"]
    assert [one["format"] for one in detail(cloud, "f_webp,w_9")["derived"]] == ["webp"]
    assert detail(cloud, "c_scale,w_20/jpg")["info"] == [{"crop": "scale", "width": 20, "extension": "jpg"}]


def test_pages_start_with_the_newest_and_choose_by_name(cloud: Cloud) -> None:
    for number in range(3):
        create(cloud, f"n{number}", f"w_{number + 1}")
        create(cloud, f"w_{number + 1}0", f"w_{number + 1}0")

    found, params = [], {"max_results": "4"}
    for _ in range(2):
        answer = cloud.admin("GET", PATH, params=params).json()
        found += [one["name"] for one in answer["transformations"]]
        params["next_cursor"] = answer.get("next_cursor", "")

    assert found == ["w_30", "t_n2", "w_20", "t_n1", "w_10", "t_n0"]
    assert names(cloud, named="true") == ["t_n2", "t_n1", "t_n0"]
    assert names(cloud, named="false", max_results="2") == ["w_30", "w_20"]


def test_derived_assets_of_one_come_in_pages(cloud: Cloud, png: bytes) -> None:
    for number in range(3):
        cloud.upload(png, public_id=f"staging_clips/{number}", eager="w_7")

    first = detail(cloud, "w_7", max_results=2)
    rest = detail(cloud, "w_7", max_results=2, next_cursor=first["next_cursor"])

    ids = [one["public_id"] for one in [*first["derived"], *rest["derived"]]]
    assert ids == ["staging_clips/0", "staging_clips/1", "staging_clips/2"]
    assert "next_cursor" not in rest


def test_a_name_can_stand_for_another_text_and_be_kept_from_strict_delivery(cloud: Cloud) -> None:
    create(cloud, "small", "w_40")

    sent = {"transformation": "small", "unsafe_update": "w_50", "allowed_for_strict": "false"}
    answer = cloud.admin("PUT", PATH, json=sent)

    assert answer.json() == {"message": "updated"}
    shown = detail(cloud, "small")
    assert (shown["info"], shown["allowed_for_strict"]) == ([{"width": 50}], False)


def test_deleting_takes_along_what_was_derived(cloud: Cloud, png: bytes) -> None:
    cloud.upload(png, public_id="staging_clips/a", eager="w_7|w_7/jpg")

    answer = cloud.admin("DELETE", PATH, json={"transformation": "w_7"})

    assert answer.json() == {"message": "deleted"}
    left = cloud.admin("GET", "resources/image/upload/staging_clips/a").json()["derived"]
    assert [one["format"] for one in left] == ["jpg"]
    assert names(cloud) == ["w_7/jpg"]


def test_older_clients_name_it_in_the_path(cloud: Cloud) -> None:
    made = cloud.admin("POST", f"{PATH}/small", data={"transformation": "c_fit,w_9"})
    shown = cloud.admin("GET", f"{PATH}/small").json()
    updated = cloud.admin("PUT", f"{PATH}/small", data={"allowed_for_strict": "0"})
    deleted = cloud.admin("DELETE", f"{PATH}/small")

    assert shown["info"] == [{"crop": "fit", "width": 9}]
    assert [one.json()["message"] for one in (made, updated, deleted)] == ["created", "updated", "deleted"]


def test_names_are_of_one_cloud(cloud: Cloud, png: bytes) -> None:
    document = {"accounts": [{"cloud": "other", "api_key": "1", "api_secret": "s", "folder": None}]}
    cloud.http.put(f"{cloud.url}/_fake/state", json=document).raise_for_status()
    create(cloud, "small", "w_40")

    other = cloud.http.get(f"{cloud.url}/v1_1/other/transformations", auth=("1", "s")).json()

    assert other == {"transformations": []}


@pytest.mark.parametrize(
    ("method", "said", "status", "message"),
    [
        ("GET", {"transformation": "none"}, 404, "Can't find transformation none"),
        ("PUT", {"transformation": "w_1", "allowed_for_strict": "1"}, 404, "Can't find transformation w_1"),
        ("PUT", {}, 400, "Missing required parameter - transformation"),
        ("DELETE", {"transformation": "none"}, 404, "Can't find transformation none"),
        ("POST", {"transformation": "w_1"}, 400, "Missing required parameter - name"),
        ("POST", {"name": "x"}, 400, "Missing required parameter - transformation"),
        ("POST", {"name": "small", "transformation": "w_1"}, 409, "Transformation small already exists"),
        ("POST", {"name": "a/b", "transformation": "w_1"}, 400, "Invalid value for parameter name: a/b"),
        ("POST", {"name": "x", "transformation": "w_abc"}, 400, "Invalid width in transformation: abc"),
        ("POST", {"name": "x", "transformation": "t_none"}, 400, "Unknown transformation none"),
        (
            "PUT",
            {"transformation": "w_10", "unsafe_update": "w_1"},
            400,
            "Invalid value for parameter unsafe_update: w_1",
        ),
    ],
)
def test_refusals(cloud: Cloud, method: str, said: dict[str, str], status: int, message: str) -> None:
    create(cloud, "small", "w_40")
    create(cloud, "w_10", "w_10")

    answer = cloud.admin(method, PATH, **({"params": said} if method == "GET" else {"json": said}))

    assert (answer.status_code, answer.json()) == (status, {"error": {"message": message}})
    assert answer.headers["x-cld-error"] == message


def test_one_by_which_too_much_was_derived_stays(cloud: Cloud, png: bytes) -> None:
    cloud.upload(png, public_id="staging_clips/a", eager="w_7")
    store = cloud.fakes.apps["cloudinary"].kit.store
    store.execute(
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000)"
        " INSERT INTO derived SELECT 'd' || i, asset_id, version + i, transformation, format, bytes, width,"
        " height, sha256, etag, created_at FROM derived, n"
    )

    answer = cloud.admin("DELETE", PATH, json={"transformation": "w_7"})

    message = "Transformation w_7 has more than 1000 derived resources"
    assert (answer.status_code, answer.json()["error"]["message"]) == (400, message)
