from pathlib import Path

import pytest
from PIL import Image, ImageSequence

from fakes.cloudinary import transformation, vectors
from fakes.cloudinary.render import collections
from fakes.cloudinary.render.collections import Member, Place
from fakes.cloudinary.render.geometry import Size
from fakes.cloudinary.render.plan import Subject, plan
from fakes.kit.errors import ProviderError
from tests.fakes.cloudinary.pictures import BLUE, GREEN, RED, flat, rgb, saved


def members(folder: Path, text: str, *pictures: Image.Image) -> list[Member]:
    """Images named `a/0`, `a/1`... with the same transformation."""
    found = []
    for number, picture in enumerate(pictures):
        path = folder / f"member{number}"
        path.write_bytes(saved(picture))
        subject = Subject(size=Size(*picture.size))
        asked = plan(transformation.parse_text(text), subject, lambda _: Subject())
        found.append(Member(f"a/{number}", path, asked))
    return found


@pytest.mark.parametrize("ending", ["gif", "webp", "png"])
def test_images_become_an_animation(tmp_path: Path, ending: str) -> None:
    target = tmp_path / "made"

    size = collections.multi(
        members(tmp_path, "w_20,dl_200", flat(RED), flat(BLUE), flat(GREEN)), target, ending
    )

    with Image.open(target) as made:
        seen = [(rgb(frame, (5, 5)), frame.info["duration"]) for frame in ImageSequence.Iterator(made)]
    assert (size, [time for _, time in seen]) == (Size(20, 20), [200] * 3)
    assert [max(range(3), key=color.__getitem__) for color, _ in seen] == [0, 2, 1]


def test_smaller_images_stand_in_the_middle(tmp_path: Path) -> None:
    target = tmp_path / "made"

    size = collections.multi(members(tmp_path, "", flat(RED, 10, 10), flat(BLUE, 30, 20)), target, "gif")

    with Image.open(target) as made:
        assert (size, rgb(made, (15, 10))) == (Size(30, 20), RED)
        assert rgb(made, (2, 2)) != RED


def test_images_become_a_document(tmp_path: Path) -> None:
    target = tmp_path / "made"

    collections.multi(members(tmp_path, "", flat(RED), flat(BLUE)), target, "pdf")

    drawing = vectors.measure(target)
    assert drawing is not None
    assert (drawing.format, drawing.pages, drawing.width_px) == ("pdf", 2, round(40 * 72 / 150))


def test_a_document_of_bits_can_be_written(tmp_path: Path) -> None:
    assert collections.multi(members(tmp_path, "fl_mono", flat(RED)), tmp_path / "made", "pdf") == Size(
        40, 40
    )


def test_a_sprite_says_where_its_images_are(tmp_path: Path) -> None:
    target = tmp_path / "made"

    places = collections.sprite(members(tmp_path, "w_20", flat(RED), flat(BLUE, 40, 20)), target, "png")

    assert places == {"a/0": Place(20, 20, 0, 0), "a/1": Place(20, 10, 0, 20)}
    with Image.open(target) as made:
        assert (made.size, rgb(made, (5, 5)), rgb(made, (5, 25))) == ((20, 30), RED, BLUE)


def test_a_style_sheet_has_a_class_for_each_image() -> None:
    sheet = collections.style_sheet({"a/1": Place(20, 10, 0, 20)}, "http://host/s.png")

    assert sheet == (
        ".a_1 {\n"
        "  background: url('http://host/s.png') no-repeat;\n"
        "  width: 20px;\n"
        "  height: 10px;\n"
        "  background-position: 0px -20px;\n"
        "}\n"
    )


def test_too_much_for_one_file_is_refused(tmp_path: Path) -> None:
    many = members(tmp_path, "c_pad,w_4000,h_4000", *[flat(RED)] * 5)
    many[-1].path.unlink()  # it is refused before all of them are in memory

    with pytest.raises(ProviderError, match="Maximum total number of pixels"):
        collections.multi(many, tmp_path / "made", "gif")
    with pytest.raises(ProviderError, match="Maximum image size is 25 Megapixels"):
        collections.sprite(many, tmp_path / "made", "png")
    with pytest.raises(ProviderError, match="Invalid extension in transformation: mp3"):
        collections.multi(many, tmp_path / "made", "mp3")
