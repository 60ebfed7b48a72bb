from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from fakes.cloudinary.state.documents import SCHEMA as DOCUMENTS
from fakes.cloudinary.state.metadata import SCHEMA, Entry, Metadata
from fakes.cloudinary.state.metadata.rules import holds
from fakes.kit.clock import SettableClock
from fakes.kit.errors import ProviderError
from fakes.kit.ids import Ids
from fakes.kit.store import Store

CLOUD = "staging"
OPTIONS = [Entry("red", "Red"), Entry("green", "Green"), Entry("blue", "Blue")]


@pytest.fixture
def metadata() -> Iterator[Metadata]:
    store = Store(None, f"{DOCUMENTS};{SCHEMA}")
    yield Metadata(store, SettableClock(lambda: 1_700_000_000.0), Ids(1))
    store.close()


def add(metadata: Metadata, external_id: str, type_: str = "string", **said: Any) -> None:
    entries = OPTIONS if type_ in ("enum", "set") else None
    metadata.fields.create(
        CLOUD, {"external_id": external_id, "type": type_, "label": external_id, **said}, entries
    )


def rule(metadata: Metadata, field: str, condition: dict[str, Any], **result: Any) -> None:
    said = {"metadata_field_id": field, "condition": condition, "result": result, "name": field}
    metadata.rules.create(CLOUD, said)


def test_an_upload_gives_values_of_every_type_and_gets_the_defaults(metadata: Metadata) -> None:
    add(metadata, "title")
    add(metadata, "count", "integer")
    add(metadata, "day", "date")
    add(metadata, "colour", "enum")
    add(metadata, "colours", "set")
    add(metadata, "kind", default_value="clip")

    found = metadata.of_upload(
        CLOUD, r'title=a\|b|count=3|day=2026-01-02|colour=red|colours=["blue","red","blue"]'
    )

    assert found == {
        "title": "a|b",
        "count": 3,
        "day": "2026-01-02",
        "colour": "red",
        "colours": ["blue", "red"],
        "kind": "clip",
    }
    assert metadata.of_upload("other", "") == {}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("none=1|title=a|nil=2", 'Metadata External IDs do not exist: ["none", "nil"]'),
        ("colour=Red", "'Red' is not valid for field 'colour'"),
        ('colours=["red","pink"]', "'pink' is not valid for field 'colours'"),
        ("title=abcdef", "'abcdef' is not valid for field 'title'"),
        ("colour=red", 'Mandatory metadata is missing: ["title"]'),
        ("title=", 'Mandatory metadata is missing: ["title"]'),
        ("title", "Invalid value for parameter metadata: title"),
    ],
)
def test_what_does_not_fit_is_refused(metadata: Metadata, text: str, message: str) -> None:
    add(metadata, "title", mandatory=True, validation={"type": "strlen", "max": 5})
    add(metadata, "colour", "enum")
    add(metadata, "colours", "set")

    with pytest.raises(ProviderError) as caught:
        metadata.of_upload(CLOUD, text)

    assert (caught.value.status, caught.value.message) == (400, message)


def test_an_update_changes_what_it_names(metadata: Metadata) -> None:
    add(metadata, "title", mandatory=True, default_value="x")
    add(metadata, "kind", default_value="clip")
    add(metadata, "count", "integer")

    changed = metadata.of_change(CLOUD, {"title": "a", "count": 3, "gone": "y"}, "count=")

    assert changed == {"title": "a"}
    with pytest.raises(ProviderError, match=r'Mandatory metadata is missing: \["title"\]'):
        metadata.of_change(CLOUD, {"title": "a"}, "title=")


def test_unknown_options_become_entries_where_the_field_allows_it(metadata: Metadata) -> None:
    add(metadata, "colours", "set", allow_dynamic_list_values=True)
    add(metadata, "count", "integer")

    found = metadata.of_upload(CLOUD, 'colours=["red","Pink","Green"]')
    again = metadata.of_upload(CLOUD, "colours=Pink")

    entries = metadata.fields.datasources.all(CLOUD, "colours")
    assert [entry.value for entry in entries] == ["Red", "Green", "Blue", "Pink"]
    assert found == {"colours": ["red", entries[3].external_id, "green"]}
    assert again == {"colours": [entries[3].external_id]}
    with pytest.raises(ProviderError, match="'x' is not valid"):
        metadata.of_upload(CLOUD, "colours=Brown|count=x")
    assert len(metadata.fields.datasources.all(CLOUD, "colours")) == 4


def test_a_field_that_is_off_waits_for_its_rule(metadata: Metadata) -> None:
    add(metadata, "colour", "enum")
    add(metadata, "shade", mandatory=True, default_disabled=True, default_value="deep")
    rule(metadata, "shade", {"metadata_field_id": "colour", "equals": "red"}, enable=True)

    assert metadata.of_upload(CLOUD, "colour=blue") == {"colour": "blue"}
    assert metadata.of_upload(CLOUD, "colour=red") == {"colour": "red", "shade": "deep"}
    with pytest.raises(ProviderError, match="'dark' is not valid for field 'shade'"):
        metadata.of_upload(CLOUD, "colour=blue|shade=dark")
    present: dict[str, Any] = {"colour": "red", "shade": "deep"}
    kept = metadata.of_change(CLOUD, present, "colour=blue")
    cleared = metadata.of_change(CLOUD, present, "colour=blue", clear_invalid=True)
    assert (kept, cleared) == ({"colour": "blue", "shade": "deep"}, {"colour": "blue"})


def test_rules_choose_options_and_give_values_one_after_another(metadata: Metadata) -> None:
    add(metadata, "size", "integer")
    add(metadata, "colour", "enum")
    add(metadata, "note")
    add(metadata, "colours", "set")
    big = {"metadata_field_id": "size", "equals": 9}
    rule(metadata, "colour", big, activate_values={"external_ids": ["red", "blue"]})
    rule(metadata, "colour", big, apply_value={"value": "blue", "mode": "default"})
    rule(metadata, "note", {"metadata_field_id": "colour", "populated": True}, set_mandatory=True)
    rule(metadata, "colours", big, apply_value={"value": ["green"], "mode": "append"})

    assert metadata.of_upload(CLOUD, "size=1") == {"size": 1}
    with pytest.raises(ProviderError, match=r'Mandatory metadata is missing: \["note"\]'):
        metadata.of_upload(CLOUD, "size=9")
    with pytest.raises(ProviderError, match="'green' is not valid for field 'colour'"):
        metadata.of_upload(CLOUD, "size=9|colour=green|note=n")
    assert metadata.of_upload(CLOUD, "size=9|note=n") == {
        "size": 9,
        "note": "n",
        "colour": "blue",
        "colours": ["green"],
    }
    changed = metadata.of_change(CLOUD, {"size": 9, "colours": ["red"], "note": "n"}, "note=m")
    assert changed["colours"] == ["red", "green"]


@pytest.mark.parametrize(
    ("condition", "does_hold"),
    [
        ({"metadata_field_id": "a", "equals": "1"}, True),
        ({"metadata_field_id": "a", "equals": "2"}, False),
        ({"metadata_field_id": "s", "equals": ["y", "x"]}, True),
        ({"metadata_field_id": "s", "equals": ["x"]}, False),
        ({"metadata_field_id": "s", "includes": ["x"]}, True),
        ({"metadata_field_id": "s", "includes": ["x", "z"]}, False),
        ({"metadata_field_id": "none", "populated": False}, True),
        ({"metadata_field_id": "s", "populated": False}, False),
        (
            {
                "and": [
                    {"metadata_field_id": "a", "populated": True},
                    {
                        "or": [
                            {"metadata_field_id": "a", "equals": "2"},
                            {"metadata_field_id": "s", "includes": ["y"]},
                        ]
                    },
                ]
            },
            True,
        ),
    ],
)
def test_conditions(condition: dict[str, Any], *, does_hold: bool) -> None:
    assert holds(condition, {"a": "1", "s": ["x", "y"]}) is does_hold


def test_rules_turn_off_free_and_override(metadata: Metadata) -> None:
    add(metadata, "colour", "enum")
    add(metadata, "note", mandatory=True)
    add(metadata, "mood", default_value="calm")
    red = {"metadata_field_id": "colour", "equals": "red"}
    rule(metadata, "note", red, set_mandatory=False)
    rule(metadata, "mood", red, apply_value={"value": "hot", "mode": "override"})
    rule(metadata, "mood", {"metadata_field_id": "colour", "equals": "blue"}, disable=True)

    assert metadata.of_upload(CLOUD, "colour=red|mood=cold") == {"colour": "red", "mood": "hot"}
    assert metadata.of_upload(CLOUD, "colour=blue|note=n") == {"colour": "blue", "note": "n"}
    assert metadata.of_upload(CLOUD, "colour=green|note=n")["mood"] == "calm"


def test_options_are_replaced_or_added_by_later_rules(metadata: Metadata) -> None:
    add(metadata, "size", "integer")
    add(metadata, "colour", "enum")
    always = {"metadata_field_id": "size", "populated": True}
    rule(metadata, "colour", always, activate_values={"external_ids": ["red"]})
    rule(metadata, "colour", always, activate_values={"external_ids": ["blue"], "exclusive": False})

    assert metadata.of_upload(CLOUD, "size=1|colour=red")["colour"] == "red"
    with pytest.raises(ProviderError, match="'green' is not valid"):
        metadata.of_upload(CLOUD, "size=1|colour=green")
    rule(metadata, "colour", always, activate_values="all")
    assert metadata.of_upload(CLOUD, "size=1|colour=green")["colour"] == "green"
