from __future__ import annotations

from typing import Any

import pytest

from tests.fakes.cloudinary.conftest import Cloud

DOCUMENT: dict[str, Any] = {
    "upload_presets": [{"name": "clips", "unsigned": True, "settings": {"folder": "staging_clips"}}],
    "transformations": [{"name": "small", "transformation": "w_40"}],
    "streaming_profiles": [{"name": "tiny", "representations": ["w_100"]}],
    "upload_mappings": [{"folder": "staging_clips/m", "template": "http://127.0.0.1/"}],
    "triggers": [{"uri": "poll://x", "event_type": "upload", "uri_type": "poll"}],
    "metadata_fields": [
        {"external_id": "title", "label": "Title", "type": "string", "mandatory": True, "default_value": "x"},
        {
            "external_id": "kind",
            "label": "Kind",
            "type": "enum",
            "datasource": {"values": [{"external_id": "a", "value": "A"}]},
        },
    ],
}


def seed(cloud: Cloud, document: dict[str, Any]) -> Any:
    return cloud.http.put(f"{cloud.url}/_fake/state", json=document)


def test_settings_can_be_seeded_and_come_back_with_a_reset(cloud: Cloud) -> None:
    seed(cloud, DOCUMENT).raise_for_status()
    cloud.admin("DELETE", "upload_presets/clips").raise_for_status()
    cloud.http.post(f"{cloud.url}/_fake/reset").raise_for_status()

    preset = cloud.admin("GET", "upload_presets/clips").json()
    assert (preset["unsigned"], preset["settings"]) == (True, {"folder": "staging_clips"})
    assert cloud.admin("GET", "transformations/small").json()["info"] == [{"width": 40}]
    assert cloud.admin("GET", "streaming_profiles/tiny").json()["data"]["predefined"] is False
    assert len(cloud.admin("GET", "upload_mappings").json()["mappings"]) == 1
    assert cloud.admin("GET", "triggers").json()["total"] == 1
    fields = cloud.admin("GET", "metadata_fields").json()["metadata_fields"]
    assert [one["external_id"] for one in fields] == ["title", "kind"]


@pytest.mark.parametrize(
    ("kind", "entry", "message"),
    [
        (
            "upload_presets",
            {"name": "p", "setings": {}},
            "upload_presets[] has 'setings', which is not known",
        ),
        ("upload_presets", {"name": "p", "cloud": "x"}, "upload_presets[].cloud is 'x', which no account"),
        ("upload_presets", {}, "upload_presets[].name is None; it must be text"),
        ("upload_presets", {"name": "p", "settings": {"folder": 1}}, "[].folder is 1; it must be text"),
        ("upload_presets", {"name": "p", "settings": []}, "settings is []; it must be an object"),
        ("transformations", {"name": "x", "transformation": "w_abc"}, "Invalid width in transformation: abc"),
        ("streaming_profiles", {"name": "x"}, "representations is None; it must be a list of texts"),
        ("upload_mappings", {"folder": "x", "template": "y"}, "Invalid value for parameter template: y"),
        ("triggers", {"uri": "poll://x", "event_type": "x"}, "Invalid value for parameter event_type: x"),
        ("metadata_fields", {"external_id": "x", "label": "x", "type": "y"}, "type is 'y'"),
        (
            "metadata_fields",
            {"external_id": "x", "label": "x", "type": "string", "mandatory": 1},
            "mandatory is 1; it must be true or false",
        ),
        ("metadata_fields", {"external_id": "x", "label": "x", "type": "set"}, "datasource is invalid"),
        (
            "metadata_fields",
            {"external_id": "x", "label": "x", "type": "set", "datasource": {"values": ["x"]}},
            "datasource.values is ['x']; it must be a list of objects",
        ),
    ],
)
def test_settings_that_cannot_be_are_refused(
    cloud: Cloud, kind: str, entry: dict[str, Any], message: str
) -> None:
    answer = seed(cloud, {kind: [entry]})

    assert answer.status_code == 400
    assert message in answer.text
