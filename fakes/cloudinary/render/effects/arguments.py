"""What an effect is given: its own arguments as text, and the qualifiers that stand beside it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PIL.Image import Image

Rgb = tuple[int, int, int]
Box = tuple[int, int, int, int]
"""Left, top, width and height in pixels."""


@dataclass(frozen=True, slots=True)
class Arguments:
    """What follows the name of an effect, split at colons and semicolons.

    A ValueError says that one of them cannot be used.
    """

    texts: Sequence[str] = ()

    def text(self, index: int, default: str = "") -> str:
        """An argument as it was written."""
        return self.texts[index] if index < len(self.texts) and self.texts[index] else default

    def number(self, index: int, default: float, least: float, most: float) -> float:
        """A number within bounds."""
        text = self.text(index)
        value = float(text) if text else default
        if not least <= value <= most:
            raise ValueError(text)
        return value

    def named(self, name: str) -> str | None:
        """The value of an argument that is written as `name_value`."""
        prefix = f"{name}_"
        return next((text.removeprefix(prefix) for text in self.texts if text.startswith(prefix)), None)


@dataclass(frozen=True, slots=True)
class Qualifiers:
    """What stands beside an effect in its component.

    Attributes:
        color: `co_`, or None.
        x: In pixels, or None when it was not given; so are `y`, `width` and `height`.
        faces: Finds the faces of a picture.
        read_color: Reads a colour that stands among the arguments; a ValueError when it is none.
    """

    faces: Callable[[Image], Sequence[Box]]
    read_color: Callable[[str], Rgb]
    color: Rgb | None = None
    x: int | None = None
    y: int | None = None
    width: int | None = None
    height: int | None = None


Effect = Callable[["Image", Arguments, Qualifiers], "Image"]


def on_color(image: Image, change: Callable[[Image], Image]) -> Image:
    """Change the colours of a picture and leave its transparency as it is."""
    if image.mode != "RGBA":
        return change(image)
    changed = change(image.convert("RGB"))
    changed.putalpha(image.getchannel("A"))
    return changed


def widened(image: Image, radius_px: int, lighter: Callable[[Image, Image], Image]) -> Image:
    """Give each pixel the extreme of the square around it, in a time that hardly grows with the square.

    Args:
        image: The picture; beyond its edges nothing counts.
        radius_px: Half of the side of the square.
        lighter: The extreme of two pictures: `ImageChops.lighter`, or `darker`.
    """
    for across, down in ((1, 0), (-1, 0), (0, 1), (0, -1)):
        reach_px = 0
        while reach_px < radius_px:
            step_px = min(reach_px + 1, radius_px - reach_px)
            moved = image.copy()
            moved.paste(image, (across * step_px, down * step_px))
            image = lighter(image, moved)
            reach_px += step_px
    return image


def on_region(image: Image, box: Box, change: Callable[[Image], Image]) -> Image:
    """Change a rectangle of a picture; what lies outside of the picture is passed over."""
    left, top = max(0, box[0]), max(0, box[1])
    right, bottom = min(image.size[0], box[0] + box[2]), min(image.size[1], box[1] + box[3])
    if right <= left or bottom <= top:
        return image
    changed = image.copy()
    changed.paste(change(image.crop((left, top, right, bottom))), (left, top))
    return changed
