"""Effects that change the outline of what is shown: trimming, shadows, outlines, fading edges, bent pictures.

Source: cloudinary.com/documentation/transformation_reference (e_...).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from fakes.cloudinary.media import check_pixels
from fakes.cloudinary.render.effects import bending
from fakes.cloudinary.render.effects.arguments import Arguments, Effect, Qualifiers, Rgb, widened
from fakes.cloudinary.render.effects.recoloring import corner_color

if TYPE_CHECKING:
    from PIL.Image import Image

_OUTLINE_MODES = frozenset({"outer", "inner", "inner_fill", "fill"})
_MOST_SKEW = 100.0
# guess: how far a shadow falls when nothing is said
_SHADOW_OFFSET_PX = 10


def _trim(image: Image, arguments: Arguments, beside: Qualifiers) -> Image:
    from PIL import Image as Pillow
    from PIL import ImageChops

    reach = arguments.number(0, 10, 0, 100) * 2.55
    if image.mode == "RGBA" and image.getchannel("A").getextrema()[0] == 0 and not arguments.text(1):
        box = image.getchannel("A").point(lambda value: 255 * (value > reach)).getbbox()
        return image.crop(box) if box else image
    color = beside.read_color(arguments.text(1)) if arguments.text(1) else corner_color(image)
    difference = ImageChops.difference(image.convert("RGB"), Pillow.new("RGB", image.size, color))
    red, green, blue = difference.split()
    most = ImageChops.lighter(ImageChops.lighter(red, green), blue)
    box = most.point(lambda value: 255 * (value > reach)).getbbox()
    return image.crop(box) if box else image


def _shadow(image: Image, arguments: Arguments, beside: Qualifiers) -> Image:
    strength = arguments.number(0, 40, 0, 100)
    right = _SHADOW_OFFSET_PX if beside.x is None else beside.x
    down = _SHADOW_OFFSET_PX if beside.y is None else beside.y
    return _with_shadow(image, beside.color or (128, 128, 128), (right, down), strength / 20)


def _dropshadow(image: Image, arguments: Arguments, beside: Qualifiers) -> Image:
    azimuth = math.radians(float(arguments.named("azimuth") or 215))
    elevation = math.radians(min(90.0, max(0.0, float(arguments.named("elevation") or 45))))
    spread = min(100.0, max(0.0, float(arguments.named("spread") or 50)))
    length_px = min(image.size) * 0.1 * math.cos(elevation)
    offset = (round(-length_px * math.sin(azimuth)), round(length_px * -math.cos(azimuth)))
    return _with_shadow(image, beside.color or (0, 0, 0), (offset[0], -offset[1]), spread / 5)


def _with_shadow(image: Image, color: Rgb, offset: tuple[int, int], radius_px: float) -> Image:
    """The picture on a canvas that has room for its shadow."""
    from PIL import Image as Pillow
    from PIL import ImageFilter

    right, down = offset
    size = (image.size[0] + abs(right), image.size[1] + abs(down))
    check_pixels(*size)
    shown = image.convert("RGBA")
    cast = Pillow.new("RGBA", size, (*color, 0))
    shape = Pillow.new("L", size)
    shape.paste(shown.getchannel("A"), (max(0, right), max(0, down)))
    cast.putalpha(shape.filter(ImageFilter.GaussianBlur(radius_px)))
    cast.alpha_composite(shown, (max(0, -right), max(0, -down)))
    return cast


def _outline(image: Image, arguments: Arguments, beside: Qualifiers) -> Image:
    from PIL import Image as Pillow
    from PIL import ImageChops, ImageFilter

    texts = list(arguments.texts)
    mode = texts.pop(0) if texts and texts[0] in _OUTLINE_MODES else "both"
    rest = Arguments(texts)
    width_px, blur = round(rest.number(0, 5, 1, 100)), rest.number(1, 0, 0, 2000)
    color = beside.color or (0, 0, 0)
    room = 0 if mode.startswith("inner") else width_px
    size = (image.size[0] + 2 * room, image.size[1] + 2 * room)
    check_pixels(*size)
    shown = Pillow.new("RGBA", size)
    shown.paste(image.convert("RGBA"), (room, room))
    shape = shown.getchannel("A")
    inner = ImageChops.subtract(shape, ImageChops.invert(_grown(ImageChops.invert(shape), width_px)))
    if mode.startswith("inner"):
        ring = inner
    else:
        ring = _grown(shape, width_px)
        ring = ring if mode == "fill" else ImageChops.subtract(ring, shape)
        ring = ImageChops.lighter(ring, inner) if mode == "both" else ring
    ring = ring.filter(ImageFilter.GaussianBlur(blur / 50)) if blur else ring
    line = Pillow.new("RGBA", size, (*color, 0))
    line.putalpha(ring)
    if mode in ("fill", "inner_fill"):
        return line
    return Pillow.alpha_composite(line, shown) if mode == "outer" else Pillow.alpha_composite(shown, line)


def _grown(mask: Image, width_px: int) -> Image:
    """The mask with its white parts larger by some pixels."""
    from PIL import ImageChops

    return widened(mask, width_px, ImageChops.lighter)


def _gradient_fade(image: Image, arguments: Arguments, beside: Qualifiers) -> Image:
    """Fade out towards an edge: `x` and `y` say how far in and from which side; by default the upper half."""
    from PIL import ImageChops

    texts = [text for text in arguments.texts if text not in ("symmetric", "symmetric_pad")]
    is_symmetric = len(texts) < len(arguments.texts)
    # guess: what the strength does; 20 is an even fade
    steepness = Arguments(texts).number(0, 20, 0, 100) / 20
    size = image.size
    across = beside.x or 0
    down = beside.y if beside.y is not None else (0 if across else size[1] // 2)
    made = image.convert("RGBA")
    alpha = made.getchannel("A")
    for length, is_row in ((across, True), (down, False)):
        if length and steepness:
            ramp = _ramp(size, length, is_row, is_symmetric)
            ramp = ramp.point(lambda value: round(255 * (value / 255) ** steepness))
            alpha = ImageChops.multiply(alpha, ramp)
    made.putalpha(alpha)
    return made


def _ramp(size: tuple[int, int], length_px: int, is_row: bool, is_symmetric: bool) -> Image:
    """White, and darker towards the left or top edge; with a negative length towards the other one."""
    import numpy as np
    from PIL import Image as Pillow

    whole = size[0] if is_row else size[1]
    reach = min(whole, abs(length_px)) or 1
    values = np.minimum(1.0, (np.arange(whole) + 0.5) / reach)
    values = np.minimum(values, values[::-1]) if is_symmetric else values
    values = values[::-1] if length_px < 0 else values
    line = np.rint(values * 255).astype(np.uint8)
    band = Pillow.fromarray(line[np.newaxis, :] if is_row else line[:, np.newaxis])
    return band.resize(size, Pillow.Resampling.NEAREST)


def _distort(image: Image, arguments: Arguments, _beside: Qualifiers) -> Image:
    """Move the four corners, clockwise from the upper left one, to these places; or bend to an arc."""
    from PIL import Image as Pillow

    if arguments.text(0) == "arc":
        return bending.arced(image, arguments.number(1, 180, 1, 360))
    width, height = image.size
    lengths = (width, height) * 4
    values = [_length(text, whole) for text, whole in zip(arguments.texts, lengths, strict=False)]
    if len(arguments.texts) != 8:
        raise ValueError(":".join(arguments.texts))
    corners = [(values[place], values[place + 1]) for place in range(0, 8, 2)]
    left, top = min(x for x, _ in corners), min(y for _, y in corners)
    size = (max(1, round(max(x for x, _ in corners) - left)), max(1, round(max(y for _, y in corners) - top)))
    check_pixels(*size)
    plane = _plane([(x - left, y - top) for x, y in corners], (width, height))
    return image.convert("RGBA").transform(
        size, Pillow.Transform.PERSPECTIVE, plane, Pillow.Resampling.BILINEAR, fillcolor=(0, 0, 0, 0)
    )


def _plane(corners: Sequence[tuple[float, float]], size: tuple[int, int]) -> tuple[float, ...]:
    """Eight numbers of the perspective in which a picture has these corners; a ValueError for none."""
    import numpy as np

    width, height = size
    rows, wanted = [], []
    for (x, y), (source_x, source_y) in zip(
        corners, ((0, 0), (width, 0), (width, height), (0, height)), strict=True
    ):
        rows += [
            [x, y, 1, 0, 0, 0, -source_x * x, -source_x * y],
            [0, 0, 0, x, y, 1, -source_y * x, -source_y * y],
        ]
        wanted += [source_x, source_y]
    try:
        found = np.linalg.solve(np.array(rows, dtype=float), np.array(wanted, dtype=float))
    except np.linalg.LinAlgError as error:
        raise ValueError(corners) from error
    return tuple(float(value) for value in found)


def _length(text: str, whole: int) -> float:
    value = float(text.removesuffix("p")) / 100 * whole if text.endswith("p") else float(text)
    if abs(value) > 20_000:
        raise ValueError(text)
    return value


def _shear(image: Image, arguments: Arguments, _beside: Qualifiers) -> Image:
    from PIL import Image as Pillow

    across = math.tan(math.radians(arguments.number(0, 0, -359, 359)))
    down = math.tan(math.radians(arguments.number(1, 0, -359, 359)))
    width, height = image.size
    determinant = 1 - across * down
    if abs(determinant) < 1e-3 or max(abs(across), abs(down)) > _MOST_SKEW:
        raise ValueError(":".join(arguments.texts))
    size = (round(width + abs(across) * height), round(height + abs(down) * width))
    check_pixels(*size)
    left, top = min(0.0, across * height), min(0.0, down * width)
    plane = (
        1 / determinant,
        -across / determinant,
        (left - across * top) / determinant,
        -down / determinant,
        1 / determinant,
        (top - down * left) / determinant,
    )
    return image.convert("RGBA").transform(
        size, Pillow.Transform.AFFINE, plane, Pillow.Resampling.BILINEAR, fillcolor=(0, 0, 0, 0)
    )


EFFECTS: Mapping[str, Effect] = {
    "trim": _trim,
    "shadow": _shadow,
    "dropshadow": _dropshadow,
    "outline": _outline,
    "gradient_fade": _gradient_fade,
    "distort": _distort,
    "shear": _shear,
}
