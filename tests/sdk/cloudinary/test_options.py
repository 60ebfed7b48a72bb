from __future__ import annotations

from typing import Any

import cloudinary.api
import cloudinary.exceptions
import cloudinary.uploader
import pytest

from tests.fakes.cloudinary.conftest import image


@pytest.mark.usefixtures("fakes")
def test_structured_metadata_goes_up_with_a_file_and_changes() -> None:
    cloudinary.api.add_metadata_field({"external_id": "kind", "label": "Kind", "type": "string"})
    cloudinary.api.add_metadata_field(
        {
            "external_id": "moods",
            "label": "Moods",
            "type": "set",
            "datasource": {
                "values": [{"external_id": "m1", "value": "v1"}, {"external_id": "m2", "value": "v2"}]
            },
        }
    )
    values = {"kind": "a|b=c", "moods": ["m1", "m2"]}

    uploaded = cloudinary.uploader.upload(image(4, 4), public_id="staging_clips/a", metadata=values)
    explicit = cloudinary.uploader.explicit(
        "staging_clips/a", type="upload", metadata={"kind": "x", "moods": ["m2"]}
    )
    updated = cloudinary.uploader.update_metadata({"kind": "y"}, ["staging_clips/a", "staging_clips/none"])

    assert uploaded["metadata"] == values
    assert explicit["metadata"] == {"kind": "x", "moods": ["m2"]}
    assert updated["public_ids"] == ["staging_clips/a"]
    assert cloudinary.uploader.rename("staging_clips/a", "staging_clips/b", metadata=True)["metadata"] == {
        "kind": "y",
        "moods": ["m2"],
    }
    with pytest.raises(cloudinary.exceptions.BadRequest, match="do not exist"):
        cloudinary.uploader.upload(image(4, 4), public_id="staging_clips/c", metadata={"none": "1"})


@pytest.mark.usefixtures("fakes")
def test_coordinates_are_limited_at_upload_and_replaced_by_explicit() -> None:
    coordinates = [[120, 30, 109, 150], [121, 31, 110, 151]]

    uploaded = cloudinary.uploader.upload(
        image(241, 51), public_id="staging_clips/a", face_coordinates=coordinates, faces=True
    )
    explicit = cloudinary.uploader.explicit(
        "staging_clips/a",
        type="upload",
        faces=True,
        face_coordinates=[[122, 32, 111, 152]],
        custom_coordinates=[1, 2, 3, 4],
    )

    assert uploaded["faces"] == [[120, 30, 109, 51], [121, 31, 110, 51]]
    assert explicit["faces"] == [[122, 32, 111, 152]]
    assert explicit["coordinates"] == {"faces": [[122, 32, 111, 152]], "custom": [[1, 2, 3, 4]]}


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"raw_convert": "illegal", "resource_type": "raw"}, "BadRequest", "Raw convert is invalid"),
        ({"categorization": "illegal"}, "BadRequest", "is not valid"),
        ({"detection": "illegal"}, "BadRequest", "Detection invalid model 'illegal'"),
        ({"background_removal": "illegal"}, "BadRequest", "is invalid"),
        ({"ocr": "adv_ocr"}, "RateLimited", "You don't have an active subscription"),
    ],
)
@pytest.mark.usefixtures("fakes")
def test_add_ons_are_refused(options: dict[str, Any], error: str, message: str) -> None:
    with pytest.raises(getattr(cloudinary.exceptions, error), match=message):
        cloudinary.uploader.upload(image(4, 4), public_id="staging_clips/a", **options)


@pytest.mark.usefixtures("fakes")
def test_unsigned_uploads_take_their_options_from_a_preset() -> None:
    preset = cloudinary.api.create_upload_preset(
        unsigned=True, folder="staging_clips", tags=["p"], moderation="manual"
    )

    uploaded = cloudinary.uploader.unsigned_upload(image(4, 4), preset["name"], tags=["q"])

    assert uploaded["public_id"].startswith("staging_clips/")
    assert (uploaded["tags"], uploaded["moderation"][0]["status"]) == (["p", "q"], "pending")
    with pytest.raises(cloudinary.exceptions.BadRequest, match="Overwrite parameter is not allowed"):
        cloudinary.uploader.unsigned_upload(image(4, 4), preset["name"], overwrite=True)
