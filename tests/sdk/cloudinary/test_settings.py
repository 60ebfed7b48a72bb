from typing import Any

import cloudinary.api
import pytest
from cloudinary.exceptions import AlreadyExists, NotFound


@pytest.mark.usefixtures("fakes")
def test_streaming_profiles_come_change_and_go() -> None:
    limit: dict[str, Any] = {"bit_rate": "5m", "height": 1200, "width": 1200, "crop": "limit"}
    scale = limit | {"crop": "scale"}

    made = cloudinary.api.create_streaming_profile(
        "square", display_name="Square", representations=[{"transformation": limit}]
    )
    with pytest.raises(AlreadyExists):
        cloudinary.api.create_streaming_profile("square", representations=[{"transformation": limit}])
    changed = cloudinary.api.update_streaming_profile("square", representations=[{"transformation": scale}])

    assert made["data"]["representations"] == [{"transformation": [limit]}]
    assert changed["data"]["representations"] == [{"transformation": [scale]}]
    assert cloudinary.api.get_streaming_profile("square")["data"]["display_name"] == "Square"
    assert cloudinary.api.delete_streaming_profile("square")["message"] == "deleted"
    names = [one["name"] for one in cloudinary.api.list_streaming_profiles()["data"]]
    assert ("square" in names, "full_hd_lean" in names) == (False, True)


@pytest.mark.usefixtures("fakes")
def test_triggers_come_change_and_go() -> None:
    made = cloudinary.api.create_trigger("poll://clips", "upload", uri_type="poll")
    cloudinary.api.update_trigger(made["id"], "poll://other")

    listed = cloudinary.api.triggers(event_type="upload")
    assert [one["uri"] for one in listed["triggers"]] == ["poll://other"]
    assert cloudinary.api.test_trigger(made["id"], {"public_id": "x"})["filter_present"] is False
    cloudinary.api.delete_trigger(made["id"])
    assert cloudinary.api.triggers()["total"] == 0
    with pytest.raises(NotFound):
        cloudinary.api.delete_trigger(made["id"])


@pytest.mark.usefixtures("fakes")
def test_upload_mappings_come_change_and_go() -> None:
    folder = "staging_clips/wiki"
    cloudinary.api.create_upload_mapping(folder, template="http://cloudinary.test")
    cloudinary.api.update_upload_mapping(folder, template="http://res.cloudinary.test")

    assert cloudinary.api.upload_mapping(folder)["template"] == "http://res.cloudinary.test"
    assert [one["folder"] for one in cloudinary.api.upload_mappings()["mappings"]] == [folder]
    cloudinary.api.delete_upload_mapping(folder)
    with pytest.raises(NotFound):
        cloudinary.api.upload_mapping(folder)
