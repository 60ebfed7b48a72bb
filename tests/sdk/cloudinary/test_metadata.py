from typing import Any

import cloudinary.api
import cloudinary.uploader
import pytest
from cloudinary.exceptions import BadRequest, NotFound

from tests.fakes.cloudinary.conftest import image

OPTIONS = [{"value": "v2", "external_id": "first"}, {"value": "v3"}, {"value": "v4"}]


def values(datasource: Any) -> list[str]:
    return [one["value"] for one in datasource["values"]]


@pytest.mark.usefixtures("fakes")
def test_fields_come_change_and_go() -> None:
    made = cloudinary.api.add_metadata_field(
        {"external_id": "day", "label": "Day", "type": "date", "restrictions": {"readonly_ui": True}}
    )
    changed = cloudinary.api.update_metadata_field(
        "day", {"external_id": "x", "type": "integer", "label": "Date", "default_value": "2026-01-01"}
    )

    assert (made["type"], made["mandatory"], made["restrictions"]) == ("date", False, {"readonly_ui": True})
    assert (changed["external_id"], changed["type"], changed["label"]) == ("day", "date", "Date")
    assert cloudinary.api.metadata_field_by_field_id("day") == changed
    assert cloudinary.api.list_metadata_fields()["metadata_fields"] == [changed]
    assert cloudinary.api.reorder_metadata_fields("label", "asc")["metadata_fields"] == [changed]
    assert cloudinary.api.delete_metadata_field("day")["message"] == "ok"
    with pytest.raises(NotFound):
        cloudinary.api.metadata_field_by_field_id("day")
    with pytest.raises(BadRequest, match="external id day already exists"):
        cloudinary.api.add_metadata_field({"external_id": "day", "label": "Day", "type": "date"})


@pytest.mark.usefixtures("fakes")
def test_datasources_change() -> None:
    field = {"external_id": "s", "label": "S", "type": "set", "datasource": {"values": OPTIONS}}
    cloudinary.api.add_metadata_field(field | {"allow_dynamic_list_values": True})

    updated = cloudinary.api.update_metadata_field_datasource("s", [{"value": "v1", "external_id": "first"}])
    deleted = cloudinary.api.delete_datasource_entries("s", ["first"])
    restored = cloudinary.api.restore_metadata_field_datasource("s", ["first"])
    ordered = cloudinary.api.reorder_metadata_field_datasource("s", "value", "desc")

    assert updated["values"][0] == {"value": "v1", "external_id": "first"}
    assert values(updated) == ["v1", "v3", "v4"]
    assert (values(deleted), values(restored)) == (["v3", "v4"], ["v1", "v3", "v4"])
    assert values(ordered) == ["v4", "v3", "v1"]


@pytest.mark.usefixtures("fakes")
def test_default_values_must_pass_the_validation() -> None:
    validation = {"type": "less_than", "equals": True, "value": 5}
    field = {"label": "n", "type": "integer", "validation": validation}

    made = cloudinary.api.add_metadata_field(field | {"external_id": "five", "default_value": 5})

    assert (made["validation"], made["default_value"]) == (validation, 5)
    with pytest.raises(BadRequest, match="default_value is invalid"):
        cloudinary.api.add_metadata_field(field | {"external_id": "six", "default_value": 6})


@pytest.mark.usefixtures("fakes")
def test_rules_come_change_and_go() -> None:
    for name in ("a", "b"):
        cloudinary.api.add_metadata_field({"external_id": name, "label": name, "type": "string"})
    made = cloudinary.api.add_metadata_rule(
        {
            "metadata_field_id": "a",
            "condition": {"metadata_field_id": "b", "equals": "x"},
            "result": {"enable": True, "activate_values": "all"},
            "name": "rule",
        }
    )

    changed = cloudinary.api.update_metadata_rule(made["external_id"], {"state": "inactive"})

    assert cloudinary.api.list_metadata_rules()["metadata_rules"] == [made | {"state": "inactive"}]
    assert changed["condition"] == made["condition"]
    assert cloudinary.api.delete_metadata_rule(made["external_id"])["success"] is True


@pytest.mark.usefixtures("fakes")
def test_assets_get_change_and_show_values() -> None:
    for field in (
        {"external_id": "title", "label": "Title", "type": "string"},
        {"external_id": "count", "label": "Count", "type": "integer", "default_value": 3},
        {"external_id": "s", "label": "S", "type": "set", "datasource": {"values": OPTIONS}},
    ):
        cloudinary.api.add_metadata_field(field)
    given = {"title": "a|b=c", "s": ["first"]}

    uploaded = cloudinary.uploader.upload(image(4, 4), public_id="staging_clips/a", metadata=given)
    touched = cloudinary.uploader.update_metadata({"count": 5}, ["staging_clips/a", "staging_clips/none"])
    explicit = cloudinary.uploader.explicit("staging_clips/a", type="upload", metadata={"title": "z"})
    updated = cloudinary.api.update("staging_clips/a", metadata={"s": ""})

    assert uploaded["metadata"] == {"title": "a|b=c", "s": ["first"], "count": 3}
    assert touched["public_ids"] == ["staging_clips/a"]
    assert explicit["metadata"] == {"title": "z", "s": ["first"], "count": 5}
    assert updated["metadata"] == {"title": "z", "count": 5}
    found = cloudinary.Search().expression("metadata.title=z").with_field("metadata").execute()
    assert found["resources"][0]["metadata"] == updated["metadata"]
    with pytest.raises(BadRequest, match="Metadata External IDs do not exist"):
        cloudinary.uploader.upload(image(4, 4), public_id="staging_clips/b", metadata={"none": "x"})
    with pytest.raises(NotFound):
        cloudinary.api.resource("staging_clips/b")
