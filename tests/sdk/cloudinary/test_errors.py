from __future__ import annotations

import io
from typing import Any

import cloudinary.api
import cloudinary.exceptions
import cloudinary.uploader
import pytest

from tests.fakes.cloudinary.conftest import image


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"api_secret": "wrong"}, cloudinary.exceptions.AuthorizationRequired, "Invalid Signature"),
        ({"api_key": "1"}, cloudinary.exceptions.AuthorizationRequired, "Unknown API key 1"),
        ({"cloud_name": "nope"}, cloudinary.exceptions.AuthorizationRequired, "Invalid cloud_name nope"),
        ({"cloud_name": "prod"}, cloudinary.exceptions.AuthorizationRequired, "cloud_name mismatch"),
        (
            {"public_id": "prod_clips/a"},
            cloudinary.exceptions.NotAllowed,
            "not authorized to access prod_clips/a",
        ),
        ({"resource_type": "video"}, cloudinary.exceptions.BadRequest, "Unsupported video format or file"),
        ({"allowed_formats": ["jpg"]}, cloudinary.exceptions.BadRequest, "Image file format png not allowed"),
    ],
)
@pytest.mark.usefixtures("fakes")
def test_errors_are_the_ones_that_the_sdk_knows(
    options: dict[str, Any], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        cloudinary.uploader.upload(image(4, 4), **{"public_id": "staging_clips/a", **options})


@pytest.mark.usefixtures("fakes")
def test_errors_can_be_returned() -> None:
    result = cloudinary.uploader.upload(io.BytesIO(b"text"), public_id="staging_clips/a", return_error=True)

    assert result["error"]["message"] == "Invalid image file"
    assert result["error"]["http_code"] == 400
    with pytest.raises(cloudinary.exceptions.AuthorizationRequired, match="api_secret mismatch"):
        cloudinary.api.ping(api_secret="wrong")
