"""Effects that put other colours in the place of those of the picture, or none.

Source: cloudinary.com/documentation/transformation_reference (e_...).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from fakes.cloudinary.analysis import colors, quality
from fakes.cloudinary.render.effects.arguments import Arguments, Effect, Qualifiers, Rgb, on_color
from fakes.cloudinary.render.effects.tones import blend, in_bands

if TYPE_CHECKING:
    from PIL.Image import Image

    from fakes.cloudinary.render.effects.tones import Pixels

# guess: Cloudinary publishes none; these are the matrices that most simulators on the web share.
_BLINDNESS: Mapping[str, tuple[float, ...]] = {
    "deuteranopia": quality.DEUTERANOPIA,
    "protanopia": (0.567, 0.433, 0, 0, 0.558, 0.442, 0, 0, 0, 0.242, 0.758, 0),
    "tritanopia": (0.95, 0.05, 0, 0, 0, 0.433, 0.567, 0, 0, 0.475, 0.525, 0),
    "tritanomaly": (0.967, 0.033, 0, 0, 0, 0.733, 0.267, 0, 0, 0.183, 0.817, 0),
    "deuteranomaly": (0.8, 0.2, 0, 0, 0.258, 0.742, 0, 0, 0, 0.142, 0.858, 0),
    "protanomaly": (0.817, 0.183, 0, 0, 0.333, 0.667, 0, 0, 0, 0.125, 0.875, 0),
    "cone_monochromacy": (0.299, 0.587, 0.114, 0, 0.299, 0.587, 0.114, 0, 0.299, 0.587, 0.114, 0),
    "rod_monochromacy": (0.299, 0.587, 0.114, 0, 0.299, 0.587, 0.114, 0, 0.299, 0.587, 0.114, 0),
}
_MOST_FACTOR = 255.0
# guess: the recipe is not published
_XRAY = (0.6, -0.4, 0.8, 0, -0.3, 1.0, 0.3, 0, 0.2, 0.2, 0.6, 0)
# Side of the lattice of each kind: threshold, checkerboard, ordered, halftones, circles.
_ORDERED_SIZES = (1, 2, 2, 3, 4, 8, 4, 6, 8, 4, 6, 8, 16, 5, 5, 6, 6, 7, 7)


def _colorize(image: Image, arguments: Arguments, beside: Qualifiers) -> Image:
    from PIL import Image as Pillow

    level = arguments.number(0, 100, 0, 100)
    color = beside.color or (0, 0, 0)
    return on_color(image, lambda plain: blend(plain, Pillow.new("RGB", plain.size, color), level))


def _tint(image: Image, arguments: Arguments, beside: Qualifiers) -> Image:
    from PIL import ImageOps

    texts = list(arguments.texts)
    is_equalized = bool(texts) and texts[0] == "equalize"
    rest = Arguments(texts[1:] if is_equalized else texts)
    level = rest.number(0, 60, 0, 100)
    stops = _stops(rest.texts[1:] or ["red"], beside)

    def tinted(plain: Image) -> Image:
        grey = plain.convert("L")
        grey = ImageOps.equalize(grey) if is_equalized else grey
        return blend(plain, grey.convert("RGB").point(_ramp(stops)), level)

    return on_color(image, tinted)


def _stops(texts: Sequence[str], beside: Qualifiers) -> list[tuple[float, Rgb]]:
    """Colours with their places from 0 to 255; one alone runs from black over it to white."""
    named: list[tuple[float | None, Rgb]] = []
    for text in texts:
        if text.endswith("p") and text[:-1].isdigit() and named:
            named[-1] = (255 * int(text[:-1]) / 100, named[-1][1])
        else:
            named.append((None, beside.read_color(text)))
    if len(named) == 1:
        return [(0, (0, 0, 0)), (127.5, named[0][1]), (255, (255, 255, 255))]
    placed = [
        (255 * at / (len(named) - 1) if place is None else place, color)
        for at, (place, color) in enumerate(named)
    ]
    return sorted(placed)


def _ramp(stops: Sequence[tuple[float, Rgb]]) -> list[int]:
    import numpy as np

    places = [place for place, _ in stops]
    table: list[int] = []
    for channel in range(3):
        values = np.interp(range(256), places, [color[channel] for _, color in stops])
        table += [round(float(value)) for value in values]
    return table


def _recolor(image: Image, arguments: Arguments, _beside: Qualifiers) -> Image:
    values = [float(text) for text in arguments.texts]
    if len(values) not in (9, 16) or not all(abs(value) <= _MOST_FACTOR for value in values):
        raise ValueError(":".join(arguments.texts))
    side = 3 if len(values) == 9 else 4
    rows = [values[side * row : side * row + 3] for row in range(3)]
    matrix = tuple(value for row in rows for value in (*row, 0.0))
    return on_color(image, lambda plain: plain.convert("RGB", matrix))


def _replace_color(image: Image, arguments: Arguments, beside: Qualifiers) -> Image:
    import numpy as np

    target = beside.read_color(arguments.text(0))
    tolerance = arguments.number(1, 50, 0, 100)
    source = beside.read_color(arguments.text(2)) if arguments.text(2) else _most_colourful(image)
    shift = np.array(target, dtype=np.float32) - np.array(source, dtype=np.float32)

    def change(pixels: Pixels) -> Pixels:
        distance = np.abs(pixels - np.array(source, dtype=np.float32)).max(axis=2, keepdims=True)
        made: Pixels = np.where(distance <= tolerance * 1.5, pixels + shift, pixels)
        return made

    return on_color(image, lambda plain: in_bands(plain, change))


def _most_colourful(image: Image) -> Rgb:
    return max(colors.palette(image, 8), key=lambda color: max(color) - min(color))


def _make_transparent(image: Image, arguments: Arguments, beside: Qualifiers) -> Image:
    import numpy as np

    reach = arguments.number(0, 10, 0, 100) * 2.55
    background = np.array(beside.color or edge_color(image), dtype=np.float32)

    def change(pixels: Pixels) -> Pixels:
        distance = np.abs(pixels[:, :, :3] - background).max(axis=2)
        made = pixels.copy()
        made[:, :, 3] = np.where(distance <= reach, 0, pixels[:, :, 3])
        return made

    return in_bands(image.convert("RGBA"), change)


def corner_color(image: Image) -> Rgb:
    """The colour that most of the four corners have."""
    plain = image.convert("RGB")
    right, bottom = plain.size[0] - 1, plain.size[1] - 1
    corners = [plain.getpixel(at) for at in ((0, 0), (right, 0), (0, bottom), (right, bottom))]
    color: Rgb = max(corners, key=corners.count)  # type: ignore[assignment] # three numbers in RGB
    return color


def edge_color(image: Image) -> Rgb:
    """The colour that is most frequent along the four edges."""
    plain = image.convert("RGB")
    width, height = plain.size
    edges = (
        (0, 0, width, 1),
        (0, height - 1, width, height),
        (0, 0, 1, height),
        (width - 1, 0, width, height),
    )
    counted: Counter[Rgb] = Counter()
    for box in edges:
        part = plain.crop(box)
        for count, color in part.getcolors(part.size[0] * part.size[1]) or []:
            counted[color] += count  # type: ignore[index] # the colours of RGB are three numbers
    return max(counted, key=lambda color: (counted[color], color))


def _opacity_threshold(image: Image, arguments: Arguments, _beside: Qualifiers) -> Image:
    edge = 255 * arguments.number(0, 50, 1, 100) / 100
    made = image.convert("RGBA")
    made.putalpha(made.getchannel("A").point(lambda value: 255 * (value >= edge)))
    return made


def _simulate_colorblind(image: Image, arguments: Arguments, _beside: Qualifiers) -> Image:
    matrix = _BLINDNESS.get(arguments.text(0, "deuteranopia"))
    if matrix is None:
        raise ValueError(arguments.text(0))
    return on_color(image, lambda plain: plain.convert("RGB", matrix))


def _assist_colorblind(image: Image, arguments: Arguments, _beside: Qualifiers) -> Image:
    if arguments.text(0) == "xray":
        return on_color(image, lambda plain: plain.convert("RGB", _XRAY))
    strength = arguments.number(0, 10, 1, 100) / 100
    return on_color(image, lambda plain: _striped(plain, strength))


def _striped(plain: Image, strength: float) -> Image:
    """Stripes over what is red, the colour that is hardest to tell from green."""
    from PIL import Image as Pillow
    from PIL import ImageChops

    red, green, _ = plain.split()
    wave = Pillow.new("L", (8, 8), 0)
    for place in range(8):
        for width in range(4):
            wave.putpixel(((place + width) % 8, place), 255)
    pattern = Pillow.new("L", plain.size)
    for top in range(0, plain.size[1], 8):
        for left in range(0, min(8, plain.size[0]), 8):
            pattern.paste(wave, (left, top))
    filled = 8
    while filled < plain.size[0]:
        pattern.paste(pattern.crop((0, 0, filled, plain.size[1])), (filled, 0))
        filled *= 2
    mask = ImageChops.multiply(ImageChops.subtract(red, green), pattern).point(
        lambda value: min(255, value * 10 * strength)
    )
    return Pillow.composite(Pillow.new("RGB", plain.size), plain, mask)


def _ordered_dither(image: Image, arguments: Arguments, _beside: Qualifiers) -> Image:
    import numpy as np

    side = _ORDERED_SIZES[int(arguments.number(0, 0, 0, 18))]
    count = side * side
    # Every level once, neighbours far apart: much like Bayer's matrix, and defined for all sizes.
    ranks = np.arange(count).reshape(side, side) * (count // 2 + 1) % count
    lattice = ((ranks + 0.5) / count * 255).astype(np.uint8)

    def change(plain: Image) -> Image:
        width, height = plain.size
        grid = np.tile(lattice, (height // side + 1, width // side + 1))[:height, :width]
        from PIL import Image as Pillow
        from PIL import ImageChops

        spread = ImageChops.subtract(plain.convert("L"), Pillow.fromarray(grid))
        return spread.point(lambda value: 255 * (value > 0)).convert("RGB")

    return on_color(image, change)


EFFECTS: Mapping[str, Effect] = {
    "colorize": _colorize,
    "tint": _tint,
    "recolor": _recolor,
    "replace_color": _replace_color,
    "make_transparent": _make_transparent,
    "opacity_threshold": _opacity_threshold,
    "simulate_colorblind": _simulate_colorblind,
    "assist_colorblind": _assist_colorblind,
    "ordered_dither": _ordered_dither,
}
