"""The colours of a picture: its histogram, and the names of those that cover most of it."""

from __future__ import annotations

import colorsys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PIL.Image import Image

Color = tuple[int, int, int]
_MOST = 32
_SIDE_PX = 150
# guess: names and places of the finer palette; the twelve of `google` are recorded.
_NAMED: dict[str, Color] = {
    "black": (0, 0, 0),
    "white": (255, 255, 255),
    "gray": (128, 128, 128),
    "lightgray": (205, 205, 205),
    "red": (220, 20, 20),
    "brown": (120, 70, 30),
    "beige": (225, 205, 165),
    "orange": (250, 140, 20),
    "yellow": (245, 225, 30),
    "olive": (120, 125, 40),
    "lime": (130, 220, 40),
    "green": (20, 130, 30),
    "teal": (20, 130, 130),
    "cyan": (40, 215, 225),
    "skyblue": (130, 190, 235),
    "blue": (20, 60, 220),
    "steelblue": (50, 100, 170),
    "navy": (15, 20, 90),
    "purple": (120, 30, 160),
    "pink": (250, 150, 190),
    "magenta": (225, 30, 190),
}
_HUES = (
    (15, "red"),
    (45, "orange"),
    (70, "yellow"),
    (165, "green"),
    (200, "teal"),
    (255, "blue"),
    (290, "purple"),
    (345, "pink"),
    (361, "red"),
)


def histogram(image: Image) -> list[list[str | float]]:
    """Up to 32 colours as `#RRGGBB` with their percentage of the picture, most frequent first."""
    counted = _counted(image)
    whole = sum(count for _, count in counted)
    return [[as_hex(color), _percent(count / whole)] for color, count in counted if count / whole >= 0.0005]


def predominant(image: Image) -> dict[str, list[list[str | float]]]:
    """Names of colours with the percentage that they cover: Google's twelve, and a finer palette."""
    counted = _counted(image)
    return {
        "google": _named([(_google_name(color), count) for color, count in counted]),
        "cloudinary": _named([(_nearest_name(color), count) for color, count in counted]),
    }


def palette(image: Image, count: int) -> list[Color]:
    """The most frequent colours of a picture, at most `count`."""
    return [color for color, _ in _counted(image, count)][:count]


def _counted(image: Image, most: int = _MOST) -> list[tuple[Color, int]]:
    import numpy as np
    from PIL import Image as Pillow

    small = image.convert("RGBA")
    small.thumbnail((_SIDE_PX, _SIDE_PX), Pillow.Resampling.BOX)
    pixels = np.asarray(small).reshape(-1, 4)
    opaque = pixels[pixels[:, 3] >= 128][:, :3]
    if not len(opaque):
        return [((255, 255, 255), 1)]
    line = Pillow.fromarray(np.ascontiguousarray(opaque[np.newaxis]), "RGB")
    labels = np.asarray(line.quantize(most, Pillow.Quantize.MEDIANCUT)).ravel()
    counted = []
    for label in np.unique(labels):
        own = opaque[labels == label]
        red, green, blue = (round(float(value)) for value in own.mean(axis=0))
        counted.append(((red, green, blue), len(own)))
    return sorted(counted, key=lambda one: (-one[1], one[0]))


def as_hex(color: Color) -> str:
    """A colour as `#RRGGBB`."""
    red, green, blue = color
    return f"#{red:02X}{green:02X}{blue:02X}"


def _percent(share: float) -> float:
    percent = round(share * 100, 1)
    return int(percent) if percent == int(percent) else percent


def _named(counted: list[tuple[str, int]]) -> list[list[str | float]]:
    totals: dict[str, int] = {}
    for name, count in counted:
        totals[name] = totals.get(name, 0) + count
    whole = sum(totals.values())
    ranked = sorted(totals.items(), key=lambda one: (-one[1], one[0]))
    return [[name, _percent(count / whole)] for name, count in ranked if count / whole >= 0.01]


def _google_name(color: Color) -> str:
    hue, saturation, value = colorsys.rgb_to_hsv(*(part / 255 for part in color))
    if value < 0.2:
        return "black"
    if saturation < 0.12:
        return "white" if value > 0.88 else "gray"
    degrees = hue * 360
    if 10 <= degrees < 50 and value < 0.65:
        return "brown"
    if (degrees < 15 or degrees >= 330) and saturation < 0.55 and value > 0.75:
        return "pink"
    return next(name for end, name in _HUES if degrees < end)


def _nearest_name(color: Color) -> str:
    def distance(name: str) -> int:
        return sum((one - other) ** 2 for one, other in zip(color, _NAMED[name], strict=True))

    return min(_NAMED, key=distance)
