"""What is around a picture and behind it: backgrounds, borders, round corners, opacity, turns.

Source: cloudinary.com/documentation/transformation_reference (b, bo, r, o, a).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from fakes.cloudinary.analysis import colors
from fakes.cloudinary.errors import not_emulated, transformation_refused
from fakes.cloudinary.media import check_pixels
from fakes.cloudinary.render.effects.recoloring import edge_color
from fakes.cloudinary.render.effects.textures import blurred
from fakes.cloudinary.render.geometry import Frame
from fakes.cloudinary.transformation import Backdrop, Border, Colour, Corners

if TYPE_CHECKING:
    from PIL.Image import Image

Rgb = tuple[int, int, int]
_WHITE = (255, 255, 255)
_TURNS = {"hflip": "FLIP_LEFT_RIGHT", "vflip": "FLIP_TOP_BOTTOM"}
_PALETTE: dict[str, Rgb] = {
    "red": (255, 0, 0),
    "green": (0, 128, 0),
    "blue": (0, 0, 255),
    "yellow": (255, 255, 0),
    "orange": (255, 165, 0),
    "purple": (128, 0, 128),
    "pink": (255, 192, 203),
    "black": (0, 0, 0),
    "white": _WHITE,
    "gray": (128, 128, 128),
}
# What is drawn larger and then reduced has smooth edges.
_SMOOTH = 4
_SMOOTH_LIMIT_PX = 1 << 21


def framed(image: Image, frame: Frame, background: Colour | Backdrop | None) -> Image:
    """The picture on a canvas; white under what has no transparency, unless something else is asked for."""
    from PIL import Image as Pillow

    size = (frame.width, frame.height)
    if isinstance(background, Backdrop):
        canvas = _backdrop(image, size, background).convert("RGBA")
    elif background is None:
        canvas = Pillow.new("RGBA", size, (*_WHITE, 0 if image.mode == "RGBA" else 255))
    else:
        canvas = Pillow.new("RGBA", size, background)
    canvas.alpha_composite(image.convert("RGBA"), (frame.x, frame.y))
    is_opaque = canvas.getchannel("A").getextrema() == (255, 255)
    return canvas.convert("RGB") if is_opaque and image.mode == "RGB" else canvas


def behind(image: Image, background: Colour | Backdrop) -> Image:
    """Something behind the transparent parts of a picture."""
    return framed(image, Frame(0, 0, *image.size), background)


def _backdrop(image: Image, size: tuple[int, int], backdrop: Backdrop) -> Image:
    match backdrop.name:
        case "blurred":
            return _blurred_backdrop(image, size, backdrop.arguments)
        case "auto":
            return _automatic_backdrop(image, size, backdrop.arguments)
    raise not_emulated(f"the background {':'.join([backdrop.name, *backdrop.arguments])}")


def _blurred_backdrop(image: Image, size: tuple[int, int], arguments: Sequence[str]) -> Image:
    from PIL import ImageEnhance, ImageOps

    try:
        strength = float(arguments[0]) if arguments else 100.0
        brightness = float(arguments[1]) if len(arguments) > 1 else 0.0
    except ValueError as error:
        raise _refused("blurred", arguments) from error
    if not 1 <= strength <= 2000 or not -300 <= brightness <= 100:
        raise _refused("blurred", arguments)
    cover = blurred(ImageOps.fit(image.convert("RGB"), size), strength)
    return ImageEnhance.Brightness(cover).enhance(max(0.0, 1 + brightness / 100))


def _automatic_backdrop(image: Image, size: tuple[int, int], arguments: Sequence[str]) -> Image:
    """`b_auto[:mode[:number of colours[:direction]]][:palette_...]`; the mode is `border` by default."""
    from PIL import Image as Pillow

    texts = [text for text in arguments if not text.startswith("palette_")]
    palette = next((text for text in arguments if text.startswith("palette_")), None)
    mode = texts[0] if texts else "border"
    shades = _shades(image, mode, arguments)
    if palette is not None:
        shades = [_nearest(shade, palette.removeprefix("palette_").split("_")) for shade in shades]
    if "gradient" not in mode:
        return Pillow.new("RGB", size, shades[0])
    count, direction = (texts[1:] + ["2", "horizontal"][len(texts[1:]) :])[:2]
    if count not in ("2", "4"):
        raise _refused("auto", arguments)
    return _gradient(shades, size, int(count), direction, arguments)


def _shades(image: Image, mode: str, arguments: Sequence[str]) -> list[Rgb]:
    """Colours from the edges or from all of the picture; their opposites for a contrast."""
    source, _, kind = mode.partition("_")
    if source not in ("border", "predominant") or kind not in (
        "",
        "contrast",
        "gradient",
        "gradient_contrast",
    ):
        raise _refused("auto", arguments)
    if source == "border":
        found = [edge_color(image), *colors.palette(_edges(image), 4)]
    else:
        found = colors.palette(image, 4)
    found = list(dict.fromkeys(found))
    found = (found * 4)[:4]
    return [_opposite(shade) for shade in found] if kind.endswith("contrast") else found


def _edges(image: Image) -> Image:
    """A strip of the outermost pixels."""
    from PIL import Image as Pillow

    plain = image.convert("RGB")
    width, height = plain.size
    strip = Pillow.new("RGB", (width, 2))
    strip.paste(plain.crop((0, 0, width, 1)), (0, 0))
    strip.paste(plain.crop((0, height - 1, width, height)), (0, 1))
    return strip


def _opposite(shade: Rgb) -> Rgb:
    bright = (shade[0] * 299 + shade[1] * 587 + shade[2] * 114) / 1000 > 127
    return (0, 0, 0) if bright else _WHITE


def _nearest(shade: Rgb, names: Sequence[str]) -> Rgb:
    known = [_PALETTE[name] for name in names if name in _PALETTE] or list(_PALETTE.values())
    return min(known, key=lambda one: sum((a - b) ** 2 for a, b in zip(one, shade, strict=True)))


def _gradient(
    shades: Sequence[Rgb], size: tuple[int, int], count: int, direction: str, arguments: Sequence[str]
) -> Image:
    from PIL import Image as Pillow

    first, second, third, fourth = shades
    corners = {
        "horizontal": (first, second, first, second),
        "vertical": (first, first, second, second),
        "diagonal_desc": (first, _mean(first, second), _mean(first, second), second),
        "diagonal_asc": (_mean(first, second), second, first, _mean(first, second)),
    }.get(direction)
    if corners is None:
        raise _refused("auto", arguments)
    seed = Pillow.new("RGB", (2, 2))
    seed.putdata((first, second, third, fourth) if count == 4 else corners)
    # Half a pixel at each end, so that the corners have the colours themselves.
    return seed.resize(size, Pillow.Resampling.BILINEAR, box=(0.5, 0.5, 1.5, 1.5))


def _mean(first: Rgb, second: Rgb) -> Rgb:
    red, green, blue = ((a + b) // 2 for a, b in zip(first, second, strict=True))
    return red, green, blue


def _refused(name: str, arguments: Sequence[str]) -> Exception:
    return transformation_refused(f"Invalid background in transformation: {':'.join([name, *arguments])}")


def turned(image: Image, turn: str) -> Image:
    """The picture mirrored, or turned clockwise by degrees; what is then empty is transparent."""
    from PIL import Image as Pillow

    if turn in _TURNS:
        return image.transpose(getattr(Pillow.Transpose, _TURNS[turn]))
    if not turn.lstrip("-").isdecimal():
        return image  # `ignore` and `exif` are done when the file is read
    degrees = int(turn) % 360
    if degrees % 90 == 0:
        return image.rotate(-degrees, expand=True)
    whole = image.convert("RGBA").rotate(-degrees, Pillow.Resampling.BICUBIC, expand=True)
    return _trimmed(whole, image.size, math.radians(degrees))


def _trimmed(whole: Image, size: tuple[int, int], angle: float) -> Image:
    """A turned picture in whole pixels only: rounding up had added some at its edges."""
    across, along = abs(math.cos(angle)), abs(math.sin(angle))
    width = max(1, int(size[0] * across + size[1] * along))
    height = max(1, int(size[0] * along + size[1] * across))
    left, top = max(0, whole.width - width) // 2, max(0, whole.height - height) // 2
    return whole.crop((left, top, left + width, top + height))


def bordered(image: Image, border: Border, corners: Corners | None) -> Image:
    """A line around a picture, outside of it; round when the corners are."""
    from PIL import Image as Pillow

    width_px = border.width_px
    size = (image.size[0] + 2 * width_px, image.size[1] + 2 * width_px)
    check_pixels(*size)
    made = Pillow.new("RGBA", size, border.colour)
    if corners is None:
        inner = image.convert("RGBA")
        made.paste(inner, (width_px, width_px), inner.getchannel("A") if border.colour.alpha == 255 else None)
        is_opaque = image.mode == "RGB" and border.colour.alpha == 255
        return made.convert("RGB") if is_opaque else made
    made = rounded(made, _grown(corners, width_px))
    inner = rounded(image, corners)
    made.alpha_composite(inner, (width_px, width_px))
    return made


def _grown(corners: Corners, by_px: int) -> Corners:
    if corners.is_max:
        return corners
    return Corners(*((radius or 0) + by_px if radius else 0 for radius in _radii(corners)))


def rounded(image: Image, corners: Corners) -> Image:
    """The picture with round corners; an ellipse for `max`."""
    from PIL import Image as Pillow
    from PIL import ImageChops, ImageDraw

    width, height = image.size
    scale = _SMOOTH if width * height <= _SMOOTH_LIMIT_PX else 1
    mask = Pillow.new("L", (width * scale, height * scale), 0)
    pen = ImageDraw.Draw(mask)
    box = (0, 0, width * scale - 1, height * scale - 1)
    if corners.is_max:
        pen.ellipse(box, fill=255)
    else:
        pen.rectangle(box, fill=255)
        for place, radius in enumerate(_radii(corners)):
            _cut_corner(mask, place, min(radius, min(width, height) // 2) * scale)
    made = image.convert("RGBA")
    smooth = mask.resize((width, height), Pillow.Resampling.BOX)
    made.putalpha(ImageChops.multiply(made.getchannel("A"), smooth))
    return made


def _radii(corners: Corners) -> tuple[int, int, int, int]:
    """Clockwise from the upper left."""
    found = (corners.top_left, corners.top_right, corners.bottom_right, corners.bottom_left)
    first, second, third, fourth = (radius or 0 for radius in found)
    return first, second, third, fourth


def _cut_corner(mask: Image, place: int, radius: int) -> None:
    from PIL import Image as Pillow
    from PIL import ImageDraw

    if radius <= 0:
        return
    width, height = mask.size
    corner = Pillow.new("L", (2 * radius, 2 * radius), 0)
    ImageDraw.Draw(corner).ellipse((0, 0, 2 * radius - 1, 2 * radius - 1), fill=255)
    is_right, is_low = place in (1, 2), place in (2, 3)
    left, top = radius if is_right else 0, radius if is_low else 0
    part = corner.crop((left, top, left + radius, top + radius))
    mask.paste(part, (width - radius if is_right else 0, height - radius if is_low else 0))


def faint(image: Image, percent: int) -> Image:
    """The picture, only partly opaque."""
    made = image.convert("RGBA")
    made.putalpha(made.getchannel("A").point(lambda value: round(value * percent / 100)))
    return made
