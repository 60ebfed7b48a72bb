import time
from pathlib import Path

import pytest
from PIL import Image

from fakes.cloudinary import media, vectors
from fakes.cloudinary.vectors import Drawing
from fakes.kit.errors import ProviderError

SVG = 'xmlns="http://www.w3.org/2000/svg"'


def written(folder: Path, text: str) -> Path:
    path = folder / "drawing"
    path.write_text(text, "utf-8")
    return path


def bomb(levels: int) -> str:
    """Entities that multiply by ten on every level."""
    entities = "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, levels + 1))
    return f'<!DOCTYPE svg [<!ENTITY a0 "{"x" * 100}">{entities}]><svg {SVG}><text>&a{levels};</text></svg>'


@pytest.fixture(scope="module")
def pdf(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("pdf") / "pages"
    pages = [Image.new("RGB", (60, 90), color) for color in ("red", "lime", "blue")]
    pages[0].save(path, "PDF", save_all=True, append_images=pages[1:], resolution=72)
    return path


@pytest.mark.parametrize(
    ("attributes", "size"),
    [
        ('width="200" height="100"', (200, 100)),
        ('width="2in" height="1in"', (192, 96)),
        ('viewBox="0 0 40 30"', (40, 30)),
        ('width="80" viewBox="0 0 40 30"', (80, 60)),
        ('width="100%" height="100%" viewBox="0 0 40 30"', (40, 30)),
        ("", (300, 150)),
    ],
)
def test_the_size_of_an_svg(tmp_path: Path, attributes: str, size: tuple[int, int]) -> None:
    path = written(tmp_path, f'<?xml version="1.0"?><!-- by hand --><svg {SVG} {attributes}/>')

    assert vectors.measure(path) == Drawing("svg", *size, 1)


def test_an_svg_becomes_pixels(tmp_path: Path) -> None:
    shapes = '<rect width="20" height="20" fill="#f00"/><text x="22" y="18" font-size="20">Ä</text>'
    path = written(tmp_path, f'<svg {SVG} width="40" height="20">{shapes}</svg>')

    with media.open_picture(path, zoom=2) as image:
        assert (image.size, image.mode, image.getpixel((5, 5))) == ((80, 40), "RGBA", (255, 0, 0, 255))
        assert image.crop((44, 0, 80, 40)).getchannel("A").getbbox() is not None


def test_an_svg_shows_nothing_of_the_machine(tmp_path: Path) -> None:
    secret = tmp_path / "secret.png"
    Image.new("RGB", (10, 10), "red").save(secret)
    path = written(
        tmp_path, f'<svg {SVG} width="10" height="10"><image href="{secret}" width="10" height="10"/></svg>'
    )

    with media.open_picture(path) as image:
        assert image.getchannel("A").getbbox() is None


def test_what_could_run_is_taken_out_of_an_svg(tmp_path: Path) -> None:
    harmless = '<g id="a"><rect width="5" height="5" fill="red" /></g><use href="#a" />'
    harmful = (
        '<script>alert(1)</script><g onclick="x()"><a href="javascript:x()"><text>t</text></a></g>'
        '<foreignObject><p/></foreignObject><image href="http://host/x.png" />'
        '<rect style="fill:url(http://host/x)" />'
    )
    path = written(tmp_path, f'<svg {SVG} width="10" height="10" onload="x()">{harmless}{harmful}</svg>')

    cleaned = vectors.sanitized(path).decode()

    assert harmless in cleaned
    assert "<text>t</text>" in cleaned
    for word in ("script", "onclick", "onload", "javascript", "foreignObject", "http://host"):
        assert word not in cleaned


def test_a_bomb_is_refused_at_once(tmp_path: Path) -> None:
    path = written(tmp_path, bomb(9))
    began = time.monotonic()

    for look in (vectors.measure, vectors.sanitized, media.open_picture):
        with pytest.raises(ProviderError, match="Invalid image file"):
            look(path)

    assert time.monotonic() - began < 10


@pytest.mark.parametrize(
    "text",
    [
        f"<svg {SVG}><rect>",
        f'<svg {SVG} width="1000000" height="5"/>',
        f'<?xml version="1.0"?><html><svg {SVG}/></html>',
        "%PDF-1.4 and nothing more",
    ],
)
def test_a_broken_drawing_is_no_image(tmp_path: Path, text: str) -> None:
    with pytest.raises(ProviderError, match="Invalid image file"):
        vectors.measure(written(tmp_path, text))


def test_a_giant_is_not_drawn(tmp_path: Path) -> None:
    path = written(tmp_path, f'<svg {SVG} width="9000" height="9000"/>')

    with pytest.raises(ProviderError, match="Invalid image file"):
        media.open_picture(path)


def test_a_pdf_has_pages(pdf: Path) -> None:
    found = media.probe(pdf, "image", None)

    assert (found.format, found.width_px, found.height_px, found.detail) == ("pdf", 60, 90, {"pages": 3})
    with media.open_picture(pdf, page=2) as image:
        assert (image.size, image.getpixel((9, 9))) == ((126, 188), (0, 255, 1))
    with pytest.raises(ProviderError, match="Invalid image file"):
        media.open_picture(pdf, page=4)


def test_text_is_no_drawing(tmp_path: Path) -> None:
    assert vectors.measure(written(tmp_path, "see <svg> for more")) is None
