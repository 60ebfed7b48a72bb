"""Many images as one: animations and documents (`multi`), and sprites with their style sheet.

Source: cloudinary.com/documentation/image_upload_api_reference#multi, #sprite and sprite_generation.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from fakes.cloudinary.errors import too_many_pixels_in_all, transformation_refused
from fakes.cloudinary.media import ALL_PAGES_LIMIT_PX, BROKEN, check_pixels
from fakes.cloudinary.render import images
from fakes.cloudinary.render.geometry import Frame, Size
from fakes.cloudinary.render.images import canvas, files
from fakes.cloudinary.render.images.animation import Reel
from fakes.cloudinary.render.images.files import Source
from fakes.cloudinary.transformation import Plan

if TYPE_CHECKING:
    from PIL.Image import Image

MULTI_FORMATS = frozenset({"gif", "webp", "png", "pdf"})
_DELAY_MS = 100


@dataclass(frozen=True, slots=True)
class Member:
    """One of the images that are put together: its public id, its file, and what is done to it first."""

    public_id: str
    path: Path
    asked: Plan


@dataclass(frozen=True, slots=True)
class Place:
    """Where an image is in a sprite, in pixels."""

    width: int
    height: int
    x: int
    y: int


def multi(members: Sequence[Member], target: Path, format_name: str) -> Size:
    """Write images as the frames of an animation, or the pages of a PDF. Blocks; call it in a thread.

    Smaller ones stand in the middle of a canvas that is as large as the largest.

    Args:
        members: At least one.
        target: The file to write.
        format_name: One of `MULTI_FORMATS`.

    Raises:
        ProviderError: An image cannot be made, there are too many pixels, or the format is another (400).
    """
    if format_name not in MULTI_FORMATS:
        raise transformation_refused(f"Invalid extension in transformation: {format_name}")
    try:
        made = _pictures(members, _check_all)
        size = Size(max(one.size[0] for one in made), max(one.size[1] for one in made))
        _check_all(size.width * size.height * len(made))
        delay_ms = members[0].asked.last("delay_ms") or _DELAY_MS
        numbers = tuple(range(len(made)))
        reel = Reel(numbers, (delay_ms,) * len(made), (1.0,) * len(made))
        return files.save(_framed(made, size), target, members[0].asked, format_name, Source(None, reel))
    except BROKEN as error:
        raise transformation_refused("Invalid image file") from error


def sprite(members: Sequence[Member], target: Path, format_name: str) -> Mapping[str, Place]:
    """Write images below one another into one picture. Blocks; call it in a thread.

    Returns:
        Where each of them is, by public id.

    Raises:
        ProviderError: An image cannot be made, or there are too many pixels (400).
    """
    from PIL import Image as Pillow

    try:
        made = _pictures(members, lambda pixels: check_pixels(pixels, 1))
        width, height = max(one.size[0] for one in made), sum(one.size[1] for one in made)
        check_pixels(width, height)
        sheet = Pillow.new("RGBA", (width, height))
        places: dict[str, Place] = {}
        top = 0
        for member, one in zip(members, made, strict=True):
            sheet.paste(one, (0, top))
            places[member.public_id] = Place(one.size[0], one.size[1], 0, top)
            top += one.size[1]
        files.save(iter((sheet,)), target, members[0].asked, format_name, Source(None, Reel()))
    except BROKEN as error:
        raise transformation_refused("Invalid image file") from error
    return places


def style_sheet(places: Mapping[str, Place], image_url: str) -> str:
    """The CSS of a sprite: one class for each image, named by its public id."""
    rules = [
        f".{_class_name(public_id)} {{\n"
        f"  background: url('{image_url}') no-repeat;\n"
        f"  width: {place.width}px;\n"
        f"  height: {place.height}px;\n"
        f"  background-position: {-place.x}px {-place.y}px;\n"
        "}\n"
        for public_id, place in places.items()
    ]
    return "".join(rules)


def _pictures(members: Sequence[Member], check: Callable[[int], None]) -> list[Image]:
    """All of them in memory; after each, `check` refuses more pixels than one file can have."""
    made: list[Image] = []
    pixels = 0
    for member in members:
        made.append(images.picture(member.path, member.asked))
        pixels += made[-1].width * made[-1].height
        check(pixels)
    return made


def _check_all(pixels: int) -> None:
    if pixels > ALL_PAGES_LIMIT_PX:
        raise too_many_pixels_in_all(pixels, ALL_PAGES_LIMIT_PX)


def _class_name(public_id: str) -> str:
    """A public id as a class of CSS."""
    return re.sub(r"[^A-Za-z0-9_-]", "_", public_id)


def _framed(made: Sequence[Image], size: Size) -> Iterator[Image]:
    for one in made:
        left, top = (size.width - one.size[0]) // 2, (size.height - one.size[1]) // 2
        same = one.size == (size.width, size.height)
        yield one if same else canvas.framed(one, Frame(left, top, size.width, size.height), None)
