from typing import Any

import pytest

from tests.fakes.cloudinary.conftest import Cloud

VALUES = [{"external_id": "b", "value": "Bee"}, {"value": "cat"}, {"external_id": "a", "value": "Ant"}]


def create(cloud: Cloud, external_id: str, type_: str = "string", **said: Any) -> dict[str, Any]:
    field = {"external_id": external_id, "label": external_id.upper(), "type": type_, **said}
    if type_ in ("enum", "set"):
        field.setdefault("datasource", {"values": VALUES})
    answer = cloud.admin("POST", "metadata_fields", json=field)
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    return body


def ids(cloud: Cloud) -> list[str]:
    return [one["external_id"] for one in cloud.admin("GET", "metadata_fields").json()["metadata_fields"]]


def values(answer: Any) -> list[str]:
    return [one["value"] for one in answer.json()["values"]]


def test_a_field_is_shown_with_all_its_parts(cloud: Cloud) -> None:
    made = create(cloud, "size", "integer", default_value=3, validation={"type": "less_than", "value": 5})

    assert made == {
        "type": "integer",
        "external_id": "size",
        "label": "SIZE",
        "mandatory": False,
        "default_value": 3,
        "default_disabled": False,
        "validation": {"type": "less_than", "value": 5},
        "restrictions": {"readonly_ui": False},
        "allow_dynamic_list_values": False,
    }
    assert cloud.admin("GET", "metadata_fields/size").json() == made


def test_a_field_without_an_id_is_given_one_and_forms_are_read_too(cloud: Cloud) -> None:
    sent = {"label": "L", "type": "enum", "datasource": '{"values": [{"value": "x"}]}', "mandatory": "true"}

    made = cloud.admin("POST", "metadata_fields", data=sent).json()

    assert ids(cloud) == [made["external_id"]]
    assert made["mandatory"] is True
    assert len(made["external_id"]) == 20
    assert len(made["datasource"]["values"][0]["external_id"]) == 64


def test_an_update_changes_what_it_says_and_null_takes_away(cloud: Cloud) -> None:
    create(cloud, "title", default_value="a", validation={"type": "strlen", "max": 3})
    said = {"external_id": "z", "type": "set", "label": "New", "validation": None, "default_value": "abcd"}

    changed = cloud.admin("PUT", "metadata_fields/title", json=said).json()

    assert (changed["external_id"], changed["type"], changed["label"]) == ("title", "string", "New")
    assert (changed["validation"], changed["default_value"]) == (None, "abcd")


def test_fields_are_ordered(cloud: Cloud) -> None:
    for name in ("b", "c", "a"):
        create(cloud, name)

    def sort(**said: str) -> list[str]:
        answer = cloud.admin("PUT", "metadata_fields/order", json=said)
        return [one["external_id"] for one in answer.json()["metadata_fields"]]

    assert ids(cloud) == ["b", "c", "a"]
    assert sort(order_by="label") == ["a", "b", "c"]
    assert sort(order_by="external_id", direction="desc") == ["c", "b", "a"]
    assert sort(order_by="created_at", direction="asc")[0] in "abc"
    cloud.admin("PUT", "metadata_fields/order", json={"order_by": "label"})
    moved = cloud.admin("PUT", "metadata_fields/c/reorder", json={"position": 1})
    assert [one["external_id"] for one in moved.json()["metadata_fields"]] == ["c", "a", "b"]


def test_entries_are_changed_deleted_restored_and_ordered(cloud: Cloud) -> None:
    create(cloud, "kind", "set")
    path = "metadata_fields/kind/datasource"

    put = cloud.admin("PUT", path, json={"values": [{"external_id": "b", "value": "Bug"}, {"value": "Dog"}]})
    deleted = cloud.admin("DELETE", path, json={"external_ids": ["b"]})
    restored = cloud.admin("POST", f"{path}_restore", json={"external_ids": ["b"]})
    ordered = cloud.admin("POST", f"{path}/order", json={"order_by": "value", "direction": "desc"})

    assert values(put) == ["Bug", "cat", "Ant", "Dog"]
    assert values(deleted) == ["cat", "Ant", "Dog"]
    assert values(restored) == ["Bug", "cat", "Ant", "Dog"]
    assert values(ordered) == ["cat", "Dog", "Bug", "Ant"]
    field = cloud.admin("GET", "metadata_fields/kind").json()
    active = [one | {"state": "active"} for one in ordered.json()["values"]]
    assert field["datasource"] == {"values": active}


def test_entries_can_be_shown_by_their_values(cloud: Cloud) -> None:
    made = create(cloud, "kind", "enum", alphabetically_sorted=True)

    assert [one["value"] for one in made["datasource"]["values"]] == ["Ant", "Bee", "cat"]
    assert made["alphabetically_sorted"] is True


def test_entries_are_found_by_their_values(cloud: Cloud) -> None:
    create(cloud, "kind", "set")
    create(cloud, "other", "enum", datasource={"values": [{"external_id": "x", "value": "CATalogue"}]})
    cloud.admin("DELETE", "metadata_fields/kind/datasource", json={"external_ids": ["a"]})

    everywhere = cloud.admin("POST", "metadata_fields/datasource/search", json={"term": "cat"}).json()
    here = cloud.admin("POST", "metadata_fields/kind/datasource/search?term=a", json={})
    exact = cloud.admin("POST", "metadata_fields/kind/datasource/search?term=ca&exact_match=true", json={})

    assert [(one["field_id"], one["value"]) for one in everywhere] == [
        ("kind", "cat"),
        ("other", "CATalogue"),
    ]
    assert (values(here), values(exact)) == (["cat"], [])


def test_a_deleted_field_is_gone_and_its_id_stays_taken(cloud: Cloud) -> None:
    create(cloud, "gone", "integer")

    answer = cloud.admin("DELETE", "metadata_fields/gone")

    assert answer.json() == {"message": "ok"}
    assert ids(cloud) == []
    again = {"external_id": "gone", "label": "x", "type": "string"}
    refused = cloud.admin("POST", "metadata_fields", json=again)
    assert (refused.status_code, refused.json()["error"]["message"]) == (
        400,
        "external id gone already exists",
    )


def test_rules_come_and_go(cloud: Cloud) -> None:
    for name in ("a", "b"):
        create(cloud, name)
    condition = {"metadata_field_id": "b", "equals": "x"}
    said = {"metadata_field_id": "a", "name": "r", "condition": condition, "result": {"enable": False}}

    made = cloud.admin("POST", "metadata_rules", json=said).json()
    path = f"metadata_rules/{made['external_id']}"
    changed = cloud.admin(
        "PUT", path, json={"name": "s", "state": "inactive", "condition": {}, "result": {}}
    ).json()

    assert (made["state"], len(made["external_id"]), len(made["condition_signature"])) == ("active", 64, 36)
    assert changed == made | {"name": "s", "state": "inactive"}
    assert cloud.admin("GET", "metadata_rules").json() == {"metadata_rules": [changed]}
    assert cloud.admin("DELETE", path).json() == {"success": True}
    assert cloud.admin("GET", "metadata_rules").json() == {"metadata_rules": []}


FIELD = {"external_id": "new", "label": "New", "type": "string"}
RULE = {"metadata_field_id": "t", "name": "n", "result": {"enable": True}}


@pytest.mark.parametrize(
    ("method", "path", "said", "status", "message"),
    [
        ("GET", "metadata_fields/none", None, 404, "Metadata field none not found"),
        ("PUT", "metadata_fields/none", {"label": "x"}, 404, "Metadata field none not found"),
        ("DELETE", "metadata_fields/none", None, 404, "Metadata field none not found"),
        ("PUT", "metadata_fields/none/reorder", {"position": 1}, 404, "Metadata field none not found"),
        ("PUT", "metadata_fields/t/reorder", {}, 400, "Missing required parameter - position"),
        ("POST", "metadata_fields", {"type": "string"}, 400, "Missing required parameter - label"),
        ("POST", "metadata_fields", {"label": "x"}, 400, "Missing required parameter - type"),
        ("POST", "metadata_fields", FIELD | {"type": "float"}, 400, "type is invalid"),
        ("POST", "metadata_fields", FIELD | {"mandatory": "x"}, 400, "mandatory is invalid"),
        ("POST", "metadata_fields", FIELD | {"label": "x" * 256}, 400, "label is invalid"),
        ("POST", "metadata_fields", FIELD | {"type": "enum"}, 400, "datasource is invalid"),
        (
            "POST",
            "metadata_fields",
            FIELD | {"type": "set", "datasource": {"values": ["x"]}},
            400,
            "datasource is invalid",
        ),
        ("POST", "metadata_fields", FIELD | {"external_id": "t"}, 400, "external id t already exists"),
        ("POST", "metadata_fields", FIELD | {"default_value": 5}, 400, "default_value is invalid"),
        ("PUT", "metadata_fields/e", {"default_value": "none"}, 400, "default_value is invalid"),
        ("PUT", "metadata_fields/t/datasource", {"values": []}, 400, "datasource is invalid"),
        ("PUT", "metadata_fields/e/datasource", {}, 400, "datasource is invalid"),
        (
            "DELETE",
            "metadata_fields/e/datasource",
            {"external_ids": ["a", "q"]},
            400,
            'Datasource External IDs do not exist: ["q"]',
        ),
        ("DELETE", "metadata_fields/e/datasource", {}, 400, "Missing required parameter - external_ids"),
        (
            "POST",
            "metadata_fields/e/datasource/order",
            {"order_by": "x"},
            400,
            "Invalid value for parameter order_by: x",
        ),
        ("PUT", "metadata_fields/order", {}, 400, "Missing required parameter - order_by"),
        (
            "PUT",
            "metadata_fields/order",
            {"order_by": "label", "direction": "up"},
            400,
            "Invalid value for parameter direction: up",
        ),
        ("POST", "metadata_fields/datasource/search", {}, 400, "Missing required parameter - term"),
        ("POST", "metadata_rules", {}, 400, "Missing required parameter - metadata_field_id"),
        ("POST", "metadata_rules", RULE | {"condition": {}}, 400, "condition is invalid"),
        ("POST", "metadata_rules", RULE | {"condition": {"and": []}}, 400, "condition is invalid"),
        (
            "POST",
            "metadata_rules",
            RULE | {"condition": {"metadata_field_id": "q", "equals": "x"}},
            400,
            'Metadata External IDs do not exist: ["q"]',
        ),
        (
            "POST",
            "metadata_rules",
            RULE | {"condition": {"metadata_field_id": "t", "populated": True}, "result": {}},
            400,
            "result is invalid",
        ),
        ("PUT", "metadata_rules/none", {"name": "x"}, 404, "Metadata rule none not found"),
        ("DELETE", "metadata_rules/none", None, 404, "Metadata rule none not found"),
    ],
)
def test_refusals(
    cloud: Cloud, method: str, path: str, said: dict[str, Any] | None, status: int, message: str
) -> None:
    create(cloud, "t")
    create(cloud, "e", "enum")

    answer = cloud.admin(method, path, json=said)

    assert (answer.status_code, answer.json()) == (status, {"error": {"message": message}})
    assert answer.headers["x-cld-error"] == message


def test_fields_are_limited_and_conditions_are_not_deep(cloud: Cloud) -> None:
    for number in range(100):
        create(cloud, f"f{number}")
    one_more = cloud.admin("POST", "metadata_fields", json=FIELD)
    condition: dict[str, Any] = {"metadata_field_id": "f1", "populated": True}
    for _ in range(6):
        condition = {"and": [condition]}
    deep = cloud.admin(
        "POST", "metadata_rules", json=RULE | {"metadata_field_id": "f0", "condition": condition}
    )

    assert one_more.json()["error"]["message"] == "metadata_fields (more than 100) is invalid"
    assert deep.json()["error"]["message"] == "condition is invalid"


def test_definitions_are_bounded(cloud: Cloud) -> None:
    long = cloud.admin("POST", "metadata_fields", json=FIELD | {"restrictions": {"x": "y" * 100_000}})
    deep = cloud.admin(
        "POST", "metadata_fields", content="[" * 100_000, headers={"Content-Type": "application/json"}
    )

    assert long.json()["error"]["message"] == "Invalid request - 'new' has more than 100000 characters"
    assert (deep.status_code, ids(cloud)) == (400, [])


def test_assets_have_values_until_their_field_is_deleted(cloud: Cloud, png: bytes) -> None:
    create(cloud, "title")
    create(cloud, "kind", "set")
    cloud.upload(png, public_id="staging_clips/a", metadata='title=x|kind=["a"]')
    path = "resources/image/upload/staging_clips/a"

    updated = cloud.admin("POST", path, data={"metadata": "title=y"}).json()
    unknown = cloud.admin("POST", path, data={"metadata": "none=y"})
    cloud.admin("DELETE", "metadata_fields/kind")

    assert updated["metadata"] == {"title": "y", "kind": ["a"]}
    assert unknown.json()["error"]["message"] == 'Metadata External IDs do not exist: ["none"]'
    assert cloud.admin("GET", path).json()["metadata"] == {"title": "y"}
    listed = cloud.admin("GET", "resources/image/upload", params={"metadata": "true"}).json()
    assert listed["resources"][0]["metadata"] == {"title": "y"}
    found = cloud.admin("POST", "resources/search", json={"with_field": ["metadata"]}).json()
    assert found["resources"][0]["metadata"] == {"title": "y"}
