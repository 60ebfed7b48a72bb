import io
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, ImageDraw, ImageFilter
from PIL.TiffImagePlugin import IFDRational

from fakes.cloudinary import analysis
from fakes.cloudinary.analysis import faces, fingerprint, quality, saliency
from fakes.kit.errors import ProviderError

SKIN = (224, 172, 140)


def drawn_face(image: Image.Image, left: int, top: int, *, eyes: bool = True) -> None:
    """A head of 80 x 110."""
    draw = ImageDraw.Draw(image)
    draw.ellipse((left, top, left + 80, top + 110), fill=SKIN)
    draw.rectangle((left + 28, top + 80, left + 52, top + 86), fill=(150, 60, 60))
    if eyes:
        for eye in (18, 48):
            draw.ellipse((left + eye, top + 35, left + eye + 14, top + 45), fill=(30, 20, 20))


def on_disk(image: Image.Image, folder: Path, format_name: str = "PNG", **options: Any) -> Path:
    path = folder / "picture"
    image.save(path, format_name, **options)
    return path


def test_colours_are_counted_and_named(tmp_path: Path) -> None:
    image = Image.new("RGB", (100, 50), (200, 20, 20))
    image.paste((20, 130, 30), (0, 0, 25, 50))

    found = analysis.analyse(on_disk(image, tmp_path), {"colors"})

    assert found == {
        "colors": [["#C81414", 75], ["#14821E", 25]],
        "predominant": {
            "google": [["red", 75], ["green", 25]],
            "cloudinary": [["red", 75], ["green", 25]],
        },
    }


@pytest.mark.parametrize(
    ("color", "name"),
    [
        ((250, 250, 250), "white"),
        ((10, 10, 10), "black"),
        ((120, 120, 120), "gray"),
        ((240, 130, 10), "orange"),
        ((240, 230, 20), "yellow"),
        ((0, 140, 140), "teal"),
        ((10, 40, 200), "blue"),
        ((120, 10, 180), "purple"),
        ((250, 160, 190), "pink"),
        ((110, 60, 20), "brown"),
    ],
)
def test_the_twelve_names_of_colours(tmp_path: Path, color: tuple[int, int, int], name: str) -> None:
    found = analysis.analyse(on_disk(Image.new("RGB", (8, 8), color), tmp_path), {"colors"})

    assert found["predominant"]["google"] == [[name, 100]]


def test_a_transparent_picture_has_the_colours_that_are_seen(tmp_path: Path) -> None:
    image = Image.new("RGBA", (10, 10), (255, 0, 0, 0))
    image.paste((0, 0, 255, 255), (0, 0, 5, 10))

    assert analysis.analyse(on_disk(image, tmp_path), {"colors"})["colors"] == [["#0000FF", 100]]


def test_faces_have_skin_and_eyes(tmp_path: Path) -> None:
    image = Image.new("RGB", (400, 300), (40, 90, 160))
    drawn_face(image, 250, 80)
    drawn_face(image, 60, 150, eyes=False)

    assert analysis.analyse(on_disk(image, tmp_path), {"faces"}) == {"faces": [[250, 80, 80, 110]]}


def test_a_wall_in_the_colour_of_skin_is_no_face() -> None:
    assert faces.find(Image.new("RGB", (300, 300), SKIN)) == []


def test_the_fingerprint_survives_scaling_and_tells_pictures_apart() -> None:
    image = Image.radial_gradient("L").convert("RGB")
    drawn_face(image, 100, 60)
    other = Image.linear_gradient("L").convert("RGB")

    one, smaller, another = (
        int(fingerprint.phash(each), 16) for each in (image, image.resize((90, 70)), other)
    )

    assert len(fingerprint.phash(image)) == 16
    assert (one ^ smaller).bit_count() <= 4
    assert (one ^ another).bit_count() > 10


def test_metadata_are_those_of_the_file(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0110] = "Camera"
    exif.get_ifd(0x8769)[0x829A] = IFDRational(1, 60)
    path = on_disk(Image.new("RGB", (9, 7)), tmp_path, "JPEG", exif=exif, dpi=(72, 72))

    found = analysis.analyse(path, {"image_metadata", "exif"})

    assert found["exif"] == {"Model": "Camera", "ExposureTime": "1/60"}
    assert found["image_metadata"] == {
        "JFIFVersion": "1.01",
        "ResolutionUnit": "inches",
        "XResolution": "72",
        "YResolution": "72",
        "Model": "Camera",
        "ExposureTime": "1/60",
        "Colorspace": "RGB",
        "DPI": "72",
    }
    assert (found["semi_transparent"], found["grayscale"]) == (False, True)


def test_a_sharp_picture_is_more_in_focus_than_a_blurred_one(tmp_path: Path) -> None:
    image = Image.effect_noise((200, 200), 80).convert("RGB")

    sharp = analysis.analyse(on_disk(image, tmp_path), {"quality_analysis"})["quality_analysis"]["focus"]
    blurred = quality.focus(image.filter(ImageFilter.GaussianBlur(6)))

    assert isinstance(sharp, float)
    assert 0.9 < sharp <= 1.0
    assert blurred < 0.2


def test_red_and_green_are_hard_to_tell_apart(tmp_path: Path) -> None:
    image = Image.new("RGB", (60, 20), (200, 60, 0))
    image.paste((98, 122, 0), (20, 0, 40, 20))
    image.paste((0, 0, 250), (40, 0, 60, 20))

    found = analysis.analyse(on_disk(image, tmp_path), {"accessibility_analysis"})["accessibility_analysis"]

    details = found["colorblind_accessibility_analysis"]
    assert sorted(details["most_indistinct_pair"]) == ["#627A00", "#C83C00"]
    assert 0 < details["distinct_colors"] < 1
    assert 0 < found["colorblind_accessibility_score"] < 1


def test_a_still_is_no_cinemagraph_and_a_small_movement_is_one(tmp_path: Path) -> None:
    frames = [Image.new("L", (64, 64), 100) for _ in range(4)]
    for number, frame in enumerate(frames):
        frame.paste(200, (number * 4, 0, number * 4 + 4, 4))
    path = on_disk(frames[0], tmp_path, "GIF", save_all=True, append_images=frames[1:])

    moving = analysis.analyse(path, {"cinemagraph_analysis"})["cinemagraph_analysis"]["cinemagraph_score"]
    still = quality.cinemagraph_score(frames[0])

    assert moving > 0.9
    assert still == 0


def test_the_best_window_is_where_something_is() -> None:
    image = Image.new("RGB", (640, 320), "white")
    ImageDraw.Draw(image).rectangle((500, 100, 580, 200), fill="red")

    left, top = saliency.best_window(saliency.saliency(image), 0.5, 1.0)

    assert (left > 0.35, top) == (True, 0.0)


def test_an_empty_picture_is_seen_in_the_middle() -> None:
    weights = saliency.saliency(Image.new("RGB", (100, 100), "white"))

    assert saliency.best_window(weights, 0.5, 0.5) == (0.25, 0.25)


def test_what_is_no_image_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "text"
    path.write_bytes(io.BytesIO(b"hello").getvalue())

    with pytest.raises(ProviderError, match="Invalid image file"):
        analysis.analyse(path, {"colors"})
