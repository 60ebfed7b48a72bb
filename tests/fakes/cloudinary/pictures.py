"""Small pictures with known pixels, and the image renderer without HTTP around it."""

from __future__ import annotations

import io
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from PIL import Image

from fakes.cloudinary import transformation
from fakes.cloudinary.render import images
from fakes.cloudinary.render.geometry import Size
from fakes.cloudinary.render.images.focus import Regions
from fakes.cloudinary.render.materials import Material, Materials
from fakes.cloudinary.render.plan import Subject, plan
from fakes.cloudinary.state import Asset
from fakes.cloudinary.transformation import LayerSource

RED, GREEN, BLUE, WHITE, BLACK = (255, 0, 0), (0, 128, 0), (0, 0, 255), (255, 255, 255), (0, 0, 0)


def quarters(width: int = 40, height: int = 40) -> Image.Image:
    """Red, green, blue and white, by rows from the upper left."""
    made = Image.new("RGB", (width, height), WHITE)
    made.paste(RED, (0, 0, width // 2, height // 2))
    made.paste(GREEN, (width // 2, 0, width, height // 2))
    made.paste(BLUE, (0, height // 2, width // 2, height))
    return made


def flat(color: Any, width: int = 40, height: int = 40) -> Image.Image:
    """One colour; with transparency when it has four parts."""
    return Image.new("RGBA" if len(color) == 4 else "RGB", (width, height), color)


def saved(image: Image.Image, format_name: str = "PNG", **options: Any) -> bytes:
    """The bytes of a file."""
    written = io.BytesIO()
    image.save(written, format_name, **options)
    return written.getvalue()


def made(
    folder: Path,
    content: Image.Image | bytes,
    text: str,
    format_name: str = "png",
    layers: Mapping[str, Image.Image] | None = None,
    regions: Regions | None = None,
) -> Image.Image:
    """What a transformation makes of a picture; `layers` are other pictures by public id."""
    data = content if isinstance(content, bytes) else saved(content)
    source, target = folder / "source", folder / "target"
    source.write_bytes(data)
    subject = Subject(size=_size(data))
    found: dict[LayerSource, Material] = {}

    def find(layer: LayerSource) -> Subject:
        if layer.public_id is None:
            return Subject()
        picture = (layers or {})[layer.public_id]
        path = folder / f"layer{len(found)}"
        path.write_bytes(saved(picture))
        found[layer] = Material(path, asset(picture))
        return Subject(size=Size(*picture.size))

    planned = plan(transformation.parse_text(text), subject, find)
    size = images.render(source, target, planned, format_name, Materials(found), regions)
    result = Image.open(io.BytesIO(target.read_bytes()))
    assert result.size == (size.width, size.height)
    return result


def _size(data: bytes) -> Size:
    """The size of a picture; some size for what Pillow does not open."""
    try:
        with Image.open(io.BytesIO(data)) as opened:
            return Size(*opened.size)
    except OSError:
        return Size(20, 10)


def asset(picture: Image.Image) -> Asset:
    """A row for a picture that a layer names."""
    return Asset(
        asset_id="a", cloud="c", resource_type="image", type="upload", public_id="p", version=1,
        version_id="v", format="png", bytes=1, width=picture.size[0], height=picture.size[1], duration=None,
        sha256="", etag="", created_at=0.0, asset_folder="", display_name="p", original_filename=None,
    )  # fmt: skip


def rgb(image: Image.Image, at: tuple[int, int]) -> tuple[int, ...]:
    """The colour at a place."""
    found = image.convert("RGB").getpixel(at)
    assert isinstance(found, tuple)
    return tuple(int(value) for value in found)


def alpha(image: Image.Image, at: tuple[int, int]) -> int:
    """The opacity at a place."""
    found = image.convert("RGBA").getpixel(at)
    assert isinstance(found, tuple)
    return int(found[3])
