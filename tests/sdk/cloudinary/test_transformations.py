import cloudinary.api
import cloudinary.uploader
import cloudinary.utils
import httpx
import pytest
from cloudinary.exceptions import AlreadyExists, NotFound

from tests.fakes.cloudinary.conftest import image

SCALED = {"crop": "scale", "width": 100}


@pytest.mark.usefixtures("fakes")
def test_named_transformations_come_change_and_go() -> None:
    cloudinary.api.create_transformation("small", {"crop": "scale", "width": 102})
    with pytest.raises(AlreadyExists):
        cloudinary.api.create_transformation("small", {"width": 1})
    cloudinary.api.update_transformation("small", unsafe_update={"crop": "scale", "width": 103})

    shown = cloudinary.api.transformation("small")
    assert (shown["info"], shown["used"]) == ([{"crop": "scale", "width": 103}], False)
    listed = cloudinary.api.transformations(named=True)["transformations"]
    assert [one["name"] for one in listed] == ["t_small"]

    cloudinary.api.delete_transformation("small")
    with pytest.raises(NotFound):
        cloudinary.api.transformation("small")


@pytest.mark.usefixtures("fakes")
def test_what_eager_made_is_told_by_text_and_by_options() -> None:
    cloudinary.uploader.upload(image(200, 100), public_id="staging_clips/a", eager=[SCALED])

    by_text, by_options = (
        cloudinary.api.transformation("c_scale,w_100"),
        cloudinary.api.transformation(SCALED),
    )
    assert by_text["info"] == [SCALED]
    assert by_text == by_options
    assert by_text["derived"][0]["public_id"] == "staging_clips/a"

    cloudinary.api.update_transformation(SCALED, allowed_for_strict=True)
    assert cloudinary.api.transformation(SCALED)["allowed_for_strict"] is True
    cloudinary.api.delete_transformation(SCALED)
    assert cloudinary.api.resource("staging_clips/a")["derived"] == []


@pytest.mark.usefixtures("fakes")
@pytest.mark.parametrize(("extension", "shown"), [("jpg", "jpg"), ("", "none")])
def test_unnamed_ones_may_have_an_extension(extension: str, shown: str) -> None:
    with_extension = SCALED | {"format": extension}
    text = f"c_scale,w_100/{extension}"

    cloudinary.api.create_transformation(text, with_extension)

    assert cloudinary.api.transformation(with_extension)["info"] == [SCALED | {"extension": shown}]


@pytest.mark.usefixtures("fakes")
def test_urls_name_them() -> None:
    cloudinary.uploader.upload(image(200, 100), public_id="staging_clips/a")
    cloudinary.api.create_transformation("half", {"width": 0.5})

    url, _ = cloudinary.utils.cloudinary_url("staging_clips/a", transformation="half", format="png")

    assert httpx.get(url).status_code == 200
