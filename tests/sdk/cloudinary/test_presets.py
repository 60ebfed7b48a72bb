import cloudinary.api
import pytest
from cloudinary.exceptions import NotFound


@pytest.mark.usefixtures("fakes")
def test_presets_come_and_go() -> None:
    for number in range(3):
        cloudinary.api.create_upload_preset(name=f"preset{number}", folder=f"folder{number}")
    listed = cloudinary.api.upload_presets()["presets"]
    assert [one["name"] for one in listed] == ["preset2", "preset1", "preset0"]

    made = cloudinary.api.create_upload_preset(
        unsigned=True, folder="folder", width=100, crop="scale", tags=["a", "b", "c"], context={"a": "b"}
    )
    shown = cloudinary.api.upload_preset(made["name"])
    assert shown["unsigned"] is True
    assert shown["settings"] == {
        "folder": "folder",
        "transformation": [{"width": 100, "crop": "scale"}],
        "context": {"a": "b"},
        "tags": ["a", "b", "c"],
    }

    cloudinary.api.delete_upload_preset(made["name"])
    with pytest.raises(NotFound, match="Can't find"):
        cloudinary.api.upload_preset(made["name"])


@pytest.mark.usefixtures("fakes")
def test_settings_that_were_read_can_be_sent_back_with_others() -> None:
    name = cloudinary.api.create_upload_preset(folder="folder", tags=["a", "b"])["name"]
    settings = cloudinary.api.upload_preset(name)["settings"]

    cloudinary.api.update_upload_preset(
        name, colors=True, unsigned=True, disallow_public_id=True, live=True, **settings
    )

    shown = cloudinary.api.upload_preset(name)
    assert shown["unsigned"] is True
    assert shown["settings"] == {
        "folder": "folder",
        "tags": ["a", "b"],
        "colors": True,
        "disallow_public_id": True,
        "live": True,
    }
